"""Files of this machine."""

import contextlib
import os
import shutil
import stat
from collections.abc import Iterator

from hdfs_tools.copying.trees import Entry

__all__ = ["remove", "walk_files"]


def remove(path: str) -> None:
    """Remove a file or directory of this machine with all that is in it, if it is there."""
    with contextlib.suppress(FileNotFoundError):
        if stat.S_ISDIR(os.lstat(path).st_mode):
            shutil.rmtree(path, ignore_errors=True)
        else:
            os.unlink(path)


def walk_files(directory: str) -> Iterator[Entry]:
    """Iterate over everything in a directory and below it that is not itself a directory.

    Links are followed. What cannot be followed or listed (a dangling link, a link to a directory
    that it lies in, a directory without permission) is named like a file, so that whoever reads it
    finds out why.

    Parameters
    ----------
    directory : str
        Path of the directory.

    Yields
    ------
    Entry
        Named by its path relative to `directory`, in sorted order, directory by directory. Size and
        time are 0 where they are not known.

    Raises
    ------
    OSError
        `directory` itself cannot be listed.
    """
    here = os.stat(directory)
    yield from _walk(directory, "", [(here.st_dev, here.st_ino)])


def _walk(directory: str, prefix: str, above: list[tuple[int, int]]) -> Iterator[Entry]:
    with os.scandir(directory) as scan:
        entries = sorted(scan, key=lambda entry: entry.name)
    for entry in entries:
        name = prefix + entry.name
        try:
            found = entry.stat()
        except OSError:
            yield Entry(name)
            continue
        if not entry.is_dir():
            yield Entry(name, size=found.st_size, modified=found.st_mtime)
            continue
        identity = (found.st_dev, found.st_ino)
        if identity in above or not os.access(entry.path, os.R_OK | os.X_OK):
            yield Entry(name)
        else:
            yield from _walk(entry.path, name + "/", [*above, identity])
