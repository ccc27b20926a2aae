"""Non-linear filters of the neighbourhood of each pixel."""

import cv2
import numpy as np
import numpy.typing as npt

from mapreduce_jobs.imaging.errors import OutsideImage
from mapreduce_jobs.imaging.image import Image, Pixels

__all__ = ["bilateral_frame", "correct_medians", "median_frame", "radius_of"]

_Values = npt.NDArray[np.float64]

# An image may be continued to so many pixels, or to four times its own.
_MAX_PIXELS = 1 << 26

# So many values of windows are sorted at a time, or those of one pixel.
_VALUES_AT_ONCE = 1 << 22

# Larger windows of bytes may overflow the 16-bit counts that OpenCV finds their median with.
_MAX_OF_BYTES = 127


def radius_of(radius: float, image: Image) -> int:
    """Return how far a window reaches, as a whole number, if memory suffices for what it sees.

    Parameters
    ----------
    radius : float
        Pixels; the fraction is cut off.
    image : Image
        The image, which is to be continued by the radius at each side.

    Raises
    ------
    OutsideImage
        The window reaches too far beyond the image.

    Examples
    --------
    >>> radius_of(2.9, Image(np.zeros((1, 5, 5)), 64))
    2
    """
    rows, columns = image.pixels.shape[1:3]
    if (rows + 2 * radius) * (columns + 2 * radius) > max(_MAX_PIXELS, 4 * rows * columns):
        raise OutsideImage(
            f"the window reaches {radius:g} pixels beyond an image of {rows} × {columns},"
            " which is too far"
        )
    return int(radius)


def median_frame(padded: Pixels, radius: int) -> Pixels:
    """Return the medians of square windows.

    Parameters
    ----------
    padded : ndarray, shape (rows, columns) or (rows, columns, 3)
        A frame continued by the radius at each side. NaN is greater than every number.
    radius : int
        Half of the window, without the centre.

    Returns
    -------
    ndarray, shape of the frame itself

    Examples
    --------
    >>> median_frame(np.int32([[1, 8, 3, 0], [5, 2, 9, 0], [4, 6, 7, 0]]), 1).tolist()
    [[5, 3]]
    """
    size = 2 * radius + 1
    rows, columns = padded.shape[0] - 2 * radius, padded.shape[1] - 2 * radius
    if size > 1 and _is_for_opencv(padded, radius):
        blurred = cv2.medianBlur(padded, size)
        return blurred[radius : radius + rows, radius : radius + columns]
    windows = np.lib.stride_tricks.sliding_window_view(padded, (size, size), axis=(0, 1))
    medians: Pixels = np.empty(windows.shape[:-2], padded.dtype)
    middle = size * size // 2
    across = max(1, _VALUES_AT_ONCE // (size * size * medians[0, 0].size))
    down = max(1, across // columns)
    for top in range(0, rows, down):
        for left in range(0, columns, across):
            place = np.s_[top : top + down, left : left + across]
            values = windows[place].reshape(*medians[place].shape, size * size)
            medians[place] = np.partition(values, middle, axis=-1)[..., middle]
    return medians


def correct_medians(
    medians: Pixels, padded: Pixels, unknown: npt.NDArray[np.bool_], radius: int
) -> None:
    """Replace the medians of windows that hold unknown values by those of what is known in them.

    Of an even number the median is the mean of the two in the middle, of integers rounded.

    Parameters
    ----------
    medians : ndarray
        As `median_frame` returns them; changed in place.
    padded : ndarray
        As for `median_frame`.
    unknown : ndarray of bool
        Of the rows and columns of `padded`.
    radius : int
        As for `median_frame`.

    Examples
    --------
    >>> padded = np.int16([[-999, 4, 7, 9]])
    >>> medians = np.int16([[4, 7]])
    >>> columns = np.pad(padded, ((1, 1), (0, 0)), constant_values=-999)
    >>> correct_medians(medians, columns, columns == -999, 1)  # of 4 7, and of 4 7 9
    >>> medians.tolist()
    [[6, 7]]
    """
    size = 2 * radius + 1
    windows, holes = (
        np.lib.stride_tricks.sliding_window_view(values, (size, size), axis=(0, 1))
        for values in (padded, unknown)
    )
    count = cv2.boxFilter(unknown.astype(np.float32), -1, (size, size), normalize=False)
    inside = np.s_[radius : radius + medians.shape[0], radius : radius + medians.shape[1]]
    rows, columns = np.nonzero((count[inside] > 0.5) & ~unknown[inside])
    step = max(1, _VALUES_AT_ONCE // (size * size * medians[0, 0].size))
    for start in range(0, len(rows), step):
        place = rows[start : start + step], columns[start : start + step]
        left_out = holes[place].reshape(len(place[0]), *(1,) * (padded.ndim - 2), -1)
        values = windows[place].astype(np.float64)
        values = values.reshape(*values.shape[:-2], size * size)
        values = np.sort(np.where(left_out, -np.inf, values), axis=-1)  # NaN comes last
        first = left_out.sum(axis=-1, keepdims=True)
        known = size * size - first
        middle = np.concatenate([first + (known - 1) // 2, first + known // 2], axis=-1)
        middle = np.broadcast_to(middle, (*values.shape[:-1], 2))
        found = np.take_along_axis(values, middle, axis=-1).mean(axis=-1)
        medians[place] = found if medians.dtype.kind == "f" else np.rint(found)


def _is_for_opencv(frame: Pixels, radius: int) -> bool:
    if frame.dtype == np.uint8:
        return radius <= _MAX_OF_BYTES
    if frame.dtype in (np.uint16, np.int16):
        return radius <= 2
    return frame.dtype == np.float32 and radius <= 2 and not np.isnan(frame).any()


def bilateral_frame(
    padded: _Values, radius: int, sigma_colour: float, sigma_space: float
) -> _Values:
    """Return the bilateral filter of a frame; for its definition see `filters.bilateral`.

    Parameters
    ----------
    padded : ndarray of float64, shape (rows, columns) or (rows, columns, 3)
        A frame continued by the radius at each side.
    radius : int
        How far neighbours are.
    sigma_colour, sigma_space : float
        Standard deviations of values and of distances.

    Returns
    -------
    ndarray of float64, shape of the frame itself
    """
    unknown = ~np.isfinite(padded)
    rows, columns = padded.shape[0] - 2 * radius, padded.shape[1] - 2 * radius
    values = padded.copy()
    values[unknown] = np.finfo(np.float64).max  # too far from every value to have a weight
    inside = np.s_[radius : radius + rows, radius : radius + columns]
    centre = values[inside]
    sums = np.zeros_like(centre)
    weights = np.zeros((rows, columns, 1) if padded.ndim == 3 else (rows, columns))
    around = range(-radius, radius + 1)
    near = [(dy, dx) for dy in around for dx in around if dy * dy + dx * dx <= radius * radius]
    with np.errstate(over="ignore"):
        for dy, dx in near:
            top, left = radius + dy, radius + dx
            neighbour = values[top : top + rows, left : left + columns]
            distance = np.abs(neighbour - centre)
            if padded.ndim == 3:
                distance = distance.sum(axis=2, keepdims=True)
            distance /= sigma_colour
            distance *= distance
            distance += (dy * dy + dx * dx) / sigma_space / sigma_space
            distance *= -0.5
            weight = np.exp(distance, out=distance)
            weights += weight
            sums += weight * neighbour
    return np.where(unknown[inside], padded[inside], sums / weights)
