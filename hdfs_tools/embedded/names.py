"""Paths that there can be in a store."""

from hdfs_tools.errors import InvalidPath, NotFound, RemoteError
from hdfs_tools.paths import check_new

__all__ = ["HIDDEN", "join", "split"]

HIDDEN = ".hdfs-tools"
"""The directory at a store's root that holds what the store knows; no path reaches it."""

_SNAPSHOTS = ".snapshot"
_MAX_PATH = 8000  # characters
_MAX_DEPTH = 1000  # names


def split(path: str, new: bool = False) -> list[str]:
    """Return the names in an absolute path; none for the root.

    Parameters
    ----------
    path : str
        Absolute path; it may end with ``/``.
    new : bool, optional
        Whether something is to be made there. Otherwise what cannot be is just not there.

    Raises
    ------
    InvalidPath, NotFound, RemoteError
        There can be no such path.

    >>> split("/data/scans/")
    ['data', 'scans']
    """
    if not path.startswith("/"):
        raise InvalidPath(path, "not an absolute path")
    names = [name for name in path.split("/") if name]
    try:
        check_new(path if new else "/" + "/".join(names))
        if names and names[0] in (".reserved", HIDDEN):
            raise InvalidPath(path, f"{names[0]!r} is a reserved name")
        if new and _SNAPSHOTS in names:
            raise InvalidPath(path, f"{_SNAPSHOTS!r} is a reserved name")
    except InvalidPath:
        if new:
            raise
        raise NotFound(path) from None
    if _SNAPSHOTS in names:
        raise NotFound(path, "only an HDFS server has snapshots")
    if len(path) > _MAX_PATH or len(names) > _MAX_DEPTH:
        raise RemoteError(path, f"longer than {_MAX_PATH} characters or {_MAX_DEPTH} names")
    return names


def join(directory: str, name: str) -> str:
    """Return the path of what has a name in a directory.

    >>> join("/", "data"), join("/data", "a.png")
    ('/data', '/data/a.png')
    """
    return f"{directory.rstrip('/')}/{name}"
