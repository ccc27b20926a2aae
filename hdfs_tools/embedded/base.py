"""What all operations of a store need: the lock, the tree, and who asks."""

import contextlib
import errno
import fcntl
import getpass
import os
import shutil
import stat
from abc import ABC
from collections.abc import Iterator

from hdfs_tools.embedded.change import STAGED, TRASH, Change
from hdfs_tools.embedded.database import Database, transaction
from hdfs_tools.embedded.names import HIDDEN
from hdfs_tools.embedded.permissions import Caller
from hdfs_tools.embedded.tree import View
from hdfs_tools.errors import (
    Exists,
    InvalidPath,
    NoSpace,
    NotAFolder,
    NotFound,
    PermissionDenied,
    RemoteError,
    StorageError,
)
from hdfs_tools.filesystem import FileSystem
from hdfs_tools.uri import encode_name

__all__ = ["Base", "of_this_machine"]

_ERRORS = {
    errno.ENOENT: NotFound,
    errno.EEXIST: Exists,
    errno.ENOTDIR: NotAFolder,
    errno.EACCES: PermissionDenied,
    errno.EPERM: PermissionDenied,
    errno.EROFS: PermissionDenied,
    errno.ENOSPC: NoSpace,
    errno.EDQUOT: NoSpace,
    errno.ENAMETOOLONG: InvalidPath,
}


class Base(FileSystem, ABC):
    """A store's folder and database, and who asks.

    Parameters
    ----------
    folder : str
        The store's folder; it is made if need be.
    user : str, optional
        Who asks; by default ``HADOOP_USER_NAME`` or the user of this process.
    """

    def __init__(self, folder: str, user: str | None = None) -> None:
        self.folder = os.path.realpath(folder)
        self.url = f"file://{encode_name(self.folder)}"
        self.user = user or os.environ.get("HADOOP_USER_NAME") or getpass.getuser()
        with of_this_machine(folder):
            self._database = Database(os.path.join(self.folder, HIDDEN))
            for hidden in (STAGED, TRASH, f"/{HIDDEN}/snapshots"):
                os.makedirs(self.folder + hidden, exist_ok=True)
        self._superuser = self.user
        with self._change(folder) as change:
            self._superuser = _superuser(change, self.user)
            self._clean(change)
        self._caller = Caller(self.user, self._superuser)

    @contextlib.contextmanager
    def _look(self, path: str) -> Iterator[View]:
        """Look at the tree; errors of this machine become those of a file system, of a path."""
        view = None
        try:
            with of_this_machine(path), self._database.locked(exclusive=False) as connection:
                if connection.execute("SELECT 1 FROM step").fetchone() is None:
                    view = View(self.folder, connection, self._superuser)
                    yield view
        finally:
            if view is not None and view.gone:
                with self._change(path) as change:
                    change.forget_gone(view.gone)
        if view is None:  # a step was interrupted, which only a change finishes
            with self._change(path) as change:
                yield change

    @contextlib.contextmanager
    def _change(self, path: str) -> Iterator[Change]:
        """Change the tree; errors as in `_look`."""
        with of_this_machine(path), self._database.locked(exclusive=True) as connection:
            change = Change(self.folder, connection, self._superuser)
            change.finish()
            yield change
            change.forget_gone(change.gone)

    def _clean(self, change: Change) -> None:
        """Take away what those have left who were killed."""
        for name in os.listdir(change.disk(TRASH)):
            remove(change.disk(f"{TRASH}/{name}"))
        for name in os.listdir(change.disk(STAGED)):
            staged = change.disk(f"{STAGED}/{name}")
            if os.path.isdir(staged):
                remove(staged)
                continue
            with open(staged, "rb") as file, contextlib.suppress(BlockingIOError):
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                os.unlink(staged)
        known = {str(row[0]) for row in change.connection.execute("SELECT id FROM snapshot")}
        snapshots = change.disk(f"/{HIDDEN}/snapshots")
        for name in set(os.listdir(snapshots)) - known:
            remove(os.path.join(snapshots, name))
            with transaction(change.connection):
                change.forget(f"/{HIDDEN}/snapshots/{name}")


def _superuser(change: Change, user: str) -> str:
    """Return who created the store, which is `user` if nobody did."""
    row = change.connection.execute("SELECT superuser FROM store").fetchone()
    if row is None:
        row = (user,)
        change.connection.execute("INSERT INTO store VALUES (?)", row)
    return str(row[0])


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


def remove(path: str) -> None:
    """Remove a file or folder of this machine with all that is in it, if it is there."""
    with contextlib.suppress(FileNotFoundError):
        if stat.S_ISDIR(os.lstat(path).st_mode):
            shutil.rmtree(path, ignore_errors=True)
        else:
            os.unlink(path)
