"""The input files of the map tasks, and what is noted of a job's input while they are written."""

import heapq
import os
from collections.abc import Iterable
from contextlib import ExitStack
from dataclasses import replace
from typing import Self

from hdfs_tools.bundles.compressed import is_compressed
from mapreduce_jobs.core.inputs.input_files import InputFile, check_unchanged
from mapreduce_jobs.core.inputs.splits import Span, spans_of

__all__ = ["TaskFiles"]

_TASK_BYTES = 128 << 20  # what a task gets where nobody says how many there are: HDFS's block
_MIN_TASKS = 2  # then, as Hadoop's own default
_MAX_TASKS = 999


class TaskFiles:
    """The input files of the map tasks; each line goes to the task that has least to do so far.

    Neighbours so go to different tasks, and a collection whose images are small here and large
    there is spread evenly, without its lines ever being held in memory.

    Parameters
    ----------
    directory : str
        Where the files are written.
    count : int or None
        Number of tasks, at least 1; None for one in 128 MiB of work, and two at least.

    Attributes
    ----------
    images : int or None
        How many images there are; None where bundles hold an unknown number.
    texts : list of str
        Absolute paths, or URIs of HDFS, of the texts and tables.
    """

    def __init__(self, directory: str, count: int | None) -> None:
        self.directory = directory
        self.count = count
        self.images: int | None = 0
        self.texts: list[str] = []
        self._noted: list[InputFile] = []
        self._size: int | None = 0
        self._paths: list[str] = []
        self._lines = open(os.path.join(directory, "lines"), "w+b")  # noqa: SIM115
        self._weight = 0

    # What is noted

    @property
    def size(self) -> int | None:
        """How many bytes tasks will read of it; None where they cannot be told apart.

        That is so of images that lie in files of their own, and of what is compressed.
        """
        return self._size or None

    def note(self, file: InputFile) -> None:
        """Note a file of which tasks read a part, or Hadoop does."""
        self._noted.append(file)

    def check_unchanged(self) -> None:
        """Raise `JobError` if one of these files is not what it was."""
        check_unchanged(self._noted)

    def _count(self, size: int | None) -> None:
        self._size = None if self._size is None or size is None else self._size + size

    # What is assigned

    def add(self, line: bytes, weight: int) -> None:
        """Assign a line that stands for `weight` bytes of work."""
        self._weight += weight
        self._lines.write(b"%d %b" % (weight, line))

    def add_image(self, line: bytes, weight: int) -> None:
        """Assign an image in a file of its own."""
        if self.images is not None:
            self.images += 1
        self._count(None)
        self.add(line, weight)

    def add_span(self, span: Span) -> None:
        """Assign record lines of a file."""
        self.images = None
        self._count(span.length)
        self.add(span.line(), span.length)

    def add_records(self, file: InputFile) -> None:
        """Assign a file of record lines, in spans."""
        self.note(file)
        if file.size:
            self.images = None
            self._count(None if is_compressed(file.location) else file.size)
            self._assign_records(file)

    def add_text(self, file: InputFile) -> None:
        """Assign a text, in spans."""
        self._add_text(file)
        if file.size:  # to Hadoop, an empty .gz is a broken one
            self._assign_text(file)

    def add_table(self, file: InputFile, spans: Iterable[Span]) -> None:
        """Assign spans of a table, which nobody but tasks may read."""
        self._add_text(file)
        location = self._within_reach(file.location)
        for span in spans:
            self.add(replace(span, location=location).line(), span.length)

    def _add_text(self, file: InputFile) -> None:
        self.note(file)
        self.images = None
        self._count(None if is_compressed(file.location) else file.size)
        self.texts.append(file.location)

    def _assign_records(self, file: InputFile) -> None:
        for span in spans_of(file.location, file.size, self.count or 1):
            self.add(span.line(), span.length)

    def _assign_text(self, file: InputFile) -> None:
        self._assign_records(file)

    def _within_reach(self, location: str) -> str:
        """Return where tasks will find a file."""
        return location

    # The files

    def new_file(self) -> str:
        """Return the path of a file in the directory that is not there yet."""
        return os.path.join(self.directory, f"spooled-{len(os.listdir(self.directory))}")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        with self._lines:
            count = self.count
            if count is None:
                count = max(_MIN_TASKS, min(_MAX_TASKS, -(-self._weight // _TASK_BYTES)))
            self._assign(count)
        os.unlink(self._lines.name)

    def _assign(self, count: int) -> None:
        paths = [os.path.join(self.directory, f"task-{number:05d}") for number in range(count)]
        load = [(0, number) for number in range(count)]
        self._lines.seek(0)
        with ExitStack() as stack:
            files = [stack.enter_context(open(path, "wb")) for path in paths]
            for assigned in self._lines:
                weight, _, line = assigned.partition(b" ")
                least, number = load[0]
                heapq.heapreplace(load, (least + int(weight), number))
                files[number].write(line)
        self._paths = paths

    def paths(self) -> list[str]:
        """Return the paths of the files that got lines, once closed; one empty if none did."""
        filled = [path for path in self._paths if os.path.getsize(path)]
        return filled or self._paths[:1]
