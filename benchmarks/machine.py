"""The machine of the benchmarks, and whether they can run on it."""

import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version

from benchmarks.errors import BenchmarkError

__all__ = ["check", "description"]

_PACKAGES = ("mapreduce-imaging", "mrjob", "numpy", "opencv-python-headless", "pillow")
_TOOLS = ("sh", "tr", "sort", "uniq")


def check(packages: Sequence[str]) -> None:
    """Raise `BenchmarkError` if something that is needed is not there.

    Parameters
    ----------
    packages : sequence of str
        What is needed beside this project.
    """
    if sys.platform != "linux":
        raise BenchmarkError("memory is measured by /proc: the benchmarks run on Linux only")
    try:
        for package in packages:
            version(package)
    except PackageNotFoundError as error:
        raise BenchmarkError(
            f"{error.name} is not installed: install this project with pip install -e '.[bench]'"
        ) from None
    if _java() is None:
        raise BenchmarkError("PySpark and Hadoop need Java: put java on the PATH, or set JAVA_HOME")
    for tool in _TOOLS:
        if shutil.which(tool) is None:
            raise BenchmarkError(f"the program {tool} is not on the PATH")


def description(packages: Sequence[str], tasks: int, repeat: int) -> str:
    """Return the head of the output: the machine, the versions, and how it was measured."""
    cores = len(os.sched_getaffinity(0))
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9
    versions = " · ".join(f"{name} {version(name)}" for name in (*_PACKAGES, *packages))
    runs = "One run" if repeat == 1 else f"{repeat} runs"
    of_peers = [
        f"- {tasks} tasks at once, save `-r inline` and the Counter loop, which have one.",
        "- Peak of a task: the most that the largest Python process held; where there is none,"
        " the largest process. Peak of all: all processes together, shared memory once. Of all"
        " runs, the highest.",
    ]
    return "\n".join(
        [
            "# Benchmarks",
            "",
            f"- Machine: {cores} cores, {_cpu()}, {memory:.0f} GB of memory, load"
            f" {os.getloadavg()[0]:.1f} at the start.",
            f"- {platform.system()} {platform.release()} · Python {platform.python_version()}"
            f" · {_java_version()}",
            f"- {versions}",
            f"- {runs} of each, in turns. The wall time is from the start of the command to its"
            " end, the median of all runs.",
            *of_peers,
            "- The results of every run are compared; a difference ends the benchmarks.",
            "",
        ]
    )


def _cpu() -> str:
    with open("/proc/cpuinfo", encoding="utf-8") as lines:
        for line in lines:
            name, _, value = line.partition(":")
            if name.strip() == "model name":
                return " ".join(value.split())
    return platform.machine()


def _java() -> str | None:
    home = os.environ.get("JAVA_HOME")
    return shutil.which(os.path.join(home, "bin", "java") if home else "java")


def _java_version() -> str:
    answer = subprocess.run([_java() or "java", "-version"], capture_output=True, text=True)
    return (answer.stderr or answer.stdout).partition("\n")[0].strip() or "Java"
