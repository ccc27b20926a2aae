"""Values of the rows of tables: CSV files, and the results of other jobs."""

import csv
import io
import json
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from hdfs_tools.bundles.failure import Failure
from mapreduce_jobs.core.inputs.csv_rows import NOT_CLOSED, Columns, rows_of
from mapreduce_jobs.core.inputs.table_input import Rows
from mapreduce_jobs.core.job_errors import UsageError
from mapreduce_jobs.core.results.result_sums import result_and_sums

__all__ = ["by_key", "number_of", "numbers", "records"]

_LARGEST = 1e150  # so that squares, and sums of many of them, are still numbers
_UNUSUAL = (b'"', b"\0", b"\x1c", b"\x1d", b"\x1e", b"\x1f")  # which readers take differently
_KEY = 80  # characters that are quoted of a row that cannot be read

Numbers = npt.NDArray[np.float64]


def records(rows: Rows) -> Iterator[tuple[str, dict[str, Any] | Failure]]:
    r"""Iterate over rows: what each is known by, and its values by name, or why it has none.

    Values of a CSV file are text; results have them as JSON has them.

    >>> list(records(Rows.of(b"name,age\na.png,40\n")))
    [('a.png', {'name': 'a.png', 'age': '40'})]
    >>> list(records(Rows.of(b'"a.png"\t{"error": "EmptyFile", "message": "the file is empty"}\n')))
    [('a.png', Failure(error='EmptyFile', message='the file is empty'))]
    """
    columns = rows.columns
    if columns is None:
        yield from map(_result, filter(bytes.strip, rows.data.splitlines()))
        return
    texts: deque[str] = deque()
    reader = csv.reader(iter(texts.popleft, None), delimiter=columns.delimiter)
    for text, line in rows_of(rows.data, columns.delimiter, rows.line):
        first_cell = text.partition(columns.delimiter)[0].strip()[:_KEY]
        if line is not None:
            yield first_cell.lstrip('"'), _bad_row(NOT_CLOSED.format(line))
            continue
        texts.append(text)
        try:
            row = next(reader)
        except csv.Error as error:
            yield first_cell, _bad_row(f"it cannot be read: {error}")
            continue
        if not row:
            continue
        if len(row) != len(columns.names):
            message = f"it has {len(row)} values, and the table {len(columns.names)} columns"
            yield row[0], _bad_row(message)
            continue
        yield row[0], dict(zip(columns.names, row, strict=True))


def _result(line: bytes) -> tuple[str, dict[str, Any] | Failure]:
    key, _, value = line.partition(b"\t")
    try:
        name, values = json.loads(key), json.loads(value)
        name = name if isinstance(name, str) else json.dumps(name)
        result, _ = result_and_sums(values)
        return name, result if isinstance(result, Failure) else dict(values)
    except (ValueError, TypeError):
        return key.decode("utf-8", "backslashreplace"), _bad_row("no result of a job")


def _bad_row(message: str) -> Failure:
    return Failure("BadRow", message)


def numbers(
    rows: Rows, names: Sequence[str], more: Mapping[str, Mapping[str, Any]] | None = None
) -> tuple[Numbers, list[tuple[str, Failure]]]:
    r"""Return some columns as numbers.

    Parameters
    ----------
    rows : Rows
        Rows of a table.
    names : sequence of str
        The columns.
    more : mapping, optional
        Values of more columns, for what a row is known by.

    Returns
    -------
    values : ndarray of float64
        Shape rows × columns, numbers within ±1e150, in the order of the rows.
    failed : list of (str, Failure)
        The rows that are left out, and why.

    Examples
    --------
    >>> values, failed = numbers(Rows.of(b"name,age\na,40\nb,old\n"), ["age"])
    >>> values.tolist(), failed[0][1].message
    ([[40.0]], "age: 'old' is no number")
    """
    columns = rows.columns
    if columns is not None and more is None:
        quick = _quickly(rows.data, columns, names)
        if quick is not None:
            return quick, []
    values_of, failed = [], []
    for key, values in records(rows):
        if isinstance(values, Failure):
            failed.append((key, values))
            continue
        if more is not None:
            values |= more.get(key, {})
        try:
            values_of.append([number_of(name, values.get(name)) for name in names])
        except ValueError as error:
            failed.append((key, _bad_row(str(error))))
    return np.array(values_of, np.float64).reshape(-1, len(names)), failed


def by_key(path: str) -> dict[str, dict[str, Any]]:
    """Read a table into memory: the values of each row, by what it is known by.

    Raises
    ------
    UsageError
        It cannot be read, a row is not as long as the first, or two are known by the same.
    """
    try:
        with open(path, "rb") as file:
            table = Rows.of(file.read())
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}") from None
    except ValueError as error:
        raise UsageError(f"{path}: {error}") from None
    rows: dict[str, dict[str, Any]] = {}
    for key, values in records(table):
        if isinstance(values, Failure):
            raise UsageError(f"{path}: {key}: {values.message}")
        if key in rows:
            raise UsageError(f"{path}: {key}: two rows are known by it")
        rows[key] = values
    return rows


def _quickly(rest: bytes, columns: Columns, names: Sequence[str]) -> Numbers | None:
    """Read rows of which every value is a number; None if one is not."""
    if any(sign in rest for sign in _UNUSUAL) or max(map(columns.names.count, names)) > 1:
        return None
    if not rest.strip(b"\r\n"):
        return np.empty((0, len(names)))
    try:
        wanted = [columns.names.index(name) for name in names]
        # One field a column, so that a row of another length is found.
        table = np.loadtxt(
            io.BytesIO(rest),
            [("", "f8" if column in wanted else "U1") for column in range(len(columns.names))],
            comments=None,
            delimiter=columns.delimiter,
            encoding="utf-8",
            ndmin=1,
        )
    except ValueError:
        return None
    values = np.column_stack([table[f"f{column}"] for column in wanted])
    return values if (np.abs(values) <= _LARGEST).all() else None


def number_of(name: str, value: Any) -> float:
    """Return the number of a column; a ValueError says that it is none, or too large."""
    if value is None or value == "":
        raise ValueError(f"{name}: there is no value")
    try:
        number = float("x" if isinstance(value, bool) else value)
    except (ValueError, TypeError, OverflowError):
        raise ValueError(f"{name}: {str(value)[:40]!r} is no number") from None
    if not np.isfinite(number):
        raise ValueError(f"{name}: {number} is not finite")
    if abs(number) > _LARGEST:
        raise ValueError(f"{name}: {number} is beyond ±{_LARGEST:g}")
    return number
