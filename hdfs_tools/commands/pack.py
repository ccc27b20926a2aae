"""``hdfs-tools pack``."""

import argparse
import sys
from typing import Any

from hdfs_tools.bundle import pack


def add_subparser(subparsers: Any) -> None:
    """Add this command's parser."""
    parser = subparsers.add_parser(
        "pack",
        help="put the files of a folder into a bundle",
        description="Put a file, or every file of a folder and below, into a bundle: a file of"
        " one line an image. Names are relative to the folder. The bundle appears when it is"
        " whole.",
    )
    parser.add_argument("source", metavar="SOURCE", help="a folder, or one file")
    parser.add_argument(
        "bundle", metavar="BUNDLE", help="the bundle to write; jobs know it by the ending .bundle"
    )
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> None:
    """Pack, and say how many images there were."""
    count = pack(arguments.source, arguments.bundle)
    sys.stderr.write(f"{arguments.bundle}: {count} images\n")
