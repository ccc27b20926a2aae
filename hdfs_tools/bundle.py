"""Bundles: files of record lines, which hold many images in one file; see `hdfs_tools.record`."""

import errno
import os
import re
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO

from hdfs_tools.errors import CorruptRecord, NotARegularFile, UnsafeName
from hdfs_tools.local import walk_files
from hdfs_tools.record import Reference, bundle_line, parse_line
from hdfs_tools.uri import is_hdfs_uri, path_of

__all__ = ["is_bundle_name", "lines_between", "open_at", "pack", "unpack"]

_BUNDLE_NAME = re.compile(r".+\.bundle|part-(?:[mr]-)?\d{5,}", re.DOTALL)
_DRIVE = re.compile(r"[A-Za-z]:")


def is_bundle_name(name: str) -> bool:
    """Tell by its name whether a file holds record lines: ``*.bundle``, or a job's ``part-00000``.

    >>> is_bundle_name("scans.bundle"), is_bundle_name("part-00000"), is_bundle_name("part-1.png")
    (True, True, False)
    """
    return _BUNDLE_NAME.fullmatch(os.path.basename(name)) is not None


def lines_between(location: str, start: int, length: int) -> Iterator[bytes]:
    """Iterate over the lines that begin in a span of bytes, as Hadoop reads its splits.

    Spans that cover a file, whatever their borders, give every line exactly once.

    Parameters
    ----------
    location : str
        Path of a local file, or the URI of one on HDFS.
    start, length : int
        The span, in bytes.

    Yields
    ------
    bytes
        A line, with its line end; the last may reach beyond the span.
    """
    # A line that begins at `start` follows the line end just before it.
    position = max(0, start - 1)
    with open_at(location, position) as file:
        if start:
            position += len(file.readline())
        while position < start + length:
            line = file.readline()
            if not line:
                return
            position += len(line)
            yield line


def open_at(location: str, start: int = 0) -> IO[bytes]:
    """Open a file for reading from a position on.

    Parameters
    ----------
    location : str
        Path of a local file, or the URI of one on HDFS.
    start : int, optional
        Position in bytes.
    """
    if is_hdfs_uri(location):
        from hdfs_tools.filesystem import locate  # what is behind it is slow to import

        return locate(location).open(path_of(location), start)
    file = open(location, "rb")  # noqa: SIM115
    file.seek(start)
    return file


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
    if not os.path.lexists(source):
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), source)
    if os.path.isdir(source):
        names: Iterable[tuple[str, int]] = walk_files(source)
        if Path(bundle).is_relative_to(source):
            names = list(names)  # before there is a temporary file among them
        references = (Reference(f"{source}/./{name}") for name, _ in names)
    else:
        references = [Reference(f"{os.path.dirname(source)}/./{os.path.basename(source)}")]

    def lines() -> Iterator[bytes]:
        for reference in references:
            try:
                yield bundle_line(reference.name, reference.read())
            except NotARegularFile as error:
                path = reference.location.replace("/./", "/")
                raise NotARegularFile(f"{path}: {error}") from None
            except OSError as error:
                error.filename = reference.location.replace("/./", "/")
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
    with open(bundle, "rb") as lines:
        os.makedirs(target, exist_ok=True)
        for line in filter(None, (line.strip(b"\r\n") for line in lines)):
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
        raise UnsafeName(f"{name!r}: not a name of a file in the folder")
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
