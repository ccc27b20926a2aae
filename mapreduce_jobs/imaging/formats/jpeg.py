"""JPEG, with segments of density (ITU-T T.871) and comment (T.81) as they are wanted here.

A file is the signature, then segments, each a marker, its length and its content. The first that
Pillow writes is JFIF's, of 16 bytes.
"""

import io
import struct

import numpy as np
import PIL.Image

from mapreduce_jobs.imaging.formats.spacing import CENTIMETRE, INCH, Spacing, whole_density
from mapreduce_jobs.imaging.image import Image

__all__ = ["description", "write"]

_SEGMENTS = 2
_UNIT = _SEGMENTS + 11
_JFIF_END = _SEGMENTS + 18
_COMMENT = b"\xff\xfe"
_SCAN = b"\xff\xda"
_MAX_IN_SEGMENT = 65533
_INCHES, _CENTIMETRES = 1, 2


def write(image: Image, quality: int, text: str | None) -> bytes:
    """Return a JPEG of one frame of uint8, its colour in full resolution (4:4:4).

    Parameters
    ----------
    image : Image
        Its spacing becomes the density, where whole numbers can say it.
    quality : int
        1 to 100, libjpeg's scale.
    text : str or None
        In comments, as many as it needs.
    """
    file = io.BytesIO()
    frame = np.ascontiguousarray(image.pixels[0])
    PIL.Image.fromarray(frame).save(file, "JPEG", quality=quality, subsampling="4:4:4")
    data = file.getvalue()
    density = image.spacing and _density(image.spacing)
    if density:
        data = data[:_UNIT] + density + data[_UNIT + len(density) :]
    content = (text or "").encode()
    parts = [data[:_JFIF_END]]
    for start in range(0, len(content), _MAX_IN_SEGMENT):
        part = content[start : start + _MAX_IN_SEGMENT]
        parts += [_COMMENT, struct.pack(">H", len(part) + 2), part]
    return b"".join([*parts, data[_JFIF_END:]])


def _density(spacing: Spacing) -> bytes | None:
    """Return unit and densities, in the unit that says them better, if one does."""
    found = []
    for number, unit in ((_INCHES, INCH), (_CENTIMETRES, CENTIMETRE)):
        density = whole_density(unit, spacing, 65535)
        if density:
            written = (unit / density[1], unit / density[0])
            error = max(abs(t / s - 1) for t, s in zip(written, spacing, strict=True))
            found.append((error, struct.pack(">BHH", number, *density)))
    return min(found)[1] if found else None


def description(data: bytes) -> bytes:
    """Return what the comments before the picture say, one after the other."""
    comments, position = [], _SEGMENTS
    while position + 4 <= len(data) and data[position] == 0xFF:
        if data.startswith(_SCAN, position):
            break
        length = int.from_bytes(data[position + 2 : position + 4], "big")
        if data.startswith(_COMMENT, position):
            comments.append(data[position + 4 : position + 2 + length])
        position += 2 + length
    return b"".join(comments)
