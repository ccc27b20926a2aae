"""Histograms that merge exactly.

Bins without a requested range follow from the image alone, and are *dyadic*: their width is a power
of two and their start a multiple of it. The bins of any two images can therefore be brought to
common ones without looking at a pixel again: wide bins are unions of narrow ones. The common bins
depend on the extremes only, so the order of merging cannot show.
"""

import math
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from mapreduce_jobs.imaging.errors import UnsuitableImage
from mapreduce_jobs.imaging.image import Image, Pixels, grey, rgb

__all__ = ["Bins", "bins_of", "common_bins", "histogram", "rebin"]

Counts = npt.NDArray[np.int64]

# calcHist counts in 32-bit floats, which are exact to 2**24.
_EXACT_FLOATS = 1 << 24
_EXACT_DOUBLES = 1 << 53
_FINEST_WIDTH = 2.0**-64
_LARGEST = 1e300
_ALL_PADDING = "every pixel is padding"


@dataclass(frozen=True)
class Bins:
    """`count` bins of one width over [`start`, `stop`].

    As in `numpy.histogram`, a bin holds its lower edge and not its upper one, save the last.
    """

    start: float
    stop: float
    count: int

    @property
    def width(self) -> float:
        """Width of a bin; exact for dyadic bins, and a whole number if it can be."""
        span = self.stop - self.start
        return span / self.count if span % self.count else span // self.count


def bins_of(image: Image, most: int) -> Bins:
    """Return the bins that follow from an image: the finest dyadic ones that hold its values.

    For 8-bit images they hold all of 0…255, so that with 256 bins each value has its own.

    Parameters
    ----------
    image : Image
        Any dtype. Padding, and values that are not finite numbers, are left out of account.
    most : int
        Most bins to have, at least 2: no dyadic bin holds both -1 and 1.

    Returns
    -------
    Bins
        Dyadic bins, of a width of at least 1 for integers.

    Raises
    ------
    UnsuitableImage
        A value is beyond ±1e300 or, if an integer, ±2^53; every pixel is padding.

    Examples
    --------
    A CT of 12 bits with values from -1024 to 1500: 256 bins of 8 do not suffice, 158 of 16 do.

    >>> bins_of(Image(np.int16([[[-1024, 40, 1500]]]), bits=12), 256)
    Bins(start=-1024, stop=1504, count=158)
    """
    pixels = image.pixels
    if image.padding is not None:
        pixels = pixels[~image.padding]
        if not pixels.size:
            raise UnsuitableImage(_ALL_PADDING)
    if pixels.dtype == np.uint8:
        return _finest(0, 255, 1, most)
    if pixels.dtype.kind in "iu":
        least, greatest = int(pixels.min()), int(pixels.max())
        if max(-least, greatest) > _EXACT_DOUBLES:
            raise UnsuitableImage("it has integers beyond ±2^53")
        return _finest(least, greatest, 1, most)
    finite = pixels[np.isfinite(pixels)]
    low, high = (float(finite.min()), float(finite.max())) if finite.size else (0.0, 0.0)
    largest = max(abs(low), abs(high))
    if largest > _LARGEST:
        raise UnsuitableImage(f"it has values beyond ±{_LARGEST:g}")
    # Below the spacing of floats of this size values do not differ.
    width = max(float(np.spacing(largest)), _FINEST_WIDTH)
    return _finest(low, high, width, most)


def _finest(low: float, high: float, width: float, most: int) -> Bins:
    """Return the finest dyadic bins for values from `low` to `high`, of at least `width`."""
    while high // width - low // width >= most:
        width *= 2
    first, last = low // width, high // width
    return Bins(first * width, (last + 1) * width, int(last - first) + 1)


def histogram(image: Image, bins: Bins, model: str = "grey") -> tuple[int, dict[str, Counts]]:
    """Count pixels by value.

    Parameters
    ----------
    image : Image
        Any dtype.
    bins : Bins
        Where to count. Values outside are in no bin.
    model : {"grey", "rgb"}, optional
        One histogram of the grey levels (colour becomes luma), or one each of red, green and blue.

    Returns
    -------
    pixels : int
        Pixels looked at: all but padding and those that are not finite numbers.
    counts : dict of str to ndarray of int64
        For each channel, as `numpy.histogram` counts.

    Raises
    ------
    UnsuitableImage
        No pixel is a finite number, or every pixel is padding.

    Examples
    --------
    >>> image = Image(np.uint8([[[0, 1, 1, 255]]]), bits=8)
    >>> pixels, counts = histogram(image, Bins(0, 256, 4))
    >>> pixels, counts["grey"].tolist()
    (4, [3, 0, 0, 1])
    """
    if model == "grey":
        levels = grey(image)
        channels = {"grey": levels}
    else:
        colours = rgb(image)
        channels = {name: colours[..., i] for i, name in enumerate(("red", "green", "blue"))}
    valid = _valid(image)
    if valid is None:
        pixels = math.prod(image.pixels.shape[:3])
    else:
        channels = {name: values[valid] for name, values in channels.items()}
        pixels = int(np.count_nonzero(valid))
    if model == "rgb" and not image.is_colour:
        counted = _count(channels["red"], bins)
        return pixels, dict.fromkeys(channels, counted)
    return pixels, {name: _count(values, bins) for name, values in channels.items()}


