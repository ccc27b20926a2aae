"""Modality values of DICOM files, with their unit, and grey levels for display.

Grey levels go from the file to the screen in steps (PS3.4 N.2): the modality's, which gives values
with a unit, such as Hounsfield units; the window or table of values of interest (VOI); and, where
the greatest value is black (MONOCHROME1), an inversion. Each frame may have steps of its own, in
the functional groups of a multi-frame file.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import reduce
from typing import Any

import numpy as np
import numpy.typing as npt
from pydicom.dataset import Dataset

from mapreduce_jobs.imaging.dicom.element_values import READ_ERRORS, group, named, numbers, reason
from mapreduce_jobs.imaging.dicom.file import PIXEL_ELEMENTS, Layout
from mapreduce_jobs.imaging.dicom.header import FUNCTIONAL_GROUPS
from mapreduce_jobs.imaging.dicom.lookup_table import Table, table_of
from mapreduce_jobs.imaging.dicom.modality_steps import Mapping, Rescale, meaning, modality_step
from mapreduce_jobs.imaging.errors import CorruptImage, UnsuitableImage, Unsupported
from mapreduce_jobs.imaging.image import Image, Pixels, common_unit
from mapreduce_jobs.imaging.operations.intensity import WindowFunction, levels_in_window

__all__ = ["display", "modality", "rescaling"]

_WHOLE = (np.dtype(np.int16), np.dtype(np.int32))
_FUNCTIONS: dict[str, WindowFunction] = {
    "LINEAR": "linear",
    "LINEAR_EXACT": "linear_exact",
    "SIGMOID": "sigmoid",
}
_MAX_BITS = 16  # of what is displayed


@dataclass(frozen=True)
class _Window:
    """A window of values (PS3.3 C.11.2.1.2), shown as 0 to 2^bits − 1."""

    centre: float
    width: float
    function: WindowFunction
    bits: int

    def __call__(self, values: Pixels) -> npt.NDArray[np.floating]:
        return levels_in_window(values, self.centre, self.width, self.function, self.bits)


# The modality's step


def modality(image: Image, dataset: Dataset) -> Image:
    """Return what the stored values mean.

    By the modality's table, or by rescale slope and intercept; if there is neither, doses by Dose
    Grid Scaling (3004,000E), others by the first item of Real World Value Mapping Sequence
    (0040,9096). Stored values that this does not map become NaN.

    Parameters
    ----------
    image : Image
        Grey, as stored.
    dataset : Dataset
        The header.

    Returns
    -------
    Image
        The stored values where there is none of them, and where the slope is 1 and the intercept
        0. int16, or int32, where slope and intercept are integers and all values fit; the table's
        uint8 or uint16; else float64. The unit is Rescale Type (0028,1054) or Modality LUT Type
        (0028,3004), else ``"HU"`` of CT and Units (0054,1001) of PET; of doses Dose Units
        (3004,0002), of real world values the code of Measurement Units Code Sequence (0040,08EA);
        else ``"unspecified"``. It stays ``"stored"`` where there is no step at all.

    Raises
    ------
    CorruptImage
        A slope, an intercept, a table or a mapping cannot be read.

    Examples
    --------
    >>> header = Dataset()
    >>> header.Modality, header.RescaleSlope, header.RescaleIntercept = "CT", 1, -1024
    >>> image = modality(Image(np.uint16([[[24, 1024, 2024]]]), bits=12), header)
    >>> image.pixels.tolist(), str(image.pixels.dtype), image.unit
    ([[[-1000, 0, 1000]]], 'int16', 'HU')
    >>> header = Dataset()
    >>> header.DoseGridScaling, header.DoseUnits = "0.25", "GY"
    >>> image = modality(Image(np.uint16([[[0, 4, 8]]]), bits=16), header)
    >>> image.pixels.tolist(), image.unit
    ([[[0.0, 1.0, 2.0]]], 'GY')
    """
    return _through_steps(
        image, dataset, lambda frame: modality_step(dataset, frame) or meaning(dataset, frame)
    )


def _through_steps(
    image: Image, dataset: Dataset, step_of: Callable[[int], Rescale | Table | Mapping | None]
) -> Image:
    """Return what frames become by their steps; without groups of their own, all by one."""
    have_own = FUNCTIONAL_GROUPS[1] in dataset
    count = len(image.pixels)
    steps = [step_of(frame) for frame in range(count)] if have_own else [step_of(0)] * count
    unit = reduce(common_unit, (step.unit if step else "stored" for step in steps))
    image = replace(image, unit=unit)
    if all(step is None or step == Rescale(1, 0, step.unit) for step in steps):
        return image
    table = next((step for step in steps if isinstance(step, Table)), None)
    if table is not None:  # of which a file has one, for all its frames
        pixels = np.empty(image.pixels.shape, table.entries.dtype)
        for frame, out in zip(image.pixels, pixels, strict=True):
            out[...] = _through(table, frame)
        return replace(image, pixels=pixels, bits=table.bits)
    rescales = [
        step if isinstance(step, Rescale | Mapping) else Rescale(1, 0, "") for step in steps
    ]
    dtype = _whole_dtype(image.pixels, rescales)
    pixels = np.empty(image.pixels.shape, dtype or np.float64)
    for frame, rescale, out in zip(image.pixels, rescales, pixels, strict=True):
        if dtype and isinstance(rescale, Rescale):
            out[...] = frame.astype(np.int64) * int(rescale.slope) + int(rescale.intercept)
        else:
            out[...] = rescale(frame)
    return replace(image, pixels=pixels, bits=pixels.dtype.itemsize * 8)


def rescaling(dataset: Dataset, frame: int = 0) -> tuple[float, float]:
    """Return slope and intercept of a frame, counted from 0; 1 and 0 if there are none.

    Raises
    ------
    CorruptImage
        They cannot be read.
    """
    try:
        step = modality_step(dataset, frame) or meaning(dataset, frame)
    except READ_ERRORS as error:
        raise CorruptImage(f"DICOM: its values cannot be read: {reason(error)}") from error
    if isinstance(step, Rescale | Mapping):
        return step.slope, step.intercept
    return 1.0, 0.0


def _whole_dtype(pixels: Pixels, rescales: Sequence[Rescale | Mapping]) -> np.dtype[Any] | None:
    """Return the narrowest integers that hold all values exactly; None if none do."""
    if pixels.dtype.kind not in "iu" or not all(rescale.is_whole for rescale in rescales):
        return None
    ends = []
    for frame, rescale in zip(pixels, rescales, strict=True):
        slope, intercept = int(rescale.slope), int(rescale.intercept)
        ends += [int(value) * slope + intercept for value in (frame.min(), frame.max())]
    for dtype in _WHOLE:
        limits = np.iinfo(dtype)
        if limits.min <= min(ends) and max(ends) <= limits.max:
            return dtype
    return None


# Values of interest


def display(image: Image, dataset: Dataset, layout: Layout, window: int) -> Image:
    """Return the grey levels that a viewer shows: 0 is black, 2^bits − 1 white.

    Parameters
    ----------
    image : Image
        Grey, as stored.
    dataset : Dataset
        The header.
    layout : Layout
        As `open_dataset` gives it.
    window : int
        Which of the file's VOI tables and windows, counted from 1; the tables come first. A file
        without any is shown from its least to its greatest finite value; padding does not count.

    Returns
    -------
    Image
        uint8 or uint16. Its bits are those stored, at most 16, or those of the table. The unit is
        ``"display"``. What is not a number is shown as 0, before MONOCHROME1 is inverted.

    Raises
    ------
    DecodeError
        `CorruptImage` if a window or a table cannot be read, `Unsupported` if it is of an unknown
        kind, or no pixel can be shown.
    UnsuitableImage
        The file has fewer windows.
    """
    image = _through_steps(image, dataset, lambda frame: modality_step(dataset, frame))
    bits = min(layout.bits, _MAX_BITS)
    steps: list[_Window | Table] = []
    whole: _Window | None = None
    for frame in range(len(image.pixels)):
        step = _display_step(dataset, frame, layout, window)
        if step is None:
            step = whole = whole or _least_to_greatest(image, bits)
        steps.append(step)
    bits = max(step.bits for step in steps)
    pixels = np.empty(image.pixels.shape, np.uint8 if bits <= 8 else np.uint16)
    for levels, step, out in zip(image.pixels, steps, pixels, strict=True):
        out[...] = _through(step, levels)
    if layout.photometric == "MONOCHROME1":
        np.subtract((1 << bits) - 1, pixels, out=pixels)
    return replace(image, pixels=pixels, bits=bits, unit="display")


def _display_step(
    dataset: Dataset, frame: int, layout: Layout, window: int
) -> _Window | Table | None:
    """Return a frame's step by its number; None for the first of a frame that has none."""
    found = group(dataset, frame, "FrameVOILUTSequence")
    tables = [item for item in found.get("VOILUTSequence") or () if "LUTData" in item]
    centres, widths = numbers(found, "WindowCenter"), numbers(found, "WindowWidth")
    count = len(tables) + min(len(centres), len(widths))
    if window > count:
        if window == 1:
            return None
        has = {0: "no window", 1: "1 window"}.get(count, f"{count} windows")
        raise UnsuitableImage(f"it has {has}, and none with the number {window}")
    if window <= len(tables):
        is_signed = _may_be_negative(dataset, frame, layout)
        return table_of(tables[window - 1], dataset, "display", is_signed)
    index = window - len(tables) - 1
    name = str(found.get("VOILUTFunction") or "LINEAR").strip().upper()
    function = _FUNCTIONS.get(name)
    if function is None:
        raise Unsupported(f"its {named('VOILUTFunction')} is {name}")
    if widths[index] <= 0:
        raise CorruptImage(f"its {named('WindowWidth')} is {widths[index]:g}, not above 0")
    if widths[index] < 1 and function == "linear":  # of small values, as of PET, LINEAR has none
        function = "linear_exact"
    return _Window(centres[index], widths[index], function, min(layout.bits, _MAX_BITS))


