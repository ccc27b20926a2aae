"""Tables of what was measured on HDFS, and the targets."""

from collections.abc import Iterable, Iterator, Sequence
from statistics import median

from benchmarks.hdfs.contestants import HADOOP, HDFSCLI, OURS, OURS_8, PACK
from benchmarks.measure import CLIENT
from benchmarks.summary import Outcome
from benchmarks.targets import Row

__all__ = ["large_rows", "memory_row", "small_rows", "table"]

_MOST_OF_PUT = 0.7
_MOST_OF_GET = 0.5
_LEAST_AHEAD_BY_PACK = 10.0
_LEAST_RATE = 0.9
_MOST_MEMORY = 150.0  # MB


def table(title: str, outcomes: Sequence[Outcome], amount: int, unit: str) -> str:
    """Return a heading and a table, the fastest first.

    Parameters
    ----------
    title : str
        The heading.
    outcomes : sequence of Outcome
        What each contestant did.
    amount : int
        How much that was.
    unit : str
        Of what.
    """
    servers = [name for name in outcomes[0].runs[0].processor if name != CLIENT]
    heads = [
        *("|", "wall time, s", "range, s", f"{unit}/s"),
        *("processor time, s", *(f"{name}, s" for name in servers), "peak, MB"),
    ]
    lines = [f"## {title}", "", f"{' | '.join(heads)} |", f"|---|{'--:|' * (len(heads) - 1)}"]
    for outcome in sorted(outcomes, key=lambda outcome: outcome.seconds):
        times = [run.seconds for run in outcome.runs]
        cells = (
            outcome.name,
            f"{outcome.seconds:.2f}",
            f"{min(times):.2f}–{max(times):.2f}",
            f"{amount / outcome.seconds:,.0f}",
            *(f"{_processor(outcome, name):.2f}" for name in (CLIENT, *servers)),
            f"{outcome.task_peak:.0f}",
        )
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def _processor(outcome: Outcome, name: str) -> float:
    return median(run.processor[name] for run in outcome.runs)


def small_rows(where: str, put: Sequence[Outcome], get: Sequence[Outcome]) -> Iterator[Row]:
    """Return the targets of many small files: upload, bundle, download."""
    ours, ours_8, bundle = (_of(put, name).seconds for name in (OURS, OURS_8, PACK))
    usual = min(_of(put, name).seconds for name in (HADOOP, HDFSCLI))
    for words, seconds in ("`put`", ours), ("`put -t 8`", ours_8):
        what = f"{where}: wall time of {words} ÷ the best of `fs -put -t 8` and {HDFSCLI}"
        yield _most(what, seconds / usual, _MOST_OF_PUT)
    best = min(outcome.seconds for outcome in put if outcome.name != PACK)
    what = f"{where}: the best upload of files ÷ `pack`"
    yield _least(what, best / bundle, _LEAST_AHEAD_BY_PACK)
    ours, ours_8, usual = (_of(get, name).seconds for name in (OURS, OURS_8, HDFSCLI))
    for words, seconds in ("`get`", ours), ("`get -t 8`", ours_8):
        what = f"{where}: wall time of {words} ÷ {HDFSCLI}"
        yield _most(what, seconds / usual, _MOST_OF_GET)


def large_rows(where: str, action: str, outcomes: Sequence[Outcome]) -> Iterator[Row]:
    """Return the target of one large file."""
    rate = _of(outcomes, HADOOP).seconds / _of(outcomes, OURS).seconds
    what = f"{where}: rate of `{action}` of 2 GB ÷ that of `fs -{action}`"
    yield _least(what, rate, _LEAST_RATE)


def memory_row(outcomes: Iterable[Outcome]) -> Row:
    """Return the target of memory, of all runs of this project."""
    peak = max(outcome.task_peak for outcome in outcomes if outcome.name.startswith(OURS))
    what = "peak memory of `hdfs-tools` in all of these"
    return what, f"< {_MOST_MEMORY:.0f} MB", f"{peak:.0f} MB", peak < _MOST_MEMORY


def _of(outcomes: Iterable[Outcome], name: str) -> Outcome:
    return next(outcome for outcome in outcomes if outcome.name == name)


def _most(what: str, ratio: float, limit: float) -> Row:
    return what, f"≤ {limit}", f"{ratio:.2f}", ratio <= limit


def _least(what: str, ratio: float, limit: float) -> Row:
    return what, f"≥ {limit:g}", f"{ratio:.2f}", ratio >= limit
