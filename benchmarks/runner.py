"""Contestants run in turns, and their results are compared after each round."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from benchmarks.compare import Results, assert_equal
from benchmarks.declare import ROOT, Benchmark, Contestant, Settings
from benchmarks.measure import Run, run

__all__ = ["Table", "race", "run_round", "say"]

_MB = 1_000_000


@dataclass(frozen=True)
class Table:
    """What a benchmark gave: the runs of each contestant, by name."""

    benchmark: Benchmark
    runs: dict[str, list[Run]]

    def seconds(self, name: str) -> float:
        """Return the median of a contestant's wall times."""
        return median(run.seconds for run in self.runs[name])

    def task_peak(self, name: str) -> float:
        """Return the highest peak of the largest Python process, in MB."""
        return max(run.task_peak for run in self.runs[name]) / _MB

    def total_peak(self, name: str) -> float:
        """Return the highest peak of all processes together, in MB."""
        return max(run.total_peak for run in self.runs[name]) / _MB


def race(benchmark: Benchmark, settings: Settings) -> Table:
    """Run all contestants once on little data, then in turns, as often as the settings say."""
    run_round(f"{benchmark.label}-warm-up", benchmark.warm_up, settings)
    runs: dict[str, list[Run]] = {contestant.name: [] for contestant in benchmark.contestants}
    for number in range(settings.repeat):
        say(f"{benchmark.label}: round {number + 1} of {settings.repeat}")
        done = run_round(benchmark.label, benchmark.contestants, settings)
        for name, measured in done.items():
            runs[name].append(measured)
    return Table(benchmark, runs)


def run_round(label: str, contestants: Sequence[Contestant], settings: Settings) -> dict[str, Run]:
    """Run each contestant once; the results of all must equal those of the first."""
    settings.runs.mkdir(parents=True, exist_ok=True)
    measured: dict[str, Run] = {}
    expected: Results | None = None
    reference = Path()
    for contestant in contestants:
        output = settings.runs / f"{label}-{contestant.slug}.tsv"
        done = run(contestant.command, output, contestant.environment, ROOT, contestant.servers)
        say(f"{label}: {done.seconds:.2f} s {contestant.name}")
        results = contestant.read(output)
        if expected is None:
            expected, reference = results, output
        assert_equal(results, expected, output, reference)
        measured[contestant.name] = done
    return measured


def say(text: str) -> None:
    """Report the progress of the benchmarks."""
    print(text, file=sys.stderr, flush=True)
