"""Generated images in the formats and transfer syntaxes that archives keep them in."""

import io
from collections.abc import Callable
from functools import partial
from pathlib import Path

import imagecodecs
import numpy as np
import numpy.typing as npt
import tifffile
from pydicom import uid
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.encaps import encapsulate

from benchmarks.data import made_by_number, scan

__all__ = ["KINDS", "encoded_directory"]

_Pixels = npt.NDArray[np.unsignedinteger]
_Encode = Callable[..., bytes | bytearray]
_DEEP_BITS = 12
_NEAR = 2  # of JPEG-LS, the largest difference
_QUALITY = 95  # of JPEG, libjpeg's scale


def _dicom(syntax: uid.UID, encode: _Encode | None, pixels: _Pixels) -> bytes:
    """Return a file; without `encode` pydicom does it."""
    dataset = Dataset()
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = uid.ExplicitVRLittleEndian
    dataset.SOPClassUID, dataset.SOPInstanceUID = uid.CTImageStorage, "1.2.3"
    dataset.PhotometricInterpretation, dataset.SamplesPerPixel = "MONOCHROME2", 1
    dataset.Rows, dataset.Columns = pixels.shape
    dataset.BitsAllocated, dataset.PixelRepresentation = 8 * pixels.itemsize, 0
    dataset.BitsStored = 8 if pixels.itemsize == 1 else _DEEP_BITS
    dataset.HighBit = dataset.BitsStored - 1
    dataset.PixelData = pixels.tobytes()
    dataset["PixelData"].VR = "OW" if pixels.itemsize > 1 else "OB"
    if encode:
        dataset.PixelData = encapsulate([bytes(encode(pixels))])
        dataset["PixelData"].VR, dataset["PixelData"].is_undefined_length = "OB", True
    if syntax == uid.RLELossless:
        dataset.compress(syntax, encoding_plugin="pylibjpeg")
    dataset.file_meta.TransferSyntaxUID = syntax
    file = io.BytesIO()
    dataset.save_as(file, enforce_file_format=True)
    return file.getvalue()


def _tiff(pixels: _Pixels) -> bytes:
    file = io.BytesIO()
    tifffile.imwrite(file, pixels, compression="zlib")
    return file.getvalue()


def _nifti(pixels: _Pixels) -> bytes:
    import nibabel

    content: bytes = nibabel.Nifti1Image(pixels.T[..., np.newaxis], np.eye(4)).to_bytes()
    return content


_DICOM: dict[str, tuple[uid.UID, _Encode | None]] = {
    "native": (uid.ExplicitVRLittleEndian, None),
    "deflated": (uid.DeflatedExplicitVRLittleEndian, None),
    "RLE": (uid.RLELossless, None),
    "JPEG baseline, 8 bits": (
        uid.JPEGBaseline8Bit,
        partial(imagecodecs.jpeg8_encode, level=_QUALITY),
    ),
    "JPEG extended, 12 bits": (
        uid.JPEGExtended12Bit,
        partial(imagecodecs.jpeg8_encode, level=_QUALITY, bitspersample=12),
    ),
    "JPEG Lossless SV1": (
        uid.JPEGLosslessSV1,
        partial(imagecodecs.jpeg8_encode, lossless=True, predictor=1, bitspersample=12),
    ),
    "JPEG-LS": (uid.JPEGLSLossless, imagecodecs.jpegls_encode),
    "JPEG-LS near-lossless": (
        uid.JPEGLSNearLossless,
        partial(imagecodecs.jpegls_encode, level=_NEAR),
    ),
    "JPEG 2000": (
        uid.JPEG2000Lossless,
        partial(imagecodecs.jpeg2k_encode, level=0, reversible=True, codecformat="j2k"),
    ),
    "HTJ2K": (uid.HTJ2KLossless, imagecodecs.htj2k_encode),
}
_OTHERS: dict[str, tuple[str, Callable[[_Pixels], bytes]]] = {
    "TIFF, Deflate": ("tiff", _tiff),
    "NIfTI": ("nii", _nifti),
}
KINDS = (*_DICOM, *_OTHERS)
"""Names of the formats, and of the transfer syntaxes of DICOM."""


def encoded_directory(data: Path, images: int, kind: str) -> Path:
    """Return a directory of images of 512×512 and 12 bits (JPEG baseline: 8), written once.

    Parameters
    ----------
    data : path
        Where generated data is kept.
    images : int
        How many.
    kind : str
        One of `KINDS`.
    """

    name = "".join(character if character.isalnum() else "-" for character in kind)
    return made_by_number(data / f"encoded-{name}-{images}", images, _write, kind)


def _write(directory: Path, kind: str, number: int) -> None:
    pixels = scan(number, 8 if kind.endswith("8 bits") else _DEEP_BITS)
    suffix, write = _OTHERS.get(kind) or ("dcm", partial(_dicom, *_DICOM[kind]))
    (directory / f"scan-{number:06d}.{suffix}").write_bytes(write(pixels))
