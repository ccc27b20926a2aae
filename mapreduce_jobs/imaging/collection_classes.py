"""Classes of the pixels of many images: counts that add up exactly, and k-means on them.

Grey levels and colours are counted one by one, so that k-means on the counts is that of all the
pixels. Counts are bounded, whatever the images: 98,304 grey levels, 16.8 million colours, of which
medical images use few; and they need one look at each image.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt

from mapreduce_jobs.imaging import clustering
from mapreduce_jobs.imaging.errors import UnsuitableImage
from mapreduce_jobs.imaging.image import Image, Pixels, grey
from mapreduce_jobs.imaging.levels import distinct

__all__ = ["ColourCounts", "Counted", "GreyCounts", "classes_of"]

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

_LEAST, _MOST = -(1 << 15), (1 << 16) - 1  # of int16, and of uint16
_COLOURS = 1 << 24
_PART = 1 << 18  # values in a part of the counts


Part = list[list[int]]
"""Some of the values, and how many pixels have each."""


@dataclass(frozen=True)
class Counted:
    """Pixels by their values.

    Attributes
    ----------
    values : ndarray of int64 or uint8, shape (m, d)
        The grey levels that occur, or the colours; rising. d = 1 or 3.
    count : ndarray of int64, shape (m,)
        Pixels.
    """

    values: Pixels
    count: Integers


class GreyCounts:
    """How many pixels have each grey level, of whole numbers from −32768 to 65535.

    Examples
    --------
    >>> counts = GreyCounts()
    >>> counts.add(Image(np.int16([[[-3, 7, 7]]]), bits=16))
    3
    >>> counts.counted().values.tolist(), counts.counted().count.tolist()
    ([[-3], [7]], [1, 2])
    """

    def __init__(self) -> None:
        self._table = np.zeros(_MOST - _LEAST + 1, np.int64)

    def add(self, image: Image) -> int:
        """Add the pixels of an image; colour becomes luma, padding does not count.

        Returns
        -------
        int
            How many they are.

        Raises
        ------
        UnsuitableImage
            A grey level is no whole number, or beyond the limits; all is padding.
        """
        values, counts = distinct(_measured(grey(image), image))
        if values.dtype.kind == "f" and not (values == np.rint(values)).all():  # NaN among them
            raise UnsuitableImage(
                "it has grey levels that are no whole numbers: image_transform --ops 'normalise"
                " bits=16' makes some, or --values display"
            )
        if values[0] < _LEAST or values[-1] > _MOST:
            raise UnsuitableImage(f"it has grey levels beyond {_LEAST} to {_MOST}")
        self._table[values.astype(np.int64) - _LEAST] += counts
        return int(counts.sum())

    def counted(self) -> Counted:
        """Return what was counted."""
        used = np.flatnonzero(self._table)
        return Counted((used + _LEAST)[:, np.newaxis], self._table[used])

    def parts(self) -> Iterator[Part]:
        """Iterate over what was counted."""
        used = np.flatnonzero(self._table)
        yield [(used + _LEAST).tolist(), self._table[used].tolist()]

    def add_part(self, part: Part) -> None:
        """Add what `parts` gave."""
        levels, counts = part
        self._table[np.array(levels, np.int64) - _LEAST] += np.array(counts, np.int64)


class ColourCounts:
    """How many pixels have each colour, of 8 bits a channel.

    Examples
    --------
    >>> counts = ColourCounts()
    >>> counts.add(Image(np.uint8([[[[255, 0, 0], [251, 2, 0]]]]), bits=8))
    2
    >>> counts.counted().values.tolist()
    [[251, 2, 0], [255, 0, 0]]
    """

    def __init__(self) -> None:
        self._table = np.zeros(_COLOURS, np.int64)  # memory is taken where colours occur

    def add(self, image: Image) -> int:
        """Add the pixels of an image; padding does not count.

        Returns
        -------
        int
            How many they are.

        Raises
        ------
        UnsuitableImage
            It is grey, or not of 8 bits a channel; all is padding.
        """
        if not image.is_colour:
            raise UnsuitableImage("it is grey, and colours are looked at")
        if image.pixels.dtype != np.uint8:
            raise UnsuitableImage(
                f"its channels are {image.pixels.dtype}, and colours are of 8 bits: image_transform"
                " --ops 'normalise bits=8' makes them"
            )
        red, green, blue = _measured(image.pixels, image).reshape(-1, 3).astype(np.uint32).T
        colours, counts = np.unique(red << 16 | green << 8 | blue, return_counts=True)
        self._table[colours] += counts
        return len(red)

    def counted(self) -> Counted:
        """Return what was counted."""
        used = np.flatnonzero(self._table)
        values = np.stack([used >> 16, used >> 8 & 255, used & 255], axis=1).astype(np.uint8)
        return Counted(values, self._table[used])

    def parts(self) -> Iterator[Part]:
        """Iterate over what was counted, so many colours at a time: each less the one before."""
        used = np.flatnonzero(self._table)
        for first in range(0, len(used), _PART):
            colours = used[first : first + _PART]
            yield [np.diff(colours, prepend=0).tolist(), self._table[colours].tolist()]

    def add_part(self, part: Part) -> None:
        """Add what `parts` gave."""
        steps, counts = part
        self._table[np.cumsum(steps)] += np.array(counts, np.int64)


def _measured(pixels: Pixels, image: Image) -> Pixels:
    """Return the pixels that are no padding, one after the other."""
    if image.padding is None:
        return pixels
    if image.padding.all():
        raise UnsuitableImage("every pixel is padding")
    return pixels[~image.padding]


def classes_of(counted: Counted, k: int, seed: int = 0, iterations: int = 100) -> dict[str, Any]:
    """Find k classes by k-means.

    The start is by k-means++; then Lloyd's algorithm until no mean changes. It finds a local
    minimum: another seed may find a lower one.

    Parameters
    ----------
    counted : Counted
        The pixels.
    k : int
        How many classes, at most 256.
    seed : int, optional
        Of the start.
    iterations : int, optional
        Most rounds.

    Returns
    -------
    dict
        ``means``, of each class a number or red, green, blue, rising (colours by luma); ``sizes``,
        pixels; ``inertia``, the sum of ‖x − μ‖², each pixel to its class, rounded once;
        ``rounds``; ``converged``, whether a further round would move no pixel to another class.

    Raises
    ------
    UnsuitableImage
        There are fewer than k grey levels, or colours.

    Examples
    --------
    >>> counts = GreyCounts()
    >>> _ = counts.add(Image(np.uint8([[[0, 2, 10, 12]]]), bits=8))
    >>> found = classes_of(counts.counted(), k=2)
    >>> found["means"], found["sizes"], found["inertia"], found["converged"]
    ([1.0, 11.0], [2, 2], 4.0, True)
    """
    values, weights = counted.values, counted.count
    if len(values) < k:
        what = "grey levels" if values.shape[1] == 1 else "colours"
        raise UnsuitableImage(f"there are {len(values)} different {what}, fewer than {k} classes")
    start = clustering.spread(values, k, seed, weights)
    means, rounds = clustering.lloyd(values, start, iterations, weights)
    means = means[_order(means)]
    labels = clustering.nearest(values, means)
    moved = clustering.class_sums(values, means, weights).means(means)
    sizes, inertia = [], Fraction(0)
    for number, mean in enumerate(means.tolist()):
        of_class = labels == number
        size = int(weights[of_class].sum())
        for centre, channel in zip(mean, values[of_class].T.astype(np.int64), strict=True):
            total, squares = (_sum(weights[of_class], channel**power) for power in (1, 2))
            inertia += squares + Fraction(centre) * (size * Fraction(centre) - 2 * total)
        sizes.append(size)
    return {
        "means": means[:, 0].tolist() if means.shape[1] == 1 else means.tolist(),
        "sizes": sizes,
        "inertia": float(inertia),
        "rounds": rounds,
        "converged": np.array_equal(clustering.nearest(values, moved), labels),
    }


def _sum(weights: Integers, values: Integers) -> int:
    """Return Σ w x, also where integers of 64 bits do not hold it."""
    if int(np.abs(values).max(initial=0)) * int(weights.sum()) < 1 << 63:
        return int(weights @ values)
    return int(weights.astype(object) @ values.astype(object))


def _order(means: Floats) -> npt.NDArray[np.intp]:
    luma = means[:, 0] if means.shape[1] == 1 else grey(Image(means[None, :, None], 64)).ravel()
    return np.lexsort((*means.T[::-1], luma))  # the last key is the first
