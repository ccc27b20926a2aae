"""A pair of images as one picture, as papers print them."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import PIL.Image
import PIL.ImageDraw

from mapreduce_jobs.viewing.compare.comparison import Compared
from mapreduce_jobs.viewing.lettering import cut, font, lines, plain
from mapreduce_jobs.viewing.thumbnails import within

__all__ = ["MARGIN", "pair_figure"]

MARGIN = 24
"""Pixels around the pictures, and between them."""

_MIN_SIDE, _MAX_SIDE = 480, 2048  # pixels of the longer side of a picture
_PAPER, _INK, _QUIET, _FRAME = "white", "#1a1a1a", "#555555", "#c8c8c8"


@dataclass(frozen=True)
class _Panel:
    """A picture with its words."""

    title: str
    levels: npt.NDArray[np.uint8]
    words: str


def pair_figure(
    found: Compared, titles: Sequence[str] = (), with_difference: bool = False
) -> PIL.Image.Image:
    """Draw two images side by side: titles above, how they are shown beneath.

    Pixels stay what they are. Small images are enlarged, each pixel to a square of pixels; large
    ones are made smaller, to 2048 pixels a side. Both are enlarged as much.

    Parameters
    ----------
    found : Compared
        The pair; of stacks, the middle frames are drawn.
    titles : sequence of str, optional
        Two titles; without them, the images' names.
    with_difference : bool, optional
        Draw ``|A − B|`` as a third picture.

    Returns
    -------
    PIL.Image.Image
        RGB. The first picture begins at column `MARGIN`; all stand on one line, which is as far
        down as the titles need.
    """
    names = titles or [side.name for side in found.sides]
    panels = [
        _Panel(title, within(side.levels(), _MAX_SIDE), side.mapping)
        for title, side in zip(names, found.sides, strict=True)
    ]
    if with_difference and found.difference is not None:
        panels.append(_of_difference(found, titles or ("A", "B")))
    longest = max(max(panel.levels.shape[:2]) for panel in panels)
    factor = max(1, round(_MIN_SIDE / longest))
    widths = [panel.levels.shape[1] * factor for panel in panels]
    em = max(16, max(widths) // 30)
    room = [max(width, 10 * em) for width in widths]
    heading, text = font(em), font(round(em * 0.7))
    notes = [
        lines(plain(panel.words), width, text) for panel, width in zip(panels, room, strict=True)
    ]
    top = MARGIN + 2 * em
    tallest = max(panel.levels.shape[0] for panel in panels) * factor
    height = top + tallest + em // 2 + max(map(len, notes)) * em + MARGIN
    paper = PIL.Image.new("RGB", (sum(room) + MARGIN * (len(panels) + 1), height), _PAPER)
    pen = PIL.ImageDraw.Draw(paper)
    left = MARGIN
    for panel, width, note in zip(panels, room, notes, strict=True):
        title = cut(plain(panel.title), width, heading)
        pen.text((left + width / 2, MARGIN), title, _INK, heading, anchor="ma")
        drawn = np.repeat(np.repeat(panel.levels, factor, axis=0), factor, axis=1)
        at = left + (width - drawn.shape[1]) // 2, top + (tallest - drawn.shape[0]) // 2
        paper.paste(PIL.Image.fromarray(drawn).convert("RGB"), at)
        pen.rectangle(
            (at[0] - 1, at[1] - 1, at[0] + drawn.shape[1], at[1] + drawn.shape[0]), outline=_FRAME
        )
        for number, line in enumerate(note):
            position = left + width / 2, top + tallest + em // 2 + number * em
            pen.text(position, line, _QUIET, text, anchor="ma")
        left += width + MARGIN
    return paper


def _of_difference(found: Compared, titles: Sequence[str]) -> _Panel:
    assert found.difference is not None  # noqa: S101
    one, _ = found.sides
    levels = found.difference.frames[one.frames.index(one.picture.middle)]
    words = found.difference.words(one.picture.image.unit)
    return _Panel(
        "|{} − {}|".format(*titles), within(levels, _MAX_SIDE), f"{words[0].upper()}{words[1:]}."
    )
