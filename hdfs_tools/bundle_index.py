"""Where each image is in a bundle, so that one can be had without reading them all.

The index is a file beside the bundle, ``.NAME.index``: first a line with the word ``bundle-index``,
a version and the bundle's size in bytes; then a line an image, in the bundle's order: its name as
in the record line, a TAB, the position of its line, a TAB, the bytes of that line, a TAB, the bytes
of the image (empty for a reference). It can be thrown away: it is made anew where it is missing, or
where the bundle has another size than it says.
"""

import contextlib
import re
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass

from hdfs_tools.bundle import is_bundle_name
from hdfs_tools.errors import CorruptRecord, HdfsToolsError, NotFound
from hdfs_tools.location import Location
from hdfs_tools.record import Record, Reference, decode_name, encode_name, is_image_line, parse_line
from hdfs_tools.streams import gathered
from hdfs_tools.temporary import index_name

__all__ = ["IndexWriter", "Member", "members", "read_member", "splits"]

_HEAD = b"bundle-index 1"
_IN_MEMORY = 1 << 24  # bytes of an index, from which on it is kept on disk


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
    """

    name: str
    position: int
    length: int
    size: int | None


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
        self._lines = tempfile.SpooledTemporaryFile(_IN_MEMORY)  # noqa: SIM115

    def __enter__(self) -> "IndexWriter":
        return self

    def __exit__(self, *_: object) -> None:
        self._lines.close()

    def begin_anew(self) -> None:
        """Forget all lines."""
        self.count = self.position = 0
        self._lines.seek(0)
        self._lines.truncate()

    def add(self, line: bytes) -> None:
        """Take note of the next line of the bundle."""
        if is_image_line(line):
            item = parse_line(line)
            size = b""
            if isinstance(item, Record):
                padding = item.encoded[-2:].count(b"=")
                size = b"%d" % (len(item.encoded) // 4 * 3 - padding)
            name = encode_name(item.name).encode("utf-8", "surrogateescape")
            self._lines.write(b"%s\t%d\t%d\t%s\n" % (name, self.position, len(line), size))
            self.count += 1
        self.position += len(line)

    def lines(self) -> Iterator[bytes]:
        """Iterate over the lines of the index."""
        yield _HEAD + b" %d\n" % self.position
        self._lines.seek(0)
        yield from self._lines

    def write(self, bundle: Location) -> None:
        """Write the index beside its bundle; one that is there is replaced."""
        _beside(bundle).write(lambda: gathered(self.lines()), overwrite=True)


def members(bundle: Location) -> Iterator[Member]:
    """Iterate over the images in a bundle, in its order."""
    size = bundle.entry().size
    index = _beside(bundle)
    try:
        with index.open() as lines:
            if lines.readline() == _HEAD + b" %d\n" % size:
                yield from map(_member, lines)
                return
    except FileNotFoundError:
        pass
    yield from map(_member, _made_anew(bundle))


def read_member(bundle: Location, name: str) -> bytes:
    """Return the bytes of one image in a bundle; `NotFound` if it is not there.

    Where several have the name, it is the first.
    """
    for member in members(bundle):
        if member.name == name:
            with bundle.open(member.position) as file:
                item = parse_line(file.read(member.length))
            if item.name != name:
                raise CorruptRecord(f"{bundle.text}: its index is of another bundle; delete it")
            if isinstance(item, Reference):
                item = item.within(bundle.text.rpartition("/")[0] or ".")
            return item.read()
    raise NotFound(f"{bundle.text}/{name}")


def splits(path: str) -> Iterator[tuple[str, str]]:
    """Iterate over what could be a bundle and a name in it, in a path that leads into one.

    >>> list(splits("/data/scans.bundle/ct/1.dcm")), list(splits("/data/scans.bundle/"))
    ([('/data/scans.bundle', 'ct/1.dcm')], [('/data/scans.bundle', '')])
    """
    for found in re.finditer("/+", path):
        if is_bundle_name(path[: found.start()]):
            yield path[: found.start()], path[found.end() :]


def _made_anew(bundle: Location) -> Iterator[bytes]:
    with IndexWriter() as index:
        with bundle.open() as lines:
            for line in lines:
                index.add(line)
        with contextlib.suppress(OSError, HdfsToolsError):  # of use where one may not write, too
            index.write(bundle)
        told = index.lines()
        next(told)
        yield from told


def _beside(bundle: Location) -> Location:
    return bundle.beside(index_name(bundle.path).rpartition("/")[2])


def _member(line: bytes) -> Member:
    name, position, length, size = line.rstrip(b"\n").split(b"\t")
    text = decode_name(name.decode("utf-8", "surrogateescape"))
    return Member(text, int(position), int(length), int(size) if size else None)
