"""TIFF: its pages are the frames of an image."""

import io
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

import numpy as np

from mapreduce_jobs.imaging.arrays.frames import full_range
from mapreduce_jobs.imaging.errors import Unsupported
from mapreduce_jobs.imaging.formats import tiff_colours, tiff_pages, tiff_parts
from mapreduce_jobs.imaging.formats.samples import READ_ERRORS, upright
from mapreduce_jobs.imaging.formats.spacing import (
    CENTIMETRE,
    INCH,
    Spacing,
    spacing_of_density,
    turned,
)
from mapreduce_jobs.imaging.formats.tiff_pages import DESCRIPTION
from mapreduce_jobs.imaging.image import Image

__all__ = ["description", "read", "write"]

_MINIMUM, _MAXIMUM = 340, 341  # SMinSampleValue, SMaxSampleValue
_ORIENTATION = 274
_ACROSS, _DOWN, _RESOLUTION_UNIT = 282, 283, 296
_UNITS = {2: INCH, 3: CENTIMETRE}

_FIELD_TYPES = {"|u1": 1, "<u2": 3, "<u4": 4, "|i1": 6, "<i2": 8, "<i4": 9}


@dataclass(frozen=True)
class _Facts:
    """What a page says beside its pixels."""

    spacing: Spacing | None = None
    orientation: int = 1
    least: Any = None
    greatest: Any = None


def read(data: bytes, max_pixels: int) -> Image:
    """Read the pages of a TIFF; parameters and errors are those of `decode`."""
    pages = tiff_pages.frames(data, max_pixels)
    first, facts = pages[0], _facts(pages[0].directory)
    if any(page.kind != first.kind for page in pages):
        raise Unsupported("its pages differ in size or kind, so they are not frames of one image")
    tiff_colours.check(first)
    frames = [tiff_colours.as_pixels(page, tiff_parts.samples_of(page, data)) for page in pages]
    if any(frame.dtype != frames[0].dtype for frame in frames):
        raise Unsupported("its pages have palettes of 8 and of 16 bits")
    pixels = upright(
        np.stack(frames) if len(frames) > 1 else frames[0][np.newaxis], facts.orientation
    )
    image = Image(pixels, tiff_colours.bits_of(first, pixels))
    spacing = turned(facts.spacing, facts.orientation)
    return Image(pixels, _bits_stored(image, facts), spacing=spacing)


def _bits_stored(image: Image, facts: _Facts) -> int:
    """Return the bits whose whole range the file says its samples have, else those of `image`."""
    if image.pixels.dtype.kind != "f" and None not in (facts.least, facts.greatest):
        for bits in range(1, image.bits):
            if (facts.least, facts.greatest) == full_range(replace(image, bits=bits)):
                return bits
    return image.bits


def _facts(tags: Any) -> _Facts:
    """Return what a page directory says, as far as it can be read."""
    orientation, spacing, least, greatest = 1, None, None, None
    try:
        orientation = tiff_pages.number(tags, _ORIENTATION, 1)
        if _MINIMUM in tags and _MAXIMUM in tags:
            least, greatest = _one(tags[_MINIMUM]), _one(tags[_MAXIMUM])
        if _ACROSS in tags and _DOWN in tags:
            length = _UNITS.get(tiff_pages.number(tags, _RESOLUTION_UNIT, 2))
            if length:
                spacing = spacing_of_density(length, float(tags[_ACROSS]), float(tags[_DOWN]))
    except READ_ERRORS:
        return _Facts(orientation=orientation)
    return _Facts(spacing, orientation, least, greatest)


def _one(values: Any) -> Any:
    """Return a value that a tag has once, or as often as there are samples."""
    if isinstance(values, bytes):
        values = tuple(values)
    return values[0] if isinstance(values, tuple) and len(set(values)) == 1 else values


def description(data: bytes) -> bytes:
    """Return the text of the first page's ImageDescription; empty if there is none."""
    try:
        return str(tiff_pages.first_tags(data).get(DESCRIPTION, "")).encode("latin-1")
    except READ_ERRORS:
        return b""


def write(image: Image, text: str | None) -> bytes:
    """Return a TIFF of any dtype, a page a frame, compressed without loss (deflate).

    Parameters
    ----------
    image : Image
        Its spacing becomes the resolution, in pixels a centimetre. Bits stored that are fewer than
        the dtype's become the least and the greatest value, SMinSampleValue and SMaxSampleValue.
    text : str or None
        The first page's ImageDescription, in ASCII.
    """
    import tifffile  # takes long to import

    dtype = image.pixels.dtype
    tags = []
    if image.bits < dtype.itemsize * 8 and dtype.kind in "iu":
        field, count = _FIELD_TYPES[dtype.str], 3 if image.is_colour else 1
        for tag, value in zip((_MINIMUM, _MAXIMUM), full_range(image), strict=True):
            tags.append((tag, field, count, value if count == 1 else (value,) * count, True))
    options: dict[str, Any] = {}
    if image.spacing is not None:
        down, across = (_density(float(millimetres)) for millimetres in image.spacing)
        if down and across:
            options = {"resolution": (across, down), "resolutionunit": "CENTIMETER"}
    file = io.BytesIO()
    big = image.pixels.nbytes > (1 << 32) - (1 << 25)
    with tifffile.TiffWriter(file, bigtiff=big, byteorder="<") as writer:
        for index, frame in enumerate(image.pixels):
            writer.write(
                frame,
                photometric="rgb" if image.is_colour else "minisblack",
                planarconfig="contig" if image.is_colour else None,
                # Level 1 is 1.1 times as large as level 6, and five times as fast.
                compression="zlib",
                compressionargs={"level": 1},
                predictor=dtype.kind != "f",
                description=None if index else text,
                extratags=tags,
                metadata=None,
                software=False,
                maxworkers=1,
                **options,
            )
    return file.getvalue()


def _density(millimetres: float) -> tuple[int, int] | None:
    """Return pixels a centimetre as numerator and denominator of 32 bits; None if they cannot be.

    >>> _density(0.7)
    (100, 7)
    """
    exact = Fraction(CENTIMETRE) / Fraction(repr(millimetres))
    limit = (1 << 32) - 1
    nearest = exact.limit_denominator(max(1, int(limit / max(Fraction(1), exact))))
    if nearest > limit or abs(nearest - exact) > exact / 200:
        return None
    return nearest.numerator, nearest.denominator
