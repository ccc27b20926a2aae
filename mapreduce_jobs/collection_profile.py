"""Profile of a collection of images: volume, types, quality, and what is broken."""

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from mapreduce_jobs.core.inputs.image_reader import Item
from mapreduce_jobs.core.job_errors import words_of
from mapreduce_jobs.core.jobs.image_job import ImageJob, Totals

if TYPE_CHECKING:
    from mapreduce_jobs.imaging.decode import Decoded

_VOLUME = ("images", "frames", "pixels", "bytes", "decoded_bytes")
_TYPES = ("format", "modality", "dtype", "bits", "colour_model", "unit", "dimensions")
_SHARES = {"q05": 0.05, "q25": 0.25, "median": 0.5, "q75": 0.75, "q95": 0.95}
_MAX_DIMENSIONS = 20  # that a result lists


class CollectionProfile(ImageJob):
    """Profile a collection: number, size, types and quality of its images."""

    def configure_args(self) -> None:
        """Let the whole collection be the default."""
        super().configure_args()
        self.arg_parser.set_defaults(group_by="all")

    # One image

    def outcome(self, name: str, item: Item) -> list[tuple[str | None, Totals]]:
        """Return what is known of one image and its file."""
        from mapreduce_jobs.imaging.measures.quality import quality

        data = item.read()
        decoded = self.decode(data, item.beginning)
        image = decoded.image
        found = quality(image)
        types = _types(decoded)
        pixels = image.pixels
        volume = (1, len(pixels), math.prod(pixels.shape[:3]), len(data), pixels.nbytes)
        sizes = dict(zip(_VOLUME, volume, strict=True))
        if self._group_by == "image":
            measures = {"quality": found.measures, "undefined": found.undefined}
            return [(name, {**sizes, "types": types, **measures})]
        totals = {
            "volume": sizes,
            "types": {kind: {str(value): 1} for kind, value in types.items()},
            "quality": {
                measure: _summary([] if value is None else [value])
                for measure, value in found.measures.items()
            },
            "undefined": {measure: {why: 1} for measure, why in found.undefined.items()},
            "failed": {},
        }
        return [(self._group(name, item), totals)]

    # Images that fail count in their group, too

    def failed_image(self, name: str, item: Item, error: Exception) -> Iterator[tuple[Any, Any]]:
        """Apply ``--on-error`` to an image that failed, and count it in its group."""
        yield from super().failed_image(name, item, error)
        if self._group_by != "image":
            yield (
                self._group(name, item),
                {
                    "volume": dict.fromkeys(_VOLUME, 0),
                    "types": {},
                    "quality": {},
                    "undefined": {},
                    "failed": {words_of(error)[0]: 1},
                },
            )

    # Many

    def merge(self, one: Totals, other: Totals) -> Totals:
        """Add up what is known of two sets of images."""
        from mapreduce_jobs.estimation.quantiles import Summary

        quality = dict(one["quality"])
        for measure, summary in other["quality"].items():
            if measure in quality:
                both = Summary.from_json(quality[measure]) + Summary.from_json(summary)
                summary = both.to_json()
            quality[measure] = summary
        return {
            "volume": _added(one["volume"], other["volume"]),
            "types": _all_added(one["types"], other["types"]),
            "quality": quality,
            "undefined": _all_added(one["undefined"], other["undefined"]),
            "failed": _added(one["failed"], other["failed"]),
        }

    def result(self, totals: Totals) -> Totals:
        """Return what is shown of a group."""
        return {
            **{name: totals["volume"][name] for name in _VOLUME},
            "types": {
                kind: _most(counts) if kind == "dimensions" else counts
                for kind in _TYPES
                if (counts := totals["types"].get(kind))
            },
            "quality": {
                measure: {
                    **_summary_fields(summary),
                    "undefined": totals["undefined"].get(measure, {}),
                }
                for measure, summary in totals["quality"].items()
            },
            "failed": totals["failed"],
        }


def _types(decoded: "Decoded") -> dict[str, str | int]:
    """Return what kind of image it is."""
    from mapreduce_jobs.core.inputs.selection import group_of

    image = decoded.image
    frames, rows, columns = image.pixels.shape[:3]
    values = (
        decoded.format,
        group_of(decoded.header, "Modality") or "none",
        str(image.pixels.dtype),
        image.bits,
        "rgb" if image.is_colour else "grey",
        image.unit,
        f"{rows}×{columns}×{frames}",
    )
    return dict(zip(_TYPES, values, strict=True))


def _summary(numbers: list[float]) -> dict[str, Any]:
    from mapreduce_jobs.estimation.quantiles import Summary

    return Summary.of(numbers).to_json()


def _added(one: dict[str, int], other: dict[str, int]) -> dict[str, int]:
    return {key: one.get(key, 0) + other.get(key, 0) for key in sorted(one | other)}


def _all_added(
    one: dict[str, dict[str, int]], other: dict[str, dict[str, int]]
) -> dict[str, dict[str, int]]:
    return {key: _added(one.get(key, {}), other.get(key, {})) for key in sorted(one | other)}


def _most(counts: dict[str, int]) -> dict[str, Any]:
    """Return how many there are, and the most frequent of them."""
    ranked = sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))
    return {"distinct": len(ranked), "most_frequent": dict(ranked[:_MAX_DIMENSIONS])}


def _summary_fields(value: dict[str, Any]) -> dict[str, Any]:
    """Return what is shown of the numbers of a measure."""
    from mapreduce_jobs.estimation.quantiles import Summary

    summary = Summary.from_json(value)
    return {
        "images": summary.count,
        "mean": summary.mean,
        "standard_deviation": summary.standard_deviation,
        "min": summary.least,
        **{name: summary.quantile(share) for name, share in _SHARES.items()},
        "max": summary.greatest,
    }


if __name__ == "__main__":
    CollectionProfile.run()
