"""Files of this machine."""

import contextlib
import os
import shutil
import stat
from collections.abc import Iterator

from hdfs_tools.copying.trees import Entry

__all__ = ["remove", "walk_files"]


def remove(path: str) -> None:
    """Remove a file or folder of this machine with all that is in it, if it is there."""
    with contextlib.suppress(FileNotFoundError):
        if stat.S_ISDIR(os.lstat(path).st_mode):
            shutil.rmtree(path, ignore_errors=True)
        else:
            os.unlink(path)


def walk_files(folder: str) -> Iterator[Entry]:
    """Iterate over everything in a folder and below it that is not itself a folder.

    Links are followed. What cannot be followed or listed (a dangling link, a link to a folder
    that it lies in, a folder without permission) is named like a file, so that whoever reads it
    finds out why.

    Parameters
    ----------
    folder : str
        Path of the folder.

    Yields
    ------
    Entry
        Named by its path relative to `folder`, in sorted order, folder by folder. Size and time are
        0 where they are not known.

    Raises
    ------
    OSError
        `folder` itself cannot be listed.
    """
    here = os.stat(folder)
    yield from _walk(folder, "", [(here.st_dev, here.st_ino)])


def _walk(folder: str, prefix: str, above: list[tuple[int, int]]) -> Iterator[Entry]:
    with os.scandir(folder) as scan:
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
