"""Linear regression over the rows of CSV files, or over the results of other jobs."""

import sys
from collections.abc import Iterable, Iterator
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from mrjob.step import MRStep

from mapreduce_jobs.core.item_job import Totals
from mapreduce_jobs.core.table_job import TableJob

if TYPE_CHECKING:
    from mapreduce_jobs.estimation.regression import Fit

_MOST_FEATURES = 200
_MODEL = "model"


class LinearRegression(TableJob):
    """Fit ŷ = Σ θ x + b to the rows of CSV files, or to results of other jobs, in one pass."""

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
        self.add_file_arg(
            "--join",
            metavar="FILE",
            help="a CSV file with more columns, the target among them for one: its first column is"
            " what rows are known by, the first column of a CSV file or the key of a result",
        )
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
        self._features = options.features.split(",")
        if len(set(self._features)) < len(self._features) or "" in self._features:
            self.arg_parser.error(f"--features: {options.features}: a name is missing, or twice")
        if len(self._features) > _MOST_FEATURES:
            self.arg_parser.error(f"--features: at most {_MOST_FEATURES}")
        if options.target in self._features:
            self.arg_parser.error(f"--target: {options.target} is one of --features")
        if not 0 <= options.ridge < 1e300:
            self.arg_parser.error("--ridge: must be a number, 0 or more")
        if options.join and not self.is_task():
            self._more()  # what is wrong with it is best said now

    def _more(self) -> dict[str, dict[str, Any]] | None:
        from mapreduce_jobs.core.tables import by_key

        return by_key(self.options.join) if self.options.join else None

    def steps(self) -> list[MRStep]:
        """One step: all that is handed on are sums of products."""
        return [
            MRStep(
                mapper_init=self.mapper_init,
                mapper=self.mapper,
                mapper_final=self.mapper_final,
                combiner=self.combiner,
                reducer=self.reducer,
            )
        ]

    # Tasks

    def mapper_init(self) -> None:
        """Begin to sum."""
        count = len(self._features) + 2
        self._sums = [[Fraction(0)] * count for _ in range(count)]
        self._rows = self._more()

    def mapper(self, _: None, block: bytes) -> Iterator[tuple[str, Totals]]:
        """Add up the products of a block of rows."""
        import numpy as np

        from mapreduce_jobs.core.tables import numbers
        from mapreduce_jobs.estimation.exact import gram

        rows, failed = numbers(block, [*self._features, self.options.target], self._rows)
        self.count("read", len(rows) + len(failed))
        for row in failed:
            yield from self.failed_with(row.key, row.error, row.message)
        self.count("measured", len(rows))
        self._add(gram(np.column_stack([np.ones(len(rows)), rows])))

    def _add(self, sums: Iterable[Iterable[Fraction | str]]) -> None:
        self._sums = [
            [ours + Fraction(theirs) for ours, theirs in zip(row, others, strict=True)]
            for row, others in zip(self._sums, sums, strict=True)
        ]

    def mapper_final(self) -> Iterator[tuple[str, Totals]]:
        """Hand the sums on."""
        self.report_counters()
        if self._sums[0][0]:
            yield _MODEL, self._totals()

    def _totals(self) -> Totals:
        return {"sums": [[str(value) for value in row] for row in self._sums]}

    def combiner(self, key: str, values: Iterable[Totals]) -> Iterator[tuple[str, Totals]]:
        """Add up the sums of some tasks; error records pass through."""
        self.mapper_init()
        for value in values:
            if "error" in value:
                yield key, value
            else:
                self._add(value["sums"])
        yield from self.mapper_final()

    def reducer(self, key: str, values: Iterable[Totals]) -> Iterator[tuple[str, Totals]]:
        """Fit the model to all sums."""
        from mapreduce_jobs.estimation.regression import Singular, fit

        for _, value in self.combiner(key, values):
            if "error" in value:
                yield key, value
                continue
            try:
                fitted = fit(self._sums, self._features, self.options.ridge)
            except Singular as error:
                self.increment_counter("models", "failed")
                yield key, {"error": "Singular", "message": str(error)}
            else:
                yield key, self._result(fitted)

    def _result(self, fitted: "Fit") -> Totals:
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


if __name__ == "__main__":
    LinearRegression.run()
