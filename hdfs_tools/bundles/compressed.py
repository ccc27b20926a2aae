"""Files that Hadoop's codecs have compressed, as clusters are set to write results.

============ =================== ================================================
ending       codec of Hadoop     read by
============ =================== ================================================
``.gz``      GzipCodec           Python, also of several members
``.bz2``     BZip2Codec          Python, also of several streams
``.deflate`` DefaultCodec        Python (zlib, RFC 1950)
``.zst``     ZStandardCodec      Python 3.14; before, backports.zstd, extra codecs
``.snappy``  SnappyCodec         imagecodecs
``.lz4``     Lz4Codec            imagecodecs
``.lzo``     LzoCodec            nothing: its library has the GPL as its licence
============ =================== ================================================

Snappy and LZ4 come in Hadoop's own blocks (`org.apache.hadoop.io.compress.BlockCompressorStream`):
the length of the content, big-endian in four bytes, then chunks, each behind its own length, until
they amount to that.
"""

import bz2
import contextlib
import gzip
import os
import shutil
import sys
import tempfile
import zlib
from collections.abc import Callable, Iterator
from importlib import import_module
from typing import IO, Any

from hdfs_tools.errors import Corrupt, Unsupported
from hdfs_tools.location import Location
from hdfs_tools.streams import CHUNK, ChunkReader

__all__ = ["ending_of", "is_compressed", "name_within", "open_text", "spool", "uncompressed"]

_MAX_CHUNK = 1 << 28  # bytes of a chunk of Snappy or LZ4; Hadoop's have 256 KiB
_MAGIC = {b"\x1f\x8b": ".gz", b"BZh": ".bz2", b"\x28\xb5\x2f\xfd": ".zst"}


def is_compressed(name: str) -> bool:
    """Return whether a file is compressed, by the ending of its name.

    >>> is_compressed("part-00000.snappy"), is_compressed("scans.bundle")
    (True, False)
    """
    return os.path.splitext(name)[1] in _OPEN


def ending_of(beginning: bytes) -> str:
    """Return the ending that a file ought to have by how it begins; empty if it is a plain one.

    >>> ending_of(gzip.compress(b"a,b")), ending_of(b"a,b")
    ('.gz', '')
    """
    return next((ending for magic, ending in _MAGIC.items() if beginning.startswith(magic)), "")


def name_within(name: str) -> str:
    """Return a name without the ending that says how the file is compressed.

    >>> name_within("out/part-00000.deflate"), name_within("scans.bundle")
    ('out/part-00000', 'scans.bundle')
    """
    return os.path.splitext(name)[0] if is_compressed(name) else name


@contextlib.contextmanager
def uncompressed(location: Location) -> Iterator[IO[bytes]]:
    """Open a file whose name says how it is compressed.

    Raises
    ------
    Unsupported
        A package is not installed, or there is none.
    Corrupt
        When it is read: it is cut short or damaged.
    """
    open_codec = _OPEN[os.path.splitext(location.path)[1]]
    with _damage(location), location.open() as stored, open_codec(stored) as file:
        yield file


@contextlib.contextmanager
def open_text(location: Location) -> Iterator[IO[bytes]]:
    """Open a file to be read from its beginning on, compressed or not: by its name or its content.

    The content tells gzip, bzip2 and Zstandard.
    """
    if is_compressed(location.path):
        with uncompressed(location) as file:
            yield file
        return
    with location.open() as stored:
        ending = ending_of(stored.peek(4) if hasattr(stored, "peek") else b"")
        if not ending:
            yield stored
            return
        with _damage(location), _OPEN[ending](stored) as file:
            yield file


@contextlib.contextmanager
def _damage(location: Location) -> Iterator[None]:
    """Name the file where a codec finds it damaged."""
    try:
        yield
    except (OSError, EOFError, zlib.error) as error:
        if isinstance(error, OSError) and error.errno is not None:  # the system's
            raise
        raise Corrupt(location.text, f"its compression is damaged: {error}") from error


def spool(location: Location, directory: str) -> Location:
    """Write what is compressed in a file to one in a directory, whose bytes have places.

    Returns
    -------
    Location
        Where that is; its text is still that of the compressed file.
    """
    descriptor, path = tempfile.mkstemp(dir=directory)
    with open(descriptor, "wb") as target, uncompressed(location) as source:
        shutil.copyfileobj(source, target, CHUNK)
    return Location(location.text, path)


def _deflated(stored: IO[bytes]) -> IO[bytes]:
    def pieces() -> Iterator[bytes]:
        left = b""
        while left or (left := stored.read(CHUNK)):
            inflate = zlib.decompressobj()
            while not inflate.eof:
                if not left and not (left := stored.read(CHUNK)):
                    raise EOFError("it ends before its compressed content does")
                yield inflate.decompress(left, CHUNK)
                left = inflate.unconsumed_tail
            left = inflate.unused_data

    return ChunkReader.over(pieces())


def _zstandard(stored: IO[bytes]) -> IO[bytes]:
    name = "compression.zstd" if sys.version_info >= (3, 14) else "backports.zstd"
    try:
        zstd: Any = import_module(name)
    except ImportError:
        raise Unsupported(
            "", f"Zstandard needs {name}: pip install 'mapreduce-imaging[codecs]'"
        ) from None

    def pieces() -> Iterator[bytes]:
        try:
            with zstd.open(stored) as file:
                while piece := file.read(CHUNK):
                    yield piece
        except zstd.ZstdError as error:
            raise OSError(str(error)) from error

    return ChunkReader.over(pieces())


def _snappy(stored: IO[bytes]) -> IO[bytes]:
    from imagecodecs import snappy_decode  # takes long to import

    return ChunkReader.over(_blocks(stored, lambda chunk, _: snappy_decode(chunk)))


def _lz4(stored: IO[bytes]) -> IO[bytes]:
    from imagecodecs import lz4_decode  # takes long to import

    return ChunkReader.over(_blocks(stored, lambda chunk, left: lz4_decode(chunk, out=left)))


def _blocks(stored: IO[bytes], decompress: Callable[[bytes, int], Any]) -> Iterator[bytes]:
    """Iterate over the content of Hadoop's blocks; `decompress` gets a chunk and what is left."""
    while head := stored.read(4):
        left = _number(head)
        while left:
            length = _number(stored.read(4))
            chunk = stored.read(length)
            if len(chunk) < length:
                raise EOFError("it ends within a chunk")
            try:
                content = bytes(decompress(chunk, left))
            except RuntimeError as error:  # of which both libraries' errors are
                raise OSError(f"a chunk is damaged: {error}") from error
            if not 0 < len(content) <= left:
                raise OSError(f"a chunk holds {len(content)} bytes, and its block {left} more")
            left -= len(content)
            yield content


def _number(four: bytes) -> int:
    number = int.from_bytes(four, "big")
    if len(four) < 4:
        raise EOFError("it ends within a length")
    if number > _MAX_CHUNK:
        raise OSError(f"a length of {number} bytes: these are no blocks as Hadoop writes them")
    return number


def _lzo(stored: IO[bytes]) -> IO[bytes]:
    raise Unsupported("", "LZO, which cannot be read: write results with another codec")


_OPEN: dict[str, Callable[[IO[bytes]], Any]] = {
    ".gz": gzip.open,
    ".bz2": bz2.open,
    ".deflate": _deflated,
    ".zst": _zstandard,
    ".snappy": _snappy,
    ".lz4": _lz4,
    ".lzo": _lzo,
}
