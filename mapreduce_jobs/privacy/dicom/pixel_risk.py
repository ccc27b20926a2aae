"""Risk that the pixels of a DICOM file show who the patient is."""

from typing import Any

from pydicom.dataset import Dataset

from mapreduce_jobs.privacy.dicom.elements import text_of

__all__ = ["face_risk", "has_overlay_bits", "has_pixels", "pixel_risk"]

_PIXEL_DATA = (0x7FE00010, 0x7FE00008, 0x7FE00009)
_STORAGE = "1.2.840.10008.5.1.4.1.1."

# SOP classes whose pixels are a detector's or a computation's alone. In all others, such as
# secondary capture, ultrasound, endoscopy, photographs and what is not known, somebody may have
# written into the picture.
_FROM_A_DETECTOR = {
    _STORAGE + ending
    for ending in (
        "1",  # CR
        "1.1",  # DX for presentation, for processing; mammography; intra-oral
        "1.1.1",
        "1.2",
        "1.2.1",
        "1.3",
        "1.3.1",
        "2",  # CT; enhanced; legacy converted
        "2.1",
        "2.2",
        "4",  # MR; enhanced; spectroscopy; enhanced colour; legacy converted
        "4.1",
        "4.2",
        "4.3",
        "4.4",
        "13.1.3",  # breast tomosynthesis
        "13.1.4",
        "13.1.5",
        "20",  # NM
        "30",  # parametric map
        "66",  # raw data
        "66.4",  # segmentation
        "128",  # PET; legacy converted; enhanced
        "128.1",
        "130",
        "481.1",  # RT image
        "481.2",  # RT dose
    )
}
_OF_A_SCREEN = ("SCREEN SAVE", "SCREENSHOT", "SCREEN_SAVE", "DOSE_INFO")
_HEADS = ("HEAD", "BRAIN", "SKULL", "FACE", "HEADNECK", "WHOLEBODY")
_VOLUMES = ("CT", "MR", "PT")


def pixel_risk(dataset: Dataset) -> str | None:
    """Return why somebody must look at the pixels; None if nothing speaks for text in them.

    Burned In Annotation (0028,0301) decides. Where it is absent, a SOP class whose pixels come
    from a detector speaks against text; everything else, a conversion (0008,0064), an Image Type
    of a screen, or an overlay within the pixels' unused bits speaks for it.

    >>> dataset = Dataset()
    >>> dataset.PixelData = bytes(4)
    >>> dataset.SOPClassUID = "1.2.840.10008.5.1.4.1.1.2"
    >>> pixel_risk(dataset) is None
    True
    >>> dataset.BurnedInAnnotation = "YES"
    >>> pixel_risk(dataset)
    'BurnedInAnnotation is YES'
    """
    if not has_pixels(dataset):
        return None
    if has_overlay_bits(dataset):
        return "an overlay is stored in unused bits of the pixels"
    burned_in = text_of(dataset, 0x00280301).upper()
    if burned_in == "YES":
        return "BurnedInAnnotation is YES"
    if burned_in == "NO":
        return None
    if text_of(dataset, 0x00080016) not in _FROM_A_DETECTOR:
        return (
            "the kind of image may hold text (by its SOP class), and BurnedInAnnotation is absent"
        )
    if text_of(dataset, 0x00080064):
        return "the image was converted (ConversionType), and BurnedInAnnotation is absent"
    if any(word in text_of(dataset, 0x00080008).upper() for word in _OF_A_SCREEN):
        return "the image is of a screen (ImageType), and BurnedInAnnotation is absent"
    return None


def face_risk(dataset: Dataset) -> str | None:
    """Return what is to be said of a face that the slices of a head would show, if they do."""
    if not has_pixels(dataset) or text_of(dataset, 0x00080060) not in _VOLUMES:
        return None
    if text_of(dataset, 0x00180015).upper().replace(" ", "") not in _HEADS:
        return None
    return "a face can be rebuilt from slices of the head, and is not removed"


def has_pixels(dataset: Dataset) -> bool:
    """Return whether there are pixels at all."""
    return any(tag in dataset for tag in _PIXEL_DATA)


def has_overlay_bits(dataset: Dataset) -> bool:
    """Return whether an overlay lies in the pixels themselves (retired: Overlay Bit Position)."""
    for group in range(0x6000, 0x6020, 2):
        position = group << 16 | 0x0102
        if position in dataset:
            value: Any = dataset[position].value
            return bool(value) and (group << 16 | 0x3000) not in dataset
    return False
