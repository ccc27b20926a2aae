"""Linear models: their coefficients and, where the rows are in another result, how they fit."""

import math
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

from mapreduce_jobs.viewing.lines import Line
from mapreduce_jobs.viewing.page import Markup
from mapreduce_jobs.viewing.report import plots
from mapreduce_jobs.viewing.report.long_tables import Rows
from mapreduce_jobs.viewing.report.number_formats import number_text, numeric
from mapreduce_jobs.viewing.report.sections.part import Part, Tools, texts

__all__ = ["Regression"]

_NORMAL = 1.96  # standard errors, in which 95 % of a normal distribution lie
_MAX_DRAWN = 40
_MAX_POINTS = 2000
_CLOSE = 1e-6
_LARGEST = 1e150  # as jobs over rows have it


class Regression(Part):
    """Linear models of one result."""

    kinds = ("regression",)

    def __init__(self) -> None:
        self._models: list[dict[str, Any]] = []

    def add(self, line: Line) -> None:
        """Take a model."""
        value = line.value
        for one in [value["intercept"], *value["coefficients"].values()]:
            numeric(one["value"])
            if one["standard_error"] is not None:
                numeric(one["standard_error"])
        numeric(value["rows"]), str(value["target"])
        for name in ("residual_sum", "r_squared", "ridge"):
            if value.get(name) is not None:
                numeric(value[name])
        self._models.append(value)

    def markup(self, tools: Tools) -> Markup:
        """Return each model."""
        return Markup().join(_markup_of(tools, one) for one in sorted(self._models, key=repr))


