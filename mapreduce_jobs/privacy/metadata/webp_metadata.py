"""WebP (RFC 9649): chunks of pictures and animation stay."""

import struct
from collections.abc import Iterator

from PIL import WebPImagePlugin

from mapreduce_jobs.imaging.errors import CorruptImage, Truncated
from mapreduce_jobs.imaging.formats.samples import READ_ERRORS, open_picture, orientation_of
from mapreduce_jobs.privacy.metadata.exif import AFTER_END, PROFILE, exif_of

__all__ = ["strip"]

_PICTURE = (b"VP8 ", b"VP8L", b"ALPH")
_FRAME_HEADER = 16  # bytes of ANMF before its own chunks
_LENGTHS = {b"VP8X": 10, b"ANIM": 6}
_EXIF, _EXIF_FLAG = b"EXIF", 0x08
_STAYING_FLAGS = 0x10 | 0x02  # transparency, animation
_NAMES = {b"ICCP": PROFILE, _EXIF: "EXIF", b"XMP ": "XMP"}


def strip(data: bytes) -> tuple[bytes, list[str]]:
    """Return a WebP without EXIF but the orientation, XMP, colour profile and unknown chunks.

    Raises
    ------
    Truncated, CorruptImage
        It is not a whole WebP.
    """
    end = 8 + int.from_bytes(data[4:8], "little")
    if end > len(data):
        raise Truncated("the file is shorter than its header says")
    image = open_picture(WebPImagePlugin.WebPImageFile, data)
    try:
        exif = exif_of(orientation_of(image))
    except READ_ERRORS as error:
        raise CorruptImage("its EXIF data cannot be read") from error
    parts, removed = [], []
    for kind, content in _chunks(data, 12, end):
        if kind == b"ANMF":
            inner = list(_chunks(content, _FRAME_HEADER, len(content)))
            removed += [_name(one) for one, _ in inner if one not in _PICTURE]
            kept = [_chunk(one, what) for one, what in inner if one in _PICTURE]
            parts.append(_chunk(kind, b"".join([content[:_FRAME_HEADER], *kept])))
        elif kind == b"VP8X" and len(content) == _LENGTHS[kind]:
            flags = content[0] & _STAYING_FLAGS | (_EXIF_FLAG if exif else 0)
            parts.append(_chunk(kind, bytes([flags, 0, 0, 0]) + content[4:]))
        elif kind in _PICTURE or len(content) == _LENGTHS.get(kind):
            parts.append(_chunk(kind, content))
        elif (kind, content) != (_EXIF, exif):
            removed.append(_name(kind))
    if exif:
        parts.append(_chunk(_EXIF, exif))
    if end < len(data):
        removed.append(AFTER_END)
    body = b"WEBP" + b"".join(parts)
    return b"RIFF" + struct.pack("<I", len(body)) + body, removed


def _chunks(data: bytes, start: int, end: int) -> Iterator[tuple[bytes, bytes]]:
    """Iterate over chunks, which a byte may follow to make their length even."""
    while start + 8 <= end:
        kind, length = struct.unpack_from("<4sI", data, start)
        stop = start + 8 + length
        if stop > end:
            raise Truncated("the file ends within a chunk")
        yield kind, data[start + 8 : stop]
        start = stop + length % 2


def _chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack("<4sI", kind, len(content)) + content + bytes(len(content) % 2)


def _name(kind: bytes) -> str:
    return _NAMES.get(kind, "unknown chunk")
