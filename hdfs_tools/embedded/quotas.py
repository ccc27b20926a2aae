"""How much a folder holds, and whether it may hold more."""

from collections.abc import Collection
from dataclasses import dataclass

from hdfs_tools.embedded.entries import Chain, Entry
from hdfs_tools.embedded.tree import View
from hdfs_tools.errors import QuotaExceeded

__all__ = ["Usage", "check_quotas", "check_quotas_of_move", "usage"]


@dataclass
class Usage:
    """Files and folders, and their bytes.

    Attributes
    ----------
    folders, files : int
        How many.
    size : int
        Bytes of all files.
    space : int
        Bytes on disks: each file's times its replication.
    """

    folders: int = 0
    files: int = 0
    size: int = 0
    space: int = 0

    def add(self, entry: Entry) -> None:
        """Count a file or folder."""
        if entry.is_folder:
            self.folders += 1
        else:
            self.files += 1
            self.size += entry.size
            self.space += entry.size * entry.node.replication


def usage(view: View, entry: Entry) -> Usage:
    """Count a file, or a folder with all that is below it.

    As on HDFS, what is in snapshots only counts, too.
    """
    total = Usage()
    total.add(entry)
    snapshots = [entry] if entry.node.snapshottable else []
    if entry.is_folder:
        for below in view.below(entry):
            total.add(below)
            if below.node.snapshottable:
                snapshots.append(below)
    for folder in snapshots:
        _add_snapshots(view, folder, total)
    return total


def _add_snapshots(view: View, folder: Entry, total: Usage) -> None:
    """Count what is in a folder's snapshots and no longer in the folder."""
    places = view.snapshots(folder.at)
    counted = {entry.identity for entry in view.below(folder)} if places else set()
    counted.add(folder.identity)
    for at in places.values():
        snapshot = view.entry(folder.path, at)
        for entry in view.below(snapshot) if snapshot else ():
            if entry.identity not in counted:
                counted.add(entry.identity)
                total.add(entry)


def check_quotas_of_move(view: View, old: Chain, new: Chain) -> None:
    """Raise `QuotaExceeded` if folders above the new place may not hold what is at the old one."""
    if any(_is_limited(entry) for entry in new.above()):
        moved = usage(view, old.existing())
        holding = {entry.at for entry in old.entries}
        check_quotas(view, new, moved.folders + moved.files, moved.space, holding)


def _is_limited(entry: Entry) -> bool:
    return entry.node.quota is not None or entry.node.space_quota is not None


def check_quotas(
    view: View, chain: Chain, names: int, space: int, holding: Collection[str] = ()
) -> None:
    """Raise `QuotaExceeded` if a folder on the way may not hold that much more.

    Parameters
    ----------
    view : View
        The tree.
    chain : Chain
        The path where something is to be made.
    names, space : int
        How many files and folders, how many bytes on disks.
    holding : collection of str, optional
        Where folders lie that hold it already.
    """
    for entry in reversed(chain.above()):
        node = entry.node
        if entry.at in holding or not _is_limited(entry):
            continue
        used = usage(view, entry)
        count = used.folders + used.files
        if node.quota is not None and names > 0 and count + names > node.quota:
            reason = f"{entry.path} may hold {node.quota} files and folders, itself included"
            raise QuotaExceeded(chain.path, reason, "NSQuotaExceededException")
        if node.space_quota is not None and space > 0 and used.space + space > node.space_quota:
            reason = (
                f"{entry.path} may hold {node.space_quota} bytes on disks, and holds {used.space};"
                f" {space} more are needed (a block counts in full while it is written)"
            )
            raise QuotaExceeded(chain.path, reason, "DSQuotaExceededException")
