"""Boxes of text in pixels, found by a neural network; what the text says is not read.

The network is PP-OCRv6's small detector (Apache-2.0), a file of 10 MB within the package rapidocr;
onnxruntime runs it, in one thread. Nothing is downloaded. It returns for each pixel whether it is
in the shrunk outline of a line of text (Differentiable Binarization, Liao et al., AAAI 2020).
"""

import importlib.util
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from mapreduce_jobs.imaging.errors import MissingExtra
from mapreduce_jobs.imaging.image import Pixels
from mapreduce_jobs.privacy.pixels.rectangle import Rectangle

__all__ = ["check", "find_text"]

_WHAT = "finding text in pixels"
_EXTRA = "ocr"

# What the network was made for: https://github.com/PaddlePaddle/PaddleOCR, and rapidocr's own
# settings. Probabilities above the first make an outline; one whose mean is below the second is
# none. Outlines are shrunk by area × ratio / perimeter.
_OUTLINE, _SURE, _RATIO = 0.3, 0.5, 1.6
_STRIDE = 32  # its sides are multiples of this
_MIN_SIDE = 736  # smaller images are enlarged, up to four times
_MAX_ENLARGED = 4
_TILE, _OVERLAP = 1024, 128  # of larger images
_THINNEST = 3  # pixels of an outline

# A body that fills the picture has an outline like a letter's.
_HIGHEST = 1 / 4  # of the shorter side

_PERCENTILES = (1, 99)

Bytes = npt.NDArray[np.uint8]


def check() -> None:
    """Check that the packages of the extra ``ocr`` are installed.

    Raises
    ------
    MissingExtra
        They are not.
    """
    _model()
    if importlib.util.find_spec("onnxruntime") is None:
        raise MissingExtra(_WHAT, "onnxruntime", _EXTRA)


def find_text(pixels: Pixels) -> list[Rectangle]:
    """Find lines of text in one frame.

    Grey levels of more than 8 bits are brought to 8 twice, for finding only: by their least and
    greatest value, and by their 1st and 99th percentile, so that neither a few bright pixels nor
    a narrow range hides text. Text higher than a quarter of the frame's shorter side is not found,
    and letters below about 6 pixels may not be.

    Parameters
    ----------
    pixels : ndarray
        Rows × columns, or rows × columns × 3 (red, green, blue).

    Returns
    -------
    list of Rectangle
        Around each line, within the frame, from top to bottom; they may overlap.

    Raises
    ------
    MissingExtra
        The extra ``ocr`` is not installed.
    """
    rows, columns = pixels.shape[:2]
    factor = min(max(_MIN_SIDE / min(rows, columns), 1), _MAX_ENLARGED)
    found = {
        rectangle
        for view in _views(pixels)
        for box in _boxes_at_scales(_scaled(view, factor))
        if (rectangle := _rectangle(box / factor, rows, columns))
    }
    return sorted(found, key=lambda one: (one.top, one.left, one.width, one.height))


def _views(pixels: Pixels) -> Iterator[Bytes]:
    """Iterate over the frame in 8 bits, blue first, as the network has learnt it."""
    if pixels.dtype != np.uint8:
        values = np.nan_to_num(pixels.astype(np.float64), nan=0, posinf=np.inf, neginf=-np.inf)
        finite = values[np.isfinite(values)]
        if not finite.size:
            return
        ranges = {
            (float(finite.min()), float(finite.max())),
            tuple(map(float, np.percentile(finite, _PERCENTILES))),
        }
        views = [_within(values, low, high) for low, high in sorted(ranges) if high > low]
    else:
        views = [pixels]
    for view in views:
        colour = view[..., ::-1] if view.ndim == 3 else np.repeat(view[..., np.newaxis], 3, axis=2)
        yield np.ascontiguousarray(colour)


def _within(values: npt.NDArray[np.float64], low: float, high: float) -> Bytes:
    return np.rint(np.clip((values - low) / (high - low), 0, 1) * 255).astype(np.uint8)


