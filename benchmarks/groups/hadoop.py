"""Jobs on Hadoop, beside bare Hadoop streaming, mrjob's own runner and Hadoop's defaults."""

import shutil
import sys
import zipfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from benchmarks import data
from benchmarks.cluster import Cluster, running, with_defaults
from benchmarks.compare import Results, json_lines
from benchmarks.declare import ROOT, Benchmark, Contestant, Settings, Target, job
from benchmarks.runner import say
from benchmarks.timeline import markdown, timeline
from hdfs_tools.bundles.packing import pack
from hdfs_tools.filesystem import FileSystem
from hdfs_tools.uri import path_of
from mapreduce_jobs.core.runners.shipping import write_package

__all__ = ["NOTES", "benchmarks"]

NOTES = """\
- Hadoop 3.4.2 as processes of this machine: 2 DataNodes, 2 NodeManagers, 2 copies of each block,
  started for the benchmarks and deleted after them. Images are 8-bit grey PNG, 512×512.
"""

_OURS = "this project, `-r hadoop`"
_BUNDLE = "this project, a bundle"
_DIRECTORY = "this project, a directory of images"
_BARE = "bare `hadoop jar`"
_PLAIN = "plain mrjob"
_DEFAULTS = "Hadoop's defaults"
_RAW = "mrjob's `mapper_raw`"

_RAW_IMAGES = 20
_TARGET_IMAGES = 1_000
_PACKAGE = "mapreduce_imaging.zip"
_OF_PEERS = ("benchmarks/__init__.py", "benchmarks/peers/__init__.py", "benchmarks/peers/images.py")
_BARE_OUTPUT = "hdfs:///bench/output"
_HISTOGRAM = job("image_histogram.py")
_EDGES = job("edge_density.py")
_TIMED = (sys.executable, str(ROOT / "benchmarks/peers/timed_histogram.py"))


def benchmarks(settings: Settings) -> Iterator[Benchmark | str]:
    """Yield benchmarks on a cluster that is started for them, and where the time goes."""
    directory = settings.runs.parent / "hadoop"
    settings.runs.mkdir(parents=True, exist_ok=True)
    few, many = min(settings.images), max(settings.images)
    say("hadoop: starting a cluster")
    with running(directory / "tuned") as tuned:
        for count in sorted({_RAW_IMAGES, few, many}):
            _bring(tuned, settings, count)
        yield _beside_bare(tuned, settings, "Histogram", _HISTOGRAM, "", ("mapper",), few)
        title, phases = "Edge density, one result in all", ("mapper", "combiner", "reducer")
        yield _beside_bare(tuned, settings, title, _EDGES, "--group-by all", phases, few)
        yield from _beside_plain(directory / "defaults", tuned, settings, few)
        yield _beside_raw(tuned, settings)
        for count in sorted({few, many}):
            yield _forms(tuned, count)
        timelines = [
            timeline(f"hadoop-timed-{n}", _ours(name, tuned, _TIMED, source), tuned, settings)
            for n, (name, source) in enumerate(_sources(many).items())
        ]
        yield markdown(f"Where the time goes: histogram, {many:,} images", timelines)


def _bundle(count: int) -> str:
    return f"hdfs:///bench/{count}.bundle"


def _directory(count: int) -> str:
    return f"hdfs:///bench/{count}"


def _sources(count: int) -> dict[str, str]:
    return {_BUNDLE: _bundle(count), _DIRECTORY: _directory(count)}


def _bring(cluster: Cluster, settings: Settings, count: int, directory: bool = True) -> None:
    """Write images to HDFS, as a bundle and as files."""
    say(f"hadoop: {count} images to HDFS")
    images = data.image_directory(settings.data, count, 8)
    bundle = settings.data / f"{images.name}.bundle"
    bundle.unlink(missing_ok=True)
    pack(images, bundle)
    cluster.put(bundle, f"/bench/{count}.bundle")
    bundle.unlink()
    if directory:
        cluster.put(images, f"/bench/{count}")


def _ours(name: str, cluster: Cluster, command: tuple[str, ...], *words: str) -> Contestant:
    """Return a job of this project as a user runs it."""
    return Contestant(name, (*command, "-r", "hadoop", "-c", cluster.mrjob_conf, *words))


def _warm_up(cluster: Cluster) -> Contestant:
    return _ours(_OURS, cluster, _HISTOGRAM, _bundle(_RAW_IMAGES))


