"""Pixels that are not compressed, in the bytes of a DICOM file: rectangles of them overwritten.

Nothing is converted: the bytes of all other pixels stay what they are. How samples lie in the bytes
is defined in PS3.5, 8.1.1 and 8.2, and PS3.3 C.7.6.3.1.
"""

from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt
from pydicom.dataset import Dataset

from mapreduce_jobs.imaging.dicom.element_values import READ_ERRORS
from mapreduce_jobs.imaging.dicom.file import Layout
from mapreduce_jobs.imaging.dicom.lookup_table import descriptor
from mapreduce_jobs.imaging.dicom.pixels.stored_values import coloured
from mapreduce_jobs.imaging.errors import CorruptImage, Truncated, Unsupported
from mapreduce_jobs.imaging.image import Pixels
from mapreduce_jobs.privacy.pixels.rectangle import Rectangle

__all__ = ["overwritten"]

# Y, Cb, Cr of black in 8 bits (PS3.3 C.7.6.3.1.2); two pixels share one Cb and one Cr in the last.
_BLACK = {
    "RGB": (0, 0, 0),
    "YBR_FULL": (0, 128, 128),
    "YBR_FULL_422": (0, 0, 128, 128),
}
_HALVED = "YBR_FULL_422"
_LUMA = (0.299, 0.587, 0.114)  # ITU-R BT.601
_FLOATS = {"FloatPixelData": "f4", "DoubleFloatPixelData": "f8"}
_SIZES = (8, 16, 32, 64)


