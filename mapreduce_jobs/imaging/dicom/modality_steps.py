"""Steps from stored values of DICOM to what they mean.

The modality's step is a table, or slope and intercept. A file without one may say otherwise what
its numbers mean: doses by their scaling (PS3.3 C.8.8.3), others by a mapping to real world values.
What is displayed (PS3.4 N.2) is without these.
"""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from pydicom.dataset import Dataset

from mapreduce_jobs.imaging.dicom.element_values import group, named, numbers
from mapreduce_jobs.imaging.dicom.lookup_table import Table, table_of, with_sign
from mapreduce_jobs.imaging.errors import CorruptImage
from mapreduce_jobs.imaging.image import Pixels

__all__ = ["Mapping", "Rescale", "meaning", "modality_step"]

_MAPPINGS = "RealWorldValueMappingSequence"


@dataclass(frozen=True)
class Rescale:
    """Slope · stored + intercept (PS3.3 C.11.1.1.2).

    Attributes
    ----------
    slope, intercept : float
        The two.
    unit : str
        Of the values.
    """

    slope: float
    intercept: float
    unit: str

    @property
    def is_whole(self) -> bool:
        """Whether both are integers, and of a size at which int64 are exact."""
        both = self.slope, self.intercept
        return all(float(number).is_integer() and abs(number) <= 1 << 31 for number in both)

    def __call__(self, stored: Pixels) -> npt.NDArray[np.float64]:
        """Return the values of stored values."""
        values = stored.astype(np.float64)
        values *= self.slope
        values += self.intercept
        return values


@dataclass(frozen=True, eq=False)
class Mapping:
    """Real world values of a range of stored values, PS3.3 C.7.6.16.2.11; others have none.

    Attributes
    ----------
    first, last : float
        The stored values that are mapped, both included.
    slope, intercept : float
        Of the values, which are slope · stored + intercept.
    entries : ndarray of float64
        A value for each stored value instead; empty if there is no table.
    unit : str
        Of the values.
    """

    first: float
    last: float
    slope: float
    intercept: float
    entries: npt.NDArray[np.float64]
    unit: str

    is_whole = False

    def __call__(self, stored: Pixels) -> npt.NDArray[np.float64]:
        """Return the values of stored values, NaN for those that are not mapped."""
        values = stored.astype(np.float64)
        is_mapped = (values >= self.first) & (values <= self.last)
        if self.entries.size:
            index = np.where(is_mapped, values - self.first, 0)
            values = self.entries[index.astype(np.intp)]
        else:
            values = values * self.slope + self.intercept
        values[~is_mapped] = np.nan
        return values


def modality_step(dataset: Dataset, frame: int) -> Rescale | Table | None:
    """Return the modality's step of a frame; None if the file has none."""
    found = group(dataset, frame, "PixelValueTransformationSequence")
    kind = found.get("RescaleType") or found.get("ModalityLUTType")
    if found.get("ModalityLUTSequence"):
        item = found.ModalityLUTSequence[0]
        unit = _unit(item.get("ModalityLUTType") or kind, dataset)
        return table_of(item, dataset, unit, dataset.get("PixelRepresentation") == 1)
    slope, intercept = (numbers(found, f"Rescale{part}") for part in ("Slope", "Intercept"))
    if not (slope or intercept):
        return None
    return Rescale((slope or [1.0])[0], (intercept or [0.0])[0], _unit(kind, dataset))


def meaning(dataset: Dataset, frame: int) -> Rescale | Mapping | None:
    """Return what a frame without the modality's step says of its numbers."""
    scaling = numbers(dataset, "DoseGridScaling")
    if scaling:
        return Rescale(scaling[0], 0.0, _unit(dataset.get("DoseUnits"), dataset))
    found = group(dataset, frame, _MAPPINGS)
    if found is dataset:
        if not dataset.get(_MAPPINGS):
            return None
        found = dataset[_MAPPINGS][0]
    ends = [
        (
            numbers(found, f"DoubleFloatRealWorldValue{end}ValueMapped"),
            numbers(found, f"RealWorldValue{end}ValueMapped"),
        )
        for end in ("First", "Last")
    ]
    slope, intercept = (numbers(found, f"RealWorldValue{part}") for part in ("Slope", "Intercept"))
    entries = np.array(numbers(found, "RealWorldValueLUTData"), np.float64)
    is_signed = dataset.get("PixelRepresentation") == 1
    first, last = (
        double[0] if double else with_sign(int(whole[0]), is_signed) if whole else math.nan
        for double, whole in ends
    )
    if not last >= first:
        raise CorruptImage(f"its {named(_MAPPINGS)} maps no values: {first:g} to {last:g}")
    if entries.size and entries.size != last - first + 1:
        raise CorruptImage(
            f"its {named('RealWorldValueLUTData')} has {entries.size} entries for the values from"
            f" {first:g} to {last:g}"
        )
    if not (entries.size or slope):
        raise CorruptImage(f"its {named(_MAPPINGS)} has neither slope nor table")
    units = found.get("MeasurementUnitsCodeSequence")
    unit = _unit(units[0].get("CodeValue") if units else "US", dataset)
    return Mapping(first, last, (slope or [1.0])[0], (intercept or [0.0])[0], entries, unit)


def _unit(kind: Any, dataset: Dataset) -> str:
    """Return the name of a unit; DICOM's own word for none is US."""
    if not kind:
        kind = {"CT": "HU", "PT": dataset.get("Units")}.get(str(dataset.get("Modality")))
    name = str(kind or "US").strip()
    return "unspecified" if name == "US" else name
