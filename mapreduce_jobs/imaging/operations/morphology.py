"""Grey morphology with flat structuring elements.

A structuring element is a set of positions around a pixel: the square of `size`, or an ellipse or
a cross in it. What lies outside the image does not count, and neither do NaN and padding: as
`cv2.erode`, `cv2.dilate` and scikit-image have it by default. Values are selected, not computed, so
that every dtype is exact. Colour: each channel by itself.
"""

from dataclasses import replace
from typing import Literal

import cv2
import numpy as np
import numpy.typing as npt

from mapreduce_jobs.imaging.arrays.frames import fitted
from mapreduce_jobs.imaging.arrays.masking import (
    Mask,
    each_frame_and_mask,
    emptying_padding,
    keeping_padding,
)
from mapreduce_jobs.imaging.arrays.parameters import Odd, Size
from mapreduce_jobs.imaging.image import Image, Pixels

__all__ = [
    "blackhat",
    "closing",
    "dilate",
    "erode",
    "morphological_gradient",
    "opening",
    "tophat",
]

_Shape = Literal["rectangle", "ellipse", "cross"]

# What cv2.erode and cv2.dilate take; int8 and the like are exact in these.
_WIDER = {"int8": np.int16, "int32": np.float64, "uint32": np.float64}


@keeping_padding
def erode(
    image: Image, *, size: Odd = 3, shape: _Shape = "rectangle", iterations: Size = 1
) -> Image:
    """Replace each pixel by the minimum under a structuring element: bright regions shrink.

    What is outside, and NaN, does not count; a pixel becomes NaN where there is nothing but NaN
    under the structuring element. Colour: each channel by itself.

    Parameters
    ----------
    image : Image
        Any dtype.
    size : int, optional
    shape : str, optional
        Shape of the structuring element. The ellipse reaches round(√(r² − y²)) to each side in row
        y, r being half the size rounded down.
    iterations : int, optional
        How often.

    Returns
    -------
    Image

    Examples
    --------
    >>> bar = Image(np.uint8([[[9, 9, 9, 0, 9]]]), 8)
    >>> erode(bar).pixels.tolist()
    [[[9, 9, 0, 0, 0]]]
    """
    return _minimum(image, size, shape, iterations)


@keeping_padding
def dilate(
    image: Image, *, size: Odd = 3, shape: _Shape = "rectangle", iterations: Size = 1
) -> Image:
    """Replace each pixel by the maximum under a structuring element: bright regions grow.

    What is outside, and NaN, does not count; a pixel becomes NaN where there is nothing but NaN
    under the structuring element. Colour: each channel by itself.

    Parameters
    ----------
    image : Image
        Any dtype.
    size : int, optional
    shape : str, optional
    iterations : int, optional
        How often.

    Returns
    -------
    Image

    Examples
    --------
    >>> dot = Image(np.uint8([[[0, 0, 0], [0, 9, 0], [0, 0, 0]]]), 8)
    >>> dilate(dot, shape="cross").pixels.tolist()
    [[[0, 9, 0], [9, 9, 9], [0, 9, 0]]]
    """
    return _maximum(image, size, shape, iterations)


@keeping_padding
def opening(
    image: Image, *, size: Odd = 3, shape: _Shape = "rectangle", iterations: Size = 1
) -> Image:
    """Erode, then dilate: bright details smaller than the structuring element go.

    Colour: each channel by itself.

    Parameters
    ----------
    image : Image
        Any dtype.
    size : int, optional
    shape : str, optional
    iterations : int, optional
        How often the image is eroded, and as often dilated.

    Returns
    -------
    Image

    Examples
    --------
    >>> specks = Image(np.uint8([[[0, 7, 0, 9, 9, 9, 0]]]), 8)
    >>> opening(specks).pixels.tolist()
    [[[0, 0, 0, 9, 9, 9, 0]]]
    """
    return _maximum(_minimum(image, size, shape, iterations), size, shape, iterations)


@keeping_padding
def closing(
    image: Image, *, size: Odd = 3, shape: _Shape = "rectangle", iterations: Size = 1
) -> Image:
    """Dilate, then erode: dark details smaller than the structuring element go.

    Colour: each channel by itself.

    Parameters
    ----------
    image : Image
        Any dtype.
    size : int, optional
    shape : str, optional
    iterations : int, optional
        How often the image is dilated, and as often eroded.

    Returns
    -------
    Image

    Examples
    --------
    >>> holes = Image(np.uint8([[[9, 2, 9, 0, 0, 0, 9]]]), 8)
    >>> closing(holes).pixels.tolist()
    [[[9, 9, 9, 0, 0, 0, 9]]]
    """
    return _minimum(_maximum(image, size, shape, iterations), size, shape, iterations)


