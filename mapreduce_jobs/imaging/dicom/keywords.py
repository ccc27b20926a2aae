"""Elements of a DICOM header by their keywords, and what they hold.

A file of the enhanced kind has many of them in its functional groups (PS3.3 C.7.6.16), for all
frames together or for each. They are found there by the same keywords.
"""

import difflib
import math
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from pydicom.datadict import dictionary_VR, keyword_dict, keyword_for_tag, tag_for_keyword
from pydicom.dataset import Dataset
from pydicom.multival import MultiValue
from pydicom.sequence import Sequence
from pydicom.tag import BaseTag
from pydicom.valuerep import PersonName

from mapreduce_jobs.imaging.dicom.header import FUNCTIONAL_GROUPS, READ_ERRORS
from mapreduce_jobs.imaging.errors import BadParameter, CorruptImage

__all__ = ["Element", "everything"]

Kind = Literal["number", "text", "other"]

_NUMBERS = {"DS", "FD", "FL", "IS", "SL", "SS", "SV", "UL", "US", "UV", "US or SS"}
_TEXTS = {
    *("AE", "AS", "CS", "DA", "DT", "LO", "LT", "PN", "SH", "ST", "TM", "UC", "UI", "UR", "UT")
}
_DECIMALS = ("DS", "IS")  # numbers that a file has as text
_META_GROUP = 0x0002
_PIXEL_GROUP = 0x7FE0
_MAX_NAME_LENGTH = 64  # characters that are compared with all keywords
_ALIKE = 0.7  # of 1, as difflib measures
_MAX_BYTES = 64
_PADDING = " \0"
_TEXT_TYPES = (str, PersonName)


