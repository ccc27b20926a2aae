"""``hdfs-tools du``."""

import argparse
from collections.abc import Iterator
from typing import Any

from hdfs_tools.shell.named_paths import Found
from hdfs_tools.shell.output import columns, say, say_json, size_text
from hdfs_tools.shell.session import Session


def add_subparser(subparsers: Any) -> None:
    """Add this command's parser."""
    parser = subparsers.add_parser(
        "du",
        human=True,
        help="show how much files and directories hold",
        description="Show the bytes of files, and of all that is below each directory in the"
        " directories that are given; then the bytes on disks, all replicas together; then the"
        " path.",
        examples=["du -h /data", "du -s -h '/user/*'"],
    )
    parser.add_argument("-s", dest="summary", action="store_true", help="one line a path given")
    parser.add_argument("-v", dest="header", action="store_true", help="write what the columns are")
    parser.add_json()
    parser.add_argument("paths", metavar="PATH", nargs="*", help="default: the home directory")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Show sizes."""
    session = Session(arguments)
    measured = _measured(session, arguments)
    if arguments.json:
        for found, size, space in measured:
            say_json(path=found.shown, size=size, space=space)
        return session.status

    def rows() -> Iterator[tuple[str, str, str]]:
        if arguments.header:
            yield "SIZE", "DISK_SPACE_CONSUMED_WITH_ALL_REPLICAS", "FULL_PATH_NAME"
        for found, size, space in measured:
            people = arguments.human
            yield size_text(size, people), size_text(space, people), found.shown

    for line in columns(rows()):
        say(line)
    return session.status


def _measured(session: Session, arguments: argparse.Namespace) -> Iterator[tuple[Found, int, int]]:
    for named in session.expand(arguments.paths or ["."]):
        with session.trying():
            goes_in = named.is_directory and not arguments.summary
            for found in named.children() if goes_in else [named]:
                with session.trying():
                    yield found, *_size(found)


def _size(found: Found) -> tuple[int, int]:
    status = found.status
    if not status.is_directory and status.replication:
        return status.size, status.size * status.replication  # HDFS need not be asked
    summary = found.storage.content_summary(found.path)
    return summary.size, summary.space
