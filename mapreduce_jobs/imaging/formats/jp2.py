"""JPEG 2000: files of boxes (JP2, ISO 15444-1 Annex I) and bare codestreams (Annex A).

The decoder, OpenJPEG, takes what is missing of a file for grey. So its structure is checked first.
Pillow reads grey and 8-bit colour, OpenCV deeper colour, which Pillow would cut down; both scale
nothing here: the values are the file's own.
"""

import io
import struct
from collections.abc import Iterator
from fractions import Fraction
from typing import NamedTuple

import cv2
import numpy as np
import PIL.Image
from PIL import Jpeg2KImagePlugin

from mapreduce_jobs.imaging.errors import CannotHold, CorruptImage, Truncated, Unsupported
from mapreduce_jobs.imaging.formats.file_formats import JP2_BOXES, JP2_CODESTREAM
from mapreduce_jobs.imaging.formats.samples import (
    by_opencv,
    check_size,
    fits_opencv,
    open_picture,
    read_frames,
)
from mapreduce_jobs.imaging.formats.spacing import METRE, Spacing, spacing_of_density
from mapreduce_jobs.imaging.image import Image, Pixels

__all__ = ["Box", "boxes", "description", "read", "write"]

_START_OF_TILE, _END = b"\xff\x90", b"\xff\xd9"

# Of the box of ours: what there is to say of an image beside its pixels, as JSON.
_UUID = bytes.fromhex("6f1c0f6ed1f15b0e9d0c3c9a7a0d5b4e")


class Box(NamedTuple):
    """A box of a file, and the place of its content."""

    kind: bytes
    start: int  # of the content
    end: int


class _Header(NamedTuple):
    """What the codestream says at its start (SIZ)."""

    rows: int
    columns: int
    samples: int
    bits: int
    signed: bool


def read(data: bytes, max_pixels: int) -> Image:
    """Read a JPEG 2000 image; parameters and errors are those of `decode`."""
    found = list(boxes(data, 0, len(data))) if data.startswith(JP2_BOXES) else []
    streams = [box for box in found if box.kind == b"jp2c"]
    if found and not streams:
        raise Truncated("the file ends before its codestream")
    start, end = streams[0][1:] if streams else (0, len(data))
    header = _header(data, start, end)
    check_size(1, header.rows, header.columns, max_pixels)
    _check_tiles(data, start, end)
    spacing = next((_resolution(data, box) for box in found if box.kind == b"jp2h"), None)
    if header.samples > 1 and header.bits > 8:
        if not fits_opencv(header.rows, header.columns):
            raise Unsupported(
                f"{header.rows} × {header.columns} pixels of {header.samples} samples of"
                f" {header.bits} bits"
            )
        return Image(_deep_colour(data, header)[np.newaxis], header.bits, spacing=spacing)
    image = open_picture(Jpeg2KImagePlugin.Jpeg2KImageFile, data, max_pixels)
    if image.size != (header.columns, header.rows):
        raise CorruptImage("its header and its codestream differ in size")
    pixels = read_frames(image, max_pixels, frames=1).pixels
    if pixels.ndim == 4 and header.samples < 3:  # a palette has been applied
        return Image(pixels, 8, spacing=spacing)
    return Image(_as_stored(pixels, header), header.bits, spacing=spacing)


def _header(data: bytes, start: int, end: int) -> _Header:
    if end - start < 42:
        raise Truncated("the file ends within the header of its codestream")
    if not data.startswith(JP2_CODESTREAM, start):
        raise CorruptImage("its codestream has no header (SIZ)")
    right, bottom, left, top = struct.unpack_from(">4I", data, start + 8)
    samples = int.from_bytes(data[start + 40 : start + 42], "big")
    components = {data[at : at + 3] for at in range(start + 42, start + 42 + 3 * samples, 3)}
    if right <= left or bottom <= top:
        raise CorruptImage("its codestream says that it has no pixel")
    if samples not in (1, 2, 3, 4) or len(components) > 1:
        raise Unsupported(f"{samples} samples a pixel, or samples that differ in size or depth")
    component = components.pop()
    if len(component) < 3:
        raise Truncated("the file ends within the header of its codestream")
    header = _Header(
        bottom - top, right - left, samples, (component[0] & 127) + 1, component[0] > 127
    )
    if component[1:] != b"\1\1":
        raise Unsupported("samples that are not those of each pixel")
    if header.bits > 16 or (samples > 1 and header.signed) or (samples == 2 and header.bits > 8):
        signed = " signed" if header.signed else ""
        raise Unsupported(f"{samples} samples of {header.bits}{signed} bits")
    return header


def _check_tiles(data: bytes, start: int, end: int) -> None:
    """Follow the codestream from marker to marker and tile to tile, to its end."""
    position = start + 2
    while True:
        if position + 2 > end:
            raise Truncated("the file ends before the image does")
        marker = data[position : position + 2]
        if marker == _END:
            return
        if position + 12 > end:
            raise Truncated("the file ends before the image does")
        if marker == _START_OF_TILE:
            length = int.from_bytes(data[position + 6 : position + 10], "big")
            if not length:  # the last tile, to the end
                if _END not in data[end - 16 : end]:
                    raise Truncated("the file ends before the image does")
                return
            if length < 14:
                raise CorruptImage("a tile of it is shorter than its own header")
            position += length
        else:
            if marker[0] != 0xFF:
                raise CorruptImage("its codestream has no marker where one must be")
            position += 2 + int.from_bytes(data[position + 2 : position + 4], "big")


