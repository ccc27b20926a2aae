"""``hdfs-tools setrep``."""

import argparse
from typing import Any

from hdfs_tools.shell.output import say
from hdfs_tools.shell.parser import count
from hdfs_tools.shell.session import Session


def add_subparser(subparsers: Any) -> None:
    """Add this command's parser."""
    parser = subparsers.add_parser(
        "setrep",
        help="set how many copies of files there are",
        description="Set the replication of files, and of all files below directories. HDFS makes"
        " or deletes copies soon after; this does not wait for it.",
        examples=["setrep 2 /data/raw"],
    )
    parser.add_argument(
        "-R", action="store_true", help="nothing: directories are gone through anyway"
    )
    parser.add_argument("replication", metavar="N", type=count)
    parser.add_argument("paths", metavar="PATH", nargs="+")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Set the replication."""
    session = Session(arguments)
    for found in session.everything(arguments.paths, recursive=True):
        if not found.is_directory:
            with session.trying():
                found.storage.set_replication(found.path, arguments.replication)
                say(f"Replication {arguments.replication} set: {found.shown}")
    return session.status
