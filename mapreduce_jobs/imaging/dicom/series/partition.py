"""Which slices of a DICOM series belong to one volume, and which to none."""

from collections import Counter
from collections.abc import Callable, Sequence

from mapreduce_jobs.imaging.dicom.series.slice_position import DIVIDING, STACK, normal_of
from mapreduce_jobs.imaging.dicom.series.slices import Slice
from mapreduce_jobs.imaging.errors import UnsuitableImage

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
        Those of one size, unit, pixel spacing, orientation and Stack ID, unless some of them lie at
        the same place and differ in an element of `DIVIDING`: then those that are alike in it. In
        the order of these elements, and then of the first names. An image of several frames is a
        volume by itself.
    others : list of (Slice, UnsuitableImage)
        Those without a position where others of their size, unit and pixel spacing have one.

    Examples
    --------
    >>> import numpy as np
    >>> from mapreduce_jobs.imaging.dicom.series.slice_position import SlicePosition
    >>> from mapreduce_jobs.imaging.image import Image
    >>> series = [
    ...     Slice(f"{index}.dcm", Image(np.zeros((1, side, side), np.int16), 16), SlicePosition())
    ...     for index, side in enumerate((512, 256, 512))
    ... ]
    >>> found, others = partition(series)
    >>> [[one.name for one in part] for part in found], others
    ([['0.dcm', '2.dcm'], ['1.dcm']], [])
    """
    found: list[list[Slice]] = []
    others: list[tuple[Slice, UnsuitableImage]] = []
    for group in _grouped(sorted(slices, key=lambda one: one.rank), _is_alike):
        belonging = [one for one in group if one.position.orientation] or group
        if len(belonging) < len(group):
            lost = [one for one in group if not one.position.orientation]
            others += [(one, _lost(belonging[0])) for one in lost]
        parts = _grouped(belonging, _is_parallel)
        for keyword in DIVIDING:
            parts = [smaller for part in parts for smaller in _divided(part, keyword)]
        found += parts
    return sorted(found, key=_rank), others


def _lost(other: Slice) -> UnsuitableImage:
    return UnsuitableImage(
        "it has no position in space (Image Position (Patient) and Image Orientation (Patient)),"
        f" which {other.name} of its series has"
    )


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
    return _are_close(one.position.orientation, other.position.orientation, _SAME_DIRECTION)


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


def _is_alike(one: Slice, other: Slice) -> bool:
    """Return whether two slices fit one volume: in size, unit and pixel spacing."""
    its, others = one.image, other.image
    sizes = {(*image.pixels.shape[1:], image.unit) for image in (its, others)}
    return len(sizes) == len(its.pixels) == len(others.pixels) == 1 and _are_close(
        its.spacing, others.spacing, _SAME_SPACING * min(its.spacing or (1.0,))
    )


def _are_close(
    one: Sequence[float] | None, other: Sequence[float] | None, tolerance: float
) -> bool:
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
