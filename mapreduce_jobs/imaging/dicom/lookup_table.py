"""Lookup tables of DICOM: of the modality, and of values of interest."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from pydicom.dataset import Dataset

from mapreduce_jobs.imaging.dicom.element_values import named
from mapreduce_jobs.imaging.errors import CorruptImage
from mapreduce_jobs.imaging.image import Pixels

__all__ = ["Table", "descriptor", "table_of", "with_sign"]

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


def descriptor(values: Iterable[int], is_signed: bool) -> tuple[int, int, int]:
    """Return what the three values of a descriptor say, whatever their value representation.

    One of them stands for all three, US or SS, although the first is never negative; and files
    have either for the second, which is signed where the values that the table maps may be.

    Parameters
    ----------
    values : iterable of int
        As the file has them.
    is_signed : bool
        Whether the values that the table maps may be negative.

    Returns
    -------
    tuple of int
        Number of entries, the value that becomes the first of them, bits of an entry.

    Examples
    --------
    >>> descriptor([0, 64512, 8], is_signed=True)
    (65536, -1024, 8)
    """
    count, first, bits = map(int, values)
    entries = with_sign(count, is_signed=False) or _MAX_ENTRIES
    return entries, with_sign(first, is_signed), with_sign(bits, is_signed=False)


def with_sign(number: int, is_signed: bool) -> int:
    """Return a number of 16 bits with or without a sign, whichever it was written with.

    >>> with_sign(64512, is_signed=True), with_sign(-1024, is_signed=False)
    (-1024, 64512)
    """
    least = -(1 << 15) if is_signed else 0
    return (number - least) % (1 << 16) + least


def table_of(item: Dataset, dataset: Dataset, unit: str, is_signed: bool) -> Table:
    """Read a table.

    Parameters
    ----------
    item : Dataset
        Of a Modality LUT Sequence (0028,3000) or a VOI LUT Sequence (0028,3010).
    dataset : Dataset
        The file it is from, for the order of bytes.
    unit : str
        Of the entries.
    is_signed : bool
        Whether the values that it maps may be negative.

    Returns
    -------
    Table
        The table.

    Raises
    ------
    CorruptImage
        It has fewer entries than it says, or of no known size.
    """
    count, first, bits = descriptor(item.LUTDescriptor, is_signed)
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
