"""Lossless JPEG (ITU-T T.81, Annex H), in which many archives of DICOM hold their images.

libjpeg-turbo decodes it fast, and notices next to no damage. So the segments are read here, and
what it has decoded counts only if its codes lie where the data have them. Where they do not, and
where a file has restarts or scans that are apart, it is decoded here, which is slow, and notices
every code that is none and data that end too early.
"""

from dataclasses import dataclass, field
from struct import error as StructError  # noqa: N812
from struct import unpack_from
from typing import Any

import numpy as np
import numpy.typing as npt
from imagecodecs import Jpeg8Error, jpeg8_decode

from mapreduce_jobs.imaging.codecs.huffman_codes import (
    Codes,
    coded_bits,
    read_differences,
    read_tables,
)
from mapreduce_jobs.imaging.codecs.jpeg_prediction import Samples, differences, undone
from mapreduce_jobs.imaging.codecs.jpeg_scan_data import ScanData
from mapreduce_jobs.imaging.errors import CorruptImage, Truncated, Unsupported

__all__ = ["decode"]

_FRAME, _TABLES, _SCAN, _RESTART, _END = 0xC3, 0xC4, 0xDA, 0xDD, 0xD9
_OTHER_FRAMES = {*range(0xC0, 0xD0)} - {_FRAME, _TABLES, 0xC8, 0xCC}
_END_OF_IMAGE = b"\xff\xd9"
_LAST = 64  # pixels that are read twice
_COLOUR_SPACES = {1: "GRAYSCALE", 3: "RGB"}  # in and out: samples stay as they are


@dataclass
class _State:
    """What the segments so far have said."""

    codes: dict[int, Codes] = field(default_factory=dict)
    bits: int = 0
    rows: int = 0
    columns: int = 0
    components: list[int] = field(default_factory=list)
    interval: int = 0
    planes: dict[int, Samples] = field(default_factory=dict)


@dataclass(frozen=True)
class _Scan:
    """The header of a scan."""

    components: list[int]
    codes: list[Codes]
    predictor: int
    shift: int
    middle: int
    rows_each: int  # between two restarts


def decode(data: bytes) -> npt.NDArray[Any]:
    r"""Decode a lossless JPEG.

    Parameters
    ----------
    data : bytes
        The whole codestream.

    Returns
    -------
    ndarray, shape (rows, columns, samples)
        uint8 of up to 8 bits, else uint16.

    Raises
    ------
    DecodeError
        `Truncated`, `CorruptImage`, or `Unsupported` for a JPEG of another process, or of samples
        of different density.

    Examples
    --------
    One pixel of 8 bits is predicted to be 2⁷; the code 0 says that it is.

    >>> frame = bytes.fromhex("ffc3 000b 08 0001 0001 01 01 11 00")
    >>> table = bytes.fromhex("ffc4 0014 00 01") + bytes(15) + b"\0"
    >>> scan = bytes.fromhex("ffda 0008 01 01 00 01 00 00 7f")
    >>> decode(b"\xff\xd8" + frame + table + scan + b"\xff\xd9").tolist()
    [[[128]]]
    """
    state = _State()
    try:
        position = 2
        while True:
            if data[position] != 0xFF:
                raise CorruptImage("a segment of its JPEG does not begin with a marker")
            while data[position] == 0xFF:
                position += 1
            marker = data[position]
            if marker == _END:
                break
            (length,) = unpack_from(">H", data, position + 1)
            content = data[position + 3 : position + 1 + length]
            position += 1 + max(length, 2)
            if marker == _FRAME:
                _read_frame(state, content)
            elif marker in _OTHER_FRAMES:
                raise Unsupported("a JPEG that is not of the lossless Huffman process")
            elif marker == _TABLES:
                state.codes |= read_tables(content)
            elif marker == _RESTART:
                (state.interval,) = unpack_from(">H", content)
            elif marker == _SCAN:
                scan, coded = _read_scan(state, content), ScanData.of(data, position)
                planes = _fast(state, scan, coded)
                if planes is None:
                    planes = _strict(state, scan, coded.parts())
                state.planes.update(zip(scan.components, planes, strict=True))
                position = coded.end
    except (IndexError, StructError):
        raise Truncated("its JPEG ends within its header") from None
    if not state.components or len(state.planes) < len(state.components):
        raise CorruptImage("its JPEG lacks samples")
    pixels = np.stack([state.planes[component] for component in state.components], axis=-1)
    return pixels.astype(np.uint8) if state.bits <= 8 else pixels


