"""Paths, URIs and patterns as users name them, to be shown as they were written."""

import posixpath
from collections.abc import Iterator
from typing import TYPE_CHECKING

from hdfs_tools.errors import NotFound
from hdfs_tools.paths import is_pattern

if TYPE_CHECKING:
    from hdfs_tools.filesystem import FileSystem
    from hdfs_tools.status import Status

__all__ = ["Found", "NamedPath"]


class NamedPath:
    """A path of a file system, which is shown as its user wrote it.

    Parameters
    ----------
    storage : FileSystem
        The file system.
    path : str
        Absolute path, or pattern.
    authority : str, optional
        What stood before the path in the URI that was given, if one was.
    base : str, optional
        The directory that the path given was relative to, if it was.
    """

    def __init__(
        self, storage: "FileSystem", path: str, authority: str = "", base: str | None = None
    ) -> None:
        self.storage = storage
        self.path = path
        self._authority = authority
        self._base = base

    @property
    def shown(self) -> str:
        """The path as it is shown: a URI or a relative path is one again."""
        if self._base is not None:
            if self.path == self._base:
                return "."
            if self.path.startswith(f"{self._base}/"):
                return self.path[len(self._base) + 1 :]
        return self._authority + self.path

    @property
    def name(self) -> str:
        """The last part of the path; empty for the root."""
        return posixpath.basename(self.path)

    def at(self, path: str) -> "NamedPath":
        """Return another path of the same file system, shown alike."""
        return NamedPath(self.storage, path, self._authority, self._base)

    def beneath(self, name: str) -> "NamedPath":
        """Return the path of something in this directory."""
        return self.at(posixpath.join(self.path, name))

    def having(self, status: "Status") -> "Found":
        """Return what was found here, or in this directory."""
        return Found(self.storage, status, self._authority, self._base)

    def look(self) -> "Found | None":
        """Return what is here; None if nothing is."""
        try:
            return self.having(self.storage.stat(self.path))
        except NotFound:
            return None

    def found(self) -> "Found":
        """Return what is here; `NotFound` if nothing is."""
        found = self.look()
        if found is None:
            raise NotFound(self.shown)
        return found

    def expand(self) -> "Iterator[Found]":
        """Iterate over what the path or pattern stands for; `NotFound` if that is nothing.

        What has the name as it is written comes before what it would stand for.
        """
        found = self.look()
        if found is not None or not is_pattern(self.path):
            yield found or self.found()
            return
        nothing = True
        for status in self.storage.glob(self.path):
            nothing = False
            yield self.having(status)
        if nothing:
            raise NotFound(self.shown)


class Found(NamedPath):
    """A file or directory that is there.

    Attributes
    ----------
    status : Status
        What is known of it.
    """

    def __init__(
        self, storage: "FileSystem", status: "Status", authority: str = "", base: str | None = None
    ) -> None:
        super().__init__(storage, status.path, authority, base)
        self.status = status

    @property
    def is_directory(self) -> bool:
        """Whether it is a directory."""
        return self.status.is_directory

    def children(self) -> "Iterator[Found]":
        """Iterate over what a directory holds, in the file system's order."""
        for status in self.storage.list(self.path):
            yield self.having(status)
