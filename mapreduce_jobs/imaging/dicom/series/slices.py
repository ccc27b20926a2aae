"""Slices of DICOM files: one a file, or one a frame where frames lie at different places."""

import contextlib
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from pydicom.dataset import Dataset

from mapreduce_jobs.imaging.dicom.grey_values import rescaling
from mapreduce_jobs.imaging.dicom.header import FUNCTIONAL_GROUPS
from mapreduce_jobs.imaging.dicom.keywords import Element
from mapreduce_jobs.imaging.dicom.series.slice_position import SlicePosition, slice_position_of
from mapreduce_jobs.imaging.errors import CorruptImage, UnsuitableImage
from mapreduce_jobs.imaging.formats.spacing import Spacing, spacing_of
from mapreduce_jobs.imaging.image import Image

__all__ = ["Slice", "by_file", "series_of", "slices_of"]

_SERIES = "SeriesInstanceUID"
# Digits and dots (PS3.5, 9), but archives have made names of their own; none of them is a path.
_UID = re.compile(r"[0-9A-Za-z][0-9A-Za-z._-]*")
_MAX_NUMBERS = 5  # of frames that a message lists


@dataclass(frozen=True)
class Slice:
    """A slice of a series.

    Attributes
    ----------
    file : str
        The name of its file.
    image : Image
    position : SlicePosition
    rescale : tuple of float, optional
        Slope and intercept of its stored values.
    frame : int, optional
        Which of the frames of its file it is, counted from 1; 0 if it is the whole file.
    """

    file: str
    image: Image
    position: SlicePosition
    rescale: tuple[float, float] = (1.0, 0.0)
    frame: int = 0

    @property
    def name(self) -> str:
        """What notes and messages call it: ``"ct.dcm"``, or ``"ct.dcm frame 3"``."""
        return f"{self.file} frame {self.frame}" if self.frame else self.file

    @property
    def rank(self) -> tuple[str, int]:
        """What slices are sorted by where nothing else tells their order."""
        return self.file, self.frame


def series_of(header: Dataset) -> str:
    """Return the Series Instance UID of a file.

    Raises
    ------
    UnsuitableImage
        It has none.
    """
    series = "\\".join(Element.named(_SERIES).values(header))
    if not _UID.fullmatch(series):
        raise UnsuitableImage("it has no Series Instance UID, and so belongs to no series")
    return series


def slices_of(file: str, image: Image, header: Dataset) -> list[Slice]:
    """Return the slices that a file holds.

    Parameters
    ----------
    file : str
        Its name.
    image : Image
        What it holds.
    header : Dataset
        As `read_header` returns it.

    Returns
    -------
    list of Slice
        One for each frame, if its functional groups say that frames lie at different places
        (Plane Position Sequence (0020,9113), Plane Orientation Sequence (0020,9116); PS3.3
        C.7.6.16.2.3 and .4); else one, whose image is the whole one.

    Raises
    ------
    CorruptImage
        A position, a slope or an intercept is not what it should be.
    """
    count = len(image.pixels) if FUNCTIONAL_GROUPS[1] in header else 1
    positions = [slice_position_of(header, frame) for frame in range(count)]
    first = positions[0]
    if all(one.is_at(first) for one in positions):
        return [Slice(file, image, first, rescaling(header))]
    return [
        Slice(file, _frame_of(image, header, frame), position, rescaling(header, frame), frame + 1)
        for frame, position in enumerate(positions)
    ]


def _frame_of(image: Image, header: Dataset, frame: int) -> Image:
    one = slice(frame, frame + 1)
    padding = None if image.padding is None else image.padding[one]
    spacing = image.spacing or _spacing(header, frame)
    return replace(image, pixels=image.pixels[one], padding=padding, spacing=spacing)


def _spacing(header: Dataset, frame: int) -> Spacing | None:
    """Return the pixel spacing of a frame in which frames differ."""
    with contextlib.suppress(CorruptImage):
        found = Element.named("PixelSpacing").values(header, frame)
        return spacing_of(*found) if len(found) == 2 else None
    return None


def by_file(
    others: Sequence[tuple[Slice, UnsuitableImage]],
) -> list[tuple[str, UnsuitableImage]]:
    """Return an error for each file of slices that are in no volume.

    Parameters
    ----------
    others : sequence of (Slice, UnsuitableImage)
        As `volumes` returns them.

    Returns
    -------
    list of (str, UnsuitableImage)
        The names of the files, in their order, and what is wrong: of frames, with their numbers.

    Examples
    --------
    >>> import numpy as np
    >>> image = Image(np.zeros((1, 2, 2), np.uint8), 8)
    >>> frames = [Slice("a.dcm", image, SlicePosition(), frame=number) for number in (1, 2, 7)]
    >>> errors = [UnsuitableImage(text) for text in ("no position", "odd size", "no position")]
    >>> [(file, str(error)) for file, error in by_file(list(zip(frames, errors)))]
    [('a.dcm', 'frames 1, 7: no position; frame 2: odd size')]
    """
    ranked = sorted(others, key=lambda pair: pair[0].rank)
    return [
        (file, UnsuitableImage(_reasons(list(pairs))))
        for file, pairs in groupby(ranked, lambda pair: pair[0].file)
    ]


def _reasons(others: Sequence[tuple[Slice, UnsuitableImage]]) -> str:
    frames: dict[str, list[str]] = {}
    for one, error in others:
        frames.setdefault(str(error), []).append(str(one.frame))
    if not others[0][0].frame:
        return str(others[0][1])
    return "; ".join(f"{_listed(numbers)}: {reason}" for reason, numbers in frames.items())


def _listed(numbers: Sequence[str]) -> str:
    few, more = numbers[:_MAX_NUMBERS], len(numbers) - _MAX_NUMBERS
    return (
        f"{'frames' if len(numbers) > 1 else 'frame'} {', '.join(few)}"
        f"{f' and {more} more' if more > 0 else ''}"
    )
