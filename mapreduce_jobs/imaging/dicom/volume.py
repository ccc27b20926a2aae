"""A volume of the slices of a DICOM series: one image, whose frames are in the order of space."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from mapreduce_jobs.imaging.dicom.slice_position import SlicePosition, normal_of
from mapreduce_jobs.imaging.errors import UnsuitableImage
from mapreduce_jobs.imaging.image import Image, Pixels

__all__ = ["Slice", "partition", "volume"]

_SAME_DIRECTION = 1e-3  # of a direction cosine, which files have with few digits
_SAME_SPACING = 0.01  # of the spacing
_DECIMALS = 6  # of a millimetre


@dataclass(frozen=True)
class Slice:
    """A slice: its name, image and position."""

    name: str
    image: Image
    position: SlicePosition


def partition(
    slices: Sequence[Slice],
) -> tuple[list[Slice], list[tuple[Slice, UnsuitableImage]]]:
    """Separate the slices of a series that make a volume from others, with the reason of each.

    Parameters
    ----------
    slices : sequence of Slice
        In any order.

    Returns
    -------
    belonging : list of Slice
        The most that are alike in rows, columns, dtype, unit, spacing and orientation; of as many,
        those with the first name. An image of several frames belongs only if it is alone.
    others : list of (Slice, UnsuitableImage)

    Examples
    --------
    >>> series = [
    ...     Slice(f"{index}.dcm", Image(np.zeros((1, side, side), np.int16), 16), SlicePosition())
    ...     for index, side in enumerate((512, 256, 512))
    ... ]
    >>> belonging, others = partition(series)
    >>> [one.name for one in belonging], [one.name for one, _ in others]
    (['0.dcm', '2.dcm'], ['1.dcm'])
    >>> str(others[0][1])
    'it has 256 × 256 pixels, 0.dcm of its series 512 × 512 pixels'
    """
    groups: list[list[Slice]] = []
    others = []
    for one in sorted(slices, key=lambda one: one.name):
        frames = len(one.image.pixels)
        if frames > 1 and len(slices) > 1:
            reason = f"it has {frames} frames, and so is no slice: leave it out, or the others"
            others.append((one, UnsuitableImage(reason)))
            continue
        for group in groups:
            if _difference(one, group[0]) is None:
                group.append(one)
                break
        else:
            groups.append([one])
    belonging = max(groups, key=len, default=[])
    for group in groups:
        for one in group if group is not belonging else ():
            others.append((one, UnsuitableImage(str(_difference(one, belonging[0])))))
    return belonging, others


def _difference(one: Slice, other: Slice) -> str | None:
    """Return why two slices do not belong to one volume; None if they do."""
    its, others = one.image, other.image
    for has, expected in (
        (_size(its.pixels), _size(others.pixels)),
        (f"{its.pixels.dtype} numbers", f"{others.pixels.dtype} numbers"),
        (f"the unit {its.unit}", f"the unit {others.unit}"),
    ):
        if has != expected:
            return f"it has {has}, {other.name} of its series {expected}"
    if not _alike(its.spacing, others.spacing, _SAME_SPACING * min(its.spacing or (1.0,))):
        return f"its pixel spacing is not that of {other.name} of its series"
    if not _alike(one.position.orientation, other.position.orientation, _SAME_DIRECTION):
        return f"its orientation in space is not that of {other.name} of its series"
    return None


def _size(pixels: Pixels) -> str:
    kind = "colour pixels" if pixels.ndim == 4 else "pixels"
    return f"{pixels.shape[1]} × {pixels.shape[2]} {kind}"


def _alike(one: Sequence[float] | None, other: Sequence[float] | None, tolerance: float) -> bool:
    if one is None or other is None:
        return one is other
    return all(abs(a - b) <= tolerance for a, b in zip(one, other, strict=True))


def volume(slices: Sequence[Slice]) -> Image:
    """Make one image of the slices of a series.

    They are put in the order of their positions along the normal of the first one, by name
    (Image Position (Patient) · row × column of Image Orientation (Patient), PS3.3 C.7.6.2.1.1); if
    they have none, of their Slice Locations; if these are missing, of their Instance Numbers. At
    the same place, Instance Number and then name decide.

    Parameters
    ----------
    slices : sequence of Slice
        One or more, in any order; alike, as `partition` has it.

    Returns
    -------
    Image
        The slices as frames. Its bits stored are the most of all. Its notes:

        slices : names, in the order of the frames
        order : ``"position"``, ``"location"`` or ``"number"``
        positions : millimetres along the normal, or Slice Locations; None by number
        slice_spacing : their median distance in millimetres, apart from 0; None by number
        gaps : ``[frame, millimetres to the next]`` where the distance differs by more than 1 %
        repeated : frames that lie where the one before lies
        orientation : the direction cosines of a row and of a column; None if unknown
        frames : the notes of each slice, if one has some

        An image of several frames stays as it is, and only `slices` is noted.

    Raises
    ------
    UnsuitableImage
        A slice is not like the others, or has no position; there is none.

    Examples
    --------
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
    belonging, others = partition(slices)
    if others:
        one, reason = others[0]
        raise UnsuitableImage(f"{one.name}: {reason}")
    first = belonging[0]
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
    }
    if any(image.notes for image in images):
        notes["frames"] = [dict(image.notes) for image in images]
    return replace(
        first.image,
        pixels=np.concatenate([image.pixels for image in images]),
        bits=max(image.bits for image in images),
        padding=_padding(images),
        notes=notes,
    )


def _keys(slices: Sequence[Slice]) -> tuple[str, list[float]]:
    """Return what the order is by, and its value for each slice."""
    positions = [one.position for one in slices]
    if positions[0].orientation is not None:
        normal = normal_of(positions[0].orientation)
        return "position", [position.along(normal) for position in positions]
    if all(position.location is not None for position in positions):
        return "location", [position.location or 0.0 for position in positions]
    for one in slices:
        if one.position.number is None:
            raise UnsuitableImage(
                f"{one.name} tells neither its position nor its number (Image Position (Patient),"
                " Slice Location, Instance Number)"
            )
    return "number", [position.number or 0.0 for position in positions]


def _rank(key: float, one: Slice) -> tuple[float, float, str]:
    number = one.position.number
    return key, -math.inf if number is None else number, one.name


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


def _padding(images: Sequence[Image]) -> npt.NDArray[np.bool_] | None:
    masks = [image.padding for image in images]
    if all(mask is None for mask in masks):
        return None
    none = np.zeros(images[0].pixels.shape[:3], bool)
    return np.concatenate([none if mask is None else mask for mask in masks])
