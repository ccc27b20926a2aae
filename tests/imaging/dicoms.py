"""DICOM files for tests: pydicom's own, and such as are made of an array."""

import io
import zlib
from pathlib import Path

import numpy as np
import pydicom.data
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.uid import (
    CTImageStorage,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRLittleEndian,
    generate_uid,
)

FOLDER = Path(pydicom.data.__file__).parent
FILES = sorted(
    str(path.relative_to(FOLDER))
    for folder in ("test_files", "charset_files")
    for path in (FOLDER / folder).rglob("*")
    if path.is_file() and "__pycache__" not in path.parts
)
"""Every file that pydicom brings with itself, images or not."""

_FLOATS = {np.dtype(np.float32): "FloatPixelData", np.dtype(np.float64): "DoubleFloatPixelData"}


def header_of(pixels, **elements) -> Dataset:
    """Return a dataset of grey pixels, rows × columns or frames × rows × columns."""
    dataset = Dataset()
    dataset.SOPClassUID, dataset.SOPInstanceUID = CTImageStorage, generate_uid(entropy_srcs=["a"])
    dataset.Modality = "CT"
    dataset.PhotometricInterpretation, dataset.SamplesPerPixel = "MONOCHROME2", 1
    dataset.Rows, dataset.Columns = pixels.shape[-2:]
    if pixels.ndim == 3:
        dataset.NumberOfFrames = len(pixels)
    dataset.BitsAllocated = pixels.dtype.itemsize * 8
    if pixels.dtype.kind == "f":
        setattr(dataset, _FLOATS[pixels.dtype], pixels.tobytes())
    else:
        dataset.PixelRepresentation = int(pixels.dtype.kind == "i")
        dataset.BitsStored = dataset.BitsAllocated
        content = pixels.tobytes()
        dataset.PixelData = content + bytes(len(content) % 2)
        dataset["PixelData"].VR = "OW" if dataset.BitsAllocated > 8 else "OB"
    for keyword, value in elements.items():
        setattr(dataset, keyword, value)
    if dataset.get("BitsStored"):
        dataset.HighBit = dataset.BitsStored - 1
    return dataset


def item(**elements) -> Dataset:
    """Return an item of a sequence."""
    dataset = Dataset()
    for keyword, value in elements.items():
        setattr(dataset, keyword, value)
    return dataset


def enhanced(pixels, positions, groups=(), shared=None, **elements) -> Dataset:
    """Return a dataset of frames that have positions of their own; None is without.

    `groups` has the other groups of each frame, by the keywords of their sequences, `shared` those
    of all; without, frames are axial and have pixels of 0.5 × 0.7 mm.
    """
    dataset = header_of(pixels, **{"SeriesInstanceUID": "1.2.3", **elements})
    shared = shared or {
        "PlaneOrientationSequence": item(ImageOrientationPatient=[1, 0, 0, 0, 1, 0]),
        "PixelMeasuresSequence": item(PixelSpacing=[0.5, 0.7]),
    }
    frames: list[dict] = [*groups] or [{} for _ in pixels]
    for group, position in zip(frames, positions, strict=True):
        if position is not None:
            group["PlanePositionSequence"] = item(ImagePositionPatient=list(position))
    dataset.SharedFunctionalGroupsSequence = [_groups(shared)]
    dataset.PerFrameFunctionalGroupsSequence = [_groups(group) for group in frames]
    return dataset


def _groups(found: dict[str, Dataset]) -> Dataset:
    return item(**{keyword: [macro] for keyword, macro in found.items()})


def file_of(dataset, syntax=ExplicitVRLittleEndian) -> bytes:
    """Return the file of a dataset."""
    meta = FileMetaDataset()
    meta.TransferSyntaxUID = syntax
    meta.MediaStorageSOPClassUID = dataset.get("SOPClassUID")
    meta.MediaStorageSOPInstanceUID = dataset.get("SOPInstanceUID")
    file = io.BytesIO()
    order = {"is_implicit_VR": syntax.is_implicit_VR, "is_little_endian": syntax.is_little_endian}
    whole = FileDataset(None, dataset, file_meta=meta, preamble=bytes(128), **order)
    whole.save_as(file, enforce_file_format=True)
    return file.getvalue()


def dicom_of(pixels, **elements) -> bytes:
    """Return a file of grey pixels."""
    return file_of(header_of(pixels, **elements))


def compressed(frames, like, syntax, **elements) -> bytes:
    """Return a file of compressed frames of an image whose pixels are like an array."""
    dataset = header_of(like, **elements)
    dataset.PixelData = encapsulate(list(frames))
    dataset["PixelData"].is_undefined_length = True
    return file_of(dataset, syntax)


def deflated(start: bytes, rest: bytes = b"", zeros: int = 0) -> bytes:
    """Return a deflated file of elements, and of so many zero bytes between their two parts."""
    dataset = Dataset()
    dataset.SOPClassUID, dataset.SOPInstanceUID = CTImageStorage, "1.2"
    head = file_of(dataset, DeflatedExplicitVRLittleEndian)
    length = int.from_bytes(head[140:144], "little")  # of group 0002
    deflater = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    parts = [deflater.compress(start)]
    parts += [deflater.compress(bytes(1 << 20)) for _ in range(zeros >> 20)]
    parts += [deflater.compress(rest), deflater.flush()]
    return head[: 144 + length] + b"".join(parts)


def elements_of(data: bytes) -> bytes:
    """Return the elements of an uncompressed file, without those of group 0002."""
    return data[144 + int.from_bytes(data[140:144], "little") :]
