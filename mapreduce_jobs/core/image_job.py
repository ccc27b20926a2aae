"""The base of every job that measures images."""

import json
import os
import posixpath
import sys
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from mrjob.step import MRStep

from hdfs_tools.errors import HdfsToolsError
from mapreduce_jobs.core.errors import ImageFailed, words_of
from mapreduce_jobs.core.inputs import deal_images
from mapreduce_jobs.core.job import Job
from mapreduce_jobs.core.memory import keep_freed_memory
from mapreduce_jobs.core.protocols import RecordLineProtocol
from mapreduce_jobs.core.reading import Item, noted, read_ahead
from mapreduce_jobs.core.splits import TaskFiles, record_lines
from mapreduce_jobs.imaging import MAX_PIXELS

if TYPE_CHECKING:  # the libraries behind it are for map tasks, not for --help
    from mapreduce_jobs.imaging.image import Image

__all__ = ["ImageJob", "Totals"]

Totals = dict[str, Any]
"""What is known of one image or of many: numbers, strings and lists, as JSON has them."""

_COUNTER_INTERVAL = 1.0  # seconds


class ImageJob(Job):
    """A job that measures images, each by itself, and may sum up groups of them.

    A subclass defines `measure` and, to offer ``--group-by``, `merge`; `result` if what is shown
    differs from what is summed up.
    """

    INPUT_PROTOCOL = RecordLineProtocol

    done = "measured"
    """The counter of images that went well in the mapper."""

    def measure(self, image: "Image") -> Totals:
        """Return what is to be known of one image; an exception makes an error record."""
        raise NotImplementedError

    def merge(self, one: Totals, other: Totals) -> Totals:
        """Return what is known of two sets of images together.

        It must be exact, associative and commutative, so that the order cannot show.
        """
        raise NotImplementedError

    def result(self, totals: Totals) -> Totals:
        """Return what the job prints of an image or a group."""
        return totals

    # Options

    def configure_args(self) -> None:
        """Add the options of every image job."""
        super().configure_args()
        self.add_passthru_arg(
            "--on-error",
            choices=("record", "skip", "fail"),
            default="record",
            help="for an image that fails: write an error record (the default), only count it, or"
            " stop the job",
        )
        self.add_passthru_arg(
            "--max-pixels",
            type=int,
            default=MAX_PIXELS,
            metavar="N",
            help="do not decode an image of more pixels, all frames together"
            " (default: %(default)s)",
        )
        if self._can_merge():
            self.add_passthru_arg(
                "--group-by",
                choices=("image", "folder", "all"),
                default="image",
                help="one result an image (the default), a folder, or in all",
            )

    def load_args(self, args: list[str]) -> None:
        """Check the options."""
        super().load_args(args)
        if self.options.max_pixels < 1:
            self.arg_parser.error("--max-pixels: must be 1 or more")
        self._group_by = self.options.group_by if self._can_merge() else "image"
        self._counters: Counter[str] = Counter()
        self._logged: set[str] = set()
        self._counted_at = 0.0

    def _can_merge(self) -> bool:
        return type(self).merge is not ImageJob.merge

    def steps(self) -> list[MRStep]:
        """One step: map only where every image is by itself."""
        if self._group_by == "image":
            return [self.map_step()]
        return [self.map_step(combiner=self.combiner, reducer=self.reducer)]

    def map_step(self, **others: Any) -> MRStep:
        """Return the step of the mapper, with the combiner and the reducer that are given."""
        return MRStep(
            mapper_init=self.mapper_init,
            mapper=self.mapper,
            mapper_final=self.mapper_final,
            **others,
        )

    # Tasks

    def mapper_init(self) -> None:
        """Keep to one core, since the others have tasks of their own, and keep memory."""
        import cv2

        cv2.setNumThreads(1)
        keep_freed_memory()

    def map_pairs(self, pairs: Iterable[tuple[Any, Any]], step_num: int = 0) -> Any:
        """Run the mapper; what lies on HDFS is read ahead of it, what it is at is written down."""
        if not step_num:
            pairs = noted(read_ahead(pairs))
        return super().map_pairs(pairs, step_num)

    def mapper(self, name: str, item: Item) -> Iterator[tuple[str, Any]]:
        """Do what is to be done with one image."""
        self.count("read")
        try:
            key, value = self.outcome(name, item.read())
        except Exception as error:
            yield from self.failed(name, error)
            return
        self.count(self.done)
        yield key, value

    def outcome(self, name: str, data: bytes) -> tuple[str, Any]:
        """Return the key and the value that an image gives; an exception makes an error record."""
        from mapreduce_jobs.imaging.decode import decode

        totals = self.measure(decode(data, self.options.max_pixels))
        if self._group_by == "image":
            totals = self.result(totals)
        json.dumps(totals, allow_nan=False)  # what cannot be written is this image's error
        return self._group(name), totals

    def mapper_final(self) -> None:
        """Report the counters that are left."""
        self.report_counters()

    def combiner(self, group: str, values: Iterable[Totals]) -> Iterator[tuple[str, Totals]]:
        """Merge what one task knows of a group."""
        merged: Totals | None = None
        for value in values:
            if "error" in value:
                yield group, value
            else:
                merged = value if merged is None else self.merge(merged, value)
        if merged is not None:
            yield group, merged

    def reducer(self, group: str, values: Iterable[Totals]) -> Iterator[tuple[str, Totals]]:
        """Merge what is known of a group; error records pass through."""
        for key, value in self.combiner(group, values):
            yield key, value if "error" in value else self.result(value)

    def _group(self, name: str) -> str:
        if self._group_by == "folder":
            return posixpath.dirname(name) or "."
        return name if self._group_by == "image" else "all"

    # The bad-image policy

    def failed(self, name: str, error: Exception) -> Iterator[tuple[str, Totals]]:
        """Do with an image that failed what ``--on-error`` says."""
        from mapreduce_jobs.imaging.errors import ImagingError

        kind, message = words_of(error)
        if not isinstance(error, ImagingError | HdfsToolsError | OSError):
            if kind not in self._logged:  # one of a kind is enough to find the mistake
                self.log_traceback(name)
            self._logged.add(kind)
        self.count("failed")
        self.count(f"failed: {kind}")
        if self.options.on_error == "fail":
            self.report_counters()
            raise ImageFailed(f"{name}: {kind}: {message}") from error
        if self.options.on_error == "record":
            yield name, {"error": kind, "message": message}

    # Counters

    def count(self, counter: str, amount: int = 1) -> None:
        """Add to a counter of the group ``images``."""
        self._counters[counter] += amount
        if time.monotonic() - self._counted_at > _COUNTER_INTERVAL:
            self.report_counters()

    def report_counters(self) -> None:
        """Hand the counters to mrjob, which writes a line each."""
        for counter, amount in self._counters.items():
            self.increment_counter("images", counter, amount)
        self._counters.clear()
        self._counted_at = time.monotonic()

    def finished(self, runner: Any) -> None:
        """Say how many images failed, and how; exit status 1 if the results hold failures."""
        images = runner.counters()[0].get("images", {})
        failed = images.get("failed", 0)
        if not images.get("read"):
            self.say("no images in the input")
        if not failed:
            return
        kinds = {name.removeprefix("failed: ") for name in images if name.startswith("failed: ")}
        traceback = None if kinds <= _expected_kinds() else runner.first_traceback()
        if traceback is not None:
            self.say(f"An error in the job itself, the first of its kind at {traceback}")
        each = ", ".join(f"{images[f'failed: {kind}']} {kind}" for kind in sorted(kinds))
        self.say(f"{failed} of {images['read']} images failed: {each}")
        if self.options.on_error == "record":
            sys.exit(1)

    # Input

    def deal(self, inputs: list[str], stdin: Iterable[bytes], files: TaskFiles) -> int | None:
        """Deal images to map tasks."""
        return deal_images(inputs, stdin, files)

    def task_lines(self, spans: bool) -> Iterator[bytes]:
        """Iterate over the record lines of a map task."""
        folder = os.path.dirname(os.environ.get("mapreduce_map_input_file", ""))
        return record_lines(self.stdin, folder or os.getcwd(), spans)


def _expected_kinds() -> set[str]:
    """Return the names of the errors that an image may have without a mistake in the job."""
    from mapreduce_jobs.imaging.errors import ImagingError

    found: list[type] = [ImagingError, HdfsToolsError, OSError]
    for kind in found:
        found += kind.__subclasses__()
    return {kind.__name__ for kind in found}
