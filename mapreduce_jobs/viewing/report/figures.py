"""Charts as SVG that stands in a page: in its colours, light or dark, and with its letters."""

import re
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from io import StringIO
from typing import TYPE_CHECKING
from xml.etree import ElementTree

from mapreduce_jobs.imaging.errors import MissingExtra
from mapreduce_jobs.viewing.page import Markup

try:
    import matplotlib as mpl
    from matplotlib.figure import Figure
except ImportError:
    raise MissingExtra("drawing charts", "matplotlib", "plots") from None

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["COLOURS", "WIDTH", "Figures"]

WIDTH = 360
"""Of a chart, in points, at which its letters are as large as those of the page around it."""

COLOURS = {
    name: f"#0000{number:02x}"
    for number, name in enumerate(
        ("ink", "muted", "line", "accent", "red", "green", "blue", "page", "bad"), 1
    )
}
"""What charts are drawn with; in the page these are its variables, such as ``--ink``."""

_POINTS = 72  # an inch
_SETTINGS = {
    "svg.fonttype": "none",
    "svg.hashsalt": "report",
    "text.parse_math": False,  # a dollar sign is one
    "font.family": "DejaVu Sans",
    "font.size": 11,
    "axes.labelsize": 11,
    "xtick.labelsize": 10.5,
    "ytick.labelsize": 10.5,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": COLOURS["muted"],
    "axes.linewidth": 0.8,
    "axes.labelcolor": COLOURS["ink"],
    "axes.facecolor": "none",
    "axes.axisbelow": True,
    "axes.formatter.use_mathtext": False,
    "axes.unicode_minus": True,
    "xtick.color": COLOURS["muted"],
    "ytick.color": COLOURS["muted"],
    "xtick.labelcolor": COLOURS["ink"],
    "ytick.labelcolor": COLOURS["ink"],
    "text.color": COLOURS["ink"],
    "grid.color": COLOURS["line"],
    "grid.linewidth": 0.6,
    "figure.facecolor": "none",
    "legend.frameon": False,
    "legend.fontsize": 10.5,
    "path.simplify": False,
}
_SVG, _LINK = "http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"
_OF_PAGE = {colour: f"var(--{name})" for name, colour in COLOURS.items()}
# Properties that are attributes, too; a page's policy forbids style="…".
_ATTRIBUTES = {
    "fill",
    "fill-opacity",
    "font-size",
    "opacity",
    "stroke",
    "stroke-dasharray",
    "stroke-dashoffset",
    "stroke-linecap",
    "stroke-linejoin",
    "stroke-opacity",
    "stroke-width",
    "text-anchor",
}
_FONT_SIZE = re.compile(r"([\d.]+)px")
_FRACTION = re.compile(r"-?\d+\.\d+")
_GEOMETRY = ("d", "x", "y", "width", "height", "transform", "points")


class Figures:
    """The charts of one page: each has ids of its own."""

    def __init__(self) -> None:
        self._count = 0

    @contextmanager
    def drawing(self, height: int, left: int = 48, bottom: int = 44) -> "Iterator[Drawing]":
        """Draw a chart on axes, in matplotlib's way; see `Drawing`.

        Parameters
        ----------
        height : int
            In points.
        left, bottom : int, optional
            What labels take of it, in points.
        """
        # Settings hold while a figure is made, drawn on and saved; letters that this font lacks
        # are the browser's to find.
        with mpl.rc_context(_SETTINGS), warnings.catch_warnings():  # type: ignore[arg-type]
            warnings.filterwarnings("ignore", "Glyph .* missing from font")
            figure = Figure(figsize=(WIDTH / _POINTS, height / _POINTS), dpi=_POINTS)
            axes = figure.add_axes(
                (
                    left / WIDTH,
                    bottom / height,
                    (WIDTH - left - 10) / WIDTH,
                    (height - bottom - 10) / height,
                )
            )
            drawing = Drawing(axes)
            yield drawing
            self._count += 1
            text = StringIO()
            figure.savefig(text, format="svg", metadata={"Date": None, "Creator": None})
        drawing.svg = _for_page(text.getvalue(), drawing.label, f"f{self._count}-")


class Drawing:
    """A chart while it is drawn, and then its SVG.

    Attributes
    ----------
    axes : matplotlib Axes
        To draw on.
    label : str
        What it shows, for who cannot see it.
    svg : Markup
        Once the drawing is done.
    """

    def __init__(self, axes: "Axes") -> None:
        self.axes = axes
        self.label = ""
        self.svg = Markup()


def _for_page(text: str, label: str, prefix: str) -> Markup:
    """Return matplotlib's SVG as a page can hold it."""
    root = ElementTree.fromstring(text)  # noqa: S314  (matplotlib's)
    for parent in list(root.iter()):
        for child in list(parent):
            if _name(child) in ("metadata", "style"):
                parent.remove(child)
    ids = _ids(root, prefix)
    for element in root.iter():
        _to_attributes(element)
        for name, value in list(element.attrib.items()):
            if name == "id":
                element.attrib.pop(name)
                if value in ids:
                    element.set("id", ids[value])
            elif value.startswith("#") and value[1:] in ids:
                element.set("href", f"#{ids[value[1:]]}")
                element.attrib.pop(f"{{{_LINK}}}href", None)
            elif value.startswith("url(#"):
                element.set(name, f"url(#{ids[value[5:-1]]})")
            elif name in _GEOMETRY:
                element.set(name, _FRACTION.sub(_shorter, value))
            elif name in ("fill", "stroke"):
                element.set(name, _OF_PAGE.get(value, value))
    root.attrib = {"viewBox": root.attrib["viewBox"], "class": "chart", "role": "img"}
    root.set("aria-label", label)
    ElementTree.register_namespace("", _SVG)
    svg = ElementTree.tostring(root, "unicode").replace(f' xmlns="{_SVG}"', "")
    return Markup(re.sub(r"\n\s*", "", svg))  # ElementTree has escaped it


def _name(element: ElementTree.Element) -> str:
    return element.tag.rpartition("}")[2]


def _ids(root: ElementTree.Element, prefix: str) -> dict[str, str]:
    """Return a new id for each that something refers to."""
    used: dict[str, str] = {}
    for element in root.iter():
        for value in element.attrib.values():
            if value.startswith("url(#"):
                value = value[4:-1]
            elif not value.startswith("#"):
                continue
            used.setdefault(value[1:], f"{prefix}{len(used)}")
    return used


def _to_attributes(element: ElementTree.Element) -> None:
    """Replace a style by attributes."""
    for name, value in _properties(element.attrib.pop("style", "")).items():
        if name == "font":
            found = _FONT_SIZE.search(value)
            name, value = "font-size", found[1] if found else "10"
        if name in _ATTRIBUTES:
            element.set(name, value)


def _properties(style: str) -> Mapping[str, str]:
    pairs = (item.partition(":")[::2] for item in style.split(";") if ":" in item)
    return {name.strip(): value.strip() for name, value in pairs}


def _shorter(number: re.Match[str]) -> str:
    """Return a coordinate to hundredths of a point.

    >>> _FRACTION.sub(_shorter, "M 1.50000 -0.001 L 10.126 7")
    'M 1.5 0 L 10.13 7'
    """
    text = f"{float(number[0]):.2f}".rstrip("0").rstrip(".")
    return "0" if text in ("-0", "") else text
