"""A volume of the slices of a DICOM series: one image, whose frames are in the order of space."""

import math
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from mapreduce_jobs.imaging.dicom.series.partition import partition, places_of
from mapreduce_jobs.imaging.dicom.series.slice_position import DIVIDING, normal_of
from mapreduce_jobs.imaging.dicom.series.slices import Slice
from mapreduce_jobs.imaging.errors import UnsuitableImage
from mapreduce_jobs.imaging.image import Image

__all__ = ["volume", "volumes"]

_SAME_SPACING = 0.01  # of the spacing
_DECIMALS = 6  # of a millimetre
_TILT_DECIMALS = 2  # of a degree


def volumes(
    slices: Sequence[Slice],
) -> tuple[list[Image], list[tuple[Slice, UnsuitableImage]]]:
    """Make images of the slices of a series, one for each of its volumes.

    Parameters
    ----------
    slices : sequence of Slice
        In any order.

    Returns
    -------
    images : list of Image
        As `volume` makes them of what `partition` separates. Where there are several, the note
        ``part`` has the number of each, that of all, and the elements in which they differ.
    others : list of (Slice, UnsuitableImage)
        The slices that are in none, and why.
    """
    parts, others = partition(slices)
    divisions = [part[0].position.divisions for part in parts]
    differing = [
        keyword for keyword in DIVIDING if len({one.get(keyword) for one in divisions}) > 1
    ]
    images = []
    for number, part in enumerate(parts, 1):
        try:
            image = volume(part)
        except UnsuitableImage as error:
            others += [(one, error) for one in part]
            continue
        if len(parts) > 1:
            own = {keyword: divisions[number - 1].get(keyword) for keyword in differing}
            note = {"number": number, "of": len(parts), **own}
            image = replace(image, notes={**image.notes, "part": note})
        images.append(image)
    return images, others


def volume(slices: Sequence[Slice]) -> Image:
    """Make one image of the slices of a series.

    They are put in the order of their positions along the normal of the first one, by name
    (Image Position (Patient) · row × column of Image Orientation (Patient), PS3.3 C.7.6.2.1.1); if
    they have none, of their Slice Locations; if these are missing, of their Instance Numbers. At
    the same place, Instance Number and then name decide, and the number of the frame.

    Parameters
    ----------
    slices : sequence of Slice
        One or more, in any order; alike, as `partition` has it.

    Returns
    -------
    Image
        The slices as frames, in a type that holds the values of all. Its notes:

        slices : names, in the order of the frames, as `Slice` has them
        order : ``"position"``, ``"location"`` or ``"number"``
        positions : millimetres along the normal, or Slice Locations; None by number
        slice_spacing : their median distance in millimetres, apart from 0; None by number
        gaps : ``[frame, millimetres to the next]`` where the distance differs by more than 1 %
        repeated : frames that lie where the one before lies
        orientation : the direction cosines of a row and of a column; None if unknown
        tilt : degrees between the normal and the line through the corners of the slices, as of a
        tilted gantry; not if it is 0 or unknown
        frames : the notes of each slice, if one has some

        An image of several frames stays as it is, and only `slices` is noted.

    Raises
    ------
    UnsuitableImage
        A slice is not like the others, or nothing tells where it lies; stored values are rescaled
        by different slopes or intercepts; there is no slice.

    Examples
    --------
    >>> from mapreduce_jobs.imaging.dicom.series.slice_position import SlicePosition
    >>> axial = [1, 0, 0, 0, 1, 0]
    >>> series = [
    ...     Slice(str(z), Image(np.int16([[[z]]]), 16), SlicePosition(axial, [0, 0, z]))
    ...     for z in (10, 0, 5, 20)
    ... ]
    >>> made = volume(series)
    >>> made.pixels.ravel().tolist(), made.notes["slice_spacing"], made.notes["gaps"]
    ([0, 5, 10, 20], 5.0, [[2, 10.0]])
    """
    if not slices:
        raise UnsuitableImage("a volume of no slices")
    parts, others = partition(slices)
    if others:
        one, reason = others[0]
        raise UnsuitableImage(f"{one.name}: {reason}")
    if len(parts) > 1:
        raise UnsuitableImage(f"slices of {len(parts)} volumes")
    (belonging,) = parts
    first = belonging[0]
    if first.image.unit == "stored" and len({one.rescale for one in belonging}) > 1:
        raise UnsuitableImage(
            "the slices of its series have different slopes or intercepts, so that equal stored"
            " values do not mean the same: stack modality values (--values modality)"
        )
    if len(first.image.pixels) > 1:
        return replace(first.image, notes={**first.image.notes, "slices": [first.name]})
    order, keys = _keys(belonging)
    ranked = sorted(zip(keys, belonging, strict=True), key=lambda pair: _rank(*pair))
    belonging = [one for _, one in ranked]
    images = [one.image for one in belonging]
    notes = {
        "slices": [one.name for one in belonging],
        "order": order,
        **_distances([key for key, _ in ranked] if order != "number" else None),
        "orientation": first.position.orientation and [*first.position.orientation],
        **_tilt(belonging),
    }
    if any(image.notes for image in images):
        notes["frames"] = [dict(image.notes) for image in images]
    dtype = np.result_type(*(image.pixels for image in images))
    if dtype.itemsize > 4:
        dtype = np.dtype(np.float64)  # which holds integers of 32 bits with and without a sign
    is_one = any(image.pixels.dtype == dtype for image in images)
    return replace(
        first.image,
        pixels=np.concatenate([image.pixels for image in images], dtype=dtype),
        bits=max(image.bits for image in images) if is_one else dtype.itemsize * 8,
        padding=_padding(images),
        notes=notes,
    )


