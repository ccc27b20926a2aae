"""The most frequent words."""

from mapreduce_jobs.viewing.lines import Line
from mapreduce_jobs.viewing.page import Markup
from mapreduce_jobs.viewing.report import plots
from mapreduce_jobs.viewing.report.number_formats import number_text, numeric
from mapreduce_jobs.viewing.report.sections.part import Part, Tools

__all__ = ["Words"]

_LISTED = 100
_DRAWN = 25


class Words(Part):
    """Counts of words of one result."""

    kinds = ("word",)

    def __init__(self) -> None:
        self._distinct = self._total = 0
        self._most: list[tuple[int, str]] = []

    def add(self, line: Line) -> None:
        """Take a word."""
        count = int(numeric(line.value["count"]))
        self._distinct += 1
        self._total += count
        self._most.append((-count, str(line.key)))
        if len(self._most) > 10 * _LISTED:
            self._cut()

    def _cut(self) -> None:
        self._most.sort()
        del self._most[_LISTED:]

    def markup(self, tools: Tools) -> Markup:
        """Return the most frequent words."""
        self._cut()
        tiles = [
            ("Words", number_text(self._total)),
            ("Different ones", number_text(self._distinct)),
        ]
        drawn = [(word, -float(count)) for count, word in self._most[:_DRAWN]]
        said = ", ".join(f"{word} {number_text(count)}" for word, count in drawn)
        svg = plots.bars(tools.figures, drawn, "times", f"Most frequent words: {said}")
        listed = [[word, number_text(-count)] for count, word in self._most]
        shown = len(listed)
        caption = "Words, the most frequent first"
        if shown < self._distinct:
            caption += f": {shown:,} of {self._distinct:,}, the others are in the result only"
        table = tools.listing(caption, [("word", "text"), ("times", "n")], listed)
        figure = tools.figure(svg, f"The {len(drawn)} most frequent words")
        return tools.tiles(tiles) + tools.plots([figure]) + tools.folded(caption, table)
