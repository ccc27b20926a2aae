"""Classes of the pixels of many images: counts that add up exactly, and k-means on them.

Grey levels are counted one by one, and k-means is that of all the pixels. Colours are gathered in
cells of 8 × 8 × 8, of each its count and the exact sums of its pixels: k-means takes a cell for so
many pixels at its mean. Either is bounded, whatever the images, and needs one look at each. From
there, rounds of k-means over the pixels themselves need a look each, and of a class only its sums.
"""

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt

from mapreduce_jobs.imaging.arrays.masking import measured
from mapreduce_jobs.imaging.errors import UnsuitableImage
from mapreduce_jobs.imaging.image import Image, Pixels, grey
from mapreduce_jobs.imaging.measures import clustering
from mapreduce_jobs.imaging.measures.levels import distinct

__all__ = ["ColourCounts", "Counted", "GreyCounts", "RoundSums", "classes_of", "sorted_by_luma"]

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

_LEAST, _MOST = -(1 << 15), (1 << 16) - 1  # of int16, and of uint16
_BITS = 5  # of a channel, that number a cell
_DROPPED = 8 - _BITS


@dataclass(frozen=True)
class Counted:
    """Pixels at some places.

    Attributes
    ----------
    places : ndarray of int64, shape (m,)
        The grey levels, or the numbers of the cells, that occur; ascending.
    count : ndarray of int64, shape (m,)
        Pixels.
    total : ndarray of int64, shape (m, d)
        Σx of them, d = 1 for grey levels and 3 for colours.
    squares : ndarray of int, shape (m,)
        Σ‖x‖² of them; Python's integers, which hold those of any number of pixels.
    """

    places: Integers
    count: Integers
    total: Integers
    squares: npt.NDArray[np.object_]


