"""A DICOM file from a data set, most of whose elements are still the bytes that were read.

pydicom's own writer makes a buffer for each element, which took most of the time; here it writes
only those that were converted: sequences, and the file's meta information.
"""

import io
import struct
from typing import Any

from pydicom.dataset import FileDataset, FileMetaDataset
from pydicom.filebase import DicomBytesIO
from pydicom.filewriter import (
    correct_ambiguous_vr,
    dcmwrite,
    write_data_element,
    write_file_meta_info,
)
from pydicom.uid import UID, DeflatedExplicitVRLittleEndian
from pydicom.valuerep import EXPLICIT_VR_LENGTH_32

__all__ = ["file_of"]

_PIXEL_DATA = 0x7FE00010
_UNDEFINED = 0xFFFFFFFF
_MAX_SHORT = 0xFFFF  # bytes of a value whose length has 16 bits


def file_of(dataset: FileDataset, meta: FileMetaDataset) -> bytes:
    """Return the bytes of a DICOM file.

    Parameters
    ----------
    dataset : FileDataset
        As it was read, in the same encoding unless the transfer syntax says another.
    meta : FileMetaDataset
        Its meta information, with the transfer syntax.
    """
    syntax = UID(meta.TransferSyntaxUID)
    if syntax == DeflatedExplicitVRLittleEndian or not _is_as_read(dataset, syntax):
        return _by_pydicom(dataset, meta, syntax)
    implicit, little = dataset.original_encoding
    file = DicomBytesIO()
    file.write(bytes(128) + b"DICM")
    write_file_meta_info(file, meta, enforce_standard=False)
    file.is_implicit_VR, file.is_little_endian = bool(implicit), bool(little)
    for tag in sorted(dataset.keys()):
        element: Any = dataset.get_item(tag)
        if element.is_raw and tag != _PIXEL_DATA:
            file.write(_head(element, bool(implicit), "<" if little else ">"))
            file.write(element.value or b"")
        else:
            if tag == _PIXEL_DATA:
                element = dataset[tag]
                element.is_undefined_length = not syntax.is_private and syntax.is_compressed
            write_data_element(file, element)
    return file.getvalue()


def _head(element: Any, implicit: bool, order: str) -> bytes:
    """Return tag, VR and length of an element (PS3.5 7.1.2, 7.1.3)."""
    tag, vr, length = int(element.tag), element.VR, len(element.value or b"")
    if implicit:
        return struct.pack(f"{order}HHL", tag >> 16, tag & 0xFFFF, length)
    if vr not in EXPLICIT_VR_LENGTH_32 and length > _MAX_SHORT:
        vr = "UN"  # PS3.5 6.2.2
    if vr in EXPLICIT_VR_LENGTH_32:
        return struct.pack(f"{order}HH2sxxL", tag >> 16, tag & 0xFFFF, vr.encode(), length)
    return struct.pack(f"{order}HH2sH", tag >> 16, tag & 0xFFFF, vr.encode(), length)


def _is_as_read(dataset: FileDataset, syntax: UID) -> bool:
    """Return whether the elements need not be encoded anew."""
    if syntax.is_private:
        encoding = dataset.original_encoding
    else:
        encoding = (syntax.is_implicit_VR, syntax.is_little_endian)
    if encoding != dataset.original_encoding:
        return False
    elements: Any = (dataset.get_item(tag) for tag in list(dataset.keys()))
    return all(
        element.length != _UNDEFINED and (encoding[0] or element.VR) and len(element.VR or "") < 3
        for element in elements
        if element.is_raw and element.tag != _PIXEL_DATA
    )


def _by_pydicom(dataset: FileDataset, meta: FileMetaDataset, syntax: UID) -> bytes:
    dataset.file_meta = meta
    dataset.preamble = bytes(128)
    if not syntax.is_private and not syntax.is_implicit_VR:
        untold = [tag for tag in list(dataset.keys()) if dataset.get_item(tag).VR is None]
        for tag in untold:
            dataset[tag]  # converts the element, which finds out its VR
        if untold:
            correct_ambiguous_vr(dataset, syntax.is_little_endian)
    file = io.BytesIO()
    dcmwrite(file, dataset)
    return file.getvalue()
