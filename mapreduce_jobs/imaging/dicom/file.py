"""Datasets of DICOM files, and the layout of their pixels."""

import contextlib
import io
import zlib
from dataclasses import dataclass
from typing import Any

import pydicom
from pydicom.dataset import Dataset, FileDataset
from pydicom.filereader import data_element_generator
from pydicom.uid import (
    UID,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
)

from mapreduce_jobs.imaging.dicom.element_values import READ_ERRORS, named, reason, shown
from mapreduce_jobs.imaging.dicom.header import Beginning, deflated, read_header
from mapreduce_jobs.imaging.errors import CorruptImage, DecodeError, NoPixels, Truncated
from mapreduce_jobs.imaging.formats.samples import check_size

__all__ = ["ENCODINGS", "PIXEL_ELEMENTS", "Layout", "layout_of", "open_dataset", "read_elements"]

PIXEL_ELEMENTS = ("PixelData", "FloatPixelData", "DoubleFloatPixelData")
"""Keywords of the elements that hold pixels; a file has one of them."""

_NEEDED = ("Rows", "Columns", "BitsAllocated", "PhotometricInterpretation")
_OTHERWISE = {"NumberOfFrames": 1, "SamplesPerPixel": 1, "BitsStored": 0}  # if they are missing
_MAX_HEADER = 64 << 20  # bytes
_MAX_WHOLE = (1 << 31) - 1  # of an integer string (PS3.5 6.2), and more than others hold
_DEFLATED = DeflatedExplicitVRLittleEndian.encode()
_INFLATED = ExplicitVRLittleEndian.encode().ljust(len(_DEFLATED), b"\0")

ENCODINGS: dict[Any, UID] = {
    (True, True): ImplicitVRLittleEndian,
    (False, True): ExplicitVRLittleEndian,
    (False, False): ExplicitVRBigEndian,
}
"""The transfer syntax of elements that are implicit or not, little-endian or not."""