def _deep_colour(data: bytes, header: _Header) -> Pixels:
    pixels = by_opencv(data)
    if pixels.dtype != np.uint16 or pixels.shape != (header.rows, header.columns, 3):
        raise Unsupported(f"{header.samples} samples of {header.bits} bits of this kind")
    return pixels


def _as_stored(pixels: Pixels, header: _Header) -> Pixels:
    """Undo that Pillow shifts samples to the highest bits, and signed ones above 0."""
    shifted = pixels >> (pixels.dtype.itemsize * 8 - header.bits)
    if not header.signed:
        return shifted
    dtype = np.int8 if header.bits <= 8 else np.int16
    return (shifted.astype(np.int32) - (1 << header.bits - 1)).astype(dtype)


# Boxes


def boxes(data: bytes, start: int, end: int) -> Iterator[Box]:
    """Iterate over boxes, each with the place of its content; what is after the last is not one."""
    while start + 8 <= end:
        length, kind = struct.unpack_from(">I4s", data, start)
        content = start + 8
        if length == 1:
            length = int.from_bytes(data[content : content + 8], "big")
            content += 8
        stop = start + length if length else end
        if stop < content:
            raise CorruptImage("a box of it is shorter than its own header")
        if stop > end:
            raise Truncated("the file ends within a box")
        yield Box(kind, content, stop)
        start = stop


def _resolution(data: bytes, header: Box) -> Spacing | None:
    """Return the spacing by the box of the resolution at capture, which is in the header box."""
    for box in boxes(data, header.start, header.end):
        if box.kind == b"res ":
            for inner in boxes(data, box.start, box.end):
                if inner.kind == b"resc" and inner.end - inner.start == 10:
                    return _spacing(data[inner.start : inner.end])
    return None


def _spacing(resolution: bytes) -> Spacing | None:
    down, below, across, beside, *exponents = struct.unpack(">4H2b", resolution)
    if not below or not beside:
        return None
    down_exponent, across_exponent = exponents
    return spacing_of_density(
        METRE,
        across=across / beside * 10.0**across_exponent,
        down=down / below * 10.0**down_exponent,
    )


def description(data: bytes) -> bytes:
    """Return the text that `write` put into a box of its own; empty if there is none."""
    if not data.startswith(JP2_BOXES):
        return b""
    for box in boxes(data, 0, len(data)):
        if box.kind == b"uuid" and data.startswith(_UUID, box.start):
            return data[box.start + len(_UUID) : box.end]
    return b""


# Writing


def write(image: Image, quality: int | None, text: str | None) -> bytes:
    """Return a JP2 file of one frame of uint8 or uint16.

    Parameters
    ----------
    image : Image
        Grey or colour. Its bits stored are not written: all of the dtype's are.
    quality : int or None
        None: without loss, by the 5/3 wavelet. Else so many hundredths of the pixels' bytes are
        the most that is kept.
    text : str or None
        In a box of its own (`description`).

    Raises
    ------
    CannotHold
        16-bit colour with fewer than 32 rows or columns, which OpenCV cannot write.
    """
    frame = image.pixels[0]
    if image.is_colour and frame.dtype == np.uint16:
        data = _written_by_opencv(frame, quality)
    else:
        data = _written_by_pillow(frame, quality)
    if image.spacing is not None:
        data = _with_resolution(data, image.spacing)
    return data if text is None else data + _box(b"uuid", _UUID + text.encode())


def _written_by_pillow(frame: Pixels, quality: int | None) -> bytes:
    file = io.BytesIO()
    lossy = {} if quality is None else {"irreversible": True, "quality_layers": [100 / quality]}
    PIL.Image.fromarray(frame).save(file, "JPEG2000", **lossy)
    return file.getvalue()


def _written_by_opencv(frame: Pixels, quality: int | None) -> bytes:
    rows, columns = frame.shape[:2]
    thousandths = 1000 if quality is None else 10 * quality
    if min(rows, columns) < 32:
        raise CannotHold(
            f"16-bit colour of {rows} × {columns} pixels cannot be written as JPEG 2000, whose"
            " encoder needs 32 rows and columns for it: choose png or tiff"
        )
    options = [cv2.IMWRITE_JPEG2000_COMPRESSION_X1000, thousandths]
    return bytes(cv2.imencode(".jp2", frame[..., ::-1], options)[1])


def _with_resolution(data: bytes, spacing: Spacing) -> bytes:
    (down, below, down_exponent), (across, beside, across_exponent) = map(_decimal, spacing)
    if not (-128 <= down_exponent <= 127 and -128 <= across_exponent <= 127):
        return data
    content = struct.pack(">4H2b", down, below, across, beside, down_exponent, across_exponent)
    resolution = _box(b"res ", _box(b"resc", content))
    header = next(box for box in boxes(data, 0, len(data)) if box.kind == b"jp2h")
    enlarged = _box(b"jp2h", data[header.start : header.end] + resolution)
    return data[: header.start - 8] + enlarged + data[header.end :]


def _decimal(millimetres: float) -> tuple[int, int, int]:
    """Return pixels a metre as numerator and denominator of 16 bits, and a power of ten."""
    value = Fraction(METRE) / Fraction(repr(float(millimetres)))
    exponent = 0
    while value >= 1:
        value /= 10
        exponent += 1
    while value < Fraction(1, 10):
        value *= 10
        exponent -= 1
    nearest = value.limit_denominator((1 << 16) - 1)
    return nearest.numerator, nearest.denominator, exponent


def _box(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I4s", len(content) + 8, kind) + content
