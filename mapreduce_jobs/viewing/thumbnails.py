"""Pictures small enough to travel in a page: PNG as they are, WebP in a given number of bytes."""

import base64
import io

import cv2
import numpy as np
import numpy.typing as npt
import PIL.Image

__all__ = ["image_uri", "thumbnail", "within"]

_Levels = npt.NDArray[np.uint8]
_QUALITIES = (80, 60, 40, 20)
_SIDES = (192, 128, 96, 64)  # most rows and columns


def within(levels: _Levels, most: int) -> _Levels:
    """Return a picture of at most so many rows and columns, each pixel the mean of what it covers.

    Parameters
    ----------
    levels : ndarray of uint8, shape (rows, columns) or (rows, columns, 3)
        The picture.
    most : int
        A picture that is not larger is returned as it is.

    Examples
    --------
    >>> within(np.uint8([[10, 20], [30, 40]]), 1).tolist()
    [[25]]
    """
    factor = max(levels.shape[:2]) / most
    if factor <= 1:
        return levels
    rows, columns = (max(1, round(side / factor)) for side in levels.shape[:2])
    small = cv2.resize(levels, (columns, rows), interpolation=cv2.INTER_AREA)
    return np.asarray(small, np.uint8)


def image_uri(levels: _Levels) -> str:
    """Return a picture as a ``data:`` URI, a PNG with every pixel as it is."""
    return _uri("png", _encoded(levels, "PNG", compress_level=9))


def thumbnail(levels: _Levels, most: int) -> str:
    """Return a picture as a small ``data:`` URI: 192 rows and columns at most.

    Parameters
    ----------
    levels : ndarray of uint8, shape (rows, columns) or (rows, columns, 3)
        The picture.
    most : int
        Bytes of the image file, 4,000 or more. It is a WebP without loss if that suffices, else
        one of the best quality that does, if need be of fewer pixels.
    """
    for side in _SIDES:
        small = within(levels, side)
        data = _encoded(small, "WEBP", lossless=True)
        for quality in _QUALITIES:
            if len(data) <= most:
                return _uri("webp", data)
            data = _encoded(small, "WEBP", quality=quality)
    return _uri("webp", data)


def _encoded(levels: _Levels, format: str, **options: object) -> bytes:
    file = io.BytesIO()
    PIL.Image.fromarray(np.ascontiguousarray(levels)).save(file, format, **options)
    return file.getvalue()


def _uri(kind: str, data: bytes) -> str:
    return f"data:image/{kind};base64,{base64.b64encode(data).decode()}"
