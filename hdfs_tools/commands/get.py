"""``hdfs-tools get``."""

import argparse
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from hdfs_tools.commands import cat
from hdfs_tools.shell.copy_options import add_copy_options
from hdfs_tools.shell.named_paths import Found
from hdfs_tools.shell.parser import split_target
from hdfs_tools.shell.session import Session
from hdfs_tools.shell.targets import LocalTarget

if TYPE_CHECKING:
    from hdfs_tools.copying.trees import Tree


def add_subparser(subparsers: Any) -> None:
    """Add this command's parser."""
    parser = subparsers.add_parser(
        "get",
        usage="hdfs-tools get [options] SOURCE ... [TARGET]",
        aliases=["copyToLocal"],
        help="copy from HDFS to this machine",
        description="Copy files and directories of HDFS to this machine. What goes to a directory"
        " that is there goes below it; several sources need such a directory. - is standard"
        " output.\n\n"
        "A file appears under its name when it is whole and verified. A file that fails is named,"
        " and the others go on.",
        examples=[
            "get /data/scans",
            "get -t 16 '/data/ct-*' copies/",
            "get --sync /data/scans scans/",
            "get /data/scans.tar - | tar -x",
        ],
    )
    add_copy_options(parser)
    parser.add_argument(
        "-ignoreCrc",
        dest="checksum",
        action="store_const",
        const="off",
        help="the same as --checksum off",
    )
    parser.add_argument(
        "paths",
        metavar="PATH",
        nargs="+",
        help="the last is the target, by default the directory you are in",
    )
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Copy to this machine."""
    sources, target = split_target(arguments.paths, ".")
    if target == "-":
        arguments.paths = sources
        return cat.run(arguments)
    session = Session(arguments)
    found = [*session.expand(sources)]
    if not found:
        return session.status
    from hdfs_tools.shell.copying import copy_trees  # not until it is needed: slow to import

    exact = arguments.sync and len(found) == 1 and found[0].is_directory
    where = LocalTarget(target, len(found) > 1, exact)
    copy_trees(session, arguments, _pairs(session, found, where))
    return session.status


def _pairs(
    session: Session, sources: list[Found], where: LocalTarget
) -> "Iterator[tuple[Tree, Tree]]":
    from hdfs_tools.copying.local_tree import LocalTree
    from hdfs_tools.copying.stored_tree import StoredTree

    for source in sources:
        with session.trying():
            path = where.of(source.name)
            yield StoredTree(source.storage, source.path), LocalTree(path)
