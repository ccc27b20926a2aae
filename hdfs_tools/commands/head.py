"""``hdfs-tools head``."""

import argparse
from typing import Any

from hdfs_tools.errors import IsADirectory
from hdfs_tools.shell.output import binary_output
from hdfs_tools.shell.parser import size
from hdfs_tools.shell.session import Session


def add_subparser(subparsers: Any) -> None:
    """Add this command's parser."""
    parser = subparsers.add_parser(
        "head",
        help="write the beginning of files",
        description="Write the first kilobyte of files to standard output.",
        examples=["head /data/notes.txt", "head -c 132 /data/ct/1.dcm | tail -c 4"],
    )
    parser.add_argument(
        "-c", dest="bytes", metavar="BYTES", type=size, default=1024, help="so many, in place of 1k"
    )
    parser.add_argument("paths", metavar="FILE", nargs="+")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Write the beginning of files."""
    session = Session(arguments)
    output = binary_output()
    for found in session.expand(arguments.paths):
        with session.trying():
            if found.is_directory:
                raise IsADirectory(found.shown)
            for chunk in found.storage.chunks(found.path, 0, arguments.bytes):
                output.write(chunk)
    output.flush()
    return session.status
