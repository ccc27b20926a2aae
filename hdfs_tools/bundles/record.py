"""The record line: how an image travels as one line of text.

A line is one of these:

reference
    A path or a URI, nothing else. Whoever needs the image fetches the bytes.
bundle record
    The image's name, a TAB, its bytes in standard base64 without line breaks.
error line
    The image's name as JSON, a TAB, ``{"error": TYPE, "message": …}`` (see `Failure`): what a job
    writes in place of an image that failed. Whoever reads the image meets the same error.
audit line
    The same with ``{"audit": …}``: what a job reports on an image besides the image. It is no
    image, and whoever reads images passes it over.

A *bundle* is a file of bundle records, a *manifest* is a file of references; both kinds of line
may stand in one file. In names and paths, ``%`` and all control characters (TAB, CR and LF among
them) are percent-encoded as UTF-8, and so are bytes that are not UTF-8; everything else stays
readable. A URI is taken as it stands: it has its own percent-encoding.

A reference's *name* is its path or, where it holds ``/./``, what stands behind the last one, as in
``rsync --relative``: ``/data/scans/./ct/1.dcm`` is the image ``ct/1.dcm``. It is a path in any
directory that images are unpacked into, so what leads out of one is no part of it, as with ``tar``:
``/data/1.dcm`` and ``hdfs://namenode/data/1.dcm`` are ``data/1.dcm``, ``../scans/1.dcm`` is
``scans/1.dcm``.
"""

import binascii
import contextlib
import errno
import json
import os
import re
import stat
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO, TypeVar
from urllib.parse import quote, unquote

from hdfs_tools.bundles.failure import Failure
from hdfs_tools.bundles.random_access import decoded, open_base64, open_ranges
from hdfs_tools.errors import NotARegularFile, ReadFailed, TooLarge
from hdfs_tools.location import Location
from hdfs_tools.uri import authority_of, decode_name, encode_name, is_uri

if TYPE_CHECKING:
    from hdfs_tools.filesystem import FileSystem

__all__ = [
    "Record",
    "Reference",
    "bundle_line",
    "bundle_pieces",
    "decode_name",
    "encode_name",
    "is_image_line",
    "is_uri",
    "parse_line",
    "reference_line",
    "room_of",
]

_Read = TypeVar("_Read", bytes, BinaryIO)

_FAILED, _STORED = "failed:/", "stored:/"
_ERROR = b'{"error":'  # which base64 cannot begin with
_AUDIT = b'"\t{"audit":'
_AUTHORITY = re.compile(r"[^:]*:(//[^/]*)?")
_OUTWARD = re.compile(r"(.*/)?\.\./|/|\./", re.DOTALL)  # up to the last "..", or the root
_MAX_HEAD = 1 << 16  # bytes of a name or a reference, encoded: more than any file system has
_MAX_LINE = (1 << 31) - 1
_MAX_QUOTED = 80  # characters of what is no name


@dataclass(frozen=True)
class Record:
    """A bundle record.

    Attributes
    ----------
    name : str
        The image's name.
    encoded : bytes
        Its bytes in base64.
    """

    name: str
    encoded: bytes

    def read(self) -> bytes:
        """Return the image's bytes; raise `CorruptRecord` if the base64 is damaged."""
        return decoded(self.encoded)

    def open(self) -> BinaryIO:
        """Return a file object that decodes as much as is read; see `random_access`.

        >>> Record("a.png", b"SEVBRCBhbmQgcGl4ZWxz").open().read(4)
        b'HEAD'
        """
        return open_base64(self.encoded)


