"""Names of files that are no images: those that are being written, and indexes of bundles."""

import fcntl
import hashlib
import os
import posixpath
import re
import time

__all__ = [
    "REMOTE_LEASE",
    "index_name",
    "is_abandoned",
    "is_by_product",
    "is_temporary",
    "lock",
    "temporary_name",
]

REMOTE_LEASE = 86_400
"""Seconds after its last change in which a temporary file on HDFS is somebody's; whoever writes it
renews the change (see `hdfs_tools.webhdfs.uploads`)."""

_LOCAL_LEASE = 3_600  # the same on this machine, where writing itself renews it
_UNFINISHED = "._COPYING_"
_TEMPORARY = re.compile(r"\..*\.[0-9a-f-]{16,}\._COPYING_", re.DOTALL)
_INDEX = ".index"
_KEPT = 100  # bytes of the name that a temporary one keeps
_MAX_NAME = 255  # bytes, on HDFS and on this machine


def temporary_name(path: str) -> str:
    """Return a hidden path beside another, where it is written until it is whole.

    It begins with ``.``, so that jobs leave it alone, and ends with ``._COPYING_`` as those of
    ``hdfs dfs -put``. Between them are 16 random bytes: no two writers, on whatever machine and
    in whatever container, have the same.
    """
    directory, name = posixpath.split(path)
    kept = _cut(name, _KEPT)
    return posixpath.join(directory, f".{kept}.{os.urandom(16).hex()}{_UNFINISHED}")


def index_name(path: str) -> str:
    """Return the path of a bundle's index.

    Where the bundle's name leaves no room for more, it is cut, and a hash stands for the rest.

    >>> index_name("/data/scans.bundle")
    '/data/.scans.bundle.index'
    """
    directory, name = posixpath.split(path)
    raw = os.fsencode(name)
    if len(raw) > _MAX_NAME - len(f".{_INDEX}"):
        name = f"{_cut(name, _KEPT)}.{hashlib.sha256(raw).hexdigest()[:32]}"
    return posixpath.join(directory, f".{name}{_INDEX}")


def _cut(name: str, size: int) -> str:
    """Return as much of a name as there is room for, in whole characters."""
    return name.encode("utf-8", "surrogateescape")[:size].decode(errors="ignore")


def is_temporary(name: str) -> bool:
    """Return whether a file or directory has the name of one that is not whole yet.

    >>> is_temporary(posixpath.basename(temporary_name("a.png"))), is_temporary("a._COPYING_")
    (True, False)
    """
    return name.endswith(_UNFINISHED) and _TEMPORARY.fullmatch(name) is not None


def is_by_product(path: str) -> bool:
    """Return whether a path is that of an index, or of a file that is not whole yet.

    >>> is_by_product("a/.scans.bundle.index"), is_by_product("a/.hidden.png")
    (True, False)
    """
    if f"{_UNFINISHED}/" in path and any(map(is_temporary, path.split("/"))):
        return True  # in a directory that is not whole
    name = posixpath.basename(path)
    return name.startswith(".") and name.endswith((_INDEX, _UNFINISHED))


def is_abandoned(path: str) -> bool:
    """Return whether a temporary file or directory of this machine is nobody's any more.

    It has not changed for an hour, and nobody holds its lock: whoever writes it does, and the
    system takes the lock back when that process has ended, in whatever container it ran.
    """
    if not is_temporary(posixpath.basename(path)):
        return False
    try:
        if time.time() - os.lstat(path).st_mtime < _LOCAL_LEASE:
            return False
        opened = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return False
    try:
        return lock(opened)
    finally:
        os.close(opened)


def lock(opened: int) -> bool:
    """Take the lock of an open file or directory; return whether nobody else has it.

    False also where the file system has no locks: then nobody can know.
    """
    try:
        fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
