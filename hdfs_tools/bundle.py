"""The record line: how an image travels as one line of text.

A line is one of two things:

reference
    A path or a URI, nothing else. Whoever needs the image fetches the bytes.
bundle record
    The image's name, a TAB, its bytes in standard base64 without line breaks.

A *bundle* is a file of bundle records, a *manifest* is a file of references; both kinds of line
may stand in one file. In names and paths, ``%`` and all control characters (TAB, CR and LF among
them) are percent-encoded as UTF-8, and so are bytes that are not UTF-8; everything else stays
readable. A URI is taken as it stands: it has its own percent-encoding.

A reference's *name* is the reference itself or, where it holds ``/./``, what stands behind the
last one, as in ``rsync --relative``: ``/data/scans/./ct/1.dcm`` is the image ``ct/1.dcm``.
"""

import binascii
import os
import re
import stat
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, unquote_to_bytes

from hdfs_tools.errors import CorruptRecord, NotARegularFile, UnsafeName, UnsupportedScheme
from hdfs_tools.local import walk_files

__all__ = [
    "Record",
    "Reference",
    "bundle_line",
    "decode_name",
    "encode_name",
    "is_bundle_name",
    "lines_between",
    "pack",
    "parse_line",
    "reference_line",
    "unpack",
]

# '%', control characters (Unicode category Cc), and bytes that were not UTF-8 (PEP 383).
_TO_ENCODE = re.compile("[%\x00-\x1f\x7f-\x9f\udc80-\udcff]")
_URI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:/")
_BUNDLE_NAME = re.compile(r".+\.bundle|part-(?:[mr]-)?\d{5,}", re.DOTALL)
_DRIVE = re.compile(r"[A-Za-z]:")


def encode_name(name: str) -> str:
    r"""Percent-encode what a name cannot carry through a line of text.

    >>> encode_name("chest\t100%/ün.png")
    'chest%09100%25/ün.png'
    """

    def escape(match: re.Match[str]) -> str:
        return "".join(f"%{byte:02X}" for byte in match[0].encode("utf-8", "surrogateescape"))

    return _TO_ENCODE.sub(escape, name)


def decode_name(text: str) -> str:
    r"""Undo `encode_name`. A ``%`` that no two hexadecimal digits follow stands for itself.

    >>> decode_name("chest%09100%25/ün.png")
    'chest\t100%/ün.png'
    """
    if "%" not in text:
        return text
    raw = unquote_to_bytes(text.encode("utf-8", "surrogateescape"))
    return raw.decode("utf-8", "surrogateescape")


def is_bundle_name(name: str) -> bool:
    """Tell by its name whether a file holds record lines: ``*.bundle``, or a job's ``part-00000``.

    >>> is_bundle_name("scans.bundle"), is_bundle_name("part-00000"), is_bundle_name("part-1.png")
    (True, True, False)
    """
    return _BUNDLE_NAME.fullmatch(os.path.basename(name)) is not None


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
        try:
            data = binascii.a2b_base64(self.encoded)
        except binascii.Error as error:
            raise CorruptRecord(f"the record's base64 is damaged: {error}") from None
        # a2b_base64 skips what is not base64, so damage shows as missing bytes.
        padding = len(self.encoded) - len(self.encoded.rstrip(b"="))
        if len(data) != len(self.encoded) // 4 * 3 - padding:
            raise CorruptRecord("the record's base64 is damaged: it holds other characters")
        return data


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
        """The image's name: what stands behind the last ``/./``, else the whole reference."""
        _, marker, tail = self.location.rpartition("/./")
        if marker and _URI.match(self.location):
            return unquote(tail, errors="surrogateescape")
        return tail

    @property
    def is_relative(self) -> bool:
        """Whether the location has a meaning only together with a folder."""
        return not (self.location.startswith("/") or _URI.match(self.location))

    def within(self, folder: str) -> "Reference":
        """Return the absolute form of a relative reference, under the same name."""
        return Reference(f"{folder}/./{self.location}") if self.is_relative else self

    def path(self) -> str:
        """Return the local path; raise `UnsupportedScheme` if the image lies elsewhere."""
        if _URI.match(self.location) is None:
            return self.location
        if self.location.startswith("file:"):
            rest = self.location.removeprefix("file:").removeprefix("//")
            return unquote(rest.removeprefix("localhost"), errors="surrogateescape")
        scheme = self.location.partition(":")[0]
        raise UnsupportedScheme(f"{scheme}: references cannot be read, only files of this machine")

    def read(self) -> bytes:
        """Return the image's bytes.

        Raises
        ------
        OSError
            The file is missing or may not be read, or it is a folder, pipe, socket or device.
        UnsupportedScheme
            The reference is to other storage.
        """
        path = self.path()
        mode = os.stat(path).st_mode
        if stat.S_ISDIR(mode):
            os.scandir(path).close()  # a folder that may not be listed says so
            raise NotARegularFile("a folder, or a link to a folder that it lies in")
        if not stat.S_ISREG(mode):
            raise NotARegularFile("a pipe, socket or device")
        with open(path, "rb") as file:
            return file.read()


