"""The directories of a TIFF or BigTIFF, as far as they show the image."""

import struct
from dataclasses import dataclass, field
from typing import NamedTuple

from mapreduce_jobs.imaging.errors import CorruptImage, Truncated, Unsupported
from mapreduce_jobs.privacy.metadata.exif import PROFILE

__all__ = [
    "JPEG",
    "JPEG_TABLES",
    "LONG",
    "LONG8",
    "STRIPS",
    "SUBDIRECTORIES",
    "Directory",
    "Form",
    "Part",
    "Reader",
    "Value",
]

STRIPS = {273: 279, 324: 325}  # offsets of strips and tiles, and what has their lengths
SUBDIRECTORIES, _COMPRESSION, JPEG_TABLES = 330, 259, 347
_OLD_JPEG, JPEG = 6, 7

_KEPT = {
    *(254, 255, 256, 257, 258, 259, 262, 263, 264, 265, 266),
    *(273, 274, 277, 278, 279, 280, 281, 282, 283, 284, 286, 287, 290, 291, 292, 293),
    *(296, 297, 301, 317, 318, 319, 320, 321, 322, 323, 324, 325, 330, 332, 334, 336),
    *(338, 339, 340, 341, 342, 347, 529, 530, 531, 532),
    *(32997, 32998, 50674),  # depth of the image and of a tile, parameters of LERC
}
_LONG_ONES = {273, 279, 291, 301, 320, 324, 325, 330, 347}  # whose number of values has no limit
_MAX_VALUES = 64  # of all others, or twice the samples of a pixel
_SAMPLES = 277

# Types of values: bytes of one, and struct's letter of those that may be offsets or lengths. Text,
# type 2, is not among them.
_SIZES = {1: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4}
_SIZES |= {16: 8, 17: 8, 18: 8}
_WHOLE = {1: "B", 3: "H", 4: "I", 13: "I", 16: "Q", 18: "Q"}
_BYTES, LONG, LONG8 = 7, 4, 16

_NAMES = {
    269: "DocumentName",
    270: "ImageDescription",
    271: "Make",
    272: "Model",
    285: "PageName",
    305: "Software",
    306: "DateTime",
    315: "Artist",
    316: "HostComputer",
    333: "InkNames",
    337: "TargetPrinter",
    700: "XMP",
    33432: "Copyright",
    33723: "IPTC",
    34377: "Photoshop",
    34665: "EXIF",
    34675: PROFILE,
    34853: "GPS",
}


class Form(NamedTuple):
    """How numbers are written: the order of their bytes, and their sizes as struct has them."""

    order: str
    entries: str  # the number of a directory's entries
    offset: str
    header: int  # bytes

    @property
    def width(self) -> int:
        """Bytes of an offset, and of a value that lies in its entry."""
        return struct.calcsize(self.offset)

    def unpack(self, format: str, data: bytes, position: int) -> int:
        """Return the number at a position."""
        (number,) = struct.unpack_from(self.order + format, data, position)
        return int(number)

    def pack(self, format: str, *numbers: int) -> bytes:
        """Return the bytes of numbers."""
        return struct.pack(self.order + format, *numbers)


class Value(NamedTuple):
    """What an entry of a directory holds: the type and number of values, and their bytes."""

    kind: int
    number: int
    data: bytes


class Part(NamedTuple):
    """A strip or tile: where it is in the file, and how compressed; each is written once."""

    start: int
    length: int
    compression: int


@dataclass
class Directory:
    """A page, or a picture that belongs to one."""

    values: dict[int, Value] = field(default_factory=dict)
    parts: dict[int, list[Part]] = field(default_factory=dict)  # by the tag of their offsets
    subdirectories: list["Directory"] = field(default_factory=list)


