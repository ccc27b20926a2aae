"""Intensity: brightness, contrast and gamma; normalisation; DICOM windows; inversion.

They change values by a function of the value alone, and each channel of colour in the same way.
"""

from dataclasses import replace
from typing import Annotated, Literal

import numpy as np
import numpy.typing as npt

from mapreduce_jobs.imaging.arrays.frames import fitted, full_range
from mapreduce_jobs.imaging.arrays.masking import continued, emptying_padding, measured
from mapreduce_jobs.imaging.arrays.parameters import Between, NotNegative, Positive
from mapreduce_jobs.imaging.errors import BadParameter, UnsuitableImage
from mapreduce_jobs.imaging.image import Image, Pixels
from mapreduce_jobs.imaging.measures.levels import finite

__all__ = [
    "WindowFunction",
    "_fraction_in_window",
    "adjust",
    "invert",
    "levels_in_window",
    "normalise",
    "window",
]

Percentage = Annotated[float, Between(least=0, most=100)]
WindowFunction = Literal["linear", "linear_exact", "sigmoid"]
"""VOI LUT Function (0028,1056)."""


@emptying_padding
def adjust(
    image: Image,
    *,
    brightness: float = 0.0,
    contrast: NotNegative = 1.0,
    gamma: Positive = 1.0,
) -> Image:
    """Change brightness, contrast and gamma.

    With v the value as a fraction of the full range, 0 to 1: v becomes
    clip((v − 0.5) · contrast + 0.5 + brightness, 0, 1) ** gamma. The full range of integers is
    that of the bits stored, of floats 0 to 1. The middle of the range stays where it is when
    contrast changes.

    Parameters
    ----------
    image : Image
        Integers, or floats from 0 to 1; NaN stays NaN.
    brightness : float, optional
        What is added, as a fraction of the full range: 0.1 is 25.5 of 8 bits.
    contrast : float, optional
        Factor of the distance from the middle of the range; 0 makes all pixels grey.
    gamma : float, optional
        Exponent: below 1 dark pixels become brighter, above 1 bright ones darker.

    Returns
    -------
    Image

    Raises
    ------
    UnsuitableImage
        A float is outside 0 to 1.

    Examples
    --------
    >>> image = Image(np.uint8([[[0, 51, 102, 255]]]), bits=8)
    >>> adjust(image, brightness=0.2).pixels.tolist()  # + 51
    [[[51, 102, 153, 255]]]
    >>> adjust(image, gamma=2).pixels.tolist()  # 0.2² · 255 = 10.2
    [[[0, 10, 41, 255]]]
    """
    low, high = full_range(image)
    fractions = (_in_range(image) - low) / (high - low)
    changed = (fractions - 0.5) * contrast + (0.5 + brightness)
    return fitted(np.clip(changed, 0, 1) ** gamma * (high - low) + low, image)


@emptying_padding
def normalise(
    image: Image,
    *,
    method: Literal["minmax", "percentile", "zscore"] = "minmax",
    low: Percentage = 1.0,
    high: Percentage = 99.0,
    bits: Literal[8, 16] | None = None,
) -> Image:
    """Bring the values of an image to the full range, or to mean 0 and standard deviation 1.

    A stack is taken as a whole, and so are the channels of colour: what was equal stays equal,
    and grey stays grey. ``normalise bits=8`` makes 8 bits of any image, as Canny, JPEG and WebP
    want them.

    Parameters
    ----------
    image : Image
        Any dtype; finite numbers.
    method : {"minmax", "percentile", "zscore"}, optional
        Which values become the ends of the full range, linear between: the least and the
        greatest, or two percentiles, beyond which it is clipped. Or zscore: (x − mean) /
        standard deviation.
    low, high : float, optional
        The percentiles, as numpy.percentile has them; for the method percentile.
    bits : {8, 16}, optional
        Make unsigned integers of so many bits; without it the dtype stays.

    Returns
    -------
    Image
        The full range of integers is that of the bits stored, of floats 0 to 1. A constant image
        becomes the lower end. With zscore: float32, the standard deviation that of the
        population (divided by n), and a constant image becomes 0.

    Raises
    ------
    BadParameter
        low is not below high, or bits are asked of zscore.
    UnsuitableImage
        A pixel is not a finite number; both percentiles are the same value.

    Examples
    --------
    >>> image = Image(np.int16([[[-1000, 0, 1000, 3000]]]), bits=16)
    >>> normalise(image, bits=8).pixels.tolist()  # 1000 · 255 / 4000 = 63.75
    [[[0, 64, 128, 255]]]
    >>> normalise(image, method="percentile", low=0, high=50, bits=8).pixels.tolist()
    [[[0, 170, 255, 255]]]
    >>> normalise(Image(np.uint8([[[1, 3]]]), 8), method="zscore").pixels.tolist()
    [[[-1.0, 1.0]]]
    """
    if method == "zscore" and bits is not None:
        raise BadParameter("zscore gives floats: bits are for minmax and percentile")
    if method == "percentile" and low >= high:
        raise BadParameter(f"low={low:g} must be below high={high:g}")
    known = finite(measured(image).pixels).astype(np.float64)
    values = continued(image).pixels.astype(np.float64)
    if method == "zscore":
        return _zscore(values, known, image)
    least, greatest = float(known.min()), float(known.max())
    if method == "percentile" and least < greatest:
        least, greatest = map(float, np.percentile(known, [low, high]))
        if least == greatest:
            raise UnsuitableImage(
                f"its percentiles {low:g} and {high:g} are both {least:g}: take others, or minmax"
            )
        np.clip(values, least, greatest, out=values)
    target = replace(image, unit="stored") if bits is None else _target(image, bits)
    bottom, top = full_range(target)
    values -= least
    if greatest > least:
        values *= top - bottom
        values /= greatest - least
    values += bottom
    return fitted(values, target)


