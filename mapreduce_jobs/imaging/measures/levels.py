"""Grey levels by how many pixels have them: the distinct ones, and Otsu's threshold."""

import numpy as np
import numpy.typing as npt

from mapreduce_jobs.imaging.errors import UnsuitableImage
from mapreduce_jobs.imaging.image import Image, Pixels
from mapreduce_jobs.imaging.measures.histogram import Bins, histogram

__all__ = ["distinct", "finite", "otsu"]

# Sums of squares of anything smaller stay below the largest float.
_LARGEST = 1e140
_OTSU_BINS = 256


def finite(pixels: Pixels) -> Pixels:
    """Return the pixels if all are finite numbers that may be squared and summed.

    Raises
    ------
    UnsuitableImage
        One is NaN, infinite or beyond ±1e140.
    """
    if pixels.dtype.kind != "f":
        return pixels
    if not np.isfinite(pixels).all():
        raise UnsuitableImage("a pixel is not a finite number (NaN or infinite)")
    if max(-float(pixels.min()), float(pixels.max())) > _LARGEST:
        raise UnsuitableImage(f"it has values beyond ±{_LARGEST:g}")
    return pixels


def distinct(levels: Pixels) -> tuple[Pixels, npt.NDArray[np.int64]]:
    """Return the values that occur, ascending, and how many pixels have each.

    Parameters
    ----------
    levels : ndarray, shape (frames, rows, columns)
        Grey levels.

    Examples
    --------
    >>> values, counts = distinct(np.int16([[[7, -2, 7]]]))
    >>> values.tolist(), counts.tolist()
    ([-2, 7], [1, 2])
    """
    if levels.dtype.kind == "f" or levels.dtype.itemsize > 2:
        values, counts = np.unique(levels, return_counts=True)
        return values, counts.astype(np.int64)
    limits = np.iinfo(levels.dtype)
    bins = Bins(limits.min, limits.max + 1, limits.max - limits.min + 1)
    of_value = histogram(Image(levels, limits.bits), bins)[1]["grey"]
    used = np.flatnonzero(of_value)
    return (used + limits.min).astype(levels.dtype), of_value[used]


def otsu(levels: Pixels) -> float:
    """Return the threshold t at which ``level <= t`` and ``level > t`` differ most.

    That is, n₁ n₂ (μ₁ − μ₂)² is greatest, of n pixels with mean μ in each class (N. Otsu, IEEE
    Trans. Syst. Man Cybern. 9, 1979); of several such t, the least.

    Parameters
    ----------
    levels : ndarray, shape (frames, rows, columns)
        Grey levels. Integers of up to 16 bits are taken one by one; deeper ones and floats go to
        256 bins of equal width between the least and the greatest, and t is the centre of a bin.
        What is not finite is left out.

    Returns
    -------
    float
        Where all levels are the same, that level.

    Raises
    ------
    UnsuitableImage
        No level is a finite number.

    Examples
    --------
    n₁ n₂ (μ₁ − μ₂)² is 1 · 3 · 12² at t = 0, 2 · 2 · 16.5² at 3, 3 · 1 · 14² at 15.

    >>> otsu(np.uint8([[[0, 3, 15, 21]]]))
    3.0
    """
    if levels.dtype.kind in "iu" and levels.dtype.itemsize <= 2:
        values, counts = distinct(levels)
        return float(values[_split(values.astype(np.float64), counts)])
    wide = levels[np.isfinite(levels)].astype(np.float64)
    if not wide.size:
        raise UnsuitableImage("no pixel is a finite number")
    least, greatest = float(finite(wide).min()), float(wide.max())
    if least == greatest:
        return least
    wide -= least
    wide /= greatest - least
    counts, edges = np.histogram(wide, _OTSU_BINS, (0, 1))
    centres = (edges[:-1] + edges[1:]) / 2
    used = counts > 0
    centre = float(centres[used][_split(centres[used], counts[used])])
    return least + centre * (greatest - least)


def _split(values: npt.NDArray[np.float64], counts: npt.NDArray[np.int64]) -> int:
    """Return the index of the last value of the lower class."""
    if len(values) == 1:
        return 0
    lower = np.cumsum(counts)[:-1].astype(np.float64)
    upper = counts.sum() - lower
    sums = np.cumsum(values * counts)
    # (μ₁ − μ₂) n₁ n₂ of integers is an integer, so that equal separations come out equal.
    difference = sums[:-1] * upper - (sums[-1] - sums[:-1]) * lower
    return int(np.argmax(difference * difference / (lower * upper)))
