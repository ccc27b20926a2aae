"""Filters: convolution with a kernel, and linear and non-linear smoothing."""

from collections.abc import Callable
from dataclasses import replace

import cv2
import numpy as np
import numpy.typing as npt

from mapreduce_jobs.imaging.arrays.frames import Result, each_frame, extended, fitted, with_result
from mapreduce_jobs.imaging.arrays.kernels import KernelName, convolved, sum_or_one, weights_of
from mapreduce_jobs.imaging.arrays.masking import (
    Mask,
    continued,
    each_frame_and_mask,
    keeping_padding,
)
from mapreduce_jobs.imaging.arrays.parameters import Border, Odd, Positive, Rows
from mapreduce_jobs.imaging.image import Image, Pixels
from mapreduce_jobs.imaging.operations.neighbourhood import (
    bilateral_frame,
    correct_medians,
    median_frame,
    radius_of,
)

__all__ = ["bilateral", "convolve", "gaussian", "mean", "median"]

_Values = npt.NDArray[np.float64]


@keeping_padding
def convolve(
    image: Image,
    *,
    kernel: KernelName | Rows,
    normalise: bool = True,
    border: Border = "reflect",
    fill: float = 0.0,
    result: Result = "clip",
) -> Image:
    """Convolve with a kernel, by name or as numbers in rows.

    g(x, y) = 1/N Σs Σt w(s, t) f(x − s, y − t): the kernel is turned by 180°, as in
    `scipy.ndimage.convolve`, which `cv2.filter2D` and most masks of "filters" do not. The sums are
    direct; for large kernels `frequency_convolve` is faster. Colour: each channel by itself.

    Parameters
    ----------
    image : Image
        Any dtype.
    kernel : str or tuple of tuple of float
        Name of a 3×3 kernel, or weights in rows; odd numbers of rows and of columns.
    normalise : bool, optional
        Whether N is the sum of the weights, where that is not 0; else N = 1.
    border : str, optional
    fill : float, optional
    result : str, optional
        How values that may be negative, or large, become pixels.

    Returns
    -------
    Image

    Raises
    ------
    BadParameter
        The rows of the kernel are not of one length, or their number or length is even.

    Examples
    --------
    >>> step = Image(np.uint8([[[10, 10, 50, 50]]]), 8)
    >>> convolve(step, kernel=((1, 2, 1),)).pixels.tolist()  # (10 + 2 · 10 + 50) / 4 = 20
    [[[10, 20, 40, 50]]]
    """
    weights = weights_of(kernel)
    divisor = sum_or_one(weights) if normalise else 1.0
    image = continued(image)
    values = each_frame(image, lambda frame: convolved(frame, weights, border, fill) / divisor)
    return with_result(values, image, result)


