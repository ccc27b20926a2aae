"""Which slices of a DICOM series belong to one volume, and which to none."""

from collections import Counter
from collections.abc import Callable, Sequence

from mapreduce_jobs.imaging.dicom.series.slice_position import DIVIDING, STACK, normal_of
from mapreduce_jobs.imaging.dicom.series.slices import Slice
from mapreduce_jobs.imaging.errors import UnsuitableImage
from mapreduce_jobs.imaging.image import Pixels

__all__ = ["partition", "places_of"]

_SAME_DIRECTION = 1e-3  # of a direction cosine, which files have with few digits
_SAME_SPACING = 0.01  # of the spacing
_SAME_PLACE = 3  # decimals of a millimetre


def partition(
    slices: Sequence[Slice],
) -> tuple[list[list[Slice]], list[tuple[Slice, UnsuitableImage]]]:
    """Separate the slices of a series into volumes, and those that are in none, with the reason.

    Parameters
    ----------
    slices : sequence of Slice
        In any order.

    Returns
    -------
    volumes : list of list of Slice
        The most that are alike in size, unit and pixel spacing; of as many, those with the first
        name. They are one volume if they have one orientation and one Stack ID, and no two that lie
        at the same place differ in echo, temporal position, b-value, image type, acquisition or
        trigger time; else one for each of these, in their order, and then that of the first names.
    others : list of (Slice, UnsuitableImage)
        Those that are not alike, that have no position where others have one, and an image of
        several frames that is not alone.

    Examples
    --------
    >>> import numpy as np
    >>> from mapreduce_jobs.imaging.dicom.series.slice_position import SlicePosition
    >>> from mapreduce_jobs.imaging.image import Image
    >>> series = [
    ...     Slice(f"{index}.dcm", Image(np.zeros((1, side, side), np.int16), 16), SlicePosition())
    ...     for index, side in enumerate((512, 256, 512))
    ... ]
    >>> (belonging,), others = partition(series)
    >>> [one.name for one in belonging], [one.name for one, _ in others]
    (['0.dcm', '2.dcm'], ['1.dcm'])
    >>> str(others[0][1])
    'it has 256 × 256 pixels, 0.dcm of its series 512 × 512 pixels'
    """
    others = []
    single = []
    positioned = next((one for one in slices if one.position.orientation), None)
    for one in sorted(slices, key=lambda one: one.rank):
        frames = len(one.image.pixels)
        reason = None
        if frames > 1 and len(slices) > 1:
            reason = f"it has {frames} frames, and so is no slice: leave it out, or the others"
        elif positioned and not one.position.orientation:
            reason = (
                "it has no position in space (Image Position (Patient) and Image Orientation"
                f" (Patient)), which {positioned.name} of its series has"
            )
        if reason:
            others.append((one, UnsuitableImage(reason)))
        else:
            single.append(one)
    groups = _grouped(single, lambda one, other: _difference(one, other) is None)
    belonging = max(groups, key=len, default=[])
    for group in groups:
        for one in group if group is not belonging else ():
            others.append((one, UnsuitableImage(str(_difference(one, belonging[0])))))
    found = _grouped(belonging, _is_parallel)
    for keyword in DIVIDING:
        found = [part for group in found for part in _divided(group, keyword)]
    return sorted(found, key=_rank), others


def _rank(group: list[Slice]) -> list[tuple[bool, float, str]]:
    """Return what volumes are sorted by: the elements that divide them, as numbers if they are."""
    rank = []
    for keyword in DIVIDING:
        text = group[0].position.divisions.get(keyword, "")
        try:
            rank.append((False, float(text), ""))
        except ValueError:
            rank.append((True, 0.0, text))
    file, frame = group[0].rank
    return [*rank, (True, 0.0, file), (True, float(frame), "")]


def _grouped(
    slices: Sequence[Slice], is_alike: Callable[[Slice, Slice], bool]
) -> list[list[Slice]]:
    """Put each slice to the first group whose first slice it is like, or make a group of it."""
    groups: list[list[Slice]] = []
    for one in slices:
        for group in groups:
            if is_alike(one, group[0]):
                group.append(one)
                break
        else:
            groups.append([one])
    return groups


def _is_parallel(one: Slice, other: Slice) -> bool:
    return _alike(one.position.orientation, other.position.orientation, _SAME_DIRECTION)


def _divided(slices: list[Slice], keyword: str) -> list[list[Slice]]:
    """Divide slices by an element, if it separates those that lie at the same place.

    An element that each slice has another value of, as many have acquisition numbers, does not.
    """
    parts = _grouped(
        slices,
        lambda one, other: (
            one.position.divisions.get(keyword) == other.position.divisions.get(keyword)
        ),
    )
    if keyword == STACK:
        return parts
    most, repeated = _repetitions(slices)
    if len(parts) <= most and sum(_repetitions(part)[1] for part in parts) < repeated:
        return parts
    return [slices]


def _repetitions(slices: Sequence[Slice]) -> tuple[int, int]:
    """Return how many slices lie at one place at most, and how many where another one lies."""
    places = Counter(round(place, _SAME_PLACE) for place in places_of(slices) or range(len(slices)))
    return max(places.values()), len(slices) - len(places)


def _difference(one: Slice, other: Slice) -> str | None:
    """Return why two slices do not belong to one volume; None if they do."""
    its, others = one.image, other.image
    for has, expected in (
        (_size(its.pixels), _size(others.pixels)),
        (f"the unit {its.unit}", f"the unit {others.unit}"),
    ):
        if has != expected:
            return f"it has {has}, {other.name} of its series {expected}"
    if not _alike(its.spacing, others.spacing, _SAME_SPACING * min(its.spacing or (1.0,))):
        return f"its pixel spacing is not that of {other.name} of its series"
    return None


def _size(pixels: Pixels) -> str:
    kind = "colour pixels" if pixels.ndim == 4 else "pixels"
    return f"{pixels.shape[1]} × {pixels.shape[2]} {kind}"


def _alike(one: Sequence[float] | None, other: Sequence[float] | None, tolerance: float) -> bool:
    if one is None or other is None:
        return one is other
    return all(abs(a - b) <= tolerance for a, b in zip(one, other, strict=True))


def places_of(slices: Sequence[Slice]) -> list[float] | None:
    """Return where slices lie along their normal, or their Slice Locations; None if unknown."""
    positions = [one.position for one in slices]
    if positions[0].orientation is not None:
        normal = normal_of(positions[0].orientation)
        return [position.along(normal) for position in positions]
    locations = [position.location for position in positions]
    return None if None in locations else [location or 0.0 for location in locations]
