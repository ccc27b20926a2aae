"""Results in a notebook: tables that show themselves, and what failed."""

import base64
import html
import io
import os
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import TYPE_CHECKING, Any

from mapreduce_jobs.viewing.lines import result_lines
from mapreduce_jobs.viewing.tables.columns import as_json, short
from mapreduce_jobs.viewing.tables.table import Table, gathered

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["Results", "read_results", "table_html"]

_ROWS, _COLUMNS = 5, 8  # of a table that are shown
_CURVES, _NAME = 4, 24  # histograms in one chart, and letters of the name of each
# The column that is drawn, where it is one number an image; and what its axis is called.
_DRAWN = {
    "edges": ("density", "edge density"),
    "profile_image": ("quality.entropy", "entropy, bits"),
}
_HISTOGRAM = {
    "bins.start": "float64",
    "bins.stop": "float64",
    "bins.count": "int64",
    "counts.grey": "list[int64]",
}
_NUMBERS = ("int64", "uint64", "float64")
_STYLE = "vertical-align:top;white-space:nowrap;padding:2px 10px;text-align:"


def read_results(*paths: str | os.PathLike[str]) -> "Results":
    r"""Read results into memory, as tables.

    Parameters
    ----------
    *paths : str or path
        Files, directories that jobs have written with ``-o``, globs, any of these on HDFS; ``-``
        for standard input.

    Returns
    -------
    Results
        A mapping: of each kind of line its `Table`, as in ``results["edges"]``.

    Raises
    ------
    UsageError
        A path cannot be read, or a line is no result: its file and number are named.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.NamedTemporaryFile("w") as file:
    ...     _ = file.write('"a.png"\t{"error": "EmptyFile", "message": "the file is empty"}\n')
    ...     file.flush()
    ...     results = read_results(file.name)
    >>> results.kinds, list(results["error"].to_numpy("error"))
    (['error'], ['EmptyFile'])
    """
    lines = result_lines([os.fspath(path) for path in paths])
    return Results(gathered(lines, lambda kind, columns: NotebookTable(kind, [], columns)))


class NotebookTable(Table):
    """A table that shows itself in a notebook."""

    def _repr_html_(self) -> str:
        return table_html(self)


class Results(Mapping[str, NotebookTable]):
    """What results hold, by the kind of line; in a notebook it shows itself.

    Parameters
    ----------
    tables : mapping of str to Table
        The tables by their kind.
    """

    def __init__(self, tables: Mapping[str, NotebookTable]) -> None:
        self._tables = dict(tables)

    @property
    def kinds(self) -> list[str]:
        """The kinds of lines that there are, as `Line` names them."""
        return list(self._tables)

    def __getitem__(self, kind: str) -> NotebookTable:
        try:
            return self._tables[kind]
        except KeyError:
            there = ", ".join(self.kinds) or "nothing"
            raise KeyError(f"there is no line of {kind}: the results hold {there}") from None

    def __iter__(self) -> Iterator[str]:
        return iter(self._tables)

    def __len__(self) -> int:
        return len(self._tables)

    def failures(self) -> dict[str, int]:
        """Return how many errors there are of each type, the most frequent first."""
        if "error" not in self._tables:
            return {}
        counted = Counter(map(str, self._tables["error"].values("error")))
        return dict(sorted(counted.items(), key=lambda item: (-item[1], item[0])))

    def __repr__(self) -> str:
        lines = [repr(table) for table in self._tables.values()] or ["no lines"]
        failures = [f"{count:,} {short(reason)}" for reason, count in self.failures().items()]
        return "\n".join([*lines, *([f"failed: {', '.join(failures)}"] if failures else [])])

    def _repr_html_(self) -> str:
        parts = [_counts_html(self._tables.values(), self.failures())]
        parts += [table_html(table) for name, table in self._tables.items() if name != "error"]
        return "\n".join(parts)


def _counts_html(tables: Iterable[Table], failures: Mapping[str, int]) -> str:
    counts = ", ".join(f"{len(table):,} {html.escape(table.kind)}" for table in tables)
    text = f"<p>{counts or 'no lines'}</p>"
    if not failures:
        return text
    reasons = ", ".join(f"{count:,} {_escaped(reason)}" for reason, count in failures.items())
    return f"{text}\n<p>failed: {reasons}</p>"