def overwritten(
    data: bytes, dataset: Dataset, layout: Layout, rectangles: Iterable[Rectangle], order: str
) -> bytes:
    """Return the bytes of pixels with rectangles of every frame made as dark as the image is.

    Grey becomes the least value of the image, or the greatest if that is displayed black
    (MONOCHROME1); colour becomes black, a palette's index that of its darkest colour. Two pixels
    that share their colour (YBR_FULL_422) are overwritten together.

    Parameters
    ----------
    data : bytes
        The value of the element. Padding behind the pixels is cut off.
    dataset : Dataset
        The header.
    layout : Layout
        How the pixels lie.
    rectangles : iterable of Rectangle
        Within the image.
    order : {"<", ">"}
        Order of the bytes in the file.

    Returns
    -------
    bytes
        Of even length.

    Raises
    ------
    Truncated
        There are fewer bytes than pixels need.
    CorruptImage
        The palette cannot be read, or there are more bytes than pixels and padding need.
    Unsupported
        Samples or colours are of a kind that is not known.
    """
    if len(data) < layout.size:
        raise Truncated("the file ends before its pixels do")
    _check(data, layout)
    layout.check_excess(data)
    pixels = bytearray(data[: layout.size + layout.size % 2])
    pixels += bytes(len(pixels) % 2)
    # Of 8-bit samples in words the two of a word are exchanged.
    is_swapped = (
        order == ">" and layout.allocated == 8 and dataset[layout.element].VR in ("OW", "OB or OW")
    )
    if is_swapped:
        _swap(pixels)
    pixels[layout.size :] = bytes(len(pixels) - layout.size)
    if layout.allocated == 1:
        return _bits_overwritten(pixels, layout, rectangles)
    samples: Pixels = np.frombuffer(
        pixels, f"{order}{_FLOATS.get(layout.element) or f'u{layout.allocated // 8}'}"
    )[: layout.size * 8 // layout.allocated]
    black = _black(samples, dataset, layout)
    shaped = _shaped(samples, dataset, layout)
    for one in rectangles:
        left, right = one.left, one.left + one.width
        if layout.photometric == _HALVED:
            left, right = left // 2, -(-right // 2)
        shaped[:, one.top : one.top + one.height, left:right] = black
    if is_swapped:
        _swap(pixels)
    return bytes(pixels)


def _check(data: bytes, layout: Layout) -> None:
    is_float = layout.element in _FLOATS
    if is_float and layout.allocated != int(_FLOATS[layout.element][1]) * 8:
        raise CorruptImage(f"{layout.element} has {layout.allocated} bits a sample")
    if layout.allocated not in ((1, *_SIZES) if layout.samples == 1 else _SIZES):
        raise Unsupported(f"{layout.samples} × {layout.allocated} bits a pixel, not compressed")
    has_palette = layout.photometric == "PALETTE COLOR" and 8 <= layout.allocated <= 16
    if layout.samples == 1 and (layout.is_grey or has_palette):
        return
    is_known = layout.samples == 3 and layout.photometric in _BLACK and not is_float
    if not is_known or (layout.photometric != "RGB" and layout.allocated != 8):
        raise Unsupported(
            f"{layout.samples} × {layout.allocated} bits a pixel of the kind {layout.photometric}"
        )
    if layout.photometric == _HALVED and (layout.columns % 2 or len(data) >= layout.size * 3 // 2):
        raise Unsupported(f"pixels that are not of the kind {_HALVED}, as the header says")


def _swap(pixels: bytearray) -> None:
    pixels[::2], pixels[1::2] = pixels[1::2], pixels[::2]


def _bits_overwritten(pixels: bytearray, layout: Layout, rectangles: Iterable[Rectangle]) -> bytes:
    """Overwrite single bits, of which the first is the lowest of its byte (PS3.5, 8.1.1)."""
    bits = np.unpackbits(np.frombuffer(pixels, np.uint8), bitorder="little")
    count = layout.frames * layout.rows * layout.columns
    bits[count:] = 0
    shaped = bits[:count].reshape(layout.frames, layout.rows, layout.columns)
    for one in rectangles:
        shaped[:, one.top : one.top + one.height, one.left : one.left + one.width] = (
            layout.photometric == "MONOCHROME1"
        )
    return np.packbits(bits, bitorder="little").tobytes()


def _shaped(samples: Pixels, dataset: Dataset, layout: Layout) -> Pixels:
    """Return a view of shape frames × rows × columns × samples, columns by two if halved."""
    frames, rows, columns, count = layout.frames, layout.rows, layout.columns, layout.samples
    if layout.photometric == _HALVED:
        return samples.reshape(frames, rows, columns // 2, 4)
    if count > 1 and dataset.get("PlanarConfiguration") == 1:
        return samples.reshape(frames, count, rows, columns).transpose(0, 2, 3, 1)
    return samples.reshape(frames, rows, columns, count)


def _black(samples: Pixels, dataset: Dataset, layout: Layout) -> Any:
    if layout.photometric == "PALETTE COLOR":
        return _darkest_index(dataset, layout)
    if not layout.is_grey:
        return np.array(_BLACK[layout.photometric], samples.dtype)
    if layout.element in _FLOATS:
        finite = samples[np.isfinite(samples)]
        if not finite.size:
            return 0
        return finite.max() if layout.photometric == "MONOCHROME1" else finite.min()
    return _darkest_word(samples, dataset, layout)


def _darkest_word(samples: Pixels, dataset: Dataset, layout: Layout) -> int:
    """Return the word of the darkest value, with nothing in the bits that are not stored.

    They may hold an overlay (retired), which would show what is overwritten.
    """
    size, bits, high = layout.allocated, layout.bits, layout.high
    if not bits <= high + 1 <= size:
        raise CorruptImage(f"its HighBit is {high}, with {bits} of {size} bits stored")
    native = samples.astype(samples.dtype.newbyteorder("="), copy=False)
    raised = native << np.array(size - 1 - high, native.dtype)  # the value is in the highest bits
    values: npt.NDArray[Any] = raised
    if dataset.get("PixelRepresentation") == 1:
        values = raised.view(f"i{size // 8}")
    darkest = values.max() if layout.photometric == "MONOCHROME1" else values.min()
    value = int(darkest) >> (size - bits)  # a sign stays one, in all bits above
    return (value << (high + 1 - bits)) & ((1 << size) - 1)


def _darkest_index(dataset: Dataset, layout: Layout) -> int:
    """Return the index of the darkest colour of a palette, by its luma."""
    try:
        is_signed = dataset.get("PixelRepresentation") == 1
        count, first, _ = descriptor(dataset.RedPaletteColorLookupTableDescriptor, is_signed)
        indices = np.arange(first, first + count)
        bits = min(layout.bits, 16)
        least = -1 << (bits - 1) if is_signed else 0
        indices = indices[(indices >= least) & (indices < least + (1 << bits))]
        if not indices.size:
            raise ValueError("no index of it can be stored")
        colours = coloured(indices.astype(np.int32 if is_signed else np.uint16), dataset)
    except READ_ERRORS as error:
        raise CorruptImage("its palette cannot be read") from error
    darkest = int(indices[np.argmin(colours[..., :3] @ np.array(_LUMA))])
    return (darkest << (layout.high + 1 - layout.bits)) & ((1 << layout.allocated) - 1)
