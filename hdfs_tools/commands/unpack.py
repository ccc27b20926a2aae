"""``hdfs-tools unpack``."""

import argparse
import sys
from typing import Any

from hdfs_tools.bundle import unpack


def add_subparser(subparsers: Any) -> None:
    """Add this command's parser."""
    parser = subparsers.add_parser(
        "unpack",
        help="write the images of a bundle back as files",
        description="Write the images of a bundle back as files, byte for byte. Existing files"
        " are not overwritten, and names that would lead out of the folder are refused.",
    )
    parser.add_argument("bundle", metavar="BUNDLE", help="a bundle")
    parser.add_argument("folder", metavar="FOLDER", help="where to write; made if need be")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> None:
    """Unpack, and say how many images there were."""
    count = unpack(arguments.bundle, arguments.folder)
    sys.stderr.write(f"{arguments.folder}: {count} images\n")
