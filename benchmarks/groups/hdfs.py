"""Files on HDFS: ``hdfs-tools`` beside Hadoop's own client, HdfsCLI and hdfs-native."""

import os
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from benchmarks import arrived, data
from benchmarks.cluster import Cluster, running, with_defaults
from benchmarks.compare import Results, assert_equal
from benchmarks.declare import Benchmark, Contestant, Settings, Target, peer
from benchmarks.runner import say

__all__ = ["NOTES", "benchmarks"]

NOTES = """\
- HDFS of Hadoop 3.4.2 as processes of this machine: a NameNode, 2 DataNodes, 2 copies of each
  block, started for the benchmarks and deleted after them. Images are 8-bit grey PNG, 512×512.
- What arrives is compared with what was sent, byte by byte.
"""

_OURS = "this project"
_OURS_8 = "this project, 8 threads"
_PACK = "this project, `pack`"
_HADOOP = "`hadoop fs`"
_HDFSCLI = "HdfsCLI"
_NATIVE = "hdfs-native"

_TUNED = "settings of `hadoop-docker`"
_DEFAULTS = "Hadoop's defaults"
_WARM_UP_IMAGES = 20
_TARGET_IMAGES = 1_000
_MEGABYTES_AN_IMAGE = 2  # of the large file
_DIRECTORIES = 100  # of the tree
_SOURCE, _OUT, _TREE = "/bench/source", "/bench/out", "/bench/tree"
_THREADS = 16


def benchmarks(settings: Settings) -> Iterator[Benchmark]:
    """Yield benchmarks on two clusters, which are started one after the other."""
    directory = settings.runs.parent / "hdfs"
    say("hdfs: starting a cluster")
    with running(directory / "tuned") as cluster:
        yield from _copies("hdfs-tuned", _TUNED, cluster, settings)
        yield from _tree("hdfs-tree", cluster, min(settings.images))
    say("hdfs: starting a cluster with Hadoop's defaults")
    source = with_defaults(directory / "source")
    try:
        with running(directory / "defaults", source) as cluster:
            yield from _copies("hdfs-defaults", _DEFAULTS, cluster, settings)
    finally:
        shutil.rmtree(directory / "source")


def _copies(label: str, where: str, cluster: Cluster, settings: Settings) -> Iterator[Benchmark]:
    """Yield the benchmarks of files that are copied to a cluster and from there."""
    count = min(settings.images)
    images = data.image_directory(settings.data, count, 8)
    little = data.image_directory(settings.data, _WARM_UP_IMAGES, 8)
    with (
        _work("images", cluster, images, settings) as work,
        _work("warm-up", cluster, little, settings) as warm_up,
    ):
        yield Benchmark(
            label=f"{label}-put",
            title=f"{count:,} images to HDFS, {where}",
            amount=count,
            unit="images",
            contestants=[*_put(work), _pack(work)],
            base=_HADOOP,
            warm_up=[*_put(warm_up), _pack(warm_up)],
            targets=[
                *(
                    Target(ours, usual, 0.7, _TARGET_IMAGES)
                    for ours in (_OURS, _OURS_8)
                    for usual in (_HADOOP, _HDFSCLI)
                ),
                *(
                    Target(_PACK, other, 1 / 10, _TARGET_IMAGES)
                    for other in (_OURS, _HADOOP, _HDFSCLI, _NATIVE)
                ),
            ],
        )
        yield Benchmark(
            label=f"{label}-get",
            title=f"{count:,} images from HDFS, {where}",
            amount=count,
            unit="images",
            contestants=_get(work),
            base=_HADOOP,
            warm_up=_get(warm_up),
            targets=[Target(ours, _HDFSCLI, 0.5, _TARGET_IMAGES) for ours in (_OURS, _OURS_8)],
        )
    megabytes = count * _MEGABYTES_AN_IMAGE
    file = data.random_file(settings.data, megabytes)
    with _work("large", cluster, file, settings) as work:
        for action, direction, contestants in ("put", "to", _put), ("get", "from", _get):
            yield Benchmark(
                label=f"{label}-large-{action}",
                title=f"A file of {megabytes:,} MB {direction} HDFS, {where}",
                amount=megabytes,
                unit="MB",
                contestants=contestants(work),
                base=_HADOOP,
                targets=[Target(_OURS, _HADOOP, 1.1, _TARGET_IMAGES * _MEGABYTES_AN_IMAGE)],
            )


def _tree(label: str, cluster: Cluster, each: int) -> Iterator[Benchmark]:
    """Yield the benchmarks of a tree that is looked at."""
    count = _DIRECTORIES * each
    say(f"{label}: making {count:,} files")
    _make_tree(cluster, each)
    _settle(cluster)
    for title, slug, words, read in (
        (f"`ls -R` of {count:,} files", "ls", ("ls", "-R", _TREE), arrived.ls_lines),
        (
            f"`du` of {_DIRECTORIES} directories of {each:,} files",
            "du",
            ("du", _TREE),
            arrived.du_lines,
        ),
        (f"`du` of {count:,} files", "du-files", ("du", f"{_TREE}/*"), arrived.du_lines),
    ):
        verb, *rest = words
        yield Benchmark(
            label=f"{label}-{slug}",
            title=title,
            amount=count,
            unit="files",
            contestants=[
                _contestant(_HADOOP, cluster, (cluster.hadoop, "fs", f"-{verb}", *rest), read),
                _contestant(_OURS, cluster, _tool(*words), read),
            ],
            base=_HADOOP,
        )