def _markup_of(tools: Tools, value: dict[str, Any]) -> Markup:
    target, coefficients = str(value["target"]), value["coefficients"]
    rows, residual = value["rows"], value.get("residual_sum")
    freedom = rows - len(coefficients) - 1
    deviation = math.sqrt(residual / freedom) if residual and freedom > 0 else None
    tiles = [
        ("R²", number_text(value.get("r_squared"))),
        ("Rows", number_text(rows)),
        ("Residual std. dev.", number_text(deviation)),
    ]
    facts = texts([("Target", target), ("Ridge", value.get("ridge")), ("Σ residual²", residual)])
    terms = {"(intercept)": value["intercept"], **coefficients}
    listed = [
        [
            name,
            number_text(one["value"]),
            number_text(one["standard_error"]),
            number_text(_ratio(one)),
        ]
        for name, one in terms.items()
    ]
    head = [("term", "text"), ("coefficient", "n"), ("standard error", "n"), ("t", "n")]
    parts = [
        tools.tiles(tiles),
        tools.facts(facts),
        tools.listing(f"Coefficients of the model of {target}", head, listed),
    ]
    found = []
    ratios = {name: (t, _NORMAL) for name, one in coefficients.items() if (t := _ratio(one))}
    if 1 < len(ratios) <= _MAX_DRAWN:
        said = ", ".join(f"{name} {number_text(t)}" for name, (t, _) in ratios.items())
        svg = plots.intervals(
            tools.figures,
            ratios,
            "coefficient, in its standard errors",
            f"Coefficients in standard errors: {said}",
        )
        found.append(tools.figure(svg, "Coefficients with 95 % intervals (± 1.96 standard errors)"))
    fitted, is_all = _fitted(value, tools.tables)
    if not fitted:
        why = (
            "The fit and its residuals are not drawn: the rows that were fitted, with numbers for"
            f" {', '.join([*coefficients, target])}, are in no other result here."
        )
        return Markup().join([*parts, tools.plots(found) if found else "", tools.words(why)])
    drawn = list(islice(fitted, 0, None, -(-len(fitted) // _MAX_POINTS)))
    found += _fit_charts(tools, target, drawn)
    said = f"Drawn from the {rows:,} rows that were fitted"
    if not is_all:
        said = f"Drawn from the first {len(fitted):,} rows by name of {rows:,} that were fitted"
    if len(drawn) != len(fitted):
        said += f"; {len(drawn):,} of them are shown, evenly by name"
    return Markup().join([*parts, tools.plots(found), tools.words(f"{said}.")])


def _ratio(one: Mapping[str, Any]) -> float | None:
    """Return a coefficient in its standard errors."""
    return one["value"] / one["standard_error"] if one["standard_error"] else None


def _fit_charts(tools: Tools, target: str, pairs: Sequence[tuple[float, float]]) -> list[Markup]:
    residuals = [(fitted, observed - fitted) for fitted, observed in pairs]
    largest = max(abs(residual) for _, residual in residuals)
    charts = (
        (pairs, target, (1.0, 0.0), "Observed and fitted; on the line they are equal", ""),
        (
            residuals,
            "residual",
            (0.0, 0.0),
            "Residuals, observed less fitted",
            f" The largest is {number_text(largest)}.",
        ),
    )
    return [
        tools.figure(
            plots.points(
                tools.figures, xy, f"fitted {target}", y, f"{said}, {len(xy):,} points.{more}", line
            ),
            f"{said}.{more}",
        )
        for xy, y, line, said, more in charts
    ]


def _fitted(
    value: Mapping[str, Any], tables: Sequence[Rows]
) -> tuple[list[tuple[float, float]], bool]:
    """Return the fitted and the observed value of each row, and whether these are all rows.

    Whether rows are those that were fitted is decided by the sum of their squared residuals; of a
    table of which not all rows are kept, by their number.
    """
    target, coefficients = str(value["target"]), value["coefficients"]
    beginning: list[tuple[float, float]] = []
    for rows, is_all in _rows_with([*coefficients, target], tables):
        pairs = []
        for row in rows:
            terms = (one["value"] * row[name] for name, one in coefficients.items())
            pairs.append((value["intercept"]["value"] + math.fsum(terms), row[target]))
        squares = math.fsum((observed - fitted) ** 2 for fitted, observed in pairs)
        spread = math.fsum(observed**2 for _, observed in pairs)
        if is_all and len(pairs) == value["rows"]:
            if math.isclose(
                squares, value["residual_sum"], rel_tol=_CLOSE, abs_tol=_CLOSE * spread
            ):
                return pairs, True
        elif not is_all and len(pairs) < value["rows"] and not beginning:
            beginning = pairs
    return beginning, False


def _rows_with(
    names: Sequence[str], tables: Sequence[Rows]
) -> Iterator[tuple[list[dict[str, float]], bool]]:
    """Iterate over the tables that have a number for each name, then over what they have together.

    Yields
    ------
    rows : list of dict
        By name of the column; of several tables, joined by the name of the row.
    is_all : bool
        Whether no row is left out.
    """
    columns: dict[str, tuple[Rows, int]] = {}
    for rows in tables:
        fields = [column.field for column in rows.columns]
        here = {name: (rows, fields.index(name)) for name in names if name in fields}
        columns = here | columns
        if len(here) == len(set(names)):
            yield _joined(here)
    if len(columns) == len(set(names)) and len({id(rows) for rows, _ in columns.values()}) > 1:
        yield _joined(columns)


def _joined(columns: Mapping[str, tuple[Rows, int]]) -> tuple[list[dict[str, float]], bool]:
    by_name: dict[str, dict[str, float]] = {}
    for name, (rows, column) in columns.items():
        for row in rows.kept():
            number = _number(row.values[column])
            if number is not None:
                by_name.setdefault(row.name, {})[name] = number
    whole = [row for _, row in sorted(by_name.items()) if len(row) == len(columns)]
    return whole, all(rows.all_are_kept() for rows, _ in columns.values())


def _number(value: Any) -> float | None:
    if isinstance(value, bool) or value is None:
        return None
    try:
        number = float(value)
    except ValueError:
        return None
    return number if abs(number) <= _LARGEST else None
