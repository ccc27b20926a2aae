"""PNG, JPEG, BMP, GIF and WebP, by Pillow and, where Pillow would lose depth, OpenCV.

Pillow reads 16-bit colour as 8-bit without a word, and OpenCV a damaged file. So the structure of a
file is checked here first, and each library reads what it reads whole.
"""

import struct
import zlib
from collections.abc import Callable

import cv2
import numpy as np
from PIL import (
    BmpImagePlugin,
    GifImagePlugin,
    JpegImagePlugin,
    PngImagePlugin,
    WebPImagePlugin,
)

from mapreduce_jobs.imaging import tiff
from mapreduce_jobs.imaging.errors import ChecksumMismatch, CorruptImage, Truncated, Unsupported
from mapreduce_jobs.imaging.image import Image
from mapreduce_jobs.imaging.samples import (
    check_size,
    exif_orientation,
    frame_count,
    from_opencv,
    open_picture,
    read_frames,
    upright,
)

__all__ = ["READERS", "sniff"]

_PNG = b"\x89PNG\r\n\x1a\n"
_TIFF = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")  # the last two: BigTIFF
_GREY, _PALETTE = (0, 4), 3  # colour types of PNG
_BMP_HEADERS = (12, 40, 52, 56, 64, 108, 124)


def sniff(data: bytes) -> str | None:
    """Tell a raster format by its first bytes; None if it is none of them."""
    if data.startswith(_PNG):
        return "PNG"
    if data.startswith(b"\xff\xd8\xff"):
        return "JPEG"
    if data.startswith(_TIFF):
        return "TIFF"
    if data.startswith((b"GIF87a", b"GIF89a")):
        return "GIF"
    if data.startswith(b"RIFF") and data[8:12] == b"WEBP":
        return "WebP"
    if data.startswith(b"BM") and int.from_bytes(data[14:18], "little") in _BMP_HEADERS:
        return "BMP"
    return None


def _read_png(data: bytes, max_pixels: int) -> Image:
    depth, colour_type, orientation = _check_png(data)
    image = open_picture(PngImagePlugin.PngImageFile, data)
    frames = frame_count(image)
    check_size(frames, image.height, image.width, max_pixels)
    if frames > 1 and depth == 16 and colour_type != 0:
        raise Unsupported("an animation of 16-bit colour")
    if frames > 1 or depth < 8 or colour_type == _PALETTE:
        return read_frames(image, depth=max(depth, 8))
    # Pillow takes missing rows for black, and 16-bit colour for 8-bit.
    try:
        decoded = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    except cv2.error as error:
        raise CorruptImage("OpenCV cannot read it") from error
    pixels = from_opencv(decoded)
    if colour_type in _GREY and pixels.ndim == 3:  # OpenCV makes colour of grey with alpha
        pixels = pixels[..., 0]
    return Image(upright(pixels[np.newaxis], orientation), depth)


def _check_png(data: bytes) -> tuple[int, int, int]:
    """Check a PNG's chunks, each by its CRC; return bit depth, colour type and orientation."""
    view = memoryview(data)
    orientation = 1
    position = len(_PNG)
    while True:
        if position + 12 > len(view):
            raise Truncated("the file ends before its last chunk (IEND)")
        length, kind = struct.unpack_from(">I4s", view, position)
        end = position + 12 + length
        if end > len(view):
            raise Truncated(f"the file ends within its {_printable(kind)} chunk")
        if zlib.crc32(view[position + 4 : end - 4]) != int.from_bytes(view[end - 4 : end], "big"):
            raise ChecksumMismatch(f"the CRC of its {_printable(kind)} chunk does not fit")
        if kind == b"eXIf":
            orientation = exif_orientation(data[position + 8 : end - 4])
        if kind == b"IEND":
            break
        position = end
    if data[12:16] != b"IHDR" or struct.unpack_from(">I", view, 8)[0] != 13:
        raise CorruptImage("the header (IHDR) is missing")
    return data[24], data[25], orientation


def _read_jpeg(data: bytes, max_pixels: int) -> Image:
    image = open_picture(JpegImagePlugin.JpegImageFile, data)
    check_size(1, image.height, image.width, max_pixels)
    try:
        return read_frames(image, frames=1)
    except CorruptImage as error:
        if b"\xff\xd9" not in data[-64:]:
            raise Truncated("the file ends before the image does") from error.__cause__
        raise


def _read_bmp(data: bytes, max_pixels: int) -> Image:
    image = open_picture(BmpImagePlugin.BmpImageFile, data)
    check_size(1, image.height, image.width, max_pixels)
    try:
        return read_frames(image)
    except CorruptImage as error:
        if int.from_bytes(data[2:6], "little") > len(data):
            raise Truncated("the file is shorter than its header says") from error.__cause__
        raise


def _read_gif(data: bytes, max_pixels: int) -> Image:
    if b"\x3b" not in data[-64:]:
        raise Truncated("the file ends before its trailer")
    image = open_picture(GifImagePlugin.GifImageFile, data)
    check_size(1, image.height, image.width, max_pixels)
    check_size(frame_count(image), image.height, image.width, max_pixels)
    return read_frames(image)


def _read_webp(data: bytes, max_pixels: int) -> Image:
    if int.from_bytes(data[4:8], "little") + 8 > len(data):
        raise Truncated("the file is shorter than its header says")
    image = open_picture(WebPImagePlugin.WebPImageFile, data)
    check_size(frame_count(image), image.height, image.width, max_pixels)
    return read_frames(image)


def _printable(kind: bytes) -> str:
    return kind.decode("ascii", "replace") if kind.isalpha() else "next"


READERS: dict[str, Callable[[bytes, int], Image]] = {
    "PNG": _read_png,
    "JPEG": _read_jpeg,
    "TIFF": tiff.read,
    "BMP": _read_bmp,
    "GIF": _read_gif,
    "WebP": _read_webp,
}
"""Reader of each format that `sniff` tells: ``read(data, max_pixels)`` gives an `Image`."""
