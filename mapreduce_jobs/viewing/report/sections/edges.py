"""Edge densities: how they are distributed, and the images that have least and most."""

from typing import Any

from mapreduce_jobs.viewing.lines import Line
from mapreduce_jobs.viewing.page import Markup
from mapreduce_jobs.viewing.report import plots
from mapreduce_jobs.viewing.report.long_tables import Column, Rows
from mapreduce_jobs.viewing.report.number_formats import number_text, numeric, share_text
from mapreduce_jobs.viewing.report.sections.part import Part, Tools

__all__ = ["Edges"]

_FINE = 1000  # bins of a density, 0 to 1
_DRAWN = 40  # of which so many are drawn, or fewer
_FEW = 12  # lines that are drawn one by one
_EXTREMES = 6


class Edges(Part):
    """Edge densities of one result."""

    kinds = ("edges",)

    def __init__(self) -> None:
        self._counts = [0] * _FINE
        self._pixels = self._edge_pixels = 0
        self._least: list[tuple[float, str]] = []
        self._most: list[tuple[float, str]] = []
        self._made_with: set[str] = set()
        self._units: set[str] = set()
        self._has_groups = False
        self._rows = Rows(
            "Edge densities",
            "image or group",
            [
                Column("images", field="images"),
                Column("pixels", field="pixels"),
                Column("edge pixels", field="edge_pixels"),
                Column("density", "share", "density"),
                Column("mean |∇I|", field="mean_gradient"),
            ],
        )

    def add(self, line: Line) -> None:
        """Take the density of an image or a group."""
        value = line.value
        density, gradient = numeric(value["density"]), numeric(value["mean_gradient"])
        if not 0 <= density <= 1:
            raise ValueError(f"a density of {density}")
        images, pixels, edge_pixels = (
            int(numeric(value.get(name, 1))) for name in ("images", "pixels", "edge_pixels")
        )
        made_with = _made_with(value)
        key = "(none)" if line.key is None else line.key
        self._has_groups |= images > 1
        more = images if images != 1 else None
        self._rows.add(line.key, [more, pixels, edge_pixels, density, gradient])
        self._pixels += pixels
        self._edge_pixels += edge_pixels
        self._counts[min(int(density * _FINE), _FINE - 1)] += 1  # 1 is in the last bin
        self._made_with.add(made_with)
        self._units.add(str(value.get("unit", "stored")))
        self._least = sorted([*self._least, (density, key)])[:_EXTREMES]
        self._most = sorted([*self._most, (density, key)], key=_descending)[:_EXTREMES]

    def tables(self) -> list[Rows]:
        """Return the table of all densities."""
        return [self._rows]

    def markup(self, tools: Tools) -> Markup:
        """Return how densities are distributed, the extremes, and all of them."""
        count = self._rows.count
        overall = share_text(self._edge_pixels / self._pixels) if self._pixels else ""
        made_with = "; ".join(sorted(self._made_with)[:4])
        facts = [
            ("Results", number_text(count)),
            ("Pixels", number_text(self._pixels)),
            ("Edge pixels", number_text(self._edge_pixels)),
            ("Overall density", overall),
            ("Made with", made_with),
            ("Values", ", ".join(sorted(self._units)[:4])),
        ]
        parts = [tools.facts(facts), tools.plots([self._chart(tools)])]
        extremes = [("Least edges", self._least), ("Most edges", self._most)]
        if self._has_groups:
            extremes = []
        elif count <= _EXTREMES:
            extremes = [("From least to most edges", self._least)] if tools.pictures else []
        for title, found in extremes:
            said = [(name, f"{share_text(density)} edges") for density, name in found]
            parts.append(tools.gallery_of(title, said))
        parts.append(tools.rows(self._rows))
        return Markup().join(parts)

    def _chart(self, tools: Tools) -> Markup:
        x = "edge density (% of pixels)"
        if self._rows.count <= _FEW:
            names = [row.name for row in self._rows.kept()]
            densities = self._rows.values("density")
            pairs = [(name, 100 * of_one) for name, of_one in zip(names, densities, strict=True)]
            said = ", ".join(f"{name} {value:.1f} %" for name, value in pairs)
            svg = plots.bars(tools.figures, pairs, x, f"Edge densities: {said}")
            return tools.figure(svg, "Edge density of each")
        most = max(number for number, count in enumerate(self._counts) if count)
        step = max(1, -(-(most + 1) // _DRAWN))
        last = most // step + 1
        counts = [sum(self._counts[n * step : (n + 1) * step]) for n in range(last)]
        edges = [100 * n * step / _FINE for n in range(last + 1)]
        (least, first), (greatest, end) = self._least[0], self._most[0]
        label = (
            f"Distribution of {self._rows.count:,} edge densities, from {share_text(least)}"
            f" ({first}) to {share_text(greatest)} ({end})."
        )
        svg = plots.stairs(tools.figures, edges, {"density": counts}, x, "images or groups", label)
        width = f"{100 * step / _FINE:g}"
        return tools.figure(svg, f"{label} Bins of {width} % of pixels.")


def _descending(pair: tuple[float, str]) -> tuple[float, str]:
    return -pair[0], pair[1]


def _made_with(value: dict[str, Any]) -> str:
    """Return the detector and its thresholds in words.

    >>> _made_with({"detector": "gradient", "threshold": 100.0})
    'gradient, threshold 100'
    """
    words = [str(value["detector"])]
    for name in ("threshold", "low", "high", "to_8bit"):
        setting = value.get(name)
        if isinstance(setting, int | float):
            words.append(f"{name} {number_text(setting)}")
        elif setting is not None:
            words.append(f"to 8 bits by {setting}")
    return ", ".join(words)
