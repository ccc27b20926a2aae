"""A checksum of a job's input: the same wherever the input lies, and however it is split.

Of each image, the SHA-256 of one entry is taken::

    LENGTH_OF_NAME SPACE LENGTH_OF_DATA LF NAME DATA          an image
    LENGTH_OF_NAME SPACE "error" LF NAME KIND                 one that cannot be read

with lengths in bytes and in decimal, and the name in UTF-8. Each digest is eight 32-bit words,
big end first. The words of all images are added up by position, in eight sums, which tasks report
as counters: sums of integers do not depend on the order, or on how many tasks there are. The
checksum is the SHA-256 of the text ``N SUM_0 … SUM_7``, where N is the number of images.

Two collections that differ in a name or in a byte have different checksums, except by a chance of
about 1 in 2^256. It shows what changed by accident; it is no signature, for who can choose every
byte of many images can make two collections with one checksum.
"""

import hashlib
import struct
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from mapreduce_jobs.core.inputs.image_reader import Item
from mapreduce_jobs.core.job_errors import words_of

__all__ = ["GROUP", "SUM_UP", "InputSums"]

GROUP = "provenance"
"""The group of the counters by which tasks report the sums."""

SUM_UP = "--sum-up-input"
"""The option by which tasks are asked for the sums."""

_WORDS = 8
_NUMBER = "images"
_CHUNK = 1 << 20


class InputSums:
    """The sums of some images, or of some files.

    Examples
    --------
    >>> sums = InputSums()
    >>> sums.add("a.png", b"HEAD and pixels")
    >>> sums.checksum()[:16]
    '3847e637ca1833d3'
    """

    def __init__(self) -> None:
        self.number = 0
        self._sums = [0] * _WORDS

    def add(self, name: str, data: bytes | Exception) -> None:
        """Add an image: its bytes, or why it cannot be read."""
        encoded = name.encode("utf-8", "surrogateescape")
        if isinstance(data, bytes):
            digest = hashlib.sha256(b"%d %d\n%b" % (len(encoded), len(data), encoded))
            digest.update(data)
        else:
            kind = words_of(data)[0].encode()
            digest = hashlib.sha256(b"%d error\n%b%b" % (len(encoded), encoded, kind))
        self._add(digest.digest())

    def add_file(self, path: str) -> None:
        """Add a file's bytes, which are then its whole entry."""
        digest = hashlib.sha256()
        with open(path, "rb") as file:
            while chunk := file.read(_CHUNK):
                digest.update(chunk)
        self._add(digest.digest())

    def _add(self, digest: bytes) -> None:
        self.number += 1
        for position, word in enumerate(struct.unpack(">8I", digest)):
            self._sums[position] += word

    def of_items(self, pairs: Iterable[tuple[str, Item]]) -> Iterator[tuple[str, Item]]:
        """Hand images on, and add each when it is read; one that is never read is not added."""
        for name, item in pairs:
            read: list[bytes | Exception] = []

            def seen(data: bytes | Exception, name: str = name, read: list = read) -> None:
                if not read:  # may be read twice
                    self.add(name, data)
                    read.append(b"")

            yield name, replace(item, seen=seen)

    def counters(self) -> Iterator[tuple[str, int]]:
        """Iterate over the counters of the sums."""
        yield _NUMBER, self.number
        for position, value in enumerate(self._sums):
            yield f"sum {position}", value

    @classmethod
    def of_counters(cls, counters: Mapping[str, int]) -> "InputSums":
        """Return the sums of the counters of all tasks together."""
        sums = cls()
        sums.number = counters.get(_NUMBER, 0)
        sums._sums = [counters.get(f"sum {position}", 0) for position in range(_WORDS)]
        return sums

    def checksum(self) -> str:
        """Return the checksum, in hexadecimal digits."""
        text = " ".join(map(str, [self.number, *self._sums]))
        return hashlib.sha256(text.encode()).hexdigest()
