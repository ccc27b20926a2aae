"""Making, moving and deleting files and directories of a store."""

import contextlib
import fcntl
import os
from abc import ABC
from collections.abc import Iterable, Iterator
from typing import IO

from hdfs_tools.copying.directories import remove
from hdfs_tools.embedded.acl import inherited
from hdfs_tools.embedded.base import Base, of_this_machine
from hdfs_tools.embedded.change import STAGED, Change
from hdfs_tools.embedded.entries import Chain, Entry
from hdfs_tools.embedded.names import join
from hdfs_tools.embedded.node import BLOCK_SIZE, DIRECTORY_PERMISSION, PERMISSION, Node
from hdfs_tools.embedded.permissions import WRITE
from hdfs_tools.errors import (
    Exists,
    InvalidPath,
    IsADirectory,
    NotADirectory,
    NotEmpty,
    NotFound,
    RemoteError,
)
from hdfs_tools.storage import Source

__all__ = ["Writing"]

_SMALLEST_BLOCK = 1 << 20
_MAX_COPIES = 512
_CRC_CHUNK = 512  # bytes, which a block holds a whole number of


class Writing(Base, ABC):
    """That part of a store which changes the tree."""

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
        """Write a file, which appears under its name when it is whole and on the disk.

        It is staged under a hidden name, so that nobody sees what a kill leaves. `verify` changes
        nothing: the disk's own word is as good as a second look at what it keeps in memory.
        """
        replication = 1 if replication is None else replication
        block_size = block_size or BLOCK_SIZE
        with self._look(path) as view:  # better now than when all is written
            self._check_write(view.chain(path, new=True), overwrite)
        check_replication(path, replication)
        _check_block_size(path, block_size)
        with self._staged(path) as (file, staged):
            length = 0
            for chunk in [source] if isinstance(source, bytes) else _pieces(source()):
                file.write(chunk)
                length += len(chunk)
            file.flush()
            os.fsync(file.fileno())
            with self._change(path) as change:
                chain = change.chain(path, new=True)
                self._check_write(chain, overwrite)
                above = self._make_above(change, chain)
                bits = PERMISSION if permission is None else permission & 0o777
                node = self._new_node(above, False, bits)
                node.replication, node.block_size = replication, block_size
                change.put(staged, join(above.path, _name(path)), node, replace=overwrite)
        return length

    @contextlib.contextmanager
    def _staged(self, path: str) -> Iterator[tuple[IO[bytes], str]]:
        """Make a file that is hidden until it is put in its place, or goes."""
        staged = f"{STAGED}/{os.urandom(16).hex()}"
        with of_this_machine(path):
            # Under the lock, so that nobody who cleans up finds it before its own lock.
            with self._database.locked(exclusive=False):
                file = open(self.directory + staged, "xb")  # noqa: SIM115
                fcntl.flock(file, fcntl.LOCK_EX)
            try:
                with file:
                    yield file, staged
            finally:
                remove(self.directory + staged)

    def _check_write(self, chain: Chain, overwrite: bool) -> None:
        if chain.path.endswith("/"):
            raise IsADirectory(chain.path)
        self._caller.make(chain)
        if chain.found is None:
            return
        if chain.found.is_directory:
            raise IsADirectory(chain.path)
        if not overwrite:
            raise Exists(chain.path)
        chain.found.check_file()
        self._caller.need(chain.entries[-2], WRITE)

    def mkdir(self, path: str, permission: int = DIRECTORY_PERMISSION) -> None:
        """Make a directory and those above it; it may be there. `Exists` if a file is there."""
        with self._change(path) as change:
            chain = change.chain(path, new=True)
            self._caller.traverse(chain, NotADirectory)
            if chain.found is not None:
                if not chain.found.is_directory:
                    raise Exists(path)
                return
            self._caller.make(chain)
            above = self._make_above(change, chain, permission & 0o777)
            node = self._new_node(above, True, permission & 0o1777)
            change.make(join(above.path, _name(path)), node)

    def _make_above(self, change: Change, chain: Chain, permission: int | None = None) -> Entry:
        """Make the directories above a path that are missing; return the last of them."""
        above = chain.above()[-1] if chain.missing else chain.entries[-2]
        for name in chain.missing[:-1]:
            bits = above.node.permission & 0o777 if permission is None else permission
            at = join(above.path, name)
            change.make(at, self._new_node(above, True, bits | 0o300))
            made = change.entry(at)
            if made is None:
                raise NotFound(above.path)
            above = made
        return above

    def _new_node(self, above: Entry, is_directory: bool, permission: int) -> Node:
        bits, acl = inherited(permission, above.acl, is_directory)
        return Node(is_directory, self.user, above.node.group, bits, acl=",".join(acl))

    def rename(self, path: str, target: str, overwrite: bool = False) -> None:
        """Give a file or directory another path, in one step."""
        with self._change(path) as change:
            old, new = change.chain(path), change.chain(target, new=True)
            self._caller.take_away(old)
            entry = old.existing()
            self._caller.traverse(new, NotADirectory)
            if len(old.entries) == 1:
                raise RemoteError(path, "the root cannot be renamed")
            _check_target(change, entry, new, overwrite)
            self._caller.make(new)
            change.move(
                entry.path,
                new.found.path if new.found else join(new.entries[-1].path, new.missing[0]),
            )

    def delete(self, path: str, recursive: bool = False) -> bool:
        """Delete a file or directory for good; return whether there was one."""
        with self._change(path) as change:
            try:
                chain = change.chain(path)
                self._caller.take_away(chain)
            except NotFound:
                return False
            entry = chain.found
            if entry is None:
                return False
            self._caller.delete_below(change, entry)
            if entry.is_directory and not recursive and change.names(entry, most=1):
                raise NotEmpty(path)
            if len(chain.entries) == 1:
                return False
            deleted = change.drop(entry.path)
        remove(self.directory + deleted)
        return True


