"""``hdfs-tools df``."""

import argparse
from typing import Any

from hdfs_tools.shell.output import columns, say, say_json, size_text
from hdfs_tools.shell.session import Session


def add_subparser(subparsers: Any) -> None:
    """Add this command's parser."""
    parser = subparsers.add_parser(
        "df",
        human=True,
        help="show how much room there is",
        description="Show the bytes that disks hold, those in use, those that are left, and the"
        " share in use.",
        examples=["df -h", "df webhdfs://nn1:9870/ webhdfs://nn2:9870/"],
    )
    parser.add_json()
    parser.add_argument("paths", metavar="PATH", nargs="*", help="default: /")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Show room."""
    session = Session(arguments)
    rows = [("Filesystem", "Size", "Used", "Available", "Use%")]
    for found in session.expand(arguments.paths or ["/"]):
        with session.trying():
            room = found.storage.capacity()
            sizes = (room.capacity, room.used, room.remaining)
            if arguments.json:
                named = zip(("capacity", "used", "remaining"), sizes, strict=True)
                say_json(filesystem=found.storage.url, **dict(named))
                continue
            capacity, used, left = (size_text(number, arguments.human) for number in sizes)
            share = f"{100 * room.used / room.capacity:.0f}%" if room.capacity else "-"
            rows.append((found.storage.url, capacity, used, left, share))
    if len(rows) > 1:
        for line in columns(rows, right=(1, 2, 3, 4)):
            say(line)
    return session.status
