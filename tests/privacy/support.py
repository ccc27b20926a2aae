"""DICOM files with something planted in them, and what is found in them afterwards."""

import io
import struct

import pydicom
from pydicom.datadict import dictionary_VR
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.sequence import Sequence
from pydicom.uid import ExplicitVRLittleEndian

from mapreduce_jobs.privacy.dicom.dataset import deidentify
from mapreduce_jobs.privacy.pseudonyms import Pseudonymiser
from mapreduce_jobs.privacy.settings import Settings

CT = "1.2.840.10008.5.1.4.1.1.2"
KEY = Pseudonymiser(b"a key of the tests alone")
PLANTED = "Zaphod"

_VALUES = {
    "AS": "042Y",
    "DA": "19520311",
    "DS": "4711.5",
    "DT": "19520311101112.5",
    "IS": "4711",
    "TM": "101112",
    "UI": "1.2.3.4711",
    "CS": PLANTED.upper(),
}
_NUMBERS = {
    "US": ("<H", 4711),
    "UL": ("<L", 4711),
    "FD": ("<d", 4711.5),
    "FL": ("<f", 4711.5),
    "SS": ("<h", 4711),
    "SL": ("<l", 4711),
}


def planted(vr):
    """Return a value that tells something, as pydicom takes it."""
    if vr == "SQ":
        item = Dataset()
        item.PatientName = PLANTED
        item.ImageComments = PLANTED
        item.CodeMeaning = "Abdomen"
        item.ReferencedSOPClassUID = CT
        item.ReferencedSOPInstanceUID = "1.2.3.4711"
        return Sequence([item])
    if vr.startswith("O") or vr == "UN":
        return PLANTED.encode()
    return _NUMBERS[vr][1] if vr in _NUMBERS else _VALUES.get(vr, PLANTED)


def signs(vr):
    """Return the byte strings, one of which a file with a planted value holds."""
    if vr in _NUMBERS:
        return [struct.pack(*_NUMBERS[vr])]
    value = _VALUES.get(vr, PLANTED)
    return [value.encode()] if vr != "SQ" else [PLANTED.encode(), b"1.2.3.4711"]


def image(**attributes):
    """Return a small CT image with some attributes."""
    dataset = Dataset()
    dataset.SOPClassUID = CT
    dataset.SOPInstanceUID = "1.2.826.0.1.1"
    dataset.StudyInstanceUID = "1.2.826.0.1.2"
    dataset.SeriesInstanceUID = "1.2.826.0.1.3"
    dataset.Modality = "CT"
    dataset.PatientID = "Z-4712"
    dataset.PatientName = "Beeblebrox^Zaphod"
    dataset.Rows = dataset.Columns = 2
    dataset.BitsAllocated = dataset.BitsStored = 8
    dataset.HighBit = 7
    dataset.SamplesPerPixel = 1
    dataset.PixelRepresentation = 0
    dataset.PhotometricInterpretation = "MONOCHROME2"
    dataset.add_new(0x7FE00010, "OB", bytes([1, 2, 3, 4]))
    for keyword, value in attributes.items():
        setattr(dataset, keyword, value)
    return dataset


def add(dataset, tag, value=None):
    """Add an attribute with a planted value, in its own VR."""
    vr = dictionary_VR(tag)
    dataset.add_new(tag, vr, planted(vr) if value is None else value)


def written(dataset, syntax=ExplicitVRLittleEndian, preamble=bytes(128)):
    """Return the file of a data set."""
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = syntax
    dataset.file_meta.MediaStorageSOPClassUID = dataset.get("SOPClassUID", "")
    dataset.file_meta.MediaStorageSOPInstanceUID = dataset.get("SOPInstanceUID", "")
    dataset.preamble = preamble
    file = io.BytesIO()
    dataset.save_as(file, enforce_file_format=False)
    return file.getvalue()


def made_of(dataset, pseudonymiser=KEY, syntax=ExplicitVRLittleEndian, **settings):
    """De-identify a data set; return the new file, its data set, and the audit as JSON has it."""
    done = deidentify(written(dataset, syntax), Settings(**settings), pseudonymiser)
    return done.data, pydicom.dcmread(io.BytesIO(done.data)), done.audit.result()
