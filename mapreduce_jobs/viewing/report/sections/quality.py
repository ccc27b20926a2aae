"""Profile of a collection and quality of its images, by group and by image."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

from mapreduce_jobs.viewing.lines import Line
from mapreduce_jobs.viewing.page import Markup
from mapreduce_jobs.viewing.report import plots
from mapreduce_jobs.viewing.report.long_tables import Column, Rows
from mapreduce_jobs.viewing.report.number_formats import bytes_text, number_text, numeric
from mapreduce_jobs.viewing.report.sections.part import Part, Tools, counted
from mapreduce_jobs.viewing.report.sections.spread import Spread

__all__ = ["ImageProfiles", "Profiles"]

# What measures are called, and their units.
_MEASURES = {
    "sharpness": ("Sharpness", "levels²"),
    "rms_contrast": ("RMS contrast", "levels"),
    "michelson_contrast": ("Michelson contrast", ""),
    "entropy": ("Entropy", "bits"),
    "foreground": ("Foreground", "share"),
    "snr": ("Signal to noise", ""),
    "cnr": ("Contrast to noise", ""),
    "fber": ("Foreground to background energy", ""),
    "efc": ("Entropy focus criterion", ""),
}
_VOLUME = ("images", "frames", "pixels", "bytes", "decoded_bytes")
_TYPES = {
    "format": "Format",
    "modality": "Modality",
    "dtype": "Type of values",
    "bits": "Bits stored",
    "colour_model": "Colour",
    "unit": "Unit",
    "dimensions": "Dimensions",
}
_STATISTICS = {
    "images": "images",
    "mean": "mean",
    "standard_deviation": "std. dev.",
    "min": "least",
    "q05": "5 %",
    "q25": "25 %",
    "median": "median",
    "q75": "75 %",
    "q95": "95 %",
    "max": "greatest",
}
_QUANTILES = ("q05", "q25", "median", "q75", "q95")
_MAX_GROUPS = 24  # that are drawn one by one


def _titled(measure: str) -> str:
    name, unit = _MEASURES.get(measure, (measure, ""))
    return f"{name} ({unit})" if unit else name


class Profiles(Part):
    """Groups of images, as one result has them."""

    kinds = ("profile",)

    def __init__(self) -> None:
        self._groups: dict[str, dict[str, Any]] = {}
        columns = [Column(name.replace("_", " "), field=name) for name in _VOLUME]
        self._rows = Rows("Groups", "group", [*columns, Column("failed")])

    def add(self, line: Line) -> None:
        """Take a group."""
        value = line.value
        key = "(none)" if line.key is None else line.key
        failed = _counts(value["failed"])
        for kind, counts in value["types"].items():
            _counts(counts["most_frequent"] if kind == "dimensions" else counts)
        for measure in value["quality"].values():
            [numeric(measure[name]) for name in _STATISTICS if measure[name] is not None]
            _counts(measure["undefined"])
        volume = [numeric(value[name]) for name in _VOLUME]
        self._rows.add(key, [*volume, sum(failed.values())])
        self._groups[key] = value
        if len(self._groups) > 2 * _MAX_GROUPS:
            self._cut()

    def _cut(self) -> None:
        self._groups = dict(sorted(self._groups.items())[:_MAX_GROUPS])

    def tables(self) -> list[Rows]:
        """Return the table of groups, if there is more than one."""
        return [self._rows] if self._rows.count > 1 else []

    def markup(self, tools: Tools) -> Markup:
        """Return one group in full, or what distinguishes several."""
        self._cut()
        if self._rows.count == 1:
            ((_, only),) = self._groups.items()
            return _group(tools, only)
        parts = [tools.rows(self._rows)]
        if self._rows.count > _MAX_GROUPS:
            parts.append(
                tools.words(
                    f"The first {_MAX_GROUPS} groups by name are drawn and described below; the"
                    " table has all."
                )
            )
        parts.append(tools.plots(_boxes(tools, self._quantiles(), "group")))
        for name, value in self._groups.items():
            if value["images"]:
                types = _all_types(value["types"])
                parts.append(tools.details(name, tools.facts(types), _statistics(tools, value)))
        return Markup().join(parts)

    def _quantiles(self) -> dict[str, dict[str, list[float]]]:
        """Return the quantiles of each measure by group."""
        found: dict[str, dict[str, list[float]]] = {}
        for name, value in self._groups.items():
            for measure, summary in value["quality"].items():
                if summary["median"] is not None:
                    of_group = [summary[quantile] for quantile in _QUANTILES]
                    found.setdefault(measure, {})[name] = of_group
        return found


class ImageProfiles(Part):
    """Images, as one result has them."""

    kinds = ("profile_image",)

    def __init__(self) -> None:
        self._totals = dict.fromkeys(_VOLUME, 0)
        self._types: dict[str, Counter[str]] = {}
        self._spreads: dict[str, Spread] = {}
        self._undefined: dict[str, Counter[str]] = {}
        self._rows = Rows(
            "Images",
            "image",
            [
                *(Column(_titled(name), _kind(name)) for name in _MEASURES),
                *(Column(name.replace("_", " "), field=name) for name in _VOLUME[1:]),
                *(Column(title.lower(), "text") for title in _TYPES.values()),
            ],
        )

    def add(self, line: Line) -> None:
        """Take an image."""
        volume = {name: int(numeric(line.value[name])) for name in _VOLUME}
        quality, types = line.value["quality"], line.value["types"]
        measures = {
            name: None if value is None else numeric(value) for name, value in quality.items()
        }
        for measure, why in line.value["undefined"].items():
            self._undefined.setdefault(measure, Counter())[str(why)] += 1
        for name, size in volume.items():
            self._totals[name] += size
        for kind, value in types.items():
            self._types.setdefault(kind, Counter())[str(value)] += 1
        for name, value in measures.items():
            if value is not None:
                if name not in self._spreads:
                    self._spreads[name] = Spread()
                self._spreads[name].add(value)
        self._rows.add(
            line.key,
            [
                *(measures.get(name) for name in _MEASURES),
                *(volume[name] for name in _VOLUME[1:]),
                *(None if types.get(kind) is None else str(types[kind]) for kind in _TYPES),
            ],
        )

    def tables(self) -> list[Rows]:
        """Return the table of images."""
        return [self._rows]

    def markup(self, tools: Tools) -> Markup:
        """Return the whole, the quality of all, and each image."""
        head = [("measure", "text"), ("images", "n"), ("least", "n"), *_heads(_QUANTILES)]
        listed = [
            [_titled(name), *map(number_text, [one.count, one.least, *one.quantiles, one.greatest])]
            for name, one in _in_order(self._spreads)
        ]
        return Markup().join(
            [
                tools.tiles(_volume(self._totals)),
                _tables_of_types(tools, self._types, self._totals["images"]),
                tools.listing(
                    "Quality of all images; quantiles to 1 %", [*head, ("greatest", "n")], listed
                ),
                _undefined(tools, self._undefined),
                tools.rows(self._rows),
            ]
        )


def _group(tools: Tools, value: dict[str, Any]) -> Markup:
    """Return all that is known of one group."""
    types = {
        kind: counts["most_frequent"] if kind == "dimensions" else counts
        for kind, counts in value["types"].items()
    }
    parts = [tools.tiles(_volume(value)), _tables_of_types(tools, types, value["images"])]
    distinct = value["types"].get("dimensions", {}).get("distinct", 0)
    listed = len(types.get("dimensions", {}))
    if distinct > listed:
        parts.append(
            tools.words(f"Of {distinct:,} dimensions, the result has the {listed} most frequent.")
        )
    return Markup().join([*parts, _statistics(tools, value)])


def _statistics(tools: Tools, value: dict[str, Any]) -> Markup:
    if not value["quality"]:
        return Markup()
    head = [("measure", "text"), *_heads(_STATISTICS)]
    listed = [
        [_titled(name), *(number_text(summary[statistic]) for statistic in _STATISTICS)]
        for name, summary in _in_order(value["quality"])
    ]
    undefined = {name: summary["undefined"] for name, summary in value["quality"].items()}
    table = tools.listing("Quality; quantiles to 1 %", head, listed)
    return table + _undefined(tools, undefined)


def _undefined(tools: Tools, undefined: Mapping[str, Mapping[str, int]]) -> Markup:
    """Return why measures are not defined on some images."""
    pairs = [
        (_titled(name), f"{reason}: {count:,}")
        for name, reasons in _in_order(undefined)
        for reason, count in sorted(reasons.items())
    ]
    if not pairs:
        return Markup()
    listed = [[measure, reason] for measure, reason in pairs]
    head = [("measure", "text"), ("reason: images", "text")]
    return tools.folded(
        "Where measures are not defined", tools.listing("Not defined", head, listed)
    )


def _boxes(tools: Tools, found: dict[str, dict[str, list[float]]], what: str) -> list[Markup]:
    """Return a chart of each measure."""
    drawn = []
    for measure, spreads in _in_order(found):
        said = ", ".join(f"{name} {number_text(five[2])}" for name, five in spreads.items())
        title = _titled(measure)
        svg = plots.boxes(tools.figures, spreads, title, f"{title} by {what}; medians: {said}")
        drawn.append(
            tools.figure(svg, f"{title}: median, the middle half, and the 5th to 95th percentile")
        )
    return drawn


def _tables_of_types(tools: Tools, types: Mapping[str, Mapping[str, int]], images: int) -> Markup:
    """Return how many images there are of each type; not all dimensions may be listed."""
    tables = [
        counted(tools, title, title, counts, images, images - sum(counts.values()))
        for kind, title in _TYPES.items()
        if (counts := dict(types.get(kind, {})))
    ]
    return tools.columns(tables) if tables else Markup()


def _all_types(types: Mapping[str, Any]) -> list[tuple[str, str]]:
    found = []
    for kind, title in _TYPES.items():
        counts = types.get(kind, {})
        if kind == "dimensions":
            counts = counts.get("most_frequent", {})
        ranked = sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))
        more = f", {len(ranked) - 4:,} more" if len(ranked) > 4 else ""
        found.append((title, ", ".join(f"{text}: {count:,}" for text, count in ranked[:4]) + more))
    return [pair for pair in found if pair[1]]


def _volume(value: Mapping[str, Any]) -> list[tuple[str, str]]:
    return [
        ("Images", number_text(value["images"])),
        ("Frames", number_text(value["frames"])),
        ("Pixels", number_text(value["pixels"])),
        ("In files", bytes_text(value["bytes"])),
        ("Decoded", bytes_text(value["decoded_bytes"])),
    ]


def _in_order(found: Mapping[str, Any]) -> list[tuple[str, Any]]:
    """Return measures in the order that is known, others behind."""
    known = list(_MEASURES)
    return sorted(
        found.items(),
        key=lambda pair: (known.index(pair[0]) if pair[0] in known else len(known), pair[0]),
    )


def _heads(statistics: Any) -> list[tuple[str, str]]:
    return [(_STATISTICS[name], "n") for name in statistics]


def _kind(measure: str) -> str:
    return "share" if measure == "foreground" else "number"


def _counts(value: Any) -> dict[str, int]:
    return {str(name): int(numeric(count)) for name, count in value.items()}
