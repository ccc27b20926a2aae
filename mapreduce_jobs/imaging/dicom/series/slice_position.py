"""Position of a slice of a DICOM series in the patient."""

import contextlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from pydicom.dataset import Dataset

from mapreduce_jobs.imaging.dicom.keywords import Element
from mapreduce_jobs.imaging.errors import CorruptImage

__all__ = ["DIVIDING", "STACK", "SlicePosition", "normal_of", "slice_position_of"]

STACK = "StackID"
DIVIDING = (
    STACK,
    "TemporalPositionIdentifier",
    "TemporalPositionIndex",
    "EchoNumbers",
    "EchoTime",
    "EffectiveEchoTime",
    "DiffusionBValue",
    "ImageType",
    "FrameType",
    "AcquisitionNumber",
    "FrameAcquisitionNumber",
    "TriggerTime",
    "NominalCardiacTriggerDelayTime",
)
"""Elements by which several volumes of a series differ, or of frames in one file."""

# The elements of a position, and how many values each has.
_POSITION = {
    "ImageOrientationPatient": 6,
    "ImagePositionPatient": 3,
    "SliceLocation": 1,
    "InstanceNumber": 1,
}

_DECIMALS = 6  # of a millimetre, of which the rest is rounding


@dataclass(frozen=True)
class SlicePosition:
    """Position of a slice, from its header.

    Attributes
    ----------
    orientation : sequence of float, optional
        Image Orientation (Patient) (0020,0037): the direction of a row, then that of a column.
    position : sequence of float, optional
        Image Position (Patient) (0020,0032) in millimetres; None without an orientation, and the
        other way round.
    location : float, optional
        Slice Location (0020,1041) in millimetres.
    number : float, optional
        Instance Number (0020,0013).
    divisions : mapping
        Text of the elements of `DIVIDING` that it has.
    """

    orientation: Sequence[float] | None = None
    position: Sequence[float] | None = None
    location: float | None = None
    number: float | None = None
    divisions: Mapping[str, str] = field(default_factory=dict)

    def is_at(self, other: "SlicePosition") -> bool:
        """Return whether it lies where another one lies, as their files say it."""
        return (self.orientation, self.position) == (other.orientation, other.position)

    def along(self, normal: Sequence[float]) -> float:
        """Return the millimetres along a direction."""
        assert self.position is not None  # noqa: S101
        products = (a * b for a, b in zip(self.position, normal, strict=True))
        return round(math.fsum(products), _DECIMALS) + 0.0  # no −0


def slice_position_of(header: Dataset, frame: int = 0) -> SlicePosition:
    """Return the position of a slice.

    Parameters
    ----------
    header : Dataset
        As `read_header` returns it.
    frame : int, optional
        Which frame, counted from 0; with functional groups each has a position of its own.

    Raises
    ------
    CorruptImage
        One of its elements is not what it should be.

    Examples
    --------
    >>> header = Dataset()
    >>> header.SliceLocation, header.InstanceNumber = "-12.5", "3"
    >>> slice_position_of(header)
    SlicePosition(orientation=None, position=None, location=-12.5, number=3.0, divisions={})
    """
    orientation, position, location, number = (
        _numbers(header, frame, keyword, count) for keyword, count in _POSITION.items()
    )
    if not (orientation and position):
        orientation = position = None
    else:
        normal_of(orientation)
    return SlicePosition(
        orientation,
        position,
        location[0] if location else None,
        number[0] if number else None,
        _divisions(header, frame),
    )


def _divisions(header: Dataset, frame: int) -> dict[str, str]:
    found = {}
    for keyword in DIVIDING:
        with contextlib.suppress(CorruptImage):  # without which it lies where it lies
            values = Element.named(keyword).values(header, frame)
            if values:
                found[keyword] = "\\".join(map(str, values))
    return found


def _numbers(header: Dataset, frame: int, keyword: str, count: int) -> list[float] | None:
    found = Element.named(keyword).values(header, frame)
    if not found:
        return None
    if len(found) != count or not all(map(math.isfinite, found)):
        words = "\\".join(map(str, found))
        numbers = "a finite number" if count == 1 else f"{count} finite numbers"
        raise CorruptImage(f"DICOM: its {keyword} is {words}, not {numbers}")
    return [float(value) + 0.0 for value in found]  # no −0


def normal_of(orientation: Sequence[float]) -> list[float]:
    """Return the direction across a slice: that of its rows × that of its columns.

    Parameters
    ----------
    orientation : sequence of float
        The six direction cosines of Image Orientation (Patient), PS3.3 C.7.6.2.1.1.

    Returns
    -------
    list of float
        Three, of length 1.

    Raises
    ------
    CorruptImage
        The two directions are one, or none.

    Examples
    --------
    >>> normal_of([0, 1, 0, 0, 0, -1])  # sagittal: rows to the back, columns down
    [-1.0, 0.0, 0.0]
    """
    (a, b, c), (d, e, f) = orientation[:3], orientation[3:]
    across = [b * f - c * e, c * d - a * f, a * e - b * d]
    length = math.hypot(*across)
    if not 0.5 < length < 2:
        raise CorruptImage("DICOM: its ImageOrientationPatient does not hold two directions")
    return [value / length + 0.0 for value in across]
