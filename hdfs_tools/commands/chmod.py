"""``hdfs-tools chmod``."""

import argparse
import re
from collections.abc import Sequence
from typing import Any

from hdfs_tools.shell.parser import Parser, WrongUsage
from hdfs_tools.shell.session import Session

_SYMBOLIC = re.compile(r"([ugoa]*)([-+=])([rwxXt]*)")
_OCTAL = re.compile(r"[01]?[0-7]{3}")
_SHIFTS = {"u": 6, "g": 3, "o": 0}
_STICKY = 0o1000


def add_subparser(subparsers: Any) -> None:
    """Add this command's parser."""
    parser: Parser = subparsers.add_parser(
        "chmod",
        help="change permissions",
        description="Change who may read, write and enter. MODE is octal in three digits, or four"
        " with the sticky bit (1777), or as in u+w, go-rx, a=r, +X, +t, several of them separated"
        " by commas; X is x for directories, and for files that someone may execute.",
        examples=["chmod 750 /data", "chmod -R u+w,o-rwx /data/ct"],
    )
    parser.add_argument("-R", dest="recursive", action="store_true", help="all that is below, too")
    parser.add_argument("mode", metavar="MODE")
    parser.add_argument("paths", metavar="PATH", nargs="+")
    parser.set_defaults(run=run)
    parser.prepare = _as_mode


def _as_mode(words: Sequence[str]) -> list[str]:
    """Return words with a mode that looks like an option, such as ``-w``, as the same for all.

    >>> _as_mode(["-R", "-w", "/data"])
    ['-R', 'a-w', '/data']
    """
    for position, word in enumerate(words):
        if re.fullmatch(r"-[rwxXt]+(,.*)?", word):
            return [*words[:position], f"a{word}", *words[position + 1 :]]
        if not word.startswith("-"):
            break
    return [*words]


def run(arguments: argparse.Namespace) -> int:
    """Change permissions."""
    session = Session(arguments)
    if not is_mode(arguments.mode):
        raise WrongUsage(f"mode '{arguments.mode}' does not match the expected pattern.")
    for found in session.everything(arguments.paths, arguments.recursive):
        with session.trying():
            status = found.status
            permission = changed(status.permission, arguments.mode, status.is_directory)
            if permission != status.permission:
                found.storage.chmod(found.path, permission)
    return session.status


def is_mode(mode: str) -> bool:
    """Return whether a text is a mode.

    >>> is_mode("u+w,o-rwx"), is_mode("0750"), is_mode("75"), is_mode("u+s")
    (True, True, False, False)
    """
    parts = mode.split(",")
    return _OCTAL.fullmatch(mode) is not None or all(map(_SYMBOLIC.fullmatch, parts))


def changed(permission: int, mode: str, is_directory: bool) -> int:
    """Return permission bits as a mode changes them.

    >>> oct(changed(0o644, "u+x,go-r", False)), oct(changed(0o640, "a+X", False))
    ('0o700', '0o640')
    """
    if _OCTAL.fullmatch(mode):
        return int(mode, 8)
    for who, sign, letters in _SYMBOLIC.findall(mode):
        whose = {*"ugo"} if not who or "a" in who else {*who}
        named = sum(bit for letter, bit in zip("rwx", (4, 2, 1), strict=True) if letter in letters)
        if "X" in letters and (is_directory or permission & 0o111):
            named |= 1
        bits = sum(named << _SHIFTS[letter] for letter in whose)
        mask = sum(0o7 << _SHIFTS[letter] for letter in whose)
        if "o" in whose:  # the sticky bit is the others'
            bits |= _STICKY if "t" in letters else 0
            mask |= _STICKY
        if sign == "+":
            permission |= bits
        elif sign == "-":
            permission &= ~bits
        else:
            permission = permission & ~mask | bits
    return permission