def _beside_bare(
    cluster: Cluster,
    settings: Settings,
    title: str,
    command: tuple[str, ...],
    options: str,
    phases: tuple[str, ...],
    count: int,
) -> Benchmark:
    source = _bundle(count)
    return Benchmark(
        label=f"hadoop-bare-{Path(command[1]).stem}-{count}",
        title=f"{title}, {count:,} images in a bundle: beside Hadoop alone",
        amount=count,
        unit="images",
        contestants=[
            _ours(_OURS, cluster, command, *options.split(), source),
            _bare(cluster, settings.runs, Path(command[1]), options, phases, source),
        ],
        base=_BARE,
        warm_up=[_warm_up(cluster)],
        targets=[Target(_OURS, _BARE, 3, _TARGET_IMAGES, seconds=True)],
    )


def _bare(
    cluster: Cluster,
    directory: Path,
    script: Path,
    options: str,
    phases: tuple[str, ...],
    source: str,
) -> Contestant:
    """Return the bare command of Hadoop streaming, with the commands of a job of ours in it.

    It ends when the job does: its results are fetched, and deleted, outside of its time.
    """
    package = directory / _PACKAGE
    write_package(package)
    task = f"{cluster.python} {script.name} --step-num=0 {options}".strip()
    tasks = [word for phase in phases for word in (f"-{phase}", f"{task} --{phase}")]
    command = (
        *(cluster.hadoop, "jar", cluster.streaming_jar),
        *(() if "reducer" in phases else ("-D", "mapreduce.job.reduces=0")),
        *("-files", f"{script},{package}"),
        *("-cmdenv", f"PYTHONPATH={_PACKAGE}"),
        *("-input", source, "-output", _BARE_OUTPUT),
        *tasks,
    )
    return Contestant(_BARE, command, partial(_fetch, cluster.storage))


def _fetch(storage: FileSystem, path: Path) -> Results:
    """Read the results of the bare command, which are on HDFS, and make room for the next."""
    directory = path_of(_BARE_OUTPUT)
    with open(path, "wb") as file:
        for entry in storage.walk(directory):
            if entry.name.startswith("part-"):
                file.writelines(storage.chunks(entry.path))
    storage.delete(directory, recursive=True)
    return json_lines(path)


def _beside_plain(
    directory: Path, tuned: Cluster, settings: Settings, count: int
) -> Iterator[Benchmark]:
    source = _bundle(count)
    copy = with_defaults(directory / "source")
    try:
        with running(directory / "cluster", copy) as defaults:
            _bring(defaults, settings, _RAW_IMAGES, directory=False)
            _bring(defaults, settings, count, directory=False)
            plain = f"{_PLAIN}, {_DEFAULTS}"
            yield Benchmark(
                label=f"hadoop-plain-{count}",
                title=f"Histogram, {count:,} images in a bundle: beside plain mrjob",
                amount=count,
                unit="images",
                contestants=[
                    _ours(_OURS, tuned, _HISTOGRAM, source),
                    _mrjob(plain, defaults, settings, "plain_mrjob", source),
                    _mrjob(
                        f"{_PLAIN}, settings of `hadoop-docker`",
                        tuned,
                        settings,
                        "plain_mrjob",
                        source,
                    ),
                    _ours(f"{_OURS}, {_DEFAULTS}", defaults, _HISTOGRAM, source),
                ],
                base=plain,
                warm_up=[_warm_up(defaults)],
                targets=[Target(_OURS, plain, 0.45, _TARGET_IMAGES)],
            )
    finally:
        shutil.rmtree(directory / "source")


def _mrjob(name: str, cluster: Cluster, settings: Settings, module: str, source: str) -> Contestant:
    """Return a job that mrjob's own runner runs, with this project and what measures beside it."""
    package = settings.runs / "peers.zip"
    write_package(package)
    with zipfile.ZipFile(package, "a") as archive:
        for path in _OF_PEERS:
            archive.write(ROOT / path, path)
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
    return Contestant(name, command)


def _beside_raw(cluster: Cluster, settings: Settings) -> Benchmark:
    source = _directory(_RAW_IMAGES)
    return Benchmark(
        label=f"hadoop-raw-{_RAW_IMAGES}",
        title=f"Histogram of {_RAW_IMAGES} files: beside `mapper_raw`",
        amount=_RAW_IMAGES,
        unit="images",
        contestants=[
            _ours(_DIRECTORY, cluster, _HISTOGRAM, source),
            _mrjob(_RAW, cluster, settings, "raw_mrjob", source),
        ],
        base=_RAW,
    )


def _forms(cluster: Cluster, count: int) -> Benchmark:
    return Benchmark(
        label=f"hadoop-forms-{count}",
        title=f"Histogram, {count:,} images: a bundle and files",
        amount=count,
        unit="images",
        contestants=[
            _ours(name, cluster, _HISTOGRAM, source) for name, source in _sources(count).items()
        ],
        base=_BUNDLE,
        targets=[Target(name, _RAW, 1 / 100, _TARGET_IMAGES) for name in _sources(count)],
    )
