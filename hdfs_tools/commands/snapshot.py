"""``hdfs-tools snapshot``."""

import argparse
from collections.abc import Callable
from typing import Any

from hdfs_tools.shell.named_paths import Found
from hdfs_tools.shell.output import say, say_json
from hdfs_tools.shell.parser import Parser
from hdfs_tools.shell.session import Session


def add_subparser(subparsers: Any) -> None:
    """Add the parsers of its actions."""
    parser = subparsers.add_parser(
        "snapshot",
        help="make, compare and delete snapshots",
        description="A snapshot keeps a directory as it is, at no cost until something in it"
        " changes; its files are read as DIRECTORY/.snapshot/NAME/... The superuser allows"
        " snapshots of a directory first.",
        examples=[
            "snapshot allow /data",
            "snapshot create /data before-cleaning",
            "snapshot diff /data before-cleaning .",
            "cp /data/.snapshot/before-cleaning/1.dcm /data",
        ],
    )
    actions = parser.add_subparsers(
        title="actions", metavar="ACTION", dest="action", required=True, parser_class=Parser
    )
    _add(actions, "allow", _allow, "let snapshots be made of a directory (superuser)")
    _add(actions, "disallow", _disallow, "take that back; not where there are snapshots")
    create = _add(actions, "create", _create, "make a snapshot, and show its path")
    create.add_argument("name", metavar="NAME", nargs="?", help="default: sYYYYMMDD-hhmmss.mmm")
    rename = _add(actions, "rename", _rename, "give a snapshot another name")
    rename.add_argument("name", metavar="OLD")
    rename.add_argument("new_name", metavar="NEW")
    delete = _add(actions, "delete", _delete, "delete a snapshot for good")
    delete.add_argument("name", metavar="NAME")
    _add(actions, "list", _list, "show a directory's snapshots").add_json()
    diff = _add(actions, "diff", _diff, "show what changed from one snapshot to another, or to now")
    diff.add_json()
    diff.add_argument("old", metavar="FROM", help="a snapshot's name")
    diff.add_argument("new", metavar="TO", nargs="?", default=".", help="default: . for now")


def _add(actions: Any, name: str, do: Callable[..., None], purpose: str) -> Parser:
    parser: Parser = actions.add_parser(name, help=purpose, description=f"{purpose.capitalize()}.")
    parser.add_argument("path", metavar="DIRECTORY")
    parser.set_defaults(run=run, do=do)
    return parser


def run(arguments: argparse.Namespace) -> int:
    """Do one of the actions."""
    session = Session(arguments)
    with session.trying():
        arguments.do(session.named_path(arguments.path).found(), arguments)
    return session.status


def _allow(directory: Found, _: argparse.Namespace) -> None:
    directory.storage.allow_snapshots(directory.path)
    say(f"Allowing snapshot on {directory.shown} succeeded")


def _disallow(directory: Found, _: argparse.Namespace) -> None:
    directory.storage.disallow_snapshots(directory.path)
    say(f"Disallowing snapshot on {directory.shown} succeeded")


def _create(directory: Found, arguments: argparse.Namespace) -> None:
    path = directory.storage.create_snapshot(directory.path, arguments.name)
    say(f"Created snapshot {directory.at(path).shown}")


def _rename(directory: Found, arguments: argparse.Namespace) -> None:
    directory.storage.rename_snapshot(directory.path, arguments.name, arguments.new_name)


def _delete(directory: Found, arguments: argparse.Namespace) -> None:
    directory.storage.delete_snapshot(directory.path, arguments.name)


def _list(directory: Found, arguments: argparse.Namespace) -> None:
    for name in directory.storage.snapshots(directory.path):
        if arguments.json:
            say_json(
                folder=directory.shown, name=name, path=directory.beneath(f".snapshot/{name}").shown
            )
        else:
            say(name)


def _diff(directory: Found, arguments: argparse.Namespace) -> None:
    old, new = (
        "" if name == "." else name.removeprefix(".snapshot/")
        for name in (arguments.old, arguments.new)
    )
    changes = directory.storage.snapshot_diff(directory.path, old, new)
    if not arguments.json:
        ends = [f"snapshot {name}" if name else "current directory" for name in (old, new)]
        say(f"Difference between {' and '.join(ends)} under directory {directory.shown}:")
    for change in changes:
        if arguments.json:
            say_json(kind=change.kind, path=change.path, target=change.target)
        else:
            target = f" -> {_relative(change.target)}" if change.target else ""
            say(f"{change.kind}\t{_relative(change.path)}{target}")


def _relative(path: str) -> str:
    return path if path == "." else f"./{path}"
