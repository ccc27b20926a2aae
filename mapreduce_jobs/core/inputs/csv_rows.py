"""Rows of CSV files: where each ends, whatever its cells hold.

A row depends only on the text from its beginning on, so that who begins at a row's border finds
the same rows, however much he reads. A *line* ends with LF, CRLF or a lone CR. In this order:

1. A row whose first line holds no quote is that line.
2. If the text is a row as RFC 4180 has them (a cell in quotes is closed by a quote before a
   delimiter or a line end, and may hold line ends and doubled quotes; others hold no quote), of at
   most `MAX_ROW` bytes, the row is that.
3. Else it is its first line. Python's csv module reads it, to which ``ab"c`` and ``"ab"c`` are
   cells, too, if it ends outside quotes.
4. If it does not, the row is an error: one quote that is not closed takes one line.
"""

import csv
import io
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain, repeat

__all__ = [
    "MAX_ROW",
    "NOT_CLOSED",
    "Columns",
    "columns_of",
    "first_row",
    "line_count",
    "rows_of",
    "whole_rows",
]

MAX_ROW = 1 << 20
"""Bytes of a row that goes on beyond a line; where a quote is closed behind it, it is not."""

NOT_CLOSED = "line {}: a quote is not closed"
"""What is wrong with a row, given the number of its line."""

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_DELIMITERS = (",", ";", "\t")
_LINE_END = re.compile(rb"\r\n?|\n")
_AT_ONCE = 500  # rows that one search goes over, which keeps a note of each cell


@dataclass(frozen=True)
class Columns:
    """What the first row of a CSV file says.

    Attributes
    ----------
    names : tuple of str
        Of the columns; rows are known by what stands in the first.
    delimiter : str
        Comma, semicolon or TAB.
    """

    names: tuple[str, ...]
    delimiter: str


def columns_of(head: bytes) -> Columns | None:
    r"""Read the first row of a table; None if it is the result of a job.

    >>> columns_of(b'name;age\n'), columns_of(b'"a.png"\t{"images": 1}\n')
    (Columns(names=('name', 'age'), delimiter=';'), None)
    """
    line = _LINE_END.split(head, maxsplit=1)[0]
    if _is_result(line):
        return None
    text = head.removeprefix(_BYTE_ORDER_MARK).decode("utf-8", "surrogateescape").rstrip("\r\n")
    delimiter = _delimiter_of(line)
    return Columns(tuple(next(csv.reader([text], delimiter=delimiter), [])), delimiter)


def _is_result(line: bytes) -> bool:
    return line.startswith(b'"') and b'"\t{' in line


def _delimiter_of(line: bytes) -> str:
    return max(_DELIMITERS, key=lambda delimiter: line.count(delimiter.encode()))


def first_row(chunks: Iterable[bytes]) -> tuple[bytes, Iterator[bytes]]:
    r"""Return the first row of a table, and the chunks behind it.

    Raises
    ------
    ValueError
        A quote in it is not closed.

    Examples
    --------
    >>> head, rest = first_row([b'name,"a', b'ge"\nx,1\n'])
    >>> head, list(rest)
    (b'name,"age"\n', [b'x,1\n'])
    """
    chunks = iter(chunks)
    data, is_end = b"", False
    while (found := _first_row_end(data, is_end)) is None:
        data, is_end = _longer(data, chunks)
    end, is_closed = found
    if not is_closed:
        raise ValueError(NOT_CLOSED.format(1))
    return data[:end], chain(filter(None, [data[end:]]), chunks)


def _first_row_end(data: bytes, is_end: bool) -> tuple[int, bool] | None:
    """Return what `_row_end` does, of the first row of a table; that of results is a line."""
    start = len(_BYTE_ORDER_MARK) if data.startswith(_BYTE_ORDER_MARK) else 0
    end = _line_end(data, start, is_end)
    if end is None:
        return None
    line = data[start:end]
    if _is_result(line):
        return end, True
    return _row_end(data, start, _delimiter_of(line), is_end)


def _longer(data: bytes, chunks: Iterator[bytes]) -> tuple[bytes, bool]:
    """Read on, as much again at least, so that a long row is not looked through too often.

    Returns the data, and whether that was all.
    """
    parts, size = [data], 0
    while not size or size < len(data):
        chunk = next(chunks, None)
        if chunk is None:
            return b"".join(parts), True
        parts.append(chunk)
        size += len(chunk)
    return b"".join(parts), False


def whole_rows(chunks: Iterable[bytes], delimiter: str) -> Iterator[bytes]:
    r"""Move the borders between chunks of a CSV file to where a row ends.

    Memory is bounded by a chunk, and `MAX_ROW` or the longest line.

    Parameters
    ----------
    chunks : iterable of bytes
        The text from a row's beginning on, to the end of the file or of another row.
    delimiter : str
        What separates cells.

    Yields
    ------
    bytes
        Whole rows.

    Examples
    --------
    >>> list(whole_rows([b'a,"1\n', b'2"\nb,3', b'\n'], ","))
    [b'a,"1\n2"\n', b'b,3\n']
    """
    chunks = iter(chunks)
    data, is_end = b"", False
    while not is_end:
        data, is_end = _longer(data, chunks)
        end = _last_border(data, delimiter, is_end)
        if end:
            yield data[:end]
        data = data[end:]


