"""Many pairs of images as one picture: a contact sheet."""

from collections.abc import Iterable, Sequence

import PIL.Image
import PIL.ImageDraw
import PIL.ImageOps

from mapreduce_jobs.viewing.compare.comparison import Compared, Failed
from mapreduce_jobs.viewing.lettering import cut, font, lines, plain
from mapreduce_jobs.viewing.thumbnails import within

__all__ = ["contact_sheet"]

_SIDE, _GAP, _MARGIN, _LINE = 192, 8, 24, 18
_CELL = 2 * _SIDE + _GAP, _SIDE + 2 * _LINE + _MARGIN  # columns and rows of pixels
_MAX_ACROSS = 4
_LEGEND = "Beneath each picture: the values that are black and white in it."
_PAPER, _INK, _QUIET, _EMPTY = "white", "#1a1a1a", "#555555", "#eeeeee"


def contact_sheet(
    found: Iterable[Compared | Failed], count: int, titles: Sequence[str], note: str
) -> PIL.Image.Image:
    """Draw pairs in rows, each with its name; in place of what failed stands why.

    Beneath each picture stand the values that are black and white in it.

    Parameters
    ----------
    found : iterable of Compared or Failed
        What is drawn, taken one by one.
    count : int
        How many there are.
    titles : sequence of str
        Two, which stand above each column of pairs, or none.
    note : str
        A line beneath.

    Returns
    -------
    PIL.Image.Image
        RGB.
    """
    across = min(_MAX_ACROSS, max(1, round((count / 2) ** 0.5)))
    down = -(-count // across)
    text = font(13)
    top = _MARGIN + (2 * _LINE if titles else 0)
    width = _MARGIN + across * (_CELL[0] + _MARGIN)
    notes = lines(plain(f"{_LEGEND} {note}"), width - 2 * _MARGIN, text)
    height = top + down * _CELL[1] + len(notes) * _LINE + _MARGIN
    paper = PIL.Image.new("RGB", (width, height), _PAPER)
    pen = PIL.ImageDraw.Draw(paper)
    for column in range(across if titles else 0):
        for half, title in enumerate(titles):
            left = _MARGIN + column * (_CELL[0] + _MARGIN) + half * (_SIDE + _GAP)
            label = cut(plain(title), _SIDE, font(15))
            pen.text((left + _SIDE / 2, _MARGIN), label, _INK, font(15), anchor="ma")
    for index, one in enumerate(found):
        left = _MARGIN + index % across * (_CELL[0] + _MARGIN)
        upper = top + index // across * _CELL[1]
        _draw(paper, pen, one, left, upper)
        name = cut(plain(one.name), _CELL[0], text)
        pen.text((left, upper + _SIDE + 2 + _LINE), name, _INK, text)
    for number, line in enumerate(notes):
        pen.text((_MARGIN, top + down * _CELL[1] + number * _LINE), line, _QUIET, text)
    return paper


def _draw(
    paper: PIL.Image.Image,
    pen: PIL.ImageDraw.ImageDraw,
    found: Compared | Failed,
    left: int,
    upper: int,
) -> None:
    """Draw a pair, or why there is none."""
    pen.rectangle((left, upper, left + _CELL[0] - 1, upper + _SIDE - 1), fill=_EMPTY)
    if isinstance(found, Failed):
        text = font(13)
        words = lines(plain(f"{found.kind}: {found.message}"), _CELL[0] - 32, text)
        for number, line in enumerate(words[: _SIDE // _LINE - 1]):
            pen.text((left + 16, upper + 16 + number * _LINE), line, _INK, text)
        return
    for half, side in enumerate(found.sides):
        small = PIL.Image.fromarray(within(side.levels(), _SIDE)).convert("RGB")
        drawn = PIL.ImageOps.scale(small, _SIDE // max(small.size), PIL.Image.Resampling.NEAREST)
        at = (
            left + half * (_SIDE + _GAP) + (_SIDE - drawn.width) // 2,
            upper + (_SIDE - drawn.height) // 2,
        )
        paper.paste(drawn, at)
        ends = cut(side.scale.brief(side.picture.image.unit), _SIDE, font(11))
        position = left + half * (_SIDE + _GAP) + _SIDE / 2, upper + _SIDE + 4
        pen.text(position, ends, _QUIET, font(11), anchor="ma")
