"""Copies of trees, as ``put``, ``get`` and ``cp`` make them."""

import argparse
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from hdfs_tools.copying.stored_tree import same_bytes
from hdfs_tools.copying.transfer import Meter, Options, Transferred, run
from hdfs_tools.copying.trees import Entry, Tree
from hdfs_tools.errors import Exists, HdfsToolsError, IsADirectory, NotADirectory, TransferFailed
from hdfs_tools.parallel import can_start_thread
from hdfs_tools.shell.output import human, say
from hdfs_tools.shell.session import Session

__all__ = ["copy_trees", "metered"]


def copy_trees(
    session: Session, arguments: argparse.Namespace, pairs: Iterable[tuple[Tree, Tree]]
) -> None:
    """Copy trees, or say what would be copied; each file that fails is named.

    Parameters
    ----------
    session : Session
        Notes what fails.
    arguments : argparse.Namespace
        The options of `hdfs_tools.shell.copy_options`.
    pairs : iterable of (Tree, Tree)
        What is copied, and what the copy will be.
    """
    options = Options(
        threads=arguments.threads,
        overwrite=arguments.force,
        sync=arguments.sync,
        preserve=arguments.preserve,
        verify=arguments.checksum == "on",
    )
    if arguments.dry_run:
        for source, target in pairs:
            with session.trying():
                _plan(session, source, target, options)
        return
    total = Transferred()
    with metered(session, arguments.quiet) as meter:
        for source, target in pairs:
            with session.trying():
                try:
                    total = _sum(total, run(source, target, options, meter))
                except TransferFailed:
                    session.status = 1  # the meter has named each
    if sys.stderr.isatty() and not arguments.quiet:
        unchanged = f", {total.unchanged} unchanged" if arguments.sync else ""
        sys.stderr.write(f"{total.files} files, {human(total.bytes)}{unchanged}\n")


def _sum(one: Transferred, other: Transferred) -> Transferred:
    return Transferred(
        one.files + other.files,
        one.directories + other.directories,
        one.bytes + other.bytes,
        one.unchanged + other.unchanged,
    )


def _plan(session: Session, source: Tree, target: Tree, options: Options) -> None:
    """Say what would be copied."""
    root = source.entry("")
    if root is None:
        raise HdfsToolsError(f"{source.root}: No such file or directory")
    for entry in source.walk(root):
        with session.trying():
            if entry.problem:
                raise entry.problem
            there = target.entry(entry.name)
            path = target.path(entry.name)
            if entry.is_directory:
                if there and not there.is_directory:
                    raise NotADirectory(path)
                continue
            _plan_file(source, entry, target, there, options)


def _plan_file(
    source: Tree, entry: Entry, target: Tree, there: Entry | None, options: Options
) -> None:
    path, new_path = source.path(entry.name), target.path(entry.name)
    if there is None:
        say(f"Would copy {path} to {new_path}")
        return
    if there.is_directory:
        raise IsADirectory(new_path)
    if options.sync and same_bytes(source, entry, target, there, options.verify):
        return
    if not (options.overwrite or options.sync):
        raise Exists(new_path)
    say(f"Would replace {new_path} with {path}")


class _Failures(Meter):
    """Names each file that fails."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def failed(self, path: str, error: Exception) -> None:
        """Name a file that cannot be copied."""
        self._session.fail(error, path)


@contextmanager
def metered(session: Session, quiet: bool) -> Iterator[Meter]:
    """Provide a meter of copies, which shows progress on a terminal."""
    if quiet or not sys.stderr.isatty():
        yield _Failures(session)
        return
    import rich.progress as rich
    from rich.console import Console

    class ProgressMeter(_Failures):
        """Shows files, bytes, rate and time left."""

        files = 0
        files_done = 0

        def expect(self, files: int, bytes: int) -> None:
            self.files += files
            display.update(bar, total=(display.tasks[0].total or 0) + bytes, files=self._text())

        def add(self, bytes: int) -> None:
            display.advance(bar, bytes)

        def done(self, path: str) -> None:
            self.files_done += 1
            display.update(bar, files=self._text())

        def _text(self) -> str:
            return f"{self.files_done} of {self.files} files"

    columns = (
        rich.TextColumn("{task.fields[files]}"),
        rich.BarColumn(),
        rich.DownloadColumn(binary_units=True),
        rich.TransferSpeedColumn(),
        rich.TimeRemainingColumn(),
    )
    console = Console(stderr=True)
    with rich.Progress(
        *columns, console=console, transient=True, auto_refresh=can_start_thread()
    ) as display:
        bar = display.add_task("", total=0, files="")
        yield ProgressMeter(session)
