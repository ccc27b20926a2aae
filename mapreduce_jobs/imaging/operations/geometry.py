"""Geometry: scale, rotate, translate and flip.

Pixels are moved wherever that is what is asked for: turns by 90°, translations by whole pixels
and flips change no value. All else is sampled in float64; see `resampling`.
"""

import math
from dataclasses import replace
from fractions import Fraction
from typing import Annotated, Literal

import numpy as np

from mapreduce_jobs.imaging.arrays.masking import moving_padding
from mapreduce_jobs.imaging.arrays.parameters import Between, Border, Positive, Size
from mapreduce_jobs.imaging.errors import BadParameter, UnsuitableImage
from mapreduce_jobs.imaging.image import Image
from mapreduce_jobs.imaging.operations.extent import rectangle
from mapreduce_jobs.imaging.operations.resampling import REACH, Interpolation, resized, warp

__all__ = ["flip", "rotate", "scale", "translate"]

_Shift = Annotated[float, Between(least=-REACH, most=REACH)]

# Sides of a turned image are rounded up, but not because of the last bit of a sine.
_ROUNDING = 1e-9


@moving_padding
def scale(
    image: Image,
    *,
    factor: Positive | None = None,
    rows: Size | None = None,
    columns: Size | None = None,
    interpolation: Literal["auto", "nearest", "linear", "cubic", "area", "lanczos"] = "auto",
) -> Image:
    """Enlarge or shrink an image.

    Sizes are rounded, halves up, and at least 1. Pixels are areas: the edges of the image stay
    its edges, and the first pixel's centre does not stay where it was, as in OpenCV and
    scikit-image. Pixel spacing follows the sizes. Beyond the edges the outermost pixels go on.

    Parameters
    ----------
    image : Image
        Grey or colour, each channel by itself; any dtype.
    factor : float, optional
        How many times as many rows and columns.
    rows : int, optional
        Rows of the result; without columns, these keep the aspect ratio.
    columns : int, optional
        Columns of the result; without rows, these keep the aspect ratio.
    interpolation : {"auto", "nearest", "linear", "cubic", "area", "lanczos"}, optional
        How to compute values: area is the mean of what a pixel covers, auto is area along an axis
        that shrinks and linear along one that does not.

    Returns
    -------
    Image

    Raises
    ------
    BadParameter
        There is neither a factor nor a size, or both.
    UnsuitableImage
        The result would be too large.

    Examples
    --------
    >>> image = Image(np.uint8([[[0, 2, 4, 6], [2, 4, 6, 8]]]), 8, spacing=(0.5, 0.5))
    >>> half = scale(image, factor=0.5)
    >>> half.pixels.tolist(), half.spacing  # (0 + 2 + 2 + 4) / 4, (4 + 6 + 6 + 8) / 4
    ([[[2, 6]]], (1.0, 1.0))
    """
    height, width = image.pixels.shape[1:3]
    rows, columns = _size(height, width, factor, rows, columns)
    spacing = image.spacing
    if spacing is not None:
        spacing = (spacing[0] * height / rows, spacing[1] * width / columns)
    return replace(resized(image, rows, columns, interpolation), spacing=spacing)


@moving_padding
def rotate(
    image: Image,
    *,
    angle: float,
    expand: bool = False,
    interpolation: Interpolation = "linear",
    border: Border = "constant",
    fill: float = 0.0,
) -> Image:
    """Rotate an image counter-clockwise about its centre.

    The centre is row (rows - 1) / 2, column (columns - 1) / 2. The rotation is one of the pixel
    grid. Multiples of 90° move pixels and change no value, and an odd one exchanges the spacings
    of rows and columns. Only where the result is to keep its size, and has one odd and one even
    side, are 90° half a pixel off the grid, and values are computed. Any other angle needs square
    pixels: of oblong ones it would shear what they show, and no spacing would describe the result.

    Parameters
    ----------
    image : Image
        Grey or colour, each channel by itself; any dtype.
    angle : float
        Degrees, counter-clockwise as the image is seen; negative is clockwise.
    expand : bool, optional
        Whether the result is made as large as holds the whole of the turned image, else it has
        the image's size.
    interpolation : {"nearest", "linear", "cubic", "lanczos"}, optional
        How to compute values between pixels.
    border : str, optional
    fill : float, optional

    Returns
    -------
    Image

    Raises
    ------
    BadParameter
        The angle is not a finite number.
    UnsuitableImage
        The pixels are not square, or only after more than half a pixel's change of the shorter
        side; the fill is not a value that the image can have; the result would be too large.

    Examples
    --------
    >>> rotate(Image(np.uint8([[[1, 2], [3, 4]]]), 8), angle=90).pixels.tolist()
    [[[2, 4], [1, 3]]]

    What is right of the centre goes to its upper right, √2 away; the nearest is 1 away.

    >>> image = Image(np.uint8([[[0, 0, 0], [0, 0, 9], [0, 0, 0]]]), 8)
    >>> rotate(image, angle=45, interpolation="nearest").pixels.tolist()
    [[[0, 0, 9], [0, 0, 0], [0, 0, 0]]]
    """
    if not math.isfinite(angle):
        raise BadParameter("angle must be a finite number")
    turn = angle % 360
    height, width = image.pixels.shape[1:3]
    if turn % 90 == 0:
        quarters = round(turn / 90)
        turned = _quarter_turns(image, quarters)
        if expand or quarters % 2 == 0:
            return turned
        x, y = (height - width) / 2, (width - height) / 2
        return _moved(turned, x, y, (height, width), interpolation, border, fill)
    _check_square(image, angle)
    cosine, sine = math.cos(math.radians(turn)), math.sin(math.radians(turn))
    rows, columns = height, width
    if expand:
        rows = math.ceil(height * abs(cosine) + width * abs(sine) - _ROUNDING)
        columns = math.ceil(width * abs(cosine) + height * abs(sine) - _ROUNDING)
    right, down = (columns - 1) / 2, (rows - 1) / 2
    matrix = (
        (cosine, -sine, (width - 1) / 2 - cosine * right + sine * down),
        (sine, cosine, (height - 1) / 2 - sine * right - cosine * down),
    )
    return warp(
        image, matrix, (rows, columns), interpolation=interpolation, border=border, fill=fill
    )


