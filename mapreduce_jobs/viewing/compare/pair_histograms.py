"""Histograms of two images, drawn with the same bins where their values mean the same."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from mapreduce_jobs.imaging.errors import ImagingError
from mapreduce_jobs.imaging.image import Image
from mapreduce_jobs.imaging.measures.histogram import Bins, bins_of, common_bins, histogram
from mapreduce_jobs.viewing.display_range import NO_UNITS, value_text

__all__ = ["Chart", "charts"]

_MAX_BINS = 128
_HEIGHT = 100


@dataclass(frozen=True)
class Chart:
    """A histogram to be drawn as SVG, the counts on a logarithmic axis.

    Attributes
    ----------
    width, height : int
        Of the drawing: a unit a bin, and 100.
    paths : list of tuple of str
        For each channel, ``"grey"`` or ``"red"``, ``"green"``, ``"blue"``, its outline.
    start, stop : str
        The values at its ends.
    label : str
        What the values are.
    words : str
        What it shows.
    """

    width: int
    height: int
    paths: list[tuple[str, str]]
    start: str
    stop: str
    label: str
    words: str


def charts(one: Image, other: Image) -> tuple[Chart | None, Chart | None]:
    """Draw the histograms of two images.

    Parameters
    ----------
    one, other : Image
        Any two.

    Returns
    -------
    tuple of Chart or None
        None where the values of an image are too large to be counted.
    """
    bins = [_bins(one), _bins(other)]
    same = one.pixels.dtype == other.pixels.dtype and one.unit == other.unit
    if same and bins[0] is not None and bins[1] is not None:
        bins = [common_bins(bins[0], bins[1], _MAX_BINS)] * 2
    first, second = (
        None if chosen is None else _chart(image, chosen)
        for image, chosen in zip((one, other), bins, strict=True)
    )
    return first, second


def _bins(image: Image) -> Bins | None:
    try:
        return bins_of(image, _MAX_BINS)
    except ImagingError:
        return None


def _chart(image: Image, bins: Bins) -> Chart:
    pixels, counts = histogram(image, bins, "rgb" if image.is_colour else "grey")
    most = max(int(channel.max()) for channel in counts.values())
    paths = [(name, _outline(channel, most)) for name, channel in counts.items()]
    frames = f" of {len(image.pixels)} frames" if len(image.pixels) > 1 else ""
    width = f"{bins.width:g} wide" if bins.width != 1 else "one for each value"
    words = (
        f"{pixels:,} pixels{frames}; bins {width}, at most {most:,} pixels in one; the height is"
        " logarithmic."
    )
    label = f"{image.unit} values" if image.unit in NO_UNITS else f"values in {image.unit}"
    ends = value_text(bins.start), value_text(bins.stop)
    return Chart(bins.count, _HEIGHT, paths, *ends, label, words)


def _outline(counts: npt.NDArray[np.int64], most: int) -> str:
    """Return the SVG path around the bars of a histogram.

    >>> _outline(np.array([0, 9, 9, 99]), 99)
    'M0,100H1V50H3V0H4V100Z'
    """
    heights = np.log1p(counts) / np.log1p(max(most, 1)) * _HEIGHT
    path, level = f"M0,{_HEIGHT}", f"{_HEIGHT}"
    for index, height in enumerate(heights):
        reached = f"{round(_HEIGHT - float(height), 1):g}"
        if reached != level:
            path += f"H{index}V{reached}" if index else f"V{reached}"
            level = reached
    return f"{path}H{len(counts)}{'' if level == str(_HEIGHT) else f'V{_HEIGHT}'}Z"
