"""Pictures of images: which values are black and which white, the same for two where that is fair.

Looking at an image needs 8 bits. How its values become these is a `Scale`, which says itself in a
sentence; values themselves are never changed.
"""

import contextlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt

from mapreduce_jobs.imaging.arrays.frames import full_range
from mapreduce_jobs.imaging.decode import decode_file
from mapreduce_jobs.imaging.errors import CorruptImage, UnsuitableImage
from mapreduce_jobs.imaging.image import Image, Pixels
from mapreduce_jobs.imaging.measures.grey_levels import Levels, levels_of
from mapreduce_jobs.imaging.measures.levels import finite
from mapreduce_jobs.imaging.operations.intensity import levels_in_window

if TYPE_CHECKING:  # slow to import
    from pydicom.dataset import Dataset

__all__ = ["NO_UNITS", "Picture", "Scale", "picture", "scales", "value_text"]

NO_UNITS = ("stored", "display", "unspecified")
"""Units of images that are not written behind a number."""

_PERCENTILES = (0.5, 99.5)
_SQUARES = 32  # of the shorter side
_CHEQUERS = (64, 32)  # grey levels of what is padding
_FEW = 32  # grey levels, at least 256 / 32 apart when they are stretched
_ALL, _FEW_LEVELS, _EXTREMES = "the full range", "its few levels", "least to greatest"
_BOTH = "the range that holds both"
_STRETCH = "{:g}th to {:g}th percentile".format(*_PERCENTILES)
_WINDOW = "the header's window"


def value_text(number: float) -> str:
    """Return a number as texts have it.

    >>> value_text(-1024.0), value_text(0.1234567)
    ('−1024', '0.123457')
    """
    return f"{number:.6g}".replace("-", "−")


@dataclass(frozen=True)
class Scale:
    """How values become grey levels from 0, black, to 255, white.

    Attributes
    ----------
    low, high : float
        The values that become the ends, what is beyond them too. Of a sigmoid, the ends of its
        window: there are levels beyond.
    source : str
        Where the two come from.
    is_sigmoid : bool
        Whether levels follow DICOM's sigmoid, else they are linear between.
    is_inverted : bool
        Whether low values are white.
    """

    low: float
    high: float
    source: str
    is_sigmoid: bool = False
    is_inverted: bool = False

    def __call__(self, values: Pixels) -> npt.NDArray[np.uint8]:
        """Return the grey levels of values of any shape; what is not a number is like the least.

        >>> Scale(-160, 240, "")(np.int16([-1000, -160, 40, 240])).tolist()
        [0, 0, 128, 255]
        """
        centre, width = self.low + (self.high - self.low) / 2, self.high - self.low
        function: Literal["sigmoid", "linear_exact"]
        function = "sigmoid" if self.is_sigmoid and width else "linear_exact"
        levels = levels_in_window(values, centre, width, function, 8).astype(np.uint8)
        return 255 - levels if self.is_inverted else levels

    def words(self, unit: str) -> str:
        """Return the scale as a sentence without its full stop.

        >>> Scale(-160, 240, "the header's window").words("HU")
        "black is −160 HU, white 240 HU: the header's window"
        """
        black, white = self._ends
        of = "" if unit in NO_UNITS else f" {unit}"
        sigmoid = ", sigmoid" if self.is_sigmoid else ""
        ends = f"black is {value_text(black)}{of}, white {value_text(white)}{of}"
        return f"{ends}: {self.source}{sigmoid}"

    def brief(self, unit: str) -> str:
        """Return the values that are black and white.

        >>> Scale(-160, 240, "").brief("HU")
        '−160 … 240 HU'
        """
        black, white = self._ends
        return f"{value_text(black)} … {value_text(white)}{'' if unit in NO_UNITS else f' {unit}'}"

    @property
    def _ends(self) -> tuple[float, float]:
        return (self.high, self.low) if self.is_inverted else (self.low, self.high)


@dataclass(frozen=True, eq=False)
class Picture:
    """An image that is to be looked at.

    Attributes
    ----------
    image : Image
        With its own values.
    format : str
        Of its file, such as ``"DICOM"``.
    own : Scale
        How it is shown by itself.
    """

    image: Image
    format: str
    own: Scale

    @property
    def middle(self) -> int:
        """The frame that stands for all of them."""
        return len(self.image.pixels) // 2

    def levels(self, frame: int, scale: Scale) -> npt.NDArray[np.uint8]:
        """Return a frame as it is shown, rows × columns, of colour × 3; padding is chequered."""
        levels = scale(self.image.pixels[frame])
        if self.image.padding is not None:
            mask = self.image.padding[frame]
            levels[mask] = _chequered(*mask.shape)[mask].reshape(-1, *(1,) * (levels.ndim - 2))
        return levels


