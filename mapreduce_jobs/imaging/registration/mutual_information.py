"""Rotation, and affine maps, by mutual information of grey levels, with SimpleITK.

All pixels count and one thread adds them up, so that the result is the same in every process.
"""

import math
from collections.abc import Sequence
from importlib import import_module
from operator import itemgetter
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from mapreduce_jobs.imaging.errors import MissingExtra, UnsuitableImage
from mapreduce_jobs.imaging.formats.spacing import Spacing
from mapreduce_jobs.imaging.image import Pixels

__all__ = ["find", "library"]

_Floats = npt.NDArray[np.float64]

_BINS = 32
_ITERATIONS = 300
_COARSEST_SIDE, _FINEST_SIDE = 32, 1024
_AFFINE_LEVELS = 3  # the finest, after a rigid start
_MIN_SIDE = 8
# In nats. Of an image and noise it is 0.00 to 0.10, of the same scene in other contrasts 0.4 to 2.
_MIN_INFORMATION = 0.1
_STARTS = (0.0, -15.0, 15.0)  # degrees; 0 first, which wins where all are alike


def find(
    fixed: Pixels,
    moving: Pixels,
    ours: Spacing,
    theirs: Spacing,
    method: Literal["rigid", "affine"],
) -> tuple[_Floats, float]:
    """Return the matrix from the fixed image's (x, y) to the moving one's, and the information.

    The coarsest level, of some 32 pixels a side, is searched from the centres upon each other and
    three angles; each level halves the images less than the one before, to 1024 pixels a side at
    most, because what is finer takes minutes and adds hundredths of a pixel.

    Parameters
    ----------
    fixed, moving : ndarray of float64
        A frame each.
    ours, theirs : tuple of float
        Their spacings, in the same unit.
    method : {"rigid", "affine"}
        What may change.

    Raises
    ------
    MissingExtra
        SimpleITK is not installed.
    UnsuitableImage
        An image is too small, or no transform makes them alike.
    """
    simple_itk = library(method)
    if min(*fixed.shape, *moving.shape) < _MIN_SIDE:
        raise UnsuitableImage(
            f"an image of fewer than {_MIN_SIDE} rows or columns is too small to be registered"
        )
    simple_itk.ProcessObject.SetGlobalDefaultNumberOfThreads(1)
    simple_itk.ProcessObject.SetGlobalWarningDisplay(False)
    # In units of the fixed image's pixels, because the steps of the search are lengths.
    unit = min(ours)
    images = [
        _to_itk(simple_itk, frame, [length / unit for length in spacing])
        for frame, spacing in ((fixed, ours), (moving, theirs))
    ]
    levels = _levels(fixed.shape)
    starts = [_rigid_from(simple_itk, images, angle, levels[0]) for angle in _STARTS]
    _, transform = max(starts, key=itemgetter(0))
    try:
        information = _search(simple_itk, images, transform, levels[1:] or levels)
        if method == "affine":
            rigid, transform = transform, simple_itk.AffineTransform(2)
            transform.SetCenter(rigid.GetCenter())
            transform.SetMatrix(rigid.GetMatrix())
            transform.SetTranslation(rigid.GetTranslation())
            information = _search(simple_itk, images, transform, levels[-_AFFINE_LEVELS:])
    except RuntimeError as error:
        raise UnsuitableImage(
            "the images could not be registered: the search has left the moving image"
        ) from error
    if information < _MIN_INFORMATION:
        raise UnsuitableImage(
            "the images have too little in common to be registered: no transform makes them alike"
        )
    lengths = (np.array(spacing[::-1]) / unit for spacing in (ours, theirs))
    return _in_pixels(transform, *lengths), information


def library(method: str) -> Any:
    """Return SimpleITK; `MissingExtra` if it is not installed."""
    try:
        return import_module("SimpleITK")
    except ImportError as error:
        raise MissingExtra(f"{method} registration", "SimpleITK", "registration") from error


def _rigid_from(
    simpleitk: Any, images: Sequence[Any], angle: float, factor: int
) -> tuple[float, Any]:
    """Return information and transform that a search at the coarsest level finds from an angle."""
    transform = simpleitk.Euler2DTransform(
        simpleitk.CenteredTransformInitializer(
            *images,
            simpleitk.Euler2DTransform(),
            simpleitk.CenteredTransformInitializerFilter.GEOMETRY,
        )
    )
    transform.SetAngle(math.radians(angle))
    try:
        return _search(simpleitk, images, transform, [factor]), transform
    except RuntimeError:  # it has left the moving image
        return -math.inf, transform


def _to_itk(simpleitk: Any, frame: Pixels, spacing: Sequence[float]) -> Any:
    image = simpleitk.GetImageFromArray(frame.astype(np.float32))
    image.SetSpacing(spacing[::-1])
    return image


def _levels(shape: tuple[int, ...]) -> list[int]:
    """Return by how much the images are made smaller, from coarse to fine.

    >>> _levels((512, 700))
    [16, 8, 4, 2, 1]
    >>> _levels((2048, 2048))
    [64, 32, 16, 8, 4, 2]
    """
    factors = [1]
    while min(shape) >= 2 * _COARSEST_SIDE * factors[0]:
        factors.insert(0, 2 * factors[0])
    fine = [factor for factor in factors if max(shape) <= _FINEST_SIDE * factor]
    return fine or factors[:1]


def _search(simpleitk: Any, images: Sequence[Any], transform: Any, levels: Sequence[int]) -> float:
    """Improve a transform in place, level by level; return the information at the last."""
    information = 0.0
    for factor in levels:
        method = simpleitk.ImageRegistrationMethod()
        method.SetNumberOfThreads(1)
        method.SetMetricAsMattesMutualInformation(_BINS)
        method.SetMetricSamplingStrategy(method.NONE)
        method.SetInterpolator(simpleitk.sitkLinear)
        method.SetShrinkFactorsPerLevel([factor])
        method.SetSmoothingSigmasPerLevel([factor])
        method.SmoothingSigmasAreSpecifiedInPhysicalUnitsOff()
        # Half a pixel of the level to begin with, a 200th at the end. With the usual factor of 0.5
        # the search halts half way in the narrow valleys that images of few edges have.
        method.SetOptimizerScalesFromPhysicalShift()
        method.SetOptimizerAsRegularStepGradientDescent(
            learningRate=factor / 2,
            minStep=factor / 200,
            numberOfIterations=_ITERATIONS,
            relaxationFactor=0.8,
            gradientMagnitudeTolerance=1e-8,
        )
        method.SetInitialTransform(transform, inPlace=True)
        method.Execute(*images)
        information = -method.GetMetricValue()
    return information


def _in_pixels(transform: Any, ours: _Floats, theirs: _Floats) -> _Floats:
    """Return the matrix from pixels to pixels of a transform of lengths."""
    origin, right, down = (
        np.array(transform.TransformPoint(place)) / theirs
        for place in ((0.0, 0.0), (ours[0], 0.0), (0.0, ours[1]))
    )
    return np.stack([right - origin, down - origin, origin], axis=1)
