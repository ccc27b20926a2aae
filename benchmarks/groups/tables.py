"""Jobs on text and on rows of tables."""

from collections.abc import Iterator
from pathlib import Path

from benchmarks import data
from benchmarks.compare import model_lines, uniq_lines
from benchmarks.declare import (
    DASK,
    LOCAL,
    POOL,
    SPARK,
    Benchmark,
    Contestant,
    Settings,
    Target,
    here,
    peer,
)
from benchmarks.runner import say

__all__ = ["regression", "words"]

_COUNTER = "Counter loop"
_SHELL = "`tr \\| sort \\| uniq -c`"  # as a cell of a table
_SHELL_COUNT = """LC_ALL=C; export LC_ALL; tr -s '[:space:]' '\\n' < "$1" | sort | uniq -c"""
_WARM_UP_MEGABYTES = 1
_WARM_UP_ROWS = 1_600
_ROWS_AN_IMAGE = 100  # so that 10,000 images and a million rows are one size


def words(settings: Settings) -> Iterator[Benchmark]:
    """Yield the benchmark of the words of a text."""

    def contestants(text: Path) -> list[Contestant]:
        return [
            *here("word_count.py", text, settings.tasks),
            Contestant(_COUNTER, peer("counter_loop", text)),
            Contestant(_SHELL, ("sh", "-c", _SHELL_COUNT, "count", str(text)), uniq_lines),
            Contestant(SPARK, peer("spark_words", text, settings.tasks)),
        ]

    say(f"text: {settings.megabytes} MB")
    text = data.text_file(settings.data, settings.megabytes)
    data.read_through(text)
    yield Benchmark(
        label=f"words-{settings.megabytes}mb",
        title=f"Word count, {settings.megabytes:,} MB of text",
        amount=settings.megabytes,
        unit="MB",
        contestants=contestants(text),
        base=LOCAL,
        warm_up=contestants(data.text_file(settings.data, _WARM_UP_MEGABYTES)),
        targets=[Target(LOCAL, _SHELL, 0.99, 200), Target(LOCAL, SPARK, 0.99, 200)],
    )


def regression(settings: Settings) -> Iterator[Benchmark]:
    """Yield one benchmark a size."""
    for count in settings.images:
        yield _regression(count * _ROWS_AN_IMAGE, settings)


def _regression(rows: int, settings: Settings) -> Benchmark:
    def contestants(table: Path) -> list[Contestant]:
        with open(table) as lines:
            _, *features, target = next(lines).rstrip().split(",")
        options = ("--features", ",".join(features), "--target", target)
        return [
            *here("linear_regression.py", table, settings.tasks, *options, read=model_lines),
            *(
                Contestant(name, peer("regressions", who, table, settings.tasks), model_lines)
                for name, who in ((POOL, "pool"), (DASK, "dask"), (SPARK, "spark"))
            ),
        ]

    say(f"rows: {rows}")
    table = data.table_file(settings.data, rows)
    data.read_through(table)
    return Benchmark(
        label=f"regression-{rows}",
        title=f"Linear regression, {rows:,} rows of ten features",
        amount=rows,
        unit="rows",
        contestants=contestants(table),
        base=POOL,
        warm_up=contestants(data.table_file(settings.data, _WARM_UP_ROWS)),
        targets=[
            Target(LOCAL, POOL, 1.2, 1_000_000),
            Target(LOCAL, DASK, 0.99, 1_000_000),
            Target(LOCAL, SPARK, 0.99, 1_000_000),
        ],
    )
