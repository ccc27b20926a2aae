"""k-means clustering of samples: assignment to the nearest mean, k-means++ start, updates.

Samples are n × d: one number each for grey levels, three for colours. A round of k-means needs to
know of a class only how many samples it has, their sum and the sum of their squares; these
`ClassSums` add up over images.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from mapreduce_jobs.imaging.errors import UnsuitableImage
from mapreduce_jobs.imaging.image import Pixels

__all__ = ["ClassSums", "class_sums", "lloyd", "nearest", "plus_plus_start"]

Floats = npt.NDArray[np.float64]
Counts = npt.NDArray[np.int64]

# Distances held at a time, so that pixels × classes need not fit into memory.
_DISTANCES = 1 << 19


@dataclass(frozen=True)
class ClassSums:
    """Sums over the samples of each of k classes; those of two sets of samples add up.

    Attributes
    ----------
    count : ndarray of int64, shape (k,)
        Samples.
    total : ndarray of float64, shape (k, d)
        Σx; exact for integers up to 2^53.
    squares : ndarray of float64, shape (k,)
        Σ‖x‖²; exact likewise.
    """

    count: Counts
    total: Floats
    squares: Floats

    def __add__(self, other: "ClassSums") -> "ClassSums":
        return ClassSums(
            self.count + other.count, self.total + other.total, self.squares + other.squares
        )

    def means(self, previous: Floats) -> Floats:
        """Return Σx / n of each class; a class without a sample keeps its previous mean."""
        has_any = self.count > 0
        means = previous.copy()
        means[has_any] = self.total[has_any] / self.count[has_any, np.newaxis]
        return means

    def inertia(self, means: Floats) -> float:
        """Return the sum of ‖x − μ‖² = Σ‖x‖² − 2 μ·Σx + n‖μ‖² over all classes."""
        of_class = (
            self.squares
            - 2 * (means * self.total).sum(axis=1)
            + self.count * (means * means).sum(axis=1)
        )
        return max(0.0, float(of_class.sum()))


def nearest(samples: Pixels, means: Floats) -> npt.NDArray[np.uint8]:
    """Return the class of each sample: argmin over k of ‖x − μ_k‖, of several the first.

    Parameters
    ----------
    samples : ndarray, shape (n, d)
        Any dtype.
    means : ndarray of float64, shape (k, d)
        At most 256.

    Examples
    --------
    >>> nearest(np.uint8([[0], [44], [45], [46]]), np.array([[10.0], [80.0]])).tolist()
    [0, 0, 0, 1]
    """
    labels = np.empty(len(samples), np.uint8)
    for strip in _strips(len(samples), len(means)):
        labels[strip] = _nearest_of_channels(_channels(samples[strip]), means)
    return labels


def class_sums(samples: Pixels, means: Floats, weights: Counts | None = None) -> ClassSums:
    """Give each sample to its nearest mean, and sum up each class.

    Parameters
    ----------
    samples : ndarray, shape (n, d)
        Any dtype.
    means : ndarray of float64, shape (k, d)
        At most 256.
    weights : ndarray of int64, shape (n,), optional
        How many times each sample counts.

    Returns
    -------
    ClassSums

    Examples
    --------
    >>> sums = class_sums(np.uint8([[1], [3], [90]]), np.array([[0.0], [100.0]]))
    >>> sums.count.tolist(), sums.total.tolist(), sums.squares.tolist()
    ([2, 1], [[4.0], [90.0]], [10.0, 8100.0])
    """
    classes = len(means)
    sums = ClassSums(np.zeros(classes, np.int64), np.zeros_like(means), np.zeros(classes))
    for strip in _strips(len(samples), classes):
        channels = _channels(samples[strip])
        labels = _nearest_of_channels(channels, means)
        times = np.ones(len(labels)) if weights is None else weights[strip].astype(np.float64)
        of_class = [np.bincount(labels, times * channel, classes) for channel in channels]
        lengths = (channels * channels).sum(axis=0)
        squares = np.bincount(labels, times * lengths, classes).astype(np.float64)
        count = np.bincount(labels, times, classes).astype(np.int64)
        sums += ClassSums(count, np.stack(of_class, axis=1), squares)
    return sums


def plus_plus_start(samples: Pixels, k: int, seed: int, weights: Counts | None = None) -> Floats:
    """Choose k samples to start k-means from, by k-means++.

    The first is any sample; each further one is drawn with a probability proportional to its
    squared distance to the nearest of those before it (Arthur and Vassilvitskii, SODA 2007).

    Parameters
    ----------
    samples : ndarray, shape (n, d)
        Any dtype.
    k : int
        How many.
    seed : int
        Of `numpy.random.default_rng`.
    weights : ndarray of int64, shape (n,), optional
        How many times each sample counts.

    Returns
    -------
    ndarray of float64, shape (k, d)
        All different.

    Raises
    ------
    UnsuitableImage
        There are fewer than k different samples.
    """
    generator = np.random.default_rng(seed)
    times = np.ones(len(samples)) if weights is None else weights.astype(np.float64)
    squared = np.full(len(samples), np.inf)
    chances = times
    means: list[Floats] = []
    for _ in range(k):
        cumulative = np.cumsum(chances)
        if not cumulative[-1]:
            raise UnsuitableImage(
                f"it has {len(means)} different values, fewer than the k={k} classes asked for"
            )
        cumulative /= cumulative[-1]
        index = np.searchsorted(cumulative, generator.random(), side="right")
        means.append(samples[index].astype(np.float64))
        for strip in _strips(len(samples), 1):
            distances = _squared_distance(_channels(samples[strip]), means[-1])
            np.minimum(squared[strip], distances, out=squared[strip])
        chances = times * squared
    return np.stack(means)


def lloyd(
    samples: Pixels, means: Floats, iterations: int, weights: Counts | None = None
) -> tuple[Floats, int]:
    """Improve means by k-means: to each sample its nearest, to each class its mean, and again.

    Parameters
    ----------
    samples : ndarray, shape (n, d)
        Any dtype.
    means : ndarray of float64, shape (k, d)
        To start from.
    iterations : int
        Most rounds; it ends when a round changes no mean.
    weights : ndarray of int64, shape (n,), optional
        How many times each sample counts.

    Returns
    -------
    means : ndarray of float64, shape (k, d)
    rounds : int

    Examples
    --------
    >>> means, rounds = lloyd(np.uint8([[0], [2], [10], [12]]), np.array([[0.0], [2.0]]), 100)
    >>> means.tolist(), rounds  # 0 | 2, 10, 12, then 0, 2 | 10, 12
    ([[1.0], [11.0]], 3)
    """
    for done in range(1, iterations + 1):
        updated = class_sums(samples, means, weights).means(means)
        if np.array_equal(updated, means):
            return means, done
        means = updated
    return means, iterations


def _strips(samples: int, classes: int) -> Iterator[slice]:
    size = max(1, _DISTANCES // classes)
    return (slice(first, first + size) for first in range(0, samples, size))


def _channels(samples: Pixels) -> Floats:
    """Return samples as float64, d × n: a channel at a time is twice as fast."""
    return np.ascontiguousarray(samples.T, np.float64)


def _nearest_of_channels(channels: Floats, means: Floats) -> npt.NDArray[np.intp]:
    return np.stack([_squared_distance(channels, mean) for mean in means]).argmin(axis=0)


def _squared_distance(channels: Floats, mean: Floats) -> Floats:
    total = np.zeros(channels.shape[1])
    for channel, centre in zip(channels, mean, strict=True):
        difference = channel - centre
        difference *= difference
        total += difference
    return total
