"""Linear regression over the rows of CSV files, or over the results of other jobs."""

import sys
from collections.abc import Iterator
from fractions import Fraction
from typing import Any

from hdfs_tools.bundles.failure import Failure
from mapreduce_jobs.core.inputs.table_input import Rows
from mapreduce_jobs.core.jobs.item_job import Totals
from mapreduce_jobs.core.jobs.table_job import TableJob

_MAX_FEATURES = 200
_MODEL = "model"


class LinearRegression(TableJob):
    """Fit ŷ = Σ θ x + b to the rows of CSV files, or to results of other jobs, in one pass."""

    free_options = ("ridge",)

    def configure_args(self) -> None:
        """Add the job's options."""
        super().configure_args()
        self.add_passthru_arg(
            "--features",
            metavar="NAMES",
            help="the columns of CSV files, or the fields of results, that are x: names separated"
            " by commas",
        )
        self.add_passthru_arg("--target", metavar="NAME", help="the column or field that is y")
        self.add_passthru_arg(
            "--ridge",
            type=float,
            default=0.0,
            metavar="L",
            help="add L Σ θ² to what is made least (default: 0, no ridge)",
        )

    def load_args(self, args: list[str]) -> None:
        """Check the options."""
        super().load_args(args)
        options = self.options
        if not options.features or not options.target:
            self.arg_parser.error("--features and --target: both are needed")
        self._features = self.names("features")
        if len(self._features) > _MAX_FEATURES:
            self.arg_parser.error(f"--features: at most {_MAX_FEATURES}")
        if options.target in self._features:
            self.arg_parser.error(f"--target: {options.target} is one of --features")
        if not 0 <= options.ridge < 1e300:
            self.arg_parser.error("--ridge: must be a number, 0 or more")

    # Tasks

    def mapper_init(self) -> None:
        """Begin to sum."""
        super().mapper_init()
        self._known: list[list[Fraction]] | None = None
        self._more = self.more()

    def mapper(self, _: None, block: Rows) -> Iterator[tuple[str, Totals]]:
        """Add up the products of a block of rows."""
        import numpy as np

        from mapreduce_jobs.core.inputs.row_values import numbers
        from mapreduce_jobs.estimation.exact import gram

        rows, failed = numbers(block, [*self._features, self.options.target], self._more)
        self.count("read", len(rows) + len(failed))
        for key, failure in failed:
            yield from self.failed_with(key, failure)
        if not len(rows):
            return
        self.count("measured", len(rows))
        sums = gram(np.column_stack([np.ones(len(rows)), rows]))
        self._known = sums if self._known is None else _added(self._known, sums)

    def mapper_final(self) -> Iterator[tuple[str, Totals]]:
        """Hand the sums on."""
        self.report_counters()
        if self._known is not None:
            yield _MODEL, _totals(self._known)

    def merge(self, one: Totals, other: Totals) -> Totals:
        """Add up the sums of two sets of rows."""
        return _totals(_added(_sums(one), _sums(other)))

    def result(self, totals: Totals) -> Totals | Failure:
        """Return the model that fits all rows, or why there is none."""
        from mapreduce_jobs.estimation.regression import Singular, fit

        try:
            fitted = fit(_sums(totals), self._features, self.options.ridge)
        except Singular as error:
            self.increment_counter("models", "failed")
            return Failure("Singular", str(error))
        errors = fitted.standard_errors or [None] * len(self._features)
        return {
            "rows": fitted.rows,
            "target": self.options.target,
            "ridge": self.options.ridge,
            "intercept": {"value": fitted.intercept, "standard_error": fitted.intercept_error},
            "coefficients": {
                name: {"value": value, "standard_error": error}
                for name, value, error in zip(
                    self._features, fitted.coefficients, errors, strict=True
                )
            },
            "residual_sum": fitted.residual_sum,
            "r_squared": fitted.r_squared,
        }

    def finished(self, runner: Any) -> None:
        """Say that there is no model; exit status 1 then, too."""
        failed = runner.counters()[0].get("models", {}).get("failed")
        if failed:
            self.say("there is no model: its error record says why")
        super().finished(runner)
        if failed:
            sys.exit(1)


def _added(one: list[list[Fraction]], other: list[list[Fraction]]) -> list[list[Fraction]]:
    return [[a + b for a, b in zip(*rows, strict=True)] for rows in zip(one, other, strict=True)]


def _totals(sums: list[list[Fraction]]) -> Totals:
    return {"sums": [[str(value) for value in row] for row in sums]}


def _sums(totals: Totals) -> list[list[Fraction]]:
    return [[Fraction(value) for value in row] for row in totals["sums"]]


if __name__ == "__main__":
    LinearRegression.run()
