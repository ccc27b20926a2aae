"""Images at places between their pixels, computed in float64.

OpenCV's `warpAffine` and `remap` place a sample to 1/32 pixel or in 32-bit floats, as its version
and the dtype have it, and the weights of `resize` have 24 bits, where samples may have 32. Here
positions and weights are float64, whatever the dtype.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Literal

import numpy as np
import numpy.typing as npt

from mapreduce_jobs.imaging.arrays.frames import each_frame, fitted
from mapreduce_jobs.imaging.arrays.parameters import Border
from mapreduce_jobs.imaging.errors import BadParameter, UnsuitableImage
from mapreduce_jobs.imaging.image import Image, Pixels
from mapreduce_jobs.imaging.operations.extent import check_fill, inside, limit_size

__all__ = ["REACH", "Interpolation", "resized", "warp"]

Interpolation = Literal["nearest", "linear", "cubic", "lanczos"]
"""How a value between pixels follows from those around it.

``nearest``: the nearest pixel, the right or lower one of two. ``linear``: 2 × 2 pixels.
``cubic``: 4 × 4, the convolution of Keys (IEEE Trans. ASSP 29(6), 1981) with a = -0.75, as in
OpenCV. ``lanczos``: 8 × 8, sinc(d) · sinc(d / 4), the weights divided by their sum.
"""

REACH = 10_000_000
"""Pixels that a transform may lead outside an image."""

_Floats = npt.NDArray[np.float64]
# The pixels of an axis that go into values, and their weights: an array each for every tap.
_Taps = tuple[Sequence[npt.NDArray[np.intp]], Sequence[_Floats]]

_AT_A_TIME = 1 << 16  # pixels whose intermediate results stay in the processor's cache


def warp(
    image: Image,
    matrix: npt.ArrayLike,
    shape: tuple[int, int],
    *,
    interpolation: Interpolation = "linear",
    border: Border = "constant",
    fill: float = 0.0,
) -> Image:
    """Transform an image by an affine map.

    As with OpenCV's ``WARP_INVERSE_MAP`` the map goes from the result to the image: the result
    at column x and row y is the image at (a x + b y + c, d x + e y + f). Values are exact where
    that is the centre of a pixel. Elsewhere they differ from those of exact arithmetic by at most
    1e-12 of the largest value, measured to 4000 pixels a side. Pixels that are not numbers make
    those whose value they have a part in not numbers.

    Parameters
    ----------
    image : Image
        Grey or colour, any dtype.
    matrix : array_like, shape (2, 3)
        ``((a, b, c), (d, e, f))``.
    shape : tuple of int
        Rows and columns of the result.
    interpolation : {"nearest", "linear", "cubic", "lanczos"}, optional
        How to compute values between pixels; see `Interpolation`.
    border : str, optional
        What lies outside the image; see `Border`.
    fill : float, optional
        The value outside for ``"constant"``. It goes into what is interpolated less than a
        pixel (of ``"lanczos"``, four) from the image.

    Returns
    -------
    Image
        Rounded and clipped as `fitted` does it. Spacing stays: only the caller knows it.

    Raises
    ------
    BadParameter
        The matrix is not 2 × 3 finite numbers.
    UnsuitableImage
        The fill is not a value that the image can have, the result would be too large, or it
        would lie more than `REACH` pixels outside the image.

    Examples
    --------
    A quarter of a pixel from 10 to 20:

    >>> image = Image(np.uint8([[[10, 20]]]), 8)
    >>> warp(image, [[1, 0, 0.25], [0, 1, 0]], (1, 1)).pixels.item()  # 12.5, half to even
    12
    """
    inverse = np.asarray(matrix, np.float64)
    if inverse.shape != (2, 3) or not np.isfinite(inverse).all():
        raise BadParameter("the matrix of a transform must have 2 rows of 3 finite numbers")
    limit_size(image, *shape)
    _check_reach(inverse, shape)
    if border == "constant":
        check_fill(image, fill)
    rows, columns = image.pixels.shape[1:3]
    taps = partial(_taps, interpolation=interpolation, border=border)

    def transform(frame: Pixels) -> _Floats:
        values = frame.astype(np.float64)
        if border == "constant":
            # As the last row and column, where index -1 finds it.
            beyond = ((0, 1), (0, 1)) + ((0, 0),) * (frame.ndim - 2)
            values = np.pad(values, beyond, constant_values=fill)
        if inverse[0, 1] == inverse[1, 0] == 0:
            down = taps(inverse[1, 1] * np.arange(shape[0]) + inverse[1, 2], rows)
            across = taps(inverse[0, 0] * np.arange(shape[1]) + inverse[0, 2], columns)
            return _along(_along(values, 0, down), 1, across)
        result = np.empty((*shape, *values.shape[2:]))
        finite = bool(np.isfinite(values).all())
        step = max(1, _AT_A_TIME // shape[1])
        for top in range(0, shape[0], step):
            part = result[top : top + step]
            x, y = _positions(inverse, np.arange(top, top + len(part)), np.arange(shape[1]))
            _scatter(values, taps(y, rows), taps(x, columns), finite, part)
        return result

    return _computed(image, transform)


def resized(
    image: Image,
    rows: int,
    columns: int,
    interpolation: Interpolation | Literal["auto", "area"] = "auto",
) -> Image:
    """Sample an image at another number of rows and columns over the same area.

    Parameters
    ----------
    image : Image
        Grey or colour, any dtype.
    rows, columns : int
        Size of the result.
    interpolation : {"auto", "nearest", "linear", "cubic", "area", "lanczos"}, optional
        ``"area"``: the mean of the area that a pixel covers. ``"auto"``: along each axis area
        where it shrinks, linear else. The rest: see `Interpolation`.

    Returns
    -------
    Image
        Of the same spacing: to change it is the caller's part.

    Examples
    --------
    A pixel of the result covers one and a half: (3 + 6 / 2) / 1.5 and (6 / 2 + 9) / 1.5.

    >>> resized(Image(np.uint8([[[3, 6, 9]]]), 8), 1, 2).pixels.tolist()
    [[[4, 8]]]
    """
    limit_size(image, rows, columns)
    sizes = list(zip(image.pixels.shape[1:3], (rows, columns), strict=True))
    # What shrinks goes first, which leaves less to do.
    order = sorted((0, 1), key=lambda axis: sizes[axis][1] / sizes[axis][0])
    changes = [
        (axis, *_resizing(*sizes[axis], interpolation))
        for axis in order
        if sizes[axis][0] != sizes[axis][1]
    ]
    divisor = math.prod(divisor for _, _, divisor in changes)

    def resize(frame: Pixels) -> _Floats:
        values = frame.astype(np.float64)
        for axis, taps, _ in changes:
            values = _along(values, axis, taps)
        return values / divisor  # once, at the end, so that a half is a half

    return _computed(image, resize)


def _check_reach(matrix: _Floats, shape: tuple[int, int]) -> None:
    right, bottom = shape[1] - 1, shape[0] - 1
    corners = np.array([[0, right, 0, right], [0, 0, bottom, bottom], [1, 1, 1, 1]])
    with np.errstate(all="ignore"):
        if not (np.abs(matrix @ corners) <= REACH).all():
            raise UnsuitableImage(f"the transform leads more than {REACH} pixels from the image")


def _computed(image: Image, function: Callable[[Pixels], _Floats]) -> Image:
    """Compute and fit one frame after the other, so that one at a time is in float64."""

    def fit(frame: Pixels) -> Pixels:
        with np.errstate(over="ignore", invalid="ignore"):
            return fitted(function(frame)[np.newaxis], image).pixels[0]

    return replace(image, pixels=each_frame(image, fit))


def _taps(positions: _Floats, size: int, interpolation: str, border: Border) -> _Taps:
    """Return the pixels of an axis that go into values at positions, and their weights."""
    first, weigh = _KERNELS[interpolation]
    base = np.floor(positions + 0.5 if interpolation == "nearest" else positions)
    weights = weigh(positions - base)
    start = int(base.min()) + first
    pixels = inside(np.arange(start, int(base.max()) + first + len(weights)), size, border)
    offset = base.astype(np.intp) + (first - start)
    return [pixels[offset + tap] for tap in range(len(weights))], weights


def _nearest(t: _Floats) -> list[_Floats]:
    return [np.ones_like(t)]


def _linear(t: _Floats) -> list[_Floats]:
    return [1 - t, t]


def _cubic(t: _Floats) -> list[_Floats]:
    a = -0.75

    def near(d: _Floats) -> _Floats:
        return ((a + 2) * d - (a + 3)) * d * d + 1

    def far(d: _Floats) -> _Floats:
        return ((a * d - 5 * a) * d + 8 * a) * d - 4 * a

    return [far(1 + t), near(t), near(1 - t), far(2 - t)]


def _lanczos(t: _Floats) -> list[_Floats]:
    # sin πd is the same at every tap but for its sign, and goes with the division by the sum.
    # The factor t keeps them finite, and makes them exactly 0 or 1 at a pixel.
    weights = [
        np.sinc(t / 4) * np.pi / 4
        if tap == 0
        else (-1) ** tap * t * np.sin(np.pi / 4 * (t - tap)) / (t - tap) ** 2
        for tap in range(-3, 5)
    ]
    total = sum(weights)
    return [weight / total for weight in weights]


# The first tap, counted from the pixel at or before a position, and the weights of all.
_KERNELS: dict[str, tuple[int, Callable[[_Floats], list[_Floats]]]] = {
    "nearest": (0, _nearest),
    "linear": (0, _linear),
    "cubic": (-1, _cubic),
    "lanczos": (-3, _lanczos),
}


def _resizing(size: int, wanted: int, interpolation: str) -> tuple[_Taps, int]:
    """Return the taps that bring an axis to another size, and what their sums are divided by.

    Of area and linear the weights are whole numbers, whose sums are exact.
    """
    place = np.arange(wanted)
    if interpolation == "area" or (interpolation == "auto" and wanted < size):
        # In units of 1 / wanted pixel.
        start = place * size
        pixels = start // wanted + np.arange(-(-size // wanted) + 1)[:, np.newaxis]
        stop = np.minimum(start + size, (pixels + 1) * wanted)
        overlap = np.maximum(stop - np.maximum(start, pixels * wanted), 0)
        return (list(np.minimum(pixels, size - 1)), list(overlap.astype(np.float64))), size
    centres = (2 * place + 1) * size - wanted  # in units of 1 / (2 wanted)
    if interpolation in ("auto", "linear"):
        left, part = np.divmod(centres, 2 * wanted)
        pixels = inside(np.stack([left, left + 1]), size, "edge")
        weights = np.stack([2 * wanted - part, part]).astype(np.float64)
        return (list(pixels), list(weights)), 2 * wanted
    return _taps(centres / (2 * wanted), size, interpolation, "edge"), 1


def _along(values: _Floats, axis: int, taps: _Taps) -> _Floats:
    """Sample along one axis."""
    finite = bool(np.isfinite(values).all())
    below = (1,) * (values.ndim - 1 - axis)
    parts = (
        _weighted(values.take(pixels, axis), weights.reshape(-1, *below), finite)
        for pixels, weights in zip(*taps, strict=True)
        if weights.any()
    )
    return sum(parts, start=np.zeros(()))


def _positions(
    matrix: _Floats, rows: npt.NDArray[np.intp], columns: npt.NDArray[np.intp]
) -> tuple[_Floats, _Floats]:
    (a, b, c), (d, e, f) = matrix
    below = rows[:, np.newaxis]
    return a * columns + (b * below + c), d * columns + (e * below + f)


def _scatter(values: _Floats, down: _Taps, across: _Taps, finite: bool, result: _Floats) -> None:
    """Sample at places that lie along no axis."""
    flat = values.reshape(-1, *values.shape[2:])
    each = (..., *(np.newaxis,) * (values.ndim - 2))
    result[...] = 0
    for row, row_weights in zip(*down, strict=True):
        start = row * values.shape[1]
        line = np.zeros_like(result)
        for column, column_weights in zip(*across, strict=True):
            line += _weighted(flat.take(start + column, axis=0), column_weights[each], finite)
        result += _weighted(line, row_weights[each], finite)


def _weighted(values: _Floats, weights: _Floats, finite: bool) -> _Floats:
    product = values * weights
    # A pixel without weight has no part, though it be NaN.
    return product if finite else np.where(weights == 0, 0.0, product)
