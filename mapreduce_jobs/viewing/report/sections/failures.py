"""Failures of all results together: how many by reason, and each by name."""

from collections import Counter

from mapreduce_jobs.viewing.lines import Line
from mapreduce_jobs.viewing.page import Markup
from mapreduce_jobs.viewing.report.long_tables import MAX_ROWS, Column, Rows
from mapreduce_jobs.viewing.report.sections.part import Tools, counted

__all__ = ["Failures"]

_MAX_NAMED = 3  # results that a failure is in


class Failures:
    """Error lines of all results; what fails alike in several is listed once."""

    def __init__(self) -> None:
        self.lines = 0
        self._kinds: Counter[str] = Counter()
        self._found: dict[tuple[str, str, str], set[str]] = {}
        self._is_cut = False
        self._rows: Rows | None = None

    def add(self, result: str, line: Line) -> None:
        """Take an error."""
        kind = str(line.value["error"])
        key = ("(none)" if line.key is None else line.key, kind, str(line.value["message"]))
        self.lines += 1
        self._kinds[kind] += 1
        self._found.setdefault(key, set()).add(result)
        if len(self._found) > 2 * MAX_ROWS:
            self._found = dict(sorted(self._found.items())[:MAX_ROWS])
            self._is_cut = True

    @property
    def names(self) -> int | None:
        """How many images, rows and groups failed; None if they are too many to count."""
        return None if self._is_cut else len({name for name, *_ in self._found})

    def tables(self) -> list[Rows]:
        """Return the table of failures, once all are known."""
        if self._rows is None:
            columns = [Column("error", "text"), Column("reason", "text"), Column("in", "text")]
            self._rows = Rows("Failures", "image, row or group", columns)
            for (name, kind, message), results in sorted(self._found.items()):
                self._rows.add(name, [kind, message, _listed(sorted(results))])
            if self._is_cut:
                self._rows.count = self.lines
        return [self._rows] if self.lines else []

    def markup(self, tools: Tools) -> Markup:
        """Return how many failed for what reason, and each."""
        (rows,) = self.tables()
        if self._is_cut:
            kinds, what = self._kinds, "Failures by kind, in all results"
        else:
            kinds = Counter(kind for _, kind in {(name, kind) for name, kind, _ in self._found})
            what = "Images, rows and groups by kind of failure"
        return counted(tools, what, "kind of failure", dict(kinds)) + tools.rows(rows)


def _listed(results: list[str]) -> str:
    """Return names in a line, of many the first.

    >>> _listed(["a", "b", "c", "d", "e"])
    'a, b, c and 2 more'
    """
    if len(results) <= _MAX_NAMED + 1:
        return ", ".join(results)
    return f"{', '.join(results[:_MAX_NAMED])} and {len(results) - _MAX_NAMED} more"
