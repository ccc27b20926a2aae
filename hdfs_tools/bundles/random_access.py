"""Files that are read as far as somebody reads them: base64 in memory, ranges of a file on HDFS."""

import binascii
import io
from collections.abc import Iterable, Iterator
from functools import partial
from typing import TYPE_CHECKING, BinaryIO

from hdfs_tools.errors import CorruptRecord, IsADirectory
from hdfs_tools.streams import CHUNK, SeekableReader

if TYPE_CHECKING:
    from hdfs_tools.filesystem import FileSystem

__all__ = ["decoded", "decoded_pieces", "open_base64", "open_ranges"]

_RANGE = 1 << 16  # bytes of the first request: the header of most images
_BLOCK = 1 << 13  # bytes decoded at once


def decoded(encoded: bytes, is_end: bool = True) -> bytes:
    """Decode base64 without line breaks; raise `CorruptRecord` if it is damaged.

    Parameters
    ----------
    encoded : bytes
        Base64, in whole groups of four characters.
    is_end : bool, optional
        Whether this is where the record ends, and so may be padded with ``=``.

    Returns
    -------
    bytes
        What was encoded.

    Examples
    --------
    >>> decoded(b"SEVBRA==")
    b'HEAD'
    """
    try:
        data = binascii.a2b_base64(encoded)
    except binascii.Error as error:
        raise CorruptRecord(f"the record's base64 is damaged: {error}") from None
    # a2b_base64 skips what is not base64, so damage shows as missing bytes.
    padding = len(encoded) - len(encoded.rstrip(b"=")) if is_end else 0
    if len(encoded) % 4 or len(data) != len(encoded) // 4 * 3 - padding:
        raise CorruptRecord("the record's base64 is damaged: it holds other characters")
    return data


def decoded_pieces(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Decode base64 that comes in pieces of any length.

    >>> list(decoded_pieces([b"SEVBRCB", b"hbmQ="]))
    [b'HEA', b'D a', b'nd']
    """
    waiting = b""
    for piece in pieces:
        held = waiting + piece
        cut = max(0, len(held) - 1) // 4 * 4  # the last group may be padded
        yield decoded(held[:cut], is_end=False)
        waiting = held[cut:]
    yield decoded(waiting)


def open_base64(encoded: bytes) -> BinaryIO:
    """Return a file object over what base64 stands for; only what is read of it is decoded.

    Parameters
    ----------
    encoded : bytes
        Base64 without line breaks.

    Returns
    -------
    binary file
        Seekable. Damage in what is read of it raises `CorruptRecord`, and so does a length that
        base64 cannot have, at once.

    Examples
    --------
    >>> open_base64(b"SEVBRCBhbmQgcGl4ZWxz").read(4)
    b'HEAD'
    """
    if len(encoded) % 4:
        raise CorruptRecord("the record's base64 is damaged: it ends within a group of four")
    padding = len(encoded) - len(encoded.rstrip(b"="))
    size = max(0, len(encoded) // 4 * 3 - padding)
    return io.BufferedReader(SeekableReader(partial(_decoded_from, encoded), size), _BLOCK)


def _decoded_from(encoded: bytes, start: int) -> Iterator[bytes]:
    """Iterate over the decoded bytes from a position on."""
    group, skip = divmod(start, 3)
    for first in range(4 * group, len(encoded), _BLOCK):
        part = encoded[first : first + _BLOCK]
        yield decoded(part, first + _BLOCK >= len(encoded))[skip:]
        skip = 0


def open_ranges(storage: "FileSystem", path: str) -> BinaryIO:
    """Return a file object over a file of a file system; only what is read of it is asked for.

    The first request is for 64 kB, each that follows for twice as much, up to 1 MiB.

    Parameters
    ----------
    storage : FileSystem
        Where the file is.
    path : str
        The file.

    Returns
    -------
    binary file
        Seekable.

    Raises
    ------
    StorageError
        The file is missing or may not be read, or it is a directory; in reading, what the file
        system raises.
    """
    found = storage.stat(path)
    if found.is_directory:
        raise IsADirectory(path)
    ranges = partial(_ranges, storage, path, found.size)
    return io.BufferedReader(SeekableReader(ranges, found.size), _RANGE)


def _ranges(storage: "FileSystem", path: str, size: int, start: int) -> Iterator[bytes]:
    length = _RANGE
    while start < size:
        end = min(size, start + length)
        yield from storage.fetch(path, start, end)
        start, length = end, min(2 * length, CHUNK)
