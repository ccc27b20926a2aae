"""What this project is to reach, beside what it reached: a table, never an assertion."""

from collections.abc import Callable, Iterator, Sequence

from benchmarks.contestants import DASK, DASK_FORK, DEID, INLINE, LOCAL, POOL, SHELL, SPARK
from benchmarks.summary import Table

__all__ = ["Row", "target_table", "targets"]

# The sizes that the targets are set for.
_MANY = 10_000
_FEW = 1_000
_MEGABYTES = 200
_MOST_OF_POOL = 1.15
_TRANSFORMED = 5_000
_MOST_OF_POOL_TRANSFORMED = 1.2
_MOST_OF_POOL_HEADERS = 1.2
_MOST_OF_POOL_COLLECTED = 1.2
_ROWS = 1_000_000
_LEAST_AHEAD_OF_SPARK = 3.0
_LEAST_AHEAD_OF_DEID = 5.0
_SAME_MEMORY = 0.05  # what the same work differs by from run to run

Row = tuple[str, str, str, bool]
"""What is compared, the target, what was measured, whether it was reached."""


def targets(tables: Sequence[Table]) -> str:
    """Return the table of the targets that these benchmarks tell of; empty if there are none."""
    return target_table(
        "`-r local`",
        [
            *_of_images(tables),
            *_of_words(tables),
            *_of_transform(tables),
            *_of_headers(tables),
            *_of_deidentify(tables),
            *_of_collections(tables),
        ],
    )


def target_table(whose: str, rows: Sequence[Row]) -> str:
    """Return the table of some targets; empty if there are none."""
    if not rows:
        return ""
    lines = ["## Targets", "", f"| {whose} | target | measured | reached |", "|---|--:|--:|---|"]
    lines += [
        f"| {what} | {target} | {measured} | {'yes' if reached else 'no'} |"
        for what, target, measured, reached in rows
    ]
    return "\n".join(lines) + "\n"


def _of_images(tables: Sequence[Table]) -> Iterator[Row]:
    for job in ("histogram", "edges"):
        sizes = {table.amount: table for table in tables if table.job == job and table.bits == 8}
        few, many = sizes.get(_FEW), sizes.get(_MANY)
        if many is not None:
            what = f"{job}, {_MANY:,} images: wall time ÷"
            yield _ratio(many, LOCAL, POOL, what, f"≤ {_MOST_OF_POOL}", _most(_MOST_OF_POOL))
            for peer in (DASK, DASK_FORK):
                yield _ratio(many, LOCAL, peer, what, "< 1", _below_one)
        if few is not None:
            what = f"{job}, {_FEW:,} images: PySpark's wall time ÷"
            target = f"≥ {_LEAST_AHEAD_OF_SPARK:.0f}"
            yield _ratio(few, SPARK, LOCAL, what, target, _least(_LEAST_AHEAD_OF_SPARK))
        if few is not None and many is not None:
            one, other = few.of(LOCAL).task_peak, many.of(LOCAL).task_peak
            yield (
                f"{job}: peak of a task, {_FEW:,} and {_MANY:,} images",
                "the same",
                f"{one:.1f} and {other:.1f} MB",
                abs(other - one) <= _SAME_MEMORY * one,
            )


def _of_words(tables: Sequence[Table]) -> Iterator[Row]:
    for table in tables:
        if table.job == "words" and table.amount == _MEGABYTES:
            for peer in (SHELL, SPARK):
                what = f"words, {_MEGABYTES} MB: wall time ÷"
                yield _ratio(table, LOCAL, peer, what, "< 1", _below_one)


def _of_transform(tables: Sequence[Table]) -> Iterator[Row]:
    for table in tables:
        if table.job.startswith("transform") and table.amount == _TRANSFORMED:
            what = f"{table.job}, {_TRANSFORMED:,} images: wall time ÷"
            limit = _MOST_OF_POOL_TRANSFORMED
            yield _ratio(table, LOCAL, POOL, what, f"≤ {limit}", _most(limit))


def _of_headers(tables: Sequence[Table]) -> Iterator[Row]:
    for table in tables:
        if table.job == "headers" and table.amount == _MANY:
            what = f"headers, {_MANY:,} files: wall time ÷"
            limit = _MOST_OF_POOL_HEADERS
            yield _ratio(table, LOCAL, POOL, what, f"≤ {limit}", _most(limit))
            yield _ratio(table, LOCAL, SPARK, what, "< 1", _below_one)


def _of_deidentify(tables: Sequence[Table]) -> Iterator[Row]:
    for table in tables:
        if table.job == "deidentify" and table.amount == _FEW:
            what = f"deidentify, {_FEW:,} files, one core: deid's wall time ÷ that of"
            least = _LEAST_AHEAD_OF_DEID
            yield _ratio(table, DEID, INLINE, what, f"≥ {least:.0f}", _least(least))


def _of_collections(tables: Sequence[Table]) -> Iterator[Row]:
    """The largest sizes; memory beside that of the smallest."""
    for job, most, unit in (("profile", _MANY, "images"), ("regression", _ROWS, "rows")):
        sizes = {table.amount: table for table in tables if table.job == job}
        many, few = sizes.get(most), sizes.get(most // 10)
        if many is None:
            continue
        what = f"{job}, {most:,} {unit}: wall time ÷"
        yield _ratio(
            many, LOCAL, POOL, what, f"≤ {_MOST_OF_POOL_COLLECTED}", _most(_MOST_OF_POOL_COLLECTED)
        )
        for peer in (DASK, SPARK):
            yield _ratio(many, LOCAL, peer, what, "< 1", _below_one)
        if few is not None:
            one, other = few.of(LOCAL).task_peak, many.of(LOCAL).task_peak
            yield (
                f"{job}: peak of a task, {most // 10:,} and {most:,} {unit}",
                "the same",
                f"{one:.1f} and {other:.1f} MB",
                abs(other - one) <= _SAME_MEMORY * one,
            )


def _ratio(
    table: Table, name: str, base: str, what: str, target: str, reached: Callable[[float], bool]
) -> Row:
    ratio = table.of(name).seconds / table.of(base).seconds
    base_name = "its own" if base == LOCAL else base
    return f"{what} {base_name}", target, f"{ratio:.2f}", reached(ratio)


def _most(limit: float) -> Callable[[float], bool]:
    return lambda ratio: ratio <= limit


def _least(limit: float) -> Callable[[float], bool]:
    return lambda ratio: ratio >= limit


def _below_one(ratio: float) -> bool:
    return ratio < 1