@emptying_padding
def tophat(image: Image, *, size: Odd = 3, shape: _Shape = "rectangle") -> Image:
    """Keep the bright details smaller than a structuring element: the image less its opening.

    Colour: each channel by itself.

    Parameters
    ----------
    image : Image
        Any dtype.
    size : int, optional
    shape : str, optional

    Returns
    -------
    Image

    Examples
    --------
    >>> specks = Image(np.uint8([[[2, 7, 2, 9, 9, 9, 2]]]), 8)
    >>> tophat(specks).pixels.tolist()
    [[[0, 5, 0, 0, 0, 0, 0]]]
    """
    return _difference(image, opening(image, size=size, shape=shape))


@emptying_padding
def blackhat(image: Image, *, size: Odd = 3, shape: _Shape = "rectangle") -> Image:
    """Keep the dark details smaller than a structuring element: the closing less the image.

    Colour: each channel by itself.

    Parameters
    ----------
    image : Image
        Any dtype.
    size : int, optional
    shape : str, optional

    Returns
    -------
    Image

    Examples
    --------
    >>> holes = Image(np.uint8([[[9, 2, 9, 0, 0, 0, 9]]]), 8)
    >>> blackhat(holes).pixels.tolist()
    [[[0, 7, 0, 0, 0, 0, 0]]]
    """
    return _difference(closing(image, size=size, shape=shape), image)


@emptying_padding
def morphological_gradient(image: Image, *, size: Odd = 3, shape: _Shape = "rectangle") -> Image:
    """Compute the maximum less the minimum under a structuring element: large at edges.

    Colour: each channel by itself.

    Parameters
    ----------
    image : Image
        Any dtype.
    size : int, optional
    shape : str, optional

    Returns
    -------
    Image

    Examples
    --------
    >>> step = Image(np.uint8([[[1, 1, 1, 8, 8, 8]]]), 8)
    >>> morphological_gradient(step).pixels.tolist()
    [[[0, 0, 7, 7, 0, 0]]]
    """
    return _difference(_maximum(image, size, shape), _minimum(image, size, shape))


def _minimum(image: Image, size: int, shape: _Shape, iterations: int = 1) -> Image:
    return _extreme(image, size, shape, iterations, is_minimum=True)


def _maximum(image: Image, size: int, shape: _Shape, iterations: int = 1) -> Image:
    return _extreme(image, size, shape, iterations, is_minimum=False)


def _extreme(image: Image, size: int, shape: _Shape, iterations: int, is_minimum: bool) -> Image:
    """Return the minima or the maxima under a structuring element."""
    dtype = image.pixels.dtype
    wide = np.dtype(_WIDER.get(dtype.name, dtype))
    function = cv2.erode if is_minimum else cv2.dilate
    rows, columns = image.pixels.shape[1:3]
    if shape == "rectangle":  # rectangles after one another are one
        size, iterations = (size - 1) * iterations + 1, 1
    footprint = _footprint(shape, size // 2, rows, columns)
    # After so many times nothing changes any more.
    times = min(iterations, rows + columns)
    # A value that no other is beyond: it is never chosen.
    if wide.kind == "f":
        outside = np.inf if is_minimum else -np.inf
    else:
        outside = float(np.iinfo(wide).max if is_minimum else np.iinfo(wide).min)

    def apply(frame: Pixels) -> Pixels:
        return function(
            frame,
            footprint,
            iterations=times,
            borderType=cv2.BORDER_CONSTANT,
            borderValue=(outside,) * 4,
        )

    def chosen(frame: Pixels, mask: Mask | None) -> Pixels:
        missing = np.isnan(frame)
        if mask is not None:
            missing[mask] = True
        if not missing.any():
            return apply(frame.astype(wide)).astype(dtype)
        found = apply(np.where(missing, wide.type(outside), frame.astype(wide)))
        nothing = cv2.erode(missing.astype(np.uint8), footprint, iterations=times)
        found[nothing > 0] = np.nan if wide == dtype and dtype.kind == "f" else 0
        return found.astype(dtype)

    return replace(image, pixels=each_frame_and_mask(image, chosen))


def _footprint(shape: _Shape, radius: int, rows: int, columns: int) -> npt.NDArray[np.uint8]:
    """Return a footprint without what is outside a frame of this size wherever it lies."""
    above, left = min(radius, rows - 1), min(radius, columns - 1)
    y, x = np.ogrid[-above : above + 1, -left : left + 1]
    if shape == "cross":
        inside = (x == 0) | (y == 0)
    elif shape == "ellipse":
        inside = np.abs(x) <= np.rint(np.sqrt(float(radius) ** 2 - y**2))
    else:
        inside = np.ones((2 * above + 1, 2 * left + 1), bool)
    return inside.astype(np.uint8)


def _difference(greater: Image, lesser: Image) -> Image:
    with np.errstate(invalid="ignore"):  # inf less inf is NaN
        values = greater.pixels.astype(np.float64) - lesser.pixels
    return fitted(values, greater)
