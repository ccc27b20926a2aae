"""HDFS's checksum of a file, computed from its bytes on this side."""

import hashlib
import re
import sys
import zlib
from array import array
from collections.abc import Callable, Iterable, Iterator
from struct import iter_unpack

from hdfs_tools.status import Checksum

__all__ = ["FileChecksum"]

_JAVA_BUFFER = 32  # bytes
_ALGORITHM = re.compile(r"MD5-of-(\d+)MD5-of-(\d+)(CRC32C?)")


class FileChecksum:
    """The MD5 of the MD5s of the CRCs of a file, as HDFS computes it from its blocks.

    A file is cut into blocks, and a block into chunks. The CRCs of a block's chunks, as big-endian
    integers of four bytes, make an MD5; the MD5s of all blocks make the file's. Where every chunk
    is full but the last one, it does not depend on who wrote the file, or where it lies.
    (Hadoop's FileChecksumHelper.ReplicatedFileChecksumComputer.)

    Parameters
    ----------
    block_size : int
        Bytes of a block.
    bytes_per_crc : int, optional
        Bytes of a chunk; 512 is HDFS's default.
    crc : {"CRC32C", "CRC32"}, optional
        Which CRC.

    Attributes
    ----------
    length : int
        Bytes so far.

    >>> checksum = FileChecksum(block_size=1024)
    >>> checksum.update(b"123456789")
    >>> checksum.result()  # CRC32C of these digits: 0xe3069283
    Checksum(algorithm='MD5-of-0MD5-of-512CRC32C',
             digest='0000020000000000000000002faa18fc1637e6b4bad7e0e91b200a4d')
    """

    def __init__(self, block_size: int, bytes_per_crc: int = 512, crc: str = "CRC32C") -> None:
        self.length = 0
        self.parameters = (bytes_per_crc, crc)
        self._block_size = block_size
        self._crc_of = _crc_function(crc)
        self._chunk = b""  # that is not full yet
        self._block = hashlib.md5(usedforsecurity=False)
        self._room = block_size  # bytes that the block still takes
        self._blocks: list[bytes] = []  # MD5s of those that are full

    @classmethod
    def like(cls, checksum: Checksum, block_size: int) -> "FileChecksum":
        """Return the beginning of a checksum with the parameters of another one.

        Raises
        ------
        ValueError
            It is of a kind that does not depend on blocks.
        """
        match = _ALGORITHM.fullmatch(checksum.algorithm)
        if match is None:
            raise ValueError(f"{checksum.algorithm}: cannot be computed here")
        return cls(block_size, int(match[2]) or 512, match[3])

    def update(self, data: bytes | memoryview) -> None:
        """Take more bytes of the file."""
        view = memoryview(data)
        self.length += len(view)
        while view:
            part, view = view[: self._room], view[self._room :]
            self._add(part)
            self._room -= len(part)
            if not self._room:
                self._blocks.append(self._digest_of_block())
                self._chunk, self._room = b"", self._block_size
                self._block = hashlib.md5(usedforsecurity=False)

    def through(self, pieces: Iterable[bytes]) -> Iterator[bytes]:
        """Iterate over pieces of the file, and take them."""
        for piece in pieces:
            self.update(piece)
            yield piece

    def result(self) -> Checksum:
        """Return the checksum of all bytes so far."""
        digests = list(self._blocks)
        if self._room < self._block_size:
            digests.append(self._digest_of_block())
        bytes_per_crc, crc = self.parameters
        per_block = self._block_size // bytes_per_crc if len(digests) > 1 else 0
        if not digests:
            bytes_per_crc, crc = 0, "CRC32"  # there is no block that says which
        joined = b"".join(digests)
        # Java's buffer of the digests is digested whole: 32 bytes, doubled until they fit.
        size = _JAVA_BUFFER
        while size < len(joined):
            size *= 2
        md5 = hashlib.md5(joined.ljust(size, b"\0"), usedforsecurity=False).hexdigest()
        return Checksum(
            f"MD5-of-{per_block}MD5-of-{bytes_per_crc}{crc}",
            f"{bytes_per_crc:08x}{per_block:016x}{md5}",
        )

    def _add(self, part: memoryview) -> None:
        """Take bytes of one block."""
        size = self.parameters[0]
        crc_of = self._crc_of
        if self._chunk:
            missing = size - len(self._chunk)
            self._chunk += part[:missing]
            part = part[missing:]
            if len(self._chunk) < size:
                return
            self._block.update(crc_of(self._chunk).to_bytes(4, "big"))
            self._chunk = b""
        full = len(part) // size * size
        crcs = array("I", [crc_of(chunk) for (chunk,) in iter_unpack(f"{size}s", part[:full])])
        if sys.byteorder == "little":
            crcs.byteswap()
        self._block.update(crcs)
        self._chunk = bytes(part[full:])

    def _digest_of_block(self) -> bytes:
        block = self._block
        if self._chunk:
            block = block.copy()
            block.update(self._crc_of(self._chunk).to_bytes(4, "big"))
        return block.digest()


def _crc_function(name: str) -> Callable[[bytes], int]:
    if name == "CRC32":
        return zlib.crc32
    import google_crc32c  # slow to import

    crc32c: Callable[[bytes], int] = google_crc32c.value
    return crc32c
