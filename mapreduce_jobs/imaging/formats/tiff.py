"""TIFF: its pages are the frames of an image.

Pillow reads most kinds; 16-bit colour and 64-bit floats, which it would cut down, OpenCV does, and
what that cannot, such as colour of signed 8 bits, tifffile.
"""

import contextlib
import io
import json
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from typing import Any, NamedTuple

import cv2
import numpy as np
from PIL import TiffImagePlugin

from mapreduce_jobs.imaging.arrays.frames import full_range
from mapreduce_jobs.imaging.errors import CorruptImage, Truncated, Unsupported
from mapreduce_jobs.imaging.formats.samples import (
    READ_ERRORS,
    check_size,
    from_opencv,
    open_picture,
    read_frames,
    upright,
)
from mapreduce_jobs.imaging.formats.spacing import (
    CENTIMETRE,
    INCH,
    Spacing,
    spacing_of_density,
    turned,
)
from mapreduce_jobs.imaging.image import Image, Pixels

__all__ = ["UNIT", "description", "read", "write"]

UNIT = "unit of pixels"
"""Key of the unit of the values, in a description that is an object in JSON."""

_DESCRIPTION, _ORIENTATION = 270, 274
_ACROSS, _DOWN, _UNIT = 282, 283, 296
_UNITS = {2: INCH, 3: CENTIMETRE}
_MINIMUM, _MAXIMUM = 340, 341  # SMinSampleValue, SMaxSampleValue

_FIELD_TYPES = {"|u1": 1, "<u2": 3, "<u4": 4, "|i1": 6, "<i2": 8, "<i4": 9}


class _Kind(NamedTuple):
    """What all pages of an image have in common."""

    rows: int
    columns: int
    samples: int
    bits: int
    sample_format: int
    planes: int
    white_is_zero: bool


class _Facts(NamedTuple):
    """What a page says beside its pixels."""

    spacing: Spacing | None
    orientation: int
    least: Any
    greatest: Any
    unit: str = "stored"


def read(data: bytes, max_pixels: int) -> Image:
    """Read the pages of a TIFF; parameters and errors are those of `decode`."""
    pages = list(_tiff_pages(data, max_pixels))
    kind, facts = pages[0]
    if any(other != kind for other, _ in pages):
        raise Unsupported("its pages differ in size or kind, so they are not frames of one image")
    if not _is_for_pillow(kind, is_big_endian=data.startswith(b"MM")):
        if kind.samples > 1 and kind.planes == 2:
            raise Unsupported(f"{kind.samples} samples of {kind.bits} bits in planes of their own")
        if kind.white_is_zero and kind.sample_format != 3:
            raise Unsupported(f"{kind.samples} samples of {kind.bits} bits whose 0 is white")
        pixels = _by_opencv(data, len(pages), kind)
        if pixels is None:
            pixels = _by_tifffile(data, kind, facts.orientation)
        image = Image(pixels, kind.bits)
    else:
        image = _by_pillow(data, len(pages), kind, max_pixels)
    spacing = turned(facts.spacing, facts.orientation)
    return Image(image.pixels, _bits_stored(image, facts), facts.unit, spacing)


def _is_for_pillow(kind: _Kind, is_big_endian: bool) -> bool:
    """Whether Pillow can hold the samples, and reads them as they are."""
    if kind.samples > 1:
        return kind.bits <= 8 and kind.sample_format != 2
    if kind.bits > 16 or (kind.bits == 16 and kind.sample_format != 1):
        # Of these it swaps the bytes twice, where they are compressed and of the other order.
        return not is_big_endian and (kind.sample_format != 3 or kind.bits <= 32)
    return True


