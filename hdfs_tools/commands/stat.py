"""``hdfs-tools stat``."""

import argparse
import re
import time
from typing import Any

from hdfs_tools.shell.named_paths import Found
from hdfs_tools.shell.output import row_of, say, say_json
from hdfs_tools.shell.parser import WrongUsage
from hdfs_tools.shell.session import Session


def add_subparser(subparsers: Any) -> None:
    """Add this command's parser."""
    parser = subparsers.add_parser(
        "stat",
        usage="hdfs-tools stat [options] [FORMAT] PATH ...",
        help="show what is known of files and directories",
        description="Show what is known of files and directories, in a format:"
        " %a permission in octal, %A as ls has it, %b bytes, %F type, %g group, %n name,"
        " %o block size, %r replication, %u owner, %x and %y time of access and of"
        " modification in UTC, %X and %Y the same in milliseconds since 1970, %% a percent"
        " sign.",
        examples=["stat /data", "stat '%b %o %r %u:%g %n' /data/1.dcm"],
    )
    parser.add_argument("-R", dest="recursive", action="store_true", help="all that is below, too")
    parser.add_json()
    parser.add_argument(
        "paths",
        metavar="PATH",
        nargs="+",
        help="the format is what comes first and has a percent sign (default: %%y)",
    )
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Show what is known."""
    session = Session(arguments)
    form, paths = "%y", arguments.paths
    if "%" in paths[0]:
        form, paths = paths[0], paths[1:]
    if not paths:
        raise WrongUsage("a path is needed")
    for found in session.everything(paths, arguments.recursive):
        if arguments.json:
            say_json(**row_of(found.shown, found.status))
        else:
            say(_filled(form, found))
    return session.status


def _filled(form: str, found: Found) -> str:
    status = found.status
    values = {
        "a": f"{status.permission:o}",
        "A": status.mode[1:].rstrip("+"),
        "b": str(status.size),
        "F": "directory" if status.is_directory else "regular file",
        "g": status.group,
        "n": status.name,
        "o": str(status.block_size),
        "r": str(status.replication),
        "u": status.owner,
        "x": _utc(status.accessed),
        "X": str(round(status.accessed * 1000)),
        "y": _utc(status.modified),
        "Y": str(round(status.modified * 1000)),
    }
    return re.sub("%(.?)", lambda sign: values.get(sign[1], sign[1]), form, flags=re.DOTALL)


def _utc(seconds: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(seconds))
