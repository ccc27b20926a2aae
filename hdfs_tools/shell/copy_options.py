"""The options that ``put``, ``get`` and ``cp`` share."""

from hdfs_tools.parallel import THREADS
from hdfs_tools.shell.parser import Parser, count

__all__ = ["add_copy_options"]


def add_copy_options(parser: Parser) -> None:
    """Add the options of copies, and the paths."""
    parser.add_argument("-f", dest="force", action="store_true", help="replace files there")
    parser.add_argument(
        "-p", dest="preserve", action="store_true", help="keep modes, and times of modification"
    )
    parser.add_argument(
        "-t",
        "--threads",
        metavar="N",
        type=count,
        default=THREADS,
        help=f"files that are copied at the same time (default: {THREADS})",
    )
    parser.add_argument(
        "--sync",
        action="store_true",
        help="leave alone what is there with the same length and checksum, replace what differs,"
        " delete nothing; of one directory, TARGET is the copy itself, and never goes below one"
        " that is there",
    )
    parser.add_argument(
        "--checksum",
        choices=("on", "off"),
        default="on",
        help="whether checksums are compared; lengths are in any case (default: on)",
    )
    parser.add_argument("-q", "--quiet", action="store_true", help="show no progress")
    parser.add_argument("--dry-run", action="store_true", help="only say what would be done")
