"""A file or directory of a file system as one end of a copy."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache, partial

from hdfs_tools.copying.checksum import FileChecksum
from hdfs_tools.copying.temporary import REMOTE_LEASE, is_temporary
from hdfs_tools.copying.trees import Entry, Tree
from hdfs_tools.errors import Corrupt, Exists, NotADirectory, NotFound
from hdfs_tools.status import Checksum, Status
from hdfs_tools.storage import Source, Storage

__all__ = ["StoredTree", "same_bytes"]


class StoredTree(Tree):
    """A file or directory of a file system."""

    def __init__(self, storage: Storage, root: str) -> None:
        self.storage = storage
        self.root = storage.absolute(root)

    @contextmanager
    def impatient(self) -> Iterator[None]:
        """Let nothing wait for nodes that do not answer, for the time of the block."""
        patience, self.storage.patience = self.storage.patience, 0
        try:
            yield
        finally:
            self.storage.patience = patience

    @contextmanager
    def waiting(self) -> Iterator[None]:
        """Let the end of safe mode be waited for, for the time of the block."""
        waits, self.storage.waits_in_safe_mode = self.storage.waits_in_safe_mode, True
        try:
            yield
        finally:
            self.storage.waits_in_safe_mode = waits

    def entry(self, name: str) -> Entry | None:
        """Return what has a name, None if there is nothing."""
        try:
            return _entry(name, self.storage.stat(self.path(name)))
        except NotFound:
            return None

    def children(self, directory: str) -> Iterator[Entry]:
        """Iterate over what a directory holds."""
        for found in self.storage.list(self.path(directory)):
            if not is_temporary(found.name):
                yield _entry(f"{directory}/{found.name}" if directory else found.name, found)

    def source(self, entry: Entry, verify: bool) -> Source:
        """Return a file's bytes; their end is an error if they are not those that are stored."""
        return partial(self._pieces, entry, verify)

    def _pieces(self, entry: Entry, verify: bool) -> Iterator[bytes]:
        path = self.path(entry.name)
        arrived = FileChecksum(entry.block_size)
        pieces = self.storage.fetch(path, 0, entry.size)
        yield from arrived.through(pieces) if verify else pieces
        if not verify:
            return
        stored = self.storage.checksum(path)
        if arrived.result() == stored:
            return
        other = FileChecksum.like(stored, entry.block_size)
        if other.parameters == arrived.parameters or not self.has(entry, stored, entry.block_size):
            raise Corrupt(path, "what arrived does not have the checksum of what is stored")

    def has(self, entry: Entry, checksum: Checksum, block_size: int) -> bool:
        """Return whether a file has a checksum that was made of blocks of some size."""
        if block_size == entry.block_size or entry.size <= min(block_size, entry.block_size):
            return self.storage.checksum(self.path(entry.name)) == checksum
        mine = FileChecksum.like(checksum, block_size)
        for piece in self.storage.fetch(self.path(entry.name), 0, entry.size):
            mine.update(piece)
        return mine.result() == checksum

    def checksum(self, entry: Entry) -> Checksum:
        """Return a file's checksum."""
        return self.storage.checksum(self.path(entry.name))

    def make_directory(self, name: str) -> None:
        """Make a directory, which may be there."""
        try:
            self.storage.mkdir(self.path(name))
        except Exists:
            raise NotADirectory(self.path(name)) from None

    def write(
        self, entry: Entry, source: Source, overwrite: bool, verify: bool, block_size: int | None
    ) -> None:
        """Write a file, which appears under its name when it is whole and verified."""
        self.storage.write(
            self.path(entry.name),
            source,
            overwrite=overwrite,
            verify=verify,
            block_size=block_size,
        )

    def set_attributes(self, entry: Entry) -> None:
        """Give a file or directory the mode and the times of an entry."""
        path = self.path(entry.name)
        self.storage.chmod(path, entry.permission)
        self.storage.set_times(path, entry.modified, None if entry.is_directory else entry.accessed)

    def clear(self, directory: str) -> dict[str, Entry]:
        """Return what a directory holds, by base name; delete what a killed copy left there."""
        there = {}
        now = cache(self.storage.now)  # asked for once, and only if there is such a file
        for found in self.storage.list(self.path(directory)):
            if is_temporary(found.name):
                if found.modified < now() - REMOTE_LEASE:
                    self.storage.delete(found.path, recursive=True)
            else:
                name = f"{directory}/{found.name}" if directory else found.name
                there[found.name] = _entry(name, found)
        return there


def same_bytes(source: Tree, entry: Entry, target: Tree, there: Entry, verify: bool) -> bool:
    """Return whether a file is there already: by its length and, to verify, its checksum."""
    if entry.size != there.size or there.is_directory or there.problem:
        return False
    if not verify:
        return True
    if isinstance(target, StoredTree):
        return source.has(entry, target.checksum(there), there.block_size)
    assert isinstance(source, StoredTree)  # noqa: S101  (nothing is copied on this machine alone)
    return target.has(there, source.checksum(entry), entry.block_size)


def _entry(name: str, found: Status) -> Entry:
    return Entry(
        name,
        found.is_directory,
        found.size,
        found.modified,
        found.accessed,
        found.permission,
        found.block_size,
    )
