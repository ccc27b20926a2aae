"""Lossless JPEG (ITU-T T.81, Annex H), in which many archives of DICOM hold their images.

Of the libraries that decode 16 bits of it, gdcm ends the process on some damaged images, and
libjpeg of pylibjpeg has the GPL. So it is done here. Where the code of a pixel ends is known only
when it is read; but how long a code would be that begins at a bit is known for all bits at once. So
NumPy looks that up for a piece of the data, a loop goes from code to code, and NumPy does the rest.
"""

import contextlib
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import cycle, islice
from struct import error as StructError  # noqa: N812
from struct import unpack_from
from typing import Any

import numpy as np
import numpy.typing as npt

from mapreduce_jobs.imaging.errors import CorruptImage, Truncated, Unsupported
from mapreduce_jobs.imaging.formats.jpeg_prediction import Samples, undone

__all__ = ["decode"]

_FRAME, _TABLES, _SCAN, _RESTART, _END = 0xC3, 0xC4, 0xDA, 0xDD, 0xD9
_OTHER_FRAMES = {*range(0xC0, 0xD0)} - {_FRAME, _TABLES, 0xC8, 0xCC}
_MAX_CODE_LENGTH = 16
_PIECE = 1 << 16  # bytes of data that are looked at together
_MAX_STEP_LENGTH = 8  # bytes that hold a code and what follows it, wherever in a byte it begins

# In the data of a scan 0xFF stands before a zero, or is the beginning of a marker.
_SCAN_END = re.compile(rb"\xff+[^\x00\xd0-\xd7\xff]")
_RESTARTS = re.compile(rb"\xff+[\xd0-\xd7]")


@dataclass(frozen=True)
class _Codes:
    """A Huffman table, by the next 16 bits."""

    lengths: npt.NDArray[np.uint8]  # of the code; 0 where there is none
    sizes: npt.NDArray[np.uint8]  # bits of the difference
    steps: npt.NDArray[np.uint8]  # bits to the next code


@dataclass
class _State:
    """What the segments so far have said."""

    codes: dict[int, _Codes] = field(default_factory=dict)
    bits: int = 0
    rows: int = 0
    columns: int = 0
    components: list[int] = field(default_factory=list)
    interval: int = 0
    planes: dict[int, Samples] = field(default_factory=dict)


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
                _read_tables(state, content)
            elif marker == _RESTART:
                (state.interval,) = unpack_from(">H", content)
            elif marker == _SCAN:
                end = _SCAN_END.search(data, position)
                if end is None:
                    raise Truncated("its JPEG ends before its pixels do")
                _read_scan(state, content, data[position : end.start()])
                position = end.start()
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


def _read_tables(state: _State, content: bytes) -> None:
    """Read Huffman tables (B.2.4.2, C)."""
    while content:
        identifier, counts = content[0], content[1 : 1 + _MAX_CODE_LENGTH]
        symbols = content[1 + _MAX_CODE_LENGTH :][: sum(counts)]
        shares = [
            1 << _MAX_CODE_LENGTH - length
            for length, count in enumerate(counts, 1)
            for _ in range(count)
        ]
        is_whole = len(counts) == _MAX_CODE_LENGTH and len(symbols) == sum(counts)
        if not is_whole or sum(shares) > 1 << _MAX_CODE_LENGTH or max(symbols, default=0) > 16:
            raise CorruptImage("a Huffman table of its JPEG is none")
        lengths = np.zeros(1 << _MAX_CODE_LENGTH, np.uint8)
        sizes = np.zeros(1 << _MAX_CODE_LENGTH, np.uint8)
        first = 0
        for share, symbol in zip(shares, symbols, strict=True):
            lengths[first : first + share] = _MAX_CODE_LENGTH + 1 - share.bit_length()
            sizes[first : first + share] = symbol
            first += share
        follow = np.where(sizes == 16, 0, sizes)  # ±2¹⁵ needs no further bits (H.1.2.2)
        # Where there is no code, the loop must go on; that there was none is seen afterwards.
        steps = np.where(lengths == 0, 1, lengths + follow).astype(np.uint8)
        state.codes[identifier] = _Codes(lengths, sizes, steps)
        content = content[1 + _MAX_CODE_LENGTH + len(symbols) :]


