"""PySpark on images: ``python -m benchmarks.peers.spark_images JOB DIRECTORY TASKS``.

The names are distributed and the Python processes open the files, as in the other peers. With
``binaryFile`` every byte would go through the Java process and a socket first.
"""

import sys
from collections.abc import Iterable, Iterator

from pyspark import SparkContext

from benchmarks.peers.images import image_line, names, one_core
from benchmarks.peers.spark import local_conf

_PARTITIONS_A_TASK = 4


def main() -> None:
    """Write the results when all are there, as `collect` gives them."""
    job, directory, tasks = sys.argv[1], sys.argv[2], int(sys.argv[3])

    def measure(part: Iterable[str]) -> Iterator[str]:
        one_core()
        return (image_line(job, directory, name) for name in part)

    with SparkContext(conf=local_conf(tasks)) as context:
        images = context.parallelize(names(directory), tasks * _PARTITIONS_A_TASK)
        lines = images.mapPartitions(measure).collect()
        sys.stdout.writelines(f"{line}\n" for line in lines)


if __name__ == "__main__":
    main()
