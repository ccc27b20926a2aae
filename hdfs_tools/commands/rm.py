"""``hdfs-tools rm``."""

import argparse
from typing import Any

from hdfs_tools.errors import InvalidPath, IsADirectory, NoSpace, NotFound, PermissionDenied
from hdfs_tools.shell.named_paths import Found
from hdfs_tools.shell.output import say
from hdfs_tools.shell.session import Session

_MANY = 1000


def add_subparser(subparsers: Any) -> None:
    """Add this command's parser."""
    parser = subparsers.add_parser(
        "rm",
        help="delete files and directories; they go to the trash",
        description="Delete files, and with -r directories with all that is in them. They go to"
        " your trash, from where `hdfs-tools trash restore` brings them back until it is emptied."
        " What is in the trash already is deleted for good.\n\n"
        "Nothing deletes /, your home directory or what holds it, or a trash itself. To delete"
        " more than a thousand files takes --yes.",
        examples=[
            "rm /data/1.dcm",
            "rm -r --dry-run '/data/tmp-*'",
            "rm -r -skipTrash --yes /data/old",
        ],
    )
    parser.add_argument("-r", "-R", dest="recursive", action="store_true", help="directories, too")
    parser.add_argument("-f", dest="force", action="store_true", help="what is missing is fine")
    parser.add_argument(
        "-skipTrash",
        "--skip-trash",
        dest="for_good",
        action="store_true",
        help="delete for good, at once",
    )
    parser.add_argument(
        "-y", "--yes", action="store_true", help="even if it is more than a thousand files"
    )
    parser.add_argument(
        "--dry-run", action="store_true", help="only say what would be done, and delete nothing"
    )
    parser.add_argument("paths", metavar="PATH", nargs="+")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Delete."""
    session = Session(arguments)
    doomed: list[tuple[Found, str]] = []
    files = 0
    for found in session.expand(arguments.paths, missing_is_fine=arguments.force):
        with session.trying():
            trash = found.storage.trash_root(found.path)
            _refuse(found, trash, arguments)
            if not arguments.yes:
                files += _files(found)
            doomed.append((found, trash))
    if files > _MANY:
        reason = f"these are {files} files, nothing was deleted; --yes deletes more than {_MANY}"
        session.fail(InvalidPath(None, reason))
        return session.status
    for found, trash in doomed:
        with session.trying():
            _delete(found, trash, arguments)
    return session.status


def _refuse(found: Found, trash: str, arguments: argparse.Namespace) -> None:
    from hdfs_tools.trash import is_within

    if found.is_directory and not arguments.recursive:
        raise IsADirectory(found.shown)
    home = found.storage.home()
    if is_within(home, found.path):
        reason = "it is your home directory" if home == found.path else f"your home {home} is in it"
        raise InvalidPath(found.shown, f"refused: {reason}")
    if found.path == trash:
        raise InvalidPath(found.shown, "refused: it is the trash; see hdfs-tools trash empty")
    if is_within(trash, found.path) and not arguments.for_good:
        reason = "cannot be moved to the trash, as it contains it. Consider using -skipTrash option"
        raise InvalidPath(found.shown, reason)


def _files(found: Found) -> int:
    return found.storage.content_summary(found.path).files if found.is_directory else 1


def _delete(found: Found, trash: str, arguments: argparse.Namespace) -> None:
    from hdfs_tools.trash import Trash, is_within

    if arguments.for_good or is_within(found.path, trash):
        if arguments.dry_run:
            say(f"Would delete {found.shown}")
        elif found.storage.delete(found.path, recursive=True):
            say(f"Deleted {found.shown}")
        else:
            raise NotFound(found.shown)
    elif arguments.dry_run:
        say(f"Would move: '{found.shown}' to trash at: {trash}/Current{found.path}")
    else:
        try:
            target = Trash(found.storage).move(found.path)
        except (PermissionDenied, NoSpace) as error:
            if error.filename == found.path:
                raise
            reason = f"cannot be moved to the trash: {error}. Consider using -skipTrash option"
            raise type(error)(found.shown, reason) from None
        say(f"Moved: '{found.shown}' to trash at: {found.at(target).shown}")
