"""Targets of copies, by the rule of ``hdfs dfs -put``, ``-get``, ``-cp`` and ``-mv``."""

import os
import posixpath

from hdfs_tools.errors import Exists, InvalidPath, NotADirectory, NotFound
from hdfs_tools.paths import has_magic
from hdfs_tools.shell.named_paths import Found, NamedPath
from hdfs_tools.shell.session import Session

__all__ = ["LocalTarget", "StoredTarget", "local_path", "refuse_itself"]

_TWICE = "another source of this name went there just now"


class StoredTarget:
    """Where on a file system sources go.

    What goes to a directory that is there goes below it, under its own name. Several sources need
    such a directory. Else the target is the path of the copy itself, and the directory above it has
    to be there.

    Parameters
    ----------
    session : Session
        Knows the file systems.
    argument : str
        The target as it was given.
    several : bool
        Whether there is more than one source.
    exact : bool, optional
        Whether the target is the path of the copy itself in any case.
    """

    def __init__(self, session: Session, argument: str, several: bool, exact: bool = False) -> None:
        target = session.named_path(argument)
        if has_magic(target.path):
            matches = [*target.expand()]
            if len(matches) > 1:
                raise InvalidPath(argument, "Too many matches")
            target = matches[0]
        found = target.look()
        self._target: NamedPath = target
        self._taken: set[str] = set()
        self._is_directory = found is not None and found.is_directory and not exact
        if found is None and (several or argument.endswith("/")) and not exact:
            raise NotFound(argument)
        if found is not None and several and not found.is_directory:
            raise NotADirectory(argument)
        if found is None:
            above = target.at(posixpath.dirname(target.path)).look()
            if above is None:
                raise NotFound(argument)

    def of(self, name: str) -> NamedPath:
        """Return where a source of some base name goes; not two to one path."""
        target = self._target.beneath(name) if self._is_directory else self._target
        if target.path in self._taken:
            raise Exists(target.shown, _TWICE)
        self._taken.add(target.path)
        return target


class LocalTarget:
    """Where on this machine sources go; the rule is that of `StoredTarget`."""

    def __init__(self, argument: str, several: bool, exact: bool = False) -> None:
        self.path = local_path(argument)
        self._taken: set[str] = set()
        self._is_directory = os.path.isdir(self.path) and not exact
        there = os.path.lexists(self.path)
        if not there and (several or self.path.endswith("/")) and not exact:
            raise NotFound(argument)
        if there and several and not os.path.isdir(self.path):
            raise NotADirectory(argument)
        if not there and not os.path.isdir(os.path.dirname(os.path.abspath(self.path))):
            raise NotFound(argument)

    def of(self, name: str) -> str:
        """Return where a source of some base name goes; not two to one path."""
        path = os.path.join(self.path, name) if self._is_directory else self.path
        if path in self._taken:
            raise Exists(path, _TWICE)
        self._taken.add(path)
        return path


def local_path(argument: str) -> str:
    """Return the path of this machine that a path or a URI with ``file:`` stands for."""
    if argument.startswith("file:/"):
        return "/" + argument.removeprefix("file:").lstrip("/")
    return argument


def refuse_itself(source: Found, target: NamedPath) -> None:
    """Raise `InvalidPath` if a directory would go into itself."""
    below = f"{target.path}/".startswith(f"{source.path.rstrip('/')}/")
    if source.is_directory and below and source.storage.url == target.storage.url:
        reason = "are identical" if source.path == target.path else "is a subdirectory of itself"
        raise InvalidPath(f"{source.shown} to {target.shown}", reason)
