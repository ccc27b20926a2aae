"""The base of every job that measures images."""

import os
import posixpath
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from mapreduce_jobs.core.inputs.assignment import assign_images
from mapreduce_jobs.core.inputs.image_reader import Item, noted, read_ahead
from mapreduce_jobs.core.inputs.selection import GROUPS, group_of, selected
from mapreduce_jobs.core.inputs.splits import record_lines
from mapreduce_jobs.core.inputs.task_files import TaskFiles
from mapreduce_jobs.core.jobs.item_job import ItemJob, Totals
from mapreduce_jobs.core.options.image_options import add_options, check_options, condition_of
from mapreduce_jobs.core.results.plain_values import plain_fields
from mapreduce_jobs.core.results.protocols import RecordLineProtocol
from mapreduce_jobs.core.runners.memory import keep_freed_memory
from mapreduce_jobs.core.runners.mrjob_compat import MRStep

if TYPE_CHECKING:  # the libraries behind it are for map tasks, not for --help
    from mapreduce_jobs.imaging.decode import Decoded
    from mapreduce_jobs.imaging.dicom.header import Beginning
    from mapreduce_jobs.imaging.dicom.where import Where
    from mapreduce_jobs.imaging.image import Image

__all__ = ["ImageJob", "Totals"]


class ImageJob(ItemJob):
    """A job that measures images, each by itself, and may sum up groups of them.

    A subclass defines `measure` and, to offer ``--group-by``, `merge`; `result` if what is shown
    differs from what is summed up.
    """

    INPUT_PROTOCOL = RecordLineProtocol

    items = "images"
    task_modules = ("mapreduce_jobs.imaging.decode",)

    done = "measured"
    """The counter of images that went well in the mapper."""

    reads_pixels = True
    """Whether it decodes images; else it reads their headers alone."""

    notes_images = True
    """Whether a task on a cluster writes into its logs which image it is at."""

    def measure(self, image: "Image") -> Totals:
        """Return what is to be known of one image; an exception makes an error record."""
        raise NotImplementedError

    # Options

    def configure_args(self) -> None:
        """Add the options of every image job."""
        super().configure_args()
        add_options(self.add_passthru_arg, self.reads_pixels, self._can_merge())

    def load_args(self, args: list[str]) -> None:
        """Check the options."""
        super().load_args(args)
        check_options(self.options, self.reads_pixels)
        if not self.is_task():
            self._where()  # what is wrong with it is best said now
        self._group_by = self.options.group_by if self._can_merge() else "image"

    def _where(self) -> "Where | None":
        text = self.options.where
        return None if text is None else condition_of(text)

    def _can_merge(self) -> bool:
        return type(self).merge is not ItemJob.merge

    def why_not_incremental(self) -> str | None:
        """Return why the results of images cannot: there is nothing to merge."""
        if self._group_by != "image" or not self._can_merge():
            return None
        return (
            "results of images by themselves are not merged, put them together as they are; goes"
            " with --group-by folder, all, …"
        )

    def steps(self) -> list[MRStep]:
        """One step: map only where every image is by itself."""
        if self._group_by == "image":
            return [self.map_step()]
        return [self.map_step(combiner=self.combiner, reducer=self.reducer)]

    def map_step(self, **others: Any) -> MRStep:
        """Return the step of the mapper, with the given combiner and reducer."""
        return MRStep(
            mapper_init=self.mapper_init,
            mapper=self.mapper,
            mapper_final=self.mapper_final,
            **others,
        )

    # Tasks

    def mapper_init(self) -> None:
        """Keep to one core, since the others have tasks of their own, and keep memory."""
        if self.reads_pixels:
            import cv2

            cv2.setNumThreads(1)
        keep_freed_memory()

    def map_pairs(self, pairs: Iterable[tuple[Any, Any]], step_num: int = 0) -> Any:
        """Run the mapper on the images that are meant.

        What lies on HDFS is read ahead of it, what it is at is written down.
        """
        if not step_num:
            items: Iterator[tuple[str, Item]] = ((name, Item(source)) for name, source in pairs)
            items = self._ahead(items)
            pairs = noted(items) if self.notes_images else items
        return super().map_pairs(pairs, step_num)

    def _ahead(self, items: Iterator[tuple[str, Item]]) -> Iterator[tuple[str, Item]]:
        """Read images ahead: first their headers, if these decide which images are meant."""
        where = self._where()
        headers_first = where is not None or not self.reads_pixels
        items = read_ahead(items, headers_first)
        if not headers_first and self._group_by not in GROUPS:
            return items
        # Of what is decoded all elements: the decoder goes on from them.
        keywords = None if self.reads_pixels else self.keywords()
        if keywords is not None and where is not None:
            keywords += where.keywords
        items = selected(items, where, keywords, self._exclude)
        return read_ahead(items) if headers_first and self.reads_pixels else items

    def keywords(self) -> tuple[str, ...] | None:
        """Return which elements a job of headers needs, beside those of ``--where``; None: all."""
        return None

    def _exclude(self) -> None:
        self.count("read")
        self.count("excluded")

    def mapper(self, name: str, item: Item) -> Iterator[tuple[Any, Any]]:
        """Do what is to be done with one image."""
        self.count("read")
        try:
            pairs = list(self.outcome(name, item))
        except Exception as error:
            yield from self.failed_image(name, item, error)
            return
        self.count(self.done)
        yield from pairs

    def outcome(self, name: str, item: Item) -> Iterable[tuple[Any, Any]]:
        """Return the keys and values that an image gives; an exception makes an error record.

        By default the measure of the image, under the group that it belongs to.
        """
        totals = self.measure(self.decode(item.read(), item.beginning).image)
        is_alone = self._group_by == "image"
        # What cannot be written is this image's error.
        value = self.plain_result(totals) if is_alone else plain_fields(totals)
        return [(self._group(name, item), value)]

    def failed_image(self, name: str, item: Item, error: Exception) -> Iterable[tuple[Any, Any]]:
        """Return the keys and values that an image gives which failed."""
        return self.failed(name, error)

    def decode(self, data: bytes, beginning: "Beginning | None" = None) -> "Decoded":
        """Decode an image as ``--values``, ``--window`` and ``--max-pixels`` say."""
        from mapreduce_jobs.imaging.decode import decode_file

        options = self.options
        window = options.window or 1
        return decode_file(data, options.max_pixels, options.values, window, beginning)

    def mapper_final(self) -> None:
        """Report the counters that are left."""
        self.report_counters()

    def _group(self, name: str, item: Item) -> str | None:
        if self._group_by == "image":
            return name
        if self._group_by == "folder":
            return posixpath.dirname(name) or "."
        return group_of(item.header, GROUPS[self._group_by]) if self._group_by in GROUPS else "all"

    def expected(self) -> tuple[type[Exception], ...]:
        """Return the roots of the errors that an image may have without a mistake in the job."""
        from mapreduce_jobs.imaging.errors import ImagingError

        return (ImagingError, *super().expected())

    def finished(self, runner: Any) -> None:
        """Say how many images were left out, and how many failed."""
        images = runner.counters()[0].get("images", {})
        if images.get("excluded"):
            self.say(f"{images['excluded']} of {images['read']} images excluded by --where")
        super().finished(runner)

    # Input

    def assign(self, inputs: list[str], stdin: Iterable[bytes], files: TaskFiles) -> None:
        """Assign images to map tasks."""
        assign_images(inputs, stdin, files)

    def task_lines(self, spans: bool) -> Iterator[bytes]:
        """Iterate over the record lines of a map task."""
        directory = os.path.dirname(os.environ.get("mapreduce_map_input_file", ""))
        return record_lines(self.stdin, directory or os.getcwd(), spans)
