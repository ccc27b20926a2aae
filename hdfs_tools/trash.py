"""The trash: what was deleted, and can be had back until the trash is emptied.

The layout is Hadoop's own, so its NameNode empties this trash, and ``hdfs dfs`` and this module
see what the other put there: ``TRASH_ROOT/Current/ORIGINAL/PATH``, and in place of ``Current`` for
what is older a checkpoint, a directory named after the time, yyMMddHHmmss.

Unlike Hadoop, which puts digits behind a name that is in the trash already, this module puts the
second of a name below a checkpoint of its own; so the original path is always exact.
"""

import posixpath
import re
import time
from collections.abc import Iterator
from typing import NamedTuple

from hdfs_tools.errors import (
    Exists,
    InvalidPath,
    NotADirectory,
    NotEmpty,
    NotFound,
    PermissionDenied,
)
from hdfs_tools.filesystem import FileSystem
from hdfs_tools.status import Status

__all__ = ["Trash", "TrashItem"]

_CURRENT = "Current"
_STAMP = "%y%m%d%H%M%S"
_CHECKPOINT = re.compile(r"\d{12}(-\d+)?|\d{10}")  # the second is of Hadoop 1
_TRIES = 3  # where the emptier takes directories away at this moment


class TrashItem(NamedTuple):
    """Something in the trash.

    Attributes
    ----------
    original : str
        Path that it had.
    path : str
        Path that it has in the trash.
    when : float
        When it was deleted, in seconds since 1970. It was not later; if something else of the same
        directory came into the trash or left it since, it was earlier.
    size : int
        Bytes, those below a directory included.
    is_directory : bool
        Whether it is a directory.
    """

    original: str
    path: str
    when: float
    size: int
    is_directory: bool


