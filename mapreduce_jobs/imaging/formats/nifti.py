"""NIfTI-1 and NIfTI-2, plain or gzipped, by nibabel: a volume as the frames of an axial image.

The axes of a volume may lie in any order and direction. They are brought to those of an axial image
in DICOM (LPS, PS3.3 C.7.6.2.1.1), as near as axes can be swapped and flipped: columns go on to the
patient's left, rows to the back, frames to the head. Nothing is interpolated.
"""

import gzip
import io
import math
import zlib
from dataclasses import replace

import numpy as np

from mapreduce_jobs.imaging.errors import (
    ChecksumMismatch,
    CorruptImage,
    Truncated,
    UnsuitableImage,
    Unsupported,
)
from mapreduce_jobs.imaging.formats.file_formats import GZIP
from mapreduce_jobs.imaging.formats.nifti_header import facts_of
from mapreduce_jobs.imaging.formats.samples import check_size
from mapreduce_jobs.imaging.image import Image
from mapreduce_jobs.imaging.operations.intensity import levels_in_window

__all__ = ["inflated", "read"]

_PIECE = 1 << 16
_MAX_RATIO = 1040  # of bytes that deflate can stand for to bytes (zlib: 1032)


def read(data: bytes, max_pixels: int, values: str = "stored", window: int = 1) -> Image:
    """Read a NIfTI file.

    Parameters
    ----------
    data : bytes
        The whole file.
    max_pixels : int
        Most frames × rows × columns.
    values : {"stored", "modality", "display"}, optional
        ``"stored"``: the file's own numbers and dtype. ``"modality"``: slope · stored + intercept
        (scl_slope, scl_inter) in float64, the stored numbers where the header has none or 1 and 0.
        ``"display"``: these from cal_min to cal_max, or from the least to the greatest finite value
        where the header has none, as 0 to 255 of 8-bit integers, of all others as 0 to 65535; NaN
        is shown as 0. Colour is the same in all three.
    window : int, optional
        For ``"display"``: there is one, so 1.

    Returns
    -------
    Image
        Frames go from the feet to the head, in 4-D through one time after the other. Which way the
        file's axes go follows from its affine: sform, else qform, else, as nibabel has it, to the
        left, the front and the head; an sform that is not invertible does not count where there is
        a qform. The spacing is the affine's, in the unit of xyzt_units; an
        unknown unit is taken for millimetres, as everybody does.

    Raises
    ------
    DecodeError
        One of its kinds.
    UnsuitableImage
        The window is not 1.
    MissingExtra
        nibabel is not installed.
    """
    facts = facts_of(data)
    frames, rows, columns = (facts.shape[axis] for axis in facts.axes)
    check_size(facts.shape[0] * frames, rows, columns, max_pixels)
    size = math.prod(facts.shape) * facts.samples * facts.dtype.itemsize
    stored = np.frombuffer(_voxels(data, facts.offset, size), facts.dtype)
    pixels = stored.reshape((*facts.shape, facts.samples)).transpose((0, *facts.axes, 4))
    steps = [slice(None, None, -1 if flip else 1) for flip in (False, *facts.flips)]
    pixels = pixels[tuple(steps)]
    pixels = pixels[..., :3] if facts.samples > 1 else pixels[..., 0]
    # A copy, which may be written to, in the order of bytes that OpenCV takes all for.
    pixels = np.array(pixels, facts.dtype.newbyteorder("="), order="C")
    pixels = pixels.reshape((-1, *pixels.shape[2:]))
    image = Image(pixels, facts.dtype.itemsize * 8, spacing=facts.spacing)
    if values == "stored" or image.is_colour:
        return image
    image = _scaled(image, facts.scaling)
    if values == "modality":
        return image
    if window > 1:
        raise UnsuitableImage(f"NIfTI has one window, and none with the number {window}")
    return _displayed(image, facts.shown, 8 if facts.dtype in (np.uint8, np.int8) else 16)


def _voxels(data: bytes, offset: int, size: int) -> memoryview | bytes:
    """Return so many bytes from a position on."""
    if data.startswith(GZIP):
        found: memoryview | bytes = inflated(data, offset, size)[0]
    else:
        found = memoryview(data)[offset : offset + size]
    if len(found) < size:
        raise Truncated("the file ends before its voxels do")
    return found


def inflated(data: bytes, offset: int, size: int) -> tuple[bytes, bool]:
    """Return bytes of what gzip has compressed, in one member or in several.

    Parameters
    ----------
    data : bytes
        The whole file. No more of it is inflated than is asked for.
    offset, size : int
        Position of the first byte, and how many.

    Returns
    -------
    content : bytes
        As many as there are.
    has_more : bool
        Whether others follow.

    Raises
    ------
    Truncated, ChecksumMismatch, CorruptImage
        It is not whole, or bytes that are no gzip follow it.
    """
    if offset + size > len(data) * _MAX_RATIO:  # so many need no memory to be asked for
        raise Truncated("the file ends before its voxels do")
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(data)) as file:
            file.seek(offset)
            content = file.read(size)
            return content, bool(file.read(1))  # at the end, this compares the checksum
    except EOFError as error:
        raise Truncated("the file ends before its compressed content does") from error
    except gzip.BadGzipFile as error:
        end = _end_of_gzip(data)
        if end is not None:
            raise CorruptImage(f"{len(data) - end} bytes behind its gzip are no gzip") from error
        raise ChecksumMismatch(f"its gzip is damaged: {error}") from error
    except zlib.error as error:
        raise CorruptImage(f"its gzip is damaged: {error}") from error


def _end_of_gzip(data: bytes) -> int | None:
    """Return where sound members of gzip end; None if one is damaged."""
    position = 0
    while data.startswith(GZIP, position):
        member = zlib.decompressobj(zlib.MAX_WBITS | 16)
        try:
            while not member.eof and (piece := data[position : position + _PIECE]):
                member.decompress(piece)
                position += len(piece)
        except zlib.error:
            return None
        position -= len(member.unused_data)
        position = len(data) - len(data[position:].lstrip(b"\0"))  # padding
    return position


def _scaled(image: Image, scaling: tuple[float, float] | None) -> Image:
    if scaling is None:
        return image
    slope, intercept = scaling
    if not math.isfinite(intercept):
        raise CorruptImage(f"its intercept is {intercept:g} (scl_inter)")
    with np.errstate(over="ignore", invalid="ignore"):  # beyond the range of floats: infinite
        pixels = image.pixels.astype(np.float64)
        pixels *= slope
        pixels += intercept
    return replace(image, pixels=pixels, bits=64, unit="unspecified")


def _displayed(image: Image, shown: tuple[float, float] | None, bits: int) -> Image:
    pixels = image.pixels
    if shown is None:
        finite = pixels[np.isfinite(pixels)] if pixels.dtype.kind == "f" else pixels
        if not finite.size:
            raise Unsupported("no voxel is a finite number, so none can be shown")
        shown = float(finite.min()), float(finite.max())
    low, high = shown
    if not math.isfinite(high - low):
        raise Unsupported(f"its values, {low:g} to {high:g}, are too far apart to be shown")
    width = high - low
    levels = levels_in_window(pixels, low + width / 2, width, "linear_exact", bits)
    return replace(image, pixels=levels.astype(f"u{bits // 8}"), bits=bits, unit="display")
