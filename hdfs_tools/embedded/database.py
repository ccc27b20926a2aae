"""The database of a store, and the lock that keeps changes one after the other.

Who only looks writes nothing that has to be there: on a full disk, or one that is read-only, the
database is read without the files that SQLite wants beside it. A file of zeros keeps some room, to
be given back where a change has to be finished, or something is deleted, on a full disk.
"""

import contextlib
import errno
import fcntl
import os
import sqlite3
import tempfile
import threading
import weakref
from collections.abc import Callable, Iterator
from urllib.parse import quote

from hdfs_tools.embedded.node import QUOTED
from hdfs_tools.errors import Corrupt, RemoteError

__all__ = ["Database", "transaction"]

_TABLES = (
    "CREATE TABLE IF NOT EXISTS store (superuser TEXT NOT NULL)",
    f"""CREATE TABLE IF NOT EXISTS node (
    parent TEXT NOT NULL, name TEXT NOT NULL, {QUOTED}, PRIMARY KEY (parent, name)
) WITHOUT ROWID""",
    "CREATE TABLE IF NOT EXISTS step (kind TEXT, source TEXT, target TEXT, node TEXT)",
)
_KEPT_ROOM = 128 << 10  # enough for what SQLite needs to note that something is deleted
_NOT_MADE = "no such table"
_NO_WRITING = (errno.EROFS, errno.EACCES, errno.EPERM, errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


class Database:
    """Connections to a database, and a lock; for several threads, and processes after a fork.

    The lock is the system's, so that it goes with a process that is killed.

    Parameters
    ----------
    directory : str
        Where the database lies.
    superuser : str
        Whose the store is, if it is new.
    """

    def __init__(self, directory: str, superuser: str) -> None:
        self._directory, self._superuser = directory, superuser
        self._path = os.path.join(directory, "store.sqlite")
        self._connections = _Connections(self._open)
        weakref.finalize(self, self._connections.close)
        self._lock_path = os.path.join(directory, "lock")
        self._gate_path = os.path.join(directory, "gate")
        self._room_path = os.path.join(directory, "room")

    def is_made(self) -> bool:
        """Return whether the database is there, and can be opened as usual."""
        try:
            with self._held(exclusive=False), self._connections.one():
                return True
        except (OSError, sqlite3.DatabaseError):
            return False

    @contextlib.contextmanager
    def locked(self, exclusive: bool) -> Iterator[sqlite3.Connection]:
        """Hold the lock, alone or with others who only look, and a connection.

        Raises
        ------
        OSError
            With the number of what keeps the database from being read or changed.
        StorageError
            It is damaged, or refuses for another reason.
        """
        with self._held(exclusive), self._translated(), contextlib.ExitStack() as opened:
            if exclusive:
                self._keep_room()
                connection = opened.enter_context(self._connections.one(self._open_or_make))
            else:
                connection = opened.enter_context(self._connection_to_look())
            yield connection

    @contextlib.contextmanager
    def _held(self, exclusive: bool) -> Iterator[None]:
        # Whoever waits to be alone waits in the gate, so that no others slip through.
        mode = fcntl.LOCK_EX if exclusive else fcntl.LOCK_SH
        with contextlib.ExitStack() as lock:
            with _flock(self._gate_path, fcntl.LOCK_EX, exclusive):
                lock.enter_context(_flock(self._lock_path, mode, exclusive))
            yield

    @contextlib.contextmanager
    def _connection_to_look(self) -> Iterator[sqlite3.Connection]:
        with contextlib.ExitStack() as opened:
            try:
                connection = opened.enter_context(self._connections.one())
            except sqlite3.DatabaseError:
                connection = opened.enter_context(contextlib.closing(self._open_unwritable()))
            yield connection

    def _open(self, mode: str = "mode=rw") -> sqlite3.Connection:
        """Return a connection with which the database can be read, if there is one."""
        connection = sqlite3.connect(
            f"file:{quote(os.fsencode(self._path))}?{mode}",
            uri=True,
            timeout=60,
            isolation_level=None,
            check_same_thread=False,
        )
        try:
            if "unix-none" in mode:
                connection.execute("PRAGMA locking_mode = EXCLUSIVE")  # no shared memory
            connection.execute("SELECT 1 FROM step").fetchone()
        except BaseException:
            connection.close()
            raise
        return connection

    def _open_unwritable(self) -> sqlite3.Connection:
        """Return a connection for which nothing is written to the disk.

        It is closed before the lock goes: it takes none of SQLite's own, and sees no changes.
        """
        if _size(self._path):
            no_log = not _size(f"{self._path}-wal")
            try:
                return self._open("immutable=1" if no_log else "mode=ro&vfs=unix-none")
            except sqlite3.OperationalError as error:
                if _NOT_MADE not in str(error):
                    raise
        connection = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
        self._fill(connection)  # as long as nobody can make it on the disk
        return connection

    def _open_or_make(self) -> sqlite3.Connection:
        """Return a connection to the database, which is made if need be."""
        try:
            return self._open()
        except sqlite3.DatabaseError:
            self.give_room()  # that it may lack
        connection = sqlite3.connect(
            self._path, timeout=60, isolation_level=None, check_same_thread=False
        )
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            self._fill(connection)
        except BaseException:
            connection.close()
            raise
        return connection

    def _fill(self, connection: sqlite3.Connection) -> None:
        with transaction(connection):
            for table in _TABLES:
                connection.execute(table)
            if _superuser(connection) is None:
                connection.execute("INSERT INTO store VALUES (?)", (self._superuser,))

    def _keep_room(self) -> None:
        """Keep some room for later, if there is any."""
        if _size(self._room_path) == _KEPT_ROOM:
            return
        with contextlib.suppress(OSError), open(self._room_path, "wb") as file:
            try:
                os.posix_fallocate(file.fileno(), 0, _KEPT_ROOM)
            except OSError:
                file.truncate(0)

    def give_room(self) -> bool:
        """Give back the room that was kept; return whether there was any."""
        had = bool(_size(self._room_path))
        if had:
            os.truncate(self._room_path, 0)
        return had

    @contextlib.contextmanager
    def _translated(self) -> Iterator[None]:
        """Turn SQLite's errors into those of this machine or of file systems."""
        try:
            yield
        except (sqlite3.IntegrityError, sqlite3.ProgrammingError, sqlite3.InterfaceError):
            raise
        except sqlite3.DatabaseError as error:
            raise self._reason(str(error)) from error

    def _reason(self, said: str) -> OSError:
        """Return why SQLite fails."""
        if any(words in said for words in ("malformed", "not a database", _NOT_MADE)):
            reason = (
                f"the database of the store is damaged ({said}): put it back from a copy, or"
                " move the directory it lies in away, and the files are there without what is known"
                " of them"
            )
            return Corrupt(self._path, reason)
        if "locked" in said:
            reason = "the database of the store is kept locked by another program: end it first"
            return RemoteError(self._path, reason)
        if "full" in said:
            return OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        try:  # others have several causes
            with tempfile.TemporaryFile(dir=self._directory) as file:
                os.posix_fallocate(file.fileno(), 0, _KEPT_ROOM // 2)
        except OSError as error:
            return OSError(error.errno, error.strerror)
        if not os.access(self._path, os.R_OK | os.W_OK):  # SQLite's locks forbid to open it
            return OSError(errno.EACCES, os.strerror(errno.EACCES))
        return OSError(errno.EIO, f"the database of the store: {said}")

    def close(self) -> None:
        """Close the connections that nobody uses."""
        self._connections.close()


def _superuser(connection: sqlite3.Connection) -> str | None:
    row = connection.execute("SELECT superuser FROM store").fetchone()
    return row and str(row[0])


def _size(path: str) -> int:
    """Return the length of a file, 0 if it is not there."""
    try:
        return os.stat(path).st_size
    except FileNotFoundError:
        return 0


@contextlib.contextmanager
def _flock(path: str, mode: int, exclusive: bool) -> Iterator[None]:
    try:
        # To look, it suffices to read it.
        file = open(path, "ab" if exclusive or not os.path.exists(path) else "rb")  # noqa: SIM115
    except OSError as error:
        directory = os.path.dirname(path)
        not_made = error.errno == errno.ENOENT and os.path.isdir(os.path.dirname(directory))
        if exclusive or not (not_made or error.errno in _NO_WRITING) or os.path.exists(path):
            raise
        yield  # nobody changes what cannot be locked
        return
    with file:
        fcntl.flock(file, mode)
        try:
            yield
        finally:
            fcntl.flock(file, fcntl.LOCK_UN)  # closing is not enough: a fork may have it open


class _Connections:
    """Connections to a database, each for one thread at a time.

    None is open while the process is forked: SQLite forbids it, since the child would believe the
    locks of its parent to be its own.

    Parameters
    ----------
    opened : callable
        Returns a new connection.
    """

    def __init__(self, opened: Callable[[], sqlite3.Connection]) -> None:
        self._open = opened
        self._idle: list[sqlite3.Connection] = []
        self._used = 0
        self._changed = threading.Condition()
        with _fork:
            _all.add(self)

    @contextlib.contextmanager
    def one(
        self, opened: Callable[[], sqlite3.Connection] | None = None
    ) -> Iterator[sqlite3.Connection]:
        """Give a connection, which is opened as usual or in another way if none is idle."""
        with self._changed:
            connection = self._idle.pop() if self._idle else (opened or self._open)()
            self._used += 1
        try:
            yield connection
        finally:
            with self._changed:
                self._idle.append(connection)
                self._used -= 1
                self._changed.notify_all()

    def close(self) -> None:
        with self._changed:
            while self._idle:
                self._idle.pop().close()

    def before_fork(self) -> None:
        self._changed.acquire()
        self._changed.wait_for(lambda: not self._used)
        self.close()

    def after_fork(self) -> None:
        self._changed.release()


_fork = threading.RLock()
_all: "weakref.WeakSet[_Connections]" = weakref.WeakSet()
_waiting: list[_Connections] = []
"""Those that are kept from being used while the process is forked."""


def _before_fork() -> None:
    _fork.acquire()
    _waiting.extend(_all)
    for connections in _waiting:
        connections.before_fork()


def _after_fork() -> None:
    for connections in _waiting:
        connections.after_fork()
    _waiting.clear()
    _fork.release()


# The thread that forks is the one of the child, so that it may release there, too.
os.register_at_fork(before=_before_fork, after_in_parent=_after_fork, after_in_child=_after_fork)


@contextlib.contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """Make changes that are all kept, or none where something fails."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:  # on a full disk SQLite may have ended it
            connection.execute("ROLLBACK")
        raise
