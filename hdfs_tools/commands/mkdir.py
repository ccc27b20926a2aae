"""``hdfs-tools mkdir``."""

import argparse
import posixpath
from typing import Any

from hdfs_tools.errors import Exists, NotADirectory
from hdfs_tools.shell.session import Session


def add_subparser(subparsers: Any) -> None:
    """Add this command's parser."""
    parser = subparsers.add_parser(
        "mkdir",
        help="make directories",
        description="Make directories. The directory above has to be there, and nothing of that"
        " name.",
        examples=["mkdir /data/ct", "mkdir -p /data/2026/ct/raw"],
    )
    parser.add_argument(
        "-p",
        dest="parents",
        action="store_true",
        help="make those above, too; a directory may be there already",
    )
    parser.add_argument("paths", metavar="DIRECTORY", nargs="+")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Make directories."""
    session = Session(arguments)
    for argument in arguments.paths:
        with session.trying():
            named = session.named_path(argument)
            found = named.look()
            if found and not found.is_directory:
                raise (NotADirectory if arguments.parents else Exists)(named.shown)
            if found and not arguments.parents:
                raise Exists(named.shown)
            if not arguments.parents:
                named.at(posixpath.dirname(named.path)).found()
            named.storage.mkdir(named.path)
    return session.status
