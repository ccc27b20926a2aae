"""Changes of the tree and of what is known, which a kill at any moment leaves whole.

What concerns the tree and the database is noted as a *step* first, then done in the tree, then in
the database. Whoever has the lock next finishes a step that was not: where its source is gone, the
tree was changed and the database follows; else nothing happened, and the note goes.
"""

import contextlib
import json
import os
import sqlite3
from collections.abc import Callable, Iterator, Sequence

from hdfs_tools.copying.directories import remove
from hdfs_tools.embedded.database import transaction
from hdfs_tools.embedded.names import HIDDEN
from hdfs_tools.embedded.node import COLUMNS, QUOTED, Node
from hdfs_tools.embedded.tree import View

__all__ = ["STAGED", "TRASH", "Change"]

STAGED = f"/{HIDDEN}/staged"
"""Where files lie until they are whole."""

TRASH = f"/{HIDDEN}/deleted"
"""Where what was deleted lies until it is gone."""

_REPLACE = (
    f"REPLACE INTO node (parent, name, {QUOTED})"  # noqa: S608
    f" VALUES (?, ?{', ?' * len(COLUMNS)})"
)
_BELOW = "(parent = ?1 OR (parent >= ?1 || '/' AND parent < ?1 || '0'))"  # "0" follows "/"


class Change(View):
    """A look at the tree by the only one who changes it.

    Parameters
    ----------
    directory, connection, superuser
        As in `View`.
    give_room : callable
        Gives back room on the disk that was kept for this; returns whether there was any.
    """

    def __init__(
        self,
        directory: str,
        connection: sqlite3.Connection,
        superuser: str,
        give_room: Callable[[], bool],
    ) -> None:
        super().__init__(directory, connection, superuser)
        self._give_room = give_room

    def save(self, at: str, node: Node) -> None:
        """Keep what is known of a file or directory."""
        parent, _, name = at.rpartition("/")
        self.connection.execute(_REPLACE, (parent, name, *node.row()))

    def forget(self, at: str) -> None:
        """Forget what is known of a file or directory, and of what is below it."""
        parent, _, name = at.rpartition("/")
        self.connection.execute("DELETE FROM node WHERE parent = ? AND name = ?", (parent, name))
        self.connection.execute(f"DELETE FROM node WHERE {_BELOW}", (at,))  # noqa: S608

    def forget_gone(self, paths: Sequence[str]) -> None:
        """Forget what is known of paths where nothing is."""
        if not paths:
            return
        with transaction(self.connection):
            for at in paths:
                if not os.path.lexists(self.disk(at)):
                    self.forget(at)

    def make(self, at: str, node: Node) -> None:
        """Make a directory."""
        with self._step("make", "", at, node):
            os.mkdir(self.disk(at))

    def put(self, staged: str, at: str, node: Node, replace: bool) -> None:
        """Move a staged file to its path."""
        with self._step("put", staged, at, node):
            if replace:
                os.replace(self.disk(staged), self.disk(at))
            else:
                os.link(self.disk(staged), self.disk(at))  # never replaces a file
                os.unlink(self.disk(staged))

    def move(self, at: str, target: str) -> None:
        """Give a file or directory another path; a file or empty directory there is replaced."""
        with self._step("move", at, target, None):
            os.rename(self.disk(at), self.disk(target))

    def drop(self, at: str) -> str:
        """Take a file or directory away; return where it lies until it is gone for good."""
        target = f"{TRASH}/{os.urandom(16).hex()}"
        with self._step("drop", at, target, None):
            os.rename(self.disk(at), self.disk(target))
        return target

    @contextlib.contextmanager
    def _step(self, kind: str, source: str, target: str, node: Node | None) -> Iterator[None]:
        row = json.dumps(node and node.row())

        def note() -> None:
            with transaction(self.connection):
                self.connection.execute(
                    "INSERT INTO step VALUES (?, ?, ?, ?)", (kind, source, target, row)
                )

        try:
            note()
        except sqlite3.OperationalError:
            if kind != "drop" or not self._give_room():  # there is to be room to delete something
                raise
            note()
        try:
            yield
        finally:
            self.finish()

    def finish(self) -> None:
        """Finish a step that was begun, or take it back."""
        step = self.connection.execute("SELECT * FROM step").fetchone()
        if step is None:
            return
        try:
            self._finish(*step)
        except sqlite3.OperationalError:  # the disk is full
            self._give_room()
            kind, source, target, _ = step
            if kind == "drop":
                remove(self.disk(target))
            try:
                self._finish(*step)
            except sqlite3.OperationalError:
                if kind == "move" and self._is_done(kind, source, target):
                    os.rename(self.disk(target), self.disk(source))  # it holds very many files
                    self._finish(*step)
                raise

    def _finish(self, kind: str, source: str, target: str, row: str) -> None:
        done = self._is_done(kind, source, target)
        with transaction(self.connection):
            if done:
                self._follow(kind, source, target, row)
            self.connection.execute("DELETE FROM step")

    def _is_done(self, kind: str, source: str, target: str) -> bool:
        if kind == "make":
            return os.path.isdir(self.disk(target))
        if not os.path.lexists(self.disk(source)):
            return True
        linked = kind == "put" and os.path.lexists(self.disk(target))
        if not linked or not os.path.samefile(self.disk(source), self.disk(target)):
            return False
        os.unlink(self.disk(source))
        return True

    def _follow(self, kind: str, source: str, target: str, row: str) -> None:
        if kind == "drop":
            self.forget(source)
            return
        self.forget(target)
        if kind == "move":
            self._move_rows(source, target)
        else:
            self.save(target, Node.of_row(json.loads(row)))

    def _move_rows(self, source: str, target: str) -> None:
        parent, _, name = target.rpartition("/")
        self.connection.execute(
            "UPDATE node SET parent = ?, name = ? WHERE parent = ? AND name = ?",
            (parent, name, *source.rpartition("/")[::2]),
        )
        query = f"UPDATE node SET parent = ?2 || substr(parent, ?3) WHERE {_BELOW}"  # noqa: S608
        self.connection.execute(query, (source, target, len(source) + 1))
