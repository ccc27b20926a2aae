"""Tables of a page that may have very many rows: bounded in memory, and drawn a part at a time."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from mapreduce_jobs.viewing.page import Markup, data_block, safe
from mapreduce_jobs.viewing.report.number_formats import MISSING, number_text, rounded, share_text

__all__ = ["MAX_ROWS", "Column", "Rows", "fit", "rows_block", "spark", "spark_svg"]

MAX_ROWS = 10_000
"""That a table keeps: the first by name."""

_FIRST = 15  # that are in the page before its script runs; report.js has the same number
_MAX_BYTES = 4_400_000  # of all tables of a page together
_LETTERS = "0123456789abcdefghijklmnopqrstuvwxyz"
_SPARK_BINS = 24

Value = int | float | str | bool | None


@dataclass(frozen=True)
class Column:
    """A column of a table.

    Attributes
    ----------
    title : str
        Above it; with the unit.
    kind : str
        ``"text"``, ``"number"``, ``"share"`` (a part of 1, shown in percent) or ``"spark"``.
    field : str
        What results call it; empty if they do not have it as such.
    """

    title: str
    kind: str = "number"
    field: str = ""


class Rows:
    """The rows of a table: the first `MAX_ROWS` by name, of however many.

    Whatever the order in which rows come, the same are kept, in the same order.

    Parameters
    ----------
    title : str
        What they are.
    named : str
        What they are known by: the title of the first column.
    columns : sequence of Column
        The others.

    Attributes
    ----------
    count : int
        How many there are, with those that are not kept.
    limit : int
        How many may be in the page.

    Examples
    --------
    >>> rows = Rows("Images", "image", [Column("pixels")])
    >>> rows.add("b.png", [2]); rows.add("a.png", [1])
    >>> [(row.name, row.values) for row in rows.listed()]
    [('a.png', [1]), ('b.png', [2])]
    """

    def __init__(self, title: str, named: str, columns: Sequence[Column]) -> None:
        self.title, self.named, self.columns = title, named, list(columns)
        self.count = 0
        self.limit = MAX_ROWS
        self._kept: list[Row] = []
        self._is_sorted = True

    def add(self, name: str | None, values: Sequence[Value]) -> None:
        """Add a row."""
        self.count += 1
        self._kept.append(Row("(none)" if name is None else name, list(values)))
        self._is_sorted = False
        if len(self._kept) >= 2 * MAX_ROWS:
            self._cut()

    def _cut(self) -> None:
        if not self._is_sorted:
            self._kept.sort(key=lambda row: (row.name, repr(row.values)))
            del self._kept[MAX_ROWS:]
            self._is_sorted = True

    def kept(self) -> "list[Row]":
        """Return the rows that are in memory, the first `MAX_ROWS` by name."""
        self._cut()
        return self._kept

    def values(self, title: str) -> list[Any]:
        """Return a column of what is kept, by its title."""
        number = [column.title for column in self.columns].index(title)
        return [row.values[number] for row in self.kept()]

    def leave_out_empty(self) -> None:
        """Leave out the columns that have no value in any row; no row may come after."""
        kept = self.kept()
        used = [
            number
            for number in range(len(self.columns))
            if any(row.values[number] is not None for row in kept)
        ]
        if len(used) < len(self.columns):
            self.columns = [self.columns[number] for number in used]
            for row in kept:
                row.values[:] = [row.values[number] for number in used]

    def listed(self) -> "list[Row]":
        """Return the rows that are in the page."""
        return self.kept()[: self.limit]

    def all_are_kept(self) -> bool:
        """Return whether no row is left out of memory."""
        return self.count <= MAX_ROWS

    @property
    def note(self) -> str:
        """A sentence on what the page leaves out; the empty text if nothing."""
        listed = min(self.count, self.limit, MAX_ROWS)
        if listed == self.count:
            return ""
        return f"The first {listed:,} by name of {self.count:,} are listed here."

    def first(self) -> "list[tuple[str, list[tuple[str, str | Markup]]]]":
        """Return rows as texts, the first of them: each name, and kind and text of its values."""
        return [
            (
                row.name,
                [
                    (column.kind, _text(column.kind, value))
                    for column, value in zip(self.columns, row.values, strict=True)
                ],
            )
            for row in self.listed()[:_FIRST]
        ]


@dataclass(frozen=True)
class Row:
    """What is known by one name."""

    name: str
    values: list[Value]


def _text(kind: str, value: Any) -> str | Markup:
    if value is None:
        return MISSING
    if kind == "spark":
        return spark_svg(value)
    if kind == "text":
        return safe(str(value))
    if kind == "share":
        return share_text(_short(value))
    return number_text(_short(value))


def _short(value: float) -> float:
    """Return a number as the page's script will find it."""
    short = rounded(value)
    return value if short is None or isinstance(short, str) else short


def fit(tables: Sequence[Rows]) -> None:
    """Set how many rows each table has in the page, so that it stays small: the same for all."""
    limit = MAX_ROWS
    while True:
        for rows in tables:
            rows.limit = limit
        size = len(rows_block(tables).encode())
        if size <= _MAX_BYTES or not limit:
            return
        limit = min(limit - 1, int(limit * _MAX_BYTES / size))


def rows_block(tables: Sequence[Rows]) -> Markup:
    """Return the rows of all tables, for the page's script: every name is there once."""
    names = sorted({row.name for rows in tables for row in rows.listed()})
    numbers = {name: number for number, name in enumerate(names)}
    found = [
        {
            "columns": [column.kind for column in rows.columns],
            "names": [numbers[row.name] for row in rows.listed()],
            "cells": [
                _cells(column.kind, [row.values[number] for row in rows.listed()])
                for number, column in enumerate(rows.columns)
            ],
        }
        for rows in tables
    ]
    return data_block("rows", {"names": [safe(name) for name in names], "tables": found})


def _cells(kind: str, values: list[Any]) -> Any:
    """Return a column; one of few texts as these and the number of each value among them."""
    if kind in ("number", "share"):
        return [rounded(value) for value in values]
    texts = [None if value is None else safe(str(value)) for value in values]
    distinct = sorted({text for text in texts if text is not None})
    if kind == "spark" or 2 * len(distinct) > len(texts):
        return texts
    numbers: dict[str | None, int | None] = {text: number for number, text in enumerate(distinct)}
    return {"texts": distinct, "places": [numbers.get(text) for text in texts]}


def spark(counts: Sequence[int]) -> str:
    """Return a histogram as a few letters: the square root of each height, ``0`` to ``z``.

    >>> spark([0, 1, 4])
    '0iz'
    """
    step = max(1, -(-len(counts) // _SPARK_BINS))
    heights = [sum(counts[start : start + step]) for start in range(0, len(counts), step)]
    most = max(heights, default=0) or 1
    return "".join(_LETTERS[round((height / most) ** 0.5 * 35)] for height in heights)


def spark_svg(letters: str) -> Markup:
    """Return these letters as a drawing; report.js does the same."""
    path = "".join(
        f"M{number * 3} 36V{36 - _LETTERS.index(letter)}h2V36z"
        for number, letter in enumerate(letters)
        if letter != "0"
    )
    return Markup(
        '<svg class="spark" viewBox="0 0 {} 36" aria-hidden="true" preserveAspectRatio="none">'
        '<path d="{}"/></svg>'
    ).format(max(1, 3 * len(letters) - 1), path)
