"""Names of files that are no images: those that are being written, and indexes of bundles."""

import functools
import os
import posixpath
import re
import socket
import zlib

__all__ = ["index_name", "is_abandoned", "is_by_product", "temporary_name"]

_NAME = re.compile(r"\..*\.([0-9a-f]{8})-(\d+)-[0-9a-f]{16}\._COPYING_", re.DOTALL)
_INDEX = ".index"
_UNFINISHED = "._COPYING_"
_KEPT = 100  # bytes of the name; HDFS and this machine take 255 in all


def temporary_name(path: str) -> str:
    """Return a hidden path beside another, where it is written until it is whole.

    It begins with ``.``, so that jobs leave it alone, and ends with ``._COPYING_`` as those of
    ``hdfs dfs -put``. It tells which process writes it, for `is_abandoned`.
    """
    folder, name = posixpath.split(path)
    kept = name.encode("utf-8", "surrogateescape")[:_KEPT].decode(errors="ignore")
    writer = f"{_machine()}-{os.getpid()}-{os.urandom(8).hex()}"
    return posixpath.join(folder, f".{kept}.{writer}{_UNFINISHED}")


def index_name(path: str) -> str:
    """Return the path of a bundle's index.

    >>> index_name("/data/scans.bundle")
    '/data/.scans.bundle.index'
    """
    folder, name = posixpath.split(path)
    return posixpath.join(folder, f".{name}{_INDEX}")


def is_by_product(path: str) -> bool:
    """Tell by its name whether a file is an index, or was not whole when it was named.

    >>> is_by_product("a/.scans.bundle.index"), is_by_product("a/.hidden.png")
    (True, False)
    """
    name = posixpath.basename(path)
    return name.startswith(".") and name.endswith((_INDEX, _UNFINISHED))


def is_abandoned(name: str) -> bool:
    """Tell whether a file is what a process of this machine began to write, and died."""
    match = _NAME.fullmatch(name)
    if match is None or match[1] != _machine():
        return False
    try:
        os.kill(int(match[2]), 0)
    except ProcessLookupError:
        return True
    except (OSError, OverflowError):
        return False
    return False


@functools.cache
def _machine() -> str:
    return f"{zlib.crc32(socket.gethostname().encode()):08x}"
