"""The kinds of charts that reports have."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.ticker import FuncFormatter, MaxNLocator, NullLocator

from mapreduce_jobs.viewing.page import Markup, safe
from mapreduce_jobs.viewing.report.figures import COLOURS, Figures
from mapreduce_jobs.viewing.report.number_formats import number_text

__all__ = ["bars", "boxes", "curve", "extent", "intervals", "points", "stairs"]

_INK, _MUTED, _LINE = COLOURS["ink"], COLOURS["muted"], COLOURS["line"]
_ACCENT = COLOURS["accent"]
_CHANNELS = ("red", "green", "blue")
_HEIGHT = 200
_ROW = 22  # points that a bar or a box takes
_MAX_LABEL, _MAX_TITLE = 20, 40  # letters of a label, and of what an axis is called
_LETTER = 6.6  # points that a letter of a label takes
_LARGE = ((1e15, "P"), (1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k"))


def _compact(value: float, _: Any = None) -> str:
    """Return a number of an axis.

    >>> _compact(25000), _compact(-0.5), _compact(1e6), _compact(1000)
    ('25k', '−0.5', '1M', '1000')
    """
    size = abs(value)
    text = f"{size:g}"
    if size >= 10_000:
        text = next(f"{size / unit:g}{sign}" for unit, sign in _LARGE if size >= unit)
    return f"−{text}" if value < 0 else text


def _plain(axes: Any, x: str, y: str = "") -> None:
    """Name the axes, and give them numbers that are short."""
    axes.set_xlabel(_cut(x, _MAX_TITLE))
    axes.set_ylabel(_cut(y, _MAX_TITLE))
    if axes.get_xscale() == "linear":
        axes.xaxis.set_major_locator(MaxNLocator(6))
    axes.xaxis.set_major_formatter(FuncFormatter(_compact))
    axes.yaxis.set_major_formatter(FuncFormatter(_compact))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_minor_locator(NullLocator())


def stairs(
    figures: Figures,
    edges: Sequence[float],
    series: Mapping[str, Sequence[int]],
    x: str,
    y: str,
    label: str,
    log: bool = False,
) -> Markup:
    """Draw histograms.

    Parameters
    ----------
    figures : Figures
        Of the page.
    edges : sequence of float
        Of the bins.
    series : mapping of str to sequence of int
        Counts; ``red``, ``green`` and ``blue`` have these colours.
    x, y : str
        What the axes are, with units.
    label : str
        What it shows, for who cannot see it.
    log : bool, optional
        Whether counts are on a logarithmic axis.

    Returns
    -------
    Markup
        The chart.
    """
    with figures.drawing(_HEIGHT, left=58) as drawing:
        axes = drawing.axes
        for name, counts in series.items():
            colour = COLOURS[name] if name in _CHANNELS else _ACCENT
            alpha = 0.18 if name in _CHANNELS else 0.35
            axes.stairs(counts, edges, fill=True, color=colour, alpha=alpha, linewidth=0)
            axes.stairs(counts, edges, color=colour, linewidth=0.9, label=_cut(name))
        if len(series) > 1:
            axes.legend(loc="upper right", handlelength=1.2)
        most = max((max(counts, default=0) for counts in series.values()), default=0)
        axes.set_xlim(edges[0], edges[-1])
        if log:
            axes.set_yscale("log")
            axes.set_ylim(0.7, max(10, most * 1.5))
        else:
            axes.set_ylim(0, most * 1.05 or 1)
            axes.yaxis.set_major_locator(MaxNLocator(5, integer=True))
        axes.grid(axis="y")
        _plain(axes, x, f"{y} (log)" if log else y)
        drawing.label = safe(label)
    return drawing.svg


def bars(figures: Figures, pairs: Sequence[tuple[str, float]], x: str, label: str) -> Markup:
    """Draw a bar for each name, from the top down."""
    names = [name for name, _ in pairs]
    with figures.drawing(len(pairs) * _ROW + 56, left=_room(names)) as drawing:
        axes = drawing.axes
        values = [value for _, value in pairs]
        axes.barh(range(len(pairs)), values, height=0.62, color=_ACCENT, alpha=0.75)
        axes.set_xlim(min(0, *values), max(0, *values) * 1.05 or 1)
        axes.grid(axis="x")
        _names(axes, names)
        _plain_names(axes, x)
        drawing.label = safe(label)
    return drawing.svg


def boxes(figures: Figures, spreads: Mapping[str, Sequence[float]], x: str, label: str) -> Markup:
    """Draw the 5th, 25th, 50th, 75th and 95th percentile of each name.

    The axis is logarithmic if all are above 0 and some is 50 times another.
    """
    names = list(spreads)
    with figures.drawing(len(spreads) * _ROW + 56, left=_room(names)) as drawing:
        axes = drawing.axes
        found = np.array(list(spreads.values()), float).reshape(-1, 5)
        positions = np.arange(len(found))
        axes.use_sticky_edges = False
        if found.min() > 0 and found.max() > 50 * found.min():
            axes.set_xscale("log")
        axes.hlines(positions, found[:, 0], found[:, 4], color=_ACCENT, linewidth=1.2)
        axes.barh(
            positions, found[:, 3] - found[:, 1], left=found[:, 1], height=0.55, color=_ACCENT,
            alpha=0.35,
        )  # fmt: skip
        axes.plot(found[:, 2], positions, "|", color=_INK, markersize=11, markeredgewidth=1.8)
        axes.grid(axis="x")
        _names(axes, names)
        _plain_names(axes, x)
        drawing.label = safe(label)
    return drawing.svg


def intervals(
    figures: Figures, found: Mapping[str, tuple[float, float]], x: str, label: str
) -> Markup:
    """Draw a value and its distance to both ends of an interval, for each name."""
    names = list(found)
    with figures.drawing(len(found) * _ROW + 56, left=_room(names)) as drawing:
        axes = drawing.axes
        positions = range(len(found))
        values = [value for value, _ in found.values()]
        errors = [error for _, error in found.values()]
        axes.axvline(0, color=_MUTED, linewidth=0.8)
        axes.errorbar(
            values, positions, xerr=errors, fmt="o", color=_ACCENT, markersize=4.5, capsize=3
        )
        axes.grid(axis="x")
        _names(axes, names)
        _plain_names(axes, x)
        drawing.label = safe(label)
    return drawing.svg


def points(
    figures: Figures,
    xy: Sequence[tuple[float, float]],
    x: str,
    y: str,
    label: str,
    line: tuple[float, float],
) -> Markup:
    """Draw points, and a line: slope and intercept."""
    with figures.drawing(_HEIGHT + 30, left=62) as drawing:
        axes = drawing.axes
        first, second = zip(*xy, strict=True)
        alpha = 0.7 if len(xy) < 200 else 0.35
        axes.plot(first, second, "o", color=_ACCENT, markersize=3.5, markeredgewidth=0, alpha=alpha)
        slope, intercept = line
        ends = [min(first), max(first)]
        axes.plot(ends, [slope * end + intercept for end in ends], color=_MUTED, linewidth=1.2)
        axes.grid()
        axes.yaxis.set_major_locator(MaxNLocator(6))
        _plain(axes, x, y)
        drawing.label = safe(label)
    return drawing.svg


def curve(
    figures: Figures, first: Sequence[float], second: Sequence[float], x: str, y: str, label: str
) -> Markup:
    """Draw a curve of two shares, and the diagonal of a classifier that knows nothing."""
    with figures.drawing(_HEIGHT + 30, left=62) as drawing:
        axes = drawing.axes
        axes.plot([0, 1], [0, 1], color=_MUTED, linewidth=0.8, linestyle="--")
        axes.plot(first, second, color=_ACCENT, linewidth=1.6)
        axes.set_xlim(-0.02, 1.02)
        axes.set_ylim(-0.02, 1.02)
        axes.grid()
        _plain(axes, x, y)
        drawing.label = safe(label)
    return drawing.svg


def _names(axes: Any, names: Sequence[str]) -> None:
    axes.set_yticks(range(len(names)), [_cut(name) for name in names])
    axes.set_ylim(len(names) - 0.4, -0.6)
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)


def _plain_names(axes: Any, x: str) -> None:
    axes.set_xlabel(_cut(x, _MAX_TITLE))
    if axes.get_xscale() == "linear":
        axes.xaxis.set_major_locator(MaxNLocator(5))
    axes.xaxis.set_major_formatter(FuncFormatter(_compact))
    axes.xaxis.set_minor_locator(NullLocator())


def _room(names: Sequence[str]) -> int:
    """Return how many points labels take."""
    return 16 + round(_LETTER * max(len(_cut(name)) for name in names))


def _cut(name: str, most: int = _MAX_LABEL) -> str:
    """Return a text that has room, its middle left out if need be.

    >>> _cut("patients/of the first year/ct")
    'patients/o…t year/ct'
    """
    name = safe(name)
    half = most // 2
    return name if len(name) <= most else f"{name[:half]}…{name[1 - half :]}"


def extent(edges: Sequence[float]) -> str:
    """Return the ends of bins in words."""
    return f"from {number_text(edges[0])} to {number_text(edges[-1])}"
