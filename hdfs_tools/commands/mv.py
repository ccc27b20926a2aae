"""``hdfs-tools mv``."""

import argparse
from typing import Any

from hdfs_tools.errors import Exists, InvalidPath
from hdfs_tools.shell.named_paths import Found, NamedPath
from hdfs_tools.shell.output import say
from hdfs_tools.shell.parser import split_target
from hdfs_tools.shell.session import Session
from hdfs_tools.shell.targets import StoredTarget, refuse_itself


def add_subparser(subparsers: Any) -> None:
    """Add this command's parser."""
    parser = subparsers.add_parser(
        "mv",
        usage="hdfs-tools mv [options] SOURCE ... TARGET",
        help="move and rename",
        description="Give files and directories other paths on the same file system. What goes to a"
        " directory that is there goes below it; several sources need such a directory. Nothing is"
        " overwritten.",
        examples=["mv /data/new /data/2026", "mv '/data/*.dcm' /data/ct"],
    )
    parser.add_argument("--dry-run", action="store_true", help="only say what would be done")
    parser.add_argument("paths", metavar="PATH", nargs="+", help="paths, the last is the target")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Move."""
    session = Session(arguments)
    sources, target = split_target(arguments.paths)
    found = [*session.expand(sources)]
    if not found:
        return session.status
    where = StoredTarget(session, target, several=len(found) > 1)
    for source in found:
        with session.trying():
            _move(source, where.of(source.name), arguments.dry_run)
    return session.status


def _move(source: Found, target: NamedPath, dry_run: bool) -> None:
    if source.storage.url != target.storage.url:
        raise InvalidPath(source.shown, "Does not match target filesystem")
    refuse_itself(source, target)
    if target.look():
        raise Exists(target.shown)
    if dry_run:
        say(f"Would move {source.shown} to {target.shown}")
    else:
        source.storage.rename(source.path, target.path)