@dataclass(frozen=True)
class Reference:
    """A reference to an image that lies elsewhere.

    Attributes
    ----------
    location : str
        A path, or a URI.
    """

    location: str

    @property
    def name(self) -> str:
        """The image's name: what stands behind the last ``/./``, and leads out of no directory.

        >>> Reference("/data/scans/./ct/1.dcm").name, Reference("/data/../ct//1.dcm").name
        ('ct/1.dcm', 'ct/1.dcm')
        >>> Reference("hdfs://namenode:8020/data/100%25.png").name
        'data/100%.png'
        """
        _, marker, tail = self.location.rpartition("/./")
        if is_uri(self.location):
            if not marker:
                tail = _AUTHORITY.sub("", self.location)
            tail = unquote(tail, errors="surrogateescape")
            if self.location.startswith((_FAILED, _STORED)):
                return tail  # a name already
        tail = re.sub("//+", "/", tail)
        outward = _OUTWARD.match(tail)
        return tail[outward.end() :] if outward else tail

    @property
    def is_relative(self) -> bool:
        """Whether the location has a meaning only together with a directory."""
        return not (self.location.startswith("/") or is_uri(self.location))

    @property
    def is_remote(self) -> bool:
        """Whether the image lies on HDFS, under its own name."""
        return bool(authority_of(self.location))

    @property
    def is_stored(self) -> bool:
        """Whether the image lies under another name than its own, for as long as a job runs.

        >>> Reference.stored("a.png", "file:///tmp/1").is_stored
        True
        """
        return self.location.startswith(_STORED)

    def within(self, directory: str) -> "Reference":
        """Return the absolute form of a reference that stands in a directory, under the same name.

        In a directory on HDFS, an absolute path is one on HDFS.

        >>> Reference("a.png").within("/data")
        Reference(location='/data/./a.png')
        >>> Reference("/x/100%.png").within("hdfs://namenode/data")
        Reference(location='hdfs://namenode/.//x/100%25.png')
        """
        if is_uri(self.location):
            return self
        authority = authority_of(directory)
        if authority:
            base = directory if self.is_relative else authority
            return Reference(f"{base}/./{encode_name(self.location)}")
        return Reference(f"{directory}/./{self.location}") if self.is_relative else self

    @classmethod
    def failed(cls, name: str, kind: str, message: str) -> "Reference":
        """Return what stands for an image that could not be read where it should have been.

        >>> Reference.failed("a.png", "PermissionError", "Permission denied").read()
        Traceback (most recent call last):
        hdfs_tools.errors.ReadFailed: Permission denied
        """
        return cls(f"{_FAILED}{kind}/{quote(message, '')}/./{encode_name(name)}")

    @classmethod
    def stored(cls, name: str, uri: str) -> "Reference":
        """Return a reference to an image that lies under another name than its own.

        >>> Reference.stored("a.png", "file:///tmp/1").location
        'stored:/file%3A%2F%2F%2Ftmp%2F1/./a.png'
        """
        return cls(f"{_STORED}{quote(uri, '')}/./{encode_name(name)}")

    def read(self) -> bytes:
        """Return the image's bytes.

        Raises
        ------
        OSError
            The file is missing or may not be read, or it is a directory, pipe, socket or device.
        UnsupportedScheme
            The reference is to other storage.
        """
        if authority_of(self._location()):
            return self._stored(lambda storage, path: storage.read(path))
        with self.open() as file:
            return file.read()

    def open(self) -> BinaryIO:
        """Return a file object that reads as much as is asked of it; see `random_access`.

        Returns
        -------
        binary file
            Seekable.

        Raises
        ------
        OSError, UnsupportedScheme
            As `read`.
        """
        location = self._location()
        if authority_of(location):
            return self._stored(open_ranges)
        if location.startswith(_FAILED):
            kind, message, _ = location.removeprefix(_FAILED).split("/", 2)
            raise ReadFailed(kind, unquote(message))
        path = Location.of_uri(location).path
        if "\0" in path:
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))
        mode = os.stat(path).st_mode
        if stat.S_ISDIR(mode):
            os.scandir(path).close()  # a directory that may not be listed says so
            raise NotARegularFile("a directory, or a link to a directory that it lies in")
        if not stat.S_ISREG(mode):
            raise NotARegularFile("a pipe, socket or device")
        return open(path, "rb")

    def _location(self) -> str:
        """Return where the image lies, also if that is not under its own name."""
        if self.location.startswith(_STORED):
            return unquote(self.location.removeprefix(_STORED).partition("/")[0])
        return self.location

    def _stored(self, read: "Callable[[FileSystem, str], _Read]") -> "_Read":
        """Return what is read of an image on a file system."""
        location = Location.of_uri(self._location())
        assert location.storage is not None  # noqa: S101  (there is an authority)
        try:
            return read(location.storage, location.path)
        except FileNotFoundError:
            as_written = Location.of(location.text).path  # a name that was never encoded
            if as_written == location.path:
                raise
            return read(location.storage, as_written)


