"""Copies of files and trees: verified, several at a time, and whole or not at all.

Each file is written under a hidden temporary name, compared with its source by length and HDFS's
checksum, and renamed; so nothing stands under its final name that is not whole, whatever ends the
copy. One file that fails does not keep the others from being copied.
"""

import threading
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass

from hdfs_tools.copying.stored_tree import StoredTree, same_bytes
from hdfs_tools.copying.trees import Entry, Tree
from hdfs_tools.errors import (
    Exists,
    HdfsToolsError,
    IsADirectory,
    NotADirectory,
    NotFound,
    TransferFailed,
)
from hdfs_tools.parallel import THREADS, for_each
from hdfs_tools.storage import Storage

__all__ = ["Meter", "Options", "Transferred", "copy", "run"]


@dataclass(frozen=True)
class Options:
    """How to copy.

    Attributes
    ----------
    threads : int
        Files that are copied at the same time.
    overwrite : bool
        Whether files that are there are replaced; else each is an error, `Exists`.
    sync : bool
        Whether files that are there are left alone if length and checksum are the same, and
        replaced if not.
    preserve : bool
        Whether copies get the mode and the times of what they are copies of.
    verify : bool
        Whether checksums are compared; lengths are in any case.
    """

    threads: int = THREADS
    overwrite: bool = False
    sync: bool = False
    preserve: bool = False
    verify: bool = True


@dataclass(frozen=True)
class Transferred:
    """What was copied.

    Attributes
    ----------
    files, directories : int
        How many were copied or made.
    bytes : int
        Bytes of these files.
    unchanged : int
        Files that `sync` left alone.
    """

    files: int = 0
    directories: int = 0
    bytes: int = 0
    unchanged: int = 0


class Meter:
    """Receives the progress of a copy, from several threads; this one does nothing."""

    def expect(self, files: int, bytes: int) -> None:
        """Take note that so much more is to be copied."""

    def add(self, bytes: int) -> None:
        """Take note that so many bytes moved; less than none where a try begins anew."""

    def done(self, path: str) -> None:
        """Take note that a file is in place."""

    def failed(self, path: str, error: Exception) -> None:
        """Take note that a file cannot be copied."""


def copy(
    storage: Storage,
    source: str,
    other: Storage,
    target: str,
    options: Options | None = None,
    meter: Meter | None = None,
) -> Transferred:
    """Copy a file or directory from one file system to another, or within one.

    Parameters
    ----------
    storage, source
        From where.
    other, target
        To where; `target` is the path of the copy itself.
    options : Options, optional
        How.
    meter : Meter, optional
        Receives progress.

    Returns
    -------
    Transferred
        What was copied.

    Raises
    ------
    TransferFailed
        Some files could not be copied; all others were.
    """
    return run(StoredTree(storage, source), StoredTree(other, target), options, meter)


def run(
    source: Tree, target: Tree, options: Options | None = None, meter: Meter | None = None
) -> Transferred:
    """Copy one tree to another; see `copy`."""
    root = source.entry("")
    if root is None:
        raise NotFound(source.root)
    if root.problem:
        raise root.problem
    there = target.entry("")
    if there and there.is_directory and not root.is_directory:
        raise IsADirectory(target.root)
    if there and root.is_directory and not there.is_directory:
        raise NotADirectory(target.root)
    _refuse_itself(source, target)
    work = _Copy(source, target, options or Options(), meter or Meter())
    work.run(root, there)
    if work.failures:
        raise TransferFailed(tuple(work.failures))
    return work.transferred


def _refuse_itself(source: Tree, target: Tree) -> None:
    if not (isinstance(source, StoredTree) and isinstance(target, StoredTree)):
        return
    within = f"{target.root}/".startswith(f"{source.root.rstrip('/')}/")
    if source.storage.url == target.storage.url and within:
        raise Exists(target.root, f"it is {source.root}, or in it")


class _Cancelled(Exception):
    """The copy was ended before this file was whole."""


