"""``hdfs-tools count``."""

import argparse
from typing import Any

from hdfs_tools.shell.named_paths import Found
from hdfs_tools.shell.output import say, say_json, size_text
from hdfs_tools.shell.quotas import QUOTA_HEADER, quota_cells
from hdfs_tools.shell.session import Session

_HEADER = f"{'DIR_COUNT':>12} {'FILE_COUNT':>12} {'CONTENT_SIZE':>18} "


def add_subparser(subparsers: Any) -> None:
    """Add this command's parser."""
    parser = subparsers.add_parser(
        "count",
        human=True,
        help="count directories, files and bytes",
        description="Show the number of directories (the one given included), of files and of bytes"
        " in each path and below.",
        examples=["count /data", "count -q -h -v '/user/*'"],
    )
    parser.add_argument("-q", dest="quotas", action="store_true", help="quotas before them")
    parser.add_argument("-u", dest="usage", action="store_true", help="quotas in place of them")
    parser.add_argument("-v", dest="header", action="store_true", help="write what the columns are")
    parser.add_json()
    parser.add_argument("paths", metavar="PATH", nargs="*", help="default: the home directory")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Count."""
    session = Session(arguments)
    if arguments.header and not arguments.json:
        quotas = QUOTA_HEADER if arguments.quotas or arguments.usage else ""
        say(f"{quotas}{'' if arguments.usage else _HEADER}PATHNAME")
    for found in session.expand(arguments.paths or ["."]):
        with session.trying():
            if arguments.json:
                _say_summary(found)
            elif arguments.usage:
                quota = found.storage.quota(found.path)
                say(quota_cells(quota, arguments.human) + found.shown)
            else:
                say(_line(found, arguments))
    return session.status


def _say_summary(found: Found) -> None:
    summary = found.storage.content_summary(found.path)
    say_json(
        path=found.shown,
        folders=summary.directories,
        files=summary.files,
        size=summary.size,
        space=summary.space,
        quota=summary.quota,
        space_quota=summary.space_quota,
    )


def _line(found: Found, arguments: argparse.Namespace) -> str:
    from hdfs_tools.status import Quota

    summary = found.storage.content_summary(found.path)
    numbers = (summary.directories, summary.files, summary.size)
    directories, files, size = (size_text(number, arguments.human) for number in numbers)
    line = f"{directories:>12} {files:>12} {size:>18} {found.shown}"
    if not arguments.quotas:
        return line
    used = summary.directories + summary.files
    quota = Quota(summary.quota, used, summary.space_quota, summary.space)
    return quota_cells(quota, arguments.human) + line
