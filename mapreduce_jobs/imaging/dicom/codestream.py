"""Headers of compressed frames in DICOM: JPEG, JPEG-LS and JPEG 2000.

The C libraries behind pydicom's plug-ins trust it: CharLS never ends on a stream that is cut, and a
frame that is larger than the header says is decoded all the same, whatever memory it takes. So this
is read first.
"""

from dataclasses import dataclass
from struct import error as StructError  # noqa: N812
from struct import unpack_from

from pydicom.uid import (
    UID,
    JPEG2000TransferSyntaxes,
    JPEGLSTransferSyntaxes,
    JPEGTransferSyntaxes,
)

from mapreduce_jobs.imaging.dicom.file import Layout
from mapreduce_jobs.imaging.errors import CorruptImage, Truncated

__all__ = ["check"]

_JPEG = {*JPEGTransferSyntaxes, *JPEGLSTransferSyntaxes}
_JPEG_2000 = {*JPEG2000TransferSyntaxes}

_START, _END = b"\xff\xd8", b"\xff\xd9"
_SIZES = b"\xff\x4f\xff\x51"  # SOC and SIZ, with which a JPEG 2000 codestream begins
_LARGEST_PADDING = 64  # bytes behind the end
_FRAME_HEADERS = {*range(0xC0, 0xD0), 0xF7} - {0xC4, 0xC8, 0xCC}  # SOF0 … SOF15, and of JPEG-LS
_SCAN = 0xDA


@dataclass(frozen=True)
class _Size:
    rows: int
    columns: int
    samples: int
    bits: int


def check(frame: bytes, syntax: UID, layout: Layout, name: str) -> None:
    """Check that a compressed frame is whole, and is what the header says.

    Parameters
    ----------
    frame : bytes
        Its codestream.
    syntax : UID
        Transfer syntax. What is neither JPEG nor JPEG-LS nor JPEG 2000 is taken as it is.
    layout : Layout
        What the header says.
    name : str
        What to call the frame.

    Raises
    ------
    DecodeError
        `Truncated`, or `CorruptImage`.
    """
    if syntax not in _JPEG | _JPEG_2000:
        return
    try:
        size = _size_of_jpeg(frame) if syntax in _JPEG else _size_of_jpeg_2000(frame)
    except (IndexError, StructError):
        raise Truncated(f"{name} ends within its header") from None
    except ValueError as error:
        raise CorruptImage(f"{name} is damaged: {error}") from None
    if (size.rows, size.columns) != (layout.rows, layout.columns):
        raise CorruptImage(
            f"{name} has {size.rows} × {size.columns} pixels, and the header says"
            f" {layout.rows} × {layout.columns}"
        )
    if size.samples != layout.samples or size.bits > layout.allocated:
        raise CorruptImage(
            f"{name} has {size.samples} × {size.bits} bits a pixel, and the header says"
            f" {layout.samples} × {layout.allocated}"
        )
    # No coded data can hold these two bytes, which say that the image is whole.
    if _END not in frame[-_LARGEST_PADDING:]:
        raise Truncated(f"{name} ends before its image does")


def _size_of_jpeg(frame: bytes) -> _Size:
    """Read the segments before the first scan (ITU-T T.81, Annex B; T.87, Annex C)."""
    if not frame.startswith(_START):
        raise ValueError("it does not begin as a JPEG")
    size = None
    position = len(_START)
    while True:
        if frame[position] != 0xFF:
            raise ValueError("a segment does not begin with a marker")
        while frame[position] == 0xFF:
            position += 1
        marker = frame[position]
        (length,) = unpack_from(">H", frame, position + 1)
        content = frame[position + 3 : position + 1 + length]
        if marker in _FRAME_HEADERS:
            bits, rows, columns, samples = unpack_from(">BHHB", content)
            size = _Size(rows, columns, samples, bits)
        elif marker == _SCAN:
            if size is None:
                raise ValueError("it has no frame header")
            return size
        position += 1 + max(length, 2)


def _size_of_jpeg_2000(frame: bytes) -> _Size:
    """Read the segment SIZ (ITU-T T.800, A.5.1)."""
    start = frame.find(_SIZES)
    if start < 0:
        raise ValueError("it holds no JPEG 2000 codestream")
    right, bottom, left, top = unpack_from(">4I", frame, start + 8)
    (samples,) = unpack_from(">H", frame, start + 40)
    precisions = [(frame[start + 42 + 3 * sample] & 0x7F) + 1 for sample in range(samples)]
    return _Size(bottom - top, right - left, samples, max(precisions, default=0))
