"""Sums, means and quantiles of the fields of rows, by group."""

from typing import Any

from mapreduce_jobs.viewing.lines import Line
from mapreduce_jobs.viewing.page import Markup
from mapreduce_jobs.viewing.report import plots
from mapreduce_jobs.viewing.report.long_tables import Column, Rows
from mapreduce_jobs.viewing.report.number_formats import number_text, numeric
from mapreduce_jobs.viewing.report.sections.part import Part, Tools

__all__ = ["Aggregates"]

_STATISTICS = {
    "mean": "mean",
    "standard_deviation": "std. dev.",
    "minimum": "least",
    "maximum": "greatest",
    "sum": "sum",
    "weighted_mean": "weighted mean",
    "weighted_sum": "weighted sum",
}
_SHARES = {"0.05": "5 %", "0.25": "25 %", "0.5": "median", "0.75": "75 %", "0.95": "95 %"}
_MAX_DRAWN = 20  # groups

_Histogram = tuple[list[float], list[int]]  # edges and counts


class Aggregates(Part):
    """What one result sums up, a table a field."""

    kinds = ("aggregate",)

    def __init__(self) -> None:
        self._fields: dict[str, Rows] = {}
        self._histograms: dict[str, dict[str, _Histogram]] = {}

    def add(self, line: Line) -> None:
        """Take a group."""
        count = int(numeric(line.value["rows"]))
        key = "(none)" if line.key is None else line.key
        taken = []
        for field, summary in line.value["fields"].items():
            quantiles = summary["quantiles"]
            values = [_optional(summary.get(name)) for name in _STATISTICS]
            values += [_optional(quantiles.get(share)) for share in _SHARES]
            histogram = _histogram_of(summary)
            taken.append((str(field), values, histogram))
        for field, values, histogram in taken:
            if field not in self._fields:
                columns = [*_STATISTICS.values(), *_SHARES.values()]
                self._fields[field] = Rows(
                    f"{field} by group", "group", [Column("rows"), *map(Column, columns)]
                )
            self._fields[field].add(line.key, [count, *values])
            if histogram is not None:
                kept = self._histograms.setdefault(field, {})
                kept[key] = histogram
                if len(kept) > 2 * _MAX_DRAWN:
                    for name in sorted(kept)[_MAX_DRAWN:]:
                        del kept[name]

    def tables(self) -> list[Rows]:
        """Return a table of groups for each field."""
        return [self._fields[field] for field in sorted(self._fields)]

    def markup(self, tools: Tools) -> Markup:
        """Return each field: its quantiles by group, its histograms, its table."""
        return Markup().join(
            tools.heading(field) + self._field(tools, field, rows)
            for field, rows in sorted(self._fields.items())
        )

    def _field(self, tools: Tools, field: str, rows: Rows) -> Markup:
        drawn = [row.name for row in rows.kept()[:_MAX_DRAWN]]
        titles = {column.title for column in rows.columns}
        spreads = {}
        if titles.issuperset(_SHARES.values()):
            columns = [rows.values(title) for title in _SHARES.values()]
            spreads = {
                name: five
                for name, five in zip(drawn, zip(*columns, strict=True), strict=False)
                if None not in five
            }
        found = []
        if spreads:
            said = ", ".join(f"{name} {number_text(five[2])}" for name, five in spreads.items())
            svg = plots.boxes(tools.figures, spreads, field, f"{field} by group; medians: {said}")
            caption = f"{field}: median, the middle half, and the 5th to 95th percentile"
            found.append(tools.figure(svg, caption))
        histograms = self._histograms.get(field, {})
        for name in sorted(histograms)[:_MAX_DRAWN]:
            found.append(_histogram(tools, field, name, histograms[name]))
        parts = [tools.plots(found)] if found else []
        if rows.count > len(drawn):
            parts.append(
                tools.words(f"The first {len(drawn)} groups by name are drawn; the table has more.")
            )
        return Markup().join([*parts, tools.rows(rows)])


def _histogram_of(summary: dict[str, Any]) -> _Histogram | None:
    """Return edges and counts; None if there are none."""
    counts = [int(numeric(value)) for value in summary.get("histogram", [])]
    if not any(counts):
        return None
    start, stop = (numeric(summary["bins"][end]) for end in ("start", "stop"))
    if not start < stop:
        raise ValueError("its bins have no range")
    return [
        start + (stop - start) * number / len(counts) for number in range(len(counts) + 1)
    ], counts


def _histogram(tools: Tools, field: str, name: str, histogram: _Histogram) -> Markup:
    edges, counts = histogram
    said = f"{field}, {name}: {sum(counts):,} rows in {len(counts):,} bins"
    svg = plots.stairs(tools.figures, edges, {field: counts}, field, "rows", f"Histogram of {said}")
    return tools.figure(svg, said)


def _optional(value: Any) -> float | None:
    return None if value is None else numeric(value)
