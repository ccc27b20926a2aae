"""A tree of many files on HDFS, to be looked at."""

from concurrent.futures import ThreadPoolExecutor

from benchmarks.hadoop.cluster import Cluster

__all__ = ["FOLDERS", "make_tree"]

FOLDERS = 100
_THREADS = 16


def make_tree(cluster: Cluster, folder: str, files: int) -> None:
    """Make 100 folders of so many files; the first of each folder holds bytes, the others none.

    Parameters
    ----------
    cluster : Cluster
        Where HDFS is.
    folder : str
        The path of the tree.
    files : int
        Files a folder.
    """
    from hdfs_native import Client  # which nothing else needs here

    client = Client(cluster.fs)

    def make(number: int) -> None:
        path = f"{folder}/study-{number:03d}"
        client.mkdirs(path, create_parent=True)
        for image in range(files):
            with client.create(f"{path}/scan-{image:06d}.dcm") as writer:
                if not image:
                    writer.write(bytes(number + 1))

    with ThreadPoolExecutor(_THREADS) as pool:
        for _ in pool.map(make, range(FOLDERS)):
            pass