class Reader:
    """Reads the directories of a file, and checks that what they point to is there.

    Parameters
    ----------
    data : bytes
        The whole file.

    Attributes
    ----------
    form : Form
    data : bytes
    removed : list of str
        Names of what `pages` has left out.
    """

    def __init__(self, data: bytes) -> None:
        order = "<" if data.startswith(b"II") else ">"
        is_big = b"+" in data[2:4]
        self.form = Form(order, "Q", "Q", 16) if is_big else Form(order, "H", "I", 8)
        self.data = data
        self.removed: list[str] = []
        self._seen: set[int] = set()
        self._parts: set[Part] = set()
        self._used = [(0, self.form.header)]
        self._left = (1 << 24) + 4 * len(data)

    def pages(self) -> list[Directory]:
        """Return the pages.

        Raises
        ------
        Truncated, CorruptImage, Unsupported
            The file is not whole, or has JPEG of the old kind.
        """
        form = self.form
        if form.offset == "Q" and struct.unpack_from(f"{form.order}HH", self.data, 4) != (8, 0):
            raise CorruptImage("its header is not that of a BigTIFF")
        position = form.unpack(form.offset, self.data, form.header - form.width)
        pages = []
        while position:
            page, position = self._directory(position)
            pages.append(page)
        if not pages:
            raise CorruptImage("it has no page")
        if any(any(self.data[start:end]) for start, end in self._gaps()):
            self.removed.append("bytes that no tag holds")
        return pages

    def _directory(self, position: int, is_inner: bool = False) -> tuple[Directory, int]:
        form = self.form
        if position in self._seen:
            raise CorruptImage("its page directories form a ring")
        self._seen.add(position)
        if position >= len(self.data):
            raise Truncated("the file ends before its page directory")
        count = form.unpack(form.entries, self.data, position)
        first = position + struct.calcsize(form.entries)
        size = 4 + 2 * form.width
        end = first + count * size
        self._use(position, end + form.width - position)
        directory = Directory()
        for start in range(first, end, size):
            tag = form.unpack("H", self.data, start)
            is_kept = tag in _KEPT and tag not in directory.values
            if is_kept and not (is_inner and tag == SUBDIRECTORIES):
                value = self._value(tag, start)
                if value is not None:
                    directory.values[tag] = value
                    continue
            self.removed.append(_NAMES.get(tag, f"tag {tag}"))
            self._pass_over(start)
        self._check(directory)
        for offset in self._numbers(directory, SUBDIRECTORIES):
            directory.subdirectories.append(self._directory(offset, is_inner=True)[0])
        return directory, form.unpack(form.offset, self.data, end)

    def _value(self, tag: int, start: int) -> Value | None:
        """Return the value of an entry; None if it is none of numbers."""
        form = self.form
        kind = form.unpack("H", self.data, start + 2)
        count = form.unpack(form.offset, self.data, start + 4)
        if kind not in _SIZES or (kind == _BYTES and tag != JPEG_TABLES):
            return None
        size = count * _SIZES[kind]
        offset = start + 4 + form.width
        if size > form.width:
            offset = form.unpack(form.offset, self.data, offset)
            self._use(offset, size)
        return Value(kind, count, self.data[offset : offset + size])

    def _pass_over(self, start: int) -> None:
        """Note that bytes are an entry's value that is left out."""
        form = self.form
        kind, count = (
            form.unpack("H", self.data, start + 2),
            form.unpack(form.offset, self.data, start + 4),
        )
        size = count * _SIZES.get(kind, 1)
        if size > form.width:
            offset = form.unpack(form.offset, self.data, start + 4 + form.width)
            self._used.append((offset, offset + size))

    def _use(self, start: int, length: int) -> None:
        """Note that bytes are part of the image, and check that they are there."""
        if start + length > len(self.data):
            raise Truncated("the file ends before what its directory points to")
        self._used.append((start, start + length))
        self._left -= length
        if self._left < 0:
            raise CorruptImage("its directories point to the same bytes again and again")

    def _gaps(self) -> list[tuple[int, int]]:
        gaps, position = [], 0
        for start, end in sorted(self._used):
            if start > position:
                gaps.append((position, start))
            position = max(position, end)
        return [*gaps, (position, len(self.data))]

    def _numbers(self, directory: Directory, tag: int) -> list[int]:
        value = directory.values.get(tag)
        if value is None:
            return []
        if value.kind not in _WHOLE:
            raise CorruptImage(f"its tag {tag} has no whole numbers")
        return list(
            struct.unpack(f"{self.form.order}{value.number}{_WHOLE[value.kind]}", value.data)
        )

    def _check(self, directory: Directory) -> None:
        """Check what a directory says, and find its strips or tiles."""
        values = directory.values
        samples = (self._numbers(directory, _SAMPLES) or [1])[0]
        for tag, value in values.items():
            if value.number > max(_MAX_VALUES, 2 * samples) and tag not in _LONG_ONES:
                raise CorruptImage(f"its tag {tag} has {value.number} values")
        compression = (self._numbers(directory, _COMPRESSION) or [1])[0]
        if compression == _OLD_JPEG:
            raise Unsupported("JPEG of the old kind within it")
        if compression != JPEG and JPEG_TABLES in values:
            del values[JPEG_TABLES]
            self.removed.append("JPEGTables")
        for offsets, lengths in STRIPS.items():
            starts = self._numbers(directory, offsets)
            sizes = self._numbers(directory, lengths)
            if len(starts) != len(sizes):
                raise CorruptImage("it does not say where its strips or tiles begin and end")
            for offset, size in zip(starts, sizes, strict=True):
                part = Part(offset if size else 0, size, compression)
                if part not in self._parts:
                    self._use(offset if size else 0, size)
                    self._parts.add(part)
                directory.parts.setdefault(offsets, []).append(part)
        if not directory.parts:
            raise CorruptImage("a page of it has no pixels")
