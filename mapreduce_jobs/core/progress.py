"""How far a running job is, on a terminal."""

import re
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

__all__ = ["LoggedCounters", "Progress", "progress"]

_COUNTER = re.compile(rb"^reporter:counter:images,(read|failed),(\d+)$", re.MULTILINE)
_INTERVAL = 0.3  # seconds


@dataclass(frozen=True)
class Progress:
    """How far a job is.

    Attributes
    ----------
    read, failed : int
        Images read so far, and those of them that failed.
    images : int or None
        How many there are, where it is known.
    phase : str
        What the job is doing, where that is more than reading images.
    """

    read: int
    failed: int
    images: int | None
    phase: str = ""


@contextmanager
def progress(runner: Any, shown: bool) -> Iterator[None]:
    """Show the number of images done and failed, and the rate, while the block runs.

    Parameters
    ----------
    runner : runner of this project
        It tells how far it is by the function that its `follow` returns.
    shown : bool
        Whether to show anything.
    """
    if not shown:
        yield
        return
    import rich.progress as rich
    from rich.console import Console

    columns = (
        rich.TextColumn("{task.description}"),
        rich.BarColumn(),
        rich.MofNCompleteColumn(),
        rich.TextColumn("{task.fields[rate]}{task.fields[failed]}"),
        rich.TimeRemainingColumn(),
    )
    ended = threading.Event()
    with rich.Progress(*columns, console=Console(stderr=True), transient=True) as display:
        bar = display.add_task("images", total=None, rate="", failed="")

        def follow() -> None:
            now = runner.follow()
            while not ended.wait(_INTERVAL):
                state = now()
                display.update(
                    bar,
                    description=" ".join(["images", state.phase]).strip(),
                    completed=state.read,
                    total=state.images,
                    rate=f"{display.tasks[0].speed or 0:.0f} images/s",
                    failed=f", {state.failed} failed" if state.failed else "",
                )

        thread = threading.Thread(target=follow, daemon=True)
        thread.start()
        try:
            yield
        finally:
            ended.set()
            thread.join()


class LoggedCounters:
    """Adds up counters in the growing log files of tasks, reading each byte once.

    Parameters
    ----------
    paths : callable
        Returns the paths of the log files there are.
    """

    def __init__(self, paths: Callable[[], list[str]]) -> None:
        self._paths = paths
        self._positions: dict[str, int] = {}
        self._totals: Counter[bytes] = Counter()

    def now(self) -> tuple[int, int]:
        """Return the numbers of images read and failed so far."""
        for path in self._paths():
            try:
                with open(path, "rb") as log:
                    log.seek(self._positions.get(path, 0))
                    new = log.read()
            except OSError:
                continue  # the job has just ended and its folder is gone
            whole = new[: new.rfind(b"\n") + 1]
            self._positions[path] = self._positions.get(path, 0) + len(whole)
            for counter, amount in _COUNTER.findall(whole):
                self._totals[counter] += int(amount)
        return self._totals[b"read"], self._totals[b"failed"]
