"""The two ends of a copy: what a file or directory of any kind of storage must do."""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from hdfs_tools.errors import HdfsToolsError
from hdfs_tools.status import Checksum
from hdfs_tools.storage import Source

__all__ = ["Entry", "Tree"]


@dataclass(frozen=True, slots=True)
class Entry:
    """A file or directory in a tree.

    Attributes
    ----------
    name : str
        Path relative to the tree's root, with ``/``; empty for the root itself.
    is_directory : bool
        Whether it is a directory.
    size : int
        Bytes of a file.
    modified, accessed : float
        In seconds since 1970.
    permission : int
        Permission bits.
    block_size : int
        Bytes; 0 where there are no blocks.
    problem : Exception or None
        Why it cannot be copied.
    """

    name: str
    is_directory: bool = False
    size: int = 0
    modified: float = 0.0
    accessed: float = 0.0
    permission: int = 0
    block_size: int = 0
    problem: Exception | None = None


class Tree(ABC):
    """A file or directory that is copied, or that a copy is made of.

    Attributes
    ----------
    root : str
        Its path.
    """

    root: str

    def path(self, name: str) -> str:
        """Return the path of what has a name in the tree."""
        return f"{self.root.rstrip('/')}/{name}" if name else self.root

    @abstractmethod
    def entry(self, name: str) -> Entry | None:
        """Return what has a name, None if there is nothing."""

    @abstractmethod
    def children(self, directory: str) -> Iterator[Entry]:
        """Iterate over what a directory holds."""

    def walk(self, entry: Entry) -> Iterator[Entry]:
        """Iterate over an entry and all below it, each directory before what it holds."""
        yield entry
        if not entry.is_directory or entry.problem:
            return
        try:
            for child in self.children(entry.name):
                yield from self.walk(child)
        except (OSError, HdfsToolsError) as error:
            yield Entry(entry.name, problem=error)

    @abstractmethod
    def source(self, entry: Entry, verify: bool) -> Source:
        """Return a file's bytes; their end is an error if they are not those that are stored."""

    @abstractmethod
    def has(self, entry: Entry, checksum: Checksum, block_size: int) -> bool:
        """Return whether a file has a checksum that was made of blocks of some size."""

    @abstractmethod
    def make_directory(self, name: str) -> None:
        """Make a directory, which may be there."""

    @abstractmethod
    def write(
        self, entry: Entry, source: Source, overwrite: bool, verify: bool, block_size: int | None
    ) -> None:
        """Write a file, which appears under its name when it is whole and verified."""

    @abstractmethod
    def set_attributes(self, entry: Entry) -> None:
        """Give a file or directory the mode and the times of an entry."""

    @contextmanager
    def waiting(self) -> Iterator[None]:
        """Let the end of safe mode be waited for, for the time of the block."""
        yield

    @contextmanager
    def impatient(self) -> Iterator[None]:
        """Let nothing wait for nodes that do not answer, for the time of the block."""
        yield

    @abstractmethod
    def clear(self, directory: str) -> dict[str, Entry]:
        """Return what a directory holds, by base name; delete what a killed copy left there."""
