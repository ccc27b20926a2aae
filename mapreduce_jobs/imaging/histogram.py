"""Histograms that merge exactly.

Bins without a range given follow from the image alone, and are *dyadic*: their width is a power
of two and their start a multiple of it. Histograms of 8-, 12- and 16-bit images can therefore be
brought to common bins without looking at a pixel again: the wider bins are unions of the narrower
ones. The common bins are the join of a semilattice, so the order of merging cannot show.
"""

import math
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from mapreduce_jobs.imaging.image import Image, Pixels, grey, rgb

__all__ = ["Bins", "bins_of", "common_bins", "histogram", "rebin"]

Counts = npt.NDArray[np.int64]

# calcHist counts in 32-bit floats, which are exact to 2**24.
_EXACT_FLOATS = 1 << 24


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
        """Width of a bin; exact for dyadic bins."""
        return (self.stop - self.start) / self.count


def bins_of(image: Image, count: int) -> Bins:
    """Return the bins that follow from an image: the full range of values of its kind.

    Unsigned: [0, 2^bits). Signed: [-2^(bits-1), 2^(bits-1)). Float: up to the smallest power of
    two above every magnitude, from 0 or, where a value is negative, from its opposite. Values
    beyond the bits that the header promises widen the range to that of the dtype.

    Parameters
    ----------
    image : Image
        Any dtype.
    count : int
        Number of bins, a power of two.

    Returns
    -------
    Bins
        Dyadic bins.

    Examples
    --------
    >>> bins_of(Image(np.zeros((1, 2, 2), np.uint16), bits=12), 256)
    Bins(start=0, stop=4096, count=256)
    >>> bins_of(Image(np.float32([[[-0.3, 0.7]]]), bits=32), 256)
    Bins(start=-1.0, stop=1.0, count=256)
    """
    pixels = image.pixels
    if pixels.dtype.kind == "f":
        finite = pixels[np.isfinite(pixels)]
        low, high = (float(finite.min()), float(finite.max())) if finite.size else (0.0, 0.0)
        stop = math.ldexp(1.0, math.frexp(max(abs(low), abs(high)))[1])
        return Bins(-stop if low < 0 else 0.0, stop, count)
    bits, full = image.bits, pixels.dtype.itemsize * 8
    signed = pixels.dtype.kind == "i"
    start, stop = (-(1 << bits - 1), 1 << bits - 1) if signed else (0, 1 << bits)
    if bits < full and pixels.size and (pixels.min() < start or pixels.max() >= stop):
        start, stop = (-(1 << full - 1), 1 << full - 1) if signed else (0, 1 << full)
    return Bins(start, stop, count)


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
        Pixels looked at: all but those that are not finite numbers.
    counts : dict of str to ndarray of int64
        For each channel, as `numpy.histogram` counts.

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
    if image.pixels.dtype.kind == "f":
        finite = np.isfinite(image.pixels)
        valid = finite.all(axis=-1) if image.is_colour else finite
        channels = {name: values[valid] for name, values in channels.items()}
        pixels = int(np.count_nonzero(valid))
    else:
        pixels = math.prod(image.pixels.shape[:3])
    if model == "rgb" and not image.is_colour:
        counted = _count(channels["red"], bins)
        return pixels, dict.fromkeys(channels, counted)
    return pixels, {name: _count(values, bins) for name, values in channels.items()}


def _count(values: Pixels, bins: Bins) -> Counts:
    """Count like `numpy.histogram`; integers of up to 16 bits by way of a count of each value."""
    if values.dtype not in (np.uint8, np.uint16, np.int16, np.int8):
        return np.histogram(values, bins.count, (bins.start, bins.stop))[0].astype(np.int64)
    info = np.iinfo(values.dtype)
    if values.dtype == np.uint8:
        of_value = _count_bytes(values)
    else:
        unsigned = np.ascontiguousarray(values).view(f"u{values.dtype.itemsize}").ravel()
        of_value = np.bincount(unsigned, minlength=1 << info.bits)
        if info.min < 0:
            of_value = np.roll(of_value, -info.min)  # two's complement: negative values come last
    if (bins.start, bins.stop) == (info.min, info.max + 1) and of_value.size % bins.count == 0:
        return of_value.reshape(bins.count, -1).sum(axis=1)
    levels = np.arange(info.min, info.max + 1)
    used = of_value > 0
    counted = np.histogram(
        levels[used], bins.count, (bins.start, bins.stop), weights=of_value[used]
    )[0]
    return counted.astype(np.int64)


def _count_bytes(values: Pixels) -> Counts:
    rows = np.ascontiguousarray(values).reshape(-1, values.shape[-1])
    step = max(1, _EXACT_FLOATS // rows.shape[1])
    of_value = np.zeros(256, np.int64)
    for first in range(0, len(rows), step):
        part = rows[first : first + step]
        of_value += cv2.calcHist([part], [0], None, [256], [0, 256]).ravel().astype(np.int64)
    return of_value


def common_bins(one: Bins, other: Bins) -> Bins:
    """Return the finest dyadic bins that both can be brought to.

    Examples
    --------
    >>> common_bins(Bins(0, 256, 256), Bins(0, 4096, 256))
    Bins(start=0, stop=4096, count=256)
    """
    if one == other:
        return one
    width = max(one.width, other.width)
    start = math.floor(min(one.start, other.start) / width) * width
    stop = math.ceil(max(one.stop, other.stop) / width) * width
    return Bins(_plain(start), _plain(stop), round((stop - start) / width))


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
    lower_edges = bins.start + np.arange(bins.count) * bins.width
    target = ((lower_edges - wider.start) // wider.width).astype(np.int64)
    result = np.zeros(wider.count, np.int64)
    np.add.at(result, target, counts)
    return result


def _plain(number: float) -> float:
    return int(number) if float(number).is_integer() else number
