"""``hdfs-tools quota``."""

import argparse
from typing import Any

from hdfs_tools.shell.output import say, say_json
from hdfs_tools.shell.parser import Parser, WrongUsage, count, size
from hdfs_tools.shell.quotas import QUOTA_HEADER, quota_cells
from hdfs_tools.shell.session import Session


def add_subparser(subparsers: Any) -> None:
    """Add the parsers of its actions."""
    parser = subparsers.add_parser(
        "quota",
        help="show and set how much directories may hold",
        description="A quota says how many files and directories a directory may hold at most"
        " (itself included), a space quota how many bytes on disks (all replicas).",
        examples=[
            "quota show -h '/user/*'",
            "quota set --files 100000 --space 3t /user/alice",
            "quota clear /user/alice",
        ],
    )
    actions = parser.add_subparsers(
        title="actions", metavar="ACTION", dest="action", required=True, parser_class=Parser
    )
    show = actions.add_parser(
        "show",
        human=True,
        help="show quotas, and what is left",
        description="Show for each directory the quota, what is left of it, the space quota, and"
        " what is left of that; as hdfs dfs -count -u does.",
    )
    show.add_argument("-v", dest="header", action="store_true", help="write what the columns are")
    show.add_json()
    show.set_defaults(run=run_show)
    new = actions.add_parser(
        "set",
        help="set quotas (superuser)",
        description="Set one of the quotas, or both; the other stays. For the superuser.",
    )
    new.add_argument("--files", metavar="N", type=count, help="files and directories")
    new.add_argument("--space", metavar="SIZE", type=size, help="bytes on disks: 500g, 3t")
    new.set_defaults(run=run_set)
    clear = actions.add_parser(
        "clear",
        help="take quotas away (superuser)",
        description="Take both quotas away, or the one that is named. For the superuser.",
    )
    clear.add_argument("--files", action="store_true", help="that of files and directories")
    clear.add_argument("--space", action="store_true", help="that of bytes on disks")
    clear.set_defaults(run=run_clear)
    for action in (show, new, clear):
        action.add_argument("paths", metavar="DIRECTORY", nargs="+")


def run_show(arguments: argparse.Namespace) -> int:
    """Show quotas."""
    session = Session(arguments)
    if arguments.header and not arguments.json:
        say(f"{QUOTA_HEADER}PATHNAME")
    for found in session.expand(arguments.paths):
        with session.trying():
            usage = found.storage.quota(found.path)
            if arguments.json:
                say_json(
                    path=found.shown,
                    quota=usage.quota,
                    used=usage.used,
                    space_quota=usage.space_quota,
                    space_used=usage.space_used,
                )
            else:
                say(quota_cells(usage, arguments.human) + found.shown)
    return session.status


def run_set(arguments: argparse.Namespace) -> int:
    """Set quotas."""
    if arguments.files is None and arguments.space is None:
        raise WrongUsage("--files or --space is needed")
    session = Session(arguments)
    for found in session.expand(arguments.paths):
        with session.trying():
            now = found.storage.quota(found.path)
            found.storage.set_quota(
                found.path,
                now.quota if arguments.files is None else arguments.files,
                now.space_quota if arguments.space is None else arguments.space,
            )
    return session.status


def run_clear(arguments: argparse.Namespace) -> int:
    """Take quotas away."""
    session = Session(arguments)
    both = arguments.files == arguments.space
    for found in session.expand(arguments.paths):
        with session.trying():
            now = found.storage.quota(found.path)
            found.storage.set_quota(
                found.path,
                None if both or arguments.files else now.quota,
                None if both or arguments.space else now.space_quota,
            )
    return session.status
