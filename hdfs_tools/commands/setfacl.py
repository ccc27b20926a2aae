"""``hdfs-tools setfacl``."""

import argparse
from typing import Any

from hdfs_tools.shell.acls import parse_entries
from hdfs_tools.shell.named_paths import Found
from hdfs_tools.shell.parser import WrongUsage
from hdfs_tools.shell.session import Session


def add_subparser(subparsers: Any) -> None:
    """Add this command's parser."""
    parser = subparsers.add_parser(
        "setfacl",
        help="change access control lists",
        description="Change the access control lists of files and directories. Entries are"
        " separated by commas: user:NAME:rwx, group:NAME:r-x, mask::r-x, other::---, and with"
        " default: before them what new files in a directory get.",
        examples=[
            "setfacl -m user:bob:r-x,default:user:bob:r-x /data",
            "setfacl -x user:bob /data",
            "setfacl --set user::rwx,group::r-x,other::--- /data",
            "setfacl -R -b /data",
        ],
    )
    parser.add_argument("-R", dest="recursive", action="store_true", help="all that is below, too")
    action = parser.add_mutually_exclusive_group(required=True)
    action.add_argument("-m", dest="modify", metavar="ENTRIES", help="add or change entries")
    action.add_argument(
        "-x", dest="remove", metavar="ENTRIES", help="remove entries, given without permissions"
    )
    action.add_argument("-b", dest="bare", action="store_true", help="remove all entries")
    action.add_argument("-k", dest="no_default", action="store_true", help="remove the default")
    action.add_argument("--set", metavar="ENTRIES", help="replace all entries")
    parser.add_argument("paths", metavar="PATH", nargs="+")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Change access control lists."""
    session = Session(arguments)
    spec = arguments.modify or arguments.remove or arguments.set
    if spec is None and not (arguments.bare or arguments.no_default):
        raise WrongUsage("no entries are given")
    entries = parse_entries(spec, not arguments.remove) if spec else []
    for found in session.everything(arguments.paths, arguments.recursive):
        with session.trying():
            _change(found, arguments, entries)
    return session.status


def _change(found: Found, arguments: argparse.Namespace, entries: list[str]) -> None:
    storage, path = found.storage, found.path
    if arguments.recursive and not found.is_directory:  # only directories have defaults
        entries = [entry for entry in entries if not entry.startswith("default:")]
        if not (entries or arguments.bare):
            return
    if arguments.bare:
        storage.remove_acl(path)
    elif arguments.no_default:
        storage.remove_default_acl(path)
    elif arguments.modify:
        storage.modify_acl(path, entries)
    elif arguments.remove:
        storage.remove_acl_entries(path, entries)
    else:
        storage.set_acl(path, entries)
