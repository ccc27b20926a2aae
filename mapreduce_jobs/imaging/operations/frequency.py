"""Filters in the frequency domain, H = F · G, and the spectrum.

F is the discrete Fourier transform of a frame, G a transfer function of the distance from the
zero frequency, D(u, v) = √(u² + v²) in cycles per pixel: 0 for what is constant, ½ for every other
row or column, √½ for a chessboard. The formulas are those of Gonzalez and Woods, Digital Image
Processing, 4th edition, tables 4.5 to 4.7.

The transform takes the image as one period: ``border=wrap``, the default, in which the opposite
edge is near. For another border the image is continued by half its rows and columns at each side,
so to twice the size, as Gonzalez and Woods pad it; ``symmetric`` is then exactly the filter of the
endlessly mirrored image.
"""

from dataclasses import replace
from typing import Annotated

import numpy as np
import numpy.typing as npt

from mapreduce_jobs.imaging.arrays.frames import Result, each_frame, extended, with_result
from mapreduce_jobs.imaging.arrays.kernels import KernelName, sum_or_one, weights_of
from mapreduce_jobs.imaging.arrays.masking import continued, emptying_padding, keeping_padding
from mapreduce_jobs.imaging.arrays.parameters import Between, Border, Rows, Size
from mapreduce_jobs.imaging.arrays.transfer_functions import (
    Kind,
    band,
    check_finite,
    low_frequencies,
    multiplied,
    passed,
)
from mapreduce_jobs.imaging.errors import BadParameter
from mapreduce_jobs.imaging.image import Image, Pixels, grey

__all__ = ["bandpass", "frequency_convolve", "highpass", "lowpass", "spectrum"]

_Cutoff = Annotated[float, Between(least=1e-6, most=0.7072)]


@keeping_padding
def lowpass(
    image: Image,
    *,
    cutoff: _Cutoff,
    kind: Kind = "gaussian",
    order: Size = 2,
    border: Border = "wrap",
    fill: float = 0.0,
    result: Result = "clip",
) -> Image:
    """Keep the frequencies below a cutoff: smooth by a product of transforms.

    With D0 the cutoff and n the order, G is, for ``ideal``, 1 where D ≤ D0 and else 0; for
    ``butterworth`` 1 / (1 + (D / D0)²ⁿ), ½ at D0; for ``gaussian`` exp(−D² / 2 D0²), 0.607 at D0.
    Colour: each channel by itself.

    Parameters
    ----------
    image : Image
        Any dtype.
    cutoff : float
        Cutoff D0, cycles per pixel.
    kind : str, optional
        Transfer function.
    order : int, optional
        Order n of ``butterworth``.
    border : str, optional
    fill : float, optional
    result : str, optional
        How values that may be negative, or large, become pixels.

    Returns
    -------
    Image

    Raises
    ------
    UnsuitableImage
        A pixel is not a finite number.

    Examples
    --------
    A wave of 4 pixels (D = 1/4) on a mean of 50 goes, the mean stays.

    >>> wave = Image(np.uint8([[[60, 50, 40, 50] * 2]]), 8)
    >>> lowpass(wave, cutoff=0.2, kind="ideal").pixels.tolist()
    [[[50, 50, 50, 50, 50, 50, 50, 50]]]
    """
    values = passed(
        continued(image),
        lambda distance: low_frequencies(distance, cutoff, kind, order),
        border,
        fill,
    )
    return with_result(values, image, result)


@emptying_padding
def highpass(
    image: Image,
    *,
    cutoff: _Cutoff,
    kind: Kind = "gaussian",
    order: Size = 2,
    border: Border = "wrap",
    fill: float = 0.0,
    result: Result = "absolute",
) -> Image:
    """Keep the frequencies above a cutoff: edges and fine detail.

    G is 1 less that of ``lowpass``. The mean becomes 0, so half of the values are negative;
    therefore their absolute values are the default. Colour: each channel by itself.

    Parameters
    ----------
    image : Image
        Any dtype.
    cutoff : float
        Cutoff D0, cycles per pixel.
    kind : str, optional
        Transfer function, as for ``lowpass``.
    order : int, optional
        Order n of ``butterworth``.
    border : str, optional
    fill : float, optional
    result : str, optional
        How values that may be negative, or large, become pixels.

    Returns
    -------
    Image

    Raises
    ------
    UnsuitableImage
        A pixel is not a finite number.

    Examples
    --------
    Half of a wave with the frequency of the cutoff passes.

    >>> wave = Image(np.uint8([[[60, 50, 40, 50] * 2]]), 8)
    >>> highpass(wave, cutoff=0.25, kind="butterworth").pixels.tolist()
    [[[5, 0, 5, 0, 5, 0, 5, 0]]]
    """
    values = passed(
        continued(image),
        lambda distance: 1 - low_frequencies(distance, cutoff, kind, order),
        border,
        fill,
    )
    return with_result(values, image, result)


