"""Findings of a check of de-identification: what would identify the patient, in which images."""

from collections import Counter

from mapreduce_jobs.viewing.lines import Line
from mapreduce_jobs.viewing.page import Markup
from mapreduce_jobs.viewing.report.long_tables import Column, Rows
from mapreduce_jobs.viewing.report.number_formats import numeric
from mapreduce_jobs.viewing.report.sections.part import Part, Tools, counted

__all__ = ["Findings"]


class Findings(Part):
    """Findings of one result; they name attributes and hold no values."""

    kinds = ("findings",)

    def __init__(self) -> None:
        self._what: Counter[str] = Counter()
        columns = [Column("findings"), Column("of", "text")]
        self._rows = Rows("Images looked through", "image", columns)

    def add(self, line: Line) -> None:
        """Take what was found in an image."""
        found = {
            f"{one['what']} ({one['kind']})": int(numeric(one["count"]))
            for one in line.value["findings"]
        }
        self._rows.add(line.key, [sum(found.values()), ", ".join(sorted(found)) or None])
        self._what.update(dict.fromkeys(found, 1))

    def tables(self) -> list[Rows]:
        """Return the table of images."""
        return [self._rows]

    def markup(self, tools: Tools) -> Markup:
        """Return in how many images what was found, and each image."""
        if not self._what:
            return tools.words("Nothing was found.") + tools.rows(self._rows)
        caption = "Images by what was found; an image may have several"
        counts = counted(tools, caption, "found", dict(self._what), self._rows.count)
        return counts + tools.rows(self._rows)
