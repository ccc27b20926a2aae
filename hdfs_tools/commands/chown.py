"""``hdfs-tools chown`` and ``chgrp``."""

import argparse
import re
from typing import Any

from hdfs_tools.shell.parser import WrongUsage
from hdfs_tools.shell.session import Session

_NAME = r"[-_./@a-zA-Z0-9]"


def add_subparser(subparsers: Any) -> None:
    """Add the parsers of both."""
    for name, whose, run in (
        ("chown", "[OWNER][:[GROUP]]", run_chown),
        ("chgrp", "GROUP", run_chgrp),
    ):
        what = "owner and group" if name == "chown" else "group"
        parser = subparsers.add_parser(
            name,
            help=f"change the {what}",
            description=f"Change the {what} of files and directories. Only the superuser may change"
            " the owner; an owner may change the group to one of theirs.",
            examples=[f"{name} -R {'alice:radiology' if name == 'chown' else 'radiology'} /data"],
        )
        parser.add_argument(
            "-R", dest="recursive", action="store_true", help="all that is below, too"
        )
        parser.add_argument("whose", metavar=whose)
        parser.add_argument("paths", metavar="PATH", nargs="+")
        parser.set_defaults(run=run)


def run_chown(arguments: argparse.Namespace) -> int:
    """Change owner, group or both."""
    match = re.fullmatch(rf"({_NAME}+)?(?::({_NAME}*))?", arguments.whose)
    if match is None:
        raise WrongUsage(
            f"'{arguments.whose}' does not match expected pattern for [owner][:group]."
        )
    owner, group = match[1], match[2] or None
    if not (owner or group):
        raise WrongUsage(f"'{arguments.whose}' does not specify owner or group.")
    return _change(arguments, owner, group)


def run_chgrp(arguments: argparse.Namespace) -> int:
    """Change the group."""
    if not re.fullmatch(rf"{_NAME}+", arguments.whose):
        raise WrongUsage(f"'{arguments.whose}' does not match expected pattern for group")
    return _change(arguments, None, arguments.whose)


def _change(arguments: argparse.Namespace, owner: str | None, group: str | None) -> int:
    session = Session(arguments)
    for found in session.everything(arguments.paths, arguments.recursive):
        with session.trying():
            new_owner = None if owner == found.status.owner else owner
            new_group = None if group == found.status.group else group
            if new_owner or new_group:
                found.storage.chown(found.path, new_owner, new_group)
    return session.status