def _valid(image: Image) -> npt.NDArray[np.bool_] | None:
    """Return which pixels count; None if all do."""
    valid: npt.NDArray[np.bool_] | None = None
    if image.padding is not None:
        valid = ~image.padding
        if not valid.any():
            raise UnsuitableImage(_ALL_PADDING)
    if image.pixels.dtype.kind == "f":
        finite: npt.NDArray[np.bool_] = np.isfinite(image.pixels)
        if image.is_colour:
            finite = np.all(finite, axis=-1)
        valid = finite if valid is None else valid & finite
        if not valid.any():
            raise UnsuitableImage("no pixel is a finite number")
    return valid


def _count(values: Pixels, bins: Bins) -> Counts:
    """Count like `numpy.histogram`; integers of up to 16 bits by way of a count of each value."""
    if values.dtype not in (np.uint8, np.uint16, np.int16, np.int8):
        wide = values.astype(np.float64)  # in which the edges of dyadic bins are exact
        return np.histogram(wide, bins.count, (bins.start, bins.stop))[0].astype(np.int64)
    info = np.iinfo(values.dtype)
    if values.dtype == np.uint8:
        of_value = _count_bytes(values)
    else:
        unsigned = np.ascontiguousarray(values).view(f"u{values.dtype.itemsize}").ravel()
        of_value = np.bincount(unsigned, minlength=1 << info.bits)
        if info.min < 0:
            of_value = np.roll(of_value, -info.min)  # two's complement: negative values come last
    if bins == Bins(info.min, info.max + 1, of_value.size):
        return of_value
    levels = np.arange(info.min, info.max + 1)
    used = of_value > 0
    counted = np.histogram(
        levels[used], bins.count, (bins.start, bins.stop), weights=of_value[used]
    )[0]
    return counted.astype(np.int64)


def _count_bytes(values: Pixels) -> Counts:
    row = np.ascontiguousarray(values).reshape(1, -1)
    of_value = np.zeros(256, np.int64)
    for first in range(0, row.size, _EXACT_FLOATS):
        part = row[:, first : first + _EXACT_FLOATS]
        of_value += cv2.calcHist([part], [0], None, [256], [0, 256]).ravel().astype(np.int64)
    return of_value


def common_bins(one: Bins, other: Bins, most: int) -> Bins:
    """Return the finest dyadic bins that both can be brought to.

    They are what `bins_of` gives for all the pixels together, so merging is associative.

    Parameters
    ----------
    one, other : Bins
        Dyadic bins of at most `most`, or equal ones of any kind.
    most : int
        Most bins to have.

    Examples
    --------
    >>> common_bins(Bins(0, 256, 256), Bins(-1024, 1504, 158), 256)
    Bins(start=-1024, stop=1504, count=158)
    """
    if one == other:
        return one
    low = min(one.start, other.start)
    high = max(one.stop - one.width, other.stop - other.width)
    return _finest(low, high, max(one.width, other.width), most)


def rebin(counts: Counts, bins: Bins, wider: Bins) -> Counts:
    """Bring counts to wider bins, each of which is a union of the present ones.

    Parameters
    ----------
    counts : ndarray of int64
        One number a bin of `bins`.
    bins, wider : Bins
        Dyadic bins; `wider` as `common_bins` gives them.

    Returns
    -------
    ndarray of int64

    Examples
    --------
    >>> rebin(np.array([1, 2, 3, 4]), Bins(0, 4, 4), Bins(0, 8, 4)).tolist()
    [3, 7, 0, 0]
    """
    if bins == wider:
        return counts
    # In units of a width, which is a power of two, every step is exact.
    lower_edges = (bins.start / bins.width + np.arange(bins.count)) * (bins.width / wider.width)
    target = (np.floor(lower_edges) - wider.start / wider.width).astype(np.int64)
    result = np.zeros(wider.count, np.int64)
    np.add.at(result, target, counts)
    return result
