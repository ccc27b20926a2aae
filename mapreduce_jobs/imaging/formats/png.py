"""The chunks of a PNG: checked when it is read, added when it is written.

What the formats' own chunks say is taken from them: pHYs has the density. How many bits of a sample
are stored is in a text chunk, and not in sBIT, because sBIT counts from the highest bit: 12 bits of
16 would be 4095 · 16, and a reader that heeds it would shift our 4095 away (ISO 15948, 11.3.3.4).
"""

import struct
import zlib
from collections.abc import Iterator
from typing import NamedTuple

from mapreduce_jobs.imaging.errors import ChecksumMismatch, CorruptImage, Truncated
from mapreduce_jobs.imaging.formats.file_formats import PNG_SIGNATURE
from mapreduce_jobs.imaging.formats.samples import exif_orientation
from mapreduce_jobs.imaging.formats.spacing import (
    METRE,
    Spacing,
    spacing_of_density,
    turned,
    whole_density,
)

__all__ = ["Facts", "check", "check_rows", "chunk", "description", "with_facts"]

_HEADER_END = len(PNG_SIGNATURE) + 12 + 13  # where IHDR, which is always first, ends
_SAMPLES = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}  # of a pixel, by the colour type
# First column, first row, and steps between them, of an interlaced image (ISO 15948, 8.2).
_PASSES = (
    (0, 0, 8, 8),
    (4, 0, 8, 8),
    (0, 4, 4, 8),
    (2, 0, 4, 4),
    (0, 2, 2, 4),
    (1, 0, 2, 2),
    (0, 1, 1, 2),
)
_INFLATED = 1 << 20  # bytes at a time
_BITS = b"BitsStored\0"
_DESCRIPTION = b"Description\0" + b"\0\0" + b"\0" + b"\0"  # not compressed, no language


class Facts(NamedTuple):
    """What the chunks of a PNG say."""

    depth: int
    colour_type: int
    orientation: int
    spacing: Spacing | None
    bits: int


def check(data: bytes) -> Facts:
    """Check the chunks, each by its CRC, and return what they say.

    Raises
    ------
    Truncated, ChecksumMismatch, CorruptImage
        It is not a whole PNG.
    """
    view = memoryview(data)
    said: dict[bytes, bytes] = {}
    position = len(PNG_SIGNATURE)
    while True:
        if position + 12 > len(view):
            raise Truncated("the file ends before its last chunk (IEND)")
        length, kind = struct.unpack_from(">I4s", view, position)
        end = position + 12 + length
        if end > len(view):
            raise Truncated(f"the file ends within its {_printable(kind)} chunk")
        if zlib.crc32(view[position + 4 : end - 4]) != int.from_bytes(view[end - 4 : end], "big"):
            raise ChecksumMismatch(f"the CRC of its {_printable(kind)} chunk does not fit")
        if kind in (b"pHYs", b"eXIf") or (kind == b"tEXt" and data.startswith(_BITS, position + 8)):
            said[kind] = data[position + 8 : end - 4]
        elif kind == b"IEND":
            break
        position = end
    if data[12:16] != b"IHDR" or struct.unpack_from(">I", view, 8)[0] != 13:
        raise CorruptImage("the header (IHDR) is missing")
    depth = data[24]
    orientation = exif_orientation(said[b"eXIf"]) if b"eXIf" in said else 1
    return Facts(
        depth,
        data[25],
        orientation,
        turned(_spacing(said.get(b"pHYs", b"")), orientation),
        _bits(said.get(b"tEXt", b""), depth),
    )


