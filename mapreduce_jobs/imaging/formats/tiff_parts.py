"""Strips and tiles of a TIFF: decompressed, and put together to the samples of a page.

libtiff would do it all, but Pillow and OpenCV, which bring it, make of its images those that they
have modes for. So it decompresses, and what TIFF 6.0 says of samples is done here.
"""

import itertools
import lzma
import struct
import zlib
from collections.abc import Callable

import numpy as np
from PIL import JpegImagePlugin, TiffImagePlugin

from mapreduce_jobs.imaging.errors import CorruptImage, Unsupported
from mapreduce_jobs.imaging.formats import jp2
from mapreduce_jobs.imaging.formats.samples import (
    READ_ERRORS,
    open_picture,
    pillow_limit,
    silenced,
)
from mapreduce_jobs.imaging.formats.tiff_pages import Page
from mapreduce_jobs.imaging.image import Pixels

__all__ = ["JPEG", "dtype_of", "samples_of"]

_NONE, _LZW, JPEG, _PACKBITS, _LZMA, _ZSTD = 1, 5, 7, 32773, 34925, 50000
_DEFLATE = (8, 32946)
_FAX = (2, 3, 4)
_JPEG_2000 = (33005, 34712)
_NAMES = {
    6: "JPEG of the old kind",
    33003: "JPEG 2000 of YCbCr",
    33004: "JPEG 2000 of a scanner's own kind",
    34887: "LERC",
    34892: "JPEG of a camera",
    34933: "PNG",
    50001: "WebP",
    50002: "JPEG XL",
    52546: "JPEG XL",
}
_PREDICTED = (_LZW, *_DEFLATE, _LZMA, _ZSTD)
_YCBCR = 6
_FAX_OPTIONS = (292, 293)
_TABLES = 347
_REVERSED = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))
_UNPACKED = 1 << 20  # samples at a time


def dtype_of(page: Page) -> "np.dtype[np.generic]":
    """Return the dtype of samples in memory: floats of 16 bits have the next wider one.

    Raises
    ------
    Unsupported
        There is none.
    """
    letter = {1: "u", 2: "i", 3: "f", 4: "u"}.get(page.sample_format, "?")
    if letter == "u" and page.bits <= 16:
        return np.dtype(np.uint8 if page.bits <= 8 else np.uint16)
    if page.bits not in {"f": (16, 32, 64)}.get(letter, (8, 16, 32, 64)) or letter == "?":
        kinds = {"u": "unsigned", "i": "signed", "f": "floating-point"}
        raise Unsupported(f"{kinds.get(letter, 'complex')} samples of {page.bits} bits")
    return np.dtype(f"{letter}{max(page.bits, 32 if letter == 'f' else 8) // 8}")


