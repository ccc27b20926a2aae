"""Results that grow: the sums of an earlier result, as input of a run over what is new."""

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

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
    "check_place",
    "earlier_counts",
    "earlier_results",
]


def add_options(add: Callable[..., Any]) -> None:
    """Add the options of a job whose results can grow."""
    add(
        "--keep-sums",
        action="store_true",
        help="write beside each result the exact sums that it was made of, for --merge-into",
    )
    add_merge_into(add)


def add_merge_into(add: Callable[..., Any]) -> None:
    """Add the option that names an earlier result."""
    add(
        "--merge-into",
        metavar="RESULT",
        help="a result of this job over other input, a file or a folder: print what a run over all"
        " of it together would, and the sums too; RESULT itself stays as it is",
    )


def check_place(place: str) -> None:
    """Raise `UsageError` if standard output is the earlier result, which the shell has emptied."""
    if is_standard_output(place):
        raise UsageError(
            f"--merge-into: {place}: standard output goes to this very file, which is overwritten"
            " before it can be read: write the result to another"
        )


def earlier_results(place: str, made_with: Mapping[str, Any]) -> Iterator[bytes]:
    """Iterate over the lines of an earlier result that can be merged.

    Parameters
    ----------
    place : str
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
    for where, line in _lines(place):
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


def earlier_counts(place: str) -> Iterator[bytes]:
    """Iterate over the lines of an earlier result in which each key has a number and no more."""
    for where, line in _lines(place):
        key, _, count = line.partition(b"\t")
        try:
            usable = isinstance(json.loads(key), str) and count.strip().isdigit()
        except ValueError:
            usable = False
        if not usable:
            raise UsageError(f"--merge-into: {where}: is no result of this job")
        yield line


def _lines(place: str) -> Iterator[tuple[str, bytes]]:
    """Iterate over the lines of a result, each with its file and number."""
    empty = True
    for path, file in _files(place):
        for number, line in enumerate(file, 1):
            if line.strip():
                empty = False
                yield f"{path}, line {number}", line if line.endswith(b"\n") else line + b"\n"
    if empty:
        raise UsageError(f"--merge-into: {place}: is empty")


def _files(place: str) -> Iterator[tuple[str, Any]]:
    for location in named(place):
        for file, _ in sorted(files_in(location), key=lambda found: found[0].path):
            try:
                with file.open() as lines:
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