def _last_border(data: bytes, delimiter: str, is_end: bool) -> int:
    """Return where the last row ends that is known to be whole."""
    regular = _regular_rows(delimiter)
    position = 0
    while True:
        quote = data.find(b'"', position)
        if quote < 0:
            return len(data) if is_end else _line_start(data, position, len(data))
        # Up to the line of the quote, a row is a line.
        position = _line_start(data, position, quote + 1)
        found = regular.match(data, position, position + MAX_ROW)
        if found and found.end() > position:
            position = found.end()
            continue
        row = _row_end(data, position, delimiter, is_end)
        if row is None:
            return position
        position = row[0]


def _line_start(data: bytes, start: int, end: int) -> int:
    """Return where the last line begins between two positions, of which the first begins one.

    A CR that is last may be half a line end.
    """
    return max(data.rfind(b"\n", start, end), data.rfind(b"\r", start, end - 1), start - 1) + 1


def rows_of(data: bytes, delimiter: str, line: int = 1) -> Iterator[tuple[str, int | None]]:
    r"""Iterate over the rows of a text that begins and ends between rows.

    Parameters
    ----------
    data : bytes
        The text.
    delimiter : str
        What separates cells.
    line : int, optional
        Number of its first line.

    Yields
    ------
    text : str
        A row with its line end; bytes that are not UTF-8 are kept as surrogates.
    line : int or None
        Number of its line, if a quote in it is not closed.

    Examples
    --------
    >>> list(rows_of(b'a,"1\n2"\nb,"3\n', ","))
    [('a,"1\n2"\n', None), ('b,"3\n', 3)]
    """
    if b'"' not in data:
        lines = io.StringIO(data.decode("utf-8", "surrogateescape"), newline="")
        yield from zip(lines, repeat(None))
        return
    regular = _regular_row(delimiter)
    position = counted = 0
    while position < len(data):
        found = regular.match(data, position, position + MAX_ROW)
        if found:
            end, is_closed = found.end(), True
        else:
            row = _row_end(data, position, delimiter, True)
            assert row is not None  # noqa: S101  (nothing follows)
            end, is_closed = row
        text = data[position:end].decode("utf-8", "surrogateescape")
        if is_closed:
            yield text, None
        else:
            line += line_count(data[counted:position])
            counted = position
            yield text, line
        position = end


def line_count(data: bytes) -> int:
    r"""Return how many line ends there are.

    >>> line_count(b"a\nb\r\nc\rd")
    3
    """
    count = data.count(b"\n")
    return count + data.count(b"\r") - data.count(b"\r\n") if b"\r" in data else count


def _row_end(data: bytes, start: int, delimiter: str, is_end: bool) -> tuple[int, bool] | None:
    """Return where the row that begins at `start` ends, and whether its quotes are closed.

    None if that depends on what follows; `is_end` says that nothing does.
    """
    end = _line_end(data, start, is_end)
    if end is None:
        return None
    if data.find(b'"', start, end) < 0:
        return end, True
    cells = _cells(delimiter).match(data, start, start + MAX_ROW + 1)
    assert cells is not None  # noqa: S101  (no cell is one, too)
    stop = cells.end()
    if not is_end and len(data) < start + MAX_ROW + 2:
        is_open = data[stop : stop + 1] == b'"' and data[start:stop][-1:] in (
            b"",
            delimiter.encode(),
        )
        if is_open or stop >= len(data) - 1:
            return None
    if stop - start <= MAX_ROW:
        if stop == len(data):
            return stop, True
        if following := _LINE_END.match(data, stop):
            return following.end(), True
    return end, _ends_outside_quotes(data[start:end], delimiter)


def _line_end(data: bytes, start: int, is_end: bool) -> int | None:
    """Return where the line that begins at `start` ends; None if that depends on what follows."""
    found = _LINE_END.search(data, start)
    if not is_end and (found is None or (found.end() == len(data) and found[0] == b"\r")):
        return None
    return found.end() if found else len(data)


def _ends_outside_quotes(line: bytes, delimiter: str) -> bool:
    """Return whether Python's csv module would not read on in the next line."""
    reader = csv.reader([line.decode("utf-8", "surrogateescape"), ""], delimiter=delimiter)
    try:
        next(reader)
    except csv.Error:
        return True  # who reads it says why
    return reader.line_num == 1


@lru_cache
def _cells(delimiter: str) -> "re.Pattern[bytes]":
    """Return the pattern of as many cells as there are in a row."""
    cell = rf'(?:"[^"]*(?:""[^"]*)*"(?!")|[^"{delimiter}\r\n]*)'
    return re.compile(rf"{cell}(?:{delimiter}{cell})*".encode())


def _regular(delimiter: str) -> str:
    # Where nothing follows a CR, it may be half a line end.
    return rf"{_cells(delimiter).pattern.decode()}(?:\r\n|\n|\r(?=[^\n]))"


@lru_cache
def _regular_row(delimiter: str) -> "re.Pattern[bytes]":
    """Return the pattern of a row as RFC 4180 has them, with its line end."""
    return re.compile(_regular(delimiter).encode())


@lru_cache
def _regular_rows(delimiter: str) -> "re.Pattern[bytes]":
    """Return the pattern of many of them."""
    return re.compile(f"(?:{_regular(delimiter)}){{0,{_AT_ONCE}}}".encode())
