"""The histogram job with a stopwatch: its counters say where the time of map tasks goes."""

import os
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mapreduce_jobs.core.inputs.image_reader import Item
from mapreduce_jobs.core.jobs.image_job import Totals
from mapreduce_jobs.image_histogram import ImageHistogram

if TYPE_CHECKING:
    from mapreduce_jobs.imaging.image import Image


class TimedHistogram(ImageHistogram):
    """Count, beside the pixels, the milliseconds of each phase of a task."""

    def mapper_init(self) -> None:
        """Import everything, so that it counts as the start."""
        self._milliseconds: defaultdict[str, float] = defaultdict(float)
        self._since = _process_start()
        super().mapper_init()
        import mapreduce_jobs.imaging.decode
        import mapreduce_jobs.imaging.measures.histogram  # noqa: F401

        self.lap("python start")

    def mapper(self, name: str, item: Item) -> Iterator[tuple[str, Totals]]:
        """Measure one image."""
        self.lap("input")
        yield from super().mapper(name, _Timed(**vars(item), lap=self.lap))
        self.lap("output")

    def measure(self, image: "Image") -> Totals:
        """Count the pixels of one image."""
        self.lap("decoding")
        totals = super().measure(image)
        self.lap("measuring")
        return totals

    def mapper_final(self) -> None:
        """Report the counters."""
        self.lap("input")
        self._milliseconds["python processor time"] = 1000 * time.process_time()
        for phase, amount in self._milliseconds.items():
            self.increment_counter("milliseconds", phase, round(amount))
        super().mapper_final()

    def lap(self, phase: str) -> None:
        """Add the time since the last call to a phase."""
        now = time.clock_gettime(time.CLOCK_BOOTTIME)
        self._milliseconds[phase] += 1000 * (now - self._since)
        self._since = now


@dataclass(frozen=True)
class _Timed(Item):
    """An image whose reading is timed."""

    lap: Callable[[str], None] = print

    def read(self) -> bytes:
        data = super().read()
        self.lap("reading")
        return data


def _process_start() -> float:
    """Return when this process began, in seconds since the machine did."""
    with open("/proc/self/stat", encoding="utf-8", errors="replace") as file:
        ticks = int(file.read().rpartition(")")[2].split()[19])
    return ticks / os.sysconf("SC_CLK_TCK")


if __name__ == "__main__":
    TimedHistogram.run()
