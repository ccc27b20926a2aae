"""The database of a store, and the lock that keeps changes one after the other."""

import contextlib
import fcntl
import os
import sqlite3
import threading
import weakref
from collections.abc import Iterator

from hdfs_tools.embedded.node import QUOTED

__all__ = ["Database", "transaction"]

_SCHEMA = f"""
CREATE TABLE IF NOT EXISTS store (superuser TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS node (
    parent TEXT NOT NULL, name TEXT NOT NULL, {QUOTED}, PRIMARY KEY (parent, name)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS snapshot (
    id TEXT PRIMARY KEY, folder TEXT NOT NULL, name TEXT NOT NULL,
    made REAL NOT NULL, UNIQUE (folder, name)
);
CREATE TABLE IF NOT EXISTS step (kind TEXT, source TEXT, target TEXT, node TEXT);
"""


class Database:
    """Connections to a database, and a lock; for several threads, and processes after a fork.

    The lock is the system's, so that it goes with a process that is killed.

    Parameters
    ----------
    folder : str
        Where the database lies; made if need be.
    """

    def __init__(self, folder: str) -> None:
        os.makedirs(folder, exist_ok=True)
        self._connections = _Connections(os.path.join(folder, "store.sqlite"))
        weakref.finalize(self, self._connections.close)
        self._lock_path = os.path.join(folder, "lock")
        self._gate_path = os.path.join(folder, "gate")
        with self.locked(exclusive=True) as connection:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.executescript(_SCHEMA)

    @contextlib.contextmanager
    def locked(self, exclusive: bool) -> Iterator[sqlite3.Connection]:
        """Hold the lock, alone or with others who only look, and a connection."""
        # Whoever waits to be alone waits in the gate, so that no others slip through.
        with contextlib.ExitStack() as held:
            with _flock(self._gate_path, fcntl.LOCK_EX):
                mode = fcntl.LOCK_EX if exclusive else fcntl.LOCK_SH
                held.enter_context(_flock(self._lock_path, mode))
            yield held.enter_context(self._connections.one())

    def close(self) -> None:
        """Close the connections that nobody uses."""
        self._connections.close()


@contextlib.contextmanager
def _flock(path: str, mode: int) -> Iterator[None]:
    with open(path, "ab") as file:
        fcntl.flock(file, mode)
        try:
            yield
        finally:
            fcntl.flock(file, fcntl.LOCK_UN)  # closing is not enough: a fork may have it open


class _Connections:
    """Connections to a database, each for one thread at a time.

    None is open while the process is forked: SQLite forbids it, since the child would believe the
    locks of its parent to be its own.
    """

    def __init__(self, path: str) -> None:
        self._path = path
        self._idle: list[sqlite3.Connection] = []
        self._used = 0
        self._changed = threading.Condition()
        with _fork:
            _all.add(self)

    @contextlib.contextmanager
    def one(self) -> Iterator[sqlite3.Connection]:
        with self._changed:
            connection = self._idle.pop() if self._idle else self._open()
            self._used += 1
        try:
            yield connection
        finally:
            with self._changed:
                self._idle.append(connection)
                self._used -= 1
                self._changed.notify_all()

    def _open(self) -> sqlite3.Connection:
        return sqlite3.connect(
            self._path, timeout=60, isolation_level=None, check_same_thread=False
        )

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
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")
