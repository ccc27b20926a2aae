"""What a store tells of files and folders, and their bytes."""

import os
import shutil
from abc import ABC
from collections.abc import Iterator

from hdfs_tools.checksum import FileChecksum
from hdfs_tools.embedded.base import Base, of_this_machine
from hdfs_tools.embedded.entries import Chain, Entry
from hdfs_tools.embedded.names import SNAPSHOTS, join
from hdfs_tools.embedded.permissions import EXECUTE, READ
from hdfs_tools.embedded.quotas import usage
from hdfs_tools.embedded.tree import PAGE, View
from hdfs_tools.errors import RemoteError
from hdfs_tools.status import Capacity, Checksum, ContentSummary, Status
from hdfs_tools.streams import CHUNK

__all__ = ["Looking"]

_BATCH = 1000  # entries that are told under one lock


class Looking(Base, ABC):
    """That part of a store which changes nothing."""

    def stat(self, path: str) -> Status:
        """Return what is known of a file or folder; `NotFound` if it is not there."""
        with self._look(path) as view:
            chain = view.chain(path)
            self._caller.see(chain)
            entry = chain.existing(or_snapshots=True)
            entry.check_kind()
            return entry.status()

    def list(self, folder: str) -> Iterator[Status]:
        """Iterate over what a folder holds, in order of names as UTF-8, in bounded memory.

        A file given in place of a folder is all there is. A link, pipe or device that came by
        other means is told like a file; whoever reads it finds out why that does not work.
        """
        with self._look(folder) as view:
            chain = view.chain(folder)
            self._caller.traverse(chain)
            if chain.missing == [SNAPSHOTS]:
                raise RemoteError(folder, "no snapshots can be made of it", "SnapshotException")
            entry = chain.existing(or_snapshots=True)
            entry.check_kind()
            if entry.is_folder and entry.at:
                self._caller.need(entry, READ | EXECUTE)
            snapshots = [] if entry.at else _list_snapshots(view, chain)
        if not entry.is_folder or not entry.at:
            yield from snapshots if entry.is_folder else [entry.status()]
            return
        after, more = "", True
        while more:
            with of_this_machine(folder):
                names = view.names(entry, after)
            more = len(names) == PAGE
            for start in range(0, len(names) or 1, _BATCH):
                batch = names[start : start + _BATCH]
                with self._look(folder) as view:
                    to_come = more or start + _BATCH < len(names)
                    entries = [*view.entries(entry, batch, after, to_come)]
                yield from (found.status() for found in entries)
                after = batch[-1] if batch else after

    def content_summary(self, path: str) -> ContentSummary:
        """Return how much there is in a folder and below it, or in a file."""
        with self._look(path) as view:
            chain = view.chain(path)
            self._caller.traverse(chain)
            entry = chain.existing()
            if not self._caller.is_superuser and entry.is_folder:
                self._caller.need(entry, READ | EXECUTE)
                for below in view.below(entry):
                    if below.is_folder:
                        self._caller.need(below, READ | EXECUTE)
            total = usage(view, entry)
            quota, space_quota = entry.node.quota, entry.node.space_quota
            return ContentSummary(
                total.folders, total.files, total.size, total.space, quota, space_quota
            )

    def checksum(self, path: str) -> Checksum:
        """Return HDFS's checksum of a file, the one that ``hdfs dfs -checksum`` prints."""
        with self._look(path) as view:
            entry = self._readable(view, path)
        checksum = FileChecksum(entry.node.block_size)
        for chunk in self._bytes(entry, 0, None):
            checksum.update(chunk)
        return checksum.result()

    def capacity(self) -> Capacity:
        """Return how much room there is: that of the disk which holds the store."""
        with of_this_machine("/"):
            disk = shutil.disk_usage(self.folder)
        return Capacity(disk.total, disk.used, disk.free)

    def home(self) -> str:
        """Return the home folder of `user`, which need not be there."""
        return f"/user/{self.user}"

    def trash_root(self, path: str) -> str:
        """Return the folder that keeps what `user` deletes of a path."""
        return f"{self.home()}/.Trash"

    def read(self, path: str) -> bytes:
        """Return the bytes of a file."""
        return b"".join(self.chunks(path))

    def chunks(self, path: str, start: int = 0, length: int | None = None) -> Iterator[bytes]:
        """Iterate over the bytes of a file from a position on."""
        with self._look(path) as view:
            entry = self._readable(view, path)
        yield from self._bytes(entry, start, length)

    def _readable(self, view: View, path: str) -> Entry:
        chain = view.chain(path)
        self._caller.see(chain)
        entry = chain.existing()
        entry.check_file()
        self._caller.need(entry, READ)
        return entry

    def _bytes(self, entry: Entry, start: int, length: int | None) -> Iterator[bytes]:
        with of_this_machine(entry.path):
            # No link that takes the file's place now is followed, no pipe waited for.
            number = os.open(self.folder + entry.at, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
            with open(number, "rb", buffering=0) as file:
                file.seek(start)
                left = entry.size if length is None else length
                while left > 0 and (chunk := file.read(min(left, CHUNK))):
                    left -= len(chunk)
                    yield chunk


def _list_snapshots(view: View, chain: Chain) -> list[Status]:
    folder, hidden = chain.entries[-2:]
    entries = [
        view.entry(join(hidden.path, name), at) for name, at in view.snapshots(folder.at).items()
    ]
    return [entry.status() for entry in entries if entry is not None]
