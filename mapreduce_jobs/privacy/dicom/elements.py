"""DICOM elements as text and bytes, without the conversions that take most of the time."""

from typing import Any

import pydicom
from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset, FileDataset
from pydicom.multival import MultiValue

from mapreduce_jobs.imaging.dicom.element_values import READ_ERRORS
from mapreduce_jobs.imaging.dicom.file import read_elements
from mapreduce_jobs.imaging.dicom.header import Beginning
from mapreduce_jobs.imaging.errors import CorruptImage, Truncated, Unsupported

__all__ = ["is_empty", "put", "read", "text_of"]

_DIRECTORY = "1.2.840.10008.1.3.10"
_UNDEFINED = 0xFFFFFFFF


def read(data: bytes, beginning: Beginning | None = None) -> FileDataset:
    """Read a DICOM file, whatever it holds; its elements stay as they are until they are needed.

    Parameters
    ----------
    data : bytes
        The whole file.
    beginning : Beginning, optional
        What has been read of it already, with all elements of its header.

    Returns
    -------
    FileDataset
        The elements.

    Raises
    ------
    CorruptImage
        It cannot be read, or holds nothing.
    Truncated
        It ends before its last element does.
    Unsupported
        It is a DICOMDIR, which is about other files.
    """
    try:
        dataset = read_elements(data, beginning)
    except EOFError as error:
        raise Truncated("the file ends before its last element does") from error
    except READ_ERRORS as error:
        raise CorruptImage("the header cannot be read") from error
    if not len(dataset):
        raise CorruptImage("the header holds nothing")
    last: Any = dataset.get_item(list(dataset.keys())[-1])  # they are in the order of the file
    has_length = isinstance(last, RawDataElement) and last.length != _UNDEFINED
    if has_length and len(last.value or b"") < last.length:
        raise Truncated("the file ends before its last element does")
    meta = dataset.file_meta
    if _DIRECTORY in (text_of(meta, 0x00020002), text_of(dataset, 0x00080016)):
        raise Unsupported("a DICOMDIR lists other files: make a new one of those that are made")
    return dataset


def text_of(dataset: Dataset, tag: int) -> str:
    r"""Return the value of an attribute as text, several values with a backslash between.

    >>> dataset = Dataset()
    >>> dataset.ImageType = ["ORIGINAL", "PRIMARY"]
    >>> text_of(dataset, 0x00080008), text_of(dataset, 0x00080060)
    ('ORIGINAL\\PRIMARY', '')
    """
    if tag not in dataset:
        return ""
    element: Any = dataset.get_item(tag)
    value = element.value
    if isinstance(value, bytes) and element.is_raw:
        if value.isascii():
            return value.decode().strip(" \0")
        value = dataset[tag].value  # in the character set of the file
    if isinstance(value, MultiValue):
        return "\\".join(map(str, value))
    return str(value).strip(" \0") if value is not None else ""


def is_empty(element: Any) -> bool:
    """Return whether an element has no value, or nothing but padding."""
    value = element.value
    if isinstance(value, bytes):
        return not value.strip(b" \0")
    return value is None or (hasattr(value, "__len__") and not len(value))


def put(dataset: Dataset, tag: int, vr: str, value: bytes) -> None:
    """Give an attribute a value that is in bytes already, of even length."""
    dataset[tag] = RawDataElement(pydicom.tag.Tag(tag), vr, len(value), value, 0, False, True)
