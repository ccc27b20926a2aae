"""TIFF 6.0 and BigTIFF: written anew from the tags that show the image.

What a tag does not point to is not copied, so that nothing is left that was only unlinked.
"""

import sys
from collections.abc import Callable

from mapreduce_jobs.imaging.errors import DecodeError, Unsupported
from mapreduce_jobs.imaging.formats import tiff_pages
from mapreduce_jobs.privacy.metadata import jp2_metadata, jpeg_metadata
from mapreduce_jobs.privacy.metadata.tiff_directories import (
    JPEG,
    JPEG_TABLES,
    LONG,
    LONG8,
    STRIPS,
    SUBDIRECTORIES,
    Directory,
    Part,
    Reader,
    Value,
)

__all__ = ["strip"]

# Streams within strips and tiles, by compression.
_STREAMS: dict[int, Callable[[bytes], tuple[bytes, list[str]]]] = {
    JPEG: jpeg_metadata.strip_stream,
    33003: jp2_metadata.strip_stream,
    33005: jp2_metadata.strip_stream,
    34712: jp2_metadata.strip_stream,
}


def strip(data: bytes) -> tuple[bytes, list[str]]:
    """Return a TIFF without the tags that do not show its image, and their names.

    Pages, strips and tiles stay as they are, in their order; of JPEG and JPEG 2000 within them
    comments and application segments go.

    Raises
    ------
    Truncated, CorruptImage
        It is not a whole TIFF.
    Unsupported
        It has JPEG of the old kind (TIFF 6.0), whose parts lie anywhere; or its description says
        which pages are its image, such as that one stands for a stack.
    """
    reader = Reader(data)
    pages = reader.pages()
    written = _Writer(reader).written(pages)
    frames = _frames(data)
    if frames and _frames(written) != frames:
        raise Unsupported("its description says where its images are, and is to be removed")
    return written, reader.removed


def _frames(data: bytes) -> int:
    """Return how many frames it has; 0 if none can be read."""
    try:
        return len(tiff_pages.frames(data, sys.maxsize))
    except DecodeError:
        return 0


class _Writer:
    def __init__(self, reader: Reader) -> None:
        self._form, self._data, self._removed = reader.form, reader.data, reader.removed
        self._file = bytearray()
        self._written: dict[Part, tuple[int, int]] = {}

    def written(self, pages: list[Directory]) -> bytes:
        """Return the file."""
        form = self._form
        link = form.header - form.width
        self._file += self._data[:link] + bytes(form.width)
        for page in pages:
            start, following = self._directory(page)
            self._file[link : link + form.width] = form.pack(form.offset, start)
            link = following
        return bytes(self._file)

    def _directory(self, directory: Directory) -> tuple[int, int]:
        """Write what belongs to a directory, then itself; return its offset, and its link's."""
        form = self._form
        values = dict(directory.values)
        if JPEG_TABLES in values:
            values[JPEG_TABLES] = self._tables(values[JPEG_TABLES])
        for tag, parts in directory.parts.items():
            parts_written = [self._part(part) for part in parts]
            values[tag] = self._offsets([offset for offset, _ in parts_written])
            values[STRIPS[tag]] = self._offsets([length for _, length in parts_written])
        inner = [self._directory(one)[0] for one in directory.subdirectories]
        if inner:
            values[SUBDIRECTORIES] = self._offsets(inner)
        entries = [
            form.pack("HH", tag, value.kind)
            + form.pack(form.offset, value.number)
            + self._inline(value.data)
            for tag, value in sorted(values.items())
        ]
        start = self._append(form.pack(form.entries, len(entries)) + b"".join(entries))
        link = len(self._file)
        self._file += bytes(form.width)
        return start, link

    def _append(self, block: bytes) -> int:
        self._file += bytes(-len(self._file) % 2)
        start = len(self._file)
        self._file += block
        return start

    def _inline(self, data: bytes) -> bytes:
        """Return what an entry has in place of a value: the value itself, or where it is."""
        form = self._form
        if len(data) <= form.width:
            return data.ljust(form.width, b"\0")
        return form.pack(form.offset, self._append(data))

    def _offsets(self, numbers: list[int]) -> Value:
        form = self._form
        kind = LONG if form.offset == "I" else LONG8
        if numbers and max(numbers) >> 8 * form.width:
            raise Unsupported("it would be too large for a TIFF that is no BigTIFF")
        return Value(kind, len(numbers), form.pack(f"{len(numbers)}{form.offset}", *numbers))

    def _part(self, part: Part) -> tuple[int, int]:
        """Return where a strip or tile is written, and its length."""
        if part not in self._written:
            content = self._data[part.start : part.start + part.length]
            clean = _STREAMS.get(part.compression)
            if clean and content:
                content, names = clean(content)
                self._removed += names
            self._written[part] = (self._append(content) if content else 0, len(content))
        return self._written[part]

    def _tables(self, value: Value) -> Value:
        content, names = jpeg_metadata.strip_stream(value.data)
        self._removed += names
        return Value(value.kind, len(content), content)
