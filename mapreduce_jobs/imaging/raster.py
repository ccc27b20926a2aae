"""PNG, JPEG, TIFF, BMP, GIF and WebP, by Pillow and, where Pillow would lose depth, OpenCV.

Pillow reads 16-bit colour as 8-bit and 64-bit floats as 32-bit without a word; OpenCV reads a
damaged file without a word. So the structure of a file is checked here first, and each library
reads what it reads whole.
"""

import io
import struct
import zlib
from collections.abc import Callable, Iterator
from typing import Any

import cv2
import numpy as np
import PIL.Image
from PIL import (
    BmpImagePlugin,
    GifImagePlugin,
    ImageFile,
    JpegImagePlugin,
    PngImagePlugin,
    TiffImagePlugin,
    WebPImagePlugin,
)

from mapreduce_jobs.imaging.errors import (
    ChecksumMismatch,
    CorruptImage,
    TooManyPixels,
    Truncated,
    Unsupported,
)
from mapreduce_jobs.imaging.image import Image, Pixels

__all__ = ["READERS", "check_size", "sniff"]

_PNG = b"\x89PNG\r\n\x1a\n"
_TIFF = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")  # the last two: BigTIFF
_BMP_HEADERS = (12, 40, 52, 56, 64, 108, 124)
_ORIENTATION = 274  # the TIFF and EXIF tag

# What Pillow's and OpenCV's readers raise for content that they cannot make sense of.
_READ_ERRORS = (
    OSError,
    SyntaxError,
    ValueError,
    TypeError,
    LookupError,
    EOFError,
    ArithmeticError,
    AttributeError,
    AssertionError,
    RuntimeError,
    struct.error,
    zlib.error,
    cv2.error,
    PIL.Image.DecompressionBombError,
)


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


def check_size(frames: int, rows: int, columns: int, max_pixels: int) -> None:
    """Raise `TooManyPixels` if an image that says it has this size is over the limit."""
    if frames * rows * columns > max_pixels:
        raise TooManyPixels(
            f"{frames} × {rows} × {columns} pixels (frames × rows × columns) are more than"
            f" --max-pixels {max_pixels}"
        )


def _read_png(data: bytes, max_pixels: int) -> Image:
    depth, colour_type, orientation = _check_png(data)
    image = _open(PngImagePlugin.PngImageFile, data)
    check_size(_frame_count(image), image.height, image.width, max_pixels)
    if depth == 16 and colour_type != 0:
        pixels = _from_opencv(cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED))
        return Image(_upright(pixels[np.newaxis], orientation), 16)
    return _read_frames(image, depth=16 if depth == 16 else 8)


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
            exif = PIL.Image.Exif()
            exif.load(b"Exif\0\0" + data[position + 8 : end - 4])
            orientation = int(exif.get(_ORIENTATION, 1))
        if kind == b"IEND":
            break
        position = end
    if data[12:16] != b"IHDR" or struct.unpack_from(">I", view, 8)[0] != 13:
        raise CorruptImage("the header (IHDR) is missing")
    return data[24], data[25], orientation


def _read_jpeg(data: bytes, max_pixels: int) -> Image:
    image = _open(JpegImagePlugin.JpegImageFile, data)
    check_size(1, image.height, image.width, max_pixels)
    try:
        return _read_frames(image, frames=1)
    except CorruptImage as error:
        if b"\xff\xd9" not in data[-64:]:
            raise Truncated("the file ends before the image does") from error.__cause__
        raise


def _read_bmp(data: bytes, max_pixels: int) -> Image:
    image = _open(BmpImagePlugin.BmpImageFile, data)
    check_size(1, image.height, image.width, max_pixels)
    try:
        return _read_frames(image)
    except CorruptImage as error:
        if int.from_bytes(data[2:6], "little") > len(data):
            raise Truncated("the file is shorter than its header says") from error.__cause__
        raise


def _read_gif(data: bytes, max_pixels: int) -> Image:
    if b"\x3b" not in data[-64:]:
        raise Truncated("the file ends before its trailer")
    image = _open(GifImagePlugin.GifImageFile, data)
    check_size(1, image.height, image.width, max_pixels)
    check_size(_frame_count(image), image.height, image.width, max_pixels)
    return _read_frames(image)