def check_replication(path: str, replication: int) -> None:
    """Raise the error of a number of copies that HDFS does not take."""
    if not 1 <= replication <= _MAX_COPIES:
        error = InvalidPath if replication < 1 else RemoteError
        raise error(path, f"a file has 1 to {_MAX_COPIES} copies, not {replication}")


def _check_block_size(path: str, block_size: int) -> None:
    if block_size < _SMALLEST_BLOCK:
        raise RemoteError(path, f"a block has at least {_SMALLEST_BLOCK} bytes, not {block_size}")
    if block_size % _CRC_CHUNK:
        raise InvalidPath(path, f"the size of a block is a multiple of {_CRC_CHUNK} bytes")


def _check_target(change: Change, entry: Entry, new: Chain, overwrite: bool) -> None:
    """Raise the error of a target that cannot be renamed to."""
    found = new.found
    if found is not None and found.path == entry.path:
        raise Exists(new.path)
    if entry.is_directory and any(above.path == entry.path for above in new.entries):
        raise RemoteError(new.path, f"it is below {entry.path}")
    if found is None:
        if len(new.missing) > 1:
            raise NotFound(new.path, "the directory above it is not there")
        return
    if len(new.entries) == 1:
        raise RemoteError(new.path, "the root cannot be replaced")
    if found.is_directory != entry.is_directory:
        raise RemoteError(new.path, f"only one of it and {entry.path} is a directory")
    if not overwrite:
        raise Exists(new.path)
    if found.is_directory and change.names(found, most=1):
        raise RemoteError(new.path, "the directory there is not empty")


def _pieces(data: Iterable[bytes]) -> Iterable[bytes]:
    """Return what a source gives, which may be one piece itself."""
    return [data] if isinstance(data, bytes) else data


def _name(path: str) -> str:
    return path.rstrip("/").rpartition("/")[2]
