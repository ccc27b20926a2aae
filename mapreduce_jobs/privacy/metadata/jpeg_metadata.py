"""JPEG (ITU-T T.81, JFIF T.871): segments that decode the image stay."""

import re
import struct
from collections.abc import Iterator

from PIL import JpegImagePlugin

from mapreduce_jobs.imaging.errors import CorruptImage, Truncated
from mapreduce_jobs.imaging.formats.samples import READ_ERRORS, open_picture, orientation_of
from mapreduce_jobs.privacy.metadata.exif import AFTER_END, PROFILE, exif_of

__all__ = ["strip", "strip_stream"]

_END, _SCAN = 0xD9, 0xDA
_ALONE = (0x01, *range(0xD0, 0xD9))  # TEM, restarts and SOI, which have no content
_CODING = {
    *(set(range(0xC0, 0xD0)) - {0xC8}),  # frame headers, Huffman tables, conditioning
    *(_END, _SCAN, 0xDB, 0xDC, 0xDD, 0xDE, 0xDF),  # DQT, DNL, DRI, DHP, EXP
}
_APPLICATION = {*range(0xE0, 0xF0), 0xFE}  # and comments
_JFIF_MARKER, _JFIF, _JFIF_LENGTH = 0xE0, b"JFIF\0", 14
_EXIF_MARKER, _EXIF = 0xE1, b"Exif\0\0"
_ADOBE_MARKER, _ADOBE, _ADOBE_LENGTH = 0xEE, b"Adobe", 12

# Within coded data FF is followed by 0 or is a restart.
_NEXT_MARKER = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")

_NAMES = (
    (0xE0, b"JFIF", "thumbnail"),
    (0xE0, b"JFXX", "thumbnail"),
    (0xE1, b"Exif", "EXIF"),
    (0xE1, b"http://ns.adobe.com/x", "XMP"),
    (0xE2, b"ICC_PROFILE", PROFILE),
    (0xE2, b"MPF", "further pictures"),
    (0xED, b"", "IPTC"),
    (0xFE, b"", "comment"),
)


def strip(data: bytes) -> tuple[bytes, list[str]]:
    """Return a JPEG without application segments and comments, and the names of these.

    Of JFIF's segment the density stays, of Adobe's how colours are stored, of EXIF the
    orientation.

    Raises
    ------
    Truncated, CorruptImage
        It is not a whole JPEG.
    """
    image = open_picture(JpegImagePlugin.JpegImageFile, data)
    try:
        exif = exif_of(orientation_of(image))
    except READ_ERRORS as error:
        raise CorruptImage("its EXIF data cannot be read") from error
    return _stripped(data, exif)


def strip_stream(data: bytes) -> tuple[bytes, list[str]]:
    """Do the same with a JPEG within another file, which may be its tables alone, and not EXIF's.

    Raises
    ------
    Truncated, CorruptImage
        It is not a whole JPEG.
    """
    return _stripped(data, b"", may_be_tables=True)


def _stripped(data: bytes, exif: bytes, may_be_tables: bool = False) -> tuple[bytes, list[str]]:
    jfif, parts, removed = b"", [], []
    oriented = _EXIF + exif if exif else b""
    has_scan, end = False, 0
    for marker, start, end in _segments(data):
        if marker not in _APPLICATION:
            parts.append(data[start:end])
            has_scan = has_scan or marker == _SCAN
            continue
        content = data[start + 4 : end]
        kept = _kept(marker, content)
        if kept and marker == _ADOBE_MARKER:
            parts.append(_segment(marker, kept))
        elif kept:
            jfif = jfif or _segment(marker, kept)
        if content not in (kept, oriented):
            removed.append(_name(marker, content))
    if not has_scan and not may_be_tables:
        raise CorruptImage("it holds no scan")
    if end < len(data):
        removed.append(AFTER_END)
    exif_segment = _segment(_EXIF_MARKER, oriented) if exif else b""
    return b"".join([b"\xff\xd8", jfif, exif_segment, *parts]), removed


def _kept(marker: int, content: bytes) -> bytes:
    """Return what stays of an application segment: of JFIF all but the thumbnail, of Adobe all."""
    if marker == _JFIF_MARKER and content.startswith(_JFIF) and len(content) >= _JFIF_LENGTH:
        return content[: _JFIF_LENGTH - 2] + bytes(2)  # a thumbnail of 0 × 0
    if marker == _ADOBE_MARKER and content.startswith(_ADOBE):
        return content[:_ADOBE_LENGTH]
    return b""


def _segments(data: bytes) -> Iterator[tuple[int, int, int]]:
    """Iterate over segments to the end of the image: marker, start, end; a scan's has its data."""
    if not data.startswith(b"\xff\xd8"):
        raise CorruptImage("it does not begin as a JPEG")
    position = 2
    while True:
        if data[position] != 0xFF:
            raise CorruptImage("a segment does not begin with a marker")
        while data[position] == 0xFF:
            position += 1
        start, marker = position - 1, data[position]
        position += 1
        if marker in _ALONE:
            raise CorruptImage("a marker stands where no segment is")
        if marker not in _CODING and marker not in _APPLICATION:
            raise CorruptImage(f"it has a marker that JPEG does not know (FF {marker:02X})")
        if marker != _END:
            (length,) = struct.unpack_from(">H", data, position)
            position += length
            if length < 2 or position > len(data):
                raise Truncated("the file ends within a segment")
        if marker == _SCAN:
            following = _NEXT_MARKER.search(data, position)
            if following is None:
                raise Truncated("the file ends before the image does")
            position = following.start()
        yield marker, start, position
        if marker == _END:
            return


def _segment(marker: int, content: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, len(content) + 2) + content


def _name(marker: int, content: bytes) -> str:
    for known, beginning, name in _NAMES:
        if marker == known and content.startswith(beginning):
            return name
    return "application segment"