class Trash:
    """The trash of whoever uses a file system.

    Parameters
    ----------
    storage : FileSystem
        The file system.
    """

    def __init__(self, storage: FileSystem) -> None:
        self._storage = storage

    def move(self, path: str) -> str:
        """Move a file or directory to the trash; return its path there.

        Raises
        ------
        InvalidPath
            It is in the trash, or the trash is in it.
        """
        root = self._storage.trash_root(path)
        if is_within(path, root) or is_within(root, path):
            raise InvalidPath(path, "it is in the trash, or the trash is in it")
        self._storage.stat(path)  # so that what is not found below is not this
        checkpoints = self._checkpoints(root)
        missed = 0
        while True:
            target = next(checkpoints) + path
            try:
                self._storage.mkdir(posixpath.dirname(target), 0o700)
                self._storage.rename(path, target)
                return target
            except (Exists, NotADirectory):
                continue  # its name, or a file that has the name of a directory above it, is there
            except NotFound:
                missed += 1
                if missed == _TRIES:
                    raise
                checkpoints = self._checkpoints(root)

    def _checkpoints(self, root: str) -> Iterator[str]:
        """Iterate over directories of the trash that something may be put into."""
        yield f"{root}/{_CURRENT}"
        stamp = time.strftime(_STAMP)
        yield f"{root}/{stamp}"
        number = 0
        while True:
            number += 1
            yield f"{root}/{stamp}-{number}"  # as Hadoop's emptier does

    def items(self, of: str | None = None) -> Iterator[TrashItem]:
        """Iterate over what was deleted.

        A directory in the trash whose original is there is not what was deleted, but leads to it.
        So if a directory was deleted and then made anew, what it held is listed one by one.

        Parameters
        ----------
        of : str, optional
            A path whose trash is meant; encryption zones have their own. By default the home
            directory's.
        """
        root = self._storage.trash_root(of or self._storage.home())
        for checkpoint in self._listed(root):
            if checkpoint.is_directory and _is_checkpoint(checkpoint.name):
                yield from self._items(checkpoint.path, checkpoint)
            else:  # nobody knows where it was
                yield self._item(checkpoint, f"/{checkpoint.name}", checkpoint.modified)

    def _items(self, checkpoint: str, directory: Status) -> Iterator[TrashItem]:
        for entry in self._listed(directory.path):
            original = entry.path[len(checkpoint) :]
            if entry.is_directory and self._is_there(original):
                yield from self._items(checkpoint, entry)
            else:
                yield self._item(entry, original, directory.modified)

    def _item(self, entry: Status, original: str, when: float) -> TrashItem:
        size = self._storage.content_summary(entry.path).size if entry.is_directory else entry.size
        return TrashItem(original, entry.path, when, size, entry.is_directory)

    def _is_there(self, directory: str) -> bool:
        try:
            return self._storage.stat(directory).is_directory
        except (NotFound, NotADirectory):
            return False
        except PermissionDenied:
            return True  # something that may not be seen

    def _listed(self, directory: str) -> Iterator[Status]:
        try:
            yield from self._storage.list(directory)
        except NotFound:
            return  # nothing was deleted, or the emptier was here

    def restore(self, path: str, overwrite: bool = False, target: str | None = None) -> str:
        """Put something back.

        Parameters
        ----------
        path : str
            The path that it had, or the path that it has in the trash.
        overwrite : bool, optional
            Whether it takes the place of a file that is there; else that is an error, `Exists`.
        target : str, optional
            Where to put it in place of the path that it had.

        Returns
        -------
        str
            Its path now.

        Raises
        ------
        NotFound
            It is not in the trash.
        InvalidPath
            Several things that had this path are in the trash; the message says where.
        """
        root = self._storage.trash_root(path)
        if is_within(path, root):
            held = path
            self._storage.stat(held)
        else:
            held = self._held(root, path)
        target = target or _original(root, held)
        self._storage.mkdir(posixpath.dirname(target))
        self._storage.rename(held, target, overwrite)
        self._prune(root, posixpath.dirname(held))
        return target

    def _held(self, root: str, original: str) -> str:
        """Return where in the trash something is."""
        checkpoints = [entry for entry in self._listed(root) if _is_checkpoint(entry.name)]
        held = [
            checkpoint.path + original
            for checkpoint in checkpoints
            if self._storage.exists(checkpoint.path + original)
        ]
        if not held:
            raise NotFound(original, "not in the trash")
        if len(held) > 1:
            raise InvalidPath(original, f"in the trash {len(held)} times: {', '.join(held)}")
        return held[0]

    def empty(self, older_than: float | None = None) -> int:
        """Delete what is in the trash for good.

        Parameters
        ----------
        older_than : float, optional
            Only what was deleted more than so many seconds ago; by default all.

        Returns
        -------
        int
            Number of files deleted.
        """
        root = self._storage.trash_root(self._storage.home())
        if older_than is None:
            return sum(self._delete(entry.path) for entry in self._listed(root))
        count = 0
        for item in self.older(older_than):
            count += self._delete(item.path)
            self._prune(root, posixpath.dirname(item.path))
        return count

    def older(self, seconds: float) -> Iterator[TrashItem]:
        """Iterate over what was deleted more than some seconds ago."""
        until = time.time() - seconds
        # All is looked at first: what is deleted changes the times of directories.
        yield from [item for item in self.items() if item.when < until]

    def _delete(self, path: str) -> int:
        count = self._storage.content_summary(path).files
        self._storage.delete(path, recursive=True)
        return count

    def _prune(self, root: str, directory: str) -> None:
        """Delete directories of the trash that hold nothing more."""
        while directory != root and is_within(directory, root):
            try:
                self._storage.delete(directory)
            except NotEmpty:
                return
            directory = posixpath.dirname(directory)


def is_within(path: str, directory: str) -> bool:
    """Return whether a path is a directory's, or of something below it.

    >>> is_within("/a/b", "/a"), is_within("/ab", "/a"), is_within("/a", "/")
    (True, False, True)
    """
    return f"{path.rstrip('/')}/".startswith(f"{directory.rstrip('/')}/")


def _is_checkpoint(name: str) -> bool:
    return name == _CURRENT or _CHECKPOINT.fullmatch(name) is not None


def _original(root: str, path: str) -> str:
    """Return the path that something in the trash had."""
    checkpoint, _, below = path[len(root.rstrip("/")) + 1 :].partition("/")
    if not _is_checkpoint(checkpoint):
        return f"/{checkpoint}/{below}".rstrip("/")
    if not below:
        raise InvalidPath(path, "a directory of the trash itself; name something in it")
    return f"/{below}"
