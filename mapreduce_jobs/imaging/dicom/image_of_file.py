"""DICOM, by pydicom: the values of a file, single- or multi-frame, and their spacing."""

import contextlib
from dataclasses import replace
from typing import Any

from pydicom.dataset import Dataset, FileDataset

from mapreduce_jobs.imaging.dicom.element_values import READ_ERRORS, group, reason
from mapreduce_jobs.imaging.dicom.file import open_dataset
from mapreduce_jobs.imaging.dicom.grey_values import display, modality
from mapreduce_jobs.imaging.dicom.header import FUNCTIONAL_GROUPS, Beginning
from mapreduce_jobs.imaging.dicom.padding import padding
from mapreduce_jobs.imaging.dicom.pixels.stored_values import stored_values
from mapreduce_jobs.imaging.dicom.suv import suv
from mapreduce_jobs.imaging.errors import CorruptImage, UnsuitableImage, Unsupported
from mapreduce_jobs.imaging.formats.spacing import Spacing, spacing_of
from mapreduce_jobs.imaging.image import Image

__all__ = ["read"]

# Pixel Spacing, Imager Pixel Spacing, Nominal Scanned Pixel Spacing.
_SPACINGS = (0x00280030, 0x00181164, 0x00182010)


def read(
    data: bytes,
    max_pixels: int,
    values: str = "stored",
    window: int = 1,
    beginning: Beginning | None = None,
) -> tuple[Image, Dataset]:
    """Read the pixels of a DICOM file.

    Colour becomes RGB, whatever its colour space; a palette is applied, save a supplemental one.

    Parameters
    ----------
    data : bytes
        The whole file.
    max_pixels : int
        Most frames × rows × columns.
    values : {"stored", "modality", "suv", "display"}, optional
        Of grey pixels; see `decode`.
    window : int, optional
        For ``"display"``, see `grey_values.display`.
    beginning : Beginning, optional
        What has been read of the file already, with all elements of its header.

    Returns
    -------
    image : Image
        Its `bits` are the file's Bits Stored (0028,0101), if the values are the stored ones; its
        `spacing` Pixel Spacing (0028,0030) or what stands for it; its `padding` where Pixel Padding
        Value (0028,0120) is.
    header : Dataset
        All elements but those of the pixels.

    Raises
    ------
    DecodeError
        One of its kinds.
    MissingExtra
        The decoder of the transfer syntax is not installed.
    UnsuitableImage
        The file has no such window, or no standardised uptake values.
    """
    dataset, layout = open_dataset(data, max_pixels, beginning)
    pixels = stored_values(dataset, layout)
    del dataset[layout.element]
    if pixels.dtype.kind not in "iuf":
        raise Unsupported(f"pixels of type {pixels.dtype}")
    bits = layout.bits if layout.photometric != "PALETTE COLOR" else pixels.dtype.itemsize * 8
    image = Image(pixels, bits, spacing=_spacing(dataset, layout.frames))
    if not layout.is_grey:
        if values == "suv":
            raise UnsuitableImage("it has no SUV: its pixels are colour")
        return image, dataset
    try:
        image = replace(image, padding=padding(pixels, dataset, layout))
        if values == "modality":
            image = modality(image, dataset)
        elif values == "suv":
            image = suv(image, dataset)
        elif values == "display":
            image = display(image, dataset, layout, window)
    except READ_ERRORS as error:
        raise CorruptImage(f"its values cannot be read: {reason(error)}") from error
    return image, dataset


def _spacing(dataset: FileDataset, frames: int) -> Spacing | None:
    """Return the pixel spacing: in the patient, else at the detector, else of the film scanned.

    A file of the enhanced kind has it in its functional groups; None if frames differ in it.
    """
    for tag in _SPACINGS:
        found = _spacing_in(dataset, tag)
        if found is not None:
            return found
    if not any(tag in dataset for tag in FUNCTIONAL_GROUPS):
        return None
    found = None
    with contextlib.suppress(*READ_ERRORS):
        each = [
            _spacing_in(group(dataset, frame, "PixelMeasuresSequence"), _SPACINGS[0])
            for frame in range(frames)
        ]
        found = each[0] if len(set(each)) == 1 else None
    return found


def _spacing_in(dataset: Dataset, tag: int) -> Spacing | None:
    element = dataset.get_item(tag) if tag in dataset else None
    value: Any = element.value if element else None
    if isinstance(value, bytes):  # not converted yet, which would take longer than all else here
        value = value.strip(b" \0").split(b"\\")
    try:
        rows, columns = value
    except (TypeError, ValueError):
        return None
    return spacing_of(rows, columns)
