"""Incremental results: the sums of a previous result, as input of a run over what is new."""

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from hdfs_tools.bundles.compressed import open_text
from hdfs_tools.bundles.failure import Failure
from hdfs_tools.errors import HdfsToolsError
from mapreduce_jobs.core.inputs.assignment import files_in
from mapreduce_jobs.core.inputs.named_inputs import named
from mapreduce_jobs.core.job_errors import UsageError, words_of
from mapreduce_jobs.core.jobs.commands import is_standard_output
from mapreduce_jobs.core.results.result_sums import result_and_sums

__all__ = [
    "add_merge_into",
    "add_options",
    "check_not_overwritten",
    "previous_counts",
    "previous_results",
]


def add_options(add: Callable[..., Any]) -> None:
    """Add the options of a job whose results can be incremental."""
    add(
        "--keep-sums",
        action="store_true",
        help="write beside each result the exact sums that it was made of, for --merge-into",
    )
    add_merge_into(add)


def add_merge_into(add: Callable[..., Any]) -> None:
    """Add the option that names a previous result."""
    add(
        "--merge-into",
        metavar="RESULT",
        help="a result of this job over other input, a file or a directory: print what a run over"
        " all of it together would, and the sums too; RESULT itself stays as it is",
    )


def check_not_overwritten(argument: str) -> None:
    """Raise `UsageError` if standard output is the previous result, which the shell has emptied."""
    if is_standard_output(argument):
        raise UsageError(
            f"--merge-into: {argument}: standard output goes to this very file, which is"
            " overwritten before it can be read: write the result to another"
        )


def previous_results(argument: str, made_with: Mapping[str, Any]) -> Iterator[bytes]:
    """Iterate over the lines of a previous result that can be merged.

    Parameters
    ----------
    argument : str
        A file or a directory, on this machine or on HDFS.
    made_with : mapping
        What the job and its options are, as far as the sums depend on them.

    Yields
    ------
    bytes
        Results with sums, and error records.

    Raises
    ------
    UsageError
        It cannot be read, a line is something else, or it was made with other options.
    """
    for where, line in _lines(argument):
        try:
            key, value = line.split(b"\t", 1)
            json.loads(key)
            value = json.loads(value)
        except ValueError:
            raise UsageError(f"--merge-into: {where}: is no result of a job") from None
        result, sums = result_and_sums(value)
        if sums is not None:
            _compare(sums["made_with"], made_with, where)
        elif not isinstance(result, Failure):
            raise UsageError(
                f"--merge-into: {where}: holds no sums: make the first result with --keep-sums"
            )
        yield line


def previous_counts(argument: str) -> Iterator[bytes]:
    """Iterate over the lines of a previous result in which each key has a number and no more."""
    for where, line in _lines(argument):
        key, _, count = line.partition(b"\t")
        try:
            usable = isinstance(json.loads(key), str) and count.strip().isdigit()
        except ValueError:
            usable = False
        if not usable:
            raise UsageError(f"--merge-into: {where}: is no result of this job")
        yield line


def _lines(argument: str) -> Iterator[tuple[str, bytes]]:
    """Iterate over the lines of a result, each with its file and number."""
    empty = True
    for path, file in _files(argument):
        for number, line in enumerate(file, 1):
            if line.strip():
                empty = False
                yield f"{path}, line {number}", line if line.endswith(b"\n") else line + b"\n"
    if empty:
        raise UsageError(f"--merge-into: {argument}: is empty")


def _files(argument: str) -> Iterator[tuple[str, Any]]:
    for location in named(argument):
        for file, _ in sorted(files_in(location), key=lambda found: found[0].path):
            try:
                with open_text(file) as lines:
                    yield file.text, lines
            except (OSError, HdfsToolsError) as error:
                raise UsageError(f"--merge-into: {file.text}: {words_of(error)[1]}") from None


def _compare(theirs: Mapping[str, Any], ours: Mapping[str, Any], where: str) -> None:
    """Raise `UsageError` if sums were made by another job, or with other options."""
    if theirs.get("job") != ours["job"]:
        raise UsageError(f"--merge-into: {where}: is a result of {theirs.get('job')}")
    for name in sorted(ours.keys() | theirs.keys()):
        then, now = theirs.get(name), ours.get(name)
        if then != now:
            option = "--" + name.replace("_", "-")
            raise UsageError(
                f"--merge-into: {where}: was made {_with(option, then)}, and this run is"
                f" {_with(option, now)}"
            )


def _with(option: str, value: Any) -> str:
    """Say that an option is given, or not.

    >>> _with("--bins", 16), _with("--range", [0.0, 9.5]), _with("--where", None)
    ('with --bins 16', 'with --range 0.0 9.5', 'without --where')
    """
    if value is None or value is False:
        return f"without {option}"
    if value is True:
        return f"with {option}"
    words = value if isinstance(value, list) else [value]
    return " ".join(["with", option, *map(str, words)])
