"""Results of other jobs, audits, and images in bundles: as tables, with what they hold."""

import json
import math
from collections import Counter
from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from typing import Any

from mapreduce_jobs.viewing.lines import Line
from mapreduce_jobs.viewing.page import Markup
from mapreduce_jobs.viewing.report.long_tables import Column, Rows, Value
from mapreduce_jobs.viewing.report.sections.part import Part, Tools

__all__ = ["Audits", "Bundles", "Others"]

_MAX_FIELDS = 30
_MAX_LETTERS = 300  # of a value


class Others(Part):
    """Objects of any kind, a column a field.

    Parameters
    ----------
    kind : str, optional
        What they are, if a job declares it.
    columns : mapping, optional
        The fields that it declares, which stand first and in this order.
    """

    kinds = ("other",)
    title = "Results"

    def __init__(self, kind: str = "", columns: Mapping[str, str] | None = None) -> None:
        if kind:
            self.title = kind
        self._columns = list(columns or ())
        self._fields: Counter[str] = Counter()
        self._texts: set[str] = set()
        self._kept = Rows(self.title, "key", [])
        self._rows: Rows | None = None

    def add(self, line: Line) -> None:
        """Take an object."""
        found = {field: one for field, one in _flat(self.of(line)) if one is not None}
        for field, value in found.items():
            self._fields[field] += 1
            if isinstance(value, str):
                self._texts.add(field)
        self._kept.add(line.key, [json.dumps(found)])

    def of(self, line: Line) -> Any:
        """Return what of a line is shown."""
        return line.value

    def tables(self) -> list[Rows]:
        """Return the table, once all lines are known."""
        if self._rows is None:
            ranked = sorted(self._fields, key=lambda field: (-self._fields[field], field))
            fields = [field for field in self._fields if field in set(ranked[:_MAX_FIELDS])]
            fields.sort(key=self._order_of)
            kinds = {True: "text", False: "number"}
            columns = [
                Column(field or "value", kinds[field in self._texts], field) for field in fields
            ]
            self._rows = Rows(self.title, "key", columns)
            for row in self._kept.kept():
                found = json.loads(str(row.values[0]))
                self._rows.add(
                    row.name, [_cell(found.get(field), field in self._texts) for field in fields]
                )
            self._rows.count = self._kept.count
        return [self._rows]

    def _order_of(self, field: str) -> tuple[int, str]:
        """Return what fields are sorted by: as they are declared, then by name."""
        found = (number for number, one in enumerate(self._columns) if fnmatchcase(field, one))
        return next(found, len(self._columns)), field

    def markup(self, tools: Tools) -> Markup:
        """Return the table."""
        (rows,) = self.tables()
        left_out = len(self._fields) - len(rows.columns)
        said = f"{left_out:,} fields that fewer lines have are in the result only."
        return (tools.words(said) if left_out > 0 else Markup()) + tools.rows(rows)


class Audits(Others):
    """What jobs that make images report besides."""

    kinds = ("audit",)
    title = "Audits"

    def of(self, line: Line) -> Any:
        """Return the audit, what is nested in it as text."""
        audit = line.value["audit"]
        if not isinstance(audit, dict):
            return audit
        return {name: _listed(value) for name, value in audit.items()}


class Bundles(Part):
    """Images that a job has written, by name and size."""

    kinds = ("image",)

    def __init__(self) -> None:
        columns = [Column("bytes", field="bytes"), Column("where", "text")]
        self._rows = Rows("Images", "image", columns)

    def add(self, line: Line) -> None:
        """Take an image, of which only the name and the size are known."""
        file = line.value.get("reference")
        self._rows.add(line.key, [line.value.get("bytes"), None if file is None else str(file)])

    def tables(self) -> list[Rows]:
        """Return the table of images."""
        return [self._rows]

    def markup(self, tools: Tools) -> Markup:
        """Return the table."""
        return tools.rows(self._rows)


def _flat(value: Any, field: str = "") -> Iterator[tuple[str, Value]]:
    """Iterate over what an object holds, the names of nested ones with dots between.

    >>> dict(_flat({"a": {"b": 1}, "c": [1, 2]}))
    {'a.b': 1, 'c': '[1, 2]'}
    """
    if isinstance(value, dict) and (value or not field):
        for name, inner in value.items():
            yield from _flat(inner, f"{field}.{name}" if field else str(name))
    elif isinstance(value, bool):
        yield field, str(value).lower()
    elif isinstance(value, str | None):
        yield field, _cut(value)
    elif isinstance(value, int | float) and math.isfinite(value):
        yield field, value
    else:
        yield field, _cut(json.dumps(value, ensure_ascii=False))


def _listed(value: Any) -> Any:
    """Return counts by name as text, and anything else as it is.

    >>> _listed({"PatientName": 1, "StudyDate": 2}), _listed([1])
    ('PatientName: 1, StudyDate: 2', [1])
    """
    if not isinstance(value, dict):
        return value
    return ", ".join(f"{name}: {one}" for name, one in value.items()) or None


def _cut(text: str | None) -> str | None:
    if text is None or len(text) <= _MAX_LETTERS:
        return text
    return f"{text[:_MAX_LETTERS]}…"


def _cell(value: Any, is_text: bool) -> Value:
    return str(value) if is_text and value is not None else value