def table_html(table: Table) -> str:
    """Return the first rows of a table as HTML, with a chart if matplotlib is there.

    Parameters
    ----------
    table : Table
        Any; what its names and texts hold is shown as text.

    Returns
    -------
    str
        A table element with a caption, and an image.
    """
    columns = table.columns
    shown = list(columns)[:_COLUMNS]
    sides = {name: "right" if columns[name] in _NUMBERS else "left" for name in shown}
    head = "".join(
        f'<th scope="col" style="{_STYLE}{side}">{_escaped(name)}</th>'
        for name, side in sides.items()
    )
    body = []
    for row in islice(table.rows(), _ROWS):
        body.append(
            "<tr>" + "".join(_cell(row[name], side) for name, side in sides.items()) + "</tr>"
        )
    left = [
        f"{count - most:,} more {what}{'' if count - most == 1 else 's'}"
        for count, most, what in ((len(table), _ROWS, "row"), (len(columns), _COLUMNS, "column"))
        if count > most
    ]
    more = f" <small>({', '.join(left)})</small>" if left else ""
    caption = f'<caption style="text-align:left"><b>{html.escape(table.kind)}</b>{more}</caption>'
    rows = "\n".join(body)
    return (
        f"<table>{caption}\n<thead><tr>{head}</tr></thead>\n<tbody>\n{rows}\n</tbody></table>"
        f"{_chart(table)}"
    )


def _cell(value: Any, side: str) -> str:
    if isinstance(value, float):
        text = f"{value:.6g}"
    elif isinstance(value, int) and not isinstance(value, bool):
        text = f"{value:,}"
    else:
        text = value if isinstance(value, str) else "" if value is None else as_json(value)
    return f'<td style="{_STYLE}{side}"><bdi>{_escaped(text)}</bdi></td>'


def _escaped(text: str) -> str:
    return html.escape(short(text))


# Charts


def _chart(table: Table) -> str:
    """Return a small chart of a table as an image element; nothing where there is none."""
    try:
        from matplotlib.figure import Figure
    except ImportError:
        return ""
    figure = Figure(figsize=(5.4, 1.9), dpi=100, layout="constrained")
    axes = figure.add_subplot()
    words = _draw_histograms(axes, table) if table.kind == "histogram" else _draw(axes, table)
    if not words:
        return ""
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(labelsize=8)
    with io.BytesIO() as file:
        figure.savefig(file, format="png", metadata={"Software": None})
        data = base64.b64encode(file.getvalue()).decode()
    return f'\n<img alt="{html.escape(words)}" src="data:image/png;base64,{data}">'


def _draw(axes: "Axes", table: Table) -> str:
    """Draw how the measure of a kind is spread; return what is drawn."""
    column, label = _DRAWN.get(table.kind, (None, ""))
    if column is None or table.columns.get(column) != "float64":
        return ""
    values = [value for value in table.values(column) if value is not None]
    if len(values) < 2:
        return ""
    axes.hist(values, bins=min(30, len(values)))
    axes.set_xlabel(label, fontsize=8)
    axes.set_ylabel("results", fontsize=8)
    return f"How {label} is spread over {len(values):,} results"


def _draw_histograms(axes: "Axes", table: Table) -> str:
    """Draw the grey levels of the first results; return what is drawn."""
    from mapreduce_jobs.viewing.lettering import plain

    if any(table.columns.get(name) != kind for name, kind in _HISTOGRAM.items()):
        return ""
    first = [row for row in islice(table.rows(), _CURVES) if row["counts.grey"]]
    if not first:
        return ""
    for row in first:
        start, stop, count = row["bins.start"], row["bins.stop"], row["bins.count"]
        edges = [start + (stop - start) * index / count for index in range(count + 1)]
        axes.stairs(row["counts.grey"], edges, label=plain(f" {row['key']}"[-_NAME:]))
    axes.set_yscale("symlog", linthresh=1)
    axes.set_xlabel("grey level", fontsize=8)
    axes.set_ylabel("pixels", fontsize=8)
    legend = axes.legend(fontsize=7, frameon=False, loc="center left", bbox_to_anchor=(1, 0.5))
    for text in legend.get_texts():
        text.set_parse_math(False)
    return f"The histograms of grey levels of the first {len(first)} results"
