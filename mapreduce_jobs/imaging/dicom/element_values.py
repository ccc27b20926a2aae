"""Elements of a DICOM header: their names in messages, their numbers, where a frame has its own."""

import math
import re

from pydicom.datadict import dictionary_description, tag_for_keyword
from pydicom.dataset import Dataset
from pydicom.errors import BytesLengthException
from pydicom.multival import MultiValue

from mapreduce_jobs.imaging.dicom import header
from mapreduce_jobs.imaging.errors import CorruptImage
from mapreduce_jobs.imaging.formats import samples

__all__ = ["READ_ERRORS", "group", "named", "numbers", "reason", "shown"]

READ_ERRORS = (*samples.READ_ERRORS, *header.READ_ERRORS)
"""What pydicom and its plug-ins raise for content that they cannot make sense of."""

_PLAIN = re.compile(r"[A-Z0-9_ .+-]{1,64}")  # code strings, numbers, UIDs
_VALUE = re.compile(r": b?['\"].*")
_MAX_REASON_LENGTH = 200


def named(keyword: str) -> str:
    """Return an element's name and tag, as messages have them.

    >>> named("RescaleSlope")
    'Rescale Slope (0028,1053)'
    """
    tag = tag_for_keyword(keyword) or 0
    return f"{dictionary_description(tag)} ({tag >> 16:04X},{tag & 0xFFFF:04X})"


def shown(value: object) -> str:
    """Return a value of the header as messages have it; of a damaged one, which may be any text.

    >>> shown("RGB"), shown("1.2.840.10008.1.2"), shown(b"Doe^John")
    ('RGB', '1.2.840.10008.1.2', 'unreadable')
    """
    text = str(value).strip(" \0") if isinstance(value, str | int | float) else ""
    return text if _PLAIN.fullmatch(text) else "unreadable"


def reason(error: BaseException) -> str:
    """Return what an error says, in a line, without the values that it shows.

    >>> reason(ValueError("could not convert string to float: 'Doe^John'"))
    'could not convert string to float'
    """
    if isinstance(error, BytesLengthException):
        return "the length of an element does not fit its kind"
    lines = str(error).splitlines() or [""]
    text = _VALUE.sub("", lines[0])[:_MAX_REASON_LENGTH]
    # An address in memory would differ from run to run.
    is_plain = text.isprintable() and " at 0x" not in text
    return text if text and is_plain else type(error).__name__


def group(dataset: Dataset, frame: int, keyword: str) -> Dataset:
    """Return the item that holds a frame's values: its own, that of all frames, or the header."""
    own = dataset.get("PerFrameFunctionalGroupsSequence") or ()
    shared = dataset.get("SharedFunctionalGroupsSequence") or ()
    for holder in (*own[frame : frame + 1], *shared[:1]):
        if holder.get(keyword):
            item: Dataset = holder[keyword][0]
            return item
    return dataset


def numbers(dataset: Dataset, keyword: str) -> list[float]:
    """Return the values of an element, none if it is missing or empty."""
    try:
        value = dataset.get(keyword)
        several = value if isinstance(value, MultiValue | list) else [value]
        found = [float(number) for number in several if number is not None and number != ""]
    except READ_ERRORS as error:
        raise CorruptImage(f"its {named(keyword)} cannot be read: {reason(error)}") from error
    for number in found:
        if not math.isfinite(number):
            raise CorruptImage(f"its {named(keyword)} is {number}")
    return found
