"""PNG (ISO 15948, and APNG): chunks that show the image stay."""

import re
import struct
from collections.abc import Iterator

from mapreduce_jobs.imaging.errors import CorruptImage
from mapreduce_jobs.imaging.formats import png
from mapreduce_jobs.imaging.formats.file_formats import PNG_SIGNATURE
from mapreduce_jobs.privacy.metadata.exif import AFTER_END, PROFILE, exif_of

__all__ = ["strip"]

_IMAGE = (b"IHDR", b"PLTE", b"IDAT", b"IEND", b"fdAT")

# Chunks of numbers, and the bytes that each has at most: a longer one holds something else.
_NUMBERS = {
    b"tRNS": 256,
    b"gAMA": 4,
    b"cHRM": 32,
    b"sRGB": 1,
    b"sBIT": 4,
    b"cICP": 4,
    b"pHYs": 9,
    b"bKGD": 6,
    b"hIST": 512,
    b"acTL": 8,
    b"fcTL": 26,
}
_REMOVED = (b"tEXt", b"zTXt", b"iTXt", b"eXIf", b"tIME", b"dSIG", b"sPLT", b"oFFs", b"pCAL")
_BITS_STORED = re.compile(rb"BitsStored\0\d{1,2}")  # of ours, see imaging.png


def strip(data: bytes) -> tuple[bytes, list[str]]:
    """Return a PNG without text, EXIF, time, colour profile and unknown chunks, and their names.

    Raises
    ------
    Truncated, ChecksumMismatch, CorruptImage
        It is not a whole PNG.
    """
    facts = png.check(data)
    exif = exif_of(facts.orientation)
    parts, removed = [PNG_SIGNATURE], []
    end = len(PNG_SIGNATURE)
    for kind, start, end in _chunks(data):
        content = data[start + 8 : end - 4]
        if _stays(kind, content):
            parts.append(data[start:end])
        elif kind != b"eXIf" or content != exif:
            removed.append(_name(kind))
        if kind == b"IHDR" and exif:
            parts.append(png.chunk(b"eXIf", exif))
    if end < len(data):
        removed.append(AFTER_END)
    return b"".join(parts), removed


def _chunks(data: bytes) -> Iterator[tuple[bytes, int, int]]:
    """Iterate over chunks to IEND: type, start, end; they are known to be whole."""
    kind, end, count = b"", len(PNG_SIGNATURE), 0
    while kind != b"IEND":
        start, count = end, count + 1
        length, kind = struct.unpack_from(">I4s", data, start)
        end = start + 12 + length
        if (kind == b"IHDR") != (count == 1) or (kind == b"IEND" and length):
            raise CorruptImage("its chunks are not in their order")
        yield kind, start, end


def _stays(kind: bytes, content: bytes) -> bool:
    if kind == b"tEXt":
        return _BITS_STORED.fullmatch(content) is not None
    if kind == b"PLTE" and len(content) > 768:
        raise CorruptImage("its palette has more than 256 entries")
    return kind in _IMAGE or len(content) <= _NUMBERS.get(kind, -1)


def _name(kind: bytes) -> str:
    if kind == b"iCCP":
        return PROFILE
    return kind.decode() if kind in _REMOVED or kind in _NUMBERS else "unknown chunk"