def _read_webp(data: bytes, max_pixels: int) -> Image:
    if int.from_bytes(data[4:8], "little") + 8 > len(data):
        raise Truncated("the file is shorter than its header says")
    image = _open(WebPImagePlugin.WebPImageFile, data)
    check_size(_frame_count(image), image.height, image.width, max_pixels)
    return _read_frames(image)


def _read_tiff(data: bytes, max_pixels: int) -> Image:
    pages = list(_tiff_pages(data, max_pixels))
    if any(page != pages[0] for page in pages):
        raise Unsupported("its pages differ in size or kind, so they are not frames of one image")
    _, _, samples, bits, sample_format, planes = pages[0]
    if (samples > 1 and bits > 8) or (sample_format == 3 and bits > 32):
        if samples > 1 and planes == 2:
            raise Unsupported(f"{samples} samples of {bits} bits in planes of their own")
        flags = cv2.IMREAD_UNCHANGED
        try:
            ok, decoded = cv2.imdecodemulti(np.frombuffer(data, np.uint8), flags)
        except cv2.error as error:
            raise CorruptImage("OpenCV cannot read it") from error
        if not ok or len(decoded) != len(pages):
            raise Unsupported(
                f"{samples} samples of {bits} bits, compressed or ordered in a way"
                " that cannot be read, or damaged"
            )
        stack = np.stack([_from_opencv(page) for page in decoded])
        if stack.dtype.itemsize * 8 != bits:
            raise Unsupported(f"{samples} samples of {bits} bits cannot be read without loss")
        return Image(stack, bits)  # OpenCV, like Pillow, turns a TIFF upright itself
    image = _open(TiffImagePlugin.TiffImageFile, data)
    result = _read_frames(image, frames=len(pages), depth=bits if bits in (12, 16, 32) else 8)
    if sample_format == 2 and bits == 16:  # Pillow widens signed 16 bits
        return Image(result.pixels.astype(np.int16), 16)
    if sample_format == 1 and bits == 32:  # and takes unsigned 32 bits for signed
        return Image(result.pixels.view(np.uint32), 32)
    return result


# Rows, columns, samples a pixel, bits a sample, sample format, planar configuration.
_TiffPage = tuple[int, int, int, int, int, int]


def _tiff_pages(data: bytes, max_pixels: int) -> Iterator[_TiffPage]:
    """Iterate over the page directories; check that what they point to is there."""
    file = io.BytesIO(data)
    seen: set[int] = set()
    if data[:4] == b"MM\0+":
        raise Unsupported("a big-endian BigTIFF")
    header = data[:16] if data[:4] == b"II+\0" else data[:8]
    try:
        directory = TiffImagePlugin.ImageFileDirectory_v2(header)
        while directory.next:
            offset = directory.next
            if offset in seen:
                raise CorruptImage("its page directories form a ring")
            if offset >= len(data):
                raise Truncated("the file ends before its page directory")
            seen.add(offset)
            file.seek(offset)
            directory.load(file)
            tags = directory
            rows, columns = int(tags[257]), int(tags[256])
            check_size(len(seen), rows, columns, max_pixels)
            offsets = tags.get(273, tags.get(324, ()))
            counts = tags.get(279, tags.get(325, ()))
            ends = [int(o) + int(c) for o, c in zip(offsets, counts, strict=False)]
            if not offsets or max([*offsets, *ends]) > len(data):
                raise Truncated("the file ends before its pixels do")
            bits = {int(value) for value in tags.get(258, (1,))}
            formats = {int(value) for value in tags.get(339, (1,))}
            if len(bits) > 1 or len(formats) > 1:
                raise Unsupported("its samples differ in depth")
            yield (
                rows,
                columns,
                int(tags.get(277, 1)),
                bits.pop(),
                formats.pop(),
                int(tags.get(284, 1)),
            )
    except _READ_ERRORS as error:
        raise CorruptImage(f"its page directory cannot be read: {error}") from error
    if not seen:
        raise CorruptImage("it has no page")


def _open(plugin: Callable[[io.BytesIO], ImageFile.ImageFile], data: bytes) -> ImageFile.ImageFile:
    """Open with one of Pillow's readers; nothing but the header is read."""
    try:
        return plugin(io.BytesIO(data))
    except _READ_ERRORS as error:
        raise CorruptImage(f"the header cannot be read: {_reason(error)}") from error


