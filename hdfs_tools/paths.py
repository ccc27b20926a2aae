"""HDFS's rules for paths."""

from hdfs_tools.errors import InvalidPath

__all__ = ["LONGEST_NAME", "check_new"]

LONGEST_NAME = 255
"""Bytes of a name, as UTF-8."""


def check_new(path: str) -> None:
    """Raise `InvalidPath` if HDFS cannot have a file or folder of that path.

    WebHDFS does not always say so: it takes ``..`` away from the target of a renaming.

    >>> check_new("/data/a:b")
    Traceback (most recent call last):
    ...
    hdfs_tools.errors.InvalidPath: /data/a:b: Invalid path name: HDFS has no 'a:b'
    """
    if not path.startswith("/"):
        raise InvalidPath(path, "not an absolute path")
    for name in path.rstrip("/").split("/")[1:]:
        if name in ("", ".", "..") or ":" in name or "\0" in name:
            raise InvalidPath(path, f"Invalid path name: HDFS has no {name!r}")
        if len(name) * 4 > LONGEST_NAME and len(name.encode(errors="replace")) > LONGEST_NAME:
            raise InvalidPath(path, f"a name is longer than {LONGEST_NAME} bytes")
    if not _is_unicode(path):
        raise InvalidPath(path, "names on HDFS are Unicode, this is not")


def _is_unicode(path: str) -> bool:
    try:
        path.encode()
    except UnicodeEncodeError:
        return False
    return True
