"""The extent of an image: crop and pad, and what lies outside."""

from dataclasses import replace
from typing import Annotated

import numpy as np
import numpy.typing as npt

from mapreduce_jobs.imaging import MAX_PIXELS
from mapreduce_jobs.imaging.arrays.frames import full_range
from mapreduce_jobs.imaging.arrays.masking import moving_padding
from mapreduce_jobs.imaging.arrays.parameters import Between, Border, Size
from mapreduce_jobs.imaging.errors import OutsideImage, UnsuitableImage
from mapreduce_jobs.imaging.image import Image

__all__ = ["check_fill", "crop", "inside", "limit_size", "pad", "rectangle"]

_Indices = npt.NDArray[np.intp]
_Place = Annotated[int, Between(least=0)]


@moving_padding
def crop(image: Image, *, left: _Place, top: _Place, width: Size, height: Size) -> Image:
    """Cut a rectangle out of an image.

    Parameters
    ----------
    image : Image
        Grey or colour, any dtype.
    left : int
        First column of the rectangle, from 0.
    top : int
        First row of the rectangle, from 0.
    width : int
        Columns of the rectangle.
    height : int
        Rows of the rectangle.

    Returns
    -------
    Image

    Raises
    ------
    OutsideImage
        The rectangle does not lie in the image as a whole.

    Examples
    --------
    >>> image = Image(np.uint8([[[1, 2, 3], [4, 5, 6]]]), 8)
    >>> crop(image, left=1, top=0, width=2, height=1).pixels.tolist()
    [[[2, 3]]]
    """
    rows, columns = image.pixels.shape[1:3]
    right, bottom = left + width, top + height
    if right > columns or bottom > rows:
        raise OutsideImage(
            f"columns {left} to {right - 1}, rows {top} to {bottom - 1} are to be cut out of"
            f" {columns} columns and {rows} rows, which count from 0"
        )
    pixels = image.pixels[:, top:bottom, left:right]
    return replace(image, pixels=np.ascontiguousarray(pixels))


@moving_padding
def pad(
    image: Image,
    *,
    left: _Place = 0,
    top: _Place = 0,
    right: _Place = 0,
    bottom: _Place = 0,
    border: Border = "constant",
    fill: float = 0.0,
) -> Image:
    """Add columns and rows around an image.

    Parameters
    ----------
    image : Image
        Grey or colour, any dtype.
    left : int, optional
        Columns to add on the left.
    top : int, optional
        Rows to add above.
    right : int, optional
        Columns to add on the right.
    bottom : int, optional
        Rows to add below.
    border : str, optional
    fill : float, optional
        The value outside for constant; of integer images it is rounded.

    Returns
    -------
    Image

    Raises
    ------
    UnsuitableImage
        The fill is not a value that the image can have, or the result would be too large.

    Examples
    --------
    >>> pad(Image(np.uint8([[[1, 2, 3]]]), 8), left=2, bottom=1, border="reflect").pixels.tolist()
    [[[3, 2, 1, 2, 3], [3, 2, 1, 2, 3]]]
    """
    rows, columns = image.pixels.shape[1:3]
    shape = (top + rows + bottom, left + columns + right)
    return rectangle(image, -left, -top, shape, border, fill)


def rectangle(
    image: Image,
    left: int,
    top: int,
    shape: tuple[int, int],
    border: Border = "constant",
    fill: float = 0.0,
) -> Image:
    """Return a rectangle of an image that goes on outside; pixels are moved, not computed.

    Parameters
    ----------
    image : Image
        Grey or colour, any dtype.
    left, top : int
        Column and row of the image where the rectangle begins; also negative, or beyond it.
    shape : tuple of int
        Rows and columns of the rectangle.
    border : str, optional
        What lies outside the image; see `Border`.
    fill : float, optional
        The value outside for ``"constant"``, of integer images rounded.

    Returns
    -------
    Image

    Raises
    ------
    UnsuitableImage
        The fill is not a value that the image can have, or the result would be too large.

    Examples
    --------
    >>> image = Image(np.uint8([[[1, 2, 3]]]), 8)
    >>> rectangle(image, -2, 0, (1, 4), "reflect").pixels.tolist()
    [[[3, 2, 1, 2]]]
    """
    limit_size(image, *shape)
    if border == "constant":
        check_fill(image, fill)
    rows = inside(np.arange(top, top + shape[0]), image.pixels.shape[1], border)
    columns = inside(np.arange(left, left + shape[1]), image.pixels.shape[2], border)
    pixels = image.pixels.take(rows, axis=1).take(columns, axis=2)
    if border == "constant":
        value = fill if pixels.dtype.kind == "f" else round(fill)
        pixels[:, rows < 0] = value
        pixels[:, :, columns < 0] = value
    return replace(image, pixels=pixels)


def inside(index: _Indices, size: int, border: Border) -> _Indices:
    """Return the pixels of an axis that stand for places in and outside it; -1 is the fill.

    Parameters
    ----------
    index : ndarray of int
        Places, 0 that of the first pixel.
    size : int
        How many pixels the axis has.
    border : str
        What lies outside; see `Border`.

    Returns
    -------
    ndarray of int

    Examples
    --------
    >>> inside(np.arange(-2, 5), 3, "reflect").tolist()
    [2, 1, 0, 1, 2, 1, 0]
    >>> inside(np.arange(-2, 5), 3, "constant").tolist()
    [-1, -1, 0, 1, 2, -1, -1]
    """
    if border == "constant":
        return np.where((index >= 0) & (index < size), index, -1)
    if border == "edge":
        return np.clip(index, 0, size - 1)
    if border == "wrap":
        return index % size
    if border == "symmetric":
        folded = index % (2 * size)
        return np.minimum(folded, 2 * size - 1 - folded)
    period = max(1, 2 * size - 2)
    folded = index % period
    return np.minimum(folded, period - folded)


def limit_size(image: Image, rows: int, columns: int) -> None:
    """Raise `UnsuitableImage` if a result of this size were more than `MAX_PIXELS`, and larger."""
    frames, *size = image.pixels.shape[:3]
    if rows * columns > max(MAX_PIXELS // frames, size[0] * size[1]):
        raise UnsuitableImage(
            f"the result would have {frames} × {rows} × {columns} pixels"
            f" (frames × rows × columns), more than {MAX_PIXELS}"
        )


def check_fill(image: Image, fill: float) -> None:
    """Raise `UnsuitableImage` if the image can have no pixels of the value `fill`."""
    dtype = image.pixels.dtype
    if dtype.kind == "f":
        most = float(np.finfo(dtype).max)
        if most < abs(fill) < np.inf:
            raise UnsuitableImage(f"fill={fill:g} is beyond ±{most:g}, the range of its {dtype}")
        return
    low, high = full_range(image)
    if not low <= fill <= high:
        raise UnsuitableImage(
            f"fill={fill:g} is not from {low} to {high}, the range of its {image.bits} bits"
        )
