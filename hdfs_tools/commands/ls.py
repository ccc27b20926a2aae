"""``hdfs-tools ls``."""

import argparse
from collections.abc import Iterator
from itertools import islice
from typing import Any

from hdfs_tools.encoding import clean
from hdfs_tools.shell.bundles import inside
from hdfs_tools.shell.named_paths import Found
from hdfs_tools.shell.output import moment, row_of, say, say_json, size_text
from hdfs_tools.shell.session import Session

_GROUP = 100  # entries that are aligned together, as ``hdfs dfs -ls -R`` does


def add_subparser(subparsers: Any) -> None:
    """Add this command's parser."""
    parser = subparsers.add_parser(
        "ls",
        human=True,
        help="list directories",
        description="List files, and what directories hold: permissions (+ if there is an ACL),"
        " replication, owner, group, bytes, time of modification, path. Those of a directory are"
        " sorted by name; -R and --json show what HDFS reports as it comes, however much it is. A"
        " path may lead into a bundle, to all of its images (BUNDLE/) or some.",
        examples=[
            "ls",
            "ls -R -h /data",
            "ls -t '/data/ct-*'",
            "ls /data/scans.bundle/",
            "ls -R --json / | jq 'select(.size > 1e9).path'",
        ],
    )
    parser.add_argument("-C", dest="paths_only", action="store_true", help="paths only")
    parser.add_argument("-d", dest="itself", action="store_true", help="directories themselves")
    parser.add_argument("-R", dest="recursive", action="store_true", help="all that is below, too")
    parser.add_argument("-t", dest="by_time", action="store_true", help="newest first")
    parser.add_argument("-S", dest="by_size", action="store_true", help="largest first")
    parser.add_argument("-r", dest="reverse", action="store_true", help="in reverse order")
    parser.add_argument("-u", dest="accessed", action="store_true", help="show and use access time")
    parser.add_argument(
        "-q", dest="printable", action="store_true", help="? for control characters"
    )
    parser.add_json()
    parser.add_argument("paths", metavar="PATH", nargs="*", help="default: the home directory")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """List."""
    session = Session(arguments)
    lines = _Lines(arguments)
    for argument in arguments.paths or ["."]:
        with session.trying():
            bundle = inside(session, argument)
            if bundle is None:
                _show(session, argument, lines, arguments)
            else:
                images = bundle.images()
                lines.show_all(iter(lines.sort(images)) if lines.sorts else images)
    return session.status


def _show(session: Session, argument: str, lines: "_Lines", arguments: argparse.Namespace) -> None:
    for found in session.expand([argument]):
        if not found.is_directory or arguments.itself:
            lines.show([found])
        elif arguments.recursive:
            _show_tree(session, found, lines)
        else:
            with session.trying():
                _show_directory(found, lines)


def _show_directory(directory: Found, lines: "_Lines") -> None:
    if lines.are_json and not lines.sorts:
        lines.show_all(directory.children())
        return
    # HDFS's own order has other scripts before ASCII.
    held = lines.sort(iter(sorted(directory.children(), key=lambda found: found.path)))
    if held and lines.counts:
        say(f"Found {len(held)} items")
    lines.show_all(iter(held))


def _show_tree(session: Session, directory: Found, lines: "_Lines") -> None:
    if not lines.sorts:
        lines.show_all(session.below(directory))
        return
    with session.trying():
        for entry in lines.sort(directory.children()):
            lines.show([entry])
            if entry.is_directory:
                _show_tree(session, entry, lines)


class _Lines:
    """Writes lines whose columns are aligned, and grow where they must."""

    def __init__(self, arguments: argparse.Namespace) -> None:
        self._arguments = arguments
        self._widths = [3, 0, 0, 10]
        self.are_json = arguments.json
        self.counts = not (arguments.paths_only or arguments.json)
        self.sorts = arguments.by_time or arguments.by_size or arguments.reverse

    def _time(self, found: Found) -> float:
        return found.status.accessed if self._arguments.accessed else found.status.modified

    def sort(self, entries: Iterator[Found]) -> list[Found]:
        """Return entries in the order that was asked for; else as they are."""
        held = [*entries]
        reverse = self._arguments.reverse
        if self._arguments.by_time:
            held.sort(key=self._time, reverse=not reverse)
        elif self._arguments.by_size:
            held.sort(key=lambda found: found.status.size, reverse=not reverse)
        elif reverse:
            held.reverse()
        return held

    def show_all(self, entries: Iterator[Found]) -> None:
        """Write entries, in bounded memory."""
        while group := [*islice(entries, _GROUP)]:
            self.show(group)

    def show(self, entries: list[Found]) -> None:
        """Write entries with columns of one width."""
        if self._arguments.json:
            for found in entries:
                say_json(**row_of(found.shown, found.status))
            return
        if not self._arguments.paths_only:
            for found in entries:
                status = found.status
                cells = (status.replication, status.owner, status.group, status.size)
                self._widths = [
                    max(width, len(str(cell)))
                    for width, cell in zip(self._widths, cells, strict=True)
                ]
        for found in entries:
            line = found.shown if self._arguments.paths_only else self._line(found)
            say(clean(line) if self._arguments.printable else line)

    def _line(self, found: Found) -> str:
        status = found.status
        replication, owner, group, size = self._widths
        copies = "-" if status.is_directory else str(status.replication)
        bytes = size_text(status.size, self._arguments.human)
        return (
            f"{status.mode:<11}{copies:>{replication}} {status.owner:<{owner}}"
            f" {status.group:<{group}} {bytes:>{size}} {moment(self._time(found))} {found.shown}"
        )