def _may_be_negative(dataset: Dataset, frame: int, layout: Layout) -> bool:
    """Return whether values of the modality may be negative, if no pixel is (PS3.3 C.11.2.1.1)."""
    if layout.element != PIXEL_ELEMENTS[0]:
        return True
    is_signed = dataset.get("PixelRepresentation") == 1
    step = modality_step(dataset, frame)
    if not isinstance(step, Rescale):
        return is_signed and step is None  # a table has none
    least = -(1 << (layout.bits - 1)) if is_signed else 0
    ends = np.array([least, least + (1 << layout.bits) - 1])
    return step.unit == "HU" or bool(step(ends).min() < 0)


def _least_to_greatest(image: Image, bits: int) -> _Window:
    levels = image.pixels
    if image.padding is not None and not image.padding.all():
        levels = levels[~image.padding]
    if levels.dtype.kind == "f":
        levels = levels[np.isfinite(levels)]
    if not levels.size:
        raise Unsupported("no pixel is a finite number, so none can be displayed")
    low, high = float(levels.min()), float(levels.max())
    if not math.isfinite(high - low):
        raise Unsupported(f"its values, {low:g} to {high:g}, are too far apart to be displayed")
    return _Window(low + (high - low) / 2, high - low, "linear_exact", bits)


def _through(step: Callable[[Pixels], Pixels], levels: Pixels) -> Pixels:
    """Return what levels become; where they are few and often the same, each is done once."""
    if levels.dtype.kind in "iu" and levels.dtype.itemsize <= 2:
        least, greatest = int(levels.min()), int(levels.max())
        if greatest - least < levels.size:
            each = step(np.arange(least, greatest + 1)).astype(np.uint16)
            return each[levels.astype(np.intp) - least]
    return step(levels)
