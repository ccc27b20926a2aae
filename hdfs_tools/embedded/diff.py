"""What changed between two trees of a store, as HDFS tells it."""

from collections.abc import Hashable

from hdfs_tools.embedded.entries import Entry
from hdfs_tools.embedded.tree import View
from hdfs_tools.status import SnapshotChange

__all__ = ["changes", "inverse"]

Places = dict[Hashable, tuple[str, Entry]]


def changes(view: View, old: Entry, new: Entry) -> list[SnapshotChange]:
    """Return what changed from one tree to another, in order of paths.

    What lies elsewhere now was renamed; it is known by its inode (a file) or by its identity.
    """
    comparison = _Comparison(view)
    comparison.folders("", old, new)
    comparison.match()
    return comparison.result()


def inverse(found: list[SnapshotChange]) -> list[SnapshotChange]:
    """Return the changes back."""
    back = {"+": "-", "-": "+"}
    return [
        SnapshotChange(
            back.get(change.kind, change.kind),
            change.target or change.path,
            change.path if change.target else None,
        )
        for change in found
    ]


class _Comparison:
    def __init__(self, view: View) -> None:
        self.view = view
        self.gone: Places = {}
        self.made: Places = {}
        self.found: list[SnapshotChange] = []

    def folders(self, path: str, old: Entry, new: Entry) -> None:
        """Compare two versions of a folder."""
        before, after = self._children(old), self._children(new)
        changed = False
        for name in sorted(before.keys() | after.keys()):
            was, now = before.get(name), after.get(name)
            where = f"{path}/{name}" if path else name
            if was and now and was.identity == now.identity:
                self._both(where, was, now)
                continue
            changed = True
            if was:
                self.gone[was.identity] = (where, was)
            if now:
                self.made[now.identity] = (where, now)
        if changed or _known(old) != _known(new):
            self.found.append(SnapshotChange("M", path or "."))

    def _both(self, path: str, old: Entry, new: Entry) -> None:
        if old.is_folder:
            self.folders(path, old, new)
        elif _known(old) != _known(new):
            self.found.append(SnapshotChange("M", path))

    def match(self) -> None:
        """Find what was renamed; in renamed folders, what changed."""
        for path, entry in [*self.made.values()]:
            if entry.is_folder:
                self._inside(path, entry)
        while renamed := self.gone.keys() & self.made.keys():
            for identity in renamed:
                path, old = self.gone.pop(identity)
                target, new = self.made.pop(identity)
                self.found.append(SnapshotChange("R", path, target))
                self._both(path, old, new)

    def _inside(self, path: str, folder: Entry) -> None:
        """Find what was renamed into a folder that was made."""
        if folder.identity in self.gone:
            return
        for name, entry in self._children(folder).items():
            where = f"{path}/{name}"
            if entry.identity in self.gone:
                self.made[entry.identity] = (where, entry)
            elif entry.is_folder:
                self._inside(where, entry)

    def result(self) -> list[SnapshotChange]:
        """Return all changes."""
        gone = [SnapshotChange("-", path) for path, _ in self.gone.values()]
        made = [SnapshotChange("+", path) for path, _ in self.made.values()]
        order = "M-+R"
        return sorted(
            [*self.found, *gone, *made], key=lambda found: (found.path, order.index(found.kind))
        )

    def _children(self, folder: Entry) -> dict[str, Entry]:
        return {entry.at.rpartition("/")[2]: entry for entry in self.view.children(folder)}


def _known(entry: Entry) -> tuple[object, ...]:
    """Return what of a file or folder makes it another one where it is changed."""
    node = entry.node
    known = (node.owner, node.group, node.permission, node.acl, node.xattrs, node.replication)
    return *known, node.quota, node.space_quota, node.policy
