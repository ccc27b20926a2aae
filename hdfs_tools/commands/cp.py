"""``hdfs-tools cp``."""

import argparse
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from hdfs_tools.shell.copy_options import add_copy_options
from hdfs_tools.shell.named_paths import Found
from hdfs_tools.shell.parser import split_target
from hdfs_tools.shell.session import Session
from hdfs_tools.shell.targets import StoredTarget, refuse_itself

if TYPE_CHECKING:
    from hdfs_tools.copying.trees import Tree


def add_subparser(subparsers: Any) -> None:
    """Add this command's parser."""
    parser = subparsers.add_parser(
        "cp",
        usage="hdfs-tools cp [options] SOURCE ... TARGET",
        help="copy on HDFS, or from one HDFS to another",
        description="Copy files and directories from HDFS to HDFS, through this machine: within"
        " one, or between two that are named by URIs. What goes to a directory that is there goes"
        " below it; several sources need such a directory.\n\n"
        "A file appears under its name when it is whole and verified. A file that fails is named,"
        " and the others go on.",
        examples=[
            "cp /data/ct /backup",
            "cp --sync webhdfs://nn1:9870/data webhdfs://nn2:9870/data",
        ],
    )
    add_copy_options(parser)
    parser.add_argument("paths", metavar="PATH", nargs="+", help="paths, the last is the target")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Copy on HDFS."""
    session = Session(arguments)
    sources, target = split_target(arguments.paths)
    found = [*session.expand(sources)]
    if not found:
        return session.status
    from hdfs_tools.shell.copying import copy_trees  # not until it is needed: slow to import

    exact = arguments.sync and len(found) == 1 and found[0].is_directory
    where = StoredTarget(session, target, len(found) > 1, exact)
    copy_trees(session, arguments, _pairs(session, found, where))
    return session.status


def _pairs(
    session: Session, sources: list[Found], where: StoredTarget
) -> "Iterator[tuple[Tree, Tree]]":
    from hdfs_tools.copying.stored_tree import StoredTree

    for source in sources:
        with session.trying():
            target = where.of(source.name)
            refuse_itself(source, target)
            yield StoredTree(source.storage, source.path), StoredTree(target.storage, target.path)
