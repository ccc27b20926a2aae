"""Interface of every kind of file system: HDFS and the embedded store."""

import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import IO

from hdfs_tools.errors import NotFound
from hdfs_tools.status import (
    Acl,
    Capacity,
    Checksum,
    ContentSummary,
    Status,
)
from hdfs_tools.streams import ChunkReader

__all__ = ["Source", "Storage"]

Source = bytes | Callable[[], Iterable[bytes]]
"""Bytes to write, or what returns them piece by piece, from the beginning at each call."""


class Storage(ABC):
    """A file system as its kind implements it; may be used by several threads.

    Paths are absolute, with ``/``; names are Unicode and taken as they are. Errors are those of
    `hdfs_tools.errors`, `StorageError` and what is below it, with the path as `filename`.

    Attributes
    ----------
    url : str
        Its address, as `hdfs_tools.connect` takes it.
    user : str
        Who asks.
    patience : float
        Seconds to try again for, while nodes do not answer or are not ready.
    waits_in_safe_mode : bool
        Whether the end of safe mode is waited for, too.
    """

    url: str
    user: str
    patience: float = 60
    waits_in_safe_mode: bool = False

    # Looking

    @abstractmethod
    def stat(self, path: str) -> Status:
        """Return what is known of a file or directory; `NotFound` if it is not there."""

    @abstractmethod
    def list(self, directory: str) -> Iterator[Status]:
        """Iterate over what a directory holds, in the file system's order, in bounded memory.

        A file given in place of a directory is all there is.
        """

    def exists(self, path: str) -> bool:
        """Return whether something is there; an error if that may not be known."""
        try:
            self.stat(path)
        except NotFound:
            return False
        return True

    def walk(self, directory: str, directories: bool = False) -> Iterator[Status]:
        """Iterate over all files in a directory and below it, in bounded memory.

        Parameters
        ----------
        directory : str
            Where to begin. A file is all there is.
        directories : bool, optional
            Whether directories are in it too, each before what it holds; not `directory` itself.
        """
        for entry in self.list(directory):
            if not entry.is_directory:
                yield entry
                continue
            if directories:
                yield entry
            yield from self.walk(entry.path, directories)

    @abstractmethod
    def content_summary(self, path: str) -> ContentSummary:
        """Return how much there is in a directory and below it, or in a file."""

    @abstractmethod
    def checksum(self, path: str) -> Checksum:
        """Return HDFS's checksum of a file, the one that ``hdfs dfs -checksum`` prints."""

    @abstractmethod
    def capacity(self) -> Capacity:
        """Return how much room there is."""

    @abstractmethod
    def home(self) -> str:
        """Return the home directory of `user`, which need not be there."""

    def now(self) -> float:
        """Return the time of the clock that files get their times from, in seconds since 1970."""
        return time.time()

    def absolute(self, path: str) -> str:
        """Return the absolute form of a path, which is relative to the home directory.

        >>> # absolute("scans") of alice is /user/alice/scans
        """
        joined = path if path.startswith("/") else f"{self.home()}/{path}"
        return "/" + "/".join(part for part in joined.split("/") if part not in ("", "."))

    # Reading

    @abstractmethod
    def read(self, path: str) -> bytes:
        """Return the bytes of a file."""

    @abstractmethod
    def chunks(self, path: str, start: int = 0, length: int | None = None) -> Iterator[bytes]:
        """Iterate over the bytes of a file from a position on; goes on where a node fails.

        Parameters
        ----------
        path : str
            The file.
        start : int, optional
            Position in bytes. At the end of the file or behind it, nothing comes.
        length : int, optional
            Most bytes to read; by default all that follow.
        """

    def fetch(self, path: str, start: int, end: int) -> Iterator[bytes]:
        """Iterate over the bytes between two positions of a file that is known to hold them."""
        return self.chunks(path, start, end - start)

    def open(self, path: str, start: int = 0) -> IO[bytes]:
        """Return a file object that reads a file from a position on."""
        return ChunkReader.over(self.chunks(path, start))

    # Writing

    @abstractmethod
    def write(
        self,
        path: str,
        source: Source,
        *,
        overwrite: bool = False,
        verify: bool = True,
        permission: int | None = None,
        replication: int | None = None,
        block_size: int | None = None,
    ) -> int:
        """Write a file, which appears under its name when it is whole and verified.

        The bytes go to a hidden temporary file beside it (`hdfs_tools.copying.temporary`). Its
        length and HDFS's checksum are compared with those of the bytes that were sent; then it is
        renamed.

        Parameters
        ----------
        path : str
            Where. Directories above are made if need be.
        source : bytes or callable
            The bytes, or what returns them piece by piece, from the beginning at each call.
        overwrite : bool, optional
            Whether a file that is there is replaced; else it is an error, `Exists`. A directory is
            never replaced (`IsADirectory`).
        verify : bool, optional
            Whether the checksum is compared; the length is in any case.
        permission : int, optional
            Permission bits; by default 0o644, and 0o755 for directories that are made.
        replication, block_size : int, optional
            By default what the file system says.

        Returns
        -------
        int
            Length in bytes.
        """

    @abstractmethod
    def mkdir(self, path: str, permission: int = 0o755) -> None:
        """Make a directory and those above it; it may be there. `Exists` if a file is there."""

    @abstractmethod
    def rename(self, path: str, target: str, overwrite: bool = False) -> None:
        """Give a file or directory another path, in one step.

        Parameters
        ----------
        path, target : str
            From and to. `target` is the new path itself, also where a directory is there
            (`Exists`). The directory above it must be there (`NotFound`).
        overwrite : bool, optional
            Whether a file or an empty directory at `target` is replaced.
        """

    @abstractmethod
    def delete(self, path: str, recursive: bool = False) -> bool:
        """Delete a file or directory for good; return whether there was one.

        A directory that holds something is deleted only if `recursive` (else `NotEmpty`).
        """

    # Who owns it, and other things that are known of it

    @abstractmethod
    def chmod(self, path: str, permission: int) -> None:
        """Set the permission bits."""

    @abstractmethod
    def chown(self, path: str, owner: str | None = None, group: str | None = None) -> None:
        """Set owner, group or both."""

    @abstractmethod
    def set_times(
        self, path: str, modified: float | None = None, accessed: float | None = None
    ) -> None:
        """Set when it was written or read, in seconds since 1970."""

    @abstractmethod
    def set_replication(self, path: str, replication: int) -> None:
        """Set the number of copies of a file's blocks."""

    @abstractmethod
    def acl(self, path: str) -> Acl:
        """Return the access control list."""

    @abstractmethod
    def set_acl(self, path: str, entries: Sequence[str]) -> None:
        """Replace the list; `entries` are as in `Acl`, with user::, group:: and other::."""

    @abstractmethod
    def modify_acl(self, path: str, entries: Sequence[str]) -> None:
        """Add entries, or change those of the same users and groups."""

    @abstractmethod
    def remove_acl_entries(self, path: str, entries: Sequence[str]) -> None:
        """Remove entries, which are given without permissions: ``user:bob``."""

    @abstractmethod
    def remove_default_acl(self, path: str) -> None:
        """Remove the entries that begin with ``default:``."""

    @abstractmethod
    def remove_acl(self, path: str) -> None:
        """Remove all entries; the permission bits stay."""

    @abstractmethod
    def xattrs(self, path: str) -> dict[str, bytes]:
        """Return the extended attributes: name with its namespace (``user.site``), value."""

    @abstractmethod
    def set_xattr(self, path: str, name: str, value: bytes) -> None:
        """Set an extended attribute, new or not."""

    @abstractmethod
    def remove_xattr(self, path: str, name: str) -> None:
        """Remove an extended attribute; `NotFound` if there is none."""

    # The trash

    @abstractmethod
    def trash_root(self, path: str) -> str:
        """Return the directory that keeps what `user` deletes of a path: ``/user/NAME/.Trash``."""
