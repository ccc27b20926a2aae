"""How far a running job is, on a terminal."""

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

__all__ = ["progress"]

_READ = re.compile(rb"^reporter:counter:images,read,(\d+)$", re.MULTILINE)
_INTERVAL = 0.3  # seconds


@contextmanager
def progress(runner: Any, shown: bool) -> Iterator[None]:
    """Show the number of images done, and the rate, while the block runs.

    Parameters
    ----------
    runner : runner of this project
        Its tasks' counters are read while they run.
    shown : bool
        Whether to show anything.
    """
    if not shown:
        yield
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
    from rich.progress import TimeRemainingColumn as TimeLeft

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]}"),
        TimeLeft(),
    )
    ended = threading.Event()
    with Progress(*columns, console=Console(stderr=True), transient=True) as display:
        bar = display.add_task("images", total=None, rate="")

        def follow() -> None:
            follower = _Counters(runner)
            while not ended.wait(_INTERVAL):
                done = follower.images_read()
                speed = display.tasks[0].speed or 0
                display.update(
                    bar, completed=done, total=runner.images, rate=f"{speed:.0f} images/s"
                )

        thread = threading.Thread(target=follow, daemon=True)
        thread.start()
        try:
            yield
        finally:
            ended.set()
            thread.join()


class _Counters:
    """Adds up a counter in the growing log files of the tasks, reading each byte once."""

    def __init__(self, runner: Any) -> None:
        self._runner = runner
        self._positions: dict[str, int] = {}
        self._total = 0

    def images_read(self) -> int:
        for path in self._runner.task_stderr_paths():
            try:
                with open(path, "rb") as log:
                    log.seek(self._positions.get(path, 0))
                    new = log.read()
            except OSError:
                continue  # the job has just ended and its folder is gone
            whole = new[: new.rfind(b"\n") + 1]
            self._positions[path] = self._positions.get(path, 0) + len(whole)
            self._total += sum(int(number) for number in _READ.findall(whole))
        return self._total
