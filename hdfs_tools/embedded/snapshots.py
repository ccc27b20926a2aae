"""Snapshots of a store's folders.

A snapshot is a tree of hard links: files of a store are replaced, never changed in place. A program
that changes one in place all the same changes it in the snapshots, too.
"""

import builtins
import dataclasses
import math
import os
import secrets
import sqlite3
import time
from abc import ABC
from datetime import datetime

from hdfs_tools.embedded.base import Base
from hdfs_tools.embedded.change import KEPT, STAGED, Change
from hdfs_tools.embedded.database import transaction
from hdfs_tools.embedded.diff import changes, inverse
from hdfs_tools.embedded.entries import Entry
from hdfs_tools.embedded.names import HIDDEN, SNAPSHOTS, join
from hdfs_tools.embedded.node import Node
from hdfs_tools.embedded.permissions import EXECUTE, READ
from hdfs_tools.embedded.tree import View
from hdfs_tools.errors import InvalidPath, NotAFolder, NotFound, RemoteError
from hdfs_tools.folders import remove
from hdfs_tools.paths import check_new
from hdfs_tools.status import SnapshotChange

__all__ = ["Snapshots"]


class Snapshots(Base, ABC):
    """That part of a store which makes snapshots."""

    def allow_snapshots(self, folder: str) -> None:
        """Let snapshots be made of a folder; for the superuser."""
        with self._change(folder) as change:
            entry = self._folder(change, folder)
            for other in _snapshottable_around(change, folder, entry):
                raise _refused(folder, f"snapshots can be made of {other}, and they do not nest")
            entry.node.snapshottable = True
            change.save(entry.at, entry.node)

    def disallow_snapshots(self, folder: str) -> None:
        """Take that back; a folder with snapshots refuses."""
        with self._change(folder) as change:
            entry = self._folder(change, folder)
            if change.snapshots(entry.at):
                raise _refused(folder, "there are snapshots of it")
            entry.node.snapshottable = False
            change.save(entry.at, entry.node)

    def create_snapshot(self, folder: str, name: str | None = None) -> str:
        """Make a snapshot; return its path, ``FOLDER/.snapshot/NAME``."""
        name = name or datetime.now().strftime("s%Y%m%d-%H%M%S.%f")[:-3]
        with self._change(folder) as change:
            entry = self._snapshottable(change, folder)
            _check_new(change, entry, name)
            number = secrets.token_hex(16)
            staged, at = f"{STAGED}/{number}", f"{KEPT}/{number}"
            kept: dict[str, Node] = {}
            try:
                with transaction(change.connection):
                    _copy(change, entry, staged, "", kept)
                os.rename(change.disk(staged), change.disk(at))
                with transaction(change.connection):
                    for relative, node in kept.items():
                        change.save(at + relative, node)
                    change.connection.execute(
                        "INSERT INTO snapshot VALUES (?, ?, ?, ?)",
                        (number, entry.at, name, time.time()),
                    )
            except (OSError, sqlite3.DatabaseError):
                remove(change.disk(staged))
                remove(change.disk(at))
                raise
        return join(join(folder, SNAPSHOTS), name)

    def rename_snapshot(self, folder: str, name: str, new_name: str) -> None:
        """Give a snapshot another name."""
        with self._change(folder) as change:
            entry = self._snapshottable(change, folder)
            _snapshot_of(change, entry, name)
            if name == new_name:
                return
            _check_new(change, entry, new_name)
            change.connection.execute(
                "UPDATE snapshot SET name = ? WHERE folder = ? AND name = ?",
                (new_name, entry.at, name),
            )

    def delete_snapshot(self, folder: str, name: str) -> None:
        """Delete a snapshot."""
        with self._change(folder) as change:
            entry = self._snapshottable(change, folder)
            at = _snapshot_of(change, entry, name)
            with transaction(change.connection):
                change.connection.execute(
                    "DELETE FROM snapshot WHERE folder = ? AND name = ?", (entry.at, name)
                )
                change.forget(at)
        remove(self.folder + at)

    def snapshot_diff(self, folder: str, old: str, new: str = "") -> builtins.list[SnapshotChange]:
        """Return what changed from one snapshot to another, or to now (an empty name)."""
        with self._look(folder) as view:
            chain = view.chain(folder)
            self._caller.traverse(chain)
            entry = chain.existing()
            self._caller.need(entry, READ | EXECUTE)
            if not entry.node.snapshottable:
                raise _refused(folder, "no snapshots can be made of it")
            before, after = (
                view.entry(folder, _snapshot_of(view, entry, name)) if name else entry
                for name in (old, new)
            )
            if before is None or after is None:
                raise NotFound(folder)
            # What was renamed is only found from the older to the newer one.
            if _age(view, entry, old) <= _age(view, entry, new):
                return changes(view, before, after)
            return inverse(changes(view, after, before))

    def _folder(self, change: Change, path: str) -> Entry:
        """Return a folder, for the superuser."""
        chain = change.chain(path)
        self._caller.change(chain, NotAFolder)
        self._caller.need_superuser(path)
        entry = chain.existing()
        entry.check_kind()
        if not entry.is_folder:
            raise NotAFolder(path)
        return entry

    def _snapshottable(self, change: Change, path: str) -> Entry:
        """Return a folder of which snapshots may be made, for its owner."""
        chain = change.chain(path)
        self._caller.change(chain)
        entry = chain.existing()
        self._caller.need_owner(entry)
        if not entry.is_folder:
            raise NotAFolder(path)
        if not entry.node.snapshottable:
            raise _refused(path, "no snapshots can be made of it")
        return entry


