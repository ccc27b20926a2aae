"""PNG, JPEG, BMP, GIF and WebP, by Pillow and, where Pillow would lose depth, OpenCV.

Pillow reads 16-bit colour as 8-bit without a word, and OpenCV a damaged file. So the structure of a
file is checked here first, and each library reads what it reads whole.
"""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from PIL import (
    BmpImagePlugin,
    GifImagePlugin,
    ImageFile,
    JpegImagePlugin,
    PngImagePlugin,
    WebPImagePlugin,
)

from mapreduce_jobs.imaging.errors import CorruptImage, Truncated, Unsupported
from mapreduce_jobs.imaging.formats import jp2, png, tiff
from mapreduce_jobs.imaging.formats.samples import (
    by_opencv,
    check_size,
    fits_opencv,
    frame_count,
    open_picture,
    orientation_of,
    read_frames,
    upright,
)
from mapreduce_jobs.imaging.formats.spacing import (
    CENTIMETRE,
    INCH,
    Spacing,
    spacing_of_density,
    turned,
)
from mapreduce_jobs.imaging.image import Image

__all__ = ["READERS"]

_GREY, _PALETTE = (0, 4), 3  # colour types of PNG
_JPEG_SIDE = 65_500  # rows and columns that libjpeg decodes, of 65,535 that JPEG can have


def _read_png(data: bytes, max_pixels: int) -> Image:
    facts = png.check(data)
    image = open_picture(PngImagePlugin.PngImageFile, data, max_pixels)
    frames = frame_count(image)
    check_size(frames, image.height, image.width, max_pixels)
    by_pillow = frames > 1 or not fits_opencv(image.height, image.width)
    if by_pillow and facts.depth == 16 and facts.colour_type != 0:
        what = "an animation" if frames > 1 else f"{image.height} × {image.width} pixels"
        raise Unsupported(f"{what} of 16-bit colour")
    if by_pillow or facts.depth < 8 or facts.colour_type == _PALETTE:
        png.check_rows(data)
        read = read_frames(image, max_pixels, depth=max(facts.depth, 8))
        return replace(read, spacing=facts.spacing)
    # Pillow takes 16-bit colour for 8-bit.
    try:
        pixels = by_opencv(data)
    except CorruptImage:
        png.check_rows(data)  # which says more, if it is the compression
        raise
    if facts.colour_type in _GREY and pixels.ndim == 3:  # OpenCV makes colour of grey with alpha
        pixels = pixels[..., 0]
    upright_pixels = upright(pixels[np.newaxis], facts.orientation)
    return Image(upright_pixels, facts.bits, spacing=facts.spacing)


def _read_jpeg(data: bytes, max_pixels: int) -> Image:
    image = open_picture(JpegImagePlugin.JpegImageFile, data, max_pixels)
    check_size(1, image.height, image.width, max_pixels)
    if max(image.size) > _JPEG_SIDE:
        raise Unsupported(
            f"{image.height} rows and {image.width} columns, of which its decoder takes up to"
            f" {_JPEG_SIDE}"
        )
    try:
        read = read_frames(image, max_pixels, frames=1)
        return replace(read, spacing=turned(_jfif_spacing(image), orientation_of(image)))
    except CorruptImage as error:
        if b"\xff\xd9" not in data[-64:]:
            raise Truncated("the file ends before the image does") from error.__cause__
        raise


def _jfif_spacing(image: ImageFile.ImageFile) -> Spacing | None:
    unit = {1: INCH, 2: CENTIMETRE}.get(image.info.get("jfif_unit", 0))
    return spacing_of_density(unit, *image.info["jfif_density"]) if unit else None


def _read_bmp(data: bytes, max_pixels: int) -> Image:
    image = open_picture(BmpImagePlugin.BmpImageFile, data, max_pixels)
    check_size(1, image.height, image.width, max_pixels)
    try:
        return read_frames(image, max_pixels)
    except CorruptImage as error:
        if int.from_bytes(data[2:6], "little") > len(data):
            raise Truncated("the file is shorter than its header says") from error.__cause__
        raise


def _read_gif(data: bytes, max_pixels: int) -> Image:
    if b"\x3b" not in data[-64:]:
        raise Truncated("the file ends before its trailer")
    image = open_picture(GifImagePlugin.GifImageFile, data, max_pixels)
    check_size(1, image.height, image.width, max_pixels)
    check_size(frame_count(image), image.height, image.width, max_pixels)
    return read_frames(image, max_pixels)


def _read_webp(data: bytes, max_pixels: int) -> Image:
    if int.from_bytes(data[4:8], "little") + 8 > len(data):
        raise Truncated("the file is shorter than its header says")
    check_size(1, *_webp_size(data), max_pixels)  # Pillow makes room for a frame as it opens
    image = open_picture(WebPImagePlugin.WebPImageFile, data, max_pixels)
    check_size(frame_count(image), image.height, image.width, max_pixels)
    return read_frames(image, max_pixels)


def _webp_size(data: bytes) -> tuple[int, int]:
    """Return the rows and columns in the first chunk of a WebP; 0 if it has none."""
    kind, content = data[12:16], data[20:30]
    if len(content) < 10:
        return 0, 0
    if kind == b"VP8X":
        columns, rows = (int.from_bytes(content[at : at + 3], "little") for at in (4, 7))
        return rows + 1, columns + 1
    if kind == b"VP8L":
        bits = int.from_bytes(content[1:5], "little")
        return (bits >> 14 & 0x3FFF) + 1, (bits & 0x3FFF) + 1
    if kind == b"VP8 ":
        columns, rows = (int.from_bytes(content[at : at + 2], "little") & 0x3FFF for at in (6, 8))
        return rows, columns
    return 0, 0


READERS: dict[str, Callable[[bytes, int], Image]] = {
    "PNG": _read_png,
    "JPEG": _read_jpeg,
    "TIFF": tiff.read,
    "BMP": _read_bmp,
    "GIF": _read_gif,
    "WebP": _read_webp,
    "JPEG 2000": jp2.read,
}
"""The reader of each format, by the name that `sniff` returns: ``read(data, max_pixels)``."""
