"""De-identification of a DICOM file: its header, what is said of it, and its file."""

import re
import warnings
from dataclasses import dataclass

from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.sequence import Sequence
from pydicom.uid import UID

from mapreduce_jobs.imaging.dicom.element_values import READ_ERRORS
from mapreduce_jobs.imaging.dicom.file import ENCODINGS
from mapreduce_jobs.imaging.dicom.header import Beginning
from mapreduce_jobs.imaging.errors import CorruptImage, ImagingError
from mapreduce_jobs.privacy.audit import Audit
from mapreduce_jobs.privacy.dicom.elements import put, read, text_of
from mapreduce_jobs.privacy.dicom.pixel_risk import (
    face_risk,
    has_overlay_bits,
    has_pixels,
    pixel_risk,
)
from mapreduce_jobs.privacy.dicom.walk import Walk, subject_of
from mapreduce_jobs.privacy.dicom.writing import file_of
from mapreduce_jobs.privacy.pixels.blanking import Blanking
from mapreduce_jobs.privacy.pseudonyms import Pseudonymiser
from mapreduce_jobs.privacy.settings import Settings

__all__ = ["IMPLEMENTATION", "Deidentified", "SourceIds", "deidentify"]

IMPLEMENTATION = UID("2.25.111748259366478921563024985176334920418")
"""Implementation Class UID (0002,0012) of the files that are made."""

_BLANKED = "pixels: text was blanked where it was expected or found: look whether any is left"
_UID = re.compile(r"[0-9.]{0,64}")
_VERSION_NAME = "MAPREDUCE_IMG"


@dataclass(frozen=True)
class SourceIds:
    """Identifiers of an image before it was de-identified, for names.

    Attributes
    ----------
    patient : str
        What stands for the patient, see `subject_of`.
    study, series : str
        The UIDs; empty if there are none.
    """

    patient: str
    study: str
    series: str


@dataclass(frozen=True)
class Deidentified:
    """A de-identified file, what was done to it, and where it belonged."""

    data: bytes
    audit: Audit
    source_ids: SourceIds


def deidentify(
    data: bytes,
    settings: Settings,
    pseudonymiser: Pseudonymiser,
    blanking: Blanking | None = None,
    beginning: Beginning | None = None,
) -> Deidentified:
    """De-identify a DICOM file.

    Pixels pass through as they are in the file, compressed or not, unless text in them is blanked.

    Parameters
    ----------
    data : bytes
        The whole file.
    settings : Settings
        What is kept and cleaned.
    pseudonymiser : Pseudonymiser
        Makes UIDs, pseudonyms and shifts of dates.
    blanking : Blanking, optional
        Finds and blanks text in the pixels.
    beginning : Beginning, optional
        What has been read of the file already, with all elements of its header.

    Returns
    -------
    Deidentified
        The new file, and what was done.

    Raises
    ------
    DecodeError
        The file is damaged, or about other files; the message says nothing of its content.

    Notes
    -----
    Patient Identity Removed (0012,0062) becomes YES only if nothing is left to be looked at in
    the pixels (`pixel_risk`), else NO.
    """
    with warnings.catch_warnings():
        # pydicom's warnings quote values.
        warnings.simplefilter("ignore")
        try:
            return _deidentified(read(data, beginning), settings, pseudonymiser, blanking)
        except ImagingError:
            raise
        except READ_ERRORS as error:
            raise CorruptImage("the header cannot be read") from error


def _deidentified(
    dataset: FileDataset,
    settings: Settings,
    pseudonymiser: Pseudonymiser,
    blanking: Blanking | None,
) -> Deidentified:
    audit = Audit("DICOM")
    source_ids = SourceIds(
        subject_of(dataset), text_of(dataset, 0x0020000D), text_of(dataset, 0x0020000E)
    )
    audit.pixels = "unchanged" if has_pixels(dataset) else "none"
    risk = pixel_risk(dataset)
    face = face_risk(dataset)
    # What says that there is an overlay is removed, and the bits stay.
    hidden = has_overlay_bits(dataset)
    if blanking is not None and has_pixels(dataset):
        found = blanking.blank(dataset, risk is not None)
        audit.pixels = found.pixels
        risk = None if found.is_clean and not hidden else risk
    Walk(settings, pseudonymiser, audit, dataset).clean(dataset)
    if audit.pixels == "blanked":
        audit.review(_BLANKED)
    if risk:
        audit.review(f"pixels: {risk}")
    if face:
        audit.review(f"pixels: {face}")
    audit.identity_removed = risk is None
    if risk and hidden:
        _put_text(dataset, 0x00280301, "CS", "YES")
    _mark(dataset, settings, audit)
    return Deidentified(_written(dataset, pseudonymiser, settings), audit, source_ids)


def _mark(dataset: Dataset, settings: Settings, audit: Audit) -> None:
    """Say in the data set what was done to it (PS3.3 C.7.1.1, C.12.1)."""
    cleaned = audit.pixels == "blanked" and audit.identity_removed
    if cleaned:
        _put_text(dataset, 0x00280301, "CS", "NO")
    _put_text(dataset, 0x00120062, "CS", "YES" if audit.identity_removed else "NO")
    _put_text(dataset, 0x00120063, "LO", "\\".join(settings.methods(cleaned)))
    items = []
    for value, meaning in settings.codes(cleaned):
        item = Dataset()
        _put_text(item, 0x00080100, "SH", value)
        _put_text(item, 0x00080102, "SH", "DCM")
        _put_text(item, 0x00080104, "LO", meaning[:64])
        items.append(item)
    dataset[0x00120064] = DataElement(0x00120064, "SQ", Sequence(items))
    _put_text(dataset, 0x00280303, "CS", settings.longitudinal)


def _put_text(dataset: Dataset, tag: int, vr: str, text: str) -> None:
    put(dataset, tag, vr, (text + " " * (len(text) % 2)).encode())


def _written(dataset: FileDataset, pseudonymiser: Pseudonymiser, settings: Settings) -> bytes:
    """Return the bytes of the file: the preamble is empty, the meta information our own."""
    original = dataset.file_meta
    meta = FileMetaDataset()
    instance = text_of(dataset, 0x00080018)
    if not instance:
        instance = text_of(original, 0x00020003)
        if instance and "uids" not in settings.retain:
            instance = pseudonymiser.uid(instance)
    implicit, little = dataset.original_encoding
    syntax = original.get("TransferSyntaxUID") or ENCODINGS[bool(implicit), bool(little)]
    meta.FileMetaInformationGroupLength = 0  # which pydicom then works out
    meta.FileMetaInformationVersion = b"\0\1"
    meta.MediaStorageSOPClassUID = _kind(
        text_of(dataset, 0x00080016) or text_of(original, 0x00020002)
    )
    meta.MediaStorageSOPInstanceUID = UID(instance)
    meta.TransferSyntaxUID = _kind(syntax)
    meta.ImplementationClassUID = IMPLEMENTATION
    meta.ImplementationVersionName = _VERSION_NAME
    return file_of(dataset, meta)


def _kind(uid: str) -> UID:
    """Return a UID that stays as it is; what has another form is none, and might be a name."""
    if not _UID.fullmatch(uid):
        raise CorruptImage("its SOP class or transfer syntax is no UID")
    return UID(uid)
