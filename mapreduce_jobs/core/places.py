"""Where the input is that a user names: on this machine or on HDFS."""

import glob
import os
import posixpath
import re
import stat
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from hdfs_tools.errors import HdfsToolsError
from hdfs_tools.folders import walk_files
from hdfs_tools.record import Reference
from hdfs_tools.uri import authority_of, encode_name, is_uri, path_of, tidy_uri
from mapreduce_jobs.core.errors import UsageError

if TYPE_CHECKING:  # it is slow to import, and only for what lies on HDFS
    from hdfs_tools.filesystem import FileSystem
    from hdfs_tools.status import Status

__all__ = [
    "StatusOnHDFS",
    "is_stream",
    "named_files",
    "named_on_hdfs",
    "on_hdfs",
    "size_of",
    "uri_like",
    "walk",
]

_LIST_FROM = 20  # files of one directory of HDFS, from which on it is listed


def named_files(argument: str) -> list[str]:
    """Return the local paths that an argument names: itself, or what matches the glob."""
    if argument.startswith("file:"):
        argument = Reference(argument).path()
    elif is_uri(argument):
        raise UsageError(f"{argument}: only files of this machine and of HDFS can be read")
    if os.path.lexists(argument):
        return [argument]
    if not glob.has_magic(argument):
        raise UsageError(f"{argument}: no such file or folder")
    found = sorted(glob.glob(argument, recursive=True))
    if not found:
        raise UsageError(f"{argument}: no file matches this pattern")
    return found


def named_on_hdfs(argument: str) -> "tuple[FileSystem, list[Status]]":
    """Return what an argument names on HDFS, where the path is what was typed, not encoded."""
    from hdfs_tools.connecting import locate
    from hdfs_tools.globbing import has_magic

    if not path_of(argument, raw=True):
        likely = argument.replace("://", ":///", 1)
        raise UsageError(f"{argument}: there is no path in it; {likely} would be one on HDFS")
    storage = locate(argument)
    path = re.sub("/+", "/", path_of(argument, raw=True)).rstrip("/") or "/"
    try:
        return storage, [storage.stat(path)]
    except FileNotFoundError:
        if not has_magic(path):
            raise UsageError(f"{argument}: no such file or folder") from None
    found = sorted(storage.glob(path), key=lambda entry: entry.path)
    if not found:
        raise UsageError(f"{argument}: no file matches this pattern")
    return storage, found


@contextmanager
def on_hdfs(argument: str) -> Iterator[None]:
    """Name what the user asked for where HDFS refuses it."""
    try:
        yield
    except (HdfsToolsError, OSError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else error
        raise UsageError(f"{argument}: {reason}") from None


def uri_like(like: str, path: str) -> str:
    """Return the URI of a path on the file system that another URI is of."""
    return authority_of(like) + encode_name(path)


def walk(folder: str) -> Iterator[tuple[str, int]]:
    """Iterate over a local folder as `walk_files` does; UsageError if it cannot be listed."""
    try:
        yield from walk_files(folder)
    except OSError as error:
        raise UsageError(f"{error.filename}: cannot be listed: {error.strerror}") from None


def is_stream(path: str) -> bool:
    """Tell whether a local path can be read only once: a pipe, or a terminal."""
    try:
        mode = os.stat(path).st_mode
    except OSError:
        return False
    return stat.S_ISFIFO(mode) or stat.S_ISCHR(mode)


class StatusOnHDFS:
    """What HDFS knows of files, asked for one by one or, of many in one directory, all at once."""

    def __init__(self) -> None:
        self._asked: Counter[str] = Counter()
        self._directory = ""
        self._listed: dict[str, Status] = {}

    def of(self, uri: str) -> "Status | None":
        """Return what is known of a file; None, or a `NotFound`, where there is none."""
        from hdfs_tools.connecting import locate

        uri = tidy_uri(uri)
        path = path_of(uri)
        directory = posixpath.dirname(path)
        key = authority_of(uri) + directory
        self._asked[key] += 1
        if self._asked[key] < _LIST_FROM:
            return locate(uri).stat(path)
        if key != self._directory:
            self._listed = {entry.name: entry for entry in locate(uri).list(directory)}
            self._directory = key
        return self._listed.get(posixpath.basename(path))


def size_of(path: str) -> int:
    """Return the bytes of a local file; 0 where that cannot be told."""
    try:
        return os.stat(path).st_size
    except OSError:
        return 0
