"""A file or folder that a user names: of this machine by its path, on HDFS by its URI."""

import contextlib
import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import IO

from hdfs_tools.errors import Exists, NotFound
from hdfs_tools.filesystem import FileSystem
from hdfs_tools.local_tree import LocalTree
from hdfs_tools.stored_tree import StoredTree
from hdfs_tools.streams import SeekableReader
from hdfs_tools.temporary import temporary_name
from hdfs_tools.trees import Entry, Tree
from hdfs_tools.uri import is_hdfs_uri, path_of
from hdfs_tools.whole_files import WholeFile, whole_directory

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
    storage : FileSystem or None
        The file system that has the path; None for this machine.
    """

    text: str
    path: str
    storage: FileSystem | None = None

    @classmethod
    def of(cls, text: "str | os.PathLike[str]") -> "Location":
        """Return the location that a path or URI names."""
        text = os.fspath(text)
        if not is_hdfs_uri(text):
            return cls(text, os.path.abspath(text))
        from hdfs_tools.connecting import locate  # what is behind it is slow to import

        storage = locate(text)
        return cls(text, storage.absolute(path_of(text, raw=True)), storage)

    @property
    def tree(self) -> Tree:
        """What is there, as one end of a copy."""
        return StoredTree(self.storage, self.path) if self.storage else LocalTree(self.path)

    def entry(self) -> Entry:
        """Return what is known of it; `NotFound` if it is not there."""
        found = self.tree.entry("")
        if found is None:
            raise NotFound(self.text)
        if found.problem:
            raise found.problem
        return found

    def beside(self, name: str) -> "Location":
        """Return the location of another name in the same folder."""
        text = f"{os.path.dirname(self.text) or '.'}/{name}"
        return Location(text, os.path.join(os.path.dirname(self.path), name), self.storage)

    def beneath(self, name: str) -> "Location":
        """Return the location of something in this folder."""
        return Location(f"{self.text}/{name}", f"{self.path}/{name}", self.storage)

    def open(self, start: int = 0) -> IO[bytes]:
        """Return a file object that reads from a position on; seekable on this machine."""
        if self.storage:
            return self.storage.open(self.path, start)
        file = open(self.path, "rb")  # noqa: SIM115
        file.seek(start)
        return file

    def open_seekable(self) -> "IO[bytes] | SeekableReader":
        """Return a file object with positions."""
        if not self.storage:
            return self.open()
        storage, path = self.storage, self.path
        return SeekableReader(lambda start: storage.chunks(path, start), storage.stat(path).size)

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
        if self.storage is None:
            with WholeFile(self.path, overwrite=False) as file:
                file.writelines(source())
                found = file.check()
                yield Entry("", size=found.st_size, modified=found.st_mtime)
            return
        temporary = temporary_name(self.path)
        try:
            self.storage.write(temporary, lambda: iter(source()))
            yield Location(self.text, temporary, self.storage).entry()
            self.storage.rename(temporary, self.path)
        except BaseException:
            self.storage.delete(temporary)
            raise

    @contextlib.contextmanager
    def directory_when_whole(self) -> "Iterator[Location]":
        """Make a directory that gets its name when the block has ended well, and is gone if not."""
        if self.storage is None:
            with whole_directory(self.path) as made:
                os.mkdir(made)
                yield Location(self.text, made)
            return
        if self.tree.entry(""):
            raise Exists(self.text)
        temporary = temporary_name(self.path)
        self.storage.mkdir(temporary)
        try:
            yield Location(self.text, temporary, self.storage)
            self.storage.rename(temporary, self.path)
        except BaseException:
            self.storage.delete(temporary, recursive=True)
            raise