class GreyCounts:
    """How many pixels have each grey level, of whole numbers from −32768 to 65535.

    Examples
    --------
    >>> counts = GreyCounts()
    >>> counts.add(Image(np.int16([[[-3, 7, 7]]]), bits=16))
    3
    >>> counts.counted().places.tolist(), counts.counted().count.tolist()
    ([-3, 7], [1, 2])
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
        values, counts = distinct(grey(measured(image)))
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
        count, levels = self._table[used], used + _LEAST
        squares = count.astype(object) * levels.astype(object) ** 2
        return Counted(levels, count, (count * levels)[:, np.newaxis], squares)

    def to_json(self) -> list[list[int]]:
        """Return the levels that occur, and how many pixels have each."""
        used = np.flatnonzero(self._table)
        return [(used + _LEAST).tolist(), self._table[used].tolist()]

    def add_json(self, value: list[list[int]]) -> None:
        """Add what `to_json` wrote."""
        levels, counts = value
        self._table[np.array(levels, np.int64) - _LEAST] += np.array(counts, np.int64)


class ColourCounts:
    """How many pixels there are in each cell of colours, and their sums.

    Examples
    --------
    >>> counts = ColourCounts()
    >>> counts.add(Image(np.uint8([[[[255, 0, 0], [251, 2, 0]]]]), bits=8))
    2
    >>> counts.counted().total.tolist()  # of one cell: red 248 to 255, green and blue 0 to 7
    [[506, 2, 0]]
    """

    def __init__(self) -> None:
        self._table = np.zeros((5, 1 << 3 * _BITS), np.int64)  # n, Σr, Σg, Σb, Σ‖x‖²

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
        colours = _colours(image).astype(np.int64)
        red, green, blue = (colours >> _DROPPED).T
        cells = (red << 2 * _BITS) | (green << _BITS) | blue
        length = self._table.shape[1]
        self._table[0] += np.bincount(cells, minlength=length)
        squares = (colours * colours).sum(axis=1)
        for row, values in enumerate([*colours.T, squares], 1):
            # Floats, exact: the sums of one image of 2^35 pixels stay below 2^53.
            self._table[row] += np.bincount(cells, values, length).astype(np.int64)
        return len(colours)

    def counted(self) -> Counted:
        """Return what was counted."""
        used = np.flatnonzero(self._table[0])
        count, *total, squares = self._table[:, used]
        return Counted(
            used.astype(np.int64), count, np.stack(total, axis=1), squares.astype(object)
        )

    def to_json(self) -> list[list[int]]:
        """Return the cells that occur, and n, Σr, Σg, Σb, Σ‖x‖² of each."""
        used = np.flatnonzero(self._table[0])
        return [used.tolist(), *self._table[:, used].tolist()]

    def add_json(self, value: list[list[int]]) -> None:
        """Add what `to_json` wrote."""
        cells, *sums = value
        self._table[:, np.array(cells, np.int64)] += np.array(sums, np.int64)


class RoundSums:
    """What a round of k-means over colours needs to know of each class: n, Σx and Σ‖x‖².

    Parameters
    ----------
    means : array_like of float
        Of the classes, which a pixel belongs to the nearest of; shape k × 3.

    Examples
    --------
    >>> sums = RoundSums([[0, 0, 0], [255, 0, 0]])
    >>> sums.add(Image(np.uint8([[[[255, 0, 0], [251, 2, 0]]]]), bits=8))
    2
    >>> sums.to_json(), sums.updated_means()
    ([[0, 2], [[0, 0, 0], [506, 2, 0]], [0, 128030]], [[0.0, 0.0, 0.0], [253.0, 1.0, 0.0]])
    """

    def __init__(self, means: npt.ArrayLike) -> None:
        self._means = np.array(means, np.float64)
        classes = len(self._means)
        self._count = np.zeros(classes, np.int64)
        self._total = np.zeros((classes, 3), np.int64)
        self._squares = np.zeros(classes, np.int64)

    def add(self, image: Image) -> int:
        """Add the pixels of an image, and return how many they are, as `ColourCounts` does."""
        colours = _colours(image)
        sums = clustering.class_sums(colours, self._means)
        # Floats, exact: the sums of one image of 2^35 pixels stay below 2^53.
        self._add(sums.count, sums.total.astype(np.int64), sums.squares.astype(np.int64))
        return len(colours)

    def _add(self, count: Integers, total: Integers, squares: Integers) -> None:
        self._count += count
        self._total += total
        self._squares += squares

    def to_json(self) -> list[Any]:
        """Return n, Σx and Σ‖x‖² of each class."""
        return [self._count.tolist(), self._total.tolist(), self._squares.tolist()]

    def add_json(self, value: list[Any]) -> None:
        """Add what `to_json` wrote."""
        count, total, squares = (np.array(part, np.int64) for part in value)
        self._add(count, total, squares)

    def updated_means(self) -> list[list[float]]:
        """Return the means of the pixels of each class; one without any keeps its mean."""
        sums = clustering.ClassSums(
            self._count, self._total.astype(np.float64), self._squares.astype(np.float64)
        )
        return [list(mean) for mean in sums.means(self._means).tolist()]

    def classes(self, rounds: int) -> dict[str, Any]:
        """Return what `classes_of` does, of the classes as they are, after so many rounds.

        They have converged if their means are those of their pixels.
        """
        inertia = _inertia(self._means, *self.to_json())
        return {
            "means": self._means.tolist(),
            "sizes": self._count.tolist(),
            "inertia": float(inertia),
            "rounds": rounds,
            "converged": self.updated_means() == self._means.tolist(),
        }


def sorted_by_luma(means: list[list[float]]) -> list[list[float]]:
    """Return colours by luma, as `classes_of` does.

    >>> sorted_by_luma([[2.0, 2.0, 2.0], [0.0, 0.0, 0.0]])
    [[0.0, 0.0, 0.0], [2.0, 2.0, 2.0]]
    """
    colours = np.array(means)
    return [list(mean) for mean in colours[_order(colours)].tolist()]


def _colours(image: Image) -> Pixels:
    """Return the pixels of an image that are no padding, n × 3."""
    if not image.is_colour:
        raise UnsuitableImage("it is grey, and colours are looked at")
    if image.pixels.dtype != np.uint8:
        raise UnsuitableImage(
            f"its channels are {image.pixels.dtype}, and colours are of 8 bits: image_transform"
            " --ops 'normalise bits=8' makes them"
        )
    return measured(image).pixels.reshape(-1, 3)


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
        ``means``, of each class a number or red, green, blue, ascending (colours by luma);
        ``sizes``, pixels; ``inertia``, the sum of ‖x − μ‖², each pixel to its class, rounded once;
        ``rounds``; ``converged``, whether a further round would move no pixel to another class.

    Raises
    ------
    UnsuitableImage
        There are fewer than k grey levels, or cells of colours.

    Examples
    --------
    >>> counts = GreyCounts()
    >>> _ = counts.add(Image(np.uint8([[[0, 2, 10, 12]]]), bits=8))
    >>> found = classes_of(counts.counted(), k=2)
    >>> found["means"], found["sizes"], found["inertia"], found["converged"]
    ([1.0, 11.0], [2, 2], 4.0, True)
    """
    places, weights = len(counted.places), counted.count
    if places < k:
        what = "grey levels" if counted.total.shape[1] == 1 else "cells of colours"
        raise UnsuitableImage(f"there are {places} different {what}, fewer than {k} classes")
    points = counted.total / weights[:, np.newaxis]
    start = clustering.plus_plus_start(points, k, seed, weights)
    means, rounds = clustering.lloyd(points, start, iterations, weights)
    means = means[_order(means)]
    labels = clustering.nearest(points, means)
    updated = clustering.class_sums(points, means, weights).means(means)
    of_classes = [labels == number for number in range(k)]
    sizes = [int(weights[of_class].sum()) for of_class in of_classes]
    totals = [counted.total[of_class].sum(axis=0).tolist() for of_class in of_classes]
    squares = [int(counted.squares[of_class].sum()) for of_class in of_classes]
    return {
        "means": means[:, 0].tolist() if means.shape[1] == 1 else means.tolist(),
        "sizes": sizes,
        "inertia": float(_inertia(means, sizes, totals, squares)),
        "rounds": rounds,
        "converged": np.array_equal(clustering.nearest(points, updated), labels),
    }


def _inertia(
    means: Floats, sizes: list[int], totals: list[list[int]], squares: list[int]
) -> Fraction:
    """Return Σ‖x − μ‖² = Σ‖x‖² − 2 μ·Σx + n‖μ‖² over all classes, without rounding."""
    inertia = Fraction(sum(squares))
    for mean, size, total in zip(means.tolist(), sizes, totals, strict=True):
        for centre, sum_of_channel in zip(map(Fraction, mean), total, strict=True):
            inertia += centre * (size * centre - 2 * sum_of_channel)
    return inertia


def _order(means: Floats) -> npt.NDArray[np.intp]:
    luma = means[:, 0] if means.shape[1] == 1 else grey(Image(means[None, :, None], 64)).ravel()
    return np.lexsort((*means.T[::-1], luma))  # the last key is the first
