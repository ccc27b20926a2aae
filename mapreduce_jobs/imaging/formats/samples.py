"""Arrays of a file's own values, from what Pillow and OpenCV decode."""

import contextlib
import io
import os
import struct
import threading
import zlib
from collections.abc import Callable, Iterator
from typing import Any

import cv2
import numpy as np
import PIL.Image
from PIL import ImageFile

from mapreduce_jobs.imaging import MAX_PIXELS
from mapreduce_jobs.imaging.errors import CorruptImage, TooManyPixels, Unsupported
from mapreduce_jobs.imaging.image import Image, Pixels

__all__ = [
    "READ_ERRORS",
    "by_opencv",
    "check_size",
    "exif_orientation",
    "fits_opencv",
    "frame_count",
    "open_picture",
    "orientation_of",
    "pillow_limit",
    "read_frames",
    "silenced",
    "upright",
]

_ORIENTATION = 274  # the TIFF and EXIF tag
_OPENCV_SIDE, _OPENCV_PIXELS = 1 << 20, 1 << 30  # the most that OpenCV decodes

# What Pillow's and OpenCV's readers raise for content that they cannot make sense of.
READ_ERRORS = (
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
)

_ERROR = 2  # the file descriptor
_silences: list[int] = []  # one for each that is silenced at this moment
_silence_change = threading.Lock()
_standard_error: int | None = None

_limits: list[int] = []  # of those who read at this moment
_limits_change = threading.Lock()
_pillows_own = PIL.Image.MAX_IMAGE_PIXELS


@contextlib.contextmanager
def pillow_limit(max_pixels: int) -> Iterator[None]:
    """Let Pillow refuse images of more than twice as many pixels, and none of fewer.

    Its own limit would refuse images of 179 million pixels. It checks at each step what a file says
    of its size, also where that grows with its frames. The limit is one for all threads, so those
    that read at the same time have the highest of theirs; `check_size` is exact.

    Raises
    ------
    TooManyPixels
        Pillow has refused an image.
    """
    global _pillows_own
    with _limits_change:
        if not _limits:
            _pillows_own = PIL.Image.MAX_IMAGE_PIXELS
        _limits.append(max_pixels)
        _set_pillows_limit()
    try:
        yield
    except PIL.Image.DecompressionBombError as error:
        raise TooManyPixels(f"its pixels are more than --max-pixels {max_pixels}") from error
    finally:
        with _limits_change:
            _limits.remove(max_pixels)
            _set_pillows_limit()


def _set_pillows_limit() -> None:
    # Above its limit Pillow warns, which nobody is to see of an image that ours allows; it refuses
    # above twice that.
    PIL.Image.MAX_IMAGE_PIXELS = max(_limits) if _limits else _pillows_own


def check_size(frames: int, rows: int, columns: int, max_pixels: int) -> None:
    """Raise `TooManyPixels` if an image that says it has this size is over the limit."""
    if frames * rows * columns > max_pixels:
        raise TooManyPixels(
            f"{frames} × {rows} × {columns} pixels (frames × rows × columns) are more than"
            f" --max-pixels {max_pixels}"
        )


def fits_opencv(rows: int, columns: int) -> bool:
    """Return whether OpenCV decodes images of this size."""
    return max(rows, columns) <= _OPENCV_SIDE and rows * columns <= _OPENCV_PIXELS


@contextlib.contextmanager
def silenced() -> Iterator[None]:
    """Keep from standard error what C libraries print there, which names no file.

    They return, or raise, that they have failed; what they say beside it is lost, and so is what
    another thread writes to standard error meanwhile. So this is to be held for a decoder's call
    alone.
    """
    global _standard_error
    with _silence_change:
        _silences.append(1)
        if len(_silences) == 1:
            _standard_error = _replaced_error()
    try:
        yield
    finally:
        with _silence_change:
            _silences.pop()
            if not _silences and _standard_error is not None:
                os.dup2(_standard_error, _ERROR)
                os.close(_standard_error)


