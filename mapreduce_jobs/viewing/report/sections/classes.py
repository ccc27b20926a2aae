"""Classes of pixels that a collection was segmented into: their means, and the area of each."""

from typing import Any

from mapreduce_jobs.viewing.lines import Line
from mapreduce_jobs.viewing.page import Markup
from mapreduce_jobs.viewing.report.number_formats import number_text, numeric, share_text
from mapreduce_jobs.viewing.report.sections.part import Part, Tools, texts

__all__ = ["Classes"]


class Classes(Part):
    """Classes of pixels of one result."""

    kinds = ("classes",)

    def __init__(self) -> None:
        self._found: list[dict[str, Any]] = []

    def add(self, line: Line) -> None:
        """Take what a run of k-means found."""
        value = line.value
        means = [_mean(mean) for mean in value["means"]]
        sizes = [int(numeric(size)) for size in value["sizes"]]
        if len(means) != len(sizes) or not means:
            raise ValueError("it has not as many means as sizes")
        self._found.append({**value, "means": means, "sizes": sizes})

    def markup(self, tools: Tools) -> Markup:
        """Return the classes."""
        return Markup().join(_markup_of(tools, one) for one in sorted(self._found, key=repr))


def _mean(mean: Any) -> list[float]:
    return [numeric(value) for value in (mean if isinstance(mean, list) else [mean])]


def _markup_of(tools: Tools, value: dict[str, Any]) -> Markup:
    facts = texts(
        [
            ("Images", value.get("images")),
            ("Pixels", value.get("pixels")),
            ("Model", value.get("model")),
            ("Values", value.get("values")),
            ("k", value.get("k")),
            ("Seed", value.get("seed")),
            ("Rounds", value.get("rounds")),
            ("Settled", "no: more --iterations" if value.get("converged") is False else "yes"),
            ("Σ squared distance to the mean", value.get("inertia")),
        ]
    )
    total, most = sum(value["sizes"]) or 1, max(value["sizes"]) or 1
    rows = [
        (
            number,
            _colour(mean, value["means"]),
            ", ".join(map(number_text, mean)),
            number_text(size),
            share_text(size / total),
            size / most,
        )
        for number, (mean, size) in enumerate(zip(value["means"], value["sizes"], strict=True))
    ]
    return tools.facts(facts) + tools.swatches("Classes, by their means", rows)


def _colour(mean: list[float], means: list[list[float]]) -> str:
    """Return what a class looks like: its colour, or a grey between those of the extremes.

    >>> _colour([40.0], [[-1000.0], [40.0], [1080.0]]), _colour([255.0, 0.0, 0.4], [])
    ('rgb(128, 128, 128)', 'rgb(255, 0, 0)')
    """
    if len(mean) == 3:
        levels = [min(255, max(0, round(value))) for value in mean]
    else:
        least, greatest = min(means)[0], max(means)[0]
        span = (greatest - least) or 1
        levels = [round(255 * (mean[0] - least) / span)] * 3
    return f"rgb({levels[0]}, {levels[1]}, {levels[2]})"
