"""Transfer functions: what of each frequency passes, and the product with a transform."""

from collections.abc import Callable
from typing import Literal

import numpy as np
import numpy.typing as npt

from mapreduce_jobs.imaging.arrays.frames import each_frame, extended
from mapreduce_jobs.imaging.arrays.parameters import Border
from mapreduce_jobs.imaging.errors import UnsuitableImage
from mapreduce_jobs.imaging.image import Image, Pixels

__all__ = ["Kind", "band", "check_finite", "low_frequencies", "multiplied", "passed"]

_Values = npt.NDArray[np.float64]

Kind = Literal["ideal", "butterworth", "gaussian"]

# Frequencies k / n and cutoffs are rounded each in its own way: 3 · (1 / 10) > 0.3.
_ROUNDING = 1e-12


def low_frequencies(distance: _Values, cutoff: float, kind: Kind, order: int) -> _Values:
    """Return the part that a low-pass lets through at distances from the zero frequency.

    >>> low_frequencies(np.array([0.0, 0.1, 0.2]), 0.1, "butterworth", 1).tolist()
    [1.0, 0.5, 0.2]
    """
    if kind == "ideal":
        return (distance <= cutoff + _ROUNDING).astype(np.float64)
    return _smooth(distance / cutoff, kind, order, 0.5)


def band(distance: _Values, low: float, high: float, kind: Kind, order: int) -> _Values:
    """Return the part that a band-pass lets through at distances from the zero frequency.

    >>> band(np.array([0.0, 0.1, 0.4, 0.5]), 0.1, 0.4, "ideal", 1).tolist()
    [0.0, 1.0, 1.0, 0.0]
    """
    if kind == "ideal":
        passes = (distance >= low - _ROUNDING) & (distance <= high + _ROUNDING)
        return passes.astype(np.float64)
    with np.errstate(divide="ignore"):  # at the zero frequency the ratio is −∞
        ratio = (distance**2 - low * high) / (distance * (high - low))
    return _smooth(ratio, kind, order, 1.0)


def passed(
    image: Image, transfer: Callable[[_Values], _Values], border: Border, fill: float
) -> _Values:
    """Return what of every frame a transfer function lets through.

    Parameters
    ----------
    image : Image
        Any dtype.
    transfer : callable
        Takes distances from the zero frequency, cycles per pixel.
    border : str
        As the module `frequency` has it.
    fill : float
        The value outside for ``"constant"``.

    Returns
    -------
    ndarray of float64, shape of the pixels

    Raises
    ------
    UnsuitableImage
        A pixel is not a finite number.
    """
    check_finite(image)

    def through(frame: Pixels) -> _Values:
        rows, columns = frame.shape[:2]
        above, left = (0, 0) if border == "wrap" else ((rows + 1) // 2, (columns + 1) // 2)
        # Twice the size and not one more, or a mirrored image were no period.
        padded = extended(frame, above, left, border, fill)[: 2 * rows, : 2 * columns]
        u, v = np.fft.fftfreq(padded.shape[0]), np.fft.rfftfreq(padded.shape[1])
        values = multiplied(padded, transfer(np.hypot(u[:, np.newaxis], v)))
        return values[above : above + rows, left : left + columns]

    return each_frame(image, through)


def multiplied(frame: _Values, transfer: npt.NDArray[np.inexact]) -> _Values:
    """Return the frame whose transform is that of a frame times a transfer function.

    Parameters
    ----------
    frame : ndarray of float64, shape (rows, columns) or (rows, columns, 3)
        Values.
    transfer : ndarray, shape (rows, columns // 2 + 1)
        Of real or complex numbers, as `numpy.fft.rfft2` arranges frequencies.

    Returns
    -------
    ndarray of float64, shape of the frame
    """
    if frame.ndim == 3:
        transfer = transfer[..., np.newaxis]
    product = np.fft.rfft2(frame, axes=(0, 1)) * transfer
    return np.fft.irfft2(product, frame.shape[:2], axes=(0, 1))


def check_finite(image: Image) -> None:
    """Raise `UnsuitableImage` where one value would make every value of the transform NaN."""
    if image.pixels.dtype.kind == "f" and not np.isfinite(image.pixels).all():
        raise UnsuitableImage("a pixel is not a finite number, so the image has no transform")


def _smooth(ratio: _Values, kind: Kind, order: int, factor: float) -> _Values:
    if kind == "gaussian":
        return np.exp(-factor * ratio**2)
    with np.errstate(over="ignore"):
        return 1 / (1 + ratio ** (2 * order))