def _make_tree(cluster: Cluster, files: int) -> None:
    """Make directories of so many files; the first of each holds bytes, the others none."""
    from hdfs_native import Client  # which nothing else needs here

    client = Client(cluster.fs)

    def make(number: int) -> None:
        path = f"{_TREE}/study-{number:03d}"
        client.mkdirs(path, create_parent=True)
        for image in range(files):
            with client.create(f"{path}/scan-{image:06d}.dcm") as writer:
                if not image:
                    writer.write(bytes(number + 1))

    with ThreadPoolExecutor(_THREADS) as pool:
        for _ in pool.map(make, range(_DIRECTORIES)):
            pass


@dataclass(frozen=True)
class _Work:
    """A file or directory that is brought to HDFS, or from there.

    Attributes
    ----------
    cluster : Cluster
        Where HDFS is.
    local : path
        The file or directory on this machine.
    copies : path
        A directory for what is brought here.
    expected : mapping
        What must arrive.
    """

    cluster: Cluster
    local: Path
    copies: Path
    expected: Results

    @property
    def on_hdfs(self) -> str:
        """What is fetched from HDFS."""
        return f"{_SOURCE}/{self.copies.name}/{self.local.name}"


@contextmanager
def _work(name: str, cluster: Cluster, local: Path, settings: Settings) -> Iterator[_Work]:
    """Bring something to HDFS that is to be fetched, and delete it in the end."""
    copies = settings.runs / "copies" / name
    shutil.rmtree(copies, ignore_errors=True)
    copies.mkdir(parents=True)
    cluster.storage.mkdir(_OUT)
    work = _Work(cluster, local, copies, arrived.here(local))
    try:
        cluster.put(local, work.on_hdfs)
        _settle(cluster)
        yield work
        cluster.storage.delete(work.on_hdfs, recursive=True)
    finally:
        shutil.rmtree(copies, ignore_errors=True)


def _put(work: _Work) -> list[Contestant]:
    """Return who brings files to HDFS."""
    source, target = str(work.local), f"{_OUT}/{work.local.name}"
    return _copiers(work, "put", source, target, partial(_after_put, work, _stored))


def _get(work: _Work) -> list[Contestant]:
    """Return who fetches files from HDFS."""
    target = str(work.copies / work.local.name)
    return _copiers(work, "get", work.on_hdfs, target, partial(_after_get, work))


def _pack(work: _Work) -> Contestant:
    """Return who brings images to HDFS in one file."""
    target = f"hdfs://{_OUT}/{work.local.name}.bundle"
    read = partial(_after_put, work, _bundled)
    return _contestant(_PACK, work.cluster, _tool("pack", str(work.local), target), read)


def _copiers(
    work: _Work, action: str, source: str, target: str, read: Callable[[Path], Results]
) -> list[Contestant]:
    cluster = work.cluster
    several = ("-t", "8") if work.local.is_dir() else ()
    commands = {
        _OURS: _tool(action, source, target),
        _OURS_8: _tool(action, "-t", "8", source, target),
        _HADOOP: (cluster.hadoop, "fs", f"-{action}", *several, source, target),
        _HDFSCLI: peer("hdfscli_copy", action, cluster.storage.url, source, target, _THREADS),
        _NATIVE: peer("native_copy", action, cluster.fs, source, target, _THREADS),
    }
    if not several:
        del commands[_OURS_8]  # which is the same with one file
    return [_contestant(name, cluster, command, read) for name, command in commands.items()]


def _contestant(
    name: str, cluster: Cluster, command: tuple[str, ...], read: Callable[[Path], Results]
) -> Contestant:
    env = {"HDFS_URL": cluster.storage.url, "HADOOP_CONF_DIR": cluster.conf_dir}
    return Contestant(name, command, read, env, cluster.servers)


def _tool(*words: str) -> tuple[str, ...]:
    return (sys.executable, "-m", "hdfs_tools", *words)


def _stored(work: _Work) -> Results:
    return arrived.stored(work.cluster.storage, _OUT)


def _bundled(work: _Work) -> Results:
    return arrived.bundled(work.cluster.storage, f"{_OUT}/{work.local.name}.bundle")


def _after_put(work: _Work, look: Callable[[_Work], Results], output: Path) -> Results:
    """Compare what is on HDFS with what was to be brought there, and make room for the next."""
    found = look(work)
    storage = work.cluster.storage
    storage.delete(_OUT, recursive=True)
    storage.mkdir(_OUT)
    assert_equal(found, work.expected, output, work.local)
    _settle(work.cluster)
    return found


def _after_get(work: _Work, output: Path) -> Results:
    """Compare what is here with what was to be fetched, and make room for the next."""
    found = arrived.here(work.copies)
    shutil.rmtree(work.copies)
    work.copies.mkdir()
    assert_equal(found, work.expected, output, work.local)
    _settle(work.cluster)
    return found


def _settle(cluster: Cluster) -> None:
    """Wait until what was deleted is gone from DataNodes, and what was written is on disks."""
    while cluster.pending_deletions():
        time.sleep(0.2)
    time.sleep(1)
    os.sync()
