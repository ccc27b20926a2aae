"""One run of a command: the file systems it is about, and what failed."""

import argparse
import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import cached_property
from typing import TYPE_CHECKING

from hdfs_tools.ending import reason
from hdfs_tools.errors import (
    HdfsToolsError,
    InvalidPath,
    NoAddress,
    NotFound,
    Unreachable,
    UnsupportedScheme,
)
from hdfs_tools.shell.named_paths import Found, NamedPath
from hdfs_tools.uri import authority_of, is_uri, path_of

if TYPE_CHECKING:
    from hdfs_tools.filesystem import FileSystem

__all__ = ["Session"]


class Session:
    """One run of a command.

    Parameters
    ----------
    arguments : argparse.Namespace
        The command and the options that say where HDFS is.

    Attributes
    ----------
    status : int
        Exit status so far.
    """

    def __init__(self, arguments: argparse.Namespace) -> None:
        self.command: str = arguments.command
        self.status = 0
        self._url: str | None = arguments.url
        self._patience: float | None = arguments.patience
        self._authorities: dict[str, str] = {}  # of hdfs: URIs, by address of the file system

    # File systems, and paths on them

    @cached_property
    def storage(self) -> "FileSystem":
        """The file system of paths that are no URIs of another."""
        return self._connect(self._url)

    def use_for_uris(self) -> None:
        """Let hdfs: URIs, wherever they are met, be of the file system that ``--url`` names."""
        if self._url is not None:
            os.environ["HDFS_URL"] = self._url

    def _connect(self, url: str | None) -> "FileSystem":
        from hdfs_tools.connecting import connect  # what is behind it is slow to import

        return connect(url) if self._patience is None else connect(url, patience=self._patience)

    def _storage_of(self, authority: str) -> "FileSystem":
        scheme, _, address = authority.partition("://")
        if scheme != "hdfs":
            return self._connect(f"{'https' if scheme == 'swebhdfs' else 'http'}://{address}")
        if not address:
            return self.storage
        storage = self.storage if self._url is not None else self._located(authority)
        if self._authorities.setdefault(storage.url, address) != address:
            # HDFS_URL and --url stand for whatever is named, but not for two clusters.
            reason = (
                f"nothing says how it is reached, other than hdfs://{self._authorities[storage.url]};"
                " write webhdfs://NAMENODE:9870/..."
            )
            raise InvalidPath(authority, reason)
        return storage

    def _located(self, authority: str) -> "FileSystem":
        from hdfs_tools.connecting import locate

        storage = locate(authority)
        if self._patience is not None:
            storage.patience = self._patience
        return storage

    def named_path(self, argument: str) -> NamedPath:
        """Return what an argument names: an absolute path, one in the home directory, or a URI."""
        if not argument:
            raise InvalidPath("''", "a path cannot be empty")
        if argument.startswith("hdfs:/") and not argument.startswith("hdfs://"):
            argument = f"hdfs://{argument.removeprefix('hdfs:')}"
        authority = authority_of(argument)
        if authority:
            storage = self._storage_of(authority)
            path = path_of(argument, raw=True) or "/"
            return NamedPath(storage, _tidy(storage.absolute(path)), authority)
        if is_uri(argument):
            raise UnsupportedScheme(
                f"{argument}: not on HDFS (a store's directory is given by --url)"
            )
        path = _tidy(self.storage.absolute(argument))
        if argument.startswith("/"):
            return NamedPath(self.storage, path)
        return NamedPath(self.storage, path, base=_tidy(self.storage.absolute(".")))

    def expand(self, arguments: Iterable[str], missing_is_fine: bool = False) -> Iterator[Found]:
        """Iterate over what paths and patterns stand for; what fails is named, and left out."""
        for argument in arguments:
            with self.trying():
                try:
                    yield from self.named_path(argument).expand()
                except NotFound:
                    if not missing_is_fine:
                        raise

    def below(self, directory: Found) -> Iterator[Found]:
        """Iterate over all that is below a directory, each directory before what it holds.

        A directory that cannot be listed is named, and the others go on.
        """
        open_directories = [self._children(directory)]
        while open_directories:
            found = next(open_directories[-1], None)
            if found is None:
                open_directories.pop()
                continue
            yield found
            if found.is_directory:
                open_directories.append(self._children(found))

    def _children(self, directory: Found) -> Iterator[Found]:
        with self.trying():
            yield from directory.children()

    def everything(self, paths: Iterable[str], recursive: bool) -> Iterator[Found]:
        """Iterate over what paths stand for and, if `recursive`, all below them."""
        for found in self.expand(paths):
            yield found
            if recursive and found.is_directory:
                yield from self.below(found)

    # What fails

    @contextmanager
    def trying(self) -> Iterator[None]:
        """Name what fails in the block, and go on; not if nothing else can go well either."""
        try:
            yield
        except (BrokenPipeError, NoAddress, Unreachable):
            raise
        except HdfsToolsError as error:
            self.fail(error)
        except OSError as error:
            if error.filename is None:  # of standard output
                raise
            self.fail(error)

    def fail(self, error: Exception, about: str = "") -> None:
        """Name what failed on standard error; the exit status will be 1."""
        self.status = 1
        sys.stderr.write(f"hdfs-tools {self.command}: {reason(error, about)}\n")


def _tidy(path: str) -> str:
    """Return an absolute path without ``..``, which Hadoop takes away before it looks.

    >>> _tidy("/user/alice/../bob/*.dcm"), _tidy("/data/*/../ct")
    ('/user/bob/*.dcm', '/data/ct')
    """
    parts: list[str] = []
    for part in path.split("/"):
        if part == "..":
            parts = parts[:-1]
        elif part not in ("", "."):
            parts.append(part)
    return "/" + "/".join(parts)
