"""RLE of DICOM (PS3.5, Annex G): PackBits, a segment for each byte of each sample."""

from itertools import pairwise
from struct import unpack_from

import numpy as np
import numpy.typing as npt
from imagecodecs import PackbitsError, packbits_decode

from mapreduce_jobs.imaging.errors import CorruptImage

__all__ = ["decode"]

_HEADER = 64  # bytes


def decode(
    data: bytes, rows: int, columns: int, samples: int, size: int, name: str = "the frame"
) -> npt.NDArray[np.unsignedinteger]:
    r"""Decode a frame.

    Parameters
    ----------
    data : bytes
        The whole frame.
    rows, columns, samples : int
        What it has to be.
    size : int
        Bytes of a sample.
    name : str, optional
        What to call the frame.

    Returns
    -------
    ndarray, shape (rows, columns, samples)
        Little-endian.

    Raises
    ------
    CorruptImage
        Its header makes no sense, or a segment has too few pixels, or a row and more too many.

    Examples
    --------
    The two pixels 0x0102 and 0x0105: their upper bytes by a run of two, the lower as they are.

    >>> header = b"\2\0\0\0" + b"\x40\0\0\0" + b"\x42\0\0\0" + bytes(52)
    >>> decode(header + b"\xff\1" + b"\1\2\5\0", rows=1, columns=2, samples=1, size=2).tolist()
    [[[258], [261]]]
    """
    if len(data) < _HEADER:
        raise CorruptImage(f"{name} ends within its header")
    count, *offsets = unpack_from("<16L", data)
    if count != samples * size:
        raise CorruptImage(
            f"{name} has {count} segments of RLE, and {samples} × {8 * size} bits a pixel are"
            f" {samples * size}"
        )
    pixels = np.empty((rows * columns, samples, size), np.uint8)
    # Less than a row too much is padding.
    unpacked = np.empty((rows + 1) * columns - 1, np.uint8)
    for number, (start, end) in enumerate(pairwise([*offsets[:count], len(data)])):
        whole, size_of_all = _unpack(data[start:end], unpacked)
        if size_of_all > len(unpacked):
            raise CorruptImage(
                f"{name} has {size_of_all // columns} rows of {columns} pixels, and the header says"
                f" {rows}"
            )
        if whole < rows * columns:
            raise CorruptImage(f"{name} has {whole} of {rows * columns} bytes in a segment of RLE")
        sample, byte = divmod(number, size)  # the highest byte comes first
        pixels[:, sample, size - 1 - byte] = unpacked[: rows * columns]
    return pixels.view(f"<u{size}").reshape(rows, columns, samples)


def _unpack(segment: bytes, unpacked: npt.NDArray[np.uint8]) -> tuple[int, int]:
    """Unpack a segment, as far as there is room; return the sizes of its whole runs and of all."""
    try:
        size = len(packbits_decode(segment, out=unpacked.data))
    except PackbitsError:  # there is no room, or the last run is cut
        return _sizes(segment)
    return size, size


def _sizes(segment: bytes) -> tuple[int, int]:
    """Return how many bytes the whole runs of a segment stand for, and all (PS3.5 G.3)."""
    size = position = 0
    while position < len(segment):
        code = segment[position]
        values, run = (code + 1, code + 1) if code < 128 else (1, 257 - code)
        if code == 128:
            values = run = 0
        left = len(segment) - position - 1 - values
        if left < 0:  # of a run of one value nothing is left then
            return size, size + (run + left if code < 128 else 0)
        size += run
        position += 1 + values
    return size, size