def parse_line(line: bytes) -> Record | Reference:
    r"""Read one record line, with or without its line end.

    An error line becomes a reference that cannot be read, see `Reference.failed`.

    >>> parse_line(b"a%25.png\tAAAA\n")
    Record(name='a%.png', encoded=b'AAAA')
    >>> parse_line(b"scans/a%25.png\r\n")
    Reference(location='scans/a%.png')
    >>> parse_line(b'"a.png"\t{"error": "EmptyFile", "message": "the file is empty"}\n').name
    'a.png'
    """
    head, tab, encoded = line.rstrip(b"\r\n").partition(b"\t")
    if encoded.startswith(_ERROR):
        with contextlib.suppress(ValueError):  # else a damaged record
            name, failure = json.loads(head), Failure.from_json(json.loads(encoded))
            if failure is not None:
                return Reference.failed(str(name), failure.error, failure.message)
    text = head.decode("utf-8", "surrogateescape")
    if len(text) > _MAX_HEAD:
        reason = f"not a record: {len(text)} bytes without a TAB"
        return Reference.failed(decode_name(text[:_MAX_QUOTED]), "CorruptRecord", reason)
    if tab:
        return Record(decode_name(text), encoded)
    return Reference(text if is_uri(text) else decode_name(text))


def is_image_line(line: bytes) -> bool:
    r"""Return whether a line stands for an image: an empty one and an audit line do not.

    >>> is_image_line(b"a.png\tAAAA\n"), is_image_line(b'"a.png"\t{"audit": {}}\n')
    (True, False)
    """
    if line[:1] == b'"':  # quick: a line may be long
        return _AUDIT not in line
    return line not in (b"", b"\n", b"\r\n")


def room_of(name: str) -> int:
    """Return the bytes of the largest image of some name that fits into a bundle record.

    Hadoop reads lines of up to 2³¹ − 1 bytes (org.apache.hadoop.util.LineReader).

    >>> room_of("a.png")
    1610612730
    """
    return (_MAX_LINE - len(encode_name(name).encode()) - len("\t\n")) // 4 * 3


def bundle_pieces(name: str, pieces: Iterable[bytes]) -> Iterator[bytes]:
    r"""Iterate over the bundle record of one image that comes in pieces.

    Raises
    ------
    TooLarge
        Hadoop could not read it as a line.

    Examples
    --------
    >>> b"".join(bundle_pieces("a.png", [b"\x00", b"\x00\x00"]))
    b'a.png\tAAAA\n'
    """
    room = room_of(name)
    yield encode_name(name).encode() + b"\t"
    waiting = b""
    for piece in pieces:
        room -= len(piece)
        if room < 0:
            raise TooLarge
        held = waiting + piece if waiting else piece
        cut = len(held) // 3 * 3
        yield binascii.b2a_base64(held[:cut], newline=False)
        waiting = held[cut:]
    yield binascii.b2a_base64(waiting)


def bundle_line(name: str, data: bytes) -> bytes:
    r"""Return the bundle record of one image, line end included.

    >>> bundle_line("a%.png", b"\x00\x00\x00")
    b'a%25.png\tAAAA\n'
    """
    return encode_name(name).encode() + b"\t" + binascii.b2a_base64(data)


def reference_line(reference: Reference) -> bytes:
    r"""Return the line of a reference, line end included.

    >>> reference_line(Reference("/data/./100%.png"))
    b'/data/./100%25.png\n'
    """
    location = reference.location
    text = location if is_uri(location) else encode_name(location)
    return text.encode("utf-8", "surrogateescape") + b"\n"
