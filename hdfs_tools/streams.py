"""File objects over chunks of bytes."""

import io
import os
import sys
from collections.abc import Callable, Iterable, Iterator
from typing import IO, Any

from hdfs_tools.errors import Changed

__all__ = [
    "CHUNK",
    "IN_MEMORY",
    "ChunkReader",
    "SeekableReader",
    "buffer_output",
    "gathered",
    "leave_output",
    "pieces_of",
]

CHUNK = 1 << 20
"""Bytes that are moved at once."""

IN_MEMORY = 16 << 20
"""Bytes of an image, or of a line, from which on it is moved in pieces and not as a whole."""


def pieces_of(file: IO[bytes], path: str) -> Iterator[bytes]:
    """Iterate over the bytes of an open file of this machine; an error if it changes meanwhile."""
    before = os.fstat(file.fileno())
    left = before.st_size
    while piece := file.read(min(CHUNK, left)):
        left -= len(piece)
        yield piece
    after = os.fstat(file.fileno())
    if left or after.st_mtime_ns != before.st_mtime_ns:
        raise Changed(path, "it changed while it was read")


def buffer_output() -> None:
    """Let standard output and standard error write all that they get, or fail.

    Where Python is asked not to buffer (``-u``, ``PYTHONUNBUFFERED``), its files write as much as
    the system takes at once and say nothing of the rest: at the end of a disk, or past 2 GiB. What
    tasks have counted goes by standard error, so it is not only messages that would be cut.
    """
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        raw = getattr(stream, "buffer", None)
        is_own = stream is getattr(sys, f"__{name}__")
        if stream is not None and is_own and isinstance(raw, io.RawIOBase):
            stream.flush()
            buffered = io.TextIOWrapper(
                io.BufferedWriter(raw),
                stream.encoding,
                stream.errors,
                line_buffering=name == "stderr",
            )
            setattr(sys, name, buffered)


def leave_output() -> None:
    """Let nothing more be written to standard output, at the end of the process neither."""
    output = sys.stdout
    try:
        if output is not None:  # whoever started the process may have closed it
            output.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), output.fileno())


class ChunkReader(io.RawIOBase):
    """A file object that reads what an iterator yields.

    Parameters
    ----------
    chunks : iterator of bytes
        The bytes, in pieces of any length.
    """

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks = chunks
        self._left = memoryview(b"")

    @classmethod
    def over(cls, chunks: Iterator[bytes]) -> IO[bytes]:
        """Return a buffered file object over chunks."""
        return io.BufferedReader(cls(chunks), CHUNK)

    def readable(self) -> bool:
        """Return True: it can be read."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Fill a buffer; return how many bytes there were."""
        while not self._left:
            chunk = next(self._chunks, None)
            if chunk is None:
                return 0
            self._left = memoryview(chunk)
        count = min(len(buffer), len(self._left))
        buffer[:count] = self._left[:count]
        self._left = self._left[count:]
        return count


class SeekableReader(io.RawIOBase):
    """A file object that reads from any position of something that can be read from one on.

    Parameters
    ----------
    read_from : callable
        Returns the bytes from a position on, in pieces.
    size : int
        Length in bytes.
    """

    def __init__(self, read_from: Callable[[int], Iterator[bytes]], size: int) -> None:
        self._read_from = read_from
        self._size = size
        self._position = 0
        self._stream: ChunkReader | None = None

    def readable(self) -> bool:
        """Return True: it can be read."""
        return True

    def seekable(self) -> bool:
        """Return True: it has positions."""
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Go to a position; return it."""
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._position, os.SEEK_END: self._size}[whence]
        if base + offset != self._position:
            self._position = max(0, base + offset)
            self._stream = None
        return self._position

    def tell(self) -> int:
        """Return the position."""
        return self._position

    def readinto(self, buffer: Any) -> int:
        """Fill a buffer; return how many bytes there were."""
        if self._stream is None:
            self._stream = ChunkReader(self._read_from(self._position))
        count = self._stream.readinto(buffer)
        self._position += count
        return count


def gathered(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Put small pieces together to larger ones, and leave large ones alone.

    >>> list(gathered([b"ab", b"c"]))
    [b'abc']
    """
    waiting: list[bytes] = []
    length = 0
    for piece in pieces:
        waiting.append(piece)
        length += len(piece)
        if length >= CHUNK:
            yield b"".join(waiting)
            waiting, length = [], 0
    if waiting:
        yield b"".join(waiting)