@emptying_padding
def bandpass(
    image: Image,
    *,
    low: _Cutoff,
    high: _Cutoff,
    kind: Kind = "gaussian",
    order: Size = 2,
    border: Border = "wrap",
    fill: float = 0.0,
    result: Result = "absolute",
) -> Image:
    """Keep the frequencies between two cutoffs.

    G is, for ``ideal``, 1 where low ≤ D ≤ high and else 0. With the width W = high − low, the
    centre C0 = √(low · high) and Q = (D² − C0²) / (D W), which is −1 and 1 at the cutoffs, it is
    1 / (1 + Q²ⁿ) for ``butterworth``, ½ at both, and exp(−Q²) for ``gaussian``, 0.368 at both. The
    mean becomes 0, therefore absolute values are the default. Colour: each channel by itself.

    Parameters
    ----------
    image : Image
        Any dtype.
    low : float
        Lower cutoff, cycles per pixel.
    high : float
        Upper cutoff, cycles per pixel.
    kind : str, optional
        Transfer function.
    order : int, optional
        Order n of ``butterworth``.
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
        `low` is not below `high`.
    UnsuitableImage
        A pixel is not a finite number.

    Examples
    --------
    >>> wave = Image(np.uint8([[[60, 50, 40, 50] * 2]]), 8)
    >>> bandpass(wave, low=0.2, high=0.3, kind="ideal").pixels.tolist()
    [[[10, 0, 10, 0, 10, 0, 10, 0]]]
    """
    if low >= high:
        raise BadParameter(f"low={low:g} must be below high={high:g}")
    values = passed(
        continued(image), lambda distance: band(distance, low, high, kind, order), border, fill
    )
    return with_result(values, image, result)


@keeping_padding
def frequency_convolve(
    image: Image,
    *,
    kernel: KernelName | Rows,
    normalise: bool = True,
    border: Border = "reflect",
    fill: float = 0.0,
    result: Result = "clip",
) -> Image:
    """Convolve with a kernel through the product of the transforms of image and kernel.

    By the convolution theorem this equals ``convolve`` but for rounding; its time does not depend
    on the size of the kernel. Colour: each channel by itself.

    Parameters
    ----------
    image : Image
        Any dtype.
    kernel : str or tuple of tuple of float
        Name of a 3×3 kernel, or weights in rows; odd numbers of rows and of columns.
    normalise : bool, optional
        Whether the weights are divided by their sum, where that is not 0.
    border : str, optional
        What lies outside the image, which is continued by half the kernel at each side.
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
    UnsuitableImage
        A pixel is not a finite number.

    Examples
    --------
    >>> step = Image(np.uint8([[[10, 10, 50, 50]]]), 8)
    >>> frequency_convolve(step, kernel=((1, 2, 1),)).pixels.tolist()  # (10 + 2 · 10 + 50) / 4
    [[[10, 20, 40, 50]]]
    """
    weights = weights_of(kernel)
    divisor = sum_or_one(weights) if normalise else 1.0
    image = continued(image)
    check_finite(image)

    def through(frame: Pixels) -> npt.NDArray[np.float64]:
        padded = extended(frame, weights.shape[0] // 2, weights.shape[1] // 2, border, fill)
        values = multiplied(padded, np.fft.rfft2(weights, padded.shape[:2]))
        # What comes before has the other end of the period in its sum.
        return values[weights.shape[0] - 1 :, weights.shape[1] - 1 :] / divisor

    return with_result(each_frame(image, through), image, result)


def spectrum(image: Image) -> Image:
    """Show the spectrum ``log(1 + |F|)``, the zero frequency in the centre.

    Scaled so that the least value of all frames becomes the least of the image's bits, and the
    greatest the greatest; for floats 0 and 1. Colour becomes luma.

    Parameters
    ----------
    image : Image
        Any dtype.

    Returns
    -------
    Image
        Grey, without pixel spacing and padding: its rows and columns are frequencies.

    Raises
    ------
    UnsuitableImage
        A pixel is not a finite number.

    Examples
    --------
    A constant has the zero frequency only.

    >>> spectrum(Image(np.full((1, 3, 5), 7, np.uint8), 8)).pixels.tolist()
    [[[0, 0, 0, 0, 0], [0, 0, 255, 0, 0], [0, 0, 0, 0, 0]]]
    """
    image = replace(continued(image), padding=None)
    check_finite(image)

    def logarithm(frame: Pixels) -> npt.NDArray[np.float64]:
        return np.fft.fftshift(np.log1p(np.abs(np.fft.fft2(frame.astype(np.float64)))))

    values = each_frame(replace(image, pixels=grey(image)), logarithm)
    return with_result(values, replace(image, unit="stored", spacing=None), "scale")
