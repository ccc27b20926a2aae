"""Sums, means, extremes and quantiles over the rows of CSV files, or the results of other jobs."""

import math
import posixpath
import re
from collections.abc import Iterator
from fractions import Fraction
from typing import Any

from hdfs_tools.bundles.failure import Failure
from mapreduce_jobs.core.inputs.table_input import Rows
from mapreduce_jobs.core.jobs.item_job import Totals
from mapreduce_jobs.core.jobs.table_job import TableJob

_QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
_MAX_GROUPS = 1000  # that a task keeps, before it hands on what it knows of them


class Aggregate(TableJob):
    """Sum up columns of CSV files, or fields of results, by directory, value or pattern."""

    def configure_args(self) -> None:
        """Add the job's options."""
        super().configure_args()
        self.add_passthru_arg(
            "--fields",
            metavar="NAMES",
            help="the columns of CSV files, or the fields of results, to sum up: names separated by"
            " commas",
        )
        self.add_passthru_arg(
            "--group-by",
            choices=("all", "folder"),
            default="all",
            help="one result in all (the default), or one a directory: what rows are known by, the"
            " first column of a CSV file or the key of a result, up to its last /",
        )
        self.add_passthru_arg(
            "--by",
            metavar="NAME",
            help="one result for each value of a column or field, in place of --group-by",
        )
        self.add_passthru_arg(
            "--match",
            metavar="REGEX",
            help="one result for each text that the groups of a pattern match, in what rows are"
            " known by, in place of --group-by",
        )
        self.add_passthru_arg(
            "--weight",
            metavar="NAME",
            help="a column or field P: give Σ P x, too, and the weighted mean Σ P x / Σ P",
        )
        self.add_passthru_arg(
            "--histogram",
            type=float,
            nargs=3,
            metavar=("START", "STOP", "BINS"),
            help="count the values in so many bins, too, as numpy.histogram does",
        )

    def load_args(self, args: list[str]) -> None:
        """Check the options."""
        super().load_args(args)
        options = self.options
        if not options.fields:
            self.arg_parser.error("--fields: is needed")
        self._fields = self.names("fields")
        if (options.group_by != "all") + (options.by is not None) + (options.match is not None) > 1:
            self.arg_parser.error("--group-by, --by and --match: only one of them")
        try:
            self._pattern = re.compile(options.match or "()")
        except re.error as error:
            self.arg_parser.error(f"--match: {options.match}: {error}")
        if not self._pattern.groups:
            self.arg_parser.error(f"--match: {options.match}: has no group, such as '(.*)/'")
        if options.histogram:
            start, stop, bins = options.histogram
            if not (-math.inf < start < stop < math.inf and bins in range(1, 1_000_001)):
                self.arg_parser.error("--histogram: START must be below STOP, BINS 1 to 1000000")

    # Tasks

    def mapper_init(self) -> None:
        """Begin to sum."""
        super().mapper_init()
        self._known: dict[str | None, Totals] = {}
        self._rows = self.more() or {}

    def mapper(self, _: None, block: Rows) -> Iterator[tuple[str | None, Totals]]:
        """Sum up a block of rows, by group."""
        from mapreduce_jobs.core.inputs.row_values import number_of, records

        names = [*self._fields, *([self.options.weight] if self.options.weight else [])]
        groups: dict[str | None, list[list[float]]] = {}
        for key, values in records(block):
            self.count("read")
            if isinstance(values, Failure):
                yield from self.failed_with(key, values)
                continue
            values |= self._rows.get(key, {})
            try:
                group = self._group(key, values)
                numbers = [number_of(name, values.get(name)) for name in names]
            except ValueError as error:
                yield from self.failed_with(key, Failure("BadRow", str(error)))
                continue
            self.count("measured")
            groups.setdefault(group, []).append(numbers)
        for group, rows in groups.items():
            totals = self._totals(rows)
            known = self._known.get(group)
            self._known[group] = totals if known is None else self.merge(known, totals)
        if len(self._known) > _MAX_GROUPS:
            yield from self.mapper_final()

    def _group(self, key: str, values: dict[str, Any]) -> str | None:
        """Return the group of a row; None for rows that have no value to be grouped by."""
        if self.options.by is not None:
            value = values.get(self.options.by)
            return None if value in (None, "") else str(value)
        if self.options.match is not None:
            found = self._pattern.search(key)
            if found is None:
                raise ValueError("it does not match --match")
            return "/".join(part or "" for part in found.groups())
        return (posixpath.dirname(key) or ".") if self.options.group_by == "folder" else "all"

    def _totals(self, rows: list[list[float]]) -> Totals:
        import numpy as np

        from mapreduce_jobs.estimation.exact import gram
        from mapreduce_jobs.estimation.quantiles import Summary

        totals: Totals = {"rows": len(rows), "fields": {}}
        columns = list(zip(*rows, strict=True))
        for name, column in zip(self._fields, columns, strict=False):
            totals["fields"][name] = Summary.of(column).to_json()
        if self.options.weight:
            ones = [1.0] * len(rows)
            weighted = gram(np.column_stack([ones, *columns]))[-1]  # Σ P, Σ P x, …, Σ P²
            totals["weights"] = [str(value) for value in weighted[:-1]]
        if self.options.histogram:
            start, stop, bins = self.options.histogram
            totals["histograms"] = {
                name: np.histogram(column, int(bins), (start, stop))[0].tolist()
                for name, column in zip(self._fields, columns, strict=False)
            }
        return totals

    def merge(self, one: Totals, other: Totals) -> Totals:
        """Add up what is known of two sets of rows."""
        from mapreduce_jobs.estimation.quantiles import Summary

        added: Totals = {"rows": one["rows"] + other["rows"], "fields": {}}
        for name in self._fields:
            both = Summary.from_json(one["fields"][name]) + Summary.from_json(other["fields"][name])
            added["fields"][name] = both.to_json()
        if "weights" in one:
            pairs = zip(one["weights"], other["weights"], strict=True)
            added["weights"] = [str(Fraction(a) + Fraction(b)) for a, b in pairs]
        if "histograms" in one:
            added["histograms"] = {
                name: [a + b for a, b in zip(counts, other["histograms"][name], strict=True)]
                for name, counts in one["histograms"].items()
            }
        return added

    def mapper_final(self) -> Iterator[tuple[str | None, Totals]]:
        """Hand on what is known of each group."""
        self.report_counters()
        yield from self._known.items()
        self._known = {}

    def result(self, totals: Totals) -> Totals:
        """Return what is shown of a group."""
        from mapreduce_jobs.estimation.quantiles import Summary

        fields = {}
        for position, name in enumerate(self._fields, 1):
            summary = Summary.from_json(totals["fields"][name])
            deviation = summary.standard_deviation
            fields[name] = {
                "sum": float(summary.total),
                "mean": summary.mean,
                "variance": float(
                    summary.squares / summary.count - (summary.total / summary.count) ** 2
                ),
                "standard_deviation": deviation,
                "minimum": summary.least,
                "maximum": summary.greatest,
                "quantiles": {f"{share:g}": summary.quantile(share) for share in _QUANTILES},
            }
            if "weights" in totals:
                weight, weighted = (Fraction(totals["weights"][i]) for i in (0, position))
                fields[name]["weighted_sum"] = float(weighted)
                fields[name]["weighted_mean"] = float(weighted / weight) if weight else None
            if "histograms" in totals:
                start, stop, count = self.options.histogram
                fields[name]["bins"] = {"start": start, "stop": stop, "count": int(count)}
                fields[name]["histogram"] = totals["histograms"][name]
        return {"rows": totals["rows"], "fields": fields}


if __name__ == "__main__":
    Aggregate.run()
