"""Elements of DICOM headers: what all images share, how some are distributed, and each image's."""

import json
from collections import Counter
from typing import Any

from mapreduce_jobs.viewing.lines import Line
from mapreduce_jobs.viewing.page import Markup
from mapreduce_jobs.viewing.report.long_tables import Column, Rows
from mapreduce_jobs.viewing.report.sections.part import Part, Tools, counted

__all__ = ["Headers"]

_MAX_DISTINCT = 24  # values of an element that are counted
_MAX_ELEMENTS = 30  # columns
_MAX_LETTERS = 200  # of a value
_COUNTED = ("Modality", "BodyPartExamined", "Manufacturer", "ManufacturerModelName", "ImageType")


class Headers(Part):
    """Headers of one result."""

    kinds = ("headers",)

    def __init__(self) -> None:
        self._elements: Counter[str] = Counter()
        self._values: dict[str, Counter[str] | None] = {}
        self._kept = Rows("Headers", "image", [])
        self._rows: Rows | None = None

    def add(self, line: Line) -> None:
        """Take the elements of an image."""
        found = {str(name): text for name, value in line.value.items() if (text := _text(value))}
        self._kept.add(line.key, [json.dumps(found)])
        for name in line.value:
            self._elements[str(name)] += 1
            counts = self._values.setdefault(str(name), Counter())
            if counts is not None:
                counts[found.get(str(name), "")] += 1
                if len(counts) > _MAX_DISTINCT:
                    self._values[str(name)] = None

    def tables(self) -> list[Rows]:
        """Return the table of images, without elements that are the same in all."""
        if self._rows is None:
            names = [name for name in self._elements if not self._is_shared(name)]
            names.sort(key=lambda name: (-self._elements[name], name))
            self._rows = Rows(
                "Headers",
                "image",
                [Column(name, "text", name) for name in sorted(names[:_MAX_ELEMENTS])],
            )
            columns = [column.field for column in self._rows.columns]
            for row in self._kept.kept():
                found = json.loads(str(row.values[0]))
                self._rows.add(row.name, [found.get(name) for name in columns])
            self._rows.count = self._kept.count
        return [self._rows]

    def _is_shared(self, name: str) -> bool:
        counts = self._values[name]
        return counts is not None and len(counts) == 1 and self._elements[name] == self._kept.count

    def markup(self, tools: Tools) -> Markup:
        """Return what is the same in all, counts of some elements, and the table."""
        (rows,) = self.tables()
        shared = [
            (name, next(iter(counts or [])) or "(none)")
            for name, counts in sorted(self._values.items())
            if self._is_shared(name)
        ]
        parts = []
        tables = [
            counted(tools, name, name, {text or "(none)": n for text, n in counts.items()})
            for name in _COUNTED
            if (counts := self._values.get(name)) and not self._is_shared(name)
        ]
        if tables:
            parts.append(tools.columns(tables))
        if shared:
            parts += [tools.heading("The same in all"), tools.facts(shared)]
        left_out = len(self._elements) - len(shared) - len(rows.columns)
        if left_out > 0:
            parts.append(
                tools.words(f"{left_out:,} elements that fewer images have are in the result only.")
            )
        return Markup().join([*parts, tools.rows(rows)])


def _text(value: Any) -> str:
    r"""Return a value of a header in one line; of a long one, its beginning.

    >>> _text([0.5, 0.5]), _text(None), _text("CT")
    ('0.5 \\ 0.5', '', 'CT')
    """
    if value is None:
        return ""
    if isinstance(value, list) and not any(isinstance(one, list | dict) for one in value):
        value = " \\ ".join("" if one is None else str(one) for one in value)
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _MAX_LETTERS else f"{text[:_MAX_LETTERS]}…"
