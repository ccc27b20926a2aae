"""``hdfs-tools getfacl``."""

import argparse
from typing import Any

from hdfs_tools.shell.acls import access_entries, default_entries, with_effective
from hdfs_tools.shell.named_paths import Found
from hdfs_tools.shell.output import say, say_json
from hdfs_tools.shell.session import Session


def add_subparser(subparsers: Any) -> None:
    """Add this command's parser."""
    parser = subparsers.add_parser(
        "getfacl",
        help="show access control lists",
        description="Show owner, group and access control list of files and directories, in the"
        " form that setfacl reads.",
        examples=["getfacl /data", "getfacl -R --json /data"],
    )
    parser.add_argument("-R", dest="recursive", action="store_true", help="all that is below, too")
    parser.add_json()
    parser.add_argument("paths", metavar="PATH", nargs="+")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Show access control lists."""
    session = Session(arguments)
    for found in session.everything(arguments.paths, arguments.recursive):
        with session.trying():
            _show(found, arguments.json)
    return session.status


def _show(found: Found, as_json: bool) -> None:
    acl = found.storage.acl(found.path)
    access, default = access_entries(acl), default_entries(acl)
    if as_json:
        say_json(
            path=found.shown,
            owner=acl.owner,
            group=acl.group,
            permission=f"{acl.permission:04o}",
            entries=[*access, *default],
        )
        return
    say(f"# file: {found.shown}")
    say(f"# owner: {acl.owner}")
    say(f"# group: {acl.group}")
    if acl.permission & 0o1000:
        say(f"# flags: --{'t' if acl.permission & 1 else 'T'}")
    for entry in [*with_effective(access), *with_effective(default)]:
        say(entry)
    say("")
