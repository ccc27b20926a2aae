"""What a job is given: noted while its input is dealt to map tasks."""

import os
from typing import Any

__all__ = ["Given"]

_COMPRESSED = (".gz", ".bz2")


class Given:
    """Hands on what is dealt to map tasks, and takes note of it.

    Parameters
    ----------
    files : TaskFiles
        What takes it; see `mapreduce_jobs.core.splits`.

    Attributes
    ----------
    images : int or None
        How many images there are, where that is known.
    texts : list of str
        Absolute paths, or URIs of HDFS, of the texts and tables.
    """

    def __init__(self, files: Any) -> None:
        self.images: int | None = None
        self.texts: list[str] = []
        self._files = files
        self._size: int | None = 0

    @property
    def size(self) -> int | None:
        """How many bytes tasks will read of it; None where they cannot be told one from another.

        That is so of images that lie in files of their own, and of compressed texts.
        """
        return self._size or None

    def add(self, line: bytes, weight: int) -> None:
        """Deal a line, as `TaskFiles.add`."""
        self._count(weight if line.startswith(b"\t") else None)  # a span, else a reference
        self._files.add(line, weight)

    def add_records(self, location: str, size: int) -> None:
        """Deal a file of record lines, as `TaskFiles.add_records`."""
        self._count(size)
        self._files.add_records(location, size)

    def add_text(self, location: str, size: int) -> None:
        """Deal a text, as `TaskFiles.add_text`."""
        self._count(None if location.endswith(_COMPRESSED) else size)
        self.texts.append(location)
        self._files.add_text(location, size)

    def new_file(self) -> str:
        """Return a path for what can be read only once, as `TaskFiles.new_file`."""
        return os.fspath(self._files.new_file())

    def _count(self, size: int | None) -> None:
        self._size = None if self._size is None or size is None else self._size + size
