"""Who runs on Hadoop: this project's jobs, and the same work without them."""

import os
import sys
import zipfile
from functools import partial
from pathlib import Path

from benchmarks.compare import Results, json_lines
from benchmarks.contestants import ROOT, Contestant
from benchmarks.hadoop.cluster import Cluster
from hdfs_tools.filesystem import FileSystem
from hdfs_tools.uri import path_of
from mapreduce_jobs.core.shipping import write_package

__all__ = ["bare", "mrjob_peer", "ours", "peers_package", "timed"]

_PACKAGE = "mapreduce_imaging.zip"
_OF_PEERS = ("benchmarks/__init__.py", "benchmarks/peers/__init__.py", "benchmarks/peers/images.py")
_BARE_OUTPUT = "hdfs:///bench/output"
_ENVIRONMENT = {**os.environ, "PYTHONPATH": str(ROOT)}


def ours(name: str, slug: str, cluster: Cluster, script: str, *arguments: str) -> Contestant:
    """Return a job of this project as a user runs it.

    Parameters
    ----------
    name, slug : str
        As the tables have it, and in names of files.
    cluster : Cluster
        Where it runs.
    script : str
        The job's file in ``mapreduce_jobs``.
    *arguments : str
        Its options and its input.
    """
    return _job(name, slug, cluster, f"mapreduce_jobs/{script}", *arguments)


def timed(name: str, slug: str, cluster: Cluster, source: str) -> Contestant:
    """Return the histogram job whose tasks tell where their time goes."""
    return _job(name, slug, cluster, "benchmarks/peers/timed_histogram.py", source)


def _job(name: str, slug: str, cluster: Cluster, script: str, *arguments: str) -> Contestant:
    on_cluster = ("-r", "hadoop", "-c", cluster.mrjob_conf)
    command = (sys.executable, str(ROOT / script), *on_cluster, *arguments)
    return Contestant(name, slug, command, _ENVIRONMENT)


def bare(
    name: str,
    slug: str,
    cluster: Cluster,
    folder: Path,
    script: str,
    options: str,
    phases: tuple[str, ...],
    source: str,
) -> Contestant:
    """Return the bare command of Hadoop streaming, with the commands of a job of ours in it.

    It ends when the job does: its results are fetched, and deleted, outside of its time.

    Parameters
    ----------
    name, slug : str
        As the tables have it, and in names of files.
    cluster : Cluster
        Where it runs.
    folder : path
        Where the zip of this project is written.
    script : str
        The job's file in ``mapreduce_jobs``.
    options : str
        The job's options.
    phases : tuple of {"mapper", "combiner", "reducer"}
        What the job has.
    source : str
        The URI of its input.
    """
    package = folder / _PACKAGE
    write_package(package)
    task = f"{cluster.python} {script} --step-num=0 {options}".strip()
    tasks = [word for phase in phases for word in (f"-{phase}", f"{task} --{phase}")]
    command = (
        *(cluster.hadoop, "jar", cluster.streaming_jar),
        *(() if "reducer" in phases else ("-D", "mapreduce.job.reduces=0")),
        *("-files", f"{ROOT / 'mapreduce_jobs' / script},{package}"),
        *("-cmdenv", f"PYTHONPATH={_PACKAGE}"),
        *("-input", source, "-output", _BARE_OUTPUT),
        *tasks,
    )
    return Contestant(name, slug, command, os.environ, partial(_fetch, cluster.storage))


def _fetch(storage: FileSystem, path: Path) -> Results:
    """Read the results of the bare command, which are on HDFS, and make room for the next."""
    folder = path_of(_BARE_OUTPUT)
    with open(path, "wb") as file:
        for entry in storage.walk(folder):
            if entry.name.startswith("part-"):
                file.writelines(storage.chunks(entry.path))
    storage.delete(folder, recursive=True)
    return json_lines(path)


def peers_package(folder: Path) -> Path:
    """Write the zip of this project that mrjob's jobs take along, with what measures in them."""
    path = folder / "peers.zip"
    write_package(path)
    with zipfile.ZipFile(path, "a") as package:
        for name in _OF_PEERS:
            package.write(ROOT / name, name)
    return path


def mrjob_peer(
    name: str, slug: str, cluster: Cluster, package: Path, module: str, source: str
) -> Contestant:
    """Return a job that mrjob's own runner runs.

    Parameters
    ----------
    name, slug : str
        As the tables have it, and in names of files.
    cluster : Cluster
        Where it runs.
    package : path
        What `peers_package` wrote.
    module : str
        The job's module in ``benchmarks.peers``.
    source : str
        The URI of its input.
    """
    options = {
        "--hadoop-bin": cluster.hadoop,
        "--hadoop-streaming-jar": cluster.streaming_jar,
        "--python-bin": cluster.python,
        "--py-files": str(package),
    }
    command = (
        *(sys.executable, str(ROOT / "benchmarks" / "peers" / f"{module}.py")),
        *("-r", "hadoop", "--no-conf"),
        *(word for option in options.items() for word in option),
        source,
    )
    return Contestant(name, slug, command, _ENVIRONMENT)
