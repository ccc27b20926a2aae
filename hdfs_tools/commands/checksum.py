"""``hdfs-tools checksum``."""

import argparse
from typing import Any

from hdfs_tools.errors import IsADirectory
from hdfs_tools.shell.output import say, say_json
from hdfs_tools.shell.session import Session


def add_subparser(subparsers: Any) -> None:
    """Add this command's parser."""
    parser = subparsers.add_parser(
        "checksum",
        help="show HDFS's checksums of files",
        description="Show HDFS's own checksum of files: path, algorithm, and in hexadecimal the"
        " settings and the checksum. Files of the same bytes have the same if their blocks are of"
        " the same size.",
        examples=["checksum /data/1.dcm", "checksum --json -R /data > checksums.jsonl"],
    )
    parser.add_argument("-v", dest="block_size", action="store_true", help="the block size, too")
    parser.add_argument("-R", dest="recursive", action="store_true", help="files below directories")
    parser.add_json()
    parser.add_argument("paths", metavar="PATH", nargs="+")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Show checksums."""
    session = Session(arguments)
    for found in session.everything(arguments.paths, arguments.recursive):
        with session.trying():
            if found.is_directory:
                if arguments.recursive:
                    continue
                raise IsADirectory(found.shown)
            checksum = found.storage.checksum(found.path)
            size = found.status.block_size
            if arguments.json:
                values = (found.shown, checksum.algorithm, checksum.digest, size)
                keys = ("path", "algorithm", "digest", "block_size")
                say_json(**dict(zip(keys, values, strict=True)))
            else:
                more = f"\tBlockSize={size}" if arguments.block_size else ""
                say(f"{found.shown}\t{checksum.algorithm}\t{checksum.digest}{more}")
    return session.status
