"""Who works with files on HDFS: ``hdfs-tools``, Hadoop's own client, HdfsCLI and hdfs-native."""

import os
import shutil
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from benchmarks.compare import Results, assert_equal
from benchmarks.contestants import ROOT, Contestant
from benchmarks.hadoop.cluster import Cluster
from benchmarks.hdfs import arrived

__all__ = [
    "HADOOP",
    "HDFSCLI",
    "NATIVE",
    "OURS",
    "OURS_8",
    "PACK",
    "TREE",
    "Work",
    "du",
    "get",
    "ls",
    "pack",
    "put",
    "settle",
]

OURS = "this project"
OURS_8 = "this project, 8 threads"
TREE = "/bench/tree"
PACK = "this project, `pack`"
HADOOP = "`hadoop fs`"
HDFSCLI = "HdfsCLI"
NATIVE = "hdfs-native"

_SOURCE = "/bench/source"
_OUT = "/bench/out"
_THREADS = "16"


@dataclass(frozen=True)
class Work:
    """A file or folder that is brought to HDFS, or from there.

    Attributes
    ----------
    cluster : Cluster
        Where HDFS is.
    place : path
        The file or folder on this machine.
    copies : path
        A folder for what is brought here.
    expected : mapping
        What must arrive.
    """

    cluster: Cluster
    place: Path
    copies: Path
    expected: Results

    @classmethod
    def of(cls, cluster: Cluster, place: Path, copies: Path) -> "Work":
        """Return the work with a file or folder, which is brought to HDFS to be fetched."""
        shutil.rmtree(copies, ignore_errors=True)
        copies.mkdir(parents=True)
        cluster.storage.mkdir(_OUT)
        work = cls(cluster, place, copies, arrived.here(place))
        cluster.put(place, work.on_hdfs)
        return work

    @property
    def on_hdfs(self) -> str:
        """What is fetched from HDFS."""
        return f"{_SOURCE}/{self.place.name}"


def put(work: Work) -> list[Contestant]:
    """Return who brings files to HDFS."""
    source, target = str(work.place), f"{_OUT}/{work.place.name}"
    return _copiers(work, "put", source, target, partial(_after_put, work, _stored))


def get(work: Work) -> list[Contestant]:
    """Return who fetches files from HDFS."""
    target = str(work.copies / work.place.name)
    return _copiers(work, "get", work.on_hdfs, target, partial(_after_get, work))


def pack(work: Work) -> Contestant:
    """Return who brings images to HDFS in one file."""
    target = f"hdfs://{_OUT}/{work.place.name}.bundle"
    read = partial(_after_put, work, _bundled)
    return _contestant(PACK, "pack", work.cluster, _tool("pack", str(work.place), target), read)


def ls(cluster: Cluster) -> list[Contestant]:
    """Return who lists a tree; the first is the reference."""
    return _lookers(cluster, ("ls", "-R", TREE), arrived.ls_lines)


def du(cluster: Cluster, path: str) -> list[Contestant]:
    """Return who tells how much there is at a path; the first is the reference."""
    return _lookers(cluster, ("du", path), arrived.du_lines)


def settle(cluster: Cluster) -> None:
    """Wait until what was deleted is gone from DataNodes, and what was written is on disks."""
    while cluster.pending_deletions():
        time.sleep(0.2)
    time.sleep(1)
    os.sync()


def _copiers(
    work: Work, action: str, source: str, target: str, read: Callable[[Path], Results]
) -> list[Contestant]:
    cluster = work.cluster
    url, fs = cluster.storage.url, cluster.fs
    several = ("-t", "8") if work.place.is_dir() else ()
    commands = {
        OURS: _tool(action, source, target),
        OURS_8: _tool(action, "-t", "8", source, target),
        HADOOP: (cluster.hadoop, "fs", f"-{action}", *several, source, target),
        HDFSCLI: _peer("hdfscli_copy", action, url, source, target, _THREADS),
        NATIVE: _peer("native_copy", action, fs, source, target, _THREADS),
    }
    if not several:
        del commands[OURS_8]  # which is the same with one file
    return [
        _contestant(name, f"{action}-{number}", cluster, command, read)
        for number, (name, command) in enumerate(commands.items())
    ]


def _lookers(
    cluster: Cluster, words: tuple[str, ...], read: Callable[[Path], Results]
) -> list[Contestant]:
    verb, *rest = words
    return [
        _contestant(
            HADOOP, f"{verb}-hadoop", cluster, (cluster.hadoop, "fs", f"-{verb}", *rest), read
        ),
        _contestant(OURS, f"{verb}-ours", cluster, _tool(*words), read),
    ]


def _contestant(
    name: str,
    slug: str,
    cluster: Cluster,
    command: tuple[str, ...],
    read: Callable[[Path], Results],
) -> Contestant:
    env = {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "PYTHONUTF8": "1",
        "HDFS_URL": cluster.storage.url,
        "HADOOP_CONF_DIR": cluster.conf_dir,
    }
    return Contestant(name, slug, command, env, read, cluster.servers)


def _tool(*words: str) -> tuple[str, ...]:
    return (sys.executable, "-m", "hdfs_tools", *words)


def _peer(module: str, *words: str) -> tuple[str, ...]:
    return (sys.executable, "-m", f"benchmarks.peers.{module}", *words)


def _stored(work: Work) -> Results:
    return arrived.stored(work.cluster.storage, _OUT)


def _bundled(work: Work) -> Results:
    return arrived.bundled(work.cluster.storage, f"{_OUT}/{work.place.name}.bundle")


def _after_put(work: Work, look: Callable[[Work], Results], output: Path) -> Results:
    """Compare what is on HDFS with what was to be brought there, and make room for the next."""
    found = look(work)
    storage = work.cluster.storage
    storage.delete(_OUT, recursive=True)
    storage.mkdir(_OUT)
    assert_equal(found, work.expected, output, work.place)
    settle(work.cluster)
    return found


def _after_get(work: Work, output: Path) -> Results:
    """Compare what is here with what was to be fetched, and make room for the next."""
    found = arrived.here(work.copies)
    shutil.rmtree(work.copies)
    work.copies.mkdir()
    assert_equal(found, work.expected, output, work.place)
    settle(work.cluster)
    return found
