"""Lookup tables of DICOM: of the modality, and of values of interest."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from pydicom.dataset import Dataset

from mapreduce_jobs.imaging.dicom.element_values import named
from mapreduce_jobs.imaging.errors import CorruptImage
from mapreduce_jobs.imaging.image import Pixels

__all__ = ["Table", "table_of"]

_MAX_BITS = 16
_MAX_ENTRIES = 1 << 16  # which the descriptor writes as 0


@dataclass(frozen=True, eq=False)
class Table:
    """A table of what values become (PS3.3 C.11.1.1, C.11.2.1.1).

    Attributes
    ----------
    first : int
        The value that becomes the first entry, as do all below it; those beyond the last entry
        become the last.
    entries : ndarray of uint8 or uint16
    bits : int
        Of an entry.
    unit : str
        Of what they become.

    Examples
    --------
    >>> table = Table(-1, np.uint8([10, 20, 40]), bits=8, unit="OD")
    >>> table(np.int16([-5, -1, 0, 1, 300])).tolist()
    [10, 10, 20, 40, 40]
    """

    first: int
    entries: Pixels
    bits: int
    unit: str

    def __call__(self, values: Pixels) -> Pixels:
        """Return what values become; of fractions the integer below them counts."""
        wide = values.astype(np.float64 if values.dtype.kind == "f" else np.int64)
        wide -= self.first
        index = np.clip(wide, 0, len(self.entries) - 1, out=wide)
        return self.entries[np.nan_to_num(index).astype(np.intp)]


def table_of(item: Dataset, dataset: Dataset, unit: str) -> Table:
    """Read a table.

    Parameters
    ----------
    item : Dataset
        Of a Modality LUT Sequence (0028,3000) or a VOI LUT Sequence (0028,3010).
    dataset : Dataset
        The file it is from, for the order of bytes.
    unit : str
        Of the entries.

    Returns
    -------
    Table
        The table.

    Raises
    ------
    CorruptImage
        It has fewer entries than it says, or of no known size.
    """
    count, first, bits = (int(number) for number in item.LUTDescriptor)
    count = count or _MAX_ENTRIES
    if not 1 <= bits <= _MAX_BITS:
        raise CorruptImage(f"its {named('LUTDescriptor')} says {bits} bits")
    entries = _entries(item.LUTData, count, dataset)
    if len(entries) < count:
        raise CorruptImage(f"its {named('LUTData')} has {len(entries)} of {count} entries")
    entries = entries[:count]
    bits = max(bits, int(entries.max()).bit_length())
    return Table(first, entries.astype(np.uint8 if bits <= 8 else np.uint16), bits, unit)


def _entries(data: Any, count: int, dataset: Dataset) -> Pixels:
    if not isinstance(data, bytes):  # pydicom has made numbers of them
        return np.atleast_1d(np.array(data, np.int64)) & (_MAX_ENTRIES - 1)
    if len(data) < 2 * count:  # two entries a word
        return np.frombuffer(data, np.uint8)
    order = ">" if dataset.original_encoding[1] is False else "<"
    return np.frombuffer(data[: 2 * count], f"{order}u2")
