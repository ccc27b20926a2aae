"""Tables as input: CSV files and the results of other jobs, in blocks of rows."""

import csv
import io
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import IO, Any

import numpy as np
import numpy.typing as npt

from hdfs_tools.bundle import open_at
from mapreduce_jobs.core.errors import UsageError
from mapreduce_jobs.core.splits import Span

__all__ = ["Columns", "Failed", "blocks", "by_key", "columns_of", "number_of", "numbers", "records"]

_BLOCK = 1 << 21  # bytes
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_LARGEST = 1e150  # so that squares, and sums of many of them, are still numbers
_DELIMITERS = (",", ";", "\t")
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


@dataclass(frozen=True)
class Columns:
    """What the first line of a CSV file says.

    Attributes
    ----------
    names : tuple of str
        Of the columns; rows are known by what stands in the first.
    delimiter : str
        Comma, semicolon or TAB.
    """

    names: tuple[str, ...]
    delimiter: str


def blocks(
    stdin: IO[bytes], spans: bool, environ: Mapping[str, str] = os.environ
) -> Iterator[bytes]:
    """Iterate over a task's rows, two megabytes at a time.

    Parameters
    ----------
    stdin : binary file
        The task's lines or, with `spans`, lines that stand for them.
    spans : bool
        Whether lines stand for spans.
    environ : mapping, optional
        Environment variables; by them Hadoop tells which part of which file the lines are.

    Yields
    ------
    bytes
        Lines of a CSV file after its first line, which every block begins with; or results.
    """
    if not spans:
        start = int(environ.get("mapreduce_map_input_start", "0"))
        head = _head(environ["mapreduce_map_input_file"]) if start else stdin.readline()
        yield from _with_head(head, not start, _lines(stdin, None))
        return
    for line in stdin:
        span = Span.parse(line)
        if span is not None:
            yield from _span_blocks(span)


def _span_blocks(span: Span) -> Iterator[bytes]:
    """Iterate over blocks of the rows that begin in a span."""
    position = max(0, span.start - 1)
    with open_at(span.location, position) as file:
        # Either the first line of the file, or the end of a row that began before the span.
        head = file.readline()
        size = span.start + span.length - position - len(head)
        if span.start:
            head = _head(span.location)
        yield from _with_head(head, not span.start, _lines(file, size))


def _head(location: str) -> bytes:
    with open_at(location) as file:
        return file.readline()


def _lines(file: IO[bytes], size: int | None) -> Iterator[bytes]:
    """Iterate over whole lines, many at once: those that begin in the next `size` bytes, or all."""
    pending: list[bytes] = []
    read = 0
    while size is None or read < size:
        chunk = file.read(_BLOCK if size is None else min(_BLOCK, size - read))
        if not chunk:
            break
        read += len(chunk)
        end = chunk.rfind(b"\n") + 1
        if end:
            yield b"".join([*pending, chunk[:end]])
            pending.clear()
        pending.append(chunk[end:])
    if any(pending):
        yield b"".join([*pending, file.readline()])


def _with_head(head: bytes, is_input: bool, lines: Iterator[bytes]) -> Iterator[bytes]:
    """Put the first line of a CSV file before each block; of results, only where it was read."""
    if columns_of(head) is not None:
        first = head.rstrip(b"\r\n") + b"\n"
        yield from (first + block for block in lines)
        return
    if is_input:
        yield head
    yield from lines


def columns_of(line: bytes) -> Columns | None:
    r"""Read the first line of a table; None if it is the result of a job.

    >>> columns_of(b'name;age\n'), columns_of(b'"a.png"\t{"images": 1}\n')
    (Columns(names=('name', 'age'), delimiter=';'), None)
    """
    if line.startswith(b'"') and b'"\t{' in line:
        return None
    text = line.removeprefix(_BYTE_ORDER_MARK).decode("utf-8", "surrogateescape").rstrip("\r\n")
    delimiter = max(_DELIMITERS, key=text.count)
    return Columns(tuple(next(csv.reader([text], delimiter=delimiter), [])), delimiter)


def records(block: bytes) -> Iterator[tuple[str, dict[str, Any]] | Failed]:
    r"""Iterate over the rows of a block: what each is known by, and its values by name.

    Values of a CSV file are text; results have them as JSON has them.

    >>> list(records(b"name,age\na.png,40\n"))
    [('a.png', {'name': 'a.png', 'age': '40'})]
    >>> list(records(b'"a.png"\t{"error": "EmptyFile", "message": "the file is empty"}\n'))
    [Failed(key='a.png', error='EmptyFile', message='the file is empty')]
    """
    head, _, rest = block.partition(b"\n")
    columns = columns_of(head)
    if columns is None:
        yield from map(_result, filter(bytes.strip, block.splitlines()))
        return
    line = ""

    def lines() -> Iterator[str]:
        nonlocal line
        for line in io.StringIO(rest.decode("utf-8", "surrogateescape"), newline=""):  # noqa: UP028  (it is looked at)
            yield line

    reader = csv.reader(lines(), delimiter=columns.delimiter)
    while True:
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            key = line.partition(columns.delimiter)[0].strip()[:_KEY]
            yield Failed(key, "BadRow", f"it cannot be read: {error}")
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
    block: bytes, names: Sequence[str], more: Mapping[str, Mapping[str, Any]] | None = None
) -> tuple[Numbers, list[Failed]]:
    r"""Return some columns of a block as numbers.

    Parameters
    ----------
    block : bytes
        As `blocks` gives it.
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
    >>> values, failed = numbers(b"name,age\na,40\nb,old\n", ["age"])
    >>> values.tolist(), failed[0].message
    ([[40.0]], "age: 'old' is no number")
    """
    head, _, rest = block.partition(b"\n")
    columns = columns_of(head)
    if columns is not None and more is None:
        quick = _quickly(rest, columns, names)
        if quick is not None:
            return quick, []
    rows, failed = [], []
    for row in records(block):
        if isinstance(row, Failed):
            failed.append(row)
            continue
        key, values = row
        if more is not None:
            values |= more.get(key, {})
        try:
            rows.append([number_of(name, values.get(name)) for name in names])
        except ValueError as error:
            failed.append(Failed(key, "BadRow", str(error)))
    return np.array(rows, np.float64).reshape(-1, len(names)), failed


def by_key(path: str) -> dict[str, dict[str, Any]]:
    """Read a table into memory: the values of each row, by what it is known by.

    Raises
    ------
    UsageError
        It cannot be read, a row is not as long as the first, or two are known by the same.
    """
    try:
        with open(path, "rb") as file:
            block = file.read()
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}") from None
    rows: dict[str, dict[str, Any]] = {}
    for row in records(block.removeprefix(_BYTE_ORDER_MARK)):
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
