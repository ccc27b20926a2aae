"""Huffman codes of lossless JPEG (ITU-T T.81, Annexes C, F and H): tables, and reading by them.

Where the code of a pixel ends is known only when it is read; but how long a code would be that
begins at a bit is known for all bits at once. So NumPy looks that up for a piece of the data, a
loop goes from code to code, and NumPy does the rest.
"""

import contextlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from itertools import cycle, islice

import cv2
import numpy as np
import numpy.typing as npt

from mapreduce_jobs.imaging.codecs.jpeg_prediction import Samples
from mapreduce_jobs.imaging.errors import CorruptImage

__all__ = ["Codes", "coded_bits", "read_differences", "read_tables"]

_MAX_CODE_LENGTH = 16
_MAX_SIZE = 16  # bits of a difference
_PIECE = 1 << 16  # bytes of data that are looked at together
_MAX_STEP_LENGTH = 8  # bytes that hold a code and what follows it, wherever in a byte it begins
_NO_CODE = 255  # bits, more than any code with what follows it has


@dataclass(frozen=True)
class Codes:
    """A Huffman table.

    Attributes
    ----------
    counts : bytes
        Number of codes of each length, 1 to 16.
    symbols : bytes
        What they stand for: how many bits a difference has, 0 to 16.
    """

    counts: bytes
    symbols: bytes

    @property
    def symbol_lengths(self) -> Iterator[tuple[int, int]]:
        """Iterate over each symbol and the length of its code, as codes are assigned to them."""
        lengths = (length for length, count in enumerate(self.counts, 1) for _ in range(count))
        return zip(self.symbols, lengths, strict=True)

    @cached_property
    def bits(self) -> npt.NDArray[np.uint8]:
        """Bits that a difference takes, code and what follows it; by the bits that it has."""
        found = np.full(256, _NO_CODE, np.uint8)
        for size, length in self.symbol_lengths:
            found[size] = length + _following(size)
        return found

    @cached_property
    def lengths(self) -> npt.NDArray[np.uint8]:
        """Length of the code by the next 16 bits; 0 where there is none."""
        return self._by_code([length for _, length in self.symbol_lengths], none=0)

    @cached_property
    def sizes(self) -> npt.NDArray[np.uint8]:
        """Bits of the difference, likewise."""
        return self._by_code(self.symbols, none=0)

    @cached_property
    def steps(self) -> npt.NDArray[np.uint8]:
        """Bits to the next code, likewise."""
        steps = [length + _following(size) for size, length in self.symbol_lengths]
        # Where there is no code, the loop must go on; that there was none is seen afterwards.
        return self._by_code(steps, none=1)

    def _by_code(self, values: Iterable[int], none: int) -> npt.NDArray[np.uint8]:
        found = np.full(1 << _MAX_CODE_LENGTH, none, np.uint8)
        first = 0
        for value, (_, length) in zip(values, self.symbol_lengths, strict=True):
            share = 1 << _MAX_CODE_LENGTH - length
            found[first : first + share] = value
            first += share
        return found


def _following(size: int) -> int:
    """Return how many bits follow a code: ±2¹⁵ needs none (H.1.2.2)."""
    return 0 if size == _MAX_SIZE else size


@cache
def _sizes() -> npt.NDArray[np.uint8]:
    """Return the bits of each difference, by difference modulo 2¹⁶."""
    magnitudes = np.abs(np.arange(1 << 16, dtype=np.uint16).view(np.int16).astype(np.int32))
    return np.searchsorted(1 << np.arange(_MAX_SIZE), magnitudes, side="right").astype(np.uint8)


def coded_bits(differences: Samples, codes: Codes) -> int:
    r"""Count the bits that differences take, coded.

    Parameters
    ----------
    differences : ndarray of uint16, shape (rows, columns)
        Modulo 2¹⁶.
    codes : Codes
        Their table.

    Returns
    -------
    int

    Examples
    --------
    Of the differences 0 and −1 these take one bit and two, and what says which of −1 and 1 it is:

    >>> codes = Codes(b"\1\1" + bytes(14), b"\0\1")
    >>> coded_bits(np.uint16([[0, 0, 65535]]), codes)
    5
    """
    # Of 8 bits OpenCV looks up several at once.
    bits = cv2.LUT(_sizes().take(differences), codes.bits)
    return int(bits.sum(axis=1, dtype=np.uint32).sum(dtype=np.int64))


def read_tables(content: bytes) -> dict[int, Codes]:
    r"""Read a segment of Huffman tables (B.2.4.2).

    Parameters
    ----------
    content : bytes
        The segment, behind its length.

    Returns
    -------
    dict
        Tables by their identifiers.

    Raises
    ------
    CorruptImage
        What there is is none.

    Examples
    --------
    A single code, of one bit, for a difference of 0 bits:

    >>> table = read_tables(b"\0\1" + bytes(15) + b"\0")[0]
    >>> int(table.bits[0]), int(table.lengths[0x7FFF]), int(table.lengths[0x8000])
    (1, 1, 0)
    """
    found = {}
    while content:
        identifier, counts = content[0], content[1 : 1 + _MAX_CODE_LENGTH]
        symbols = content[1 + _MAX_CODE_LENGTH :][: sum(counts)]
        shares = sum(count << _MAX_CODE_LENGTH - n for n, count in enumerate(counts, 1))
        is_whole = len(counts) == _MAX_CODE_LENGTH and len(symbols) == sum(counts)
        if not is_whole or shares > 1 << _MAX_CODE_LENGTH or max(symbols, default=0) > _MAX_SIZE:
            raise CorruptImage("a Huffman table of its JPEG is none")
        found[identifier] = Codes(counts, symbols)
        content = content[1 + _MAX_CODE_LENGTH + len(symbols) :]
    return found


def read_differences(
    data: bytes, codes: list[Codes], count: int, position: int = 0
) -> Iterator[Samples]:
    """Read differences to the prediction, modulo 2¹⁶.

    Parameters
    ----------
    data : bytes
        Without zeros behind 0xFF, and without markers.
    codes : list of Codes
        The tables, which take turns.
    count : int
        How many differences.
    position : int, optional
        The bit of the data at which the first code begins.

    Yields
    ------
    ndarray of uint16
        Several of them.

    Raises
    ------
    CorruptImage
        A code is none, or the data end too early.
    """
    end = 8 * len(data)
    padded = np.frombuffer(data + bytes(_MAX_STEP_LENGTH), np.uint8)
    tables = list({id(table): table for table in codes}.values())
    turn = 0
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


def _steps(piece: npt.NDArray[np.uint8], table: Codes) -> bytes:
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


def _values(words: npt.NDArray[np.uint64], table: Codes) -> Samples:
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
