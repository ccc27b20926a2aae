"""From measurements to Markdown tables."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from benchmarks.contestants import LOCAL, POOL
from benchmarks.measure import Run

__all__ = ["Outcome", "Table", "markdown"]

_MB = 1_000_000


@dataclass(frozen=True)
class Outcome:
    """The runs of one contestant."""

    name: str
    runs: tuple[Run, ...]

    @property
    def seconds(self) -> float:
        """Median of the wall times."""
        return median(run.seconds for run in self.runs)

    @property
    def task_peak(self) -> float:
        """Highest peak of the largest Python process, in MB."""
        return max(run.task_peak for run in self.runs) / _MB

    @property
    def total_peak(self) -> float:
        """Highest peak of all processes together, in MB."""
        return max(run.total_peak for run in self.runs) / _MB


@dataclass(frozen=True)
class Table:
    """What one benchmark gave.

    Attributes
    ----------
    job : str
        The work: ``"histogram"``, ``"edges"``, ``"words"``, ``"transform, 3 operations"``.
    bits : int
        Bits used of a pixel.
    amount : int
        Number of images, or of MB of text.
    title : str
        The same in words.
    outcomes : sequence of Outcome
        One a contestant.
    """

    job: str
    bits: int
    amount: int
    title: str
    outcomes: Sequence[Outcome]

    def of(self, name: str) -> Outcome:
        """Return the outcome of a contestant."""
        return next(outcome for outcome in self.outcomes if outcome.name == name)


def markdown(table: Table) -> str:
    """Return a benchmark's heading and table, the fastest contestant first.

    Wall times are medians, with the range; ratios are those of the medians; peaks the highest.
    """
    words = table.job == "words"
    # Where no Pool does the same work with the same code.
    alone = words or table.job == "deidentify"
    base, base_name = (LOCAL, "`-r local`") if alone else (POOL, "Pool")
    unit = {"words": "MB/s", "regression": "rows/s"}.get(table.job, "images/s")
    base_seconds = table.of(base).seconds
    lines = [
        f"## {table.title}",
        "",
        f"| | wall time, s | range, s | ÷ {base_name} | {unit} | peak of a task, MB"
        " | peak of all, MB |",
        "|---|--:|--:|--:|--:|--:|--:|",
    ]
    for outcome in sorted(table.outcomes, key=lambda outcome: outcome.seconds):
        times = [run.seconds for run in outcome.runs]
        cells = (
            outcome.name,
            f"{outcome.seconds:.2f}",
            f"{min(times):.2f}–{max(times):.2f}",
            f"{outcome.seconds / base_seconds:.2f}",
            f"{table.amount / outcome.seconds:,.0f}",
            f"{outcome.task_peak:.0f}",
            f"{outcome.total_peak:.0f}",
        )
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"
