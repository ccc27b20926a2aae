"""Results of jobs as one page to open and to send on: charts, tables, and what failed."""

import argparse
import os
import sys
import tempfile
from typing import TYPE_CHECKING

from hdfs_tools.copying.whole_files import write_whole
from hdfs_tools.uri import encode_name
from mapreduce_jobs.core.job_errors import UsageError
from mapreduce_jobs.core.jobs.commands import check_output, run_command

if TYPE_CHECKING:  # slow to import
    from mapreduce_jobs.viewing.report.pictures import Pictures

_ABOUT = """\
Results of jobs as one page to open and to send on: charts, tables, what failed, how it was made.

RESULT is what a job printed, a directory that it wrote with -o, or a file of --provenance; several
of any jobs go into one page. The page is one file that opens from disk and asks for nothing.
"""
_MAX_NAMED = 5  # images that are named on standard error


def main() -> None:
    """Do what the command line says, and exit."""
    parser = argparse.ArgumentParser(
        prog="python -m mapreduce_jobs.report",
        description=_ABOUT,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "results",
        nargs="+",
        metavar="RESULT",
        help="a file, a directory, a glob, any of these on HDFS, or - for standard input",
    )
    parser.add_argument("-o", "--output", required=True, metavar="FILE.html", help="where to write")
    parser.add_argument(
        "--images",
        action="append",
        default=[],
        metavar="IMAGES",
        help="the images that the results are of, as they were given to the jobs: a directory,"
        " a glob, a bundle; those that the page points out are then shown (may be given several"
        " times)",
    )
    parser.add_argument("--title", metavar="TEXT", help="of the page (default: of what it is)")
    options = parser.parse_args()
    run_command("report", lambda: _report(options))


def _report(options: argparse.Namespace) -> int:
    """Write the page; return the exit status."""
    output = options.output
    if os.path.splitext(output)[1].lower() not in (".html", ".htm"):
        raise UsageError(f"-o {output}: must end with .html")
    check_output(output, options.results)
    from mapreduce_jobs.imaging.errors import MissingExtra

    try:
        from mapreduce_jobs.viewing.report.gather import gathered
        from mapreduce_jobs.viewing.report.pictures import Pictures
    except MissingExtra as error:
        raise UsageError(str(error)) from None

    with tempfile.TemporaryDirectory() as spool:
        pictures = Pictures(options.images, spool) if options.images else None
        found = gathered(options.results)
        text = found.html(options.title or found.title, pictures)
        status = _report_missing(pictures) if pictures else 0
    write_whole(output, text.encode())
    return status


def _report_missing(pictures: "Pictures") -> int:
    """Say which images could not be shown; return the exit status."""
    if pictures.absent and not pictures.found:
        name = encode_name(min(pictures.absent))
        raise UsageError(
            f"--images: holds none of the images that the results point out, such as {name}: give"
            " what was given to the jobs"
        )
    failed = pictures.failed | dict.fromkeys(pictures.absent, "not among --images")
    for name, why in sorted(failed.items())[:_MAX_NAMED]:
        sys.stderr.write(f"report: {encode_name(name)}: {why}\n")
    if failed:
        looked = pictures.found + len(pictures.absent)
        sys.stderr.write(f"report: {len(failed):,} of {looked:,} images cannot be shown\n")
    return int(bool(failed))


if __name__ == "__main__":
    main()
