"""``hdfs-tools setfattr``."""

import argparse
import base64
import binascii
from typing import Any

from hdfs_tools.shell.parser import WrongUsage
from hdfs_tools.shell.session import Session


def add_subparser(subparsers: Any) -> None:
    """Add this command's parser."""
    parser = subparsers.add_parser(
        "setfattr",
        help="change extended attributes",
        description="Set or remove an extended attribute of files and directories. Its name begins"
        " with user. (or trusted., for the superuser). A value is text, in double quotes or not,"
        " or 0x and hexadecimal digits, or 0s and base64.",
        examples=["setfattr -n user.site -v berlin /data/1.dcm", "setfattr -x user.site '/data/*'"],
    )
    which = parser.add_mutually_exclusive_group(required=True)
    which.add_argument("-n", dest="name", metavar="NAME", help="set this one")
    which.add_argument("-x", dest="remove", metavar="NAME", help="remove this one")
    parser.add_argument("-v", dest="value", metavar="VALUE", help="its value (default: empty)")
    parser.add_argument("paths", metavar="PATH", nargs="+")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Change an extended attribute."""
    session = Session(arguments)
    value = _read(arguments.value or "")
    for found in session.expand(arguments.paths):
        with session.trying():
            if arguments.remove:
                found.storage.remove_xattr(found.path, arguments.remove)
            else:
                found.storage.set_xattr(found.path, arguments.name, value)
    return session.status


def _read(text: str) -> bytes:
    r"""Return the bytes that a value stands for.

    >>> _read('"0x"'), _read("0x00ff"), _read("0saGk="), _read("plain")
    (b'0x', b'\x00\xff', b'hi', b'plain')
    """
    if len(text) > 1 and text[0] == text[-1] == '"':
        return text[1:-1].encode()
    try:
        if text[:2].lower() == "0x":
            return bytes.fromhex(text[2:])
        if text[:2].lower() == "0s":
            return base64.b64decode(text[2:], validate=True)
    except (ValueError, binascii.Error):
        raise WrongUsage(f"-v {text}: not hexadecimal after 0x, or not base64 after 0s") from None
    return text.encode("utf-8", "surrogateescape")
