"""``hdfs-tools cat``."""

import argparse
import shutil
import sys
from typing import IO, Any

from hdfs_tools.errors import IsADirectory
from hdfs_tools.shell.bundles import inside
from hdfs_tools.shell.output import binary_output
from hdfs_tools.shell.session import Session


def add_subparser(subparsers: Any) -> None:
    """Add this command's parser."""
    parser = subparsers.add_parser(
        "cat",
        help="write files to standard output",
        description="Write the bytes of files to standard output, one after another. If a"
        " DataNode fails, reading goes on at another from where it was. - is standard input. A"
        " path may lead into a bundle, to one of its images.",
        examples=[
            "cat /data/notes.txt",
            "cat '/results/part-*' | sort",
            "cat /data/scans.bundle/ct/1.dcm > 1.dcm",
        ],
    )
    parser.add_argument("paths", metavar="PATH", nargs="+", help="a file, or - for standard input")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Write files to standard output."""
    session = Session(arguments)
    output = binary_output()
    for argument in arguments.paths:
        if argument == "-":
            shutil.copyfileobj(sys.stdin.buffer, output)
            continue
        with session.trying():
            bundle = inside(session, argument)
            if bundle is None:
                _write(session, argument, output)
            else:
                output.writelines(bundle.pieces())
    output.flush()
    return session.status


def _write(session: Session, argument: str, output: IO[bytes]) -> None:
    for found in session.expand([argument]):
        with session.trying():
            if found.is_directory:
                raise IsADirectory(found.shown)
            for chunk in found.storage.chunks(found.path):
                output.write(chunk)
