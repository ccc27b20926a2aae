"""A directory of this machine that behaves like HDFS."""

import itertools
import os
import shutil
from collections.abc import Iterator

from hdfs_tools.copying.checksum import FileChecksum
from hdfs_tools.embedded.attributes import Attributes
from hdfs_tools.embedded.base import of_this_machine
from hdfs_tools.embedded.entries import Entry
from hdfs_tools.embedded.permissions import EXECUTE, READ
from hdfs_tools.embedded.tree import PAGE, View
from hdfs_tools.embedded.writing import Writing
from hdfs_tools.status import Capacity, Checksum, ContentSummary, Status
from hdfs_tools.streams import CHUNK

__all__ = ["EmbeddedStore"]

_BATCH = 1000  # entries that are listed under one lock


class EmbeddedStore(Writing, Attributes):
    """A directory of this machine that behaves like HDFS; for several threads and processes.

    Files lie in it under their own names, for other programs to read. What else is known of them
    (owners, permissions, ACLs, …) lies in a database in the hidden directory ``.hdfs-tools`` at its
    root. What came by other means is the superuser's, 0644 or 0755, one copy in blocks of 128 MiB;
    a file that another program replaces keeps what is known. Links are not followed.

    The superuser is whoever used the store first. Users are as trusted as they say.

    Parameters
    ----------
    directory : str
        The directory; it is made if need be.
    user : str, optional
        Who asks; by default ``HADOOP_USER_NAME`` or the user of this process.
    """

    def stat(self, path: str) -> Status:
        """Return what is known of a file or directory; `NotFound` if it is not there."""
        with self._look(path) as view:
            chain = view.chain(path)
            self._caller.see(chain)
            entry = chain.existing()
            entry.check_kind()
            return entry.status()

    def list(self, directory: str) -> Iterator[Status]:
        """Iterate over what a directory holds, in order of names as UTF-8, in bounded memory.

        A file given in place of a directory is all there is. A link, pipe or device that came by
        other means is listed like a file; whoever reads it finds out why that does not work.
        """
        with self._look(directory) as view:
            chain = view.chain(directory)
            self._caller.traverse(chain)
            entry = chain.existing()
            entry.check_kind()
            if entry.is_directory:
                self._caller.need(entry, READ | EXECUTE)
        if not entry.is_directory:
            yield entry.status()
            return
        after, more = "", True
        while more:
            with of_this_machine(directory):
                names = view.names(entry, after)
            more = len(names) == PAGE
            for start in range(0, len(names) or 1, _BATCH):
                batch = names[start : start + _BATCH]
                with self._look(directory) as view:
                    to_come = more or start + _BATCH < len(names)
                    entries = [*view.entries(entry, batch, after, to_come)]
                yield from (found.status() for found in entries)
                after = batch[-1] if batch else after

    def content_summary(self, path: str) -> ContentSummary:
        """Return how much there is in a directory and below it, or in a file."""
        with self._look(path) as view:
            chain = view.chain(path)
            self._caller.traverse(chain)
            entry = chain.existing()
            directories = files = size = space = 0
            below = view.below(entry) if entry.is_directory else ()
            for each in itertools.chain([entry], below):
                if each.is_directory:
                    self._caller.need(each, READ | EXECUTE)
                    directories += 1
                else:
                    files += 1
                    size += each.size
                    space += each.size * each.node.replication
            return ContentSummary(directories, files, size, space)

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
            disk = shutil.disk_usage(self.directory)
        return Capacity(disk.total, disk.used, disk.free)

    def home(self) -> str:
        """Return the home directory of `user`, which need not be there."""
        return f"/user/{self.user}"

    def trash_root(self, path: str) -> str:
        """Return the directory that keeps what `user` deletes of a path."""
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
            number = os.open(
                self.directory + entry.path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK
            )
            with open(number, "rb", buffering=0) as file:
                file.seek(start)
                left = entry.size if length is None else length
                while left > 0 and (chunk := file.read(min(left, CHUNK))):
                    left -= len(chunk)
                    yield chunk
