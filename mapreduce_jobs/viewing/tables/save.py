"""Results as files that other programs read: CSV, Parquet, numpy's npz; see docs/results.md."""

import contextlib
import json
import os
from collections.abc import Callable, Iterator, Sequence
from tempfile import TemporaryFile
from typing import Any, BinaryIO, cast

from hdfs_tools.copying.whole_files import WholeFile
from mapreduce_jobs.core.job_errors import UsageError
from mapreduce_jobs.core.results.kinds import SCHEMA
from mapreduce_jobs.viewing.lines import result_lines
from mapreduce_jobs.viewing.tables.csv_file import write_csv
from mapreduce_jobs.viewing.tables.parquet_file import needed_pyarrow, write_parquet
from mapreduce_jobs.viewing.tables.table import Table, gathered

__all__ = ["FORMATS", "save"]

FORMATS = ("csv", "parquet", "npz")

_BESIDE = ("error", "provenance")  # of results, and none by themselves
_WRITERS: dict[str, Callable[[Table, BinaryIO], None]] = {
    "csv": write_csv,
    "parquet": write_parquet,
}


def save(paths: Sequence[str], file_format: str, output: str, kind: str | None = None) -> list[str]:
    """Save results as a table, or in npz as several.

    Memory is bounded by a row group, and for npz by the arrays; rows lie in a temporary file until
    all are known, as large as the results. What is written is whole, or not there.

    Parameters
    ----------
    paths : sequence of str
        As `result_lines` takes them.
    file_format : {"csv", "parquet", "npz"}
        The format. CSV and Parquet hold one table a file; errors go to a file of their own beside
        it, whose name ends in ``.errors.csv`` or ``.errors.parquet``.
    output : str
        The file.
    kind : str, optional
        Which lines to save, beside errors. By default, for CSV and Parquet, those of the only kind
        there is; for npz all.

    Returns
    -------
    list of str
        What was written and what was left out, a sentence each.

    Raises
    ------
    UsageError
        Results cannot be read, or there are several kinds, or none of the kind that is asked for.
    MissingExtra
        Parquet needs pyarrow.
    OSError
        The file cannot be written.
    """
    if file_format == "parquet":
        needed_pyarrow()  # what is missing is best known before results are read
    with contextlib.ExitStack() as stack:
        tables = gathered(
            result_lines(paths),
            lambda kind, columns: Table(kind, stack.enter_context(_Spool()), columns),
        )
        chosen = _chosen(tables, file_format, kind)
        others = [name for name in tables if name not in (*chosen, "error")]
        sentences = [
            f"left out: {_counted(tables[name])}, which --kind {name} saves" for name in others
        ]
        if file_format == "npz":
            from mapreduce_jobs.viewing.tables.npz_file import write_npz

            with_errors = [
                *(name for name in chosen if name != "error"),
                *tables.keys() & {"error"},
            ]
            saved = [tables[name] for name in with_errors]
            with WholeFile(output) as file:
                write_npz(saved, cast(BinaryIO, file))
            return [f"{output}: {', '.join(map(_counted, saved))}", *sentences]
        (main,) = chosen
        return [*_write_tables(tables, main, _WRITERS[file_format], output), *sentences]


def _chosen(tables: dict[str, Table], file_format: str, kind: str | None) -> list[str]:
    """Return which kinds to save."""
    held = ", ".join(map(_counted, tables.values())) or "nothing"
    if kind is not None:
        if kind not in tables:
            raise UsageError(f"--kind {kind}: there is none in the results, which hold {held}")
        return [kind]
    kinds = [name for name in tables if name not in _BESIDE] or list(tables)
    if not kinds:
        raise UsageError("there is no line in the results")
    if file_format != "npz" and len(kinds) > 1:
        raise UsageError(
            f"the results hold {held}, and a file of {file_format} one of these: choose with --kind"
        )
    return list(tables) if file_format == "npz" else kinds


def _counted(table: Table) -> str:
    return f"{table.kind} ({len(table):,})"


def _write_tables(
    tables: dict[str, Table], main: str, write: Callable[[Table, BinaryIO], None], output: str
) -> list[str]:
    """Write a table, and the errors beside it."""
    stem, ending = os.path.splitext(output)
    beside = f"{stem}.errors{ending}"
    errors = tables.get("error") or Table("error", [], SCHEMA["error"])
    # A file from before, that is not of these results, would be taken for theirs.
    with_errors = main != "error" and (len(errors) > 0 or os.path.lexists(beside))
    with contextlib.ExitStack() as stack:
        file = stack.enter_context(WholeFile(output))
        if with_errors:
            write(errors, cast(BinaryIO, stack.enter_context(WholeFile(beside))))
        write(tables[main], cast(BinaryIO, file))
    sentences = [f"{output}: {_counted(tables[main])}"]
    return [*sentences, f"{beside}: {_counted(errors)}"] if with_errors else sentences


class _Spool:
    """Rows in a temporary file."""

    def __init__(self) -> None:
        self._file = TemporaryFile("w+", encoding="ascii")  # noqa: SIM115

    def __enter__(self) -> "_Spool":
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def append(self, row: dict[str, Any]) -> None:
        self._file.write(f"{json.dumps(row)}\n")

    def __iter__(self) -> Iterator[dict[str, Any]]:
        self._file.seek(0)
        return map(json.loads, self._file)
