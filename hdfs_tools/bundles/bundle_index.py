"""Index of a bundle: the position of each image, to read one without the others.

The index is a file beside the bundle, ``.NAME.index``: first a line with the word ``bundle-index``,
a version, the bundle's size in bytes and its time of change in milliseconds since 1970; then a line
an image, in the bundle's order: its name as in the record line, a TAB, the position of its line, a
TAB, the bytes of that line, a TAB, the bytes of the image (empty for a reference), a TAB, the
CRC32C of the line in hexadecimal. It can be thrown away: it is made anew where it is missing, or
where the bundle has another size or time than it says.
"""

import contextlib
import re
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO

from google_crc32c import extend

from hdfs_tools.bundles.bundle import is_bundle_name
from hdfs_tools.bundles.random_access import decoded_pieces
from hdfs_tools.bundles.record import (
    Record,
    Reference,
    decode_name,
    encode_name,
    is_image_line,
    parse_line,
)
from hdfs_tools.copying.temporary import index_name
from hdfs_tools.copying.trees import Entry
from hdfs_tools.errors import CorruptRecord, HdfsToolsError, NotFound
from hdfs_tools.location import Location
from hdfs_tools.streams import CHUNK, IN_MEMORY, gathered

__all__ = ["IndexWriter", "Member", "members", "pieces_of", "read_member", "scanned", "splits"]

_HEAD = "bundle-index 2"


@dataclass(frozen=True)
class Member:
    """An image in a bundle.

    Attributes
    ----------
    name : str
        Its name.
    position, length : int
        Where its line begins in the bundle, and how many bytes that has.
    size : int or None
        Bytes of the image; None for a reference.
    crc : int
        CRC32C of the line.
    """

    name: str
    position: int
    length: int
    size: int | None
    crc: int


class _Line:
    """A line of a bundle that passes in pieces.

    Parameters
    ----------
    position : int
        Where it begins.
    """

    def __init__(self, position: int) -> None:
        self._position = position
        self._crc = self._length = 0
        self._first = self._last = b""

    def take(self, piece: bytes) -> None:
        """Take note of its next piece."""
        self._first = self._first or piece
        self._last = (self._last + piece[-4:])[-4:]
        self._length += len(piece)
        self._crc = extend(self._crc, piece)

    def member(self) -> Member | None:
        """Return the image that the line stands for, when it has passed; None if there is none."""
        if not self._length or not is_image_line(self._first):
            return None
        item = parse_line(self._first)
        size = None
        if isinstance(item, Record):
            encoded = self._length - self._first.index(b"\t") - 1
            end = self._last.rstrip(b"\r\n")
            encoded -= len(self._last) - len(end)
            size = encoded // 4 * 3 - end[-2:].count(b"=")
        return Member(item.name, self._position, self._length, size, self._crc)


class IndexWriter:
    """Makes an index while the bundle is written.

    Attributes
    ----------
    count : int
        Number of images so far.
    position : int
        Bytes of the bundle so far.
    """

    def __init__(self) -> None:
        self.count = 0
        self.position = 0
        self._line = _Line(0)
        self._lines = tempfile.SpooledTemporaryFile(IN_MEMORY)  # noqa: SIM115

    def __enter__(self) -> "IndexWriter":
        return self

    def __exit__(self, *_: object) -> None:
        self._lines.close()

    def begin_anew(self) -> None:
        """Forget all lines."""
        self.count = self.position = 0
        self._line = _Line(0)
        self._lines.seek(0)
        self._lines.truncate()

    def add(self, piece: bytes) -> None:
        """Take note of the next piece of the bundle: a line, or a part of one."""
        self._line.take(piece)
        self.position += len(piece)
        if piece.endswith(b"\n"):
            self._end_line()

    def _end_line(self) -> None:
        member, self._line = self._line.member(), _Line(self.position)
        if member is not None:
            name = encode_name(member.name).encode("utf-8", "surrogateescape")
            size = b"" if member.size is None else b"%d" % member.size
            values = (name, member.position, member.length, size, member.crc)
            self._lines.write(b"%s\t%d\t%d\t%s\t%08x\n" % values)
            self.count += 1

    def lines(self) -> Iterator[bytes]:
        """Iterate over the lines of the index, but for the first."""
        self._end_line()  # the last may have had no end
        self._lines.seek(0)
        yield from self._lines

    def write(self, bundle: Location, found: Entry) -> None:
        """Write the index beside its bundle; one that is there is replaced.

        Parameters
        ----------
        bundle : Location
            The bundle.
        found : Entry
            What is known of it.
        """

        def whole() -> Iterator[bytes]:
            yield _head_of(found)
            yield from self.lines()

        _beside(bundle).write(lambda: gathered(whole()), overwrite=True)


