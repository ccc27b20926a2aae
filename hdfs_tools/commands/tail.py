"""``hdfs-tools tail``."""

import argparse
import time
from typing import Any

from hdfs_tools.errors import IsADirectory
from hdfs_tools.shell.named_paths import Found
from hdfs_tools.shell.output import binary_output
from hdfs_tools.shell.parser import WrongUsage, size, span
from hdfs_tools.shell.session import Session


def add_subparser(subparsers: Any) -> None:
    """Add this command's parser."""
    parser = subparsers.add_parser(
        "tail",
        help="write the end of files",
        description="Write the last kilobyte of files to standard output.\n\n"
        "With -f, what is added to a file follows until you interrupt. HDFS reports the length of a"
        " file that is being written block by block, or as its writer says.",
        examples=["tail /logs/today", "tail -f /logs/today", "tail -c 10m /logs/today | less"],
    )
    parser.add_argument(
        "-c", dest="bytes", metavar="BYTES", type=size, default=1024, help="so many, in place of 1k"
    )
    parser.add_argument("-f", dest="follow", action="store_true", help="go on as the file grows")
    parser.add_argument(
        "-s",
        dest="pause",
        metavar="SECONDS",
        type=span,
        default=5.0,
        help="with -f, look so often (default: 5)",
    )
    parser.add_argument("paths", metavar="FILE", nargs="+")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Write the end of files."""
    session = Session(arguments)
    found = [*session.expand(arguments.paths)]
    if arguments.follow and len(found) > 1:
        raise WrongUsage("-f follows one file")
    for file in found:
        with session.trying():
            if file.is_directory:
                raise IsADirectory(file.shown)
            end = _write_from(file, max(0, file.status.size - arguments.bytes))
            while arguments.follow:
                time.sleep(arguments.pause)
                size_now = file.found().status.size
                # A file that is shorter than it was is another one now.
                end = _write_from(file, end if size_now >= end else 0)
    return session.status


def _write_from(file: Found, start: int) -> int:
    """Write a file from a position on; return where it ends."""
    output = binary_output()
    for chunk in file.storage.chunks(file.path, start):
        output.write(chunk)
        start += len(chunk)
    output.flush()
    return start
