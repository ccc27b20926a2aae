"""Pairs of images as a page: side by side, to zoom into together; of many, a contact sheet."""

import base64
import zlib
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from mapreduce_jobs.imaging.image import Pixels
from mapreduce_jobs.viewing.compare.comparison import FULL, Compared, Failed, Side
from mapreduce_jobs.viewing.compare.pair_histograms import Chart, charts
from mapreduce_jobs.viewing.display_range import NO_UNITS, value_text
from mapreduce_jobs.viewing.page import page, source, template
from mapreduce_jobs.viewing.thumbnails import image_uri, thumbnail, within

if TYPE_CHECKING:
    from markupsafe import Markup

__all__ = ["collection_page", "pair_page"]

_MAX_SIDE = 4096  # rows and columns of a picture in full size
_MAX_VALUES = 32 << 20  # bytes of values of an image that travel with its picture
_FULL_BYTES = 6_000_000  # of a collection's page, for pictures in full size
_SMALL_BYTES = 12_000_000  # and for thumbnails, before base64
_LARGE_THUMBNAIL = 24_000
_TITLES = ("A", "B")
_DTYPES = ("int8", "uint8", "int16", "uint16", "int32", "uint32", "float32", "float64")


def pair_page(found: Compared, titles: Sequence[str], heading: str) -> str:
    """Return the page of one pair.

    Parameters
    ----------
    found : Compared
        The pair, compared in full.
    titles : sequence of str
        Two titles, or none: then the images' names are.
    heading : str
        Of the page.
    """
    return _page(heading, _macros().viewer(_full(found, titles)))


def collection_page(
    found: Iterable[Compared | Failed], count: int, titles: Sequence[str], heading: str, note: str
) -> str:
    """Return the page of many pairs: a sheet of thumbnails, each of which opens a view of the pair.

    Parameters
    ----------
    found : iterable of Compared or Failed
        Pairs, taken one by one, the first `FULL` of them compared in full.
    count : int
        How many there are, from which follows how large thumbnails may be.
    titles : sequence of str
        Two titles, or none.
    heading : str
        Of the page.
    note : str
        A sentence on what the page does not show, or the empty text.
    """
    macros = _macros()
    most = min(_LARGE_THUMBNAIL, _SMALL_BYTES // (2 * max(count, 1)))
    left, full, pairs = _FULL_BYTES, 0, 0
    cards = []
    for one in found:
        if isinstance(one, Failed):
            cards.append(macros.failure(one))
            continue
        pairs += 1
        small = _small(one, titles, most)
        view = macros.viewer(_full(one, titles)) if left else ""
        if left and len(view) <= left:
            left, full = left - len(view), full + 1
        else:
            left, view = 0, macros.viewer(small)
        if full == FULL:
            left = 0
        cards.append(macros.card(small, view))
    sentences = [one for one in (note, _about(full, pairs)) if one]
    return _page(heading, macros.collection(cards, sentences, titles))


def _about(full: int, pairs: int) -> str:
    if full == pairs:
        return "Each opens in full size."
    return f"The first {full} open in full size, the others as thumbnails: compare them alone."


def _macros() -> Any:
    return template("comparison.html.j2").module


def _page(heading: str, body: "Markup") -> str:
    return page(heading, body, scripts=[source("comparison.js")], styles=[source("comparison.css")])


# Values of the template


def _full(found: Compared, titles: Sequence[str]) -> dict[str, Any]:
    """Return a pair with its pictures in full size, histograms, values and difference."""
    drawn = charts(*(side.picture.image for side in found.sides))
    sides = [
        _full_side(side, title, chart)
        for side, title, chart in zip(found.sides, titles or _TITLES, drawn, strict=True)
    ]
    one = found.sides[0]
    sentences = [found.words]
    difference = None
    if found.difference is None:
        sentences.append("There is no difference to show: they have not the same size.")
    else:
        words = found.difference.words(one.picture.image.unit)
        of = "Values" if found.difference.of_values else "Grey levels as they are shown"
        sentences.append(f"{of}: {words}.")
        frames = [within(frame, _MAX_SIDE) for frame in found.difference.frames]
        difference = {
            "title": "|{} − {}|".format(*titles or _TITLES),
            "unit": "",
            "frame": one.frames.index(one.picture.middle),
            "frames": [image_uri(frame) for frame in frames] if found.difference.differing else [],
            "height": frames[0].shape[0],
            "width": frames[0].shape[1],
            "mapping": f"Black is 0, white {value_text(found.difference.greatest)}.",
        }
    return {
        "name": found.name,
        "sides": sides,
        "frame": one.frames.index(one.picture.middle),
        "frames": len(one.frames),
        "difference": difference,
        "sentences": sentences,
        "has_values": any(side["numbers"] for side in sides),
    }


def _full_side(side: Side, title: str, chart: Chart | None) -> dict[str, Any]:
    frames = [within(side.levels(frame), _MAX_SIDE) for frame in side.frames]
    rows, columns = frames[0].shape[:2]
    unit = side.picture.image.unit
    of_file = side.picture.image.pixels.shape[1:3]
    smaller = f" Drawn {columns} × {rows} pixels large." if of_file != (rows, columns) else ""
    return {
        "name": side.name,
        "title": title,
        "unit": "" if unit in NO_UNITS else f" {unit}",
        "frame": side.frames.index(side.picture.middle),
        "frames": [image_uri(frame) for frame in frames],
        "height": rows,
        "width": columns,
        "mapping": side.mapping + smaller,
        "histogram": chart,
        "facts": side.facts,
        "numbers": _numbers(side.values()),
    }


def _small(found: Compared, titles: Sequence[str], most: int) -> dict[str, Any]:
    """Return a pair with thumbnails."""
    sides = []
    for side, title in zip(found.sides, titles or _TITLES, strict=True):
        levels = side.levels()
        rows, columns = levels.shape[:2]
        sides.append(
            {
                "name": side.name,
                "title": title,
                "unit": "",
                "frame": 0,
                "frames": [""],
                "thumbnail": thumbnail(levels, most),
                "height": rows,
                "width": columns,
                "mapping": side.mapping,
                "histogram": None,
                "facts": side.facts,
                "numbers": None,
            }
        )
    return {
        "name": found.name,
        "sides": sides,
        "frame": 0,
        "frames": 1,
        "difference": None,
        "sentences": [found.words, "These are thumbnails."],
        "has_values": False,
    }


def _numbers(values: Pixels) -> dict[str, Any] | None:
    """Return values as they lie in memory, little-endian, deflated, in base64; None if too many."""
    if str(values.dtype.newbyteorder("=")) not in _DTYPES or values.nbytes > _MAX_VALUES:
        return None
    plain: npt.NDArray[Any] = values.astype(values.dtype.newbyteorder("<"), copy=False)
    packed = zlib.compress(np.ascontiguousarray(plain).tobytes(), 9)
    return {
        "dtype": str(values.dtype.newbyteorder("=")),
        "rows": values.shape[1],
        "columns": values.shape[2],
        "channels": values.shape[3] if values.ndim == 4 else 1,
        "data": base64.b64encode(packed).decode(),
    }
