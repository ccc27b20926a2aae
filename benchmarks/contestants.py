"""Who runs: this project's jobs as a user runs them, and the peers that do the same work."""

import os
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from benchmarks.compare import (
    Results,
    bundle_lines,
    dicom_pixels,
    json_lines,
    model_lines,
    profile_lines,
    uniq_lines,
)

__all__ = [
    "COUNTER",
    "DASK",
    "DASK_FORK",
    "DEID",
    "DICOGNITO",
    "INLINE",
    "LOCAL",
    "POOL",
    "ROOT",
    "SHELL",
    "SPARK",
    "Contestant",
    "deidentify_contestants",
    "header_contestants",
    "image_contestants",
    "profile_contestants",
    "regression_contestants",
    "transform_contestants",
    "word_contestants",
]

ROOT = Path(__file__).resolve().parent.parent

LOCAL = "this project, `-r local`"
INLINE = "this project, `-r inline`"
POOL = "multiprocessing Pool"
DASK = "Dask bag"
DASK_FORK = "Dask bag, forked"
SPARK = "PySpark"
COUNTER = "Counter loop"
DEID = "deid, one process"
DICOGNITO = "dicognito, one process"
SHELL = "`tr \\| sort \\| uniq -c`"  # as a cell of a table

_JOBS = {
    "histogram": "image_histogram.py",
    "edges": "edge_density.py",
    "words": "word_count.py",
    "transform": "image_transform.py",
    "headers": "dicom_headers.py",
    "deidentify": "deidentify.py",
    "profile": "collection_profile.py",
    "regression": "linear_regression.py",
}
_TAGS = (
    "SOPInstanceUID,SeriesInstanceUID,PatientID,Modality,Manufacturer,ImageType,InstanceNumber,"
    "Rows,Columns,PixelSpacing,SliceThickness,ImagePositionPatient,ImageOrientationPatient"
)
_SHELL_COUNT = """LC_ALL=C; export LC_ALL; tr -s '[:space:]' '\\n' < "$1" | sort | uniq -c"""


def _environment() -> dict[str, str]:
    # Spark's Python processes start elsewhere and must find this package too.
    paths = [str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(paths), "PYTHONUTF8": "1"}


@dataclass(frozen=True)
class Contestant:
    """A command whose standard output is the results.

    Attributes
    ----------
    name : str
        As the tables have it.
    slug : str
        Its part in names of files.
    command : tuple of str
        The program and its arguments.
    env : mapping
        The environment it runs in.
    read : callable
        Reads the results from its output.
    servers : mapping
        Processes that serve it and whose processor time is measured: ids by name.
    """

    name: str
    slug: str
    command: tuple[str, ...]
    env: Mapping[str, str] = field(default_factory=_environment, repr=False)
    read: Callable[[Path], Results] = json_lines
    servers: Mapping[str, Sequence[int]] = field(default_factory=dict)


def image_contestants(job: str, folder: Path, tasks: int) -> list[Contestant]:
    """Return who measures the images of a folder; the first is the reference.

    Parameters
    ----------
    job : {"histogram", "edges"}
        What is measured.
    folder : path
        The images.
    tasks : int
        Processes that work at once, for all but ``-r inline``.
    """
    work = (job, str(folder), str(tasks))
    return [
        *_ours(job, folder, tasks),
        Contestant(POOL, "pool", _peer("pool", *work)),
        Contestant(DASK, "dask", _peer("dask_bag", *work, "spawn")),
        Contestant(DASK_FORK, "dask_fork", _peer("dask_bag", *work, "fork")),
        Contestant(SPARK, "spark", _peer("spark_images", *work)),
    ]


def transform_contestants(chain: str, folder: Path, tasks: int) -> list[Contestant]:
    """Return who makes PNG of the images of a folder by a chain of operations."""
    options = ("--ops", chain, "--format", "png")
    ours = [
        replace(one, command=(*one.command, *options), read=bundle_lines)
        for one in _ours("transform", folder, tasks)
    ]
    peer = _peer("pool_transform", chain, str(folder), str(tasks))
    return [*ours, Contestant(POOL, "pool", peer, read=bundle_lines)]


def header_contestants(folder: Path, tasks: int) -> list[Contestant]:
    """Return who lists elements of the headers of a folder; the first is the reference."""
    ours = [
        replace(one, command=(*one.command, "--tags", _TAGS))
        for one in _ours("headers", folder, tasks)
    ]
    work = (_TAGS, str(folder), str(tasks))
    return [
        *ours,
        Contestant(POOL, "pool", _peer("pool_headers", *work)),
        Contestant(SPARK, "spark", _peer("spark_headers", *work)),
    ]


def deidentify_contestants(folder: Path, tasks: int) -> list[Contestant]:
    """Return who de-identifies the DICOM files of a folder; all must leave the pixels alone.

    The others have one process, beside which ``-r inline`` shows what a core does.
    """
    ours = [
        replace(
            one,
            command=(*one.command, "--keep-names"),
            env={**one.env, "DEIDENTIFY_KEY": "a key of the benchmark"},
            read=dicom_pixels,
        )
        for one in _ours("deidentify", folder, tasks)
    ]
    peers = [
        Contestant(name, slug, _peer("deidentifiers", slug, str(folder)), read=dicom_pixels)
        for name, slug in ((DEID, "deid"), (DICOGNITO, "dicognito"))
    ]
    return [*ours, *peers]


def profile_contestants(folder: Path, tasks: int) -> list[Contestant]:
    """Return who tells the volume and the quality of a collection; the first is the reference."""
    return _collected("profile", "profiles", folder, tasks, profile_lines)


def regression_contestants(table: Path, tasks: int) -> list[Contestant]:
    """Return who fits a model to the rows of a table; the first is the reference."""
    with open(table) as lines:
        _, *features, target = next(lines).rstrip().split(",")
    options = ("--features", ",".join(features), "--target", target)
    return _collected("regression", "regressions", table, tasks, model_lines, options)


def _collected(
    job: str,
    module: str,
    source: Path,
    tasks: int,
    read: Callable[[Path], Results],
    options: tuple[str, ...] = (),
) -> list[Contestant]:
    ours = [
        replace(one, command=(*one.command, *options), read=read)
        for one in _ours(job, source, tasks)
    ]
    peers = [
        Contestant(name, who, _peer(module, who, str(source), str(tasks)), read=read)
        for name, who in ((POOL, "pool"), (DASK, "dask"), (SPARK, "spark"))
    ]
    return [*ours, *peers]


def word_contestants(text: Path, tasks: int) -> list[Contestant]:
    """Return who counts the words of a text; the first is the reference."""
    return [
        *_ours("words", text, tasks),
        Contestant(COUNTER, "counter_loop", _peer("counter_loop", str(text))),
        Contestant(SHELL, "shell", ("sh", "-c", _SHELL_COUNT, "count", str(text)), read=uniq_lines),
        Contestant(SPARK, "spark", _peer("spark_words", str(text), str(tasks))),
    ]


def _ours(job: str, data: Path, tasks: int) -> list[Contestant]:
    command = (sys.executable, str(ROOT / "mapreduce_jobs" / _JOBS[job]))
    local = ("-r", "local", "--num-cores", str(tasks), "-D", f"mapreduce.job.maps={tasks}")
    return [
        Contestant(INLINE, "inline", (*command, "-r", "inline", str(data)), os.environ),
        Contestant(LOCAL, "local", (*command, *local, str(data)), os.environ),
    ]


def _peer(module: str, *arguments: str) -> tuple[str, ...]:
    return (sys.executable, "-m", f"benchmarks.peers.{module}", *arguments)