def _chequered(rows: int, columns: int) -> npt.NDArray[np.uint8]:
    """Return squares of two dark greys in turn, which no tissue looks like.

    >>> _chequered(1, 6).tolist()
    [[32, 32, 64, 64, 32, 32]]
    """
    side = max(2, min(rows, columns) // _SQUARES)
    row, column = np.ogrid[:rows, :columns]
    return np.where((row // side + column // side) % 2, *_CHEQUERS).astype(np.uint8)


def picture(data: bytes, max_pixels: int, values: str = "stored", window: int = 1) -> Picture:
    """Decode an image and find how to show it.

    The window of a DICOM header is what a grey image is shown through. Without one, 8 bits are
    shown as they are, and so is colour; integers of fewer than 32 neighbouring levels, such as
    labels, from the least to the greatest; all else from the 0.5th to the 99.5th percentile.

    Parameters
    ----------
    data : bytes
        The whole file.
    max_pixels, values, window
        As `decode` has them.

    Returns
    -------
    Picture

    Raises
    ------
    ImagingError
        As `decode`; `UnsuitableImage` also if no pixel is a finite number.
    """
    decoded = decode_file(data, max_pixels, values, window)
    image, header = decoded.image, decoded.header
    own = _own(image)
    if header is not None and not image.is_colour and image.unit != "display":
        with contextlib.suppress(CorruptImage):  # then it is shown as one without a window
            own = _of_header(header, image, own)
    return Picture(image, decoded.format, own)


def _own(image: Image) -> Scale:
    """Return how an image is shown by what its values are."""
    pixels = image.pixels
    if image.is_colour and pixels.dtype.kind == "f":
        known = finite(pixels[np.isfinite(pixels)])
        if not known.size:
            raise UnsuitableImage("no pixel is a finite number")
        return Scale(float(known.min()), float(known.max()), _EXTREMES)
    if image.is_colour:
        return Scale(*full_range(image), _ALL)
    levels = levels_of(image)
    least, greatest = float(levels.values[0]), float(levels.values[-1])
    if pixels.dtype.kind in "iu" and 0 < greatest - least < _FEW:
        return Scale(least, greatest, _FEW_LEVELS)
    if pixels.dtype == np.uint8 or image.unit == "display":
        return Scale(*full_range(image), _ALL)
    low, high = (_percentile(levels, percent) for percent in _PERCENTILES)
    return Scale(low, high, _STRETCH) if low < high else Scale(least, greatest, _EXTREMES)


def _percentile(levels: Levels, percent: float) -> float:
    """Return the least value that so many of 100 pixels do not exceed."""
    reached = np.cumsum(levels.counts)
    index = np.searchsorted(reached, percent / 100 * reached[-1])
    return float(levels.values[min(int(index), len(levels.values) - 1)])


def _of_header(header: "Dataset", image: Image, otherwise: Scale) -> Scale:
    """Return the window of a DICOM file in the values of the image, if it has one."""
    from mapreduce_jobs.imaging.dicom.element_values import READ_ERRORS, group, numbers

    frame = len(image.pixels) // 2
    inverted = header.get("PhotometricInterpretation") == "MONOCHROME1"
    otherwise = replace(otherwise, is_inverted=inverted)
    try:
        voi = group(header, frame, "FrameVOILUTSequence")
        modality = group(header, frame, "PixelValueTransformationSequence")
        is_stored = image.unit == "stored"
        tables = voi.get("VOILUTSequence") or (is_stored and modality.get("ModalityLUTSequence"))
        centres, widths = numbers(voi, "WindowCenter"), numbers(voi, "WindowWidth")
        slopes = numbers(modality, "RescaleSlope") if is_stored else []
        intercepts = numbers(modality, "RescaleIntercept") if is_stored else []
        function = str(voi.get("VOILUTFunction") or "LINEAR").strip().upper()
    except READ_ERRORS:
        return otherwise
    slope, intercept = (slopes or [1.0])[0], (intercepts or [0.0])[0]
    if tables or not (centres and widths) or widths[0] <= 0 or slope == 0:
        return otherwise
    centre, width = centres[0], widths[0]
    if function == "LINEAR":  # PS3.3 C.11.2.1.2.1
        centre, width = centre - 0.5, max(width - 1, 0.0)
    ends = [(end - intercept) / slope for end in (centre - width / 2, centre + width / 2)]
    return Scale(min(ends), max(ends), _WINDOW, function == "SIGMOID", inverted != (slope < 0))


def scales(one: Picture, other: Picture) -> tuple[Scale, Scale, str]:
    """Return how two pictures are shown beside each other.

    Where they share dtype and unit, equal values look equal: both are shown through the window in
    the header of the first, else in the range that holds those of both. A picture of few levels
    beside one of many is the exception, for it would be black.

    Parameters
    ----------
    one, other : Picture
        Two pictures.

    Returns
    -------
    one, other : Scale
        How each is shown.
    words : str
        A sentence that says whether equal values look equal.
    """
    first, second = one.own, other.own
    for what, kind in _KINDS.items():
        values = kind(one.image), kind(other.image)
        if values[0] != values[1]:
            return first, second, _apart(f"{what} differs: {values[0]}, {values[1]}")
    few = [scale.source == _FEW_LEVELS for scale in (first, second)]
    if few[0] != few[1]:
        return first, second, _apart("one of them has few levels")
    if first.source != _WINDOW:
        low, high = min(first.low, second.low), max(first.high, second.high)
        source = first.source if (low, high) == (first.low, first.high) else _BOTH
        first = Scale(low, high, source, is_inverted=first.is_inverted)
    return first, first, "Both are shown in the same way: equal values look equal."


_KINDS: dict[str, Callable[[Image], Any]] = {
    "colour": lambda image: "colour" if image.is_colour else "grey",
    "the type of the values": lambda image: str(image.pixels.dtype),
    "the unit": lambda image: image.unit,
}


def _apart(reason: str) -> str:
    return f"Each is shown in its own way, because {reason}."
