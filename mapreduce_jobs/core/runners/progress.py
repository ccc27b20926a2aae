"""Progress of a running job on a terminal."""

import re
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

__all__ = ["LoggedCounters", "Pace", "Progress", "phase_of", "progress", "status_of", "words_of"]

_INTERVAL = 0.5  # seconds between two looks, each of which takes a millisecond from the job
_WINDOW = 20  # looks that a rate is measured over
_BAR = 20  # columns
_BYTES_READ = "read %d bytes"


@dataclass(frozen=True)
class Progress:
    """How far a job is.

    Attributes
    ----------
    phase : str
        What it is doing.
    read, failed : int
        Items read so far, and those of them that failed.
    total : int or None
        How many there are, where it is known.
    share : float or None
        How much of its input it has read, 0 to 1, where that is known and `total` is not.
    is_reading : bool
        Whether it is at its input; else `total` and `share` say nothing of what is left.
    """

    phase: str
    read: int = 0
    failed: int = 0
    total: int | None = None
    share: float | None = None
    is_reading: bool = True

    @property
    def done(self) -> float | None:
        """How much of its input the job has read, 0 to 1; None where that is not known."""
        if not self.is_reading:
            return None
        return min(1.0, self.read / self.total) if self.total else self.share


def words_of(state: Progress, items: str, rate: float, left: float | None) -> str:
    """Return what is shown of a job, beside its phase and the bar.

    Parameters
    ----------
    state : Progress
        How far it is.
    items : str
        What its items are called, in the plural; empty if it has none.
    rate : float
        Items a second.
    left : float or None
        Seconds until the input is read, where that is known.

    Examples
    --------
    >>> words_of(Progress("map", 120, 2, 300), "images", 60.0, 3.0)
    '120/300 images, 60 images/s, 2 failed, 0:00:03 left'
    >>> words_of(Progress("map", 12_000, share=0.45), "rows", 5_000.0, None)
    '12,000 rows, 5,000 rows/s, 45 %'
    >>> words_of(Progress("reduce", is_reading=False), "", 0.0, None)
    ''
    """
    words = []
    if items and (state.read or state.total):
        of = f"/{state.total:,}" if state.total else ""
        words.append(f"{state.read:,}{of} {items}")
        if rate and state.is_reading:
            words.append(f"{rate:,.0f} {items}/s" if rate >= 10 else f"{rate:.1f} {items}/s")
    if state.failed:
        words.append(f"{state.failed:,} failed")
    if state.is_reading and not state.total and state.share is not None:
        words.append(f"{min(1.0, state.share):.0%}".replace("%", " %"))
    if left is not None:
        words.append(f"{timedelta(seconds=round(left))} left")
    return ", ".join(words)


def phase_of(step: int, steps: int, phase: str) -> str:
    """Return what a job is doing in one of its steps, the first of which is 1.

    >>> phase_of(1, 1, "map"), phase_of(2, 4, "reduce")
    ('map', 'step 2 of 4, reduce')
    """
    return phase if steps == 1 else f"step {step} of {steps}, {phase}"


class Pace:
    """How fast something grows, over the last looks at it."""

    def __init__(self) -> None:
        self._looks: deque[tuple[float, float]] = deque(maxlen=_WINDOW)

    def at(self, seconds: float, value: float) -> float:
        """Take in a value, and return how much it grows a second.

        >>> pace = Pace()
        >>> pace.at(0.0, 0), pace.at(2.0, 100), pace.at(4.0, 300)
        (0.0, 50.0, 75.0)
        """
        if self._looks and value < self._looks[-1][1]:
            self._looks.clear()  # another step
        self._looks.append((seconds, value))
        then, before = self._looks[0]
        return (value - before) / (seconds - then) if seconds > then else 0.0


@contextmanager
def progress(runner: Any, enabled: bool) -> Iterator[None]:
    """Show how far a job is while the block runs.

    Parameters
    ----------
    runner : runner of this project
        It reports its progress by the function that its `follow` returns, and its `items`.
    enabled : bool
        Whether to show anything.
    """
    if not enabled:
        yield
        return
    import sys

    import rich.progress as rich
    from rich.console import Console

    columns = (
        rich.TextColumn("{task.description}"),
        rich.BarColumn(_BAR),
        rich.TextColumn("{task.fields[words]}"),
    )
    ended = threading.Event()
    # A task that runs in this process puts its log in the place of sys.stderr: it is named here.
    # One thread looks and draws, as seldom as is of use, since the job may need the processor.
    with rich.Progress(
        *columns,
        console=Console(file=sys.stderr),
        transient=True,
        auto_refresh=False,
        redirect_stdout=False,
        redirect_stderr=False,
    ) as display:
        bar = display.add_task("listing the input", total=None, words="")

        def follow() -> None:
            now = runner.follow()
            reading, going = Pace(), Pace()
            while not ended.wait(_INTERVAL):
                state = now()
                seconds = time.monotonic()
                rate = reading.at(seconds, state.read)
                done = state.done
                speed = 0.0 if done is None else going.at(seconds, done)
                left = (1 - done) / speed if done is not None and done < 1 and speed else None
                display.update(
                    bar,
                    description=state.phase,
                    completed=done or 0,
                    total=None if done is None else 1,
                    words=words_of(state, runner.items, rate, left),
                    refresh=True,
                )

        thread = threading.Thread(target=follow, daemon=True)
        thread.start()
        try:
            yield
        finally:
            ended.set()
            thread.join()


def status_of(read: int) -> str:
    """Return the status by which a task reports how many bytes of its input it has read."""
    return _BYTES_READ % read


class LoggedCounters:
    """Adds up what tasks say in their growing log files, reading each byte once.

    Parameters
    ----------
    paths : callable
        Returns the paths of the log files there are.
    items : str
        The group of their counters.
    """

    def __init__(self, paths: Callable[[], list[str]], items: str) -> None:
        self._paths = paths
        status = re.escape(_BYTES_READ).replace("%d", r"(\d+)")
        self._said = re.compile(
            rf"^reporter:(?:counter:{re.escape(items)},(read|failed),(\d+)|status:{status})$".encode(),
            re.MULTILINE,
        )
        self._positions: dict[str, int] = {}
        self._totals: Counter[bytes] = Counter()
        self._bytes: dict[str, int] = {}

    def now(self) -> tuple[int, int, int]:
        """Return the numbers of items read and failed, and of bytes read, so far."""
        for path in self._paths():
            try:
                with open(path, "rb") as log:
                    log.seek(self._positions.get(path, 0))
                    new = log.read()
            except OSError:
                continue  # the job has just ended and its directory is gone
            whole = new[: new.rfind(b"\n") + 1]
            self._positions[path] = self._positions.get(path, 0) + len(whole)
            for counter, amount, read in self._said.findall(whole):
                if read:
                    self._bytes[path] = int(read)
                else:
                    self._totals[counter] += int(amount)
        return self._totals[b"read"], self._totals[b"failed"], sum(self._bytes.values())