def _read_scan(state: _State, content: bytes, data: bytes) -> None:
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
    rows_each = state.interval // state.columns if state.interval else state.rows
    if state.interval % state.columns:
        raise CorruptImage("the restart interval of its JPEG is not of whole rows (T.81 H.1.1)")
    planes = np.empty((count, state.rows, state.columns), np.uint16)
    parts = _RESTARTS.split(data)
    first = 0
    for part in parts:
        rows = min(rows_each, state.rows - first)
        if rows <= 0:
            raise CorruptImage("its JPEG has more restarts than rows")
        number = rows * state.columns * count
        differences = np.concatenate(
            list(_differences(part.replace(b"\xff\0", b"\xff"), codes, number))
        )
        middle = 1 << state.bits - shift - 1
        for index in range(count):
            plane = differences[index::count].reshape(rows, state.columns)
            planes[index, first : first + rows] = undone(plane, predictor, middle)
        first += rows
    if first < state.rows:
        raise CorruptImage(f"its JPEG has {first} of {state.rows} rows")
    state.planes.update(zip(components, planes << shift, strict=True))


def _differences(data: bytes, codes: list[_Codes], count: int) -> Iterator[Samples]:
    """Read so many differences to the prediction, modulo 2¹⁶; the tables take turns."""
    end = 8 * len(data)
    padded = np.frombuffer(data + bytes(_MAX_STEP_LENGTH), np.uint8)
    tables = list({id(table): table for table in codes}.values())
    turn = 0
    position = 0
    while count:
        if position >= end:
            raise CorruptImage("the data of its JPEG end before its pixels do")
        start = position >> 3
        piece = padded[start : start + _PIECE + _MAX_STEP_LENGTH]
        steps = {id(table): _steps(piece, table) for table in tables}
        turns = [steps[id(table)] for table in (*codes[turn:], *codes[:turn])]
        found = _positions(turns, position - 8 * start, count)
        last, places = found.pop(), np.array(found)
        words = _words(piece, places >> 3) << (places & 7).astype(np.uint64)
        values = np.empty(len(found), np.uint16)
        for index in range(len(codes)):
            mine = slice(index, None, len(codes))
            values[mine] = _values(words[mine], codes[(turn + index) % len(codes)])
        yield values
        count -= len(found)
        turn = (turn + len(found)) % len(codes)
        position = 8 * start + last
    if position > end:
        raise CorruptImage("the data of its JPEG end before its pixels do")


def _steps(piece: npt.NDArray[np.uint8], table: _Codes) -> bytes:
    """Return for every bit of a piece how far the next code is, if one begins at this bit."""
    wide = piece.astype(np.uint32)
    words = wide[:-2] << 16 | wide[1:-1] << 8 | wide[2:]
    following = np.empty((len(words), 8), np.uint16)
    for bit in range(8):
        following[:, bit] = words >> (8 - bit) & 0xFFFF
    bits = 8 * (len(piece) - _MAX_STEP_LENGTH)
    return table.steps[following.ravel()[:bits]].tobytes()


def _positions(turns: list[bytes], position: int, most: int) -> list[int]:
    """Return where codes begin, and behind these where the next one would."""
    found: list[int] = []
    add = found.append
    steps = turns[0]
    with contextlib.suppress(IndexError):  # at the end of the piece
        if all(other is steps for other in turns):  # as in most files
            for _ in range(most):
                add(position)
                position += steps[position]
        else:
            for steps in islice(cycle(turns), most):
                add(position)
                position += steps[position]
        add(position)
    return found


def _words(piece: npt.NDArray[np.uint8], places: npt.NDArray[np.int64]) -> npt.NDArray[np.uint64]:
    """Return the eight bytes from each place on."""
    words = np.zeros(len(places), np.uint64)
    for index in range(_MAX_STEP_LENGTH):
        words <<= np.uint64(8)
        words |= piece[places + index]
    return words


def _values(words: npt.NDArray[np.uint64], table: _Codes) -> Samples:
    """Return the differences that words begin with (F.1.2.1, H.1.2.2)."""
    code = (words >> np.uint64(48)).astype(np.intp)
    lengths, sizes = table.lengths[code], table.sizes[code].astype(np.int64)
    if not lengths.all():
        raise CorruptImage("a code of its JPEG is none")
    # Of 64 bits, shifted by as many; in two steps, as a shift by 64 is not defined.
    rest = words << lengths.astype(np.uint64) >> np.uint64(1)
    values = (rest >> (63 - sizes).astype(np.uint64)).astype(np.int64)
    half = np.left_shift(1, sizes) >> 1
    values -= np.where(values < half, 2 * half - 1, 0)
    values[sizes == 0] = 0
    values[sizes == 16] = 1 << 15
    return values.astype(np.uint16)
