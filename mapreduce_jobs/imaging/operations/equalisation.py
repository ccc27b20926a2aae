"""Histogram equalisation, of a whole frame and of its tiles.

Both are defined on grey levels. Of colour the luma Y is equalised, as in YCrCb with Cr and Cb
kept: red, green and blue all change by what Y changes.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Annotated

import cv2
import numpy as np

from mapreduce_jobs.imaging.arrays.frames import fitted, full_range
from mapreduce_jobs.imaging.arrays.masking import (
    Mask,
    continued,
    each_frame_and_mask,
    emptying_padding,
)
from mapreduce_jobs.imaging.arrays.parameters import Between, Positive
from mapreduce_jobs.imaging.errors import UnsuitableImage
from mapreduce_jobs.imaging.image import Image, Pixels, grey
from mapreduce_jobs.imaging.measures.levels import distinct

__all__ = ["clahe", "equalise"]

# OpenCV keeps a table of up to 2^16 values for each tile.
Tiles = Annotated[int, Between(least=1, most=32)]


@emptying_padding
def equalise(image: Image) -> Image:
    """Equalise the histogram, so that grey levels are about equally frequent.

    A level v becomes round((cdf(v) − cdf_min) / (N − cdf_min) · (L − 1)): of N pixels cdf(v) are
    at most v, cdf_min have the least level, and L = 2^bits stored. Each frame by itself; for 8
    bits as cv2.equalizeHist. Of colour the luma is equalised: hues stay, save where a channel
    reaches an end of its range.

    Parameters
    ----------
    image : Image
        Integers of any depth.

    Returns
    -------
    Image
        Levels from the least to the greatest of the bits stored; a constant frame stays as it is.

    Raises
    ------
    UnsuitableImage
        The pixels are floats.

    Examples
    --------
    Of 5 pixels one has the least level, so 4 share 255: 2/4 · 255 = 127.5, 3/4 · 255 = 191.25.

    >>> equalise(Image(np.uint8([[[10, 11, 11, 12, 90]]]), bits=8)).pixels.tolist()
    [[[0, 128, 128, 191, 255]]]
    """
    _check_integers(image, "equalise")
    return _on_luma(image, lambda levels, mask: _equalised(levels, mask, image))


def _equalised(levels: Pixels, mask: Mask | None, image: Image) -> Pixels:
    if mask is None and levels.dtype == np.uint8 and image.bits == 8:
        return cv2.equalizeHist(np.ascontiguousarray(levels))
    known = levels if mask is None or mask.all() else levels[~mask][np.newaxis]
    values, counts = distinct(known[np.newaxis])
    if len(values) == 1:
        return levels
    low, high = full_range(image)
    above_least = (np.cumsum(counts) - counts[0]).astype(np.float64)
    table = above_least * (high - low) / above_least[-1] + low
    return np.rint(table)[np.searchsorted(values, levels)]


@emptying_padding
def clahe(image: Image, *, clip_limit: Positive = 2.0, tiles: Tiles = 8) -> Image:
    """Equalise the histogram tile by tile, with limited contrast (CLAHE).

    Each tile's histogram is cut off at a limit, what is cut off is spread evenly over all levels,
    and the histogram equalised; between the centres of tiles the results are interpolated
    (Zuiderveld, Graphics Gems IV, 1994; cv2.createCLAHE). A frame that cannot be divided evenly
    is continued by reflection. Each frame by itself. Of colour the luma is equalised: hues stay,
    save where a channel reaches an end of its range.

    Parameters
    ----------
    image : Image
        Integers of up to 16 bits stored.
    clip_limit : float, optional
        The limit, as a multiple of the pixels that a level of an even histogram has; at least
        one pixel. 1 changes little, more gives more contrast.
    tiles : int, optional
        Tiles in a row and in a column, at most 32.

    Returns
    -------
    Image

    Raises
    ------
    UnsuitableImage
        The pixels are floats, or have more than 16 bits stored.

    Examples
    --------
    One tile of 16 pixels, one a level at most: level 0 keeps 1 of its 8, and so does level 1. The
    14 cut off go to levels 0, 18, 36, …: at level 0 there are then 2 of 16, at level 1 there are 3.

    >>> image = Image(np.uint8([[[0, 0, 1, 1]] * 4]), bits=8)
    >>> clahe(image, clip_limit=1, tiles=1).pixels[0, 0].tolist()  # 2/16 · 255, 3/16 · 255
    [32, 32, 48, 48]
    """
    _check_integers(image, "clahe")
    if image.bits > 16:
        raise UnsuitableImage(
            f"clahe is for up to 16 bits, this image has {image.bits}: normalise bits=16 before"
        )
    # OpenCV has 2^8 or 2^16 levels. Fewer bits are moved up to those: each of their levels then
    # is the only one used of several, and the limit must be so many times as high.
    depth = 8 if image.bits <= 8 else 16
    low, high = full_range(image)
    unused = 1 << depth - image.bits
    top = (1 << depth) - 1
    limit = min(clip_limit, 1 << image.bits)  # where nothing is cut off
    equaliser = cv2.createCLAHE(float(limit * unused), (tiles, tiles))

    def equalised(levels: Pixels, mask: Mask | None) -> Pixels:
        moved = (np.clip(levels.astype(np.int64), low, high) - int(low)) * unused
        result = equaliser.apply(moved.astype(f"u{depth // 8}"))
        return result * ((high - low) / top) + low

    return _on_luma(image, equalised)


def _check_integers(image: Image, name: str) -> None:
    if image.pixels.dtype.kind == "f":
        raise UnsuitableImage(
            f"{name} is defined on integers, this image has {image.pixels.dtype} pixels:"
            " normalise bits=16 before"
        )


def _on_luma(image: Image, function: Callable[[Pixels, Mask | None], Pixels]) -> Image:
    """Change the grey levels of each frame; of colour, add to each channel what luma changes."""
    image = continued(image)
    levels = replace(image, pixels=grey(image))
    changed = each_frame_and_mask(
        levels, lambda frame, mask: function(frame, mask).astype(np.float64)
    )
    if not image.is_colour:
        return fitted(changed, image)
    change = changed - levels.pixels
    return fitted(image.pixels + change[..., np.newaxis], image)
