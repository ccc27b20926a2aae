"""``hdfs-tools pack``."""

import argparse
import sys
from typing import Any

from hdfs_tools.shell.parser import size
from hdfs_tools.shell.session import Session


def add_subparser(subparsers: Any) -> None:
    """Add this command's parser."""
    parser = subparsers.add_parser(
        "pack",
        usage="hdfs-tools pack [options] SOURCE ... BUNDLE",
        help="put images into a bundle",
        description="Put images into a bundle: a file of one line an image, which jobs read and"
        " HDFS likes better than many small files. Sources are directories, files, patterns, and"
        " ZIP and TAR archives, of this machine or, as hdfs:///path, on HDFS; and so is the"
        " bundle. Images are named by their path in the directory or archive.\n\n"
        "The bundle appears when it is whole, with an index beside it. If an image cannot be"
        " read, or has a name that would lead out of the directory that it is unpacked into, it"
        " is named, and there is no bundle.",
        examples=[
            "pack scans/ scans.bundle",
            "pack scans/ hdfs:///data/scans.bundle",
            "pack --size 1g 'hdfs:///incoming/*.tar.gz' hdfs:///data/bundles",
        ],
    )
    parser.add_argument("-q", "--quiet", action="store_true", help="show no progress")
    parser.add_argument(
        "--size",
        type=size,
        metavar="SIZE",
        help="make several bundles of about this size, as 1g or 512m; BUNDLE is then the directory"
        " that holds them",
    )
    parser.add_argument("sources", metavar="SOURCE", nargs="+", help="what to put in")
    parser.add_argument(
        "bundle", metavar="BUNDLE", help="the bundle to write; jobs know it by the ending .bundle"
    )
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Pack, and say how many images there were."""
    session = Session(arguments)
    session.use_for_uris()
    from hdfs_tools.bundles.packing import pack  # not until it is needed: slow to import
    from hdfs_tools.errors import TransferFailed
    from hdfs_tools.shell.copying import metered

    with metered(session, arguments.quiet) as meter:
        try:
            count = pack(arguments.sources, arguments.bundle, arguments.size, meter)
        except TransferFailed:
            return 1  # the meter has named each
    noun = "image" if count == 1 else "images"
    sys.stderr.write(f"{arguments.bundle}: {count} {noun}\n")
    return session.status
