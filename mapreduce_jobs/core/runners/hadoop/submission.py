"""One ``hadoop jar``: what it says while it runs, and how it is stopped."""

import re
import signal
import subprocess
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

__all__ = ["FailedAttempt", "Submission"]

_APPLICATION = re.compile(r"\bapplication_\d+_\d{4,}\b")
_JOB = re.compile(r"\bjob_\d+_\d{4,}\b")
_PROGRESS = re.compile(r"\bmap (\d+)% reduce (\d+)%")
_TRACKING = re.compile(r"The url to track the job: (https?://[^/\s]+)/")
_FAILED = re.compile(r"Task Id : (attempt_\w+), Status : (FAILED|KILLED)")
_TASK_FAILED = re.compile(r"Task failed task(_\w+)")
_LOGGED = re.compile(r"\d\d(\d\d)?[-/]\d\d[-/]\d\d \d\d:\d\d:\d\d\S* [A-Z]+ ")  # log4j's prefix
_COUNTERS = re.compile(r"Counters: \d+$")
_COUNTER = re.compile(r"\t\t(.+)=(\d+)$")
_GROUP = re.compile(r"\t([^\t].*)$")
_KEPT_LINES = 400
_PATIENCE = 30  # seconds for a job that is being submitted to get an id, before it is let go


@dataclass
class FailedAttempt:
    """An attempt at a task that failed, and what Hadoop says of it."""

    attempt: str
    words: list[str] = field(default_factory=list)

    @property
    def kind(self) -> str:
        """``map`` or ``reduce``."""
        return "map" if "_m_" in self.attempt else "reduce"


class Submission:
    """A job on its way: the client's process, and what is read from its words.

    Attributes
    ----------
    application, job : str or None
        Ids, as soon as they are known.
    percent : tuple of int
        How far map and reduce are.
    counters : dict
        Counters by group, when the job has ended.
    failures : list of FailedAttempt
        In the order in which they were reported.
    tail : deque of str
        The last lines that the client wrote.
    """

    def __init__(self, command: list[str], environment: dict[str, str]) -> None:
        self.application: str | None = None
        self.job: str | None = None
        self.tracker: str | None = None
        self.percent = (0, 0)
        self.counters: dict[str, dict[str, int]] = {}
        self.failures: list[FailedAttempt] = []
        self.tail: deque[str] = deque(maxlen=_KEPT_LINES)
        self._failed_task: str | None = None
        self._group: dict[str, int] | None = None
        self._in_counters = self._in_failure = False
        # In a session of its own, an interrupt on the terminal reaches us alone: ending the client
        # does not end the job.
        self._process = subprocess.Popen(
            command,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )

    @property
    def cause(self) -> FailedAttempt | None:
        """The last failed attempt at the task that ended the job; None if no task did."""
        if self._failed_task is None:
            return self.failures[-1] if self.failures else None
        prefix = f"attempt{self._failed_task}_"
        attempts = [failure for failure in self.failures if failure.attempt.startswith(prefix)]
        # A job may end before the client hears of the attempt; the first is as good as any.
        return attempts[-1] if attempts else FailedAttempt(f"{prefix}0")

    def wait(self, heard: Callable[[str], None]) -> int:
        """Read what the client says until it ends.

        Parameters
        ----------
        heard : callable
            Called with each line.

        Returns
        -------
        int
            The client's exit status.
        """
        assert self._process.stdout is not None  # noqa: S101
        for raw in self._process.stdout:
            line = raw.decode("utf-8", "replace").rstrip("\r\n")
            self.read(line)
            heard(line)
        self._process.stdout.close()
        return self._process.wait()

    def stop(self, kill: Callable[[str], object]) -> None:
        """End the client and, by calling `kill` with the job's id, the job."""
        assert self._process.stdout is not None  # noqa: S101
        until = time.monotonic() + _PATIENCE
        while self.job is None and self._process.poll() is None and time.monotonic() < until:
            self.read(self._process.stdout.readline().decode("utf-8", "replace").rstrip("\r\n"))
        if self.job is not None and self._process.poll() is None:
            kill(self.job)
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
        self._process.wait()
        self._process.stdout.close()

    def read(self, line: str) -> None:
        """Take in a line of the client's."""
        self.tail.append(line)
        logged = _LOGGED.match(line) is not None
        for name, pattern in (("application", _APPLICATION), ("job", _JOB)):
            found = pattern.search(line)
            if found and getattr(self, name) is None:
                setattr(self, name, found[0])
        if found := _TRACKING.search(line):
            self.tracker = found[1]
        if found := _PROGRESS.search(line):
            self.percent = (int(found[1]), int(found[2]))
        if found := _FAILED.search(line):
            self._in_failure = found[2] == "FAILED"
            if self._in_failure:
                self.failures.append(FailedAttempt(found[1]))
        elif found := _TASK_FAILED.search(line):
            self._failed_task = found[1]
        elif logged:
            self._in_failure = False
        elif self._in_failure and line.strip():
            self.failures[-1].words.append(line.strip())
        self._read_counters(line, logged)

    def _read_counters(self, line: str, logged: bool) -> None:
        if logged:
            self._in_counters = _COUNTERS.search(line) is not None
        elif self._in_counters:
            if found := _COUNTER.match(line):
                if self._group is not None:
                    self._group[found[1]] = int(found[2])
            elif found := _GROUP.match(line):
                self._group = self.counters.setdefault(found[1], {})
