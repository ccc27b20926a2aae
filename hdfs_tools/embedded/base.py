"""Base of all operations of a store: the lock, the tree, and who asks."""

import contextlib
import errno
import fcntl
import os
import sqlite3
from abc import ABC
from collections.abc import Iterator, Sequence

from hdfs_tools.copying.directories import remove
from hdfs_tools.embedded.change import STAGED, TRASH, Change
from hdfs_tools.embedded.database import Database
from hdfs_tools.embedded.names import HIDDEN
from hdfs_tools.embedded.permissions import Caller
from hdfs_tools.embedded.tree import View
from hdfs_tools.errors import (
    Exists,
    InvalidPath,
    NoSpace,
    NotADirectory,
    NotFound,
    PermissionDenied,
    RemoteError,
    StorageError,
)
from hdfs_tools.filesystem import FileSystem
from hdfs_tools.uri import encode_name
from hdfs_tools.user import user_name

__all__ = ["Base", "of_this_machine"]

_ERRORS = {
    errno.ENOENT: NotFound,
    errno.EEXIST: Exists,
    errno.ENOTDIR: NotADirectory,
    errno.EACCES: PermissionDenied,
    errno.EPERM: PermissionDenied,
    errno.EROFS: PermissionDenied,
    errno.ENOSPC: NoSpace,
    errno.EFBIG: NoSpace,
    errno.EDQUOT: NoSpace,
    errno.ENAMETOOLONG: InvalidPath,
}


_HIDDEN_DIRECTORIES = (STAGED, TRASH)


class Base(FileSystem, ABC):
    """A store's directory and database, and who asks.

    Parameters
    ----------
    directory : str
        The store's directory; it is made if need be.
    user : str, optional
        Who asks; by default ``HADOOP_USER_NAME`` or the user of this process.
    """

    def __init__(self, directory: str, user: str | None = None) -> None:
        self.directory = os.path.realpath(directory)
        self.url = f"file://{encode_name(self.directory)}"
        self.user = user or user_name()
        self._superuser = self.user
        self._database = Database(os.path.join(self.directory, HIDDEN), self.user)
        if not self._is_clean(directory):
            try:
                with of_this_machine(directory):
                    for hidden in _HIDDEN_DIRECTORIES:
                        os.makedirs(self.directory + hidden, exist_ok=True)
                with self._change(directory) as change:
                    self._clean(change)
            except (NoSpace, PermissionDenied):
                if not os.path.isdir(self.directory):
                    raise  # else it can be looked at
        with self._look(directory) as view:
            row = view.connection.execute("SELECT superuser FROM store").fetchone()
            self._superuser = str(row[0])
        self._caller = Caller(self.user, self._superuser)

    @contextlib.contextmanager
    def _look(self, path: str) -> Iterator[View]:
        """Look at the tree; errors of this machine become those of a file system, of a path."""
        stuck, gone = False, []
        try:
            while True:
                with of_this_machine(path), self._database.locked(exclusive=False) as connection:
                    if stuck or connection.execute("SELECT 1 FROM step").fetchone() is None:
                        view = View(self.directory, connection, self._superuser)
                        gone = view.gone
                        yield view
                        return
                # A step was interrupted. Only a change finishes it, if the disk can be written to.
                stuck = not self._try_to_change(path)
        finally:
            if gone:
                self._try_to_change(path, gone)

    def _try_to_change(self, path: str, gone: Sequence[str] = ()) -> bool:
        """Finish what was begun, forget what is gone; return whether that can be written."""
        try:
            with self._change(path) as change:
                change.forget_gone(gone)
        except (NoSpace, PermissionDenied):
            return False
        return True

    @contextlib.contextmanager
    def _change(self, path: str) -> Iterator[Change]:
        """Change the tree; errors as in `_look`."""
        with of_this_machine(path), self._database.locked(exclusive=True) as connection:
            change = Change(self.directory, connection, self._superuser, self._database.give_room)
            change.finish()
            yield change
            with contextlib.suppress(sqlite3.OperationalError):  # next time, then
                change.forget_gone(change.gone)

    def _is_clean(self, path: str) -> bool:
        """Return whether all is there, and nothing is left of those who were killed."""
        if not self._database.is_made():
            return False
        try:
            with of_this_machine(path), self._database.locked(exclusive=False):
                return not any(os.listdir(self.directory + name) for name in _HIDDEN_DIRECTORIES)
        except NotFound:
            return False

    def _clean(self, change: Change) -> None:
        """Take away what those have left who were killed."""
        for name in os.listdir(change.disk(TRASH)):
            remove(change.disk(f"{TRASH}/{name}"))
        for name in os.listdir(change.disk(STAGED)):
            staged = change.disk(f"{STAGED}/{name}")
            if os.path.isdir(staged):  # half a snapshot of an earlier version
                remove(staged)
                continue
            with open(staged, "rb") as file, contextlib.suppress(BlockingIOError):
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                os.unlink(staged)


@contextlib.contextmanager
def of_this_machine(path: str) -> Iterator[None]:
    """Turn errors of this machine into those of a file system, with its path."""
    try:
        yield
    except OSError as error:
        if isinstance(error, StorageError):
            raise
        kind = _ERRORS.get(error.errno or 0, RemoteError)
        raise kind(path, error.strerror) from error