def samples_of(page: Page, data: bytes) -> Pixels:
    """Return the samples of a page, rows × columns × samples, as numbers that nothing is done to.

    JPEG of YCbCr alone is red, green, blue by now, since its decoder makes them so.

    Raises
    ------
    Unsupported, CorruptImage, TooManyPixels
        They cannot be decompressed, or put together.
    """
    planes, down, across = page.grid
    decode = _decoder(page)
    canvas = np.empty((planes, page.rows, page.columns, page.samples // planes), dtype_of(page))
    places = list(itertools.product(range(planes), range(down), range(across)))
    # The last strip is shorter.
    for is_last, group in itertools.groupby(
        sorted(enumerate(places), key=lambda part: part[1][1] == down - 1),
        key=lambda part: part[1][1] == down - 1,
    ):
        parts = list(group)
        left = page.rows - (down - 1) * page.part_rows
        height = left if is_last and not page.is_tiled else page.part_rows
        blocks = decode(page, [_raw(page, data, number) for number, _ in parts], height)
        for block, (_, (plane, row, column)) in zip(blocks, parts, strict=True):
            top, start = row * page.part_rows, column * page.part_columns
            place = canvas[plane, top : top + height, start : start + page.part_columns]
            place[...] = block[: place.shape[0], : place.shape[1]]
    return canvas[0] if planes == 1 else np.concatenate(canvas, axis=-1)


_Bytes = bytes | memoryview
_Decoder = Callable[[Page, list[_Bytes], int], Pixels | list[Pixels]]


def _raw(page: Page, data: bytes, number: int) -> _Bytes:
    raw = memoryview(data)[page.offsets[number] : page.offsets[number] + page.counts[number]]
    if page.fill_order != 2 or page.compression in (JPEG, *_JPEG_2000):  # these have one order
        return raw
    return bytes(raw).translate(_REVERSED)


def _decoder(page: Page) -> _Decoder:
    """Return what makes of the bytes of parts of some rows their samples."""
    if page.compression == JPEG:
        return _jpeg
    if page.compression in _JPEG_2000:
        return _jpeg_2000
    if page.compression in _FAX:
        if (page.bits, page.samples) != (1, 1):
            raise Unsupported(f"{page.samples} samples of {page.bits} bits, compressed as fax")
        return _fax
    if page.compression in (_NONE, _LZW, _PACKBITS, _LZMA, _ZSTD, *_DEFLATE):
        return _numbers
    raise Unsupported(
        f"it is compressed by {_NAMES.get(page.compression, f'the method {page.compression}')}"
    )


def _numbers(page: Page, parts: list[_Bytes], rows: int) -> Pixels:
    """Return the samples of parts whose bytes they are."""
    per_pixel = 1 if page.is_planar else page.samples
    width = page.row_size(page.part_columns)
    inflated = _inflated(page.compression, parts, rows * width).reshape(len(parts) * rows, width)
    shape = len(parts), rows, page.part_columns, per_pixel
    predictor = page.predictor if page.compression in _PREDICTED else 1
    if page.bits not in (8, 16, 32, 64):
        if predictor != 1:
            raise Unsupported(f"samples of {page.bits} bits with the predictor {predictor}")
        return _unpacked(inflated, page.bits, shape)
    size, letter = page.bits // 8, {2: "i", 3: "f"}.get(page.sample_format, "u")
    if predictor == 3:
        if letter != "f":
            raise Unsupported("whole numbers with the predictor of floats")
        sums = inflated.reshape(len(inflated), -1, per_pixel).cumsum(axis=1, dtype=np.uint8)
        # The highest bytes of a row come first, whatever the order of bytes.
        bytes_of = sums.reshape(len(inflated), size, -1).transpose(0, 2, 1)
        return np.ascontiguousarray(bytes_of).view(f">f{size}").reshape(shape)
    if predictor == 2:
        differences = inflated.view(f"{page.order}u{size}").reshape(shape)
        sums = differences.cumsum(axis=2, dtype=f"u{size}")
        return sums.view(f"{letter}{size}")
    if predictor != 1:
        raise Unsupported(f"the predictor {predictor}")
    return inflated.view(f"{page.order}{letter}{size}").reshape(shape)


def _unpacked(rows: Pixels, bits: int, shape: tuple[int, ...]) -> Pixels:
    """Return samples of fewer bits, or of bits that are no whole bytes: the highest bit first."""
    width = 8 if bits <= 8 else 16
    samples = shape[2] * shape[3]
    unpacked = np.empty((len(rows), samples), f"u{width // 8}")
    step = max(1, _UNPACKED // samples)
    for start in range(0, len(rows), step):
        digits = np.unpackbits(rows[start : start + step], axis=1, count=samples * bits)
        wide = np.zeros((len(digits), samples, width), np.uint8)
        wide[..., width - bits :] = digits.reshape(len(digits), samples, bits)
        packed = np.packbits(wide, axis=-1).reshape(len(digits), -1)
        unpacked[start : start + step] = packed.view(f">u{width // 8}")
    return unpacked.reshape(shape)


def _inflated(compression: int, parts: list[_Bytes], size: int) -> Pixels:
    """Return so many bytes of each part."""
    if compression in (_LZW, _PACKBITS, _ZSTD):
        return _by_libtiff(parts, (1, size), 8, compression)
    inflated = np.empty((len(parts), size), np.uint8)
    try:
        for row, part in zip(inflated, parts, strict=True):
            content = part
            # One byte more than is needed, so that a checksum at the end is compared.
            if compression in _DEFLATE:
                content = zlib.decompressobj().decompress(part, size + 1)
            elif compression == _LZMA:
                content = lzma.LZMADecompressor().decompress(part, size + 1)
            if len(content) < size:
                raise CorruptImage("a strip or tile ends before its rows do")
            row[:] = np.frombuffer(content, np.uint8, size)
    except (zlib.error, lzma.LZMAError, EOFError) as error:
        raise CorruptImage(f"its pixels cannot be decompressed: {error}") from error
    return inflated


def _fax(page: Page, parts: list[_Bytes], rows: int) -> Pixels:
    options = {tag: int(page.tags[tag]) for tag in _FAX_OPTIONS if tag in page.tags}
    bits = _by_libtiff(parts, (rows, page.part_columns), 1, page.compression, options)
    return bits.reshape(len(parts), rows, page.part_columns, 1)


def _by_libtiff(
    parts: list[_Bytes],
    shape: tuple[int, int],
    bits: int,
    compression: int,
    options: dict[int, int] | None = None,
) -> Pixels:
    """Return what parts hold, each as so many rows and columns of bytes or bits.

    They are read as the strips of a plain grey image, which is made here.
    """
    rows, columns = shape
    tags: dict[int, list[int]] = {
        256: [columns],
        257: [rows * len(parts)],
        258: [bits],
        259: [compression],
        262: [1],
        273: [0] * len(parts),
        277: [1],
        278: [rows],
        279: [len(part) for part in parts],
        **{tag: [value] for tag, value in (options or {}).items()},
    }
    arrays = 8 + 2 + 12 * len(tags) + 4  # where values begin that are several
    start = arrays + 8 * (len(parts) if len(parts) > 1 else 0)
    tags[273] = list(itertools.accumulate(tags[279][:-1], initial=start))
    entries, values = b"", b""
    try:
        for tag, numbers in sorted(tags.items()):
            packed = struct.pack(f"<{len(numbers)}I", *numbers)
            if len(numbers) > 1:
                values, packed = values + packed, struct.pack("<I", arrays + len(values))
            entries += struct.pack("<HHI", tag, 4, len(numbers)) + packed
        head = struct.pack("<4sIH", b"II*\0", 8, len(tags)) + entries + bytes(4) + values
        pixels = rows * columns * len(parts)
        file = b"".join([head, *parts])
        picture = open_picture(TiffImagePlugin.TiffImageFile, file, pixels)
        with pillow_limit(pixels), silenced():
            picture.load()
        return np.asarray(picture).astype(np.uint8, copy=False)
    except READ_ERRORS as error:
        raise CorruptImage("its pixels cannot be decompressed") from error


def _jpeg(page: Page, parts: list[_Bytes], rows: int) -> list[Pixels]:
    per_pixel = 1 if page.is_planar else page.samples
    if page.bits != 8 or page.sample_format not in (1, 4) or per_pixel not in (1, 3, 4):
        raise Unsupported(f"{page.samples} samples of {page.bits} bits, compressed as JPEG")
    if per_pixel == 3 and page.photometric != _YCBCR and b"JFIF\0" in bytes(parts[0][:32]):
        raise Unsupported("JPEG within it that says of its colours what the page does not")
    tables = page.tags.get(_TABLES, b"")
    # Adobe's marker says whether colours are to be converted (T.872, 6.5.3).
    adobe = b"\xff\xee\0\x0eAdobe\0\x64\0\0\0\0" + bytes([page.photometric == _YCBCR])
    start = b"\xff\xd8" + (adobe if per_pixel == 3 else b"") + tables[2:-2]
    try:
        return [
            _jpeg_picture(start + part[2:], rows, page.part_columns, per_pixel) for part in parts
        ]
    except CorruptImage as error:
        raise CorruptImage(f"JPEG within it: {error}") from error.__cause__


def _jpeg_picture(stream: bytes, rows: int, columns: int, samples: int) -> Pixels:
    picture = open_picture(JpegImagePlugin.JpegImageFile, stream, rows * columns)
    if samples == 4 and picture.info.get("adobe_transform"):
        raise Unsupported("JPEG of YCCK within it")
    if picture.size != (columns, rows) or len(picture.getbands()) != samples:
        raise CorruptImage("it is of another size or kind than the page says")
    try:
        with pillow_limit(rows * columns):
            pixels = np.asarray(picture).reshape(rows, columns, samples)
    except READ_ERRORS as error:
        raise CorruptImage(f"the pixels cannot be read: {error}") from error
    # Pillow inverts four samples, as Adobe does in files of their own.
    return 255 - pixels if samples == 4 else pixels


def _jpeg_2000(page: Page, parts: list[_Bytes], rows: int) -> list[Pixels]:
    per_pixel = 1 if page.is_planar else page.samples
    if per_pixel not in (1, 3) or page.photometric == _YCBCR:
        raise Unsupported(f"{page.samples} samples a pixel, compressed as JPEG 2000")
    blocks = []
    for part in parts:
        block = jp2.read(bytes(part), rows * page.part_columns).pixels[0]
        block = block.reshape(*block.shape[:2], -1)
        if block.shape != (rows, page.part_columns, per_pixel) or block.dtype != dtype_of(page):
            raise CorruptImage("JPEG 2000 within it is of another kind than the page says")
        blocks.append(block)
    return blocks
