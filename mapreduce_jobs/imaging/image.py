"""The image type of this project, and its grey and colour views."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

__all__ = ["Image", "Pixels", "common_unit", "grey", "rgb"]

Pixels = npt.NDArray[Any]

# ITU-R BT.601, the luma of JPEG, Pillow and OpenCV.
_LUMA = (0.299, 0.587, 0.114)


@dataclass(frozen=True, eq=False)
class Image:
    """An image, or a stack of images.

    Attributes
    ----------
    pixels : ndarray
        Shape frames × rows × columns for grey, frames × rows × columns × 3 for colour (red,
        green, blue). The file's own dtype and values.
    bits : int
        Bits stored of a sample, at most those of the dtype: 12 for many a CT in ``int16``.
    unit : str
        What a value means: ``"stored"`` for the file's own numbers, ``"display"`` for grey levels
        to look at, else a unit, such as ``"HU"``.
    spacing : tuple of float, optional
        Millimetres between the centres of neighbouring rows and of neighbouring columns, where
        the file states them.
    notes : mapping
        What operations found on the way and is to travel with the result: thresholds, areas,
        transforms; as JSON has them.
    padding : ndarray of bool, optional
        Shape frames × rows × columns, True where a pixel is padding and nothing was measured; None
        if there is none.
    """

    pixels: Pixels
    bits: int
    unit: str = "stored"
    spacing: tuple[float, float] | None = None
    notes: Mapping[str, Any] = field(default_factory=dict)
    padding: npt.NDArray[np.bool_] | None = None

    @property
    def is_colour(self) -> bool:
        """Whether the pixels have red, green and blue."""
        return self.pixels.ndim == 4


def common_unit(one: str, other: str) -> str:
    """Return the unit of values of two units together: ``"mixed"`` if they differ.

    >>> common_unit("HU", "HU"), common_unit("HU", "stored")
    ('HU', 'mixed')
    """
    return one if one == other else "mixed"


def grey(image: Image) -> Pixels:
    """Return the grey levels of an image.

    Colour becomes luma by ITU-R BT.601, Y = 0.299 R + 0.587 G + 0.114 B, as in OpenCV and Pillow.

    Parameters
    ----------
    image : Image
        Grey or colour, any dtype.

    Returns
    -------
    ndarray
        Shape frames × rows × columns, dtype of the image; the pixels themselves if it is grey.

    Examples
    --------
    >>> red = np.zeros((1, 1, 1, 3), np.uint8)
    >>> red[..., 0] = 255
    >>> grey(Image(red, 8)).item()  # 0.299 · 255 = 76.2
    76
    """
    pixels = image.pixels
    if not image.is_colour:
        return pixels
    if pixels.dtype in (np.uint8, np.uint16, np.float32):
        tall = pixels.reshape(-1, pixels.shape[2], 3)  # OpenCV takes one frame at a time
        return cv2.cvtColor(tall, cv2.COLOR_RGB2GRAY).reshape(pixels.shape[:3])
    luma = pixels.astype(np.float64) @ np.array(_LUMA)
    if pixels.dtype.kind in "iu":
        luma = np.rint(luma)
    return luma.astype(pixels.dtype)


def rgb(image: Image) -> Pixels:
    """Return red, green and blue of an image; in a grey image all three are the grey level.

    Parameters
    ----------
    image : Image
        Grey or colour, any dtype.

    Returns
    -------
    ndarray
        Shape frames × rows × columns × 3, dtype of the image; a view, not to be written to.
    """
    pixels = image.pixels
    if image.is_colour:
        return pixels
    return np.broadcast_to(pixels[..., np.newaxis], (*pixels.shape, 3))
