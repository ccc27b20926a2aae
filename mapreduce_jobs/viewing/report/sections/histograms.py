"""Histograms of images and groups: drawn together, by group where there are few, and as a table."""

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from mapreduce_jobs.imaging.image import common_unit
from mapreduce_jobs.imaging.measures.histogram import Bins, common_bins, rebin
from mapreduce_jobs.viewing.lines import Line
from mapreduce_jobs.viewing.page import Markup
from mapreduce_jobs.viewing.report import plots
from mapreduce_jobs.viewing.report.long_tables import Column, Rows, spark
from mapreduce_jobs.viewing.report.number_formats import number_text, numeric, share_text
from mapreduce_jobs.viewing.report.sections.part import Part, Tools

__all__ = ["Histograms"]

_BINS = 256  # of a sum of histograms
_MAX_DRAWN = 12  # histograms of lines or directories, beside the one of all
_MAX_BINS_DRAWN = 512
_CENTRAL = 0.99  # of the pixels, which a chart is cut to where they are in a small part of it
_BYTE = Bins(0, 256, 256)

Counts = npt.NDArray[np.int64]


class _Sum:
    """Histograms added up: exactly, whatever the order."""

    def __init__(self, value: dict[str, Any]) -> None:
        self.bins = _bins(value)
        self.counts = {str(name): _whole(counts) for name, counts in value["counts"].items()}
        if not self.counts or any(
            counts.shape != (self.bins.count,) or counts.min() < 0
            for counts in self.counts.values()
        ):
            raise ValueError("it has not as many counts as bins")
        self.images = int(numeric(value.get("images", 1)))
        self.pixels = int(numeric(value["pixels"]))
        self.padding = int(numeric(value.get("padding", 0)))
        self.unit = str(value.get("unit", "stored"))

    @property
    def family(self) -> tuple[Any, ...]:
        """What histograms that can be drawn together have in common."""
        kind = "byte" if self.bins == _BYTE else "wide" if _is_dyadic(self.bins) else self.bins
        return tuple(self.counts), self.unit, str(kind)

    def merged(self, other: "_Sum") -> "_Sum":
        """Return the sum of two of a family."""
        bins = common_bins(self.bins, other.bins, _BINS)
        both = object.__new__(_Sum)
        both.bins = bins
        both.counts = {
            name: rebin(counts, self.bins, bins) + rebin(other.counts[name], other.bins, bins)
            for name, counts in self.counts.items()
        }
        both.images = self.images + other.images
        both.pixels = self.pixels + other.pixels
        both.padding = self.padding + other.padding
        both.unit = common_unit(self.unit, other.unit)
        return both

    @property
    def occupied(self) -> tuple[float, float]:
        """The ends of the bins that hold something."""
        total = np.sum(list(self.counts.values()), axis=0)
        used = np.flatnonzero(total)
        if not used.size:
            return self.bins.start, self.bins.stop
        width = self.bins.width
        return self.bins.start + int(used[0]) * width, self.bins.start + (int(used[-1]) + 1) * width


class _Family:
    """What is drawn together: all, by line and by directory, as long as these are few."""

    def __init__(self) -> None:
        self.all: _Sum | None = None
        self.lines = 0
        self._by: dict[str, dict[str, _Sum] | None] = {"line": {}, "directory": {}}

    def add(self, key: str, one: _Sum) -> None:
        """Add a histogram."""
        self.lines += 1
        self.all = one if self.all is None else self.all.merged(one)
        directory = key.rpartition("/")[0] or "."
        for how, name in (("line", key), ("directory", directory)):
            groups = self._by[how]
            if groups is None:
                continue
            groups[name] = groups[name].merged(one) if name in groups else one
            if len(groups) > _MAX_DRAWN:
                self._by[how] = None

    def groups(self) -> dict[str, _Sum]:
        """Return what to draw apart: lines if they are few, else directories if these are."""
        found = self._by["line"] or self._by["directory"] or {}
        return dict(sorted(found.items())) if len(found) > 1 else {}


