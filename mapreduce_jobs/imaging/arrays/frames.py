"""Helpers of operations: frame by frame, the border, and the range of the pixels."""

from collections.abc import Callable
from dataclasses import replace
from typing import Literal

import cv2
import numpy as np
import numpy.typing as npt

from mapreduce_jobs.imaging.arrays.parameters import Border
from mapreduce_jobs.imaging.errors import UnsuitableImage
from mapreduce_jobs.imaging.image import Image, Pixels

__all__ = ["BORDERS", "Result", "each_frame", "extended", "fitted", "full_range", "with_result"]

BORDERS: dict[str, int] = {
    "reflect": cv2.BORDER_REFLECT_101,
    "symmetric": cv2.BORDER_REFLECT,
    "edge": cv2.BORDER_REPLICATE,
    "wrap": cv2.BORDER_WRAP,
    "constant": cv2.BORDER_CONSTANT,
}

Result = Literal["clip", "absolute", "scale", "float"]
"""How values that may be negative, or large, become pixels; see `with_result`."""


def each_frame(image: Image, function: Callable[[Pixels], Pixels]) -> Pixels:
    """Apply a function to every frame, rows × columns (× 3), and stack what it gives.

    >>> stack = Image(np.uint8([[[1, 2]], [[3, 4]]]), 8)
    >>> each_frame(stack, lambda frame: frame[:, ::-1]).tolist()
    [[[2, 1]], [[4, 3]]]
    """
    first = function(image.pixels[0])
    if len(image.pixels) == 1:
        return first[np.newaxis]
    return np.stack([first, *(function(frame) for frame in image.pixels[1:])])


def extended(frame: Pixels, rows: int, columns: int, border: Border, fill: float = 0) -> Pixels:
    """Return a frame as float64, continued by some rows above and below and columns at each side.

    Parameters
    ----------
    frame : ndarray, shape (rows, columns) or (rows, columns, 3)
        Any dtype.
    rows, columns : int
        How far, 0 or more; more than the frame has is well-defined too.
    border : str
        How; see `Border`.
    fill : float, optional
        The value outside for ``"constant"``.

    Examples
    --------
    >>> extended(np.uint8([[1, 2, 3]]), 0, 2, "reflect").tolist()
    [[3.0, 2.0, 1.0, 2.0, 3.0, 2.0, 1.0]]
    """
    values = frame.astype(np.float64)
    if not rows and not columns:
        return values
    fills = (fill,) * 4
    return cv2.copyMakeBorder(values, rows, rows, columns, columns, BORDERS[border], value=fills)


def full_range(image: Image) -> tuple[float, float]:
    """Return the least and the greatest value that the pixels may have.

    Of integers that is the range of the bits stored, of floats by convention 0 to 1.

    >>> full_range(Image(np.zeros((1, 1, 1), np.uint16), bits=12))
    (0, 4095)
    >>> full_range(Image(np.zeros((1, 1, 1), np.int16), bits=16))
    (-32768, 32767)
    """
    if image.pixels.dtype.kind == "f":
        return 0.0, 1.0
    if image.pixels.dtype.kind == "i":
        return -(1 << image.bits - 1), (1 << image.bits - 1) - 1
    return 0, (1 << image.bits) - 1


def fitted(values: npt.NDArray[np.floating], image: Image) -> Image:
    """Return an image with new values: rounded, and clipped to its range, never wrapped.

    Parameters
    ----------
    values : ndarray
        Floats: frames × rows × columns (× 3); need not have the image's own shape.
    image : Image
        The image they were made from, whose dtype, bits, spacing and notes stay.

    Returns
    -------
    Image
        Integers: rounded to the nearest, halves to even, then clipped to `full_range`. Floats:
        as they are.

    Raises
    ------
    UnsuitableImage
        A value is not a number, which integers cannot say.

    Examples
    --------
    >>> image = Image(np.zeros((1, 1, 4), np.uint8), 8)
    >>> fitted(np.array([[[-3.0, 0.5, 1.5, 300.0]]]), image).pixels.tolist()
    [[[0, 0, 2, 255]]]
    """
    dtype = image.pixels.dtype
    if dtype.kind == "f":
        return replace(image, pixels=values.astype(dtype))
    if np.isnan(np.min(values, initial=0.0)):
        raise UnsuitableImage("a result is not a number (NaN)")
    low, high = full_range(image)
    rounded = np.rint(values)
    if dtype.itemsize < 8:
        return replace(image, pixels=np.clip(rounded, low, high).astype(dtype))
    # 2⁶³ − 1 is no double, and the next one is outside the dtype.
    limits = np.iinfo(dtype)
    pixels = np.clip(rounded, low, np.nextafter(float(high), 0)).astype(dtype)
    pixels[rounded >= float(high)] = min(int(high), limits.max)
    return replace(image, pixels=pixels)


def with_result(values: npt.NDArray[np.floating], image: Image, result: Result) -> Image:
    """Return an image with new values, which may be outside its range, by an explicit rule.

    Parameters
    ----------
    values : ndarray
        Floats: frames × rows × columns (× 3).
    image : Image
        The image they were made from.
    result : {"clip", "absolute", "scale", "float"}
        ``"clip"``: as `fitted`. ``"absolute"``: the same of their absolute values. ``"scale"``:
        the least of the image's values becomes the least of `full_range`, the greatest the
        greatest, linear between. ``"float"``: float32, as they are.

    Returns
    -------
    Image

    Examples
    --------
    >>> image = Image(np.zeros((1, 1, 3), np.uint8), 8)
    >>> for result in ("clip", "absolute", "scale", "float"):
    ...     with_result(np.array([[[-20.0, 0.0, 30.0]]]), image, result).pixels.tolist()
    [[[0, 0, 30]]]
    [[[20, 0, 30]]]
    [[[0, 102, 255]]]
    [[[-20.0, 0.0, 30.0]]]
    """
    if result == "float":
        return replace(image, pixels=values.astype(np.float32), bits=32)
    if result == "absolute":
        return fitted(np.abs(values), image)
    if result == "scale":
        if not np.isfinite(values).all():
            raise UnsuitableImage("a value is not a finite number, and cannot be scaled")
        low, high = full_range(image)
        least, greatest = float(values.min()), float(values.max())
        factor = (high - low) / (greatest - least) if greatest > least else 0.0
        return fitted((values - least) * factor + low, image)
    return fitted(values, image)
