"""A table as CSV, which pandas, R and databases read."""

import io
import re
from collections.abc import Sequence
from typing import Any, BinaryIO

from mapreduce_jobs.viewing.tables.columns import as_json, written
from mapreduce_jobs.viewing.tables.table import Table

__all__ = ["write_csv"]

_QUOTED = re.compile('[",\r\n]')


def write_csv(table: Table, file: BinaryIO) -> None:
    """Write a table: UTF-8, the names of the columns first.

    Parameters
    ----------
    table : Table
        Any.
    file : binary file
        Where to.
    """
    columns = table.columns
    as_cell = [_text if kind == "text" else _cell for kind in columns.values()]
    text = io.TextIOWrapper(file, "utf-8", newline="\n")
    text.write(_line(list(map(_text, columns))))
    for row in table.rows():
        cells = [write(value) for write, value in zip(as_cell, row.values(), strict=True)]
        text.write(_line(cells))
    text.detach()


def _line(cells: Sequence[str]) -> str:
    # csv.writer leaves a carriage return without quotes before Python 3.13, and empty texts always.
    return f"{','.join(cells) or _text('')}\n"


def _text(text: str | None) -> str:
    """Return a text as a cell; in quotes where they are needed, or where it is empty.

    >>> [_text("Größe, Lage"), _text("1.5"), _text(""), _text(None)]
    ['"Größe, Lage"', '1.5', '""', '']
    """
    if text is None:
        return ""
    text = written(text)
    if text and not _QUOTED.search(text):
        return text
    doubled = text.replace('"', '""')
    return f'"{doubled}"'


def _cell(value: Any) -> str:
    """Return what is no text as a cell, as JSON has it; NaN is no value.

    >>> print(_cell(0.1), _cell(True), _cell([1, 2]), _cell(float("inf")), sep="|")
    0.1|true|"[1, 2]"|inf
    """
    if value is None or value != value:
        return ""
    return repr(value) if isinstance(value, float) else _text(as_json(value))