class _Copy:
    """One copy of a tree."""

    def __init__(self, source: Tree, target: Tree, options: Options, meter: Meter) -> None:
        self.transferred = Transferred()
        self.failures: list[tuple[str, Exception]] = []
        self._source = source
        self._target = target
        self._options = options
        self._meter = meter
        self._lock = threading.Lock()
        self._cancelled = False

    def run(self, root: Entry, there: Entry | None) -> None:
        made: list[Entry] = []

        def files() -> Iterator[tuple[Entry, Entry | None]]:
            for entry, exists in self._entries(root, there):
                if entry.is_directory:
                    made.append(entry)
                else:
                    self._meter.expect(1, entry.size)
                    yield entry, exists

        with self._source.waiting(), self._target.waiting(), ExitStack() as impatience:

            def cancel() -> None:
                self._cancelled = True
                impatience.enter_context(self._source.impatient())
                impatience.enter_context(self._target.impatient())

            for_each(
                self._options.threads,
                lambda pair: self._one(*pair),
                files(),
                cancel,
                lambda pair, error: self._fail(pair[0], error),
                lambda pair: pair[0].size,
            )
        if self._options.preserve:
            for entry in reversed(made):  # what was written into a directory has changed its time
                try:
                    self._target.set_attributes(entry)
                except (OSError, HdfsToolsError) as error:
                    self._fail(entry, error)

    def _entries(self, root: Entry, there: Entry | None) -> Iterator[tuple[Entry, Entry | None]]:
        """Iterate over what is to be copied, and what is in its place; make directories."""
        contents: dict[str, dict[str, Entry]] = {}  # of the target's directories above an entry
        if there and not root.is_directory:
            contents[""] = {"": there}
        broken: set[str] = set()
        for entry in self._source.walk(root):
            above, _, name = entry.name.rpartition("/")
            if entry.problem:
                self._fail(entry, entry.problem)
            elif above in broken:
                path = self._target.path(entry.name)
                self._fail(entry, NotFound(path, "its directory could not be made"))
                if entry.is_directory:
                    broken.add(entry.name)
            elif not entry.is_directory:
                yield entry, contents.get(above, {}).get(name)
            else:
                exists = there if entry is root else contents.get(above, {}).get(name)
                contents = {
                    directory: held
                    for directory, held in contents.items()
                    if not directory or f"{entry.name}/".startswith(f"{directory}/")
                }
                try:
                    self._target.make_directory(entry.name)
                    contents[entry.name] = self._target.clear(entry.name) if exists else {}
                except (OSError, HdfsToolsError) as error:
                    broken.add(entry.name)
                    self._fail(entry, error)
                else:
                    if not exists:
                        self._count(directories=1)
                    yield entry, exists

    def _one(self, entry: Entry, there: Entry | None) -> None:
        """Copy a file."""
        options = self._options
        path = self._target.path(entry.name)
        if self._cancelled:
            return
        if there and options.sync:
            if same_bytes(self._source, entry, self._target, there, options.verify):
                self._count(unchanged=1)
                self._meter.add(entry.size)
                self._meter.done(path)
                return
        elif there and not options.overwrite:
            raise Exists(path)
        self._write(entry)
        if options.preserve:
            self._target.set_attributes(entry)
        self._count(files=1, bytes=entry.size)
        self._meter.done(path)

    def _write(self, entry: Entry) -> None:
        options = self._options
        source = self._source.source(entry, options.verify)
        moved = 0

        def metered() -> Iterator[bytes]:
            nonlocal moved
            self._meter.add(-moved)
            moved = 0
            for piece in [source] if isinstance(source, bytes) else source():
                if self._cancelled:
                    raise _Cancelled
                moved += len(piece)
                self._meter.add(len(piece))
                yield piece

        whole = isinstance(source, bytes)
        try:
            self._target.write(
                entry,
                source if whole else metered,
                overwrite=options.overwrite or options.sync,
                verify=options.verify,
                block_size=None,
            )
        except Exception:
            self._meter.add(-moved)
            raise
        if whole:
            self._meter.add(entry.size)

    def _fail(self, entry: Entry, error: Exception) -> None:
        if isinstance(error, _Cancelled):
            return
        path = getattr(error, "filename", None) or self._source.path(entry.name)
        with self._lock:
            self.failures.append((str(path), error))
        self._meter.failed(str(path), error)

    def _count(
        self, files: int = 0, directories: int = 0, bytes: int = 0, unchanged: int = 0
    ) -> None:
        with self._lock:
            so_far = self.transferred
            self.transferred = Transferred(
                so_far.files + files,
                so_far.directories + directories,
                so_far.bytes + bytes,
                so_far.unchanged + unchanged,
            )
