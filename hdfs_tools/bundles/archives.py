"""Members of ZIP and TAR archives."""

import os
import re
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from functools import partial
from typing import IO, Any, NamedTuple

from hdfs_tools.errors import CorruptRecord, NotARegularFile, UnsafeName
from hdfs_tools.streams import CHUNK

__all__ = ["check_name", "is_archive_name", "members"]

_ARCHIVE = re.compile(r".+\.(zip|tar|tgz|tar\.gz|tbz2?|tar\.bz2|txz|tar\.xz)", re.I | re.S)
_DRIVE = re.compile(r"[A-Za-z]:")


class Member(NamedTuple):
    """A file in an archive: its name, its length in bytes, and what reads it in pieces."""

    name: str
    size: int
    pieces: Callable[[], Iterator[bytes]]


def is_archive_name(name: str) -> bool:
    """Return whether a file is an archive, by its name.

    >>> is_archive_name("scans.zip"), is_archive_name("scans.tar.gz"), is_archive_name("a.png")
    (True, True, False)
    """
    return _ARCHIVE.fullmatch(os.path.basename(name)) is not None


def check_name(name: str) -> None:
    """Raise `UnsafeName` if a name, taken as a path in a directory, would lead out of it."""
    parts = name.replace("\\", "/").split("/")
    if ".." in parts or "." in parts or "" in parts or "\0" in name or _DRIVE.match(name):
        raise UnsafeName(f"{name!r}: not a name of a file in the directory")


def members(name: str, file: "IO[bytes] | Any") -> Iterator[Member]:
    """Iterate over the files in an archive.

    They must be read in this order, each before the next: a TAR is read once, from its beginning.

    Parameters
    ----------
    name : str
        Name of the archive, by which its kind is known.
    file : file object
        Its bytes; seekable, if it is a ZIP.

    Raises
    ------
    CorruptRecord
        It is damaged, or cannot be read without a password. Also raised by what reads.
    """
    try:
        yield from _zip(file) if name.lower().endswith(".zip") else _tar(file)
    except (tarfile.TarError, zipfile.BadZipFile, EOFError, zlib.error) as error:
        raise CorruptRecord(f"the archive is damaged: {error}") from None


def _zip(file: Any) -> Iterator[Member]:
    with zipfile.ZipFile(file) as archive:
        for info in archive.infolist():
            if not info.is_dir():
                yield Member(info.filename, info.file_size, partial(_from_zip, archive, info))


def _from_zip(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> Iterator[bytes]:
    check_name(info.filename)
    if (info.external_attr >> 16) & 0o170000 == 0o120000:
        raise NotARegularFile("a link")
    try:
        with archive.open(info) as content:
            while piece := content.read(CHUNK):
                yield piece
    except (RuntimeError, NotImplementedError) as error:  # a password, a rare method
        raise CorruptRecord(str(error)) from None
    except (zipfile.BadZipFile, EOFError, zlib.error) as error:
        raise CorruptRecord(f"it is damaged: {error}") from None


def _tar(file: Any) -> Iterator[Member]:
    with tarfile.open(fileobj=file, mode="r|*") as archive:
        for info in archive:
            if not info.isdir():
                name = info.name.removeprefix("./")
                yield Member(name, info.size, partial(_from_tar, archive, info, name))
            archive.members = []  # type: ignore[attr-defined]  # else it keeps them all


def _from_tar(archive: tarfile.TarFile, info: tarfile.TarInfo, name: str) -> Iterator[bytes]:
    check_name(name)
    if not info.isfile():
        kind = "a link" if info.issym() or info.islnk() else "a pipe or device"
        raise NotARegularFile(kind)
    content = archive.extractfile(info)
    assert content is not None  # noqa: S101  (it is a file)
    left = info.size
    try:
        while piece := content.read(CHUNK):
            left -= len(piece)
            yield piece
    except (tarfile.TarError, EOFError, zlib.error) as error:
        raise CorruptRecord(f"it is damaged: {error}") from None
    if left:
        raise CorruptRecord("the archive ends in it")