def _frame_count(image: ImageFile.ImageFile) -> int:
    try:
        return int(getattr(image, "n_frames", 1))
    except _READ_ERRORS as error:
        raise CorruptImage(f"its frames cannot be counted: {_reason(error)}") from error


def _read_frames(image: ImageFile.ImageFile, frames: int | None = None, depth: int = 8) -> Image:
    """Decode every frame of an open image."""
    count = frames or _frame_count(image)
    try:
        arrays = []
        for index in range(count):
            if count > 1:
                image.seek(index)
            image.load()
            arrays.append(_samples(image))
        if any(array.ndim != arrays[0].ndim for array in arrays):
            arrays = [
                a if a.ndim == 3 else np.repeat(a[..., np.newaxis], 3, axis=2) for a in arrays
            ]
        pixels = np.stack(arrays) if count > 1 else arrays[0][np.newaxis]
        # Pillow's TIFF reader turns its image upright itself.
        orientation = 1 if image.format == "TIFF" else _orientation(image)
    except _READ_ERRORS as error:
        raise CorruptImage(f"the pixels cannot be read: {_reason(error)}") from error
    if depth == 16 and pixels.dtype == np.int32 and image.format == "PNG":
        pixels = pixels.astype(np.uint16)  # Pillow before 11 widens 16-bit grey
    bits = min(depth, pixels.dtype.itemsize * 8) if pixels.dtype.kind in "iu" else 32
    return Image(_upright(pixels, orientation), bits)


def _samples(image: ImageFile.ImageFile) -> Pixels:
    """Return the samples of the current frame, rows × columns or rows × columns × 3."""
    mode = image.mode
    if mode in ("L", "I", "F"):
        return np.asarray(image)
    if mode.startswith("I;16"):
        return np.asarray(image).astype(np.uint16, copy=False)
    if mode == "1":
        return np.asarray(image.convert("L"))
    if mode in ("LA", "La"):
        return np.asarray(image.getchannel(0))
    if mode == "RGB":
        return np.asarray(image)
    return np.asarray(image.convert("RGB"))


def _from_opencv(decoded: Any) -> Pixels:
    """Return what OpenCV decoded, blue first, as grey or as red, green, blue without alpha."""
    if decoded is None:
        raise CorruptImage("the pixels cannot be read")
    pixels: Pixels = decoded
    if pixels.ndim == 2:
        return pixels
    if pixels.shape[2] not in (3, 4):
        raise Unsupported(f"{pixels.shape[2]} samples a pixel")
    colour = pixels[:, :, 2::-1]
    return np.ascontiguousarray(colour)


def _orientation(image: ImageFile.ImageFile) -> int:
    return int(image.getexif().get(_ORIENTATION, 1))


def _upright(pixels: Pixels, orientation: int) -> Pixels:
    """Turn frames × rows × columns as the EXIF orientation says (EXIF 2.32, tag 274)."""
    turned = {
        2: lambda: pixels[:, :, ::-1],
        3: lambda: pixels[:, ::-1, ::-1],
        4: lambda: pixels[:, ::-1],
        5: lambda: pixels.swapaxes(1, 2),
        6: lambda: pixels.swapaxes(1, 2)[:, :, ::-1],
        7: lambda: pixels.swapaxes(1, 2)[:, ::-1, ::-1],
        8: lambda: pixels.swapaxes(1, 2)[:, ::-1],
    }.get(orientation)
    return pixels if turned is None else np.ascontiguousarray(turned())


def _printable(kind: bytes) -> str:
    return kind.decode("ascii", "replace") if kind.isalpha() else "next"


def _reason(error: BaseException) -> str:
    """Return a reason without an address in memory, which would differ from run to run."""
    text = str(error) or type(error).__name__
    return type(error).__name__ if " at 0x" in text else text


READERS: dict[str, Callable[[bytes, int], Image]] = {
    "PNG": _read_png,
    "JPEG": _read_jpeg,
    "TIFF": _read_tiff,
    "BMP": _read_bmp,
    "GIF": _read_gif,
    "WebP": _read_webp,
}
"""Reader of each format that `sniff` tells: ``read(data, max_pixels)`` gives an `Image`."""