@dataclass(frozen=True)
class Layout:
    """How the header says that pixels lie in a file.

    Attributes
    ----------
    element : str
        Which of `PIXEL_ELEMENTS` holds them.
    frames, rows, columns, samples : int
        Samples are those of a pixel: 1, or 3 of colour.
    allocated : int
        Bits of a sample.
    bits : int
        Those of them that are used.
    high : int
        The highest of them, counted from 0.
    photometric : str
        Photometric Interpretation (0028,0004), such as ``"MONOCHROME2"``.
    """

    element: str
    frames: int
    rows: int
    columns: int
    samples: int
    allocated: int
    bits: int
    high: int
    photometric: str

    @property
    def is_grey(self) -> bool:
        """Whether values are those of one quantity, and no colour."""
        return self.photometric in ("MONOCHROME1", "MONOCHROME2")

    @property
    def size(self) -> int:
        """Bytes of the pixels where they are not compressed."""
        size = -(-self.frames * self.rows * self.columns * self.samples * self.allocated // 8)
        # Of two neighbours one has its colour (PS3.3 C.7.6.3.1.2).
        return size * 2 // 3 if self.photometric == "YBR_FULL_422" else size

    def check_excess(self, data: bytes) -> None:
        """Refuse pixels, not compressed, of which the header leaves some out.

        Zeros behind them that are less than another frame are padding, which older files have
        (PS3.5, 8.1.1), and so is one byte, whatever it is, that makes their length even.

        Raises
        ------
        CorruptImage
            There is more.
        """
        excess = len(data) - self.size
        if excess <= self.size % 2:
            return
        if excess * self.frames >= self.size or data.count(0, self.size) < excess:
            frames, rest = divmod(len(data) * self.frames, self.size)
            those = "" if rest else f", those of {frames} frames"
            raise CorruptImage(
                f"it holds {len(data)} bytes of pixels{those}, and the header says {self.size}:"
                f" {self.frames} × {self.rows} × {self.columns}"
            )


def open_dataset(
    data: bytes, max_pixels: int, beginning: Beginning | None = None
) -> tuple[FileDataset, Layout]:
    """Read the elements of a file; its pixels stay as they are.

    A file without a transfer syntax is taken as what its elements look like. A deflated one is
    inflated no further than the pixels that its header declares need.

    Parameters
    ----------
    data : bytes
        The whole file.
    max_pixels : int
        Most frames × rows × columns.
    beginning : Beginning, optional
        What has been read of the file already, with all elements of its header.

    Returns
    -------
    dataset : FileDataset
        The elements.
    layout : Layout
        How its pixels lie in the file.

    Raises
    ------
    DecodeError
        One of its kinds.
    """
    try:
        if beginning is None or beginning.pixels_at is None:
            data = _inflated(data, max_pixels)
        dataset = read_elements(data, beginning)
        if not any(name in dataset for name in PIXEL_ELEMENTS):
            _check_end(data)
        return dataset, layout_of(dataset, max_pixels)
    except READ_ERRORS as error:
        raise CorruptImage(f"the header cannot be read: {reason(error)}") from error


def _check_end(data: bytes) -> None:
    """Raise `Truncated` if a file ends within an element: pydicom then may show none at all."""
    try:
        header = read_header(io.BytesIO(data), ["Rows", "SOPClassUID"])
    except Truncated:
        raise Truncated("the file ends within its header") from None
    except DecodeError as error:
        raise CorruptImage("the header cannot be read") from error
    if header is not None and "Rows" in header:
        raise Truncated(f"the file ends before its pixels do{_kind(header)}")


def read_elements(
    data: bytes, beginning: Beginning | None = None, stop_before_pixels: bool = False
) -> FileDataset:
    """Read all elements of a file, or those that follow what has been read already.

    Parameters
    ----------
    data : bytes
        The whole file.
    beginning : Beginning, optional
        What has been read of it, with all elements of its header; this becomes the result.
    stop_before_pixels : bool, optional
        Whether to stop there.

    Returns
    -------
    FileDataset
        The elements.

    Raises
    ------
    Exception
        One of `READ_ERRORS`.
    """
    file = io.BytesIO(data)
    header = beginning.header if beginning else None
    if beginning and beginning.pixels_at is not None and isinstance(header, FileDataset):
        dataset = header
        file.seek(beginning.pixels_at)
        is_little_endian = dataset.original_encoding[1] is not False
        with contextlib.suppress(EOFError):  # as pydicom does
            for element in data_element_generator(file, beginning.is_implicit, is_little_endian):
                dataset[element.tag] = element
    else:
        dataset = pydicom.dcmread(file, force=True, stop_before_pixels=stop_before_pixels)
    encoding = ENCODINGS.get(dataset.original_encoding)
    if encoding and "TransferSyntaxUID" not in dataset.file_meta:
        dataset.file_meta.TransferSyntaxUID = encoding
    return dataset


def layout_of(dataset: FileDataset, max_pixels: int, stopped: bool = False) -> Layout:
    """Return how the header says that pixels lie in a file.

    Parameters
    ----------
    dataset : FileDataset
        Its elements.
    max_pixels : int
        Most frames × rows × columns.
    stopped : bool, optional
        Whether it was read up to its pixels only.

    Raises
    ------
    DecodeError
        `NoPixels`, `Truncated`, `CorruptImage` or `TooManyPixels`.
    """
    elements = [name for name in PIXEL_ELEMENTS if name in dataset]
    if not (elements or stopped):
        if "Rows" not in dataset:
            raise NoPixels(f"it holds no pixels{_kind(dataset)}")
        raise Truncated(f"the file ends before its pixels do{_kind(dataset)}")
    header = {keyword: dataset.get(keyword) for keyword in (*_NEEDED, *_OTHERWISE)}
    missing = [named(keyword) for keyword in _NEEDED if header[keyword] in (None, "")]
    if missing:
        raise CorruptImage(f"the header has no {', '.join(missing)}{_kind(dataset)}")
    allocated = _whole(header, "BitsAllocated")
    bits = _whole(header, "BitsStored") or allocated
    if bits > allocated:
        raise CorruptImage(
            f"its {named('BitsStored')} is {bits}, of {allocated} that are allocated"
        )
    layout = Layout(
        element=elements[0] if elements else PIXEL_ELEMENTS[0],
        frames=_whole(header, "NumberOfFrames"),
        rows=_whole(header, "Rows"),
        columns=_whole(header, "Columns"),
        samples=_whole(header, "SamplesPerPixel"),
        allocated=allocated,
        bits=bits,
        high=_high_bit(dataset, bits, allocated),
        photometric=str(header["PhotometricInterpretation"]),
    )
    check_size(layout.frames, layout.rows, layout.columns, max_pixels)
    return layout


def _whole(header: dict[str, Any], keyword: str) -> int:
    """Return a number of the header that is 1 or more, or stands for one that is missing."""
    value = header[keyword]
    if value is None or value == "":
        return _OTHERWISE[keyword]
    try:
        number = int(value)
    except (ValueError, TypeError):
        raise CorruptImage(f"its {named(keyword)} is no whole number: {shown(value)}") from None
    if not 1 <= number <= _MAX_WHOLE:
        raise CorruptImage(f"its {named(keyword)} is {shown(str(number))}")
    return number


def _high_bit(dataset: Dataset, bits: int, allocated: int) -> int:
    """Return High Bit (0028,0102); where it is missing or cannot be, bits are the lowest."""
    try:
        high = int(dataset.get("HighBit") or 0)
    except (ValueError, TypeError):
        high = 0
    return high if bits <= high + 1 <= allocated else bits - 1


def _kind(dataset: Dataset) -> str:
    """Return what a file says that it is, in brackets: the name of its SOP class."""
    meta = getattr(dataset, "file_meta", Dataset())
    uid = dataset.get("SOPClassUID") or meta.get("MediaStorageSOPClassUID")
    is_known = isinstance(uid, UID) and uid.name != uid
    return f" ({uid.name})" if is_known else ""


def _inflated(data: bytes, max_pixels: int) -> bytes:
    """Return a deflated file (PS3.5 A.5) as if it were not; any other file as it is.

    All but the pixels is at most `_MAX_HEADER` bytes.

    Raises
    ------
    DecodeError
        `Truncated` if it ends too early, `CorruptImage` if it is larger than its header says.
    """
    found = deflated(data)
    if found is None:
        return data
    start, _ = found
    meta = data[:start].replace(_DEFLATED, _INFLATED)
    inflater = zlib.decompressobj(-zlib.MAX_WBITS)
    try:
        inflated = inflater.decompress(data[start:], _MAX_HEADER)
        if not inflater.eof and inflater.unconsumed_tail:
            header = read_elements(meta + inflated, stop_before_pixels=True)
            size = layout_of(header, max_pixels, stopped=True).size
            inflated += inflater.decompress(inflater.unconsumed_tail, size)
    except zlib.error as error:
        raise CorruptImage(f"its elements cannot be inflated: {error}") from error
    if inflater.eof:
        return meta + inflated
    if inflater.unconsumed_tail:
        raise CorruptImage("its elements inflate to more than its header says")
    raise Truncated("the file ends before its compressed elements do")
