"""From measurements to Markdown tables."""

from collections.abc import Iterator, Sequence
from statistics import median

from benchmarks.declare import Target
from benchmarks.measure import CLIENT
from benchmarks.runner import Table

__all__ = ["markdown", "targets"]


def markdown(table: Table) -> str:
    """Return a benchmark's heading and table, the fastest contestant first.

    Wall times are medians, with the range; ratios are those of the medians; peaks the highest.
    Processor times are there where servers work for the contestants.
    """
    benchmark = table.benchmark
    servers = [name for name in next(iter(table.runs.values()))[0].processor if name != CLIENT]
    processors = [CLIENT, *servers] if servers else []
    heads = [
        *("", "wall time, s", "range, s", f"÷ {benchmark.base}", f"{benchmark.unit}/s"),
        *(f"processor time of {name}, s" for name in processors),
        *("peak of a task, MB", "peak of all, MB"),
    ]
    lines = [f"## {benchmark.title}", "", _row(heads), f"|---|{'--:|' * (len(heads) - 1)}"]
    for name in sorted(table.runs, key=table.seconds):
        times = [run.seconds for run in table.runs[name]]
        seconds = table.seconds(name)
        rate = benchmark.amount / seconds
        cells = [
            name,
            f"{seconds:.2f}",
            f"{min(times):.2f}–{max(times):.2f}",
            f"{seconds / table.seconds(benchmark.base):.2f}",
            f"{rate:,.0f}" if rate >= 10 else f"{rate:.1f}",
            *(
                f"{median(run.processor[server] for run in table.runs[name]):.2f}"
                for server in processors
            ),
            f"{table.task_peak(name):.0f}",
            f"{table.total_peak(name):.0f}",
        ]
        lines.append(_row(cells))
    return "\n".join(lines) + "\n"


def targets(tables: Sequence[Table]) -> str:
    """Return the table of the targets of these benchmarks; empty if there are none."""
    rows = [row for table in tables for row in _targets(table, tables)]
    if not rows:
        return ""
    lines = ["## Targets", "", "| wall time | target | measured | reached |", "|---|--:|--:|---|"]
    return "\n".join([*lines, *map(_row, rows)]) + "\n"


def _targets(table: Table, tables: Sequence[Table]) -> Iterator[list[str]]:
    for target in table.benchmark.targets:
        if target.amount == table.benchmark.amount:
            measured, unit = _measured(target, table, tables)
            sign = "−" if target.seconds else "÷"
            yield [
                f"{table.benchmark.title}: {target.ours} {sign} {target.peer}",
                f"≤ {target.most:g}{unit}",
                f"{measured:.3g}{unit}",
                "yes" if measured <= target.most else "no",
            ]


def _measured(target: Target, table: Table, tables: Sequence[Table]) -> tuple[float, str]:
    other = next(each for each in [table, *tables] if target.peer in each.runs)
    ours, theirs = table.seconds(target.ours), other.seconds(target.peer)
    if target.seconds:
        return ours - theirs, " s"
    return ours / table.benchmark.amount / (theirs / other.benchmark.amount), ""


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
