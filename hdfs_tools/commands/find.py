"""``hdfs-tools find``."""

import argparse
import re
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from hdfs_tools.paths import wildcards
from hdfs_tools.shell.named_paths import Found
from hdfs_tools.shell.output import row_of, say, say_json
from hdfs_tools.shell.parser import Parser, size
from hdfs_tools.shell.session import Session

_DAY = 86400
_SIGNED = ("-size", "-mtime", "-mmin")  # values may begin with "-", which argparse takes amiss


def add_subparser(subparsers: Any) -> None:
    """Add this command's parser."""
    parser: Parser = subparsers.add_parser(
        "find",
        usage="hdfs-tools find [PATH ...] [conditions] [-print0 | --json]",
        help="find files and directories",
        description="Show the paths of the files and directories, in those given and below, for"
        " which all conditions hold. N is a number, +N is more than that, and -N less.",
        examples=[
            "find /data -name '*.dcm' -print",
            "find / -type f -size +1g -mtime +365",
            "find /user -maxdepth 1 -user alice --json",
        ],
    )
    parser.add_argument("-name", metavar="PATTERN", help="the name matches")
    parser.add_argument("-iname", metavar="PATTERN", help="likewise, in capitals or not")
    parser.add_argument("-path", metavar="PATTERN", help="the whole path matches; * matches / too")
    parser.add_argument("-type", choices=("f", "d"), help="it is a file, or a directory")
    parser.add_argument("-size", metavar="N", type=_compared(size, 1), help="bytes: 512, +64m, -1k")
    parser.add_argument("-mtime", metavar="N", type=_compared(int, _DAY), help="days old")
    parser.add_argument("-mmin", metavar="N", type=_compared(int, 60), help="minutes old")
    parser.add_argument("-user", metavar="NAME", help="the owner's name")
    parser.add_argument("-group", metavar="NAME", help="the group's name")
    parser.add_argument(
        "-maxdepth", metavar="N", type=int, help="not deeper than so many directories"
    )
    parser.add_argument("-mindepth", metavar="N", type=int, default=0, help="at least so deep")
    parser.add_argument("-empty", action="store_true", help="an empty file or directory")
    parser.add_argument("-a", "-and", action="store_true", help="nothing: all conditions must hold")
    parser.add_argument("-print", action="store_true", help="one path a line, as without it")
    parser.add_argument("-print0", action="store_true", help="paths end in a zero byte (xargs -0)")
    parser.add_json()
    parser.add_argument("paths", metavar="PATH", nargs="*", help="default: the home directory")
    parser.set_defaults(run=run)
    parser.prepare = _join_signed


def _join_signed(words: Sequence[str]) -> list[str]:
    """Return words with ``-size -1k`` as ``-size=-1k``."""
    joined: list[str] = []
    for word in words:
        if joined and joined[-1] in _SIGNED and re.match(r"-\d", word):
            joined[-1] += f"={word}"
        else:
            joined.append(word)
    return joined


def run(arguments: argparse.Namespace) -> int:
    """Find."""
    session = Session(arguments)
    conditions = [*_conditions(arguments)]
    deepest = arguments.maxdepth
    for start in session.expand(arguments.paths or ["."]):
        for found, depth in _below(session, start, deepest):
            with session.trying():
                if depth >= arguments.mindepth and all(holds(found) for holds in conditions):
                    _show(found, arguments)
    return session.status


def _below(session: Session, start: Found, deepest: int | None) -> Iterator[tuple[Found, int]]:
    yield start, 0
    if not start.is_directory or deepest == 0:
        return
    above = start.path.rstrip("/").count("/")
    if deepest is None:
        for found in session.below(start):
            yield found, found.path.count("/") - above
        return
    with session.trying():
        for child in start.children():
            for found, depth in _below(session, child, deepest - 1):
                yield found, depth + 1


def _conditions(arguments: argparse.Namespace) -> Iterator[Callable[[Found], bool]]:
    now = time.time()
    if arguments.name:
        named = wildcards(arguments.name)
        yield lambda found: bool(named.fullmatch(found.name))
    if arguments.iname:
        likewise = wildcards(arguments.iname.lower())
        yield lambda found: bool(likewise.fullmatch(found.name.lower()))
    if arguments.path:
        whole = wildcards(arguments.path)
        yield lambda found: bool(whole.fullmatch(found.shown))
    if arguments.type:
        yield lambda found: found.is_directory == (arguments.type == "d")
    if arguments.size:
        yield lambda found: arguments.size(found.status.size)
    if arguments.mtime:
        yield lambda found: arguments.mtime(now - found.status.modified)
    if arguments.mmin:
        yield lambda found: arguments.mmin(now - found.status.modified)
    if arguments.user:
        yield lambda found: found.status.owner == arguments.user
    if arguments.group:
        yield lambda found: found.status.group == arguments.group
    if arguments.empty:
        yield _is_empty


def _is_empty(found: Found) -> bool:
    return not any(found.children()) if found.is_directory else found.status.size == 0


def _compared(number: Callable[[str], int], unit: int) -> Callable[[str], Callable[[float], bool]]:
    """Return what turns ``N``, ``+N`` or ``-N`` into a comparison in whole units."""

    def parse(text: str) -> Callable[[float], bool]:
        wanted = number(text.lstrip("+-"))
        if text.startswith("+"):
            return lambda value: value // unit > wanted
        if text.startswith("-"):
            return lambda value: value // unit < wanted
        return lambda value: value // unit == wanted

    return parse


def _show(found: Found, arguments: argparse.Namespace) -> None:
    if arguments.json:
        say_json(**row_of(found.shown, found.status))
    elif arguments.print0:
        sys.stdout.write(f"{found.shown}\0")
    else:
        say(found.shown)
