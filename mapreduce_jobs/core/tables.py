"""Values of the rows of tables: CSV files, and the results of other jobs."""

import csv
import io
import json
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from mapreduce_jobs.core.csv_rows import NOT_CLOSED, Columns, rows_of
from mapreduce_jobs.core.errors import UsageError
from mapreduce_jobs.core.table_input import Rows

__all__ = ["Failed", "by_key", "number_of", "numbers", "records"]

_LARGEST = 1e150  # so that squares, and sums of many of them, are still numbers
_UNUSUAL = (b'"', b"\0", b"\x1c", b"\x1d", b"\x1e", b"\x1f")  # which readers take differently
_KEY = 80  # characters that are told of a row that cannot be read

Numbers = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Failed:
    """A row that holds no measure.

    Attributes
    ----------
    key : str
        What it is known by.
    error, message : str
        Kind of the error, and one sentence.
    """

    key: str
    error: str
    message: str


def records(rows: Rows) -> Iterator[tuple[str, dict[str, Any]] | Failed]:
    r"""Iterate over rows: what each is known by, and its values by name.

    Values of a CSV file are text; results have them as JSON has them.

    >>> list(records(Rows.of(b"name,age\na.png,40\n")))
    [('a.png', {'name': 'a.png', 'age': '40'})]
    >>> list(records(Rows.of(b'"a.png"\t{"error": "EmptyFile", "message": "the file is empty"}\n')))
    [Failed(key='a.png', error='EmptyFile', message='the file is empty')]
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
            yield Failed(first_cell.lstrip('"'), "BadRow", NOT_CLOSED.format(line))
            continue
        texts.append(text)
        try:
            row = next(reader)
        except csv.Error as error:
            yield Failed(first_cell, "BadRow", f"it cannot be read: {error}")
            continue
        if not row:
            continue
        if len(row) != len(columns.names):
            message = f"it has {len(row)} values, and the table {len(columns.names)} columns"
            yield Failed(row[0], "BadRow", message)
            continue
        yield row[0], dict(zip(columns.names, row, strict=True))


def _result(line: bytes) -> tuple[str, dict[str, Any]] | Failed:
    key, _, value = line.partition(b"\t")
    try:
        name, values = json.loads(key), json.loads(value)
        name = name if isinstance(name, str) else json.dumps(name)
        if "error" in values:
            return Failed(name, str(values["error"]), str(values["message"]))
        return name, dict(values)
    except (ValueError, LookupError, TypeError):
        return Failed(key.decode("utf-8", "backslashreplace"), "BadRow", "no result of a job")


def numbers(
    rows: Rows, names: Sequence[str], more: Mapping[str, Mapping[str, Any]] | None = None
) -> tuple[Numbers, list[Failed]]:
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
    failed : list of Failed
        The rows that are left out, and why.

    Examples
    --------
    >>> values, failed = numbers(Rows.of(b"name,age\na,40\nb,old\n"), ["age"])
    >>> values.tolist(), failed[0].message
    ([[40.0]], "age: 'old' is no number")
    """
    columns = rows.columns
    if columns is not None and more is None:
        quick = _quickly(rows.data, columns, names)
        if quick is not None:
            return quick, []
    values_of, failed = [], []
    for row in records(rows):
        if isinstance(row, Failed):
            failed.append(row)
            continue
        key, values = row
        if more is not None:
            values |= more.get(key, {})
        try:
            values_of.append([number_of(name, values.get(name)) for name in names])
        except ValueError as error:
            failed.append(Failed(key, "BadRow", str(error)))
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
    for row in records(table):
        if isinstance(row, Failed):
            raise UsageError(f"{path}: {row.key}: {row.message}")
        key, values = row
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
