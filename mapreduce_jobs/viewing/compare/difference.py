"""Difference of two images of one size."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from mapreduce_jobs.imaging.image import Pixels
from mapreduce_jobs.viewing.display_range import NO_UNITS, Picture, Scale, value_text

__all__ = ["Difference", "difference"]


@dataclass(frozen=True, eq=False)
class Difference:
    """``|A − B|`` of two images, pixel by pixel; in colour, the largest of the three channels.

    Attributes
    ----------
    frames : list of ndarray of uint8, shape (rows, columns)
        As it is shown: 0 is black, the greatest difference white.
    greatest, mean : float
        In the unit of the values.
    differing, pixels : int
        How many pixels differ, and how many there are.
    of_values : bool
        Whether it is that of the values; else of the grey levels that are shown, for the values
        of the two mean different things.
    """

    frames: list[npt.NDArray[np.uint8]]
    greatest: float
    mean: float
    differing: int
    pixels: int
    of_values: bool

    def words(self, unit: str) -> str:
        """Return what there is to know in a sentence without its full stop.

        >>> Difference([], 8.0, 0.5, 3, 16384, of_values=True).words("HU")
        '3 of 16,384 pixels differ; greatest difference 8 HU, mean 0.5 HU'
        """
        if not self.differing:
            return f"all {self.pixels:,} pixels are equal"
        of = "" if unit in NO_UNITS or not self.of_values else f" {unit}"
        return (
            f"{self.differing:,} of {self.pixels:,} pixels differ; greatest difference"
            f" {value_text(self.greatest)}{of}, mean {value_text(self.mean)}{of}"
        )


def difference(
    one: Picture, other: Picture, scales: tuple[Scale, Scale], frames: list[tuple[int, int]]
) -> Difference | None:
    """Compare two images pixel by pixel.

    Parameters
    ----------
    one, other : Picture
        The images.
    scales : tuple of Scale
        How each is shown.
    frames : list of tuple of int
        Which frames of the two are compared.

    Returns
    -------
    Difference or None
        None if they have not the same rows and columns. A pixel that is padding, or not a number,
        in one alone differs, and is left out of the greatest and the mean.
    """
    if one.image.pixels.shape[1:3] != other.image.pixels.shape[1:3]:
        return None
    of_values = (
        one.image.pixels.dtype == other.image.pixels.dtype
        and one.image.unit == other.image.unit
        and one.image.is_colour == other.image.is_colour
    )
    found = []
    for first, second in frames:
        pair = one.image.pixels[first], other.image.pixels[second]
        if not of_values:
            pair = scales[0](pair[0]), scales[1](pair[1])
        found.append(_between(_known(pair[0], one, first), _known(pair[1], other, second)))
    values = np.stack([values for values, _ in found])
    differing = int(sum(np.count_nonzero(differs) for _, differs in found))
    greatest = float(values.max())
    scale = Scale(0, greatest or 1, "")
    return Difference(
        [scale(frame) for frame in values],
        greatest,
        float(values.mean()),
        differing,
        values.size,
        of_values,
    )


def _known(values: Pixels, picture: Picture, frame: int) -> Pixels:
    """Return values with padding as what is not a number."""
    if picture.image.padding is None:
        return values
    known = values.astype(np.float64)
    known[picture.image.padding[frame]] = np.nan
    return known


def _between(one: Pixels, other: Pixels) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.bool_]]:
    """Return ``|one − other|`` in float64, 0 where one is not a number, and where they differ."""
    if one.ndim != other.ndim:
        one, other = (frame if frame.ndim == 3 else frame[..., None] for frame in (one, other))
    differs = one != other
    if one.dtype.kind == "f" and other.dtype.kind == "f":
        differs &= ~(np.isnan(one) & np.isnan(other))
    with np.errstate(invalid="ignore", over="ignore"):
        values = np.abs(one.astype(np.float64) - other.astype(np.float64))
    values = np.nan_to_num(values, nan=0.0, posinf=0.0)
    if values.ndim == 3:
        values, differs = values.max(axis=-1), differs.any(axis=-1)
    return values, differs