def _by_opencv(data: bytes, pages: int, kind: _Kind) -> Pixels | None:
    """Return the frames; None if they cannot be read, or would not be the file's values."""
    if kind.sample_format == 2 and kind.bits == 8:
        return None  # OpenCV takes them for unsigned
    try:
        ok, decoded = cv2.imdecodemulti(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    except cv2.error:
        return None
    if not ok or len(decoded) != pages:
        return None
    stack = np.stack([from_opencv(page) for page in decoded])
    # OpenCV, like Pillow, turns a TIFF upright itself.
    return stack if stack.dtype.str[1:] == _dtype(kind) else None


def _by_tifffile(data: bytes, kind: _Kind, orientation: int) -> Pixels:
    import tifffile  # takes long to import

    try:
        with tifffile.TiffFile(io.BytesIO(data)) as file:
            stack = np.stack([page.asarray(maxworkers=1) for page in file.pages])
        if stack.dtype.str[1:] != _dtype(kind) or stack.ndim != (4 if kind.samples > 1 else 3):
            raise TypeError(f"pixels of type {stack.dtype}")
        if kind.samples > 1:
            stack = stack[..., :3] if kind.samples > 2 else stack[..., 0]
        return upright(stack, orientation)
    except READ_ERRORS as error:
        raise Unsupported(
            f"{kind.samples} samples of {kind.bits} bits, compressed or ordered in a way"
            " that cannot be read, or damaged"
        ) from error


def _dtype(kind: _Kind) -> str | None:
    """Return letter and bytes of the samples' dtype, None where there is none for images here."""
    letter = {1: "u", 2: "i", 3: "f", 4: "u"}.get(kind.sample_format, "?")
    is_known = kind.bits in ((32, 64) if letter == "f" else (8, 16, 32))
    return f"{letter}{kind.bits // 8}" if is_known else None


def _by_pillow(data: bytes, pages: int, kind: _Kind, max_pixels: int) -> Image:
    bits, sample_format = kind.bits, kind.sample_format
    try:
        image = open_picture(TiffImagePlugin.TiffImageFile, data, max_pixels)
    except CorruptImage as error:
        raise Unsupported(
            f"{kind.samples} samples of {bits} bits, of a kind or in a compression that cannot be"
            " read"
        ) from error.__cause__
    result = read_frames(image, max_pixels, frames=pages, depth=bits if bits in (12, 16, 32) else 8)
    if sample_format == 2 and bits == 16:  # Pillow widens signed 16 bits
        return Image(result.pixels.astype(np.int16), 16)
    if sample_format == 1 and bits == 32:  # and takes unsigned 32 bits for signed
        return Image(result.pixels.view(np.uint32), 32)
    if sample_format == 2 and bits == 8:
        return Image(result.pixels.view(np.int8), 8)
    if kind.white_is_zero and bits in (12, 16):  # of 8 bits and less Pillow inverts it
        return Image((1 << bits) - 1 - result.pixels, bits)
    return result


def _bits_stored(image: Image, facts: _Facts) -> int:
    """Return the bits whose whole range the file says its samples have, else those of `image`."""
    if image.pixels.dtype.kind != "f" and None not in (facts.least, facts.greatest):
        for bits in range(1, image.bits):
            if (facts.least, facts.greatest) == full_range(replace(image, bits=bits)):
                return bits
    return image.bits


def _facts(tags: Any) -> _Facts:
    """Return what a page directory says, as far as it can be read."""
    orientation, spacing, least, greatest, unit = 1, None, None, None, "stored"
    try:
        if _ORIENTATION in tags:
            orientation = int(tags[_ORIENTATION])
        if _MINIMUM in tags and _MAXIMUM in tags:
            least, greatest = _one(tags[_MINIMUM]), _one(tags[_MAXIMUM])
        if _ACROSS in tags and _DOWN in tags:
            length = _UNITS.get(int(tags.get(_UNIT, 2)))
            if length:
                spacing = spacing_of_density(length, float(tags[_ACROSS]), float(tags[_DOWN]))
        unit = _unit(str(tags.get(_DESCRIPTION, "")))
    except READ_ERRORS:
        return _Facts(None, orientation, None, None)
    return _Facts(spacing, orientation, least, greatest, unit)


def _unit(text: str) -> str:
    """Return the unit in a description; "stored" if it has none."""
    if UNIT in text:
        with contextlib.suppress(ValueError, LookupError, TypeError, RecursionError):
            return str(json.loads(text)[UNIT])
    return "stored"


def _one(values: Any) -> Any:
    """Return a value that a tag has once, or as often as there are samples."""
    if isinstance(values, bytes):
        values = tuple(values)
    return values[0] if isinstance(values, tuple) and len(set(values)) == 1 else values


def _tiff_pages(data: bytes, max_pixels: int) -> Iterator[tuple[_Kind, _Facts]]:
    """Iterate over the page directories; check that what they point to is there."""
    file = io.BytesIO(data)
    seen: set[int] = set()
    if data[:4] == b"MM\0+":
        raise Unsupported("a big-endian BigTIFF")
    header = data[:16] if data[:4] == b"II+\0" else data[:8]
    try:
        directory = TiffImagePlugin.ImageFileDirectory_v2(header)
        while directory.next:
            offset = directory.next
            if offset in seen:
                raise CorruptImage("its page directories form a ring")
            if offset >= len(data):
                raise Truncated("the file ends before its page directory")
            seen.add(offset)
            file.seek(offset)
            directory.load(file)
            tags = directory
            rows, columns = int(tags[257]), int(tags[256])
            check_size(len(seen), rows, columns, max_pixels)
            offsets = tags.get(273, tags.get(324, ()))
            counts = tags.get(279, tags.get(325, ()))
            ends = [int(o) + int(c) for o, c in zip(offsets, counts, strict=False)]
            if not offsets or max([*offsets, *ends]) > len(data):
                raise Truncated("the file ends before its pixels do")
            bits = {int(value) for value in tags.get(258, (1,))}
            formats = {int(value) for value in tags.get(339, (1,))}
            if len(bits) > 1 or len(formats) > 1:
                raise Unsupported("its samples differ in depth")
            kind = _Kind(
                rows,
                columns,
                int(tags.get(277, 1)),
                bits.pop(),
                formats.pop(),
                int(tags.get(284, 1)),
                tags.get(262) == 0,
            )
            yield kind, _facts(tags)
    except READ_ERRORS as error:
        raise CorruptImage(f"its page directory cannot be read: {error}") from error
    if not seen:
        raise CorruptImage("it has no page")


def description(data: bytes) -> bytes:
    """Return the text of the first page's ImageDescription; empty if there is none."""
    file = io.BytesIO(data)
    try:
        header = data[:16] if data[:4] == b"II+\0" else data[:8]
        directory = TiffImagePlugin.ImageFileDirectory_v2(header)
        file.seek(directory.next)
        directory.load(file)
        return str(directory.get(_DESCRIPTION, "")).encode("latin-1")
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
