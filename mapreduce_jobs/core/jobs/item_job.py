"""The base of jobs over items, each of which may fail: counters, ``--on-error``, how it ends."""

import sys
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any, ClassVar

from hdfs_tools.bundles.failure import Failure
from hdfs_tools.errors import HdfsToolsError
from mapreduce_jobs.core.job_errors import ItemFailed, UnwritableResult, UsageError, words_of
from mapreduce_jobs.core.jobs.job import Job
from mapreduce_jobs.core.jobs.previous_results import (
    add_options,
    check_not_overwritten,
    previous_results,
)
from mapreduce_jobs.core.results.plain_values import plain_result
from mapreduce_jobs.core.results.result_sums import SUMS, result_and_sums

__all__ = ["ItemJob", "Totals"]

Totals = dict[str, Any]
"""What is known of one item or of many: numbers, strings and lists, as JSON has them."""

_FREE_OPTIONS = ("keep_sums", "merge_into", "on_error", "max_pixels")
_COUNTER_INTERVAL = 1.0  # seconds


class ItemJob(Job):
    """A job over items, each of which appears in the result: its measure, or its error.

    A subclass that sums up groups of them defines `merge`; `result` if what is shown differs from
    what is summed up.
    """

    items: ClassVar[str]
    """What they are called, in the plural; also the group of their counters."""

    def merge(self, one: Totals, other: Totals) -> Totals:
        """Return what is known of two sets of items together.

        It must be exact, associative and commutative, so that the order cannot show; nor may it in
        the order of a dictionary's keys.
        """
        raise NotImplementedError

    def result(self, totals: Totals) -> Totals | Failure:
        """Return what the job prints of an item or a group."""
        return totals

    # Incremental results

    free_options: ClassVar[tuple[str, ...]] = ()
    """The job's options that say what is made of the sums, and may differ when these are merged."""

    @classmethod
    def is_incremental(cls) -> bool:
        """Return whether the job's results may hold their sums, for ``--merge-into``."""
        return cls.merge is not ItemJob.merge

    def keeps_sums(self) -> bool:
        """Return whether the results are to hold their sums."""
        return self.is_incremental() and (
            self.options.keep_sums or self.options.merge_into is not None
        )

    def with_sums(self, result: Totals | Failure, totals: Any) -> Totals | Failure:
        """Return a result as it is written: with the sums that it is made of, if these are kept."""
        if not self.keeps_sums():
            return result
        fields = result.to_json() if isinstance(result, Failure) else result
        if SUMS in fields:
            raise UnwritableResult(f"a result with sums cannot have a field {SUMS} of its own")
        return {**fields, SUMS: {"made_with": self._made_with(), "totals": totals}}

    def _made_with(self) -> dict[str, Any]:
        """Return what the sums depend on: the job, and its options."""
        names = sorted(self._passthru_arg_dests - {*_FREE_OPTIONS, *self.free_options})
        return {"job": self.job_name(), **{name: getattr(self.options, name) for name in names}}

    def previous_lines(self) -> Iterator[bytes]:
        """Iterate over the lines of the result that ``--merge-into`` names."""
        if not self.is_incremental() or self.options.merge_into is None:
            return iter(())
        return previous_results(self.options.merge_into, self._made_with())

    def pass_through(self, key: Any, value: Any) -> Iterator[tuple[Any, Any]]:
        """Pass through the sums of a previous result, and its error records as they are."""
        result, sums = result_and_sums(value)
        yield key, result if sums is None else sums["totals"]

    def combiner(
        self, group: str | None, values: Iterable[Totals | Failure]
    ) -> Iterator[tuple[str | None, Totals | Failure]]:
        """Merge what one task knows of a group; failures pass through."""
        merged: Totals | None = None
        for value in values:
            if isinstance(value, Failure):
                yield group, value
            else:
                merged = value if merged is None else self.merge(merged, value)
        if merged is not None:
            yield group, merged

    def reducer(
        self, group: str | None, values: Iterable[Totals | Failure]
    ) -> Iterator[tuple[str | None, Totals | Failure]]:
        """Merge what is known of a group; failures pass through."""
        for key, value in self.combiner(group, values):
            if isinstance(value, Failure):
                yield key, value
                continue
            try:
                yield key, self.with_sums(self.plain_result(value), value)
            except UnwritableResult as error:
                raise UnwritableResult(f"{group}: {error}") from None

    def plain_result(self, totals: Totals) -> Totals | Failure:
        """Return the result of an item or a group as JSON holds it."""
        result = self.result(totals)
        if isinstance(result, Failure):
            return result
        fields = plain_result(result)
        if self.declared is not None and (undeclared := self.declared.undeclared(fields)):
            raise UnwritableResult(f"{undeclared[0]}: is not among the columns of the job")
        return fields

    def configure_args(self) -> None:
        """Add the option of what is done with items that fail."""
        super().configure_args()
        item = self.items.removesuffix("s")
        self.add_passthru_arg(
            "--on-error",
            choices=("record", "skip", "fail"),
            default="record",
            help=f"for {'an' if item[0] in 'aeiou' else 'a'} {item} that fails: write an error"
            " record (the default), only count it, or stop the job",
        )
        if self.is_incremental():
            add_options(self.add_passthru_arg)

    def load_args(self, args: list[str]) -> None:
        """Begin to count; check what is asked of a previous result."""
        super().load_args(args)
        if self.is_incremental() and not self.is_task() and self.options.merge_into is not None:
            check_not_overwritten(self.options.merge_into)
        self._counters: Counter[str] = Counter()
        self._logged: set[str] = set()
        self._counted_at = 0.0

    def make_runner(self) -> Any:
        """Make the runner, if results can be incremental where that is asked for."""
        if self.keeps_sums() and (why := self.why_not_incremental()):
            option = "--keep-sums" if self.options.merge_into is None else "--merge-into"
            raise UsageError(f"{option}: {why}")
        return super().make_runner()

    def expected(self) -> tuple[type[Exception], ...]:
        """Return the roots of the errors of items that their words say enough of."""
        return (HdfsToolsError, OSError, MemoryError, UnwritableResult)

    def failed(self, name: str, error: Exception) -> Iterator[tuple[Any, Any]]:
        """Apply ``--on-error`` to an item that failed."""
        kind, message = words_of(error)
        if not isinstance(error, self.expected()):
            if kind not in self._logged:  # one of a kind is enough to find the mistake
                self.log_traceback(name)
            self._logged.add(kind)
        yield from self.failed_with(name, Failure(kind, message))

    def failed_with(self, name: str, failure: Failure) -> Iterator[tuple[Any, Any]]:
        """Do the same with one whose failure is known."""
        self.count("failed")
        self.count(f"failed: {failure.error}")
        if self.options.on_error == "fail":
            self.report_counters()
            raise ItemFailed(f"{name}: {failure.error}: {failure.message}")
        if self.options.on_error == "record":
            yield name, failure

    def count(self, counter: str, amount: int = 1) -> None:
        """Add to a counter of the items."""
        self._counters[counter] += amount
        if time.monotonic() - self._counted_at > _COUNTER_INTERVAL:
            self.report_counters()

    def report_counters(self) -> None:
        """Hand the counters to mrjob, which writes a line each."""
        for counter, amount in self._counters.items():
            self.increment_counter(self.items, counter, amount)
        self._counters.clear()
        self._counted_at = time.monotonic()

    def finished(self, runner: Any) -> None:
        """Say how many items failed, and how; exit status 1 if the results hold failures."""
        counted = runner.counters()[0].get(self.items, {})
        failed = counted.get("failed", 0)
        if not counted.get("read"):
            self.say(f"no {self.items} in the input")
        if not failed:
            return
        kinds = {name.removeprefix("failed: ") for name in counted if name.startswith("failed: ")}
        traceback = None if kinds <= self._expected_kinds() else runner.first_traceback()
        if traceback is not None:
            self.say(f"An error in the job itself, the first of its kind at {traceback}")
        each = ", ".join(f"{counted[f'failed: {kind}']} {kind}" for kind in sorted(kinds))
        self.say(f"{failed} of {counted['read']} {self.items} failed: {each}")
        if self.options.on_error == "record":
            sys.exit(1)

    def _expected_kinds(self) -> set[str]:
        found = list(self.expected())
        for kind in found:
            found += kind.__subclasses__()
        return {kind.__name__ for kind in found}
