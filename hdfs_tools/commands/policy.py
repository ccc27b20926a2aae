"""``hdfs-tools policy``."""

import argparse
from typing import Any

from hdfs_tools.shell.output import say
from hdfs_tools.shell.parser import Parser
from hdfs_tools.shell.session import Session


def add_subparser(subparsers: Any) -> None:
    """Add the parsers of its actions."""
    parser = subparsers.add_parser(
        "policy",
        help="show and set on which disks files are",
        description="A storage policy says on which kinds of disks the blocks of files are: HOT,"
        " COLD, ALL_SSD, ... It holds for a directory and all below it.",
        examples=["policy list", "policy get /data", "policy set COLD /data/2019"],
    )
    actions = parser.add_subparsers(
        title="actions", metavar="ACTION", dest="action", required=True, parser_class=Parser
    )
    names = actions.add_parser("list", help="show the names of all policies")
    names.set_defaults(run=run_list)
    get = actions.add_parser(
        "get",
        help="show which policy holds",
        description="Show which policy holds for each path: its name, TAB, the path.",
    )
    get.set_defaults(run=run_get)
    new = actions.add_parser("set", help="set a policy")
    new.add_argument("policy", metavar="POLICY")
    new.set_defaults(run=run_set)
    unset = actions.add_parser("unset", help="let the policy of the directory above hold")
    unset.set_defaults(run=run_set, policy=None)
    for action in (get, new, unset):
        action.add_argument("paths", metavar="PATH", nargs="+")


def run_list(arguments: argparse.Namespace) -> int:
    """Show all policies."""
    for name in Session(arguments).storage.storage_policies():
        say(name)
    return 0


def run_get(arguments: argparse.Namespace) -> int:
    """Show which policy holds."""
    session = Session(arguments)
    for found in session.expand(arguments.paths):
        with session.trying():
            say(f"{found.storage.storage_policy(found.path)}\t{found.shown}")
    return session.status


def run_set(arguments: argparse.Namespace) -> int:
    """Set a policy, or take it away."""
    session = Session(arguments)
    for found in session.expand(arguments.paths):
        with session.trying():
            found.storage.set_storage_policy(found.path, arguments.policy)
            if arguments.policy:
                say(f"Set storage policy {arguments.policy} on {found.shown}")
            else:
                say(f"Unset storage policy from {found.shown}")
    return session.status