def _keys(slices: Sequence[Slice]) -> tuple[str, list[float]]:
    """Return what the order is by, and its value for each slice."""
    places = places_of(slices)
    if places is not None:
        return "location" if slices[0].position.orientation is None else "position", places
    for one in slices:
        if one.position.number is None:
            raise UnsuitableImage(
                f"{one.name} tells neither its position nor its number (Image Position (Patient),"
                " Slice Location, Instance Number)"
            )
    return "number", [one.position.number or 0.0 for one in slices]


def _rank(key: float, one: Slice) -> tuple[float, float, tuple[str, int]]:
    number = one.position.number
    return key, -math.inf if number is None else number, one.rank


def _distances(positions: Sequence[float] | None) -> dict[str, Any]:
    if positions is None:
        return {"positions": None, "slice_spacing": None, "gaps": [], "repeated": []}
    steps = [round(b - a, _DECIMALS) for a, b in pairwise(positions)]
    spacing = float(np.median([step for step in steps if step] or [0.0]))
    return {
        "positions": [*positions],
        "slice_spacing": spacing or None,
        "gaps": [
            [index, step]
            for index, step in enumerate(steps)
            if step and abs(step - spacing) > _SAME_SPACING * spacing
        ],
        "repeated": [index + 1 for index, step in enumerate(steps) if not step],
    }


def _tilt(slices: Sequence[Slice]) -> dict[str, float]:
    first, last = slices[0].position, slices[-1].position
    if first.orientation is None or first.position is None or last.position is None:
        return {}
    way = np.subtract(last.position, first.position)
    across = float(way @ normal_of(first.orientation))
    aside = math.sqrt(max(float(way @ way) - across**2, 0.0))
    tilt = round(math.degrees(math.atan2(aside, across)), _TILT_DECIMALS)
    return {"tilt": tilt} if across and tilt else {}


def _padding(images: Sequence[Image]) -> npt.NDArray[np.bool_] | None:
    masks = [image.padding for image in images]
    if all(mask is None for mask in masks):
        return None
    none = np.zeros(images[0].pixels.shape[:3], bool)
    return np.concatenate([none if mask is None else mask for mask in masks])
