"""Headers of compressed frames in DICOM: JPEG, JPEG-LS and JPEG 2000.

The C libraries trust it: CharLS never ends on a stream that is cut, and a frame that is larger than
the header says is decoded all the same, whatever memory it takes. So this is read first.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from struct import error as StructError  # noqa: N812
from struct import unpack_from

from pydicom.uid import (
    UID,
    JPEG2000TransferSyntaxes,
    JPEGLSTransferSyntaxes,
    JPEGTransferSyntaxes,
    RLELossless,
)

from mapreduce_jobs.imaging.dicom.file import Layout
from mapreduce_jobs.imaging.errors import CorruptImage, Truncated

__all__ = ["Coding", "check", "count"]

_JPEG = {*JPEGTransferSyntaxes, *JPEGLSTransferSyntaxes}
_JPEG_2000 = {*JPEG2000TransferSyntaxes}

_START, _END = b"\xff\xd8", b"\xff\xd9"
_SIZES = b"\xff\x4f\xff\x51"  # SOC and SIZ, with which a JPEG 2000 codestream begins
_MAX_PADDING = 64  # bytes behind the end, apart from zeros
_LOSSLESS, _LS = 0xC3, 0xF7  # SOF3, and SOF of JPEG-LS
_FRAME_HEADERS = {*range(0xC0, 0xD0), _LS} - {0xC4, 0xC8, 0xCC}  # SOF0 … SOF15
_SCAN = 0xDA
_STYLE, _TILE = 0xFF52, 0xFF90  # COD, how a JPEG 2000 codestream is coded, and SOT behind it

# A codestream begins a fragment, or stands behind the end of another; of RLE its header does, with
# the number of segments and the place of the first (PS3.5 G.5).
_BEGINNING = re.compile(rb"\xff(?:\xd8\xff|\x4f\xff\x51)|\0{3}\x0cjP  |[\x01-\x0f]\0{3}\x40\0{3}")
_NEXT = re.compile(rb"\xff\xd9\0*\xff(?:\xd8\xff|\x4f\xff\x51)")


@dataclass(frozen=True)
class Coding:
    """How a frame is compressed.

    Attributes
    ----------
    bits : int
        Of a sample, as the codestream has them.
    is_lossy : bool
        Whether samples may differ from those that were compressed.
    """

    bits: int
    is_lossy: bool


@dataclass(frozen=True)
class _Size:
    rows: int
    columns: int
    samples: int
    coding: Coding


def count(fragments: Iterable[bytes], syntax: UID) -> int:
    r"""Count the frames that begin in fragments (PS3.5 A.4), whatever a table of offsets says.

    Parameters
    ----------
    fragments : iterable of bytes
        All that the pixel data hold.
    syntax : UID
        Transfer syntax.

    Returns
    -------
    int

    Examples
    --------
    A frame in two fragments, and another one behind it in the second:

    >>> frame = b"\xff\xd8\xff\xdb ... \xff\xd9"
    >>> count([frame[:7], frame[7:] + b"\0" + frame], UID("1.2.840.10008.1.2.4.50"))
    2
    """
    found = 0
    for fragment in fragments:
        found += _BEGINNING.match(fragment) is not None
        if syntax != RLELossless:
            found += len(_NEXT.findall(fragment))
    return found


def check(frame: bytes, syntax: UID, layout: Layout, name: str) -> Coding:
    """Check that a compressed frame is whole, and is what the header says.

    Parameters
    ----------
    frame : bytes
        Its codestream. Behind its end there may be zeros, and a few other bytes before them.
    syntax : UID
        Transfer syntax. What is neither JPEG nor JPEG-LS nor JPEG 2000 is taken as it is.
    layout : Layout
        What the header says.
    name : str
        What to call the frame.

    Returns
    -------
    Coding

    Raises
    ------
    DecodeError
        `Truncated`, or `CorruptImage`.
    """
    if syntax not in _JPEG | _JPEG_2000:
        return Coding(layout.allocated, is_lossy=False)
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
    if size.samples != layout.samples or size.coding.bits > layout.allocated:
        raise CorruptImage(
            f"{name} has {size.samples} × {size.coding.bits} bits a pixel, and the header says"
            f" {layout.samples} × {layout.allocated}"
        )
    # No coded data can hold these two bytes, which say that the image is whole.
    if _END not in frame.rstrip(b"\0")[-_MAX_PADDING:]:
        raise Truncated(f"{name} ends before its image does")
    return size.coding


def _size_of_jpeg(frame: bytes) -> _Size:
    """Read the segments before the first scan (ITU-T T.81, Annex B; T.87, Annex C)."""
    if not frame.startswith(_START):
        raise ValueError("it does not begin as a JPEG")
    size = kind = None
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
            size, kind = unpack_from(">BHHB", content), marker
        elif marker == _SCAN:
            if size is None:
                raise ValueError("it has no frame header")
            bits, rows, columns, samples = size
            # Of JPEG-LS the difference that is allowed stands behind the components of the scan.
            is_lossy = content[1 + 2 * content[0]] > 0 if kind == _LS else kind != _LOSSLESS
            return _Size(rows, columns, samples, Coding(bits, is_lossy))
        position += 1 + max(length, 2)


def _size_of_jpeg_2000(frame: bytes) -> _Size:
    """Read the segments SIZ and COD (ITU-T T.800, A.5.1 and A.6.1)."""
    start = frame.find(_SIZES)
    if start < 0:
        raise ValueError("it holds no JPEG 2000 codestream")
    right, bottom, left, top = unpack_from(">4I", frame, start + 8)
    (samples,) = unpack_from(">H", frame, start + 40)
    precisions = [(frame[start + 42 + 3 * sample] & 0x7F) + 1 for sample in range(samples)]
    marker, position = 0, start + 2
    while marker not in (_STYLE, _TILE) and frame[position] == 0xFF:
        marker, length = unpack_from(">HH", frame, position)
        position += 2 + max(length, 2)
    is_lossy = marker != _STYLE or frame[position - length + 11] != 1  # else the 5-3 wavelet
    return _Size(bottom - top, right - left, samples, Coding(max(precisions, default=0), is_lossy))
