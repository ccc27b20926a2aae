"""``hdfs-tools getfattr``."""

import argparse
import base64
from typing import Any

from hdfs_tools.errors import NotFound
from hdfs_tools.shell.named_paths import Found
from hdfs_tools.shell.output import say, say_json
from hdfs_tools.shell.session import Session


def add_subparser(subparsers: Any) -> None:
    """Add this command's parser."""
    parser = subparsers.add_parser(
        "getfattr",
        help="show extended attributes",
        description="Show extended attributes of files and directories.",
        examples=["getfattr -d /data/1.dcm", "getfattr -R -n user.site --json /data"],
    )
    parser.add_argument("-R", dest="recursive", action="store_true", help="all that is below, too")
    which = parser.add_mutually_exclusive_group(required=True)
    which.add_argument("-n", dest="name", metavar="NAME", help="the one of this name: user.site")
    which.add_argument("-d", dest="all", action="store_true", help="all")
    parser.add_argument(
        "-e", dest="encoding", choices=("text", "hex", "base64"), help="how to write values"
    )
    parser.add_json()
    parser.add_argument("paths", metavar="PATH", nargs="+")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Show extended attributes."""
    session = Session(arguments)
    for found in session.everything(arguments.paths, arguments.recursive):
        with session.trying():
            _show(found, arguments)
    return session.status


def _show(found: Found, arguments: argparse.Namespace) -> None:
    values = found.storage.xattrs(found.path)
    if arguments.name:
        if arguments.name not in values:
            raise NotFound(found.shown, f"no attribute {arguments.name}")
        values = {arguments.name: values[arguments.name]}
    written = {name: _written(value, arguments.encoding) for name, value in values.items()}
    if arguments.json:
        say_json(path=found.shown, attributes=written)
        return
    say(f"# file: {found.shown}")
    for name, text in written.items():
        say(f"{name}={text}" if values[name] else name)


def _written(value: bytes, encoding: str | None) -> str:
    """Return a value as setfattr reads it; what is no text is never written as one."""
    if encoding == "base64":
        return f"0s{base64.b64encode(value).decode()}"
    if encoding != "hex":
        try:
            return f'"{value.decode()}"'
        except UnicodeDecodeError:
            pass
    return f"0x{value.hex()}"
