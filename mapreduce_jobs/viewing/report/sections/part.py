"""Base of every section of a report: what one result says of one matter."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from mapreduce_jobs.viewing.lines import Line
from mapreduce_jobs.viewing.page import Markup, template
from mapreduce_jobs.viewing.report.figures import Figures
from mapreduce_jobs.viewing.report.long_tables import Rows
from mapreduce_jobs.viewing.report.number_formats import number_text, share_text
from mapreduce_jobs.viewing.report.pictures import Pictures

__all__ = ["Card", "Part", "Tools", "counted", "texts"]

_MAX_COUNTED = 12  # that a table of counts lists


@dataclass(frozen=True)
class Card:
    """An image that a section points out.

    Attributes
    ----------
    name : str
        The image's.
    says : str
        Why it is pointed out.
    uri, missing : str
        What it looks like, or why that is not shown.
    """

    name: str
    says: str
    uri: str = ""
    missing: str = ""


@dataclass(frozen=True)
class Tools:
    """What sections are written with.

    Attributes
    ----------
    figures : Figures
        The page's charts.
    pictures : Pictures or None
        Where the images are, if that was said.
    tables : sequence of Rows
        All of the page, in its order.
    """

    figures: Figures
    pictures: Pictures | None
    tables: Sequence[Rows]

    def __getattr__(self, name: str) -> Callable[..., Markup]:
        """Return a macro of templates/report.html.j2."""
        macro: Callable[..., Markup] = getattr(template("report.html.j2").module, name)
        return macro

    def rows(self, rows: Rows) -> Markup:
        """Return one of the tables."""
        number = next(number for number, one in enumerate(self.tables) if one is rows)
        return self.table(rows, number)

    def gallery_of(self, title: str, found: Iterable[tuple[str, str]]) -> Markup:
        """Return images, each a name and a text, with what they look like if that is known."""
        cards = [
            Card(name, says, *(self.pictures.look(name) if self.pictures else ("", "")))
            for name, says in found
        ]
        return self.gallery(title, cards) if cards else Markup()


class Part(ABC):
    """What one result says of one matter; lines come one by one, in any order."""

    kinds: ClassVar[tuple[str, ...]]
    """The kinds of lines that it is of."""

    @abstractmethod
    def add(self, line: Line) -> None:
        """Take a line; a KeyError, TypeError, ValueError or AttributeError says it is damaged."""

    def tables(self) -> list[Rows]:
        """Return its tables of many rows."""
        return []

    @abstractmethod
    def markup(self, tools: Tools) -> Markup:
        """Return what the page shows of it."""


def counted(
    tools: Tools,
    caption: str,
    what: str,
    counts: dict[str, int],
    of: int | None = None,
    unlisted: int = 0,
) -> Markup:
    """Return a table of counts, the greatest first.

    Parameters
    ----------
    tools : Tools
        Of the page.
    caption, what : str
        What the table is of, and what is counted in it.
    counts : dict
        How many there are of each.
    of : int, optional
        What shares are of, by default of all together.
    unlisted : int, optional
        How many there are of what `counts` does not list.
    """
    ranked = sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))
    listed = ranked[:_MAX_COUNTED]
    rest = sum(count for _, count in ranked[_MAX_COUNTED:]) + unlisted
    if rest:
        listed.append(("(others)", rest))
    total = of or sum(counts.values()) + unlisted or 1
    most = max((count for _, count in listed), default=0) or 1
    rows = [
        (text, number_text(count), share_text(count / total), count / most)
        for text, count in listed
    ]
    return tools.counts(caption, what, rows)


def texts(pairs: Iterable[tuple[str, Any]]) -> list[tuple[str, str]]:
    """Return terms and values as texts, without those that have none."""
    return [
        (term, value if isinstance(value, str) else number_text(value))
        for term, value in pairs
        if value is not None and value != ""
    ]
