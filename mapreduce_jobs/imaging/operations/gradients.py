"""Derivatives: Sobel, gradient magnitude, Laplacian, and the edges of Canny.

By default the border is repeated, as in `cv2.Canny` and, for 3×3 weights, in `scipy.ndimage`: so
the edges that these operations show are those that the job `edge_density` counts.
"""

from dataclasses import replace
from typing import Literal

import numpy as np
import numpy.typing as npt

from mapreduce_jobs.imaging.arrays.frames import Result, each_frame, extended, with_result
from mapreduce_jobs.imaging.arrays.kernels import KernelName, convolved, weights_of
from mapreduce_jobs.imaging.arrays.masking import continued, emptying_padding
from mapreduce_jobs.imaging.arrays.parameters import Border, NotNegative
from mapreduce_jobs.imaging.errors import BadParameter, UnsuitableImage
from mapreduce_jobs.imaging.image import Image, Pixels, grey
from mapreduce_jobs.imaging.measures.edges import canny_frame, gradient_magnitude

__all__ = ["canny", "gradient", "laplacian", "sobel"]


@emptying_padding
def laplacian(
    image: Image,
    *,
    neighbours: Literal[4, 8] = 4,
    border: Border = "edge",
    fill: float = 0.0,
    result: Result = "absolute",
) -> Image:
    """Compute the Laplacian ∇²I, the sum of the differences from the neighbours.

    Weights 0 1 0; 1 −4 1; 0 1 0, as in `scipy.ndimage.laplace`, or 1 1 1; 1 −8 1; 1 1 1. Half of
    the values are negative by nature, therefore their absolute values are the default. Colour:
    each channel by itself.

    Parameters
    ----------
    image : Image
        Any dtype.
    neighbours : int, optional
        Whether 4 neighbours count, or also those across the corners.
    border : str, optional
    fill : float, optional
    result : str, optional
        How values that may be negative, or large, become pixels.

    Returns
    -------
    Image

    Examples
    --------
    >>> dot = Image(np.uint8([[[7, 7, 7], [7, 9, 7], [7, 7, 7]]]), 8)
    >>> laplacian(dot).pixels.tolist()  # in the centre 4 · 7 − 4 · 9 = −8
    [[[0, 2, 0], [2, 8, 2], [0, 2, 0]]]
    """
    name: KernelName = "laplacian4" if neighbours == 4 else "laplacian8"
    return _derivative(image, name, border, fill, result)


@emptying_padding
def sobel(
    image: Image,
    *,
    axis: Literal["x", "y"],
    border: Border = "edge",
    fill: float = 0.0,
    result: Result = "absolute",
) -> Image:
    """Compute the derivative by x (along rows) or y (down columns) with the 3×3 Sobel operator.

    Not normalised, so in grey levels times 8 a pixel, as in `scipy.ndimage.sobel` and
    `cv2.Sobel`; positive where grey levels rise to the right, or downwards. The default are
    absolute values, so that both sides of a bright line show. Colour: each channel by itself.

    Parameters
    ----------
    image : Image
        Any dtype.
    axis : str
        By which coordinate.
    border : str, optional
    fill : float, optional
    result : str, optional
        How values that may be negative, or large, become pixels.

    Returns
    -------
    Image

    Examples
    --------
    >>> step = Image(np.uint8([[[30, 30, 20, 20]] * 3]), 8)
    >>> sobel(step, axis="x", result="float").pixels[0, 1].tolist()  # (1 + 2 + 1) · (20 − 30)
    [0.0, -40.0, -40.0, 0.0]
    """
    name: KernelName = "sobel_x" if axis == "x" else "sobel_y"
    return _derivative(image, name, border, fill, result)


@emptying_padding
def gradient(
    image: Image, *, border: Border = "edge", fill: float = 0.0, result: Result = "clip"
) -> Image:
    """Compute the gradient magnitude ``|∇I| = √(Ix² + Iy²)`` of the grey levels.

    Ix and Iy are by the Sobel operator, not normalised: up to 1443 of 8-bit images, which
    ``result=clip`` cuts at 255 and ``result=scale`` does not. Colour becomes luma.

    Parameters
    ----------
    image : Image
        Any dtype.
    border : str, optional
    fill : float, optional
    result : str, optional
        How values that may be large become pixels.

    Returns
    -------
    Image
        Grey.

    Examples
    --------
    A slope of 3 to the right and 4 downwards, times 8: √(24² + 32²) = 40.

    >>> slope = Image(np.uint8([[[0, 3, 6], [4, 7, 10], [8, 11, 14]]]), 8)
    >>> gradient(slope).pixels[0, 1, 1].item()
    40
    """

    def magnitude(frame: Pixels) -> npt.NDArray[np.floating]:
        return gradient_magnitude(extended(frame, 1, 1, border, fill))[1:-1, 1:-1]

    levels = continued(replace(image, pixels=grey(image)))
    return with_result(each_frame(levels, magnitude), image, result)


@emptying_padding
def canny(image: Image, *, low: NotNegative, high: NotNegative, l2: bool = False) -> Image:
    """Find edges by Canny: thin lines of 255 on 0.

    As `cv2.Canny` with aperture 3 and no blur of its own: put ``gaussian`` before it. An edge is a
    chain of maxima of the gradient above `low` that has one above `high` (Canny 1986). Colour
    becomes luma.

    Parameters
    ----------
    image : Image
        8 bits.
    low : float
        Gradient that goes on with an edge.
    high : float
        Gradient that begins an edge.
    l2 : bool, optional
        Whether the gradient is √(Ix² + Iy²), and not ``|Ix| + |Iy|``.

    Returns
    -------
    Image
        Grey, 8 bits.

    Raises
    ------
    BadParameter
        `low` is above `high`.
    UnsuitableImage
        The image has more than 8 bits.

    Examples
    --------
    >>> step = Image(np.uint8([[[0, 0, 0, 100, 100, 100]] * 5]), 8)
    >>> canny(step, low=100, high=200).pixels[0, 2].tolist()  # Ix = 400 at both sides of the step
    [0, 0, 255, 0, 0, 0]
    """
    if low > high:
        raise BadParameter(f"low={low:g} must not be above high={high:g}")
    if image.pixels.dtype != np.uint8:
        raise UnsuitableImage(
            f"Canny is defined on 8 bits, this image has {image.pixels.dtype} pixels:"
            " put normalise or window before it"
        )
    levels = continued(replace(image, pixels=grey(image)))
    edges = each_frame(levels, lambda frame: canny_frame(frame, low, high, l2)[0])
    return replace(image, pixels=edges, bits=8, unit="stored")


def _derivative(
    image: Image, name: KernelName, border: Border, fill: float, result: Result
) -> Image:
    weights = weights_of(name)
    values = each_frame(continued(image), lambda frame: convolved(frame, weights, border, fill))
    return with_result(values, image, result)