def _read_frame(state: _State, content: bytes) -> None:
    state.bits, state.rows, state.columns, count = unpack_from(">BHHB", content)
    if not (2 <= state.bits <= 16 and state.rows and state.columns):
        raise CorruptImage(
            f"its JPEG has {state.rows} × {state.columns} pixels of {state.bits} bits"
        )
    state.components = [content[6 + 3 * index] for index in range(count)]
    if count > 1 and any(content[7 + 3 * index] != 0x11 for index in range(count)):
        raise Unsupported("a lossless JPEG whose samples differ in density")


def _read_scan(state: _State, content: bytes) -> _Scan:
    count = content[0]
    components = [content[1 + 2 * index] for index in range(count)]
    tables = [state.codes.get(content[2 + 2 * index] >> 4) for index in range(count)]
    predictor, shift = content[1 + 2 * count], content[3 + 2 * count] & 15
    codes = [table for table in tables if table is not None]
    if (
        not components
        or len(codes) < count
        or not set(components) <= set(state.components)
        or not 1 <= predictor <= 7
        or shift >= state.bits
    ):
        raise CorruptImage("the header of a scan of its JPEG makes no sense")
    if state.interval % state.columns:
        raise CorruptImage("the restart interval of its JPEG is not of whole rows (T.81 H.1.1)")
    rows_each = state.interval // state.columns or state.rows
    return _Scan(components, codes, predictor, shift, 1 << state.bits - shift - 1, rows_each)


def _fast(state: _State, scan: _Scan, coded: ScanData) -> Samples | None:
    """Return the planes of a scan by libjpeg-turbo; none if they may not be what is coded."""
    space = _COLOUR_SPACES.get(len(state.components))
    if scan.components != state.components or space is None or coded.has_markers:
        return None
    stream = coded.data[: coded.end] + _END_OF_IMAGE
    try:
        pixels = jpeg8_decode(stream, colorspace=space, outcolorspace=space)
    except Jpeg8Error:
        return None
    planes: Samples = np.moveaxis(pixels.reshape(state.rows, state.columns, -1), -1, 0)
    coming = [
        differences(plane.astype(np.uint16, copy=False) >> np.uint16(scan.shift), scan.predictor)
        for plane in planes
    ]
    for plane in coming:
        plane[:1, 0] -= np.uint16(scan.middle)
    return planes if _is_coded(coming, scan.codes, coded) else None


def _is_coded(coming: list[Samples], codes: list[Codes], coded: ScanData) -> bool:
    """Return whether data hold these differences, as far as is seen without reading all codes.

    The last pixels have to be what is read where they have to begin: libjpeg-turbo goes on, with
    zeros, where a code is none and where the data are at their end, and so these are elsewhere.
    """
    ends = [plane[-1:, -_LAST:] for plane in coming]
    position = sum(
        coded_bits(plane, table) - coded_bits(end, table)
        for plane, end, table in zip(coming, ends, codes, strict=True)
    )
    end = np.stack(ends, axis=-1).ravel()
    try:
        read = list(read_differences(coded.behind(position >> 3), codes, len(end), position & 7))
    except CorruptImage:
        return False
    return np.array_equal(np.concatenate(read), end)


def _strict(state: _State, scan: _Scan, parts: list[bytes]) -> Samples:
    """Return the planes of a scan."""
    count = len(scan.components)
    planes = np.empty((count, state.rows, state.columns), np.uint16)
    first = 0
    for part in parts:
        rows = min(scan.rows_each, state.rows - first)
        if rows <= 0:
            raise CorruptImage("its JPEG has more restarts than rows")
        number = rows * state.columns * count
        found = np.concatenate(list(read_differences(part, scan.codes, number)))
        for index in range(count):
            plane = found[index::count].reshape(rows, state.columns)
            planes[index, first : first + rows] = undone(plane, scan.predictor, scan.middle)
        first += rows
    if first < state.rows:
        raise CorruptImage(f"its JPEG has {first} of {state.rows} rows")
    return planes << np.uint16(scan.shift)
