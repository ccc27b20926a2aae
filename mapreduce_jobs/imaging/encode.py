"""Encoding of images as PNG, TIFF, JPEG, JPEG 2000 or WebP.

A file holds the pixels as they are, or it is not written: no format gets fewer bits, fewer frames
or another sign than the image has. What a format has a place for goes along:

====== ==================================== ======================== ============ ============
format pixels                               spacing                  bits stored  description
====== ==================================== ======================== ============ ============
png    uint8, uint16                        pHYs                     text chunk   text chunk
tiff   any, any number of frames            resolution               least and    first page
                                                                     greatest
jpeg   uint8, with loss                     JFIF density             no           comment
jp2    uint8, uint16                        capture resolution       no           UUID box
webp   uint8, with loss or without          no                       no           Exif
====== ==================================== ======================== ============ ============

Whole pixels an inch, a centimetre or a metre are what JPEG and PNG can say: a spacing that would be
wrong by more than 1 in 200 is left out. The description has the unit of the values, padding and
notes: see `mapreduce_jobs.imaging.description`. Files have no date: the same image gives the same
bytes.
"""

import io
from dataclasses import dataclass, replace
from typing import Any, Literal

import cv2
import numpy as np
import PIL.Image

from mapreduce_jobs.imaging.description import EXIF_DESCRIPTION, text_of
from mapreduce_jobs.imaging.errors import BadParameter, CannotHold
from mapreduce_jobs.imaging.formats import file_formats, jp2, jpeg, png, tiff
from mapreduce_jobs.imaging.image import Image, rgb

__all__ = ["ENDINGS", "Format", "check", "encode", "with_ending"]

Format = Literal["png", "tiff", "jpeg", "jp2", "webp"]

_QUALITY = 90


@dataclass(frozen=True)
class _Holds:
    """What a format can hold."""

    name: str
    dtypes: tuple[str, ...]
    side: int  # most rows, and most columns
    frames: int | None = 1


_BYTES, _DEEP = ("uint8",), ("uint8", "uint16")
_EVERY = ("int8", *_DEEP, "int16", "int32", "uint32", "float32", "float64")
_HOLDS: dict[Format, _Holds] = {
    "tiff": _Holds("TIFF", _EVERY, (1 << 32) - 1, frames=None),
    "png": _Holds("PNG", _DEEP, 1_000_000),  # libpng's own limit
    "jp2": _Holds("JPEG 2000", _DEEP, 1 << 20),  # OpenCV's
    "jpeg": _Holds("JPEG", _BYTES, 65500),  # libjpeg's, of 65535 in the format
    "webp": _Holds("WebP", _BYTES, 16383),
}

ENDINGS: dict[Format, tuple[str, ...]] = {
    format: file_formats.ENDINGS[holds.name] for format, holds in _HOLDS.items()
}
"""Endings of the names of files of each format, the usual one first."""

# Paeth with run lengths: 54.1 % of the bytes of a photograph of 512 × 512 × 8 bits, 59.1 % of a CT,
# 5.9 % of edges, where all filters with level 6 give 53.6, 58.5 and 6.1 %; in 3.6 ms, not in 22.
# Smooth images of 16 bits lose by it: 38.7 % in 5.5 ms, not 33.5 % in 47. OpenCV before 4.11 has no
# choice of filters, and takes Sub.
_PNG_OPTIONS = [cv2.IMWRITE_PNG_COMPRESSION, 1]
_PNG_OPTIONS += [cv2.IMWRITE_PNG_STRATEGY, cv2.IMWRITE_PNG_STRATEGY_RLE]
if hasattr(cv2, "IMWRITE_PNG_FILTER"):
    _PNG_OPTIONS += [cv2.IMWRITE_PNG_FILTER, cv2.IMWRITE_PNG_FILTER_PAETH]


def with_ending(name: str, format: Format) -> str:
    """Return the name of an image's file in a format: its ending is added if it has none of them.

    >>> with_ending("ct/1.dcm", "tiff"), with_ending("a.TIF", "tiff")
    ('ct/1.dcm.tiff', 'a.TIF')
    """
    endings = ENDINGS[format]
    return name if name.lower().endswith(endings) else f"{name}{endings[0]}"