def _zscore(values: npt.NDArray[np.float64], known: npt.NDArray[np.float64], image: Image) -> Image:
    if known.min() == known.max():
        values[...] = 0  # a mean is rounded, and need not be the value itself
    else:
        values -= known.mean()
        values /= known.std()
    return replace(image, pixels=values.astype(np.float32), bits=32, unit="stored")


@emptying_padding
def window(
    image: Image,
    *,
    centre: float,
    width: Positive,
    function: WindowFunction = "linear",
    bits: Literal[8, 16] = 8,
) -> Image:
    """Show a window of the values as grey levels, as DICOM defines it (PS3.3 C.11.2.1.2).

    With y from 0 to 2^bits − 1 = t. linear: 0 up to centre − 0.5 − (width − 1) / 2, t above
    centre − 0.5 + (width − 1) / 2, and ((x − (centre − 0.5)) / (width − 1) + 0.5) · t between.
    linear_exact: the same with centre and width as they are. sigmoid:
    t / (1 + exp(−4 (x − centre) / width)).

    Parameters
    ----------
    image : Image
        Any dtype; infinite values are beyond the window.
    centre : float
        Window Center (0028,1050), in the unit of the pixels.
    width : float
        Window Width (0028,1051); at least 1 for linear.
    function : {"linear", "linear_exact", "sigmoid"}, optional
        VOI LUT Function (0028,1056).
    bits : {8, 16}, optional
        Of the result.

    Returns
    -------
    Image
        uint8 or uint16.

    Raises
    ------
    BadParameter
        The width is below 1 for linear.
    UnsuitableImage
        A pixel is not a number (NaN).

    Examples
    --------
    >>> image = Image(np.int16([[[-160, 39, 40, 239, 240]]]), bits=16)
    >>> window(image, centre=40, width=400).pixels.tolist()  # (39 − 39.5) / 399 + 0.5 = 0.49875
    [[[0, 127, 128, 255, 255]]]
    """
    if function == "linear" and width < 1:
        raise BadParameter(f"width={width:g} must be at least 1 for linear")
    shown = _fraction_in_window(continued(image).pixels, centre, width, function)
    return fitted(shown * ((1 << bits) - 1), _target(image, bits))


def _fraction_in_window(
    values: Pixels, centre: float, width: float, function: WindowFunction
) -> npt.NDArray[np.float64]:
    """Return where in a window values lie: `window`'s formulae with t = 1.

    Parameters
    ----------
    values : ndarray
        Any shape and dtype.
    centre, width, function
        As `window` has them.

    Returns
    -------
    ndarray of float64
        0 to 1; NaN stays NaN.

    Examples
    --------
    >>> _fraction_in_window(np.int16([-160, 40, 240]), 40, 400, "linear_exact").tolist()
    [0.0, 0.5, 1.0]
    """
    middle, extent = (centre - 0.5, width - 1) if function == "linear" else (centre, width)
    wide = values.astype(np.float64) - middle
    with np.errstate(over="ignore"):  # what is infinitely far is beyond the window too
        if function == "sigmoid":
            return 1 / (1 + np.exp(-4 * wide / extent))
        if extent:
            return np.clip(wide / extent + 0.5, 0, 1)
        return np.heaviside(wide, 0)


def levels_in_window(
    values: Pixels, centre: float, width: float, function: WindowFunction, bits: int
) -> npt.NDArray[np.float64]:
    """Return values through a window as whole levels, which are to be looked at.

    Parameters
    ----------
    values : ndarray
        Any shape and dtype.
    centre, width, function, bits
        As `window` has them; of bits any number.

    Returns
    -------
    ndarray of float64
        0 to 2^bits − 1; 0 for NaN.

    Examples
    --------
    >>> levels_in_window(np.float32([-160, 40, np.nan]), 40, 400, "linear_exact", 8).tolist()
    [0.0, 128.0, 0.0]
    """
    levels = _fraction_in_window(values, centre, width, function)
    levels *= (1 << bits) - 1
    return np.nan_to_num(np.rint(levels, out=levels), copy=False)


@emptying_padding
def invert(image: Image) -> Image:
    """Invert values: the least of the full range becomes the greatest.

    x becomes low + high − x: 255 − x of 8 bits, −1 − x of signed integers, 1 − x of floats.

    Parameters
    ----------
    image : Image
        Integers, or floats from 0 to 1; NaN stays NaN.

    Returns
    -------
    Image

    Raises
    ------
    UnsuitableImage
        A float is outside 0 to 1.

    Examples
    --------
    >>> invert(Image(np.uint16([[[0, 95, 4095]]]), bits=12)).pixels.tolist()
    [[[4095, 4000, 0]]]
    """
    low, high = full_range(image)
    return fitted((low + high) - _in_range(image), image)


def _in_range(image: Image) -> npt.NDArray[np.float64]:
    """Return the values as float64; of float images only such as are from 0 to 1, or NaN."""
    values = continued(image).pixels.astype(np.float64)
    if image.pixels.dtype.kind == "f" and ((values < 0) | (values > 1)).any():
        raise UnsuitableImage("its floats are not within 0 to 1: normalise them first")
    return values


def _target(image: Image, bits: int) -> Image:
    """Return an image of unsigned integers, for `fitted`; they have no unit of the image's."""
    return replace(image, pixels=np.empty(0, f"u{bits // 8}"), bits=bits, unit="stored")
