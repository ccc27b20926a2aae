"""A file or directory that somebody names: on this machine by its path, on HDFS by its URI.

Whether something is here or elsewhere is decided here, and nowhere else.
"""

import contextlib
import glob
import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import IO

from hdfs_tools.copying.directories import walk_files
from hdfs_tools.copying.local_tree import LocalTree
from hdfs_tools.copying.stored_tree import StoredTree
from hdfs_tools.copying.temporary import temporary_name
from hdfs_tools.copying.trees import Entry, Tree
from hdfs_tools.copying.whole_files import WholeFile, whole_directory
from hdfs_tools.errors import Exists, InvalidPath, NoMatch, NotFound, UnsupportedScheme
from hdfs_tools.filesystem import FileSystem
from hdfs_tools.paths import is_pattern
from hdfs_tools.streams import SeekableReader
from hdfs_tools.uri import (
    authority_of,
    encode_name,
    is_uri,
    local_path_of,
    normalize,
    path_of,
)

__all__ = ["Location"]


@dataclass(frozen=True)
class Location:
    """Where something is.

    Attributes
    ----------
    text : str
        As the user wrote it.
    path : str
        Absolute path.
    authority : str
        What stands before the path in a URI, as in ``hdfs://namenode:8020``; empty for this
        machine, and for a file system that is passed.
    filesystem : FileSystem, optional
        The file system that has the path, where that is not what `authority` leads to.
    """

    text: str
    path: str
    authority: str = ""
    filesystem: FileSystem | None = None

    @classmethod
    def of(cls, text: "str | os.PathLike[str]") -> "Location":
        """Return the location that a user names by a path or a URI, which is not encoded.

        Raises
        ------
        InvalidPath
            There is no path in the URI.
        UnsupportedScheme
            The URI is of another kind of storage.

        Examples
        --------
        >>> Location.of("hdfs://namenode/scans//ct/").path
        '/scans/ct'
        """
        text = os.fspath(text)
        authority = authority_of(text)
        if authority:
            path = path_of(text, raw=True)
            if not path:
                likely = text.replace("://", ":///", 1)
                raise InvalidPath(text, f"there is no path in it; {likely} would be one on HDFS")
            return cls(text, normalize(path), authority)
        path = _local_path(text)
        return cls(path, os.path.abspath(path))

    @classmethod
    def of_uri(cls, text: str) -> "Location":
        """Return the location that a path, or a URI as programs write it, names.

        >>> Location.of_uri("hdfs://namenode/100%25.png").path
        '/100%.png'
        """
        authority = authority_of(text)
        path = normalize(path_of(text)) if authority else _local_path(text)
        return cls(text, path, authority)

    @property
    def is_local(self) -> bool:
        """Whether it is on this machine."""
        return not self.authority and self.filesystem is None

    @property
    def storage(self) -> FileSystem | None:
        """The file system that has it; None for this machine."""
        if self.filesystem is not None or not self.authority:
            return self.filesystem
        from hdfs_tools.connecting import locate  # what is behind it is slow to import

        return locate(self.authority)

    @property
    def tree(self) -> Tree:
        """What is there, as one end of a copy."""
        storage = self.storage
        return StoredTree(storage, self.path) if storage else LocalTree(self.path)

    @property
    def uri(self) -> str:
        """The absolute path or, elsewhere, the URI that `of_uri` reads."""
        return self.authority + encode_name(self.path) if self.authority else self.path

    def at(self, path: str) -> "Location":
        """Return the location of another path on the same machine or file system."""
        here = Location("", path, self.authority, self.filesystem)
        return Location(here.uri, path, self.authority, self.filesystem)

    def beside(self, name: str) -> "Location":
        """Return the location of another name in the same directory."""
        text = f"{os.path.dirname(self.text) or '.'}/{name}"
        path = os.path.join(os.path.dirname(self.path), name)
        return Location(text, path, self.authority, self.filesystem)

    def beneath(self, name: str) -> "Location":
        """Return the location of something in this directory."""
        text = f"{self.text.rstrip('/')}/{encode_name(name) if self.authority else name}"
        path = f"{self.path.rstrip('/')}/{name}"
        return Location(text, path, self.authority, self.filesystem)

    # What is there

    def expand(self) -> "list[Location]":
        """Return what the path or pattern stands for, sorted; `NotFound` if that is nothing."""
        storage = self.storage
        if os.path.lexists(self.path) if storage is None else storage.exists(self.path):
            return [self]
        if not (glob.has_magic if storage is None else is_pattern)(self.path):
            raise NotFound(self.text)
        if storage is None:
            paths = sorted(glob.glob(self.text, recursive=True))
            found = [Location(path, os.path.abspath(path)) for path in paths]
        else:
            found = [self.at(path) for path in sorted(e.path for e in storage.glob(self.path))]
        if not found:
            raise NoMatch(self.text, "nothing matches this pattern")
        return found

    def entry(self) -> Entry:
        """Return what is known of it; `NotFound` if it is not there."""
        found = self.tree.entry("")
        if found is None:
            raise NotFound(self.text)
        if found.problem:
            raise found.problem
        return found

    def walk(self) -> Iterator[Entry]:
        """Iterate over the files in this directory and below it; names are relative to it.

        On this machine see `hdfs_tools.copying.directories.walk_files`.
        """
        storage = self.storage
        if storage is None:
            yield from walk_files(self.path)
            return
        root = self.path.rstrip("/") + "/"
        for found in storage.walk(self.path):
            name = found.path.removeprefix(root)
            yield Entry(name, size=found.size, modified=found.modified)

    # Reading and writing

    def open(self, start: int = 0) -> IO[bytes]:
        """Return a file object that reads from a position on; seekable on this machine."""
        storage = self.storage
        if storage:
            return storage.open(self.path, start)
        file = open(self.path, "rb")  # noqa: SIM115
        file.seek(start)
        return file

    def open_seekable(self) -> "IO[bytes] | SeekableReader":
        """Return a file object with positions."""
        storage, path = self.storage, self.path
        if storage is None:
            return self.open()
        return SeekableReader(partial(storage.chunks, path), storage.stat(path).size)

    def write(self, source: Callable[[], Iterable[bytes]], overwrite: bool = False) -> None:
        """Write a file, which appears under its name when it is whole and verified."""
        self.tree.write(Entry(""), lambda: iter(source()), overwrite, True, None)

    @contextlib.contextmanager
    def staged(self, source: Callable[[], Iterable[bytes]]) -> Iterator[Entry]:
        """Write a file that gets its name when the block has ended well, and is gone if not.

        Parameters
        ----------
        source : callable
            Returns the bytes, from the beginning at each call.

        Yields
        ------
        Entry
            What is known of the file, which is whole and verified; its name is not there yet.
        """
        storage = self.storage
        if storage is None:
            with WholeFile(self.path, overwrite=False) as file:
                file.writelines(source())
                found = file.check()
                yield Entry("", size=found.st_size, modified=found.st_mtime)
            return
        temporary = temporary_name(self.path)
        try:
            storage.write(temporary, lambda: iter(source()))
            yield replace(self, path=temporary).entry()
            storage.rename(temporary, self.path)
        except BaseException:
            storage.delete(temporary)
            raise

    @contextlib.contextmanager
    def directory_when_whole(self) -> "Iterator[Location]":
        """Make a directory that gets its name when the block has ended well, and is gone if not."""
        storage = self.storage
        if storage is None:
            with whole_directory(self.path) as made:
                os.mkdir(made)
                yield replace(self, path=made)
            return
        if self.tree.entry(""):
            raise Exists(self.text)
        temporary = temporary_name(self.path)
        storage.mkdir(temporary)
        try:
            yield replace(self, path=temporary)
            storage.rename(temporary, self.path)
        except BaseException:
            storage.delete(temporary, recursive=True)
            raise


def _local_path(text: str) -> str:
    if text.startswith("file:"):
        return local_path_of(text)
    if is_uri(text):
        raise UnsupportedScheme("only files of this machine and of HDFS can be read")
    return text
