"""TIFF: its pages are the frames of an image.

Pillow reads most kinds; 16-bit colour and 64-bit floats, which it would cut down, OpenCV does.
"""

import io
from collections.abc import Iterator

import cv2
import numpy as np
from PIL import TiffImagePlugin

from mapreduce_jobs.imaging.errors import CorruptImage, Truncated, Unsupported
from mapreduce_jobs.imaging.image import Image
from mapreduce_jobs.imaging.samples import (
    READ_ERRORS,
    check_size,
    from_opencv,
    open_picture,
    read_frames,
)

__all__ = ["read"]


def read(data: bytes, max_pixels: int) -> Image:
    """Read the pages of a TIFF; parameters and errors are those of `decode`."""
    pages = list(_tiff_pages(data, max_pixels))
    if any(page != pages[0] for page in pages):
        raise Unsupported("its pages differ in size or kind, so they are not frames of one image")
    _, _, samples, bits, sample_format, planes, white_is_zero = pages[0]
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
        stack = np.stack([from_opencv(page) for page in decoded])
        if stack.dtype.itemsize * 8 != bits:
            raise Unsupported(f"{samples} samples of {bits} bits cannot be read without loss")
        return Image(stack, bits)  # OpenCV, like Pillow, turns a TIFF upright itself
    try:
        image = open_picture(TiffImagePlugin.TiffImageFile, data)
    except CorruptImage as error:
        raise Unsupported(
            f"{samples} samples of {bits} bits, of a kind or in a compression that cannot be read"
        ) from error.__cause__
    result = read_frames(image, frames=len(pages), depth=bits if bits in (12, 16, 32) else 8)
    if sample_format == 2 and bits == 16:  # Pillow widens signed 16 bits
        return Image(result.pixels.astype(np.int16), 16)
    if sample_format == 1 and bits == 32:  # and takes unsigned 32 bits for signed
        return Image(result.pixels.view(np.uint32), 32)
    if sample_format == 2 and bits == 8:
        return Image(result.pixels.view(np.int8), 8)
    if white_is_zero and bits in (12, 16):  # of 8 bits and less Pillow inverts it
        return Image((1 << bits) - 1 - result.pixels, bits)
    return result


# Rows, columns, samples a pixel, bits a sample, sample format, planar configuration, white is 0.
_TiffPage = tuple[int, int, int, int, int, int, bool]


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
                tags.get(262) == 0,
            )
    except READ_ERRORS as error:
        raise CorruptImage(f"its page directory cannot be read: {error}") from error
    if not seen:
        raise CorruptImage("it has no page")
