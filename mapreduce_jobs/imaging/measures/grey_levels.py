"""Grey levels of an image and how often each occurs, which most measures need."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from mapreduce_jobs.imaging.errors import UnsuitableImage
from mapreduce_jobs.imaging.image import Image, Pixels, grey
from mapreduce_jobs.imaging.measures.levels import distinct, finite, otsu

__all__ = ["Levels", "left_out", "levels_of"]


@dataclass(frozen=True, eq=False)
class Levels:
    """The grey levels of an image, and how many pixels have each.

    Attributes
    ----------
    values : ndarray
        Grey levels that occur, ascending; the image's dtype.
    counts : ndarray of int64
        Pixels of each.
    threshold : float
        Foreground is what is above it, by Otsu; see `mapreduce_jobs.imaging.measures.levels.otsu`.
    """

    values: Pixels
    counts: npt.NDArray[np.int64]
    threshold: float

    @property
    def pixels(self) -> int:
        """How many pixels were measured."""
        return int(self.counts.sum())

    @property
    def is_negative(self) -> bool:
        """Whether a value is below 0."""
        return bool(self.values[0] < 0)

    def split(self) -> tuple["Levels", "Levels"]:
        """Return foreground and background; raise `UnsuitableImage` if all levels are the same."""
        if len(self.values) == 1:
            raise UnsuitableImage("all grey levels are the same: there is no foreground")
        above = self.values > self.threshold
        return self._part(above), self._part(~above)

    def _part(self, chosen: npt.NDArray[np.bool_]) -> "Levels":
        return Levels(self.values[chosen], self.counts[chosen], self.threshold)

    def moments(self) -> tuple[float, float]:
        """Return the mean and the variance (of all n pixels, not n − 1)."""
        # Seen from one of them, so that equal ones have a variance of 0 and not of a rounding.
        first = float(self.values[0])
        above = self.values.astype(np.float64) - first
        mean = float((above * self.counts).sum()) / self.pixels
        variance = float(((above - mean) ** 2 * self.counts).sum()) / self.pixels
        return first + mean, variance

    def energy(self) -> float:
        """Return the mean of the squares."""
        wide = self.values.astype(np.float64)
        return float((wide * wide * self.counts).sum()) / self.pixels


def levels_of(image: Image) -> Levels:
    """Count the grey levels of an image, save of the pixels that are `left_out`.

    Raises
    ------
    UnsuitableImage
        No pixel is left, or one is beyond ±1e140.

    Examples
    --------
    >>> found = levels_of(Image(np.uint8([[[10, 20, 20]]]), bits=8))
    >>> found.values.tolist(), found.counts.tolist(), found.threshold
    ([10, 20], [1, 2], 10.0)
    """
    levels = grey(image)
    others = left_out(image)
    if others is not None:
        levels = levels[~others].reshape(1, 1, -1)
    if not levels.size:
        raise UnsuitableImage("no pixel is a finite number that is not padding")
    values, counts = distinct(finite(levels))
    return Levels(values, counts, otsu(levels))


def left_out(image: Image) -> npt.NDArray[np.bool_] | None:
    """Return which pixels were not measured: padding, and what is not a finite number.

    Returns
    -------
    ndarray of bool or None
        Shape frames × rows × columns; None if all were measured.

    Examples
    --------
    >>> left_out(Image(np.float32([[[1, np.nan]]]), bits=32)).tolist()
    [[[False, True]]]
    """
    if image.pixels.dtype.kind != "f":
        return image.padding
    unknown = ~np.isfinite(grey(image))
    return unknown if image.padding is None else unknown | image.padding
