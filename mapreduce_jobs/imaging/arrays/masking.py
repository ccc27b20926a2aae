"""Padding in operations: pixels where nothing was measured are left out, and stay known as such.

An operation that moves pixels moves the mask with them. One that computes a pixel from others
leaves padding out of what it computes, or sees in its place the measured pixel that is nearest:
`measured` and `continued`. What the padding's own pixels become a decorator says: `moving_padding`,
`keeping_padding` or `emptying_padding`. An image without padding is passed on as it is.
"""

from collections.abc import Callable
from dataclasses import replace
from functools import wraps
from inspect import signature
from typing import Concatenate, ParamSpec

import cv2
import numpy as np
import numpy.typing as npt

from mapreduce_jobs.imaging.arrays.frames import each_frame
from mapreduce_jobs.imaging.errors import UnsuitableImage
from mapreduce_jobs.imaging.image import Image, Pixels

__all__ = [
    "Mask",
    "continued",
    "each_frame_and_mask",
    "emptying_padding",
    "keeping_padding",
    "measured",
    "moving_padding",
]

Mask = npt.NDArray[np.bool_]

_Parameters = ParamSpec("_Parameters")
_Operation = Callable[Concatenate[Image, _Parameters], Image]

_ACCURACY = 5  # pixels of the mask by which OpenCV finds distances


def measured(image: Image) -> Image:
    """Return an image of one row: the pixels that are not padding; without padding, the image.

    Raises
    ------
    UnsuitableImage
        Every pixel is padding.

    Examples
    --------
    >>> outside = np.array([[[True, False], [False, True]]])
    >>> measured(Image(np.uint8([[[0, 7], [9, 0]]]), 8, padding=outside)).pixels.tolist()
    [[[7, 9]]]
    """
    if image.padding is None:
        return image
    if image.padding.all():
        raise UnsuitableImage("every pixel is padding")
    return replace(image, pixels=image.pixels[~image.padding][None, None], padding=None)


def continued(image: Image) -> Image:
    """Give each pixel of padding the value of the measured pixel of its frame that is nearest.

    A frame that is padding as a whole stays as it is.

    Examples
    --------
    >>> outside = np.array([[[True, False, False, True]]])
    >>> continued(Image(np.int16([[[-2000, 3, 4, -2000]]]), 16, padding=outside)).pixels.tolist()
    [[[3, 3, 4, 4]]]
    """
    if image.padding is None:
        return image
    frames = [
        frame if mask.all() or not mask.any() else _continued(frame, mask)
        for frame, mask in zip(image.pixels, image.padding, strict=True)
    ]
    return replace(image, pixels=np.stack(frames))


def _continued(frame: Pixels, mask: Mask) -> Pixels:
    # Each measured pixel is a region of its own, and padding belongs to the nearest.
    _, regions = cv2.distanceTransformWithLabels(
        mask.astype(np.uint8), cv2.DIST_L2, _ACCURACY, labelType=cv2.DIST_LABEL_PIXEL
    )
    known = ~mask
    values: Pixels = np.empty((int(regions.max()) + 1, *frame.shape[2:]), frame.dtype)
    values[regions[known]] = frame[known]
    return values[regions]


def each_frame_and_mask(image: Image, function: Callable[[Pixels, Mask | None], Pixels]) -> Pixels:
    """Apply a function to every frame and which of its pixels are padding; None if none is."""
    if image.padding is None:
        return each_frame(image, lambda frame: function(frame, None))
    return np.stack(
        [
            function(frame, mask if mask.any() else None)
            for frame, mask in zip(image.pixels, image.padding, strict=True)
        ]
    )


def keeping_padding(operation: _Operation[_Parameters]) -> _Operation[_Parameters]:
    """Decorate an operation whose values mean what the image's do: padding keeps its values."""

    @wraps(operation)
    def wrapped(image: Image, *args: _Parameters.args, **values: _Parameters.kwargs) -> Image:
        result = operation(image, *args, **values)
        if image.padding is None:
            return result
        pixels = result.pixels.copy()
        pixels[image.padding] = image.pixels[image.padding]
        return replace(result, pixels=pixels)

    return wrapped


def emptying_padding(operation: _Operation[_Parameters]) -> _Operation[_Parameters]:
    """Decorate an operation whose values mean something new: padding gets the least of them."""

    @wraps(operation)
    def wrapped(image: Image, *args: _Parameters.args, **values: _Parameters.kwargs) -> Image:
        result = operation(image, *args, **values)
        if image.padding is None or image.padding.all():
            return result
        pixels = result.pixels.copy()
        pixels[image.padding] = np.fmin.reduce(pixels[~image.padding], axis=None)
        return replace(result, pixels=pixels)

    return wrapped


def moving_padding(operation: _Operation[_Parameters]) -> _Operation[_Parameters]:
    """Decorate an operation that moves pixels: padding moves to the pixels that are nearest.

    Values are computed of the image as `continued` makes it, so that the padding's have no part in
    those that are measured. What comes from outside of the image is no padding.
    """
    known = signature(operation).parameters
    by_nearest = {"interpolation": "nearest"} if "interpolation" in known else {}
    without_fill = {"fill": 0} if "fill" in known else {}

    @wraps(operation)
    def wrapped(image: Image, *args: _Parameters.args, **values: _Parameters.kwargs) -> Image:
        if image.padding is None:
            return operation(image, *args, **values)

        def moved(pixels: Pixels, bits: int, **others: object) -> Pixels:
            moving = replace(image, pixels=pixels, bits=bits, padding=None)
            return operation(moving, *args, **{**values, **by_nearest, **others}).pixels  # type: ignore[arg-type]

        mask = moved(image.padding.astype(np.uint8), 8, **without_fill) > 0
        result = operation(replace(continued(image), padding=None), *args, **values)
        if not mask.any():
            return result
        pixels = result.pixels.copy()
        pixels[mask] = moved(image.pixels, image.bits)[mask]
        return replace(result, pixels=pixels, padding=mask)

    return wrapped
