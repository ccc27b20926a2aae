"""Declaration of a benchmark: the work, who does it, how results are compared, what to reach."""

import os
import re
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.compare import Results, json_lines

__all__ = [
    "DASK",
    "INLINE",
    "LOCAL",
    "POOL",
    "ROOT",
    "SPARK",
    "Benchmark",
    "Contestant",
    "Settings",
    "Target",
    "here",
    "job",
    "peer",
]

ROOT = Path(__file__).resolve().parent.parent

LOCAL = "this project, `-r local`"
INLINE = "this project, `-r inline`"
POOL = "multiprocessing Pool"
DASK = "Dask bag"
SPARK = "PySpark"


@dataclass(frozen=True)
class Settings:
    """What the command line says.

    Attributes
    ----------
    images : tuple of int
        Sizes of the collections of images.
    megabytes : int
        Size of the text.
    tasks : int
        Processes that work at once.
    repeat : int
        How often each contestant runs.
    data, runs : path
        Directories for generated data, and for results and logs of the contestants.
    """

    images: tuple[int, ...]
    megabytes: int
    tasks: int
    repeat: int
    data: Path
    runs: Path


@dataclass(frozen=True)
class Contestant:
    """A command whose standard output is the results.

    Attributes
    ----------
    name : str
        As the tables have it.
    command : tuple of str
        The program and its arguments.
    read : callable
        Reads the results from the file of its output.
    env : mapping
        Variables of its environment, beside those of this process.
    servers : mapping
        Processes that serve it and whose processor time is measured: ids by name.
    """

    name: str
    command: tuple[str, ...]
    read: Callable[[Path], Results] = json_lines
    env: Mapping[str, str] = field(default_factory=dict)
    servers: Mapping[str, Sequence[int]] = field(default_factory=dict)

    @property
    def slug(self) -> str:
        """Its name as a part of file names."""
        return re.sub(r"\W+", "-", self.name).strip("-")

    @property
    def environment(self) -> dict[str, str]:
        """All variables; Spark's Python processes start elsewhere and find this package by them."""
        paths = [str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
        found = {"PYTHONPATH": os.pathsep.join(paths), "PYTHONUTF8": "1"}
        return {**os.environ, **found, **self.env}


@dataclass(frozen=True)
class Target:
    """How fast a contestant of this project is to be: shown beside what was measured.

    Attributes
    ----------
    ours, peer : str
        Names of contestants. A peer may be of another benchmark that ran before.
    most : float
        Most that `ours` may take of the time of `peer`, for the same amount of work.
    amount : int
        The size of the work that the target is set for.
    seconds : bool, optional
        Whether `most` is how many seconds longer it may take instead.
    """

    ours: str
    peer: str
    most: float
    amount: int
    seconds: bool = False


@dataclass(frozen=True)
class Benchmark:
    """A piece of work, and who does it.

    Attributes
    ----------
    label : str
        Its part in names of files.
    title : str
        The heading of its table.
    amount : int
        How much work it is.
    unit : str
        Of what: ``"images"``.
    contestants : sequence of Contestant
        Who does it; all results must equal those of the first.
    base : str
        The contestant whose time the others are divided by.
    warm_up : sequence of Contestant, optional
        Who runs once before, on a little data.
    targets : sequence of Target, optional
        What is to be reached.
    """

    label: str
    title: str
    amount: int
    unit: str
    contestants: Sequence[Contestant]
    base: str
    warm_up: Sequence[Contestant] = ()
    targets: Sequence[Target] = ()


def here(
    script: str,
    source: Path,
    tasks: int,
    *options: str,
    read: Callable[[Path], Results] = json_lines,
    env: Mapping[str, str] | None = None,
) -> list[Contestant]:
    """Return a job of this project as a user of one machine runs it, the reference first."""
    local = ("-r", "local", "--num-cores", str(tasks), "-D", f"mapreduce.job.maps={tasks}")
    return [
        Contestant(name, (*job(script), *runner, *options, str(source)), read, env or {})
        for name, runner in ((INLINE, ("-r", "inline")), (LOCAL, local))
    ]


def job(script: str) -> tuple[str, ...]:
    """Return the command of a job of this project."""
    return (sys.executable, str(ROOT / "mapreduce_jobs" / script))


def peer(module: str, *arguments: object) -> tuple[str, ...]:
    """Return the command of a program in `benchmarks.peers`."""
    return (sys.executable, "-m", f"benchmarks.peers.{module}", *map(str, arguments))
