"""Wall time, processor time and peak memory of a command and of all processes that it starts.

Memory is sampled from ``/proc`` (Linux only). Of each process that is ``VmHWM``, the most that it
has held so far, kept by the kernel, so that no peak falls between two samples; of all together it
is the sum of ``Pss``, in which memory shared by some is divided among them.
"""

import os
import resource
import signal
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from benchmarks.errors import BenchmarkError

__all__ = ["CLIENT", "Run", "run"]

CLIENT = "client"

_INTERVAL = 0.05  # seconds
_MAX_OF_TIME = 0.02  # spent on the total, which walks the page tables of large processes


@dataclass(frozen=True)
class Run:
    """One run of a command.

    Attributes
    ----------
    seconds : float
        Wall time, from starting the command to its end.
    task_peak : int
        Bytes that the largest Python process held at its peak; where there is no Python, the
        largest process.
    total_peak : int
        Bytes that all processes together held at their peak, memory that they share counted once.
    processor : mapping of str to float
        Seconds of processor time: of the command (`CLIENT`), and of each server that served it.
    """

    seconds: float
    task_peak: int
    total_peak: int
    processor: Mapping[str, float]


def run(
    command: Sequence[str],
    output: Path,
    env: Mapping[str, str],
    cwd: Path,
    servers: Mapping[str, Sequence[int]],
) -> Run:
    """Run a command with its standard output in a file.

    Parameters
    ----------
    command : sequence of str
        The program and its arguments.
    output : path
        Where standard output goes. Standard error goes beside it, with the suffix ``.log``.
    env : mapping
        The environment.
    cwd : path
        The directory to run in.
    servers : mapping
        Ids of processes, by the name of what they are together.

    Raises
    ------
    BenchmarkError
        The command failed.
    """
    log = output.with_suffix(".log")
    before = _processor(servers)
    with open(output, "wb") as stdout, open(log, "wb") as stderr:
        start = time.perf_counter()
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=stdout,
            stderr=stderr,
            env=dict(env),
            cwd=cwd,
            start_new_session=True,  # by which the processes that it starts are known
        )
        sampler = _Sampler(process.pid)
        sampler.start()
        try:
            status = process.wait()
            seconds = time.perf_counter() - start
        except BaseException:
            _stop(process)
            raise
        finally:
            sampler.end()
    if status:
        last = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()[-12:]
        raise BenchmarkError(
            "\n".join([f"exit status {status} of: {' '.join(command)}", *last, f"(all in {log})"])
        )
    after = _processor(servers)
    processor = {name: after[name] - before[name] for name in after}
    return Run(seconds, sampler.task_peak, sampler.total_peak, processor)


def _processor(servers: Mapping[str, Sequence[int]]) -> dict[str, float]:
    """Return the seconds of processor time so far, of ended commands and of servers."""
    ended = resource.getrusage(resource.RUSAGE_CHILDREN)
    times = {CLIENT: ended.ru_utime + ended.ru_stime}
    for name, pids in servers.items():
        times[name] = sum(map(_ticks, pids)) / os.sysconf("SC_CLK_TCK")
    return times


def _ticks(pid: int) -> int:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])  # utime, stime


class _Sampler(threading.Thread):
    """Follows the memory of the processes of a session."""

    def __init__(self, session: int) -> None:
        super().__init__(daemon=True)
        self._session = session
        self._ended = threading.Event()
        self._python_peak = 0
        self._other_peak = 0
        self.total_peak = 0

    @property
    def task_peak(self) -> int:
        return self._python_peak or self._other_peak

    def run(self) -> None:
        next_total = 0.0
        while not self._ended.wait(_INTERVAL):
            members = _members(self._session)
            for pid in members:
                self._see(pid)
            start = time.perf_counter()
            if start >= next_total:
                self.total_peak = max(self.total_peak, sum(map(_proportional_size, members)))
                stop = time.perf_counter()
                next_total = stop + (stop - start) / _MAX_OF_TIME

    def end(self) -> None:
        self._ended.set()
        self.join()

    def _see(self, pid: int) -> None:
        status = _fields(f"/proc/{pid}/status")
        peak = _bytes(status.get("VmHWM"))
        if status.get("Name", "").startswith("python"):
            self._python_peak = max(self._python_peak, peak)
        else:
            self._other_peak = max(self._other_peak, peak)


def _members(session: int) -> list[int]:
    members = []
    for name in os.listdir("/proc"):
        if name.isdigit():
            with suppress(ProcessLookupError):
                if os.getsid(int(name)) == session:
                    members.append(int(name))
    return members


def _proportional_size(pid: int) -> int:
    return _bytes(_fields(f"/proc/{pid}/smaps_rollup").get("Pss"))


def _fields(path: str) -> dict[str, str]:
    """Read ``Name: value`` lines; nothing if the process has ended."""
    try:
        with open(path, encoding="utf-8", errors="replace") as lines:
            split = (line.partition(":") for line in lines)
            return {name: value.strip() for name, colon, value in split if colon}
    except OSError:
        return {}


def _bytes(value: str | None) -> int:
    return int(value.removesuffix(" kB")) * 1024 if value else 0


def _stop(process: subprocess.Popen[bytes]) -> None:
    for pid in _members(process.pid):
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGTERM)
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()