@moving_padding
def translate(
    image: Image,
    *,
    x: _Shift = 0.0,
    y: _Shift = 0.0,
    interpolation: Interpolation = "linear",
    border: Border = "constant",
    fill: float = 0.0,
) -> Image:
    """Move an image by pixels, right and down; its size stays.

    Whole numbers of pixels move pixels and change no value.

    Parameters
    ----------
    image : Image
        Grey or colour, each channel by itself; any dtype.
    x : float, optional
        Columns to the right; negative is left.
    y : float, optional
        Rows down; negative is up.
    interpolation : {"nearest", "linear", "cubic", "lanczos"}, optional
        How to compute values between pixels.
    border : str, optional
    fill : float, optional

    Returns
    -------
    Image

    Raises
    ------
    UnsuitableImage
        The fill is not a value that the image can have.

    Examples
    --------
    >>> image = Image(np.uint8([[[10, 20, 40]]]), 8)
    >>> translate(image, x=1, fill=7).pixels.tolist()
    [[[7, 10, 20]]]
    >>> translate(image, x=-0.5, border="edge").pixels.tolist()  # (10 + 20) / 2, (20 + 40) / 2
    [[[15, 30, 40]]]
    """
    return _moved(image, -x, -y, image.pixels.shape[1:3], interpolation, border, fill)


@moving_padding
def flip(image: Image, *, axis: Literal["horizontal", "vertical", "both"]) -> Image:
    """Mirror an image left-right, top-bottom or both.

    Parameters
    ----------
    image : Image
        Grey or colour, any dtype.
    axis : {"horizontal", "vertical", "both"}
        horizontal exchanges left and right (flip code 1 of OpenCV), vertical top and bottom
        (code 0), both is a rotation by 180° (code -1).

    Returns
    -------
    Image

    Examples
    --------
    >>> flip(Image(np.uint8([[[1, 2], [3, 4]]]), 8), axis="horizontal").pixels.tolist()
    [[[2, 1], [4, 3]]]
    """
    axes = {"horizontal": (2,), "vertical": (1,), "both": (1, 2)}[axis]
    return replace(image, pixels=np.ascontiguousarray(np.flip(image.pixels, axes)))


def _size(
    height: int, width: int, factor: float | None, rows: int | None, columns: int | None
) -> tuple[int, int]:
    if factor is not None and rows is None and columns is None:
        exactly = _as_written(factor)
        return _half_up(height * exactly), _half_up(width * exactly)
    if factor is None and rows is not None:
        return rows, columns or _half_up(Fraction(width * rows, height))
    if factor is None and columns is not None:
        return _half_up(Fraction(height * columns, width)), columns
    raise BadParameter("scale takes either a factor, or rows or columns or both")


def _moved(
    image: Image,
    left: float,
    top: float,
    shape: tuple[int, int],
    interpolation: Interpolation,
    border: Border,
    fill: float,
) -> Image:
    """Return the rectangle that begins at a column and row; exact if these are whole."""
    if float(left).is_integer() and float(top).is_integer():
        return rectangle(image, int(left), int(top), shape, border, fill)
    matrix = ((1, 0, left), (0, 1, top))
    return warp(image, matrix, shape, interpolation=interpolation, border=border, fill=fill)


def _quarter_turns(image: Image, quarters: int) -> Image:
    spacing = image.spacing
    if spacing is not None and quarters % 2:
        spacing = spacing[::-1]
    turned = np.rot90(image.pixels, quarters, axes=(1, 2))
    return replace(image, pixels=np.ascontiguousarray(turned), spacing=spacing)


def _check_square(image: Image, angle: float) -> None:
    """Refuse pixels that are not square, to half a pixel over the shorter side.

    That is what the sizes' rounding leaves where `scale` has made pixels square.
    """
    if image.spacing is None:
        return
    row, column = image.spacing
    rows, columns = image.pixels.shape[1:3]
    if abs(row / column - 1) * min(rows, columns) <= 0.5 + _ROUNDING:
        return
    if row > column:
        rows = _half_up(Fraction(rows * row / column))
    else:
        columns = _half_up(Fraction(columns * column / row))
    raise UnsuitableImage(
        f"its pixels are {row:g} × {column:g} mm and not square: before a rotation by {angle:g}°"
        f" make them so, with scale rows={rows} columns={columns}"
    )


def _as_written(number: float) -> Fraction:
    """Return a number as its digits have it: 0.7 · 45 is 31.5, which the nearest double is not."""
    if not math.isfinite(number):
        raise BadParameter("factor must be a finite number")
    return Fraction(str(float(number)))


def _half_up(size: Fraction) -> int:
    return max(1, math.floor(size + Fraction(1, 2)))
