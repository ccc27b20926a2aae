"""DICOM, by pydicom: the stored values of a file, single- or multi-frame."""

import contextlib
import io
from typing import Any

import pydicom
from pydicom.dataset import Dataset, FileDataset
from pydicom.errors import BytesLengthException, InvalidDicomError
from pydicom.pixels.processing import apply_color_lut
from pydicom.pixels.utils import pixel_array
from pydicom.uid import UID

from mapreduce_jobs.imaging.errors import CorruptImage, NoPixels, Truncated, Unsupported
from mapreduce_jobs.imaging.image import Image
from mapreduce_jobs.imaging.samples import READ_ERRORS, check_size
from mapreduce_jobs.imaging.spacing import Spacing, spacing_of

__all__ = ["read"]

_NEEDED = ("Rows", "Columns", "BitsAllocated", "PhotometricInterpretation")
_PIXEL_ELEMENTS = ("PixelData", "FloatPixelData", "DoubleFloatPixelData")

# Pixel Spacing, Imager Pixel Spacing, Nominal Scanned Pixel Spacing.
_SPACINGS = (0x00280030, 0x00181164, 0x00182010)
_SHARED_GROUPS = 0x52009229

# What pydicom raises for content that it cannot make sense of.
_READ_ERRORS = (*READ_ERRORS, BytesLengthException, InvalidDicomError)


def read(data: bytes, max_pixels: int) -> Image:
    """Read the stored values of a DICOM file.

    Colour becomes RGB, whatever its colour space; a palette is applied. No rescale, no window, no
    inversion.

    Parameters
    ----------
    data : bytes
        The whole file.
    max_pixels : int
        Most frames × rows × columns.

    Returns
    -------
    Image
        Its `bits` are the file's Bits Stored (0028,0101), its `spacing` Pixel Spacing (0028,0030)
        or what stands for it.

    Raises
    ------
    DecodeError
        One of its kinds.
    """
    try:
        dataset = pydicom.dcmread(io.BytesIO(data), force=True)
        element = next((name for name in _PIXEL_ELEMENTS if name in dataset), None)
        if element is None:
            raise NoPixels(_without_pixels(dataset))
        missing = [name for name in _NEEDED if name not in dataset]
        if missing:
            raise CorruptImage(f"the header has no {', '.join(missing)}")
        rows, columns = int(dataset.Rows), int(dataset.Columns)
        frames = int(dataset.get("NumberOfFrames", 1) or 1)
        samples = int(dataset.get("SamplesPerPixel", 1))
        bits = int(dataset.get("BitsStored", dataset.BitsAllocated))
        expected = frames * rows * columns * samples * int(dataset.BitsAllocated) // 8
        present = len(dataset[element].value or b"")
        compression = _compression(dataset)
    except _READ_ERRORS as error:
        raise CorruptImage(f"the header cannot be read: {_first_line(error)}") from error
    check_size(frames, rows, columns, max_pixels)
    try:
        pixels = pixel_array(dataset)
        if dataset.PhotometricInterpretation == "PALETTE COLOR":
            pixels = apply_color_lut(pixels, dataset)
            samples = pixels.shape[-1]
            bits = pixels.dtype.itemsize * 8
        pixels = pixels.reshape((frames, rows, columns, samples)[: 3 if samples == 1 else 4])
        # OpenCV takes every order of bytes for the machine's own.
        pixels = pixels.astype(pixels.dtype.newbyteorder("="), copy=False)
    except _READ_ERRORS as error:
        if compression is not None:
            raise Unsupported(
                f"{compression} cannot be decoded by the decoders of pydicom that are installed"
            ) from error
        if present < expected:
            raise Truncated("the file ends before its pixels do") from error
        raise CorruptImage(f"the pixels cannot be read: {_first_line(error)}") from error
    if pixels.dtype.kind not in "iuf":
        raise Unsupported(f"pixels of type {pixels.dtype}")
    return Image(pixels[..., :3] if samples > 3 else pixels, bits, spacing=_spacing(dataset))


def _spacing(dataset: FileDataset) -> Spacing | None:
    """Return the pixel spacing: in the patient, else at the detector, else of the film scanned.

    A multi-frame file of the enhanced kind has it in its functional groups; those that frames share
    are looked at.
    """
    for tag in _SPACINGS:
        found = _spacing_in(dataset, tag)
        if found is not None:
            return found
    if _SHARED_GROUPS in dataset:
        with contextlib.suppress(*_READ_ERRORS):
            return _spacing_in(dataset[_SHARED_GROUPS][0].PixelMeasuresSequence[0], _SPACINGS[0])
    return None


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


def _compression(dataset: FileDataset) -> str | None:
    """Return the name of the transfer syntax if it is a compressed one."""
    syntax = dataset.file_meta.get("TransferSyntaxUID")
    if isinstance(syntax, UID) and syntax.is_transfer_syntax and syntax.is_compressed:
        return syntax.name
    return None


def _without_pixels(dataset: FileDataset) -> str:
    name = getattr(dataset.get("SOPClassUID"), "name", None)
    return f"it holds no pixels ({name})" if name else "it holds no pixels"


def _first_line(error: BaseException) -> str:
    return (str(error) or type(error).__name__).splitlines()[0]
