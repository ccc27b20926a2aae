"""Fusion: one image of several that show the same, pixel for pixel."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

import cv2
import numpy as np

from mapreduce_jobs.imaging.arrays.frames import fitted
from mapreduce_jobs.imaging.errors import BadParameter, UnsuitableImage
from mapreduce_jobs.imaging.image import Image, Pixels, rgb

__all__ = ["fuse"]

# Smaller than this an image is not halved: OpenCV's kernel has 5 pixels.
_MIN_SIDE = 9


def fuse(images: Sequence[Image], method: Literal["mean", "maximum", "pyramid"]) -> Image:
    """Make one image of several of the same size, pixel for pixel.

    The numbers of the images are taken as they are, so they must mean the same. A CT and an MR must
    be brought to a common scale first, and which one (their ranges, windows, ranks) is a choice
    about what is to be seen: it is not made here.

    Parameters
    ----------
    images : sequence of Image
        One or more, of the same frames, rows, columns, dtype and unit. Where one has colour, grey
        ones become colour too.
    method : {"mean", "maximum", "pyramid"}
        ``"mean"``: the mean, integers rounded to the nearest, halves to even. ``"maximum"``: the
        greatest value. ``"pyramid"``: Laplacian pyramids (Burt & Adelson 1983, IEEE Trans. Commun.
        31, 532); at each level and place the detail that is largest in absolute value, of equal
        ones that of the first image, upon the mean of the coarsest level. Levels halve the image
        while its shorter side has 9 pixels or more. Each channel by itself.

    Returns
    -------
    Image
        Spacing and notes are the first image's, its bits stored the most of all. Where some images
        are padding the others alone count; padding is what all have as such.

    Raises
    ------
    UnsuitableImage
        The images differ in size, dtype or unit.
    BadParameter
        There is no image.

    Examples
    --------
    >>> first, second = (Image(np.uint8([[row]]), 8) for row in ([10, 20, 255], [13, 10, 255]))
    >>> fuse([first, second], "mean").pixels.tolist()  # 11.5 to even
    [[[12, 15, 255]]]
    >>> fuse([first, second], "maximum").pixels.tolist()
    [[[13, 20, 255]]]
    """
    if not images:
        raise BadParameter("there is no image to fuse")
    _check_alike(images)
    first = images[0]
    first = replace(first, bits=max(image.bits for image in images))
    is_colour = any(image.is_colour for image in images)
    stacks = [rgb(image) if is_colour else image.pixels for image in images]
    if any(image.padding is not None for image in images):
        stacks, padding = _measured_in_others(stacks, images)
        first = replace(first, padding=padding)
    if method == "maximum":
        return replace(first, pixels=np.maximum.reduce(stacks).astype(first.pixels.dtype))
    with np.errstate(invalid="ignore", over="ignore"):  # of floats that are not finite
        if method == "mean":
            return fitted(_mean([stack.astype(np.float64) for stack in stacks]), first)
        frames = [
            _of_pyramids([frame.astype(np.float64) for frame in alike])
            for alike in zip(*stacks, strict=True)
        ]
        return fitted(np.stack(frames), first)


def _check_alike(images: Sequence[Image]) -> None:
    first, *others = images
    for other in others:
        sizes = [image.pixels.shape[:3] for image in (first, other)]
        if sizes[0] != sizes[1]:
            words = (" × ".join(map(str, size)) for size in sizes)
            raise UnsuitableImage(
                f"the images differ in size: {' and '.join(words)} (frames × rows × columns):"
                " register them, or put `scale` or `crop` first"
            )
        if first.pixels.dtype != other.pixels.dtype:
            raise UnsuitableImage(
                f"the images differ in kind: {first.pixels.dtype} and {other.pixels.dtype}, whose"
                " numbers do not mean the same: put `normalise …` or `window …` last"
            )
        if first.unit != other.unit:
            raise UnsuitableImage(f"the images differ in unit: {first.unit} and {other.unit}")


def _measured_in_others(
    stacks: Sequence[Pixels], images: Sequence[Image]
) -> tuple[list[Pixels], Pixels]:
    """Return stacks whose padding has the mean of what others measured, and where none did.

    So it changes neither the mean nor the maximum of these.
    """
    masks = [
        np.zeros(first.shape[:3], bool) if image.padding is None else image.padding
        for first, image in zip(stacks, images, strict=True)
    ]
    known = len(images) - np.sum(masks, axis=0)
    wide = [stack.astype(np.float64) for stack in stacks]
    total: Pixels = np.zeros_like(wide[0])
    for stack, mask in zip(wide, masks, strict=True):
        total[~mask] += stack[~mask]
    for stack, mask in zip(wide, masks, strict=True):
        place = mask & (known > 0)
        stack[place] = (total[place].T / known[place]).T
    return wide, known == 0


def _mean(values: Sequence[Pixels]) -> Pixels:
    total = values[0].copy()
    for value in values[1:]:
        total += value
    total /= len(values)
    return total


def _of_pyramids(frames: list[Pixels]) -> Pixels:
    details: list[Pixels] = []
    levels = frames
    while min(levels[0].shape[:2]) >= _MIN_SIDE:
        coarser = [cv2.pyrDown(level) for level in levels]
        details.append(_largest([a - _up(b, a) for a, b in zip(levels, coarser, strict=True)]))
        levels = coarser
    fused = _mean(levels)
    for detail in reversed(details):
        fused = _up(fused, detail) + detail
    return fused


def _up(coarse: Pixels, fine: Pixels) -> Pixels:
    rows, columns = fine.shape[:2]
    return cv2.pyrUp(coarse, dstsize=(columns, rows))


def _largest(details: list[Pixels]) -> Pixels:
    largest = details[0].copy()
    for detail in details[1:]:
        np.copyto(largest, detail, where=np.abs(detail) > np.abs(largest))
    return largest