def parse_line(line: bytes) -> Record | Reference:
    r"""Read one record line, with or without its line end.

    >>> parse_line(b"a%25.png\tAAAA\n")
    Record(name='a%.png', encoded=b'AAAA')
    >>> parse_line(b"scans/a%25.png\r\n")
    Reference(location='scans/a%.png')
    """
    head, tab, encoded = line.rstrip(b"\r\n").partition(b"\t")
    text = head.decode("utf-8", "surrogateescape")
    if tab:
        return Record(decode_name(text), encoded)
    return Reference(text if _URI.match(text) else decode_name(text))


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
    text = location if _URI.match(location) else encode_name(location)
    return text.encode("utf-8", "surrogateescape") + b"\n"


def lines_between(path: str, start: int, length: int) -> Iterator[bytes]:
    """Iterate over the lines that begin in a span of bytes, as Hadoop reads its splits.

    Spans that cover a file, whatever their borders, give every line exactly once.

    Parameters
    ----------
    path : str
        A local file.
    start, length : int
        The span, in bytes.

    Yields
    ------
    bytes
        A line, with its line end; the last may reach beyond the span.
    """
    with open(path, "rb") as file:
        if start:
            # A line that begins at `start` follows the line end just before it.
            file.seek(start - 1)
            position = start - 1 + len(file.readline())
        else:
            position = 0
        while position < start + length:
            line = file.readline()
            if not line:
                return
            position += len(line)
            yield line


def pack(source: str | os.PathLike[str], bundle: str | os.PathLike[str]) -> int:
    """Write every file under a folder, or one file, into a bundle.

    The bundle appears under its name only when it is whole.

    Parameters
    ----------
    source : path
        A folder; names are relative to it. Or a file, whose name is its base name.
    bundle : path
        The bundle to write. It must not exist.

    Returns
    -------
    int
        Number of images written.

    Raises
    ------
    OSError
        A file cannot be read, or the bundle exists.
    """
    source, bundle = os.path.abspath(source), os.path.abspath(bundle)
    if os.path.exists(bundle):
        raise FileExistsError(f"{bundle}: exists already")
    references: Iterable[Reference]
    if os.path.isdir(source):
        references = (Reference(f"{source}/./{name}") for name, _ in walk_files(source))
    else:
        references = [Reference(f"{os.path.dirname(source)}/./{os.path.basename(source)}")]

    def lines() -> Iterator[bytes]:
        for reference in references:
            try:
                yield bundle_line(reference.name, reference.read())
            except OSError as error:
                error.filename = error.filename or reference.location
                raise

    return _write_whole(bundle, lines())


def unpack(bundle: str | os.PathLike[str], folder: str | os.PathLike[str]) -> int:
    """Write the images of a bundle back as files, byte for byte.

    Each file appears under its name only when it is whole.

    Parameters
    ----------
    bundle : path
        A file of record lines; a relative reference is relative to the bundle's folder.
    folder : path
        Where to write. It is made if need be; files in it are not overwritten.

    Returns
    -------
    int
        Number of images written.

    Raises
    ------
    CorruptRecord
        A record is damaged.
    UnsafeName
        A name is absolute or would climb out of `folder`.
    OSError
        A file exists already or cannot be written.
    """
    count = 0
    base = os.path.dirname(os.path.abspath(bundle))
    target = os.path.abspath(folder)
    os.makedirs(target, exist_ok=True)
    with open(bundle, "rb") as lines:
        for line in lines:
            item = parse_line(line)
            if isinstance(item, Reference):
                item = item.within(base)
            path = _safe_path(target, item.name)
            if os.path.lexists(path):
                raise FileExistsError(f"{path}: exists already")
            try:
                data = item.read()
            except CorruptRecord as error:
                raise CorruptRecord(f"{item.name}: {error}") from None
            os.makedirs(os.path.dirname(path), exist_ok=True)
            _write_whole(path, [data])
            count += 1
    return count


def _safe_path(folder: str, name: str) -> str:
    """Return where `name` belongs in `folder`; raise `UnsafeName` if that is outside."""
    parts = name.replace("\\", "/").split("/")
    if ".." in parts or "" in parts or "\0" in name or _DRIVE.match(name):
        raise UnsafeName(f"{name!r}: this name would be written outside of the folder")
    path = os.path.join(folder, name)
    if not Path(os.path.realpath(os.path.dirname(path))).is_relative_to(os.path.realpath(folder)):
        raise UnsafeName(f"{name!r}: a link in the folder leads this name outside of it")
    return path


def _write_whole(path: str, chunks: Iterable[bytes]) -> int:
    """Write chunks to a temporary file beside `path`, then rename it; return their number."""
    count = 0
    with tempfile.NamedTemporaryFile(dir=os.path.dirname(path), prefix=".", delete=False) as file:
        try:
            for chunk in chunks:
                file.write(chunk)
                count += 1
            file.flush()
            os.fsync(file.fileno())
            umask = os.umask(0)
            os.umask(umask)
            os.chmod(file.name, 0o666 & ~umask)
            os.replace(file.name, path)
        except BaseException:
            os.unlink(file.name)
            raise
    return count
