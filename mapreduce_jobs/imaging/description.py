"""What a file that `encode` wrote says of its image beside the pixels: unit, padding and notes.

It is an object of JSON in ASCII, which every format has a place for. Of padding it has the mask:
its bits, frame by frame and row by row, the first pixel's in the highest bit of a byte
(`numpy.packbits`), deflated (RFC 1950), in base64.
"""

import base64
import binascii
import json
import struct
import warnings
import zlib
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import PIL.Image

from mapreduce_jobs.imaging.errors import CorruptImage, DecodeError
from mapreduce_jobs.imaging.formats import file_formats, jp2, jpeg, png, tiff
from mapreduce_jobs.imaging.image import Image

__all__ = ["EXIF_DESCRIPTION", "described", "notes", "text_of"]

_UNIT, _PADDING = "unit of pixels", "padding"

EXIF_DESCRIPTION = 0x010E
"""ImageDescription, where WebP has it."""


def text_of(image: Image) -> str | None:
    """Return the description of an image; None if there is nothing to say. NaN is null there.

    >>> text_of(Image(np.int16([[[-1000, 40]]]), 16, unit="HU", notes={"threshold": 20.0}))
    '{"unit of pixels": "HU", "threshold": 20.0}'
    """
    said: dict[str, Any] = {} if image.unit == "stored" else {_UNIT: image.unit}
    if image.padding is not None:
        bits = zlib.compress(np.packbits(image.padding).tobytes())
        said[_PADDING] = base64.b64encode(bits).decode()
    said.update(image.notes)
    if not said:
        return None
    text = json.dumps(said)
    return json.dumps(json.loads(text, parse_constant=lambda name: None))


def described(image: Image, data: bytes, kind: str) -> Image:
    """Return an image with the unit and the padding that its file states.

    Parameters
    ----------
    image : Image
        As the reader of its format returns it.
    data : bytes
        The whole file.
    kind : str
        Its format, as `format_of` returns it.

    Raises
    ------
    CorruptImage
        The padding stated is not that of an image of this size.
    """
    said = _said(data, kind)
    if _UNIT in said:
        image = replace(image, unit=str(said[_UNIT]))
    if _PADDING in said:
        image = replace(image, padding=_mask(said[_PADDING], image.pixels.shape[:3]))
    return image


def notes(data: bytes) -> dict[str, Any]:
    """Read the notes back from a file that `encode` made.

    Parameters
    ----------
    data : bytes
        The whole file.

    Returns
    -------
    dict
        Empty if there are none.

    Examples
    --------
    >>> from mapreduce_jobs.imaging.encode import encode
    >>> image = Image(np.zeros((1, 2, 2), np.uint8), 8, notes={"otsu": 113.0})
    >>> notes(encode(image, "jpeg"))
    {'otsu': 113.0}
    """
    said = _said(data, file_formats.sniff(data) or "")
    return {name: value for name, value in said.items() if name not in (_UNIT, _PADDING)}


def _said(data: bytes, kind: str) -> dict[str, Any]:
    description = _DESCRIPTIONS.get(kind)
    if description is None:
        return {}
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of oddities, as in `decode`
            text = description(data)
            found = json.loads(text) if text.startswith(b"{") else {}
    except (ValueError, DecodeError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _mask(text: Any, shape: tuple[int, ...]) -> npt.NDArray[np.bool_]:
    count = int(np.prod(shape))
    size = (count + 7) // 8
    try:
        inflate = zlib.decompressobj()
        packed = inflate.decompress(base64.b64decode(text, validate=True), size + 1)
    except (binascii.Error, zlib.error, TypeError, ValueError) as error:
        raise CorruptImage("the padding in its description cannot be read") from error
    if len(packed) != size:
        pixels = " × ".join(map(str, shape))
        raise CorruptImage(
            f"the padding in its description is not that of {pixels} pixels (frames × rows ×"
            " columns): the image has been changed since"
        )
    bits = np.unpackbits(np.frombuffer(packed, np.uint8), count=count)
    return bits.reshape(shape).astype(bool)


def _of_webp(data: bytes) -> bytes:
    """Return the ImageDescription in the Exif chunk of a WebP; empty if there is none."""
    position = 12  # behind RIFF, the size, and WEBP
    while position + 8 <= len(data):
        kind, length = struct.unpack_from("<4sI", data, position)
        if kind == b"EXIF":
            exif = PIL.Image.Exif()
            try:
                exif.load(data[position + 8 : position + 8 + length])
                return str(exif.get(EXIF_DESCRIPTION, "")).encode()
            except Exception:  # of whatever kind: it is nothing that `encode` wrote
                return b""
        position += 8 + length + length % 2
    return b""


_DESCRIPTIONS: dict[str, Callable[[bytes], bytes]] = {
    "PNG": png.description,
    "TIFF": tiff.description,
    "JPEG": jpeg.description,
    "JPEG 2000": jp2.description,
    "WebP": _of_webp,
}
