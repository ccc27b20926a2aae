"""Contestants run in turns, and their results are compared after each round."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.compare import Results, assert_equal
from benchmarks.contestants import ROOT, Contestant
from benchmarks.measure import Run, run
from benchmarks.summary import Outcome

__all__ = ["Settings", "race", "run_round", "say"]


@dataclass(frozen=True)
class Settings:
    """What the command line says.

    Attributes
    ----------
    images : tuple of int
        Sizes of the collections of images.
    megabytes : int
        Size of the text.
    tasks : int
        Processes that work at once.
    repeat : int
        How often each contestant runs.
    data, runs : path
        Folders for generated data, and for results and logs of the contestants.
    """

    images: tuple[int, ...]
    megabytes: int
    tasks: int
    repeat: int
    data: Path
    runs: Path


def race(label: str, contestants: Sequence[Contestant], settings: Settings) -> list[Outcome]:
    """Run all contestants in turns, as often as the settings say."""
    runs: dict[str, list[Run]] = {contestant.name: [] for contestant in contestants}
    for number in range(settings.repeat):
        say(f"{label}: round {number + 1} of {settings.repeat}")
        for name, measured in run_round(label, contestants, settings).items():
            runs[name].append(measured)
    return [Outcome(name, tuple(measured)) for name, measured in runs.items()]


def run_round(label: str, contestants: Sequence[Contestant], settings: Settings) -> dict[str, Run]:
    """Run each contestant once; the results of all must equal those of the first."""
    settings.runs.mkdir(parents=True, exist_ok=True)
    measured: dict[str, Run] = {}
    expected: Results | None = None
    reference = Path()
    for contestant in contestants:
        output = settings.runs / f"{label}-{contestant.slug}.tsv"
        done = run(contestant.command, output, contestant.env, ROOT, contestant.servers)
        say(f"{label}: {done.seconds:.2f} s {contestant.name}")
        results = contestant.read(output)
        if expected is None:
            expected, reference = results, output
        assert_equal(results, expected, output, reference)
        measured[contestant.name] = done
    return measured


def say(text: str) -> None:
    """Tell how far the benchmarks are."""
    print(text, file=sys.stderr, flush=True)