@dataclass(frozen=True)
class Element:
    """An element of a header, or of the items of a sequence in it.

    Attributes
    ----------
    name : str
        Its keyword (PS3.6), behind those of the sequences that it lies in:
        ``SharedFunctionalGroupsSequence.PixelMeasuresSequence.SliceThickness``.
    tags : tuple of BaseTag
        Of the sequences, and its own.
    kind : {"number", "text", "other"}
        What its values are, by its value representation (PS3.5, 6.2): DS, FD, FL, IS, SL, SS, SV,
        UL, US and UV are numbers. Dates, times, UIDs and names of persons are text. Sequences and
        binary values are neither.
    """

    name: str
    tags: tuple[BaseTag, ...]
    kind: Kind

    @classmethod
    def named(cls, name: str) -> "Element":
        """Return the element of a name.

        Raises
        ------
        BadParameter
            There is none, or it is not in the header, or it is said to lie in what is no sequence.

        Examples
        --------
        >>> Element.named("SliceThickness").kind
        'number'
        >>> Element.named("Modalty")
        Traceback (most recent call last):
        mapreduce_jobs.imaging.errors.BadParameter: 'Modalty' is no DICOM keyword: did you mean
        Modality?
        """
        *sequences, keyword = name.split(".")
        tags = [_tag(part) for part in (*sequences, keyword)]
        for sequence, tag in zip(sequences, tags, strict=False):
            if dictionary_VR(tag) != "SQ":
                raise BadParameter(f"{sequence} is no sequence, so nothing lies in it")
        if tags[0] >> 16 == _PIXEL_GROUP:
            raise BadParameter(f"{name} is no part of the header, which ends before the pixels")
        representation = dictionary_VR(tags[-1])
        kind: Kind = "other"
        if representation in _NUMBERS:
            kind = "number"
        elif representation in _TEXTS:
            kind = "text"
        return cls(name, tuple(tags), kind)

    @property
    def keyword(self) -> str:
        """The keyword of what holds it in the header: its own, or that of a sequence."""
        return self.name.partition(".")[0]

    def values(self, header: Dataset | None, frame: int | None = None) -> list[Any]:
        """Return the values, in the order of the file; none if it is missing or empty.

        Those of all frames, if they differ in them.

        Parameters
        ----------
        header : Dataset or None
            As `read_header` gives it.
        frame : int, optional
            Of this frame alone, counted from 0: its own values, else those of all frames.

        Returns
        -------
        list
            int and float, or str without spaces around it; for the kind other, something a value.

        Raises
        ------
        CorruptImage
            A value is not of the element's kind.

        Examples
        --------
        >>> header = Dataset()
        >>> header.ImageType, header.Rows = ["ORIGINAL", "PRIMARY"], 512
        >>> Element.named("ImageType").values(header), Element.named("Rows").values(header)
        (['ORIGINAL', 'PRIMARY'], [512])
        """
        found = [value for values in self._read(header, _values, frame) for value in values]
        return [self._number(value) for value in found] if self.kind == "number" else found

    def is_missing(self, header: Dataset | None) -> bool:
        """Return whether there is no value: no such element, or an empty one."""
        return not any(self._read(header, _values))

    def plain(self, header: Dataset | None) -> Any:
        """Return what it holds as JSON has it; see `everything`.

        None if it is missing or empty, a list if it has several values, lies in several items, or
        if frames differ in it.

        Examples
        --------
        >>> header = Dataset()
        >>> header.PixelSpacing, header.SliceThickness = ["1", "0.50"], "2.0"
        >>> names = ("PixelSpacing", "SliceThickness", "Modality")
        >>> [Element.named(name).plain(header) for name in names]
        [[1, 0.5], 2.0, None]

        Of an enhanced file with two frames:

        >>> header.PerFrameFunctionalGroupsSequence = [Dataset(), Dataset()]
        >>> for frame, position in zip(header.PerFrameFunctionalGroupsSequence, (0, 5)):
        ...     frame.PlanePositionSequence = [Dataset()]
        ...     frame.PlanePositionSequence[0].ImagePositionPatient = [-9, -9, position]
        >>> Element.named("ImagePositionPatient").plain(header)
        [[-9.0, -9.0, 0.0], [-9.0, -9.0, 5.0]]
        """
        found = self._read(header, _plain)
        return found if len(found) > 1 else (found or [None])[0]

    def _number(self, value: Any) -> int | float:
        if isinstance(value, int | float):
            return value
        try:
            return float(value)
        except (TypeError, ValueError):
            raise CorruptImage(f"DICOM: its {self.name} is not a number") from None

    def _read(
        self, header: Dataset | None, read: Callable[[Any], Any], frame: int | None = None
    ) -> list[Any]:
        """Read the elements of this name: one at most, if it lies in no sequence."""
        if header is None:
            return []
        datasets = [header]
        if self.tags[0] >> 16 == _META_GROUP:
            datasets = [getattr(header, "file_meta", Dataset())]
        *sequences, tag = self.tags
        try:
            with warnings.catch_warnings():
                # pydicom warns of values that it then copes with, and shows them.
                warnings.simplefilter("ignore")
                for sequence in sequences:
                    datasets = [
                        item
                        for dataset in datasets
                        if sequence in dataset
                        for item in _items(dataset[sequence].value)
                    ]
                found = [read(dataset[tag]) for dataset in datasets if tag in dataset]
                if not (found or sequences):
                    found = [read(element) for element in _of_frames(header, tag, frame)]
                    if all(one == found[0] for one in found):
                        return found[:1]
                return found
        except READ_ERRORS as error:
            raise CorruptImage(f"DICOM: its {self.name} cannot be read") from error


def _of_frames(header: Dataset, tag: BaseTag, frame: int | None) -> list[Any]:
    """Return what functional groups have of a tag: that of all frames, or each frame's.

    Of one frame its own, or that of all.
    """
    shared, own = (
        _items(header[groups].value) if groups in header else [] for groups in FUNCTIONAL_GROUPS
    )
    for holders in (shared, own) if frame is None else (own[frame : frame + 1], shared):
        found = [
            item[tag]
            for holder in holders
            for macro in holder
            for item in _items(macro.value)[:1]
            if tag in item
        ]
        if found:
            return found
    return []


