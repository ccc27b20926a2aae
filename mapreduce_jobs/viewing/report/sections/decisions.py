"""Decisions on images: those to keep, and why not the others."""

from collections import Counter

from mapreduce_jobs.viewing.lines import Line
from mapreduce_jobs.viewing.page import Markup
from mapreduce_jobs.viewing.report.long_tables import Column, Rows
from mapreduce_jobs.viewing.report.number_formats import number_text, numeric, share_text
from mapreduce_jobs.viewing.report.sections.part import Part, Tools, counted

__all__ = ["Decisions"]

_MAX_PICTURES = 12


class Decisions(Part):
    """Verdicts of one result."""

    kinds = ("decision",)

    def __init__(self) -> None:
        self._kept = 0
        self._reasons: Counter[str] = Counter()
        self._rejected: list[tuple[str, str]] = []
        self._rows = Rows(
            "Verdicts",
            "image",
            [
                Column("verdict", "text"),
                Column("reasons", "text"),
                Column("duplicate of", "text"),
                Column("contrast (levels)", field="contrast"),
                Column("sharpness (levels²)", field="sharpness"),
                Column("clipped", "share", "clipped"),
            ],
        )

    def add(self, line: Line) -> None:
        """Take a verdict."""
        value = line.value
        kept = bool(value["kept"])
        reasons = [str(reason) for reason in value["reasons"]]
        measures = [
            None if value.get(name) is None else numeric(value[name])
            for name in ("contrast", "sharpness", "clipped")
        ]
        first = None if value.get("duplicate_of") is None else str(value["duplicate_of"])
        said = ", ".join(reasons)
        self._rows.add(line.key, ["kept" if kept else "rejected", said or None, first, *measures])
        self._kept += kept
        if not kept:
            self._reasons.update(reasons)
            says = f"{said} of {first}" if first else said
            key = "(none)" if line.key is None else line.key
            self._rejected = sorted([*self._rejected, (key, says)])[:_MAX_PICTURES]

    def tables(self) -> list[Rows]:
        """Return the table of verdicts."""
        return [self._rows]

    def markup(self, tools: Tools) -> Markup:
        """Return how many are kept, why others are not, some of these, and all verdicts."""
        count = self._rows.count
        rejected = count - self._kept
        share = share_text(self._kept / count)
        tiles = [
            ("Images", number_text(count)),
            ("Kept", f"{number_text(self._kept)} ({share})"),
            ("Rejected", number_text(rejected)),
        ]
        parts = [tools.tiles(tiles)]
        if rejected:
            caption = "Reasons, and the share of images; an image may have several"
            parts.append(counted(tools, caption, "reason", dict(self._reasons), count))
            title = "Rejected" if rejected <= _MAX_PICTURES else "The first rejected by name"
            parts.append(tools.gallery_of(title, self._rejected))
        return Markup().join([*parts, tools.rows(self._rows)])