def check_rows(data: bytes) -> None:
    """Check that all rows of all frames are there: Pillow takes what is missing for black.

    Parameters
    ----------
    data : bytes
        What `check` has checked.

    Raises
    ------
    Truncated, CorruptImage
        Rows are missing, or cannot be decompressed.
    """
    depth, colour_type, _, _, interlaced = struct.unpack_from(">5B", data, 24)
    bits = depth * _SAMPLES.get(colour_type, 0)
    try:
        for columns, rows, parts in _frames(data):
            needed = sum(
                -(-(rows - top) // down) * (1 + (-(-(columns - left) // across) * bits + 7) // 8)
                for left, top, across, down in (_PASSES if interlaced else ((0, 0, 1, 1),))
                if left < columns and top < rows
            )
            # One byte more than is needed, so that the checksum at the end is compared.
            if _inflated(parts, needed + 1) < needed:
                raise Truncated("its compressed pixels end before the image does")
    except (zlib.error, struct.error) as error:
        raise CorruptImage(f"its pixels cannot be decompressed: {error}") from error


def _frames(data: bytes) -> Iterator[tuple[int, int, list[memoryview]]]:
    """Iterate over frames: columns, rows, and the parts of their compressed pixels."""
    view, position = memoryview(data), len(PNG_SIGNATURE)
    columns, rows = struct.unpack_from(">II", data, 16)
    parts: list[memoryview] = []
    while position < len(data):
        length, kind = struct.unpack_from(">I4s", data, position)
        content = view[position + 8 : position + 8 + length]
        if kind == b"fcTL":
            if parts:
                yield columns, rows, parts
            columns, rows = struct.unpack_from(">II", content, 4)
            parts = []
        elif kind in (b"IDAT", b"fdAT"):
            parts.append(content[4 if kind == b"fdAT" else 0 :])
        elif kind == b"IEND":
            break
        position += 12 + length
    yield columns, rows, parts


def _inflated(parts: list[memoryview], most: int) -> int:
    """Return how many bytes parts of a compressed stream hold, counted until they suffice."""
    inflate, found = zlib.decompressobj(), 0
    for part in parts:
        data: bytes | memoryview = part
        while found < most and not inflate.eof:
            pixels = inflate.decompress(data, _INFLATED)
            data = inflate.unconsumed_tail
            found += len(pixels)
            if not pixels and not data:
                break
    return found


def _spacing(density: bytes) -> Spacing | None:
    if len(density) != 9 or density[8] != 1:  # 1: of a metre
        return None
    across, down = struct.unpack_from(">II", density)
    return spacing_of_density(METRE, across, down)


def _bits(text: bytes, depth: int) -> int:
    stored = text.removeprefix(_BITS)
    return (
        int(stored) if stored.isdigit() and len(stored) < 3 and 0 < int(stored) < depth else depth
    )


def with_facts(data: bytes, spacing: Spacing | None, bits: int | None, text: str | None) -> bytes:
    """Return a PNG with more chunks: pHYs, bits stored, and a description in ASCII.

    Parameters
    ----------
    data : bytes
        A whole PNG that has none of them.
    spacing : tuple of float or None
        In pHYs, whose unit are whole pixels a metre: 0.7 mm become 1429, which are 0.6998 mm.
    bits : int or None
        Bits stored of a sample, where they are not all.
    text : str or None
        The description.
    """
    chunks = []
    density = spacing and whole_density(METRE, spacing, (1 << 31) - 1)
    if density:
        chunks.append(chunk(b"pHYs", struct.pack(">IIB", *density, 1)))
    if bits is not None:
        chunks.append(chunk(b"tEXt", _BITS + str(bits).encode()))
    if text is not None:
        chunks.append(chunk(b"iTXt", _DESCRIPTION + text.encode()))
    return b"".join([data[:_HEADER_END], *chunks, data[_HEADER_END:]])


def description(data: bytes) -> bytes:
    """Return the text of the chunk iTXt that `with_facts` added; empty if there is none."""
    position = len(PNG_SIGNATURE)
    while position + 12 <= len(data):
        length, kind = struct.unpack_from(">I4s", data, position)
        if kind == b"iTXt" and data.startswith(_DESCRIPTION, position + 8):
            return data[position + 8 + len(_DESCRIPTION) : position + 8 + length]
        position += 12 + length
    return b""


def chunk(kind: bytes, content: bytes) -> bytes:
    """Return a chunk: length, type, content, CRC."""
    crc = zlib.crc32(kind + content)
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", crc)


def _printable(kind: bytes) -> str:
    return kind.decode("ascii", "replace") if kind.isalpha() else "next"
