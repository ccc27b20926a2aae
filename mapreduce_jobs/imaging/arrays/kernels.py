"""Kernels of convolutions: by name, from numbers, and what they make of a frame."""

import math
from typing import Literal

import cv2
import numpy as np
import numpy.typing as npt

from mapreduce_jobs.imaging.arrays.frames import extended
from mapreduce_jobs.imaging.arrays.parameters import Border, Rows
from mapreduce_jobs.imaging.errors import BadParameter
from mapreduce_jobs.imaging.image import Pixels

__all__ = ["KERNELS", "KernelName", "Weights", "convolved", "sum_or_one", "weights_of"]

Weights = npt.NDArray[np.float64]

KernelName = Literal[
    "identity",
    "mean",
    "gaussian",
    "sharpen",
    "laplacian4",
    "laplacian8",
    "outline",
    "sobel_x",
    "sobel_y",
    "prewitt_x",
    "prewitt_y",
    "scharr_x",
    "scharr_y",
    "emboss",
]

KERNELS: dict[KernelName, Rows] = {
    "identity": ((0, 0, 0), (0, 1, 0), (0, 0, 0)),
    "mean": ((1, 1, 1), (1, 1, 1), (1, 1, 1)),
    "gaussian": ((1, 2, 1), (2, 4, 2), (1, 2, 1)),
    "sharpen": ((0, -1, 0), (-1, 5, -1), (0, -1, 0)),
    "laplacian4": ((0, 1, 0), (1, -4, 1), (0, 1, 0)),
    "laplacian8": ((1, 1, 1), (1, -8, 1), (1, 1, 1)),
    "outline": ((-1, -1, -1), (-1, 8, -1), (-1, -1, -1)),
    "sobel_x": ((1, 0, -1), (2, 0, -2), (1, 0, -1)),
    "sobel_y": ((1, 2, 1), (0, 0, 0), (-1, -2, -1)),
    "prewitt_x": ((1, 0, -1), (1, 0, -1), (1, 0, -1)),
    "prewitt_y": ((1, 1, 1), (0, 0, 0), (-1, -1, -1)),
    "scharr_x": ((3, 0, -3), (10, 0, -10), (3, 0, -3)),
    "scharr_y": ((3, 10, 3), (0, 0, 0), (-3, -10, -3)),
    "emboss": ((2, 1, 0), (1, 1, -1), (0, -1, -2)),
}
"""Weights as a convolution has them, which turns them by 180°.

So the derivatives are positive where grey levels rise to the right (x) or downwards (y), and the
embossed image is lit from the upper left.
"""

# filter2D transforms from 50 weights on: that rounds, and spreads a NaN over the frame.
_MAX_WEIGHTS = 49


def weights_of(kernel: KernelName | Rows) -> Weights:
    """Return the weights of a kernel.

    Parameters
    ----------
    kernel : str or tuple of tuple of float
        A name, or the weights in rows.

    Returns
    -------
    ndarray of float64
        Odd numbers of rows and columns.

    Raises
    ------
    BadParameter
        The rows are not of one length, or there is no centre.

    Examples
    --------
    >>> weights_of("sharpen").tolist()
    [[0.0, -1.0, 0.0], [-1.0, 5.0, -1.0], [0.0, -1.0, 0.0]]
    >>> weights_of(((1, 0, -1),)).shape
    (1, 3)
    """
    rows = KERNELS[kernel] if isinstance(kernel, str) else kernel
    if len({len(row) for row in rows}) != 1:
        raise BadParameter("the rows of a kernel must be of one length")
    weights = np.array(rows, np.float64)
    if not all(size % 2 for size in weights.shape):
        raise BadParameter(
            f"a kernel must have a centre: odd numbers of rows and columns, not"
            f" {weights.shape[0]} × {weights.shape[1]}"
        )
    return weights


def sum_or_one(weights: Weights) -> float:
    """Return the sum of weights, by which they are normalised; 1 where it is 0.

    >>> sum_or_one(weights_of("gaussian")), sum_or_one(weights_of("sobel_x"))
    (16.0, 1.0)
    """
    total = math.fsum(weights.flat)
    # 0.1 + 0.2 - 0.3 is not quite 0.
    return total if abs(total) > 1e-12 * math.fsum(abs(weights).flat) else 1.0


def convolved(frame: Pixels, weights: Weights, border: Border, fill: float = 0) -> Weights:
    """Return the convolution of one frame, Σs Σt w(s, t) f(x − s, y − t), not normalised.

    It is summed directly, so integers give exact integers, and a value that is not finite touches
    only what its weights other than 0 reach.

    Parameters
    ----------
    frame : ndarray, shape (rows, columns) or (rows, columns, 3)
        Any dtype.
    weights : ndarray
        As `weights_of` gives them.
    border : str
        What lies outside; see `Border`.
    fill : float, optional
        The value outside for ``"constant"``.

    Returns
    -------
    ndarray of float64, shape of the frame

    Examples
    --------
    >>> convolved(np.uint8([[0, 1, 0, 0]]), np.array([[1.0, 2.0, 3.0]]), "constant").tolist()
    [[1.0, 2.0, 3.0, 0.0]]
    """
    rows, columns = frame.shape[:2]
    padded = extended(frame, weights.shape[0] // 2, weights.shape[1] // 2, border, fill)
    mask = weights[::-1, ::-1]  # filter2D correlates
    width = min(mask.shape[1], _MAX_WEIGHTS)
    height = _MAX_WEIGHTS // width
    total = np.zeros(frame.shape)
    for top in range(0, mask.shape[0], height):
        for left in range(0, mask.shape[1], width):
            part = np.ascontiguousarray(mask[top : top + height, left : left + width])
            below, right = top + rows + part.shape[0] - 1, left + columns + part.shape[1] - 1
            seen = padded[top:below, left:right]
            sums = cv2.filter2D(seen, cv2.CV_64F, part, anchor=(0, 0))[:rows, :columns]
            with np.errstate(invalid="ignore"):  # ∞ − ∞ is NaN
                total += sums
    return total
