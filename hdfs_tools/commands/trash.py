"""``hdfs-tools trash``."""

import argparse
import sys
from typing import TYPE_CHECKING, Any

from hdfs_tools.errors import NotFound
from hdfs_tools.paths import has_magic, matches
from hdfs_tools.shell.named_paths import NamedPath
from hdfs_tools.shell.output import columns, moment, say, say_json, size_text
from hdfs_tools.shell.parser import Parser, span
from hdfs_tools.shell.session import Session

if TYPE_CHECKING:
    from hdfs_tools.trash import Trash


def add_subparser(subparsers: Any) -> None:
    """Add the parsers of its actions."""
    parser = subparsers.add_parser(
        "trash",
        help="list, restore and empty what was deleted",
        description="What rm deleted is in the trash, under its original path, until it is emptied"
        " here or by HDFS itself. What hdfs dfs -rm deleted is there, too.",
        examples=[
            "trash list -h",
            "trash restore /data/1.dcm",
            "trash empty --older-than 30d --dry-run",
        ],
    )
    actions = parser.add_subparsers(
        title="actions", metavar="ACTION", dest="action", required=True, parser_class=Parser
    )
    held = actions.add_parser(
        "list",
        human=True,
        help="show what was deleted",
        description="Show what was deleted: when, bytes, the original path, and the path in the"
        " trash.",
    )
    held.add_json()
    held.add_argument(
        "path", metavar="PATH", nargs="?", help="of an encryption zone, for the trash that it has"
    )
    held.set_defaults(run=run_list)
    restore = actions.add_parser(
        "restore",
        help="put something back",
        description="Put files and directories back to where they were.",
        examples=["trash restore '/data/*.dcm'", "trash restore --to /tmp/1.dcm /data/1.dcm"],
    )
    restore.add_argument("-f", dest="force", action="store_true", help="in place of files there")
    restore.add_argument("--to", metavar="TARGET", help="give it this path")
    restore.add_argument(
        "paths", metavar="PATH", nargs="+", help="the path that it had, or has in the trash"
    )
    restore.set_defaults(run=run_restore)
    empty = actions.add_parser(
        "empty",
        help="delete what is in the trash for good",
        description="Delete all that is in the trash for good, or what was deleted some time ago.",
        examples=["trash empty --older-than 30d"],
    )
    empty.add_argument("--older-than", metavar="TIME", type=span, help="12h, 30d, 4w")
    empty.add_argument("--dry-run", action="store_true", help="only say what would be deleted")
    empty.set_defaults(run=run_empty)


def run_list(arguments: argparse.Namespace) -> int:
    """Show what was deleted."""
    from hdfs_tools.trash import Trash

    session = Session(arguments)
    of = session.named_path(arguments.path or ".")
    items = Trash(of.storage).items(of.path)
    if arguments.json:
        for item in items:
            kind = "folder" if item.is_directory else "file"
            say_json(
                original=item.original, path=item.path, when=item.when, size=item.size, type=kind
            )
        return 0
    rows = (
        (
            moment(item.when),
            size_text(item.size, arguments.human),
            item.original + ("/" if item.is_directory else ""),
            item.path,
        )
        for item in items
    )
    for line in columns(rows, right=(1,)):
        say(line)
    return 0


def run_restore(arguments: argparse.Namespace) -> int:
    """Put something back."""
    from hdfs_tools.shell.parser import WrongUsage
    from hdfs_tools.trash import Trash

    session = Session(arguments)
    if arguments.to and len(arguments.paths) > 1:
        raise WrongUsage("--to is for one path")
    for argument in arguments.paths:
        with session.trying():
            pattern = session.named_path(argument)
            trash = Trash(pattern.storage)
            target = session.named_path(arguments.to).path if arguments.to else None
            for held in _held(trash, pattern) if has_magic(pattern.path) else [pattern.path]:
                with session.trying():
                    path = trash.restore(held, arguments.force, target)
                    say(f"Restored {pattern.at(path).shown}")
    return session.status


def _held(trash: "Trash", pattern: NamedPath) -> list[str]:
    """Return the paths in the trash of what had a path that matches a pattern."""
    held = [item.path for item in trash.items(pattern.path) if matches(pattern.path, item.original)]
    if not held:
        raise NotFound(pattern.shown, "not in the trash")
    return held


def run_empty(arguments: argparse.Namespace) -> int:
    """Delete what is in the trash for good."""
    from hdfs_tools.trash import Trash

    trash = Trash(Session(arguments).storage)
    if not arguments.dry_run:
        sys.stderr.write(f"{trash.empty(arguments.older_than)} files deleted\n")
        return 0
    older = arguments.older_than
    for item in trash.items() if older is None else trash.older(older):
        say(f"Would delete {item.path}, {item.size} bytes")
    return 0
