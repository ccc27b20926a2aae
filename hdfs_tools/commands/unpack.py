"""``hdfs-tools unpack``."""

import argparse
import sys
from typing import Any

from hdfs_tools.shell.session import Session


def add_subparser(subparsers: Any) -> None:
    """Add this command's parser."""
    parser = subparsers.add_parser(
        "unpack",
        help="write the images of a bundle back as files",
        description="Write the images of a bundle back as files, byte for byte; bundle and"
        " directory may be of this machine or, as hdfs:///path, on HDFS. Existing files are not"
        " overwritten, and names that would lead out of the directory are refused: what fails is"
        " named, and the others are written.",
        examples=[
            "unpack hdfs:///data/scans.bundle scans/",
            "unpack scans.bundle scans/ ct/1.dcm ct/2.dcm",
        ],
    )
    parser.add_argument("-q", "--quiet", action="store_true", help="show no progress")
    parser.add_argument("bundle", metavar="BUNDLE", help="a bundle")
    parser.add_argument("directory", metavar="DIRECTORY", help="where to write; made if need be")
    parser.add_argument("names", metavar="NAME", nargs="*", help="only these images (default: all)")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Unpack, and say how many images there were."""
    session = Session(arguments)
    session.use_for_uris()
    from hdfs_tools.bundles.unpacking import unpack  # not until it is needed: slow to import
    from hdfs_tools.errors import TransferFailed
    from hdfs_tools.shell.copying import metered

    with metered(session, arguments.quiet) as meter:
        try:
            count = unpack(arguments.bundle, arguments.directory, arguments.names, meter)
        except TransferFailed:
            return 1  # the meter has named each
    noun = "image" if count == 1 else "images"
    sys.stderr.write(f"{arguments.directory}: {count} {noun}\n")
    return session.status
