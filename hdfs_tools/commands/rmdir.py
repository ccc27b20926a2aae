"""``hdfs-tools rmdir``."""

import argparse
from typing import Any

from hdfs_tools.errors import NotADirectory, NotEmpty
from hdfs_tools.shell.session import Session


def add_subparser(subparsers: Any) -> None:
    """Add this command's parser."""
    parser = subparsers.add_parser(
        "rmdir",
        help="delete empty directories",
        description="Delete directories that are empty, for good.",
        examples=["rmdir '/tmp/job-*'"],
    )
    parser.add_argument(
        "--ignore-fail-on-non-empty",
        dest="fine",
        action="store_true",
        help="leave directories that are not empty, without a word",
    )
    parser.add_argument("paths", metavar="DIRECTORY", nargs="+")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Delete empty directories."""
    session = Session(arguments)
    for found in session.expand(arguments.paths):
        with session.trying():
            if not found.is_directory:
                raise NotADirectory(found.shown)
            try:
                found.storage.delete(found.path)
            except NotEmpty:
                if not arguments.fine:
                    raise
    return session.status