def _snapshottable_around(change: Change, path: str, entry: Entry) -> builtins.list[str]:
    """Return the folders above and below one of which snapshots may be made."""
    above = [found for found in change.chain(path).entries[:-1] if found.node.snapshottable]
    query = "SELECT parent, name FROM node WHERE snapshottable AND parent NOT LIKE ?"
    rows = change.connection.execute(query, (f"/{HIDDEN}/%",))
    prefix = entry.at.rstrip("/") + "/"
    below = [join(*row) for row in rows if join(*row).startswith(prefix) and row[1]]
    return [found.path for found in above] + below


def _check_new(view: View, folder: Entry, name: str) -> None:
    """Raise the error of a name that a snapshot cannot have."""
    if "/" in name or name == SNAPSHOTS:
        raise InvalidPath(folder.path, f"no snapshot can have the name {name!r}")
    check_new(join(folder.path, name))
    if name in view.snapshots(folder.at):
        raise _refused(folder.path, f"there is a snapshot {name} already")


def _snapshot_of(view: View, folder: Entry, name: str) -> str:
    """Return where a snapshot lies."""
    snapshots = view.snapshots(folder.at)
    if name not in snapshots:
        raise _refused(folder.path, f"there is no snapshot {name}")
    return snapshots[name]


def _age(view: View, folder: Entry, name: str) -> float:
    """Return when a snapshot was made; infinity for what is there now."""
    query = "SELECT made FROM snapshot WHERE folder = ? AND name = ?"
    row = view.connection.execute(query, (folder.at, name)).fetchone()
    return float(row[0]) if row else math.inf


def _refused(path: str, reason: str) -> RemoteError:
    return RemoteError(path, reason, "SnapshotException")


def _copy(change: Change, entry: Entry, staged: str, relative: str, kept: dict[str, Node]) -> None:
    """Link what there is into a staged place, and add what is known of it to `kept`."""
    node = entry.node
    if entry.is_folder:
        if not node.identity:
            node.identity = secrets.randbits(62) + 1
            change.save(entry.at, node)
        os.mkdir(change.disk(staged))
        for below in change.children(entry):
            name = below.at.rpartition("/")[2]
            _copy(change, below, join(staged, name), join(relative, name), kept)
    else:
        os.link(change.disk(entry.at), change.disk(staged), follow_symlinks=False)
    modified = entry.status().modified
    kept[relative] = dataclasses.replace(node, modified=modified, snapshottable=False)
