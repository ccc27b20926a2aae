"""Results of jobs as files that other programs read: CSV, Parquet, npz of numpy."""

import argparse
import sys

from mapreduce_jobs.core.job_errors import UsageError
from mapreduce_jobs.core.jobs.commands import check_output, run_command

_ABOUT = """\
Results of jobs as files that other programs read: CSV, Parquet, npz of numpy.

A line of a result becomes a row, a field a column; see docs/results.md. Images that failed are not
lost: FILE.csv gets FILE.errors.csv beside it, and an npz file holds them.
"""


def main() -> None:
    """Do what the command line says, and exit."""
    from mapreduce_jobs.viewing.tables.save import FORMATS

    parser = argparse.ArgumentParser(
        prog="python -m mapreduce_jobs.results",
        description=_ABOUT,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "results",
        nargs="+",
        metavar="RESULT",
        help="a file that a job's result was written to, a directory (-o of a job), a glob, any of"
        " these on HDFS, or - for standard input; of a job of your own with its --provenance FILE,"
        " which says what its lines are",
    )
    parser.add_argument("--save", required=True, choices=FORMATS, help="the format of the file")
    parser.add_argument("-o", "--output", required=True, metavar="FILE", help="where to write")
    parser.add_argument(
        "--kind",
        metavar="KIND",
        help="which lines to save, where the results hold several kinds (npz: default all), such as"
        " edges, error, or what a job of your own declares",
    )
    options = parser.parse_args()
    run_command("results", lambda: _save(options))


def _save(options: argparse.Namespace) -> int:
    """Write the file; return the exit status."""
    from mapreduce_jobs.imaging.errors import MissingExtra
    from mapreduce_jobs.viewing.tables.save import save

    output = options.output
    check_output(output, options.results)
    try:
        sentences = save(options.results, options.save, output, options.kind)
    except MissingExtra as error:
        raise UsageError(f"--save {options.save}: {error}") from None
    for sentence in sentences:
        sys.stderr.write(f"{sentence}\n")
    return 0


if __name__ == "__main__":
    main()