def check(format: Format, quality: int | None = None, lossless: bool = False) -> None:
    """Check that options go with a format and with each other.

    Parameters
    ----------
    format, quality, lossless
        As `encode` has them.

    Raises
    ------
    BadParameter
        They do not.

    Examples
    --------
    >>> check("png", quality=80)
    Traceback (most recent call last):
    mapreduce_jobs.imaging.errors.BadParameter: PNG is without loss and has no quality
    """
    name = _HOLDS[format].name
    if quality is not None:
        if format in ("png", "tiff"):
            raise BadParameter(f"{name} is without loss and has no quality")
        if not 1 <= quality <= 100:
            raise BadParameter(f"quality {quality}: must be from 1 to 100")
        if lossless:
            raise BadParameter("what is lossless has no quality: give one of the two")
    if lossless and format == "jpeg":
        raise BadParameter("JPEG is never lossless: choose png, tiff, jp2 or webp")


def encode(
    image: Image, format: Format, quality: int | None = None, lossless: bool = False
) -> bytes:
    r"""Encode an image as a file.

    Parameters
    ----------
    image : Image
        Grey or colour.
    format : {"png", "tiff", "jpeg", "jp2", "webp"}
        PNG and TIFF are without loss, and so is JPEG 2000 unless a quality is given. WebP knows
        colour alone: a grey image becomes three equal channels. JPEG keeps colour in full
        resolution (4:4:4), because stains differ in colour.
    quality : int, optional
        1 to 100. Of JPEG and WebP their own scale, 90 by default. Of JPEG 2000 the most that is
        kept, in hundredths of the pixels' bytes: 10 is 10 to 1.
    lossless : bool, optional
        Keep every pixel, of WebP; JPEG 2000 does so anyhow.

    Returns
    -------
    bytes

    Raises
    ------
    BadParameter
        Options do not go together, see `check`.
    CannotHold
        The format cannot hold these pixels.

    Examples
    --------
    >>> deep = Image(np.uint16([[[0, 1000, 4095]]]), bits=12)
    >>> encode(deep, "png")[:8]
    b'\x89PNG\r\n\x1a\n'
    >>> encode(deep, "webp")
    Traceback (most recent call last):
    mapreduce_jobs.imaging.errors.CannotHold: WebP holds uint8, this image has uint16: put
    `normalise bits=8` or `window …` last, or choose tiff, png or jp2
    """
    check(format, quality, lossless)
    native = image.pixels.dtype.newbyteorder("=")
    image = replace(image, pixels=image.pixels.astype(native, copy=False))
    reason = _why_not(image, format)
    if reason:
        raise CannotHold(f"{_HOLDS[format].name} {reason}{_way_out(image, format)}")
    text = text_of(image)
    if format == "tiff":
        return tiff.write(image, text)
    if format == "jp2":
        return jp2.write(image, quality, text)
    if format == "webp":
        return _webp(image, quality or _QUALITY, lossless, text)
    if format == "jpeg":
        return jpeg.write(image, quality or _QUALITY, text)
    return _png(image, text)


def _why_not(image: Image, format: Format) -> str | None:
    holds = _HOLDS[format]
    pixels = image.pixels
    frames, rows, columns = pixels.shape[:3]
    if not pixels.size:
        return f"holds at least one pixel, this image has {frames} × {rows} × {columns}"
    if str(pixels.dtype) not in holds.dtypes:
        return f"holds {' and '.join(holds.dtypes)}, this image has {pixels.dtype}"
    if holds.frames and frames > holds.frames:
        return f"holds one frame, this image has {frames}"
    if max(rows, columns) > holds.side:
        return f"holds up to {holds.side} rows and columns, this image has {rows} × {columns}"
    return None


def _way_out(image: Image, format: Format) -> str:
    ways = []
    if image.pixels.size and str(image.pixels.dtype) not in _HOLDS[format].dtypes:
        ways.append("put `normalise bits=8` or `window …` last")
    others = [other for other in _HOLDS if _why_not(image, other) is None]
    if others:
        *most, last = others
        ways.append(f"choose {', '.join(most)}{' or ' if most else ''}{last}")
    return f": {', or '.join(ways)}" if ways else ""


def _png(image: Image, text: str | None) -> bytes:
    frame = image.pixels[0]
    stored = image.bits if image.bits < frame.dtype.itemsize * 8 else None
    data = bytes(
        cv2.imencode(".png", frame[..., ::-1] if image.is_colour else frame, _PNG_OPTIONS)[1]
    )
    return png.with_facts(data, image.spacing, stored, text)


def _webp(image: Image, quality: int, lossless: bool, text: str | None) -> bytes:
    file = io.BytesIO()
    frame = np.ascontiguousarray(rgb(image)[0])
    options: dict[str, Any] = {"quality": quality, "lossless": lossless}
    if text is not None:
        options["exif"] = exif = PIL.Image.Exif()
        exif[EXIF_DESCRIPTION] = text
    PIL.Image.fromarray(frame).save(file, "WEBP", **options)
    return file.getvalue()