def _replaced_error() -> int | None:
    """Aim standard error at nothing; return a descriptor of it, or None if it is closed."""
    try:
        kept = os.dup(_ERROR)
    except OSError:
        return None
    nothing = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nothing, _ERROR)
    os.close(nothing)
    return kept


def by_opencv(data: bytes) -> Pixels:
    """Return what OpenCV decodes, as grey or as red, green, blue without alpha."""
    try:
        with silenced():
            pixels: Any = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    except cv2.error as error:
        raise CorruptImage("OpenCV cannot read it") from error
    if pixels is None:
        raise CorruptImage("the pixels cannot be read")
    if pixels.ndim == 2:
        return pixels
    if pixels.shape[2] not in (3, 4):
        raise Unsupported(f"{pixels.shape[2]} samples a pixel")
    return np.ascontiguousarray(pixels[:, :, 2::-1])  # OpenCV has blue first


def open_picture(
    plugin: Callable[[io.BytesIO], ImageFile.ImageFile], data: bytes, max_pixels: int = MAX_PIXELS
) -> ImageFile.ImageFile:
    """Open with one of Pillow's readers; nothing but the header is read."""
    try:
        with pillow_limit(max_pixels):
            return plugin(io.BytesIO(data))
    except READ_ERRORS as error:
        raise CorruptImage(f"the header cannot be read: {_reason(error)}") from error


def frame_count(image: ImageFile.ImageFile) -> int:
    """Return the number of frames of an open image."""
    try:
        return int(getattr(image, "n_frames", 1))
    except READ_ERRORS as error:
        raise CorruptImage(f"its frames cannot be counted: {_reason(error)}") from error


def read_frames(
    image: ImageFile.ImageFile, max_pixels: int, frames: int | None = None, depth: int = 8
) -> Image:
    """Decode every frame of an open image, whose size has been checked."""
    count, size = frames or frame_count(image), image.size
    try:
        arrays = []
        with pillow_limit(max_pixels):
            for index in range(count):
                if count > 1:
                    image.seek(index)
                if image.size != size:  # a GIF may grow, beyond the limit
                    raise ValueError("its frames differ in size")
                image.load()
                arrays.append(_samples(image))
        if any(array.ndim != arrays[0].ndim for array in arrays):
            arrays = [
                a if a.ndim == 3 else np.repeat(a[..., np.newaxis], 3, axis=2) for a in arrays
            ]
        pixels = np.stack(arrays) if count > 1 else arrays[0][np.newaxis]
        orientation = orientation_of(image)
    except READ_ERRORS as error:
        raise CorruptImage(f"the pixels cannot be read: {_reason(error)}") from error
    if depth == 16 and pixels.dtype == np.int32 and image.format == "PNG":
        pixels = pixels.astype(np.uint16)  # Pillow before 11 widens 16-bit grey
    bits = min(depth, pixels.dtype.itemsize * 8) if pixels.dtype.kind in "iu" else 32
    return Image(upright(pixels, orientation), bits)


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


def exif_orientation(exif: bytes) -> int:
    """Return the orientation in EXIF data, 1 (upright) if it has none."""
    parsed = PIL.Image.Exif()
    try:
        parsed.load(b"Exif\0\0" + exif)
        return int(parsed.get(_ORIENTATION, 1))
    except READ_ERRORS as error:
        raise CorruptImage(f"its EXIF data cannot be read: {_reason(error)}") from error


def orientation_of(image: ImageFile.ImageFile) -> int:
    """Return the EXIF orientation of an open image, 1 (upright) if it has none."""
    return int(image.getexif().get(_ORIENTATION, 1))


def upright(pixels: Pixels, orientation: int) -> Pixels:
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


def _reason(error: BaseException) -> str:
    """Return a reason without an address in memory, which would differ from run to run."""
    text = str(error) or type(error).__name__
    return type(error).__name__ if " at 0x" in text else text
