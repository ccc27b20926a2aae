"""JPEG 2000 (ISO 15444-1): boxes that show the image, and the codestream without comments, stay."""

import re
import struct
from collections.abc import Iterator

from mapreduce_jobs.imaging.errors import CorruptImage, Truncated, Unsupported
from mapreduce_jobs.imaging.formats import jp2
from mapreduce_jobs.privacy.metadata.exif import AFTER_END, PROFILE

__all__ = ["strip", "strip_stream"]

_CODESTREAM = b"\xff\x4f\xff\x51"
_TILE, _DATA, _END, _COMMENT = 0x90, 0x93, 0xD9, 0x64
_TILE_HEADER = 12  # bytes of SOT

# No coded data hold these two bytes, but the number of a packet (SOP) may.
_END_OF_IMAGE = re.compile(rb"(?<!\xff\x91\x00\x04)\xff\xd9")

# Marker segments of Annex A.
_SEGMENTS = {
    *(0x50, 0x51, 0x52, 0x53, 0x55, 0x56, 0x57, 0x58, 0x59, 0x5C, 0x5D, 0x5E, 0x5F),
    *(0x60, 0x61, 0x63),
}

_BOXES = (b"jP  ", b"ftyp", b"jp2h", b"jp2c")
_HEADER_BOXES = (b"ihdr", b"bpcc", b"colr", b"pclr", b"cmap", b"cdef", b"res ")
_RESOLUTION_BOXES = (b"resc", b"resd")
_NAMES = {
    b"xml ": "XML",
    b"uuid": "UUID box",
    b"uinf": "UUID box",
    b"jp2i": "rights",
    b"asoc": "labels",
    b"lbl ": "labels",
    b"free": "free space",
}
_MAX_COLOUR = 35  # bytes, those of CIELab
_ENUMERATED, _GREY, _SRGB, _CMYK = 1, 17, 16, 12


def strip(data: bytes) -> tuple[bytes, list[str]]:
    """Return a JPEG 2000 file without comments, and without boxes of metadata, and their names.

    A colour profile is replaced by grey, sRGB or CMYK, whichever it is for.

    Raises
    ------
    Truncated, CorruptImage, Unsupported
        It is not a whole JPEG 2000 of part 1 of the standard.
    """
    if data.startswith(_CODESTREAM):
        return strip_stream(data)
    removed: list[str] = []
    boxes, end = [], 0
    for kind, start, end in jp2.boxes(data, 0, len(data)):
        content = data[start:end]
        if kind == b"jp2c":
            kept, names = strip_stream(content)
            removed += names
        elif kind == b"jp2h":
            kept = _header(content, removed)
        elif kind in _BOXES:
            kept = content
        else:
            removed.append(_NAMES.get(kind, "unknown box"))
            continue
        boxes.append((kind, kept))
    if not any(kind == b"jp2c" for kind, _ in boxes):
        raise Truncated("the file ends before its codestream")
    if end < len(data):
        removed.append(AFTER_END)
    return b"".join(_box(kind, content) for kind, content in boxes), removed


def strip_stream(data: bytes) -> tuple[bytes, list[str]]:
    """Do the same with a bare codestream.

    In the header of a tile a comment's bytes become 0, since the tile's length stands elsewhere,
    too.
    """
    parts: list[bytes] = [data[:2]]
    removed: list[str] = []
    position = 2
    while True:
        start = position
        marker = _marker(data, position)
        if marker == _END:
            break
        if marker == _TILE:
            position = _behind_tile(data, start)
            parts.append(_tile(data[start:position], removed))
            continue
        position = _behind_segment(data, start)
        if marker == _COMMENT:
            removed.append("comment")
        else:
            parts.append(data[start:position])
    if start + 2 < len(data):
        removed.append(AFTER_END)
    return b"".join([*parts, data[start : start + 2]]), removed


def _behind_tile(data: bytes, start: int) -> int:
    (length,) = struct.unpack_from(">I", data, start + 6)
    position = start + _TILE_HEADER
    while _marker(data, position) != _DATA:
        position = _behind_segment(data, position)
    if length:
        end = start + length
    else:  # of the last tile: to the end of the image
        following = _END_OF_IMAGE.search(data, position)
        end = following.start() if following else len(data) + 1
    if not position < end <= len(data):
        raise Truncated("the file ends before the image does")
    return end


def _tile(tile: bytes, removed: list[str]) -> bytes:
    kept = bytearray(tile)
    position = _TILE_HEADER
    while _marker(tile, position) != _DATA:
        start, position = position, _behind_segment(tile, position)
        if tile[start + 1] == _COMMENT and any(tile[start + 4 : position]):
            kept[start + 4 : position] = bytes(position - start - 4)
            removed.append("comment")
    return bytes(kept)


def _marker(data: bytes, position: int) -> int:
    if position + 2 > len(data):
        raise Truncated("the file ends before the image does")
    if data[position] != 0xFF:
        raise CorruptImage("its codestream has no marker where one must be")
    return data[position + 1]


def _behind_segment(data: bytes, start: int) -> int:
    if data[start + 1] not in _SEGMENTS and data[start + 1] != _COMMENT:
        raise Unsupported(f"its codestream has an unknown marker (FF {data[start + 1]:02X})")
    (length,) = struct.unpack_from(">H", data, start + 2)
    if length < 2 or start + 2 + length > len(data):
        raise Truncated("the file ends before the image does")
    return start + 2 + length


# Boxes


def _boxes(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    for box in jp2.boxes(data, 0, len(data)):
        yield box.kind, data[box.start : box.end]


def _header(data: bytes, removed: list[str]) -> bytes:
    parts = []
    for kind, content in _boxes(data):
        kept = content
        if kind == b"res ":
            kept = b"".join(_box(*one) for one in _boxes(content) if one[0] in _RESOLUTION_BOXES)
        elif kind == b"colr":
            kept = _colour(content)
            if kept != content:
                removed.append(PROFILE)
        elif kind not in _HEADER_BOXES:
            removed.append(_NAMES.get(kind, "unknown box"))
            continue
        if kind == b"res " and kept != content:
            removed.append("unknown box")
        parts.append(_box(kind, kept))
    return b"".join(parts)


def _colour(content: bytes) -> bytes:
    """Return a colour specification that needs no profile; the profile says what it is for."""
    if content[0] == _ENUMERATED:
        return content[:_MAX_COLOUR]
    space = {b"GRAY": _GREY, b"CMYK": _CMYK}.get(content[3 + 16 : 3 + 20], _SRGB)
    return struct.pack(">BBBI", _ENUMERATED, 0, 0, space)


def _box(kind: bytes, content: bytes) -> bytes:
    length = len(content) + 8
    if length >> 32:
        return struct.pack(">I4sQ", 1, kind, length + 8) + content
    return struct.pack(">I4s", length, kind) + content
