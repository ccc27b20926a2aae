"""A file or directory of this machine as one end of a copy."""

import errno
import os
import stat
from collections.abc import Iterator
from functools import cached_property, partial

from hdfs_tools.copying.checksum import FileChecksum
from hdfs_tools.copying.temporary import is_temporary
from hdfs_tools.copying.trees import Entry, Tree
from hdfs_tools.copying.whole_files import WholeFile, remove_abandoned
from hdfs_tools.errors import (
    Corrupt,
    CorruptBlock,
    HdfsToolsError,
    NotADirectory,
    NotARegularFile,
)
from hdfs_tools.status import Checksum
from hdfs_tools.storage import Source
from hdfs_tools.streams import pieces_of

__all__ = ["LocalTree"]

_IN_MEMORY = 2 << 20  # bytes of files that are sent as a whole
_TRIES = 3  # of fetching a file that does not arrive as it is stored


class LocalTree(Tree):
    """A file or directory of this machine."""

    def __init__(self, root: str) -> None:
        self.root = os.path.abspath(root)

    @cached_property
    def _real_root(self) -> str:  # which takes longer than all else of a single file
        return os.path.realpath(self.root)

    def entry(self, name: str) -> Entry | None:
        """Return what has a name, None if there is nothing."""
        path = self.path(name)
        try:
            # What was named itself may be a link; it is what it leads to.
            found = os.stat(path) if not name else os.lstat(path)
            if stat.S_ISLNK(found.st_mode):
                found = self._behind_link(path)
        except FileNotFoundError as error:
            # What is there by now, and is no link, was made since.
            return Entry(name, problem=error) if os.path.islink(path) else None
        except (OSError, HdfsToolsError) as error:
            return Entry(name, problem=error)
        mode = found.st_mode
        problem = None
        if not (stat.S_ISDIR(mode) or stat.S_ISREG(mode)):
            problem = NotARegularFile(errno.EINVAL, "a pipe, socket or device", path)
        return Entry(
            name,
            stat.S_ISDIR(mode),
            found.st_size if stat.S_ISREG(mode) else 0,
            found.st_mtime,
            found.st_atime,
            stat.S_IMODE(mode) & 0o1777,
            problem=problem,
        )

    def _behind_link(self, path: str) -> os.stat_result:
        found = os.stat(path)
        real = os.path.realpath(path)
        if not real.startswith(self._real_root.rstrip("/") + "/"):
            raise NotARegularFile(errno.EINVAL, f"a link out of the directory, to {real}", path)
        if stat.S_ISDIR(found.st_mode):
            raise NotARegularFile(errno.EINVAL, f"a link to a directory, {real}", path)
        return found

    def children(self, directory: str) -> Iterator[Entry]:
        """Iterate over what a directory holds, in order of names."""
        for name in sorted(os.listdir(self.path(directory))):
            if not is_temporary(name):
                found = self.entry(f"{directory}/{name}" if directory else name)
                if found:
                    yield found

    def source(self, entry: Entry, verify: bool) -> Source:
        """Return a file's bytes; an error if it changes while it is read."""
        path = self.path(entry.name)
        if entry.size <= _IN_MEMORY:
            return b"".join(self._pieces(path))
        return partial(self._pieces, path)

    def _pieces(self, path: str) -> Iterator[bytes]:
        with open(path, "rb", buffering=0) as file:
            yield from pieces_of(file, path)

    def has(self, entry: Entry, checksum: Checksum, block_size: int) -> bool:
        """Return whether a file has a checksum that was made of blocks of some size."""
        mine = FileChecksum.like(checksum, block_size)
        for piece in self._pieces(self.path(entry.name)):
            mine.update(piece)
        return mine.result() == checksum

    def make_directory(self, name: str) -> None:
        """Make a directory, which may be there; a link in its place is not followed."""
        path = self.path(name)
        if name and os.path.islink(path):
            raise NotADirectory(path, "a link, which is not followed")
        try:
            os.makedirs(path, exist_ok=True) if not name else os.mkdir(path)
        except FileExistsError:
            if not os.path.isdir(path):
                raise NotADirectory(path) from None

    def write(
        self, entry: Entry, source: Source, overwrite: bool, verify: bool, block_size: int | None
    ) -> None:
        """Write a file, which appears under its name when it is whole."""
        path = self.path(entry.name)
        for left in reversed(range(_TRIES)):
            try:
                with WholeFile(path, overwrite) as file:
                    for piece in [source] if isinstance(source, bytes) else source():
                        file.write(piece)
                return
            except Corrupt as error:
                if not left or isinstance(error, CorruptBlock):
                    raise

    def set_attributes(self, entry: Entry) -> None:
        """Give a file or directory the mode and the times of an entry."""
        path = self.path(entry.name)
        os.chmod(path, entry.permission)
        os.utime(path, (entry.accessed or entry.modified, entry.modified))

    def clear(self, directory: str) -> dict[str, Entry]:
        """Return what a directory holds, by base name; delete what a killed copy left there."""
        remove_abandoned(self.path(directory))
        return {os.path.basename(entry.name): entry for entry in self.children(directory)}