@keeping_padding
def mean(image: Image, *, size: Odd = 3, border: Border = "reflect", fill: float = 0.0) -> Image:
    """Replace each pixel by the mean of a square window around it.

    As `scipy.ndimage.uniform_filter`. Colour: each channel by itself.

    Parameters
    ----------
    image : Image
        Any dtype.
    size : int, optional
        Rows and columns of the window.
    border : str, optional
    fill : float, optional

    Returns
    -------
    Image

    Raises
    ------
    OutsideImage
        The window reaches too far beyond the image.

    Examples
    --------
    >>> dot = Image(np.uint8([[[0, 0, 0], [0, 90, 0], [0, 0, 0]]]), 8)
    >>> mean(dot, size=3, border="constant").pixels[0, 0].tolist()  # 90 / 9
    [10, 10, 10]
    """
    half = radius_of(size // 2, image)

    def smooth(frame: Pixels, fill: float) -> _Values:
        padded = extended(frame, half, half, border, fill)
        if frame.dtype.kind == "f":
            # Running sums would carry their rounding, and what is not finite, along the row.
            ones = np.ones(size)
            sums = cv2.sepFilter2D(padded, cv2.CV_64F, ones, ones)
        else:
            sums = cv2.boxFilter(padded, cv2.CV_64F, (size, size), normalize=False)
        return _inner(sums, half, frame) / size**2

    return fitted(_normalised(image, smooth, fill), image)


@keeping_padding
def gaussian(
    image: Image,
    *,
    sigma: Positive,
    truncate: Positive = 4.0,
    border: Border = "reflect",
    fill: float = 0.0,
) -> Image:
    """Smooth with a Gaussian of a standard deviation in pixels.

    Weights exp(−x² / 2σ²) up to the radius ⌊truncate · σ + ½⌋, normalised, along rows and columns:
    as `scipy.ndimage.gaussian_filter`. Colour: each channel by itself.

    Parameters
    ----------
    image : Image
        Any dtype.
    sigma : float
        Standard deviation σ, pixels.
    truncate : float, optional
        Where the weights end, in standard deviations.
    border : str, optional
    fill : float, optional

    Returns
    -------
    Image

    Raises
    ------
    OutsideImage
        The window reaches too far beyond the image.

    Examples
    --------
    Radius 1 and σ = 1: weights 1 and exp(−½) = 0.6065, over 1 + 2 · 0.6065 = 2.2131.

    >>> dot = Image(np.uint8([[[0, 0, 200, 0, 0]]]), 8)
    >>> gaussian(dot, sigma=1, truncate=1).pixels.tolist()  # 200 · 0.6065 / 2.2131 = 54.8
    [[[0, 55, 90, 55, 0]]]
    """
    half = radius_of(truncate * sigma + 0.5, image)
    weights = np.exp(-0.5 * (np.arange(-half, half + 1) / sigma) ** 2)
    weights /= weights.sum()

    def smooth(frame: Pixels, fill: float) -> _Values:
        padded = extended(frame, half, half, border, fill)
        return _inner(cv2.sepFilter2D(padded, cv2.CV_64F, weights, weights), half, frame)

    return fitted(_normalised(image, smooth, fill), image)


@keeping_padding
def median(image: Image, *, size: Odd = 3, border: Border = "reflect", fill: float = 0.0) -> Image:
    """Replace each pixel by the median of a square window around it.

    Fast for 8 bits up to a window of 255, and for 16 bits and float32 up to 5; other windows are
    sorted. NaN counts as greater than every number. Colour: each channel by itself.

    Parameters
    ----------
    image : Image
        Any dtype.
    size : int, optional
        Rows and columns of the window.
    border : str, optional
    fill : float, optional

    Returns
    -------
    Image

    Raises
    ------
    OutsideImage
        The window reaches too far beyond the image.

    Examples
    --------
    >>> salt = Image(np.uint8([[[5, 6, 7], [5, 255, 7], [5, 6, 7]]]), 8)
    >>> median(salt).pixels[0, 1, 1].item()  # of 5 5 5 6 6 7 7 7 255
    6
    """
    half = radius_of(size // 2, image)

    def middle(frame: Pixels, mask: Mask | None) -> Pixels:
        padded = fitted(extended(frame, half, half, border, fill), image).pixels
        medians = median_frame(padded, half)
        if mask is not None:
            unknown = extended(mask.astype(np.uint8), half, half, border) > 0
            correct_medians(medians, padded, unknown, half)
        return medians

    return replace(image, pixels=each_frame_and_mask(image, middle))


@keeping_padding
def bilateral(
    image: Image,
    *,
    sigma_colour: Positive,
    sigma_space: Positive,
    border: Border = "reflect",
    fill: float = 0.0,
) -> Image:
    """Smooth and keep edges: average near pixels of similar value.

    ``g(p) = Σq w(p, q) f(q) / Σq w(p, q), w(p, q) = exp(−|p − q|² / 2σs² − d(p, q)² / 2σc²)``, over
    the pixels q at most a radius of 1.5 σs, rounded and at least 1, away from p (Tomasi and
    Manduchi 1998; the disc of `cv2.bilateralFilter`). d is the difference of grey levels, and of
    colours ``|ΔR| + |ΔG| + |ΔB|``, so that the channels of a pixel are averaged with the same
    weights. A neighbour that is not a finite number has no weight; a pixel that is not one stays.

    Parameters
    ----------
    image : Image
        Any dtype.
    sigma_colour : float
        Standard deviation σc of values, in units of the pixels.
    sigma_space : float
        Standard deviation σs in the plane, pixels.
    border : str, optional
    fill : float, optional

    Returns
    -------
    Image

    Raises
    ------
    OutsideImage
        The window reaches too far beyond the image.

    Examples
    --------
    The radius is 1, so that the corners are too far; the four beside the centre have the weight
    exp(−1² / (2 · 0.8²) − 40² / (2 · 40²)) = 0.2777: (80 + 4 · 0.2777 · 40) / (1 + 4 · 0.2777).

    >>> dot = Image(np.uint8([[[40, 40, 40], [40, 80, 40], [40, 40, 40]]]), 8)
    >>> bilateral(dot, sigma_colour=40, sigma_space=0.8).pixels[0, 1, 1].item()
    59
    """
    radius = radius_of(max(1, np.rint(1.5 * sigma_space)), image)

    def smooth(frame: Pixels, mask: Mask | None) -> _Values:
        values = frame.astype(np.float64)
        if mask is not None:
            values[mask] = np.nan  # which has no weight
        padded = extended(values, radius, radius, border, fill)
        smoothed = bilateral_frame(padded, radius, sigma_colour, sigma_space)
        if mask is not None:
            smoothed[mask] = 0
        return smoothed

    return fitted(each_frame_and_mask(image, smooth), image)


def _normalised(image: Image, smooth: Callable[[Pixels, float], _Values], fill: float) -> _Values:
    """Return each frame smoothed, without its padding.

    By normalised convolution (Knutsson and Westin, CVPR 1993): the sum of what is measured, over
    that of its weights.
    """

    def known_alone(frame: Pixels, mask: Mask | None) -> _Values:
        if mask is None:
            return smooth(frame, fill)
        known: Pixels = np.ones(frame.shape, np.uint8)
        known[mask] = 0
        sums, weights = smooth(frame * known.astype(frame.dtype), fill), smooth(known, 1.0)
        return np.divide(sums, weights, where=weights > 0, out=np.zeros_like(sums))

    return each_frame_and_mask(image, known_alone)


def _inner(values: Pixels, half: int, frame: Pixels) -> Pixels:
    """Return what of a continued frame is the frame itself."""
    rows, columns = frame.shape[:2]
    return values[half : half + rows, half : half + columns]
