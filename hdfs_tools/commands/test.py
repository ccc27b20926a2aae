"""``hdfs-tools test``."""

import argparse
from typing import Any

from hdfs_tools.errors import HdfsToolsError
from hdfs_tools.shell.named_paths import Found
from hdfs_tools.shell.session import Session

_UNKNOWN = 2


def add_subparser(subparsers: Any) -> None:
    """Add this command's parser."""
    parser = subparsers.add_parser(
        "test",
        help="answer a question about a path by the exit status",
        description="Answer a question about a path by the exit status: 0 yes, 1 no, 2 it could"
        " not be known, because you may not look or HDFS does not answer (then it is said why).",
        examples=["test -e /data/done && echo yes", "test -d /data || echo no directory"],
    )
    question = parser.add_mutually_exclusive_group(required=True)
    for letter, asked in {
        "e": "is something there?",
        "d": "is it a directory?",
        "f": "is it a file?",
        "s": "is something there, and holds something?",
        "z": "is it an empty file?",
    }.items():
        question.add_argument(
            f"-{letter}", dest="question", action="store_const", const=letter, help=asked
        )
    parser.add_argument("path", metavar="PATH")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Answer."""
    session = Session(arguments)
    try:
        found = session.named_path(arguments.path).look()
        return 0 if found and _answer(arguments.question, found) else 1
    except (HdfsToolsError, OSError) as error:
        session.fail(error)
        return _UNKNOWN


def _answer(question: str, found: Found) -> bool:
    if question == "e":
        return True
    if question == "d":
        return found.is_directory
    if question == "f":
        return not found.is_directory
    if question == "z":
        return not found.is_directory and found.status.size == 0
    return any(found.children()) if found.is_directory else found.status.size > 0
