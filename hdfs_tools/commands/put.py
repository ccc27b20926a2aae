"""``hdfs-tools put``."""

import argparse
import os
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from hdfs_tools.errors import InvalidPath, IsADirectory, NotFound
from hdfs_tools.shell.copy_options import add_copy_options
from hdfs_tools.shell.output import say
from hdfs_tools.shell.parser import WrongUsage, split_target
from hdfs_tools.shell.session import Session
from hdfs_tools.shell.targets import StoredTarget, local_path

if TYPE_CHECKING:
    from hdfs_tools.copying.trees import Tree

_IN_MEMORY = 16 << 20  # bytes of standard input that can be sent again


def add_subparser(subparsers: Any) -> None:
    """Add this command's parser."""
    parser = subparsers.add_parser(
        "put",
        usage="hdfs-tools put [options] SOURCE ... [TARGET]",
        aliases=["copyFromLocal"],
        help="copy from this machine to HDFS",
        description="Copy files and directories of this machine to HDFS. What goes to a directory"
        " that is there goes below it; several sources need such a directory. - is standard"
        " input.\n\n"
        "A file appears under its name when it is whole and verified; there is no -d that would"
        " write straight to it, and no -l. A file that fails is named, and the others go on.",
        examples=[
            "put scans/ /data",
            "put -f -p -t 16 1.dcm 2.dcm /data/ct",
            "put --sync scans/ /data/scans",
            "tar -c scans | hdfs-tools put - /data/scans.tar",
        ],
    )
    add_copy_options(parser)
    parser.add_argument(
        "paths",
        metavar="PATH",
        nargs="+",
        help="the last is the target, by default the home directory",
    )
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Copy to HDFS."""
    session = Session(arguments)
    sources, target = split_target(arguments.paths, ".")
    if "-" in sources:
        if len(sources) > 1:
            raise WrongUsage("standard input is put alone")
        _put_input(session, target, arguments)
        return session.status
    from hdfs_tools.shell.copying import copy_trees  # not until it is needed: slow to import

    exact = arguments.sync and len(sources) == 1 and os.path.isdir(local_path(sources[0]))
    where = StoredTarget(session, target, len(sources) > 1, exact)
    copy_trees(session, arguments, _pairs(session, sources, where))
    return session.status


def _pairs(
    session: Session, sources: list[str], where: StoredTarget
) -> "Iterator[tuple[Tree, Tree]]":
    from hdfs_tools.copying.local_tree import LocalTree
    from hdfs_tools.copying.stored_tree import StoredTree

    for source in sources:
        with session.trying():
            path = local_path(source)
            if not os.path.lexists(path):
                raise NotFound(source)
            target = where.of(os.path.basename(os.path.abspath(path)))
            yield LocalTree(path), StoredTree(target.storage, target.path)


def _put_input(session: Session, target: str, arguments: argparse.Namespace) -> None:
    with session.trying():
        to = StoredTarget(session, target, several=False, exact=True).of("")
        found = to.look()
        if found and found.is_directory:
            raise IsADirectory(to.shown)
        if arguments.dry_run:
            say(f"Would {'replace' if found else 'write'} {to.shown}")
            return
        to.storage.write(
            to.path,
            _Input.source(),
            overwrite=arguments.force or arguments.sync,
            verify=arguments.checksum == "on",
        )


class _Input:
    """Standard input, which can be read once."""

    def __init__(self, first: bytes) -> None:
        self._first: bytes | None = first

    @classmethod
    def source(cls) -> "bytes | _Input":
        """Return standard input: as a whole if it is small, so that it can be sent again."""
        first = sys.stdin.buffer.read(_IN_MEMORY)
        return first if len(first) < _IN_MEMORY else cls(first)

    def __call__(self) -> Iterator[bytes]:
        """Iterate over all of it; an error at the second time."""
        first, self._first = self._first, None
        if first is None:
            raise InvalidPath(
                None,
                "HDFS did not take it at the first try, and standard input is gone; put a file",
            )
        return self._pieces(first)

    def _pieces(self, first: bytes) -> Iterator[bytes]:
        yield first
        while piece := sys.stdin.buffer.read(1 << 20):
            yield piece
