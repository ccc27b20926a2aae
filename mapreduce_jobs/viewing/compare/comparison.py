"""Two images beside each other, in grey levels that can be compared, and their difference.

What is shown of them is in `comparison_page` (HTML), `pair_figure` and `contact_sheet` (PNG).
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from mapreduce_jobs.core.job_errors import words_of
from mapreduce_jobs.imaging.image import Pixels
from mapreduce_jobs.viewing.compare.difference import Difference, difference
from mapreduce_jobs.viewing.display_range import Picture, Scale, picture, scales
from mapreduce_jobs.viewing.pairs import Pair, Pairs, Source

__all__ = ["FULL", "Compared", "Failed", "How", "Side", "all_compared", "compared"]

FULL = 12
"""How many pairs of a collection are compared in full."""

_MAX_FRAMES = 64
_MAX_PIXELS = 64 << 18  # of all frames that are shown: 64 of 512 × 512


@dataclass(frozen=True)
class How:
    """How images are read; see `mapreduce_jobs.imaging.decode.decode`.

    Attributes
    ----------
    max_pixels, values, window
        As there.
    """

    max_pixels: int
    values: str = "stored"
    window: int = 1

    def picture(self, source: Source) -> Picture:
        """Read an image."""
        return picture(source.read(), self.max_pixels, self.values, self.window)


@dataclass(frozen=True, eq=False)
class Side:
    """One of the two images of a pair, as it is shown.

    Attributes
    ----------
    name : str
        The image's name.
    picture : Picture
        The image.
    scale : Scale
        How its values become grey levels.
    frames : list of int
        Which frames are shown.
    """

    name: str
    picture: Picture
    scale: Scale
    frames: list[int]

    def levels(self, frame: int | None = None) -> npt.NDArray[np.uint8]:
        """Return a frame, without one the middle one, as it is shown."""
        return self.picture.levels(self.picture.middle if frame is None else frame, self.scale)

    def values(self) -> Pixels:
        """Return the values of the frames that are shown."""
        return self.picture.image.pixels[self.frames]

    @property
    def facts(self) -> list[tuple[str, str]]:
        """What there is to know of the image, each with its name."""
        image = self.picture.image
        frames, rows, columns = image.pixels.shape[:3]
        stack = f", {frames} frames" if frames > 1 else ""
        found = [
            ("size", f"{columns} × {rows} pixels{stack}"),
            ("values", f"{image.pixels.dtype}, {image.bits} bits{self._colour}"),
            ("unit", image.unit),
        ]
        if image.spacing is not None:
            across, down = image.spacing[1], image.spacing[0]
            found.append(("spacing", f"{across:.6g} × {down:.6g} mm"))
        if image.padding is not None:
            share = float(image.padding.mean())
            found.append(
                ("padding", f"{int(image.padding.sum()):,} pixels ({share:.1%}), chequered")
            )
        return [*found, ("format", self.picture.format)]

    @property
    def _colour(self) -> str:
        return ", red, green, blue" if self.picture.image.is_colour else ""

    @property
    def mapping(self) -> str:
        """A sentence on how values became grey levels, and which frame is shown."""
        count = len(self.picture.image.pixels)
        words = self.scale.words(self.picture.image.unit)
        if count > 1 and len(self.frames) == 1:
            words += f"; frame {self.frames[0] + 1} of {count}"
        if self.picture.image.padding is not None:
            words += "; padding is chequered"
        return f"{words[0].upper()}{words[1:]}."


@dataclass(frozen=True, eq=False)
class Compared:
    """Two images beside each other.

    Attributes
    ----------
    name : str
        The pair's name.
    sides : tuple of Side
        The two.
    words : str
        A sentence that says whether equal values look equal.
    difference : Difference or None
        What differs, of the frames that are shown; None if they have not the same size.
    """

    name: str
    sides: tuple[Side, Side]
    words: str
    difference: Difference | None


@dataclass(frozen=True)
class Failed:
    """What cannot be shown.

    Attributes
    ----------
    name : str
        The image's name.
    kind, message : str
        Kind of the error, and one sentence.
    """

    name: str
    kind: str
    message: str


def compared(pair: Pair, how: How, full: bool) -> Compared | Failed:
    """Read a pair of images and compare them.

    Parameters
    ----------
    pair : Pair
        The two.
    how : How
        How they are read.
    full : bool
        Whether all frames are wanted, if they are few and as many in both, and the difference;
        else it is the middle frame of each.

    Returns
    -------
    Compared or Failed
        The second if one of them, or both, cannot be shown.
    """
    pictures: list[Picture] = []
    errors = {}
    for side, source in (("first", pair.one), ("second", pair.other)):
        try:
            pictures.append(how.picture(source))
        except Exception as error:  # of whatever kind, it is this image's, as in a job
            errors[side] = words_of(error)
    if errors:
        return _failed(pair.name, errors)
    one, other = pictures
    first, second, words = scales(one, other)
    frames = _frames(one, other) if full else [(one.middle, other.middle)]
    sides = (
        Side(pair.one.name, one, first, [frame for frame, _ in frames]),
        Side(pair.other.name, other, second, [frame for _, frame in frames]),
    )
    found = difference(one, other, (first, second), frames) if full else None
    return Compared(pair.name, sides, words, found)


def _failed(name: str, errors: dict[str, tuple[str, str]]) -> Failed:
    kind, message = next(iter(errors.values()))
    if len(errors) == 2 and len(set(errors.values())) == 1:
        return Failed(name, kind, message)  # as when a job has handed on what it met
    return Failed(
        name, kind, "; ".join(f"the {side}: {message}" for side, (_, message) in errors.items())
    )


def _frames(one: Picture, other: Picture) -> list[tuple[int, int]]:
    count, rows, columns = one.image.pixels.shape[:3]
    few = count <= _MAX_FRAMES and count * rows * columns <= _MAX_PIXELS
    if few and count == len(other.image.pixels):
        return [(frame, frame) for frame in range(count)]
    return [(one.middle, other.middle)]


def all_compared(pairs: Pairs, how: How, full: int) -> Iterator[Compared | Failed]:
    """Compare pairs one after the other; no more than one is held in memory.

    Parameters
    ----------
    pairs : Pairs
        The pairs, and what has no partner.
    how : How
        How images are read.
    full : int
        How many of them with all that `compared` returns.

    Yields
    ------
    Compared or Failed
        One for each pair, then one for each image that has no partner.
    """
    for index, pair in enumerate(pairs.pairs):
        yield compared(pair, how, index < full)
    for side, source in pairs.alone:
        other = {"first": "second", "second": "first"}[side]
        yield Failed(source.name, "NoPartner", f"the {other} location has no image of this name")