class Histograms(Part):
    """Histograms of one result."""

    kinds = ("histogram",)

    def __init__(self) -> None:
        self._families: dict[tuple[Any, ...], _Family] = {}
        self._rows = Rows(
            "Histograms",
            "image or group",
            [
                Column("images", field="images"),
                Column("pixels", field="pixels"),
                Column("padding", field="padding"),
                Column("unit", "text", "unit"),
                Column("channels", "text"),
                Column("lowest"),
                Column("highest"),
                Column("histogram (√)", "spark"),
            ],
        )

    def add(self, line: Line) -> None:
        """Take a histogram."""
        one = _Sum(line.value)
        family = one.family
        low, high = one.occupied
        total = np.sum(list(one.counts.values()), axis=0)
        first = round((low - one.bins.start) / one.bins.width)
        last = round((high - one.bins.start) / one.bins.width)
        key = "(none)" if line.key is None else line.key
        self._families.setdefault(family, _Family()).add(key, one)
        last_value = high - 1 if one.bins.width == 1 else high
        channels = ", ".join(one.counts)
        drawn = spark([int(count) for count in total[first:last]])
        self._rows.add(
            line.key,
            [
                one.images if one.images != 1 else None,
                one.pixels,
                one.padding or None,
                one.unit if one.unit != "stored" else None,
                channels if channels != "grey" else None,
                low,
                last_value,
                drawn,
            ],
        )

    def tables(self) -> list[Rows]:
        """Return the table of all histograms."""
        return [self._rows]

    def markup(self, tools: Tools) -> Markup:
        """Return charts of each family, and the table."""
        found = []
        for (channels, unit, kind), family in sorted(self._families.items(), key=str):
            assert family.all is not None  # noqa: S101  (it has a line)
            where = {"byte": " of 8-bit images", "wide": ""}.get(kind, "")
            what = f"{', '.join(channels)} {_values(unit)}{where}"
            lines = "result line" if family.lines == 1 else "result lines together"
            caption = f"{what[0].upper()}{what[1:]}: {family.lines:,} {lines}"
            found.append(_drawn(tools, family.all, caption))
            found += [_drawn(tools, one, name) for name, one in family.groups().items()]
        padded = sum(family.all.padding for family in self._families.values() if family.all)
        parts = [tools.plots(found, True)]
        if padded:
            parts.append(
                tools.words(f"{padded:,} pixels that files declare as padding are not counted.")
            )
        parts.append(tools.rows(self._rows))
        return Markup().join(parts)


def _whole(counts: Any) -> Counts:
    """Return counts as an array; a ValueError says that some is no whole number."""
    found = np.asarray(counts)
    if found.dtype.kind not in "iu" or found.ndim != 1:
        raise ValueError("its counts are no whole numbers")
    return found.astype(np.int64)


def _bins(value: dict[str, Any]) -> Bins:
    bins = value["bins"]
    start, stop, count = (numeric(bins[name]) for name in ("start", "stop", "count"))
    if not (start < stop and isinstance(count, int) and count > 0):
        raise ValueError("its bins are none")
    return Bins(start, stop, count)


def _is_dyadic(bins: Bins) -> bool:
    """Return whether bins are of a width that is a power of two, and begin at a multiple of it."""
    return math.frexp(bins.width)[0] == 0.5 and float(bins.start / bins.width).is_integer()


def _values(unit: str) -> str:
    names = {"stored": "levels", "HU": "values (HU, Hounsfield units)", "display": "display levels"}
    return names.get(unit, f"values ({unit})")


def _drawn(tools: Tools, one: _Sum, caption: str) -> Markup:
    """Return a chart with counts on a linear and on a logarithmic axis, and what it leaves out."""
    edges, series, note = _window(one)
    unit = {"stored": "stored value", "display": "display level"}.get(one.unit, one.unit)
    said = f"{caption}. {one.pixels:,} pixels"
    if one.images > 1:
        said += f" of {one.images:,} images"
    said += f"{note}."
    label = f"Histogram, {said} The axis runs {plots.extent(edges)} {one.unit}."
    charts = [
        plots.stairs(tools.figures, edges, series, unit, "pixels", label, log)
        for log in (False, True)
    ]
    return tools.switched(*charts, said)


def _window(one: _Sum) -> tuple[list[float], dict[str, list[int]], str]:
    """Return the edges and counts to draw, and what they leave out in words."""
    total = np.sum(list(one.counts.values()), axis=0)
    used = np.flatnonzero(total)
    first, last = (int(used[0]), int(used[-1])) if used.size else (0, len(total) - 1)
    if one.bins == _BYTE:
        first, last = 0, len(total) - 1
    note = ""
    reached = np.cumsum(total)
    tail = (1 - _CENTRAL) / 2 * int(reached[-1])
    low = int(np.searchsorted(reached, tail, "right"))
    high = int(np.searchsorted(reached, int(reached[-1]) - tail))
    if one.bins != _BYTE and used.size and (high - low + 1) * 4 <= last - first + 1:
        first, last = max(first, low - 2), min(last, high + 2)
        inside = int(total[first : last + 1].sum()) / int(reached[-1])
        ends = " to ".join(map(number_text, one.occupied))
        share = share_text(inside)
        note = f"; drawn is where {share} of them lie, all of them lie from {ends}"
    step = -(-(last - first + 1) // _MAX_BINS_DRAWN)
    starts = np.arange(first, last + 1, step)
    counts = {
        name: np.add.reduceat(values[: last + 1], starts).tolist()
        for name, values in one.counts.items()
    }
    width = one.bins.width
    edges = [one.bins.start + int(start) * width for start in starts]
    return [*edges, one.bins.start + (last + 1) * width], counts, note
