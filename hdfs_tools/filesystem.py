"""The interface of a file system: what `hdfs_tools.connect` returns."""

import builtins
import os
from collections.abc import Callable, Iterator
from functools import wraps
from inspect import signature
from typing import Any

from hdfs_tools.copying.local_tree import LocalTree
from hdfs_tools.copying.stored_tree import StoredTree
from hdfs_tools.copying.transfer import Meter, Options, Transferred, run
from hdfs_tools.errors import Unsupported
from hdfs_tools.parallel import THREADS
from hdfs_tools.paths import glob
from hdfs_tools.status import Quota, SnapshotChange, Status
from hdfs_tools.storage import Storage

__all__ = ["FileSystem"]


_PATHS = frozenset({"path", "directory", "pattern"})


class FileSystem(Storage):
    """A file system, with what is the same for every kind; see `Storage` for the rest.

    A path may be relative to the home directory, in every method.
    """

    def __init_subclass__(cls, **options: Any) -> None:
        """Let the methods of a kind of file system take relative paths."""
        super().__init_subclass__(**options)
        for name, method in [*vars(cls).items()]:
            if name != "absolute" and callable(getattr(FileSystem, name, None)):
                setattr(cls, name, _taking_relative_paths(method))

    def glob(self, pattern: str) -> Iterator[Status]:
        """Iterate over what matches a pattern; see `hdfs_tools.paths`."""
        return glob(self, self._from_home(pattern))

    def _from_home(self, path: str) -> str:
        """Return an absolute path as it is, and of a relative one the absolute form."""
        return path if path.startswith("/") else self.absolute(path)

    # Copies

    def copy_from_local(
        self,
        source: str | os.PathLike[str],
        target: str,
        *,
        threads: int = THREADS,
        overwrite: bool = False,
        sync: bool = False,
        preserve: bool = False,
        verify: bool = True,
        meter: Meter | None = None,
    ) -> Transferred:
        """Copy a file or directory of this machine here; see `hdfs_tools.copying.transfer`."""
        options = Options(threads, overwrite, sync, preserve, verify)
        there = StoredTree(self, self._from_home(target))
        return run(LocalTree(os.fspath(source)), there, options, meter)

    def copy_to_local(
        self,
        source: str,
        target: str | os.PathLike[str],
        *,
        threads: int = THREADS,
        overwrite: bool = False,
        sync: bool = False,
        preserve: bool = False,
        verify: bool = True,
        meter: Meter | None = None,
    ) -> Transferred:
        """Copy a file or directory from here to this machine; see `hdfs_tools.copying.transfer`."""
        options = Options(threads, overwrite, sync, preserve, verify)
        there = StoredTree(self, self._from_home(source))
        return run(there, LocalTree(os.fspath(target)), options, meter)

    # What only an HDFS server has: quotas, storage policies, snapshots

    def quota(self, path: str) -> Quota:
        """Return a directory's quotas and what of them is used."""
        raise self._only_on_a_server(path, "quotas")

    def set_quota(self, path: str, quota: int | None, space_quota: int | None) -> None:
        """Set a directory's quotas; None takes one away."""
        raise self._only_on_a_server(path, "quotas")

    def storage_policies(self) -> builtins.list[str]:
        """Return the names of all storage policies."""
        raise self._only_on_a_server("/", "storage policies")

    def storage_policy(self, path: str) -> str:
        """Return the name of the storage policy that holds for a path."""
        raise self._only_on_a_server(path, "storage policies")

    def set_storage_policy(self, path: str, policy: str | None) -> None:
        """Set a storage policy; None takes it away, and that of the directory above holds."""
        raise self._only_on_a_server(path, "storage policies")

    def allow_snapshots(self, directory: str) -> None:
        """Let snapshots be made of a directory; for the superuser."""
        raise self._only_on_a_server(directory, "snapshots")

    def disallow_snapshots(self, directory: str) -> None:
        """Take that back; a directory with snapshots refuses."""
        raise self._only_on_a_server(directory, "snapshots")

    def create_snapshot(self, directory: str, name: str | None = None) -> str:
        """Make a snapshot; return its path, ``DIRECTORY/.snapshot/NAME``."""
        raise self._only_on_a_server(directory, "snapshots")

    def rename_snapshot(self, directory: str, name: str, new_name: str) -> None:
        """Give a snapshot another name."""
        raise self._only_on_a_server(directory, "snapshots")

    def delete_snapshot(self, directory: str, name: str) -> None:
        """Delete a snapshot."""
        raise self._only_on_a_server(directory, "snapshots")

    def snapshots(self, directory: str) -> builtins.list[str]:
        """Return the names of a directory's snapshots, sorted."""
        raise self._only_on_a_server(directory, "snapshots")

    def snapshot_diff(
        self, directory: str, old: str, new: str = ""
    ) -> builtins.list[SnapshotChange]:
        """Return what changed from one snapshot to another, or to now (an empty name)."""
        raise self._only_on_a_server(directory, "snapshots")

    def _only_on_a_server(self, path: str, what: str) -> Unsupported:
        reason = f"only an HDFS server has {what}, and {self.url} is none: name one with --url"
        return Unsupported(path, reason)


def _taking_relative_paths(method: Callable[..., Any]) -> Callable[..., Any]:
    """Return a method that is given absolute paths, whatever it is called with."""
    names = [*signature(method).parameters]
    places = [(place, name) for place, name in enumerate(names) if name in _PATHS]
    if "path" in names and "target" in names:  # to rename
        places.append((names.index("target"), "target"))
    if not places:
        return method

    @wraps(method)
    def called(self: FileSystem, *arguments: Any, **options: Any) -> Any:
        given = [self, *arguments]
        for place, name in places:
            if place < len(given):
                given[place] = self._from_home(given[place])
            elif name in options:
                options[name] = self._from_home(options[name])
        return method(*given, **options)

    return called