def scanned(file: IO[bytes]) -> Iterator[tuple[Member, bytes | None]]:
    """Iterate over the images in a bundle, in bounded memory.

    Parameters
    ----------
    file : binary file
        The bundle, from its beginning.

    Yields
    ------
    member : Member
        An image.
    line : bytes or None
        Its line; None if that is too large to be held in memory.
    """
    position = 0
    while piece := file.readline(IN_MEMORY):
        line = _Line(position)
        line.take(piece)
        position += len(piece)
        whole: bytes | None = piece
        while not piece.endswith(b"\n") and (piece := file.readline(IN_MEMORY)):
            line.take(piece)
            position += len(piece)
            whole = None
        member = line.member()
        if member is not None:
            yield member, whole


def members(bundle: Location) -> Iterator[Member]:
    """Iterate over the images in a bundle, in its order."""
    found = bundle.entry()
    try:
        with _beside(bundle).open() as lines:
            if lines.readline() == _head_of(found):
                yield from map(_member, lines)
                return
    except FileNotFoundError:
        pass
    yield from map(_member, _made_anew(bundle, found))


def pieces_of(bundle: Location, member: Member) -> Iterator[bytes]:
    """Iterate over the bytes of an image in a bundle, in pieces.

    Raises
    ------
    CorruptRecord
        What is there is not what the index says: before anything of it is handed out or, of an
        image that is too large to be held in memory, at its end.
    """
    with bundle.open(member.position) as file:
        if member.length > IN_MEMORY:
            yield from decoded_pieces(_encoded(bundle, member, file))
            return
        line = file.read(member.length)
    if extend(0, line) != member.crc or (item := parse_line(line)).name != member.name:
        raise _other(bundle)
    if isinstance(item, Reference):
        item = item.within(bundle.text.rpartition("/")[0] or ".")
    yield item.read()


def _encoded(bundle: Location, member: Member, file: IO[bytes]) -> Iterator[bytes]:
    """Iterate over the base64 of a large record."""
    left = member.length
    crc = 0
    head = b""
    while left and (piece := file.read(min(CHUNK, left))):
        left -= len(piece)
        crc = extend(crc, piece)
        if not head:
            head, _, piece = piece.partition(b"\t")
            if decode_name(head.decode("utf-8", "surrogateescape")) != member.name:
                raise _other(bundle)
        yield piece.rstrip(b"\r\n")
    if left or crc != member.crc:
        raise _other(bundle)


def _other(bundle: Location) -> CorruptRecord:
    index = _beside(bundle).text
    return CorruptRecord(f"{bundle.text}: is not the bundle that its index is of; delete {index}")


def read_member(bundle: Location, name: str) -> Iterator[bytes]:
    """Iterate over the bytes of one image in a bundle; `NotFound` if it is not there.

    Where several have the name, it is the first. Errors are those of `pieces_of`.
    """
    for member in members(bundle):
        if member.name == name:
            return pieces_of(bundle, member)
    raise NotFound(f"{bundle.text}/{name}")


def splits(path: str) -> Iterator[tuple[str, str]]:
    """Iterate over what could be a bundle and a name in it, in a path that leads into one.

    >>> list(splits("/data/scans.bundle/ct/1.dcm")), list(splits("/data/scans.bundle/"))
    ([('/data/scans.bundle', 'ct/1.dcm')], [('/data/scans.bundle', '')])
    """
    for found in re.finditer("/+", path):
        if is_bundle_name(path[: found.start()]):
            yield path[: found.start()], path[found.end() :]


def _made_anew(bundle: Location, found: Entry) -> Iterator[bytes]:
    with IndexWriter() as index:
        with bundle.open() as file:
            while piece := file.readline(IN_MEMORY):
                index.add(piece)
        if index.position == found.size:  # else it grows
            # Of use where one may not write, too.
            with contextlib.suppress(OSError, HdfsToolsError):
                index.write(bundle, found)
        yield from index.lines()


def _head_of(found: Entry) -> bytes:
    return f"{_HEAD} {found.size} {int(found.modified * 1000)}\n".encode()


def _beside(bundle: Location) -> Location:
    return bundle.beside(index_name(bundle.path).rpartition("/")[2])


def _member(line: bytes) -> Member:
    name, position, length, size, crc = line.rstrip(b"\n").split(b"\t")
    text = decode_name(name.decode("utf-8", "surrogateescape"))
    numbers = int(position), int(length), int(size) if size else None, int(crc, 16)
    return Member(text, *numbers)
