"""Clusters of processes for the benchmarks: one as it is here, one with Hadoop's defaults."""

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import requests
import yaml

from benchmarks.declare import ROOT
from benchmarks.errors import BenchmarkError
from hdfs_tools import connect
from hdfs_tools.filesystem import FileSystem

__all__ = ["Cluster", "running", "with_defaults"]

_SOURCE = ROOT / "hadoop-docker"
_THREADS = 16
_SERVERS = {"NameNode": "namenode", "DataNodes": "datanode"}
_CHUNK = 1 << 20
_TIMEOUT = 10  # seconds
# What hadoop-docker/conf sets for speed. Memory, ports, locations and class paths stay.
_TUNED = {
    "core-site.xml": ["io.file.buffer.size"],
    "hdfs-site.xml": [
        "dfs.client.block.write.locateFollowingBlock.initial.delay.ms",
        "dfs.client.block.write.locateFollowingBlock.retries",
        "dfs.namenode.file.close.num-committed-allowed",
    ],
    "mapred-site.xml": [
        "mapreduce.map.speculative",
        "mapreduce.reduce.speculative",
        "yarn.app.mapreduce.am.scheduler.heartbeat.interval-ms",
        "mapreduce.client.progressmonitor.pollinterval",
        "mapreduce.client.completion.pollinterval",
    ],
    "yarn-site.xml": [
        "yarn.resourcemanager.nodemanagers.heartbeat-interval-ms",
        "yarn.client.application-client-protocol.poll-interval-ms",
    ],
}
_JVM_OPTIONS = " -XX:+UseSerialGC -XX:TieredStopAtLevel=1"
_WITH_JVM_OPTIONS = {"conf/mapred-site.xml": 3, "hadoop": 1}


@dataclass(frozen=True)
class Cluster:
    """A cluster that runs.

    Attributes
    ----------
    storage : FileSystem
        Its HDFS.
    mrjob_conf : str
        What ``-c`` takes.
    hadoop, streaming_jar, python : str
        The client, the jar of Hadoop streaming, and the Python of tasks.
    yarn_url, history_url : str
        Where YARN and the history server answer.
    fs, conf_dir : str
        HDFS as Hadoop's own clients know it, and their settings.
    servers : mapping
        Ids of the processes of HDFS: the NameNode, the DataNodes.
    """

    storage: FileSystem
    mrjob_conf: str
    hadoop: str
    streaming_jar: str
    python: str
    yarn_url: str
    history_url: str
    fs: str
    conf_dir: str
    servers: Mapping[str, Sequence[int]]

    def put(self, source: Path, path: str) -> None:
        """Write a file, or the files of a directory, to HDFS."""
        if source.is_file():
            self.storage.write(path, lambda: _chunks(source))
            return
        with ThreadPoolExecutor(_THREADS) as pool:
            files = list(source.iterdir())
            names = [f"{path}/{file.name}" for file in files]
            for _ in pool.map(self.storage.write, names, map(Path.read_bytes, files)):
                pass

    def pending_deletions(self) -> int:
        """Return how many blocks the NameNode has yet to ask DataNodes to delete."""
        query = "Hadoop:service=NameNode,name=FSNamesystem"
        answer = requests.get(f"{self.storage.url}/jmx", {"qry": query}, timeout=_TIMEOUT)
        return int(answer.json()["beans"][0]["PendingDeletionBlocks"])


def _chunks(path: Path) -> Iterator[bytes]:
    with open(path, "rb") as file:
        while chunk := file.read(_CHUNK):
            yield chunk


@contextmanager
def running(directory: Path, source: Path = _SOURCE) -> Iterator[Cluster]:
    """Start a cluster; stop it in the end, and delete what is on it.

    Parameters
    ----------
    directory : path
        Where the cluster is to be.
    source : path, optional
        The directory of ``cluster.py``.
    """
    try:
        _cluster(source, "up", directory)
        state = json.loads((directory / "cluster.json").read_bytes())
        options = yaml.safe_load(Path(state["mrjob_conf"]).read_bytes())["runners"]["hadoop"]
        yield Cluster(
            connect(state["hdfs_url"]),
            state["mrjob_conf"],
            state["hadoop"],
            options["hadoop_streaming_jar"],
            options["python_bin"],
            state["yarn_url"],
            state["history_url"],
            state["fs"],
            state["conf_dir"],
            {
                words: [pid for name, pid in state["pids"].items() if name.startswith(daemon)]
                for words, daemon in _SERVERS.items()
            },
        )
    finally:
        _cluster(source, "down", directory, "--purge")


def _cluster(source: Path, action: str, directory: Path, *arguments: str) -> None:
    command = [sys.executable, str(source / "cluster.py"), action, "--form", "processes"]
    done = subprocess.run(
        [*command, "--folder", directory, *arguments],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        start_new_session=True,  # an interrupt is for this process to handle
    )
    if done.returncode:
        raise BenchmarkError(f"cluster.py {action}: {done.stderr or done.stdout}".strip())


def with_defaults(directory: Path) -> Path:
    """Copy what makes a cluster, without the settings and JVM options that are there for speed.

    Parameters
    ----------
    directory : path
        Where the copy is to be; what is there is deleted.

    Returns
    -------
    path
        The directory of the copy's ``cluster.py``.
    """
    shutil.rmtree(directory, ignore_errors=True)
    source = directory / _SOURCE.name
    shutil.copytree(_SOURCE, source, ignore=shutil.ignore_patterns(".*", "__pycache__"))
    shutil.copy(ROOT / "setup.cfg", directory)
    (source / ".hadoop").symlink_to(_SOURCE / ".hadoop")  # jars, and the Python of tasks
    for name, settings in _TUNED.items():
        for setting in settings:
            pattern = rf"<property><name>{re.escape(setting)}</name>.*?</property>"
            _remove(source / "conf" / name, pattern, 1)
    for name, times in _WITH_JVM_OPTIONS.items():
        _remove(source / name, re.escape(_JVM_OPTIONS), times)
    return source


def _remove(path: Path, pattern: str, times: int) -> None:
    text, found = re.subn(pattern, "", path.read_text())
    if found != times:
        raise BenchmarkError(f"{path.name}: {pattern} is there {found} times, expected {times}")
    path.write_text(text)