def everything(header: Dataset) -> dict[str, Any]:
    """Return a whole header as JSON has it.

    Parameters
    ----------
    header : Dataset
        As `read_header` gives it.

    Returns
    -------
    dict
        In the order of the tags, by keyword; private elements, and those that repeat in several
        groups, by ``"gggg,eeee"``. Numbers are numbers, text and names of persons text, sequences
        lists of such dicts. What should be a number and is none, or is not finite, is text.
        Binary values are hexadecimal text; those of more than 64 bytes are left out, and so are
        pixels. An element without a value is None.

    Examples
    --------
    >>> header = Dataset()
    >>> header.PatientName, header.Rows = "Yamada^Tarou=山田^太郎", 512
    >>> everything(header)
    {'PatientName': 'Yamada^Tarou=山田^太郎', 'Rows': 512}
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return {**_everything(getattr(header, "file_meta", Dataset())), **_everything(header)}


def _everything(dataset: Dataset) -> dict[str, Any]:
    plain = {}
    for tag in sorted(dataset.keys()):
        try:
            element = dataset[tag]
            if not _is_long(element.value):
                plain[_name(tag)] = _plain(element)
        except READ_ERRORS as error:
            raise CorruptImage(f"DICOM: its {_name(tag)} cannot be read") from error
    return plain


def _tag(keyword: str) -> BaseTag:
    number = tag_for_keyword(keyword) if keyword else None
    if number is None:
        raise BadParameter(f"{keyword!r} is no DICOM keyword{_alike(keyword)}")
    return BaseTag(number)


def _alike(keyword: str) -> str:
    """Return a question that names the keywords a wrong one may stand for."""
    if len(keyword) > _MAX_NAME_LENGTH:
        return ""
    lower = {known.lower(): known for known in keyword_dict}
    if keyword.lower() in lower:
        return f": did you mean {lower[keyword.lower()]}?"
    alike = difflib.get_close_matches(keyword.lower(), lower, 3, _ALIKE)
    return f": did you mean {' or '.join(lower[name] for name in alike)}?" if alike else ""


def _name(tag: BaseTag) -> str:
    keyword = keyword_for_tag(tag)
    is_one = keyword and tag_for_keyword(keyword) == tag
    return keyword if is_one else f"{tag.group:04x},{tag.element:04x}"


def _items(value: Any) -> Sequence | list[Dataset]:
    return value if isinstance(value, Sequence) else []


def _values(element: Any) -> list[Any]:
    value = element.value
    if isinstance(value, Sequence):
        return list(value)
    several = value if isinstance(value, MultiValue | list) else [value]
    stripped = [
        str(one).strip(_PADDING) if isinstance(one, _TEXT_TYPES) else one for one in several
    ]
    return [one for one in stripped if one is not None and one != ""]


def _is_long(value: Any) -> bool:
    return isinstance(value, bytes) and len(value) > _MAX_BYTES


def _plain(element: Any) -> Any:
    value = element.value
    if element.VR == "SQ":
        return [_everything(item) for item in _items(value)]
    read = _plain_decimal if element.VR in _DECIMALS else _plain_value
    if isinstance(value, MultiValue | list):
        return [read(one) for one in value]
    return read(value)


def _plain_decimal(value: Any) -> Any:
    """Return a number that is written in decimal, and as text what JSON has no number for."""
    text = str(value if value is not None else "").strip(_PADDING)
    try:
        number = int(text) if text.lstrip("+-").isdecimal() else float(text)
        return number if math.isfinite(number) else text
    except (ValueError, OverflowError):
        return text or None


def _plain_value(value: Any) -> Any:
    if isinstance(value, bytes):
        return value.hex() or None
    if isinstance(value, BaseTag):
        return f"{value.group:04x},{value.element:04x}"
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if isinstance(value, int):
        return value
    return str(value).strip(_PADDING) or None if value is not None else None
