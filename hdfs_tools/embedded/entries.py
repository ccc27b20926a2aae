"""Files and directories of a store, and the way that a path leads to them."""

import os
import stat
from dataclasses import dataclass

from hdfs_tools.embedded.node import Node
from hdfs_tools.errors import IsADirectory, NotFound, StorageError, Unsupported
from hdfs_tools.status import Status

__all__ = ["Chain", "Entry"]


@dataclass
class Entry:
    """A file or directory.

    Attributes
    ----------
    path : str
        Its path.
    stat : os.stat_result
        The status of its file on disk; links are not followed.
    node : Node
        What the store knows.
    """

    path: str
    stat: os.stat_result
    node: Node

    @property
    def is_directory(self) -> bool:
        """Whether it is a directory."""
        return stat.S_ISDIR(self.stat.st_mode)

    @property
    def size(self) -> int:
        """Length in bytes; 0 for a directory."""
        return self.stat.st_size if stat.S_ISREG(self.stat.st_mode) else 0

    @property
    def acl(self) -> tuple[str, ...]:
        """ACL entries beside the permission bits."""
        return self.node.acl_entries

    def check_kind(self) -> None:
        """Raise `Unsupported` if it is a link, pipe or device that came by other means."""
        if stat.S_ISLNK(self.stat.st_mode):
            raise Unsupported(self.path, "a symbolic link, which is not followed")
        if not self.is_directory and not stat.S_ISREG(self.stat.st_mode):
            raise Unsupported(self.path, "neither a file nor a directory")

    def check_file(self) -> None:
        """Raise `IsADirectory` or `Unsupported` if it is not a file."""
        self.check_kind()
        if self.is_directory:
            raise IsADirectory(self.path)

    def status(self) -> Status:
        """Return its status."""
        node = self.node
        modified = self.stat.st_mtime_ns // 1_000_000 / 1000
        accessed = node.accessed if self.is_directory else self.stat.st_atime_ns // 1_000_000 / 1000
        return Status(
            self.path,
            self.is_directory,
            self.size,
            node.owner,
            node.group,
            node.permission,
            modified,
            accessed,
            node.replication,
            node.block_size,
            bool(node.acl),
        )


@dataclass
class Chain:
    """What a path leads through, from the root to its end or as far as there is something.

    Attributes
    ----------
    path : str
        The path.
    entries : list of Entry
        What is there.
    missing : list of str
        Names that are not there.
    """

    path: str
    entries: list[Entry]
    missing: list[str]

    @property
    def found(self) -> Entry | None:
        """What the path names, or None."""
        return None if self.missing else self.entries[-1]

    def existing(self) -> Entry:
        """Return what the path names; `NotFound` if it is not there."""
        if self.missing:
            raise NotFound(self.path)
        return self.entries[-1]

    def above(self) -> list[Entry]:
        """Return the directories that the path leads through, as far as they are there."""
        return self.entries if self.missing else self.entries[:-1]

    def check_directories(self, error: type[StorageError]) -> None:
        """Raise an error if it leads through a file, `Unsupported` if through a link."""
        for entry in self.above():
            entry.check_kind()
            if not entry.is_directory:
                raise error(self.path, f"{entry.path} is not a directory")
