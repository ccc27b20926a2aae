"""``hdfs-tools touch`` and ``touchz``."""

import argparse
import posixpath
import time
from typing import Any

from hdfs_tools.errors import Exists, IsADirectory, NotFound
from hdfs_tools.shell.named_paths import Found, NamedPath
from hdfs_tools.shell.parser import WrongUsage
from hdfs_tools.shell.session import Session

_FORM = "%Y%m%d:%H%M%S"


def add_subparser(subparsers: Any) -> None:
    """Add the parsers of both."""
    parser = subparsers.add_parser(
        "touch",
        help="set times to now, or make empty files",
        description="Set the times of files to now; make empty files where there are none.",
        examples=["touch /data/_SUCCESS", "touch -m -t 20260101:120000 /data/1.dcm"],
    )
    parser.add_argument("-a", dest="accessed", action="store_true", help="only the time of access")
    parser.add_argument("-m", dest="modified", action="store_true", help="only of modification")
    parser.add_argument("-c", dest="only_old", action="store_true", help="make no files")
    parser.add_argument("-t", dest="time", metavar="yyyyMMdd:HHmmss", help="not now but then")
    parser.add_argument("paths", metavar="PATH", nargs="+")
    parser.set_defaults(run=run)

    parser = subparsers.add_parser(
        "touchz",
        help="make empty files",
        description="Make empty files. It is an error if one is there that is not empty.",
        examples=["touchz /data/_SUCCESS"],
    )
    parser.add_argument("paths", metavar="PATH", nargs="+")
    parser.set_defaults(run=run_touchz)


def run(arguments: argparse.Namespace) -> int:
    """Set times."""
    session = Session(arguments)
    when = _seconds(arguments.time)
    both = arguments.accessed == arguments.modified
    for found in _targets(session, arguments.paths):
        with session.trying():
            if not isinstance(found, Found):
                if arguments.only_old:
                    continue
                _make(found)
                if not arguments.time:
                    continue
            found.storage.set_times(
                found.path,
                when if both or arguments.modified else None,
                when if both or arguments.accessed else None,
            )
    return session.status


def run_touchz(arguments: argparse.Namespace) -> int:
    """Make empty files."""
    session = Session(arguments)
    for found in _targets(session, arguments.paths):
        with session.trying():
            if isinstance(found, Found) and found.status.size:
                raise Exists(found.shown, "Not a zero-length file")
            _make(found)
    return session.status


def _targets(session: Session, arguments: list[str]) -> "list[NamedPath]":
    targets: list[NamedPath] = []
    for argument in arguments:
        with session.trying():
            named = session.named_path(argument)
            try:
                found: list[NamedPath] = [*named.expand()]
            except NotFound:
                found = [named]
            for one in found:
                if isinstance(one, Found) and one.is_directory:
                    raise IsADirectory(one.shown)
            targets += found
    return targets


def _make(named: NamedPath) -> None:
    if named.at(posixpath.dirname(named.path)).look() is None:
        raise NotFound(named.shown)
    named.storage.write(named.path, b"", overwrite=True)


def _seconds(text: str | None) -> float:
    if text is None:
        return time.time()
    try:
        return time.mktime(time.strptime(text, _FORM))
    except ValueError:
        raise WrongUsage(f"-t {text}: not a time such as 20260131:235959") from None