def _scaled(view: Bytes, factor: float) -> Bytes:
    if factor == 1:
        return view
    interpolation = cv2.INTER_CUBIC if factor > 1 else cv2.INTER_AREA
    sides = [max(round(side * factor), 1) for side in (view.shape[1], view.shape[0])]
    scaled: Any = cv2.resize(view, sides, interpolation=interpolation)
    return scaled


def _boxes_at_scales(view: Bytes) -> Iterator[npt.NDArray[np.float64]]:
    """Iterate over left, top, right and bottom of what is found; of large views also shrunk."""
    longest = max(view.shape[:2])
    if longest > _TILE:
        factor = _TILE / longest
        for box in _boxes(_scaled(view, factor)):
            yield box / factor
    for top in _starts(view.shape[0]):
        for left in _starts(view.shape[1]):
            for box in _boxes(view[top : top + _TILE, left : left + _TILE]):
                yield box + np.array((left, top) * 2)


def _starts(length: int) -> list[int]:
    """Return where tiles begin that overlap and end with the image.

    >>> _starts(1024), _starts(2048)
    ([0], [0, 512, 1024])
    """
    if length <= _TILE:
        return [0]
    steps = -(-(length - _TILE) // (_TILE - _OVERLAP))
    return [(length - _TILE) * step // steps for step in range(steps + 1)]


def _boxes(tile: Bytes) -> Iterator[npt.NDArray[np.float64]]:
    probabilities = _probabilities(tile)
    mask = (probabilities > _OUTLINE).astype(np.uint8)
    count, labels, boxes, _ = cv2.connectedComponentsWithStats(mask, connectivity=8)
    for label in range(1, count):
        left, top, width, height = (int(number) for number in boxes[label][:4])
        part = np.s_[top : top + height, left : left + width]
        if min(width, height) < _THINNEST:
            continue
        if probabilities[part][labels[part] == label].mean() < _SURE:
            continue
        shrunk = width * height * _RATIO / (2 * (width + height))
        box = np.array(
            [left - shrunk, top - shrunk, left + width + shrunk, top + height + shrunk], np.float64
        )
        if min(width, height) + 2 * shrunk <= min(tile.shape[:2]) * _HIGHEST:
            yield box


def _probabilities(tile: Bytes) -> npt.NDArray[np.float32]:
    rows, columns = tile.shape[:2]
    padded = cv2.copyMakeBorder(
        tile, 0, -rows % _STRIDE, 0, -columns % _STRIDE, cv2.BORDER_REPLICATE
    )
    values = (padded.astype(np.float32) / 255 - 0.5) / 0.5
    session = _session()
    name = session.get_inputs()[0].name
    (result,) = session.run(None, {name: values.transpose(2, 0, 1)[np.newaxis]})
    probabilities: npt.NDArray[np.float32] = result[0, 0, :rows, :columns]
    return probabilities


def _rectangle(box: npt.NDArray[np.float64], rows: int, columns: int) -> Rectangle | None:
    left, top = np.maximum(np.floor(box[:2]).astype(int), 0).tolist()
    right, bottom = np.minimum(np.ceil(box[2:]).astype(int), (columns, rows)).tolist()
    if left >= right or top >= bottom:
        return None
    return Rectangle(left, top, right - left, bottom - top)


def _model() -> Path:
    """Return the file of the network; rapidocr itself, which takes long to import, is not."""
    spec = importlib.util.find_spec("rapidocr")
    directories = spec.submodule_search_locations if spec else None
    models = [
        path
        for directory in directories or ()
        for path in Path(directory).glob("models/*_det_*.onnx")
    ]
    if len(models) != 1:
        raise MissingExtra(_WHAT, "rapidocr 3.10", _EXTRA)
    return models[0]


@cache
def _session() -> Any:
    check()
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.enable_cpu_mem_arena = False  # which would keep the memory of the largest tile
    options.log_severity_level = 4
    return onnxruntime.InferenceSession(str(_model()), options, providers=["CPUExecutionProvider"])
