"""Files and directories as they lie in a store's directory, and what the store knows of them.

What has the path ``/data/a.png`` lies at ``/data/a.png`` in the store's directory, too.
"""

import errno
import heapq
import os
import re
import sqlite3
import stat
from collections.abc import Iterator, Sequence

from hdfs_tools.embedded.entries import Chain, Entry
from hdfs_tools.embedded.names import HIDDEN, join, split
from hdfs_tools.embedded.node import QUOTED, Node
from hdfs_tools.errors import NotFound

__all__ = ["PAGE", "View"]

_NOT_THERE = (errno.ENOENT, errno.ENOTDIR, errno.ENAMETOOLONG)
_HIGHEST = "\U0010ffff"
_SURROGATE = re.compile("[\ud800-\udfff]")
PAGE = 100_000
"""Names of a directory that are held in memory."""

_BATCH = 1000  # entries that are looked at together
_SELECT = f"SELECT name, {QUOTED} FROM node WHERE parent = ?"  # noqa: S608


class View:
    """A look at the tree, while nobody changes it.

    Parameters
    ----------
    directory : str
        The store's directory, without a ``/`` at its end.
    connection : sqlite3.Connection
        Its database.
    superuser : str
        Who owns what came by other means.
    """

    def __init__(self, directory: str, connection: sqlite3.Connection, superuser: str) -> None:
        self.directory = directory
        self.connection = connection
        self.superuser = superuser
        self.gone: list[str] = []
        """Where something is known, but nothing is: it was taken away by other means."""

    def disk(self, at: str) -> str:
        """Return the path on this machine of what lies somewhere in the store's directory."""
        return self.directory + at

    def entry(self, path: str) -> Entry | None:
        """Return what has a path, or None."""
        parent, _, name = path.rpartition("/")
        row = self.connection.execute(f"{_SELECT} AND name = ?", (parent, name)).fetchone()
        return self._entry(path, row and Node.of_row(row[1:]))

    def _entry(self, path: str, node: Node | None) -> Entry | None:
        try:
            found = os.lstat(self.disk(path))
        except OSError as error:
            if error.errno not in _NOT_THERE:
                raise
            if node is not None:
                self.gone.append(path)
            return None
        is_directory = stat.S_ISDIR(found.st_mode)
        if node is None or node.is_directory != is_directory:
            node = Node.unknown(is_directory, self.superuser)
        return Entry(path, found, node)

    def _rows(self, parent: str, after: str, last: str) -> dict[str, Node]:
        """Return what is known of what a directory holds behind a name and up to another."""
        query = f"{_SELECT} AND name > ? AND name <= ?"
        rows = self.connection.execute(query, (parent, _bound(after), _bound(last)))
        return {row[0]: Node.of_row(row[1:]) for row in rows}

    def chain(self, path: str, new: bool = False) -> Chain:
        """Return what a path leads through; see `names.split` for `new`."""
        root = self.entry("/")
        if root is None:
            raise NotFound(path, "the store's directory is gone")
        chain = Chain(path, [root], split(path, new))
        while chain.missing and chain.entries[-1].is_directory:
            found = self.entry(join(chain.entries[-1].path, chain.missing[0]))
            if found is None:
                break
            chain.entries.append(found)
            del chain.missing[0]
        return chain

    def names(self, directory: Entry, after: str = "", most: int = PAGE) -> list[str]:
        """Return the first names in a directory that follow another one, in order."""
        with os.scandir(self.disk(directory.path)) as scan:
            following = (entry.name for entry in scan if entry.name > after)
            if directory.path == "/":
                following = (name for name in following if name != HIDDEN)
            return heapq.nsmallest(most, following)

    def entries(
        self, directory: Entry, names: Sequence[str], after: str = "", more: bool = True
    ) -> Iterator[Entry]:
        """Iterate over what a directory holds under some names.

        Parameters
        ----------
        directory : Entry
            The directory.
        names : sequence of str
            All names that follow another one, in order, from `names`.
        after : str, optional
            That other one.
        more : bool, optional
            Whether more may follow.
        """
        for start in range(0, len(names) or 1, _BATCH):
            batch = names[start : start + _BATCH]
            is_last = not more and start + _BATCH >= len(names)
            last = _HIGHEST if is_last else batch[-1] if batch else after
            rows = self._rows(directory.path.rstrip("/"), after, last)
            after = last
            for name in batch:
                found = self._entry(join(directory.path, name), rows.pop(name, None))
                if found is not None:
                    yield found
            self.gone += [join(directory.path, name) for name in rows]

    def children(self, directory: Entry) -> Iterator[Entry]:
        """Iterate over what a directory holds, in order."""
        after, more = "", True
        while more:
            names = self.names(directory, after)
            more = len(names) == PAGE
            yield from self.entries(directory, names, after, more)
            after = names[-1] if names else after

    def below(self, directory: Entry) -> Iterator[Entry]:
        """Iterate over all that a directory holds and what is below it, directories first."""
        for entry in self.children(directory):
            yield entry
            if entry.is_directory:
                yield from self.below(entry)


def _bound(name: str) -> str:
    """Return a name that sorts like one, and is Unicode as the database needs it."""
    lone = _SURROGATE.search(name)
    return name if lone is None else f"{name[: lone.start()]}\ud7ff{_HIGHEST}"
