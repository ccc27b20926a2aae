"""Edges: gradient magnitude and Canny, and how dense they are.

Derivatives are by the 3×3 Sobel operator, not normalised, with the border repeated: what
`cv2.Canny` does inside, `scipy.ndimage.sobel` by default, and the scale that thresholds are
usually written in.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from fractions import Fraction

import cv2
import numpy as np
import numpy.typing as npt

from mapreduce_jobs.imaging.errors import UnsuitableImage
from mapreduce_jobs.imaging.image import Image, Pixels, grey

__all__ = [
    "EdgeCount",
    "canny_edges",
    "canny_frame",
    "gradient_edges",
    "gradient_magnitude",
    "to_8bit",
]


_ALL_PADDING = "every pixel is padding, or beside it"
_BEYOND = 32767.0  # the largest |Ix| + |Iy| of 8 bits is 2040


@dataclass(frozen=True)
class EdgeCount:
    """Sums over pixels; those of two sets of pixels add up to those of their union.

    Attributes
    ----------
    pixels : int
        Pixels where the gradient is defined: all but those whose 3×3 neighbourhood has padding in
        it, which would make an edge of the padding's border, or a value that is not finite.
    edge_pixels : int
        Those of them that are edges.
    gradient_sum : Fraction
        Sum of the gradient magnitude over `pixels`; exact, so that any order adds up to the same.
    """

    pixels: int
    edge_pixels: int
    gradient_sum: Fraction


def gradient_magnitude(frame: Pixels) -> npt.NDArray[np.floating]:
    """Return ``|∇I| = √(Ix² + Iy²)`` of one frame.

    Parameters
    ----------
    frame : ndarray, shape (rows, columns)
        Grey levels.

    Returns
    -------
    ndarray, shape (rows, columns)
        float32 for 8-bit frames, where every Ix² + Iy² is exact in it; float64 else.

    Examples
    --------
    A vertical step of 1: the two columns beside it have Ix = 1 + 2 + 1 = 4.

    >>> gradient_magnitude(np.uint8([[0, 0, 1, 1]] * 3))[1].tolist()
    [0.0, 4.0, 4.0, 0.0]
    """
    depth = cv2.CV_32F
    if frame.dtype != np.uint8:
        depth = cv2.CV_64F
        frame = frame.astype(np.float64)
    ix = cv2.Sobel(frame, depth, 1, 0, borderType=cv2.BORDER_REPLICATE)
    iy = cv2.Sobel(frame, depth, 0, 1, borderType=cv2.BORDER_REPLICATE)
    return _length(ix, iy)


def gradient_edges(image: Image, threshold: float) -> EdgeCount:
    """Count the pixels whose gradient magnitude is above a threshold.

    Parameters
    ----------
    image : Image
        Any dtype; colour becomes luma; each frame by itself.
    threshold : float
        In grey levels times 8 a pixel, the scale of the Sobel operator.

    Returns
    -------
    EdgeCount

    Raises
    ------
    UnsuitableImage
        There is no pixel with a gradient that is a finite number, or all are padding or beside it.

    Examples
    --------
    >>> gradient_edges(Image(np.uint8([[[0, 0, 1, 1]] * 3]), bits=8), threshold=3)
    EdgeCount(pixels=12, edge_pixels=6, gradient_sum=Fraction(24, 1))
    """
    pixels = edge_pixels = 0
    total = Fraction(0)
    for frame, valid in zip(grey(image), _clear_of_padding(image), strict=True):
        magnitude = gradient_magnitude(frame)
        if valid is not None:
            magnitude = magnitude[valid]
        if frame.dtype.kind == "f":
            magnitude = magnitude[np.isfinite(magnitude)]
        pixels += magnitude.size
        edge_pixels += int(np.count_nonzero(magnitude > threshold))
        total += _sum(magnitude)
    if not pixels:
        raise UnsuitableImage(
            "no pixel has a gradient that is a finite number"
            if image.padding is None
            else _ALL_PADDING
        )
    return EdgeCount(pixels, edge_pixels, total)


def canny_frame(
    frame: Pixels, low: float, high: float, l2: bool = False
) -> tuple[Pixels, Pixels, Pixels]:
    """Return the edges that `cv2.Canny` marks in one frame, and the derivatives they follow from.

    Parameters
    ----------
    frame : ndarray of uint8, shape (rows, columns)
        Grey levels.
    low, high : float
        Thresholds of the hysteresis.
    l2 : bool, optional
        Whether the thresholds are of √(Ix² + Iy²), and not of ``|Ix| + |Iy|``.

    Returns
    -------
    edges : ndarray of uint8
        255 where there is an edge, else 0.
    ix, iy : ndarray of int16
    """
    ix = cv2.Sobel(frame, cv2.CV_16S, 1, 0, borderType=cv2.BORDER_REPLICATE)
    iy = cv2.Sobel(frame, cv2.CV_16S, 0, 1, borderType=cv2.BORDER_REPLICATE)
    # What no gradient reaches is one number, for OpenCV casts thresholds to int unchecked.
    low, high = min(low, _BEYOND), min(high, _BEYOND)
    return cv2.Canny(ix, iy, low, high, L2gradient=l2), ix, iy


def canny_edges(image: Image, low: float, high: float) -> EdgeCount:
    """Count the pixels that `cv2.Canny` marks (aperture 3, ``|Ix| + |Iy|``, no blur).

    Parameters
    ----------
    image : Image
        8 bits; colour becomes luma; each frame by itself. See `to_8bit`.
    low, high : float
        Thresholds of the hysteresis.

    Returns
    -------
    EdgeCount

    Raises
    ------
    UnsuitableImage
        The image has more than 8 bits; all pixels are padding or beside it.
    """
    if image.pixels.dtype != np.uint8:
        raise UnsuitableImage(
            f"Canny is defined on 8 bits, this image has {image.pixels.dtype} pixels:"
            " say with --to-8bit how to convert it"
        )
    pixels = edge_pixels = 0
    total = Fraction(0)
    for frame, valid in zip(grey(image), _clear_of_padding(image), strict=True):
        edges, ix, iy = canny_frame(frame, low, high)
        magnitude = _length(ix.astype(np.float32), iy.astype(np.float32))
        if valid is not None:
            edges[~valid] = 0
            magnitude = magnitude[valid]
        pixels += magnitude.size
        edge_pixels += cv2.countNonZero(edges)
        total += _sum(magnitude)
    if not pixels:
        raise UnsuitableImage(_ALL_PADDING)
    return EdgeCount(pixels, edge_pixels, total)


def to_8bit(image: Image, method: str) -> Image:
    """Convert an image of more than 8 bits to 8; one of 8 bits is returned as it is.

    Parameters
    ----------
    image : Image
        Any dtype.
    method : {"full", "minmax"}
        ``"full"``: the range of the bits stored becomes 0…255, by dropping the lower bits; for
        integers only. ``"minmax"``: the least value becomes 0, the greatest 255, linear between
        and rounded; padding does not count, and is clipped.

    Returns
    -------
    Image
        uint8.

    Raises
    ------
    UnsuitableImage
        ``"full"`` of floats, which have no full range; ``"minmax"`` where a value is not finite.

    Examples
    --------
    >>> deep = Image(np.uint16([[[0, 1000, 4095]]]), bits=12)
    >>> to_8bit(deep, "full").pixels.tolist()  # 1000 // 16
    [[[0, 62, 255]]]
    >>> to_8bit(deep, "minmax").pixels.tolist()  # 1000 · 255 / 4095 = 62.3
    [[[0, 62, 255]]]
    """
    pixels = image.pixels
    if pixels.dtype == np.uint8:
        return image
    if method == "full":
        if pixels.dtype.kind == "f":
            raise UnsuitableImage("floats have no full range: use --to-8bit minmax")
        lowest = -(1 << image.bits - 1) if pixels.dtype.kind == "i" else 0
        scaled = (pixels.astype(np.int64) - lowest) >> max(0, image.bits - 8)
        return replace(image, pixels=np.clip(scaled, 0, 255).astype(np.uint8), bits=8)
    if not np.isfinite(pixels).all():
        raise UnsuitableImage("a pixel is not a finite number, which has no 8-bit value")
    measured = pixels
    if image.padding is not None and not image.padding.all():
        measured = pixels[~image.padding]
    low, high = float(measured.min()), float(measured.max())
    shifted = pixels.astype(np.float64) - low
    if high > low:
        shifted *= 255 / (high - low)
    if measured is not pixels:
        np.clip(shifted, 0, 255, out=shifted)
    return replace(image, pixels=np.rint(shifted).astype(np.uint8), bits=8)


def _clear_of_padding(image: Image) -> Iterable[npt.NDArray[np.bool_] | None]:
    """Return for each frame which pixels have no padding beside them; None if all do."""
    if image.padding is None:
        return [None] * len(image.pixels)
    beside = np.ones((3, 3), np.uint8)
    return (cv2.dilate(frame.astype(np.uint8), beside) == 0 for frame in image.padding)


def _length(ix: Pixels, iy: Pixels) -> npt.NDArray[np.floating]:
    """Return √(ix² + iy²), in place of `ix`; `iy` is overwritten too."""
    ix *= ix
    iy *= iy
    ix += iy
    return np.sqrt(ix, out=ix)


def _sum(magnitude: npt.NDArray[np.floating]) -> Fraction:
    return Fraction(float(magnitude.sum(dtype=np.float64)))
