"""Padding of DICOM images: pixels that stand for nothing measured, such as around a round scan."""

from typing import Any

import numpy as np
import numpy.typing as npt
from pydicom.datadict import keyword_for_tag
from pydicom.dataset import Dataset

from mapreduce_jobs.imaging.dicom.element_values import numbers
from mapreduce_jobs.imaging.dicom.file import Layout
from mapreduce_jobs.imaging.image import Pixels

__all__ = ["padding"]

# Pixel Padding Value and Pixel Padding Range Limit, of integers and of floats.
_PADDING = {
    "PixelData": (0x00280120, 0x00280121),
    "FloatPixelData": (0x00280122, 0x00280124),
    "DoubleFloatPixelData": (0x00280123, 0x00280125),
}


def padding(pixels: Pixels, dataset: Dataset, layout: Layout) -> npt.NDArray[np.bool_] | None:
    """Return which pixels are padding: a background that was not measured (PS3.3 C.7.5.1.1.2).

    Parameters
    ----------
    pixels : ndarray, shape (frames, rows, columns)
        As stored.
    dataset : Dataset
        The header: Pixel Padding Value (0028,0120), and Pixel Padding Range Limit (0028,0121) if
        all values from the one to the other are padding.
    layout : Layout
        As `open_dataset` gives it.

    Returns
    -------
    ndarray of bool or None
        Of the shape of the pixels; None if the header has no padding, or no pixel has it.

    Raises
    ------
    CorruptImage
        The header's value cannot be read.
    """
    value_tag, limit_tag = _PADDING[layout.element]
    if value_tag not in dataset or not layout.is_grey:
        return None
    value = _as_stored(dataset, value_tag, pixels.dtype)
    limit = _as_stored(dataset, limit_tag, pixels.dtype) if limit_tag in dataset else value
    if value is None or limit is None:
        return None
    if value == limit:
        mask = pixels == value
    else:
        mask = (pixels >= min(value, limit)) & (pixels <= max(value, limit))
    return mask if mask.any() else None


def _as_stored(dataset: Dataset, tag: int, dtype: np.dtype[Any]) -> float | None:
    """Return a value of the header as the pixels have it; None if it is empty.

    Some files write a negative value as an unsigned one.
    """
    element: Any = dataset.get_item(tag)
    if dtype.kind != "f" and isinstance(element.value, bytes) and len(element.value) == 2:
        # Not converted yet, which would take longer than looking at all pixels of a small image.
        return int.from_bytes(
            element.value,
            "little" if element.is_little_endian else "big",
            signed=dtype.kind == "i",
        )
    found = numbers(dataset, keyword_for_tag(tag))
    return found[0] if found else None
