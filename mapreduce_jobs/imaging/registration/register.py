"""Registration: an image resampled so that it lies on another one, pixel for pixel."""

import math
from dataclasses import replace
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from mapreduce_jobs.imaging.arrays.masking import continued, measured, moving_padding
from mapreduce_jobs.imaging.errors import UnsuitableImage
from mapreduce_jobs.imaging.formats.spacing import Spacing
from mapreduce_jobs.imaging.image import Image, Pixels, grey
from mapreduce_jobs.imaging.operations.resampling import warp
from mapreduce_jobs.imaging.registration import mutual_information, phase_correlation

__all__ = ["check", "register"]

_MIN_OVERLAP = 0.1  # of the fixed image, below which nothing found is to be trusted
_PIXEL = (1.0, 1.0)


def check(method: Literal["translation", "rigid", "affine"]) -> None:
    """Raise `MissingExtra` if a method needs a package that is not installed."""
    if method != "translation":
        mutual_information.library(method)


def register(
    fixed: Image, moving: Image, method: Literal["translation", "rigid", "affine"]
) -> tuple[Image, dict[str, Any]]:
    """Find where an image lies on another, and resample it on the other's pixels.

    What is found is the transform of the first frames, colour as luma, padding as the measured
    pixel that is nearest; all frames and channels are moved by it. Millimetres count where both
    images have a spacing, pixels else. The search begins with the centres of both upon each other.
    Neither needs the other's contrast: bone may be bright in one and dark in the other.

    Parameters
    ----------
    fixed : Image
        The image that stays.
    moving : Image
        The image to be moved; of any size, and of as many frames.
    method : {"translation", "rigid", "affine"}
        ``"translation"``: phase correlation of the gradient magnitudes, to about a tenth of a
        pixel, of shifts up to half the size. ``"rigid"``: rotation and translation,
        ``"affine"``: scale and shear too; by mutual information (Mattes et al. 2003, IEEE Trans.
        Med. Imaging 22, 120), coarse to fine, to about a tenth and half a pixel, of rotations up
        to some 25 degrees and shifts up to a tenth of the size; needs SimpleITK.

    Returns
    -------
    Image
        Of the fixed image's size and spacing, of the moving one's kind; linear interpolation, and
        outside of the moving image its least value.
    dict
        ``"method"``; ``"matrix"``, two rows of three numbers: column x and row y of the fixed image
        are, in the moving one, at (a x + b y + c, d x + e y + f); ``"shift"``, how far from the
        moving image's centre the fixed one's centre lies in it, in its pixels: down (rows) and to
        the right (columns); ``"angle"``, in degrees, by which the moving image is turned
        counter-clockwise; ``"spacing_used"``, whether millimetres counted; and how well it went:
        ``"peak"`` of the phase correlation in standard deviations, or ``"mutual_information"``
        in nats. Of affine also ``"scale"``, the side of the square that a square of side 1 becomes.

    Raises
    ------
    UnsuitableImage
        The images differ in frames, show nothing by which they could be registered, or do not
        overlap.
    MissingExtra
        SimpleITK is needed and not installed.

    Examples
    --------
    >>> noise = np.random.default_rng(0).integers(0, 255, (1, 64, 64), np.uint8)
    >>> moved = np.roll(noise, (3, -2), axis=(1, 2))
    >>> image, found = register(Image(noise, 8), Image(moved, 8), "translation")
    >>> [round(found["shift"][way]) for way in ("rows", "columns")]
    [3, -2]
    """
    frames = len(fixed.pixels), len(moving.pixels)
    if frames[0] != frames[1]:
        raise UnsuitableImage(
            f"the images differ in frames, {frames[0]} and {frames[1]}, and cannot be registered"
            " frame by frame"
        )
    spacings = (fixed.spacing, moving.spacing)
    spacing_used = None not in spacings
    ours, theirs = (spacing if spacing_used and spacing else _PIXEL for spacing in spacings)
    levels = _levels(fixed, "fixed"), _levels(moving, "moving")
    if method == "translation":
        matrix, quality = phase_correlation.find(*levels, ours, theirs)
        measure = "peak"
    else:
        matrix, quality = mutual_information.find(*levels, ours, theirs, method)
        measure = "mutual_information"
    _check_overlap(matrix, levels[0].shape, levels[1].shape)
    placed = replace(moving, spacing=fixed.spacing or moving.spacing)
    result = moving_padding(warp)(
        placed, matrix, fixed.pixels.shape[1:3], fill=_least(measured(moving).pixels)
    )
    found = {
        "method": method,
        "matrix": matrix.tolist(),
        **_described(matrix, levels, ours, theirs),
        "spacing_used": spacing_used,
        measure: round(quality, 4),
    }
    if method != "affine":
        del found["scale"]
    return result, found


def _levels(image: Image, which: str) -> Pixels:
    """Return the grey levels of the first frame as finite floats."""
    frame = grey(continued(image))[0].astype(np.float64)
    finite = np.isfinite(frame)
    if not finite.all():
        frame = np.where(finite, frame, np.min(frame, where=finite, initial=math.inf))
    if not np.isfinite(frame).all() or not np.ptp(frame) > 0:
        raise UnsuitableImage(
            f"the {which} image has the same value everywhere, and nothing to register by"
        )
    return frame


def _least(pixels: Pixels) -> float:
    return float(np.min(pixels, where=np.isfinite(pixels), initial=pixels.flat[0]))


def _check_overlap(
    matrix: npt.NDArray[np.float64], fixed: tuple[int, ...], moving: tuple[int, ...]
) -> None:
    if not np.isfinite(matrix).all():
        raise UnsuitableImage("no transform has been found that makes the images alike")
    # A grid of points is enough for a tenth.
    y, x = (axis.ravel() for axis in np.meshgrid(*(np.linspace(0, n - 1, 65) for n in fixed)))
    there = matrix @ [x, y, np.ones_like(x)]
    inside = (there >= -0.5) & (there <= np.array([[moving[1]], [moving[0]]]) - 0.5)
    if inside.all(axis=0).mean() < _MIN_OVERLAP:
        raise UnsuitableImage("the images do not overlap where they have been found alike")


def _described(
    matrix: npt.NDArray[np.float64],
    levels: tuple[Pixels, Pixels],
    ours: Spacing,
    theirs: Spacing,
) -> dict[str, Any]:
    centre, their_centre = (
        np.array([(frame.shape[1] - 1) / 2, (frame.shape[0] - 1) / 2]) for frame in levels
    )
    columns, rows = matrix @ [*centre, 1] - their_centre
    # Of lengths, not of pixels, which need not be square.
    (a, b), (c, d) = matrix[:, :2] * np.array(theirs[::-1])[:, np.newaxis] / ours[::-1]
    return {
        "shift": {"rows": round(float(rows), 4), "columns": round(float(columns), 4)},
        "angle": round(math.degrees(math.atan2(b - c, a + d)), 4) + 0.0,
        "scale": round(math.sqrt(abs(a * d - b * c)), 6),
    }
