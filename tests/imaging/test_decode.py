"""Decoding gives the file's own values, by content, or a DecodeError that says why not."""

import io
import struct
import warnings
import zlib
from typing import ClassVar

import cv2
import numpy as np
import pytest
import tifffile
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image as PillowImage
from PIL import ImageOps

from mapreduce_jobs.imaging import errors
from mapreduce_jobs.imaging.decode import decode
from mapreduce_jobs.imaging.errors import DecodeError
from mapreduce_jobs.imaging.formats.file_formats import sniff
from tests.support import dicom

ROWS, COLUMNS = 33, 47
RNG = np.random.default_rng(7)
LEVELS = RNG.integers(0, 256, (ROWS, COLUMNS), np.uint8)
COLOUR = RNG.integers(0, 256, (ROWS, COLUMNS, 3), np.uint8)
DEEP = RNG.integers(0, 65536, (ROWS, COLUMNS), np.uint16)
DEEP_COLOUR = RNG.integers(0, 65536, (ROWS, COLUMNS, 3), np.uint16)
SMOOTH = cv2.GaussianBlur(COLOUR, (0, 0), 5)


def pillow(pixels, kind, mode=None, **options) -> bytes:
    image = pixels if isinstance(pixels, PillowImage.Image) else PillowImage.fromarray(pixels)
    file = io.BytesIO()
    (image.convert(mode) if mode else image).save(file, kind, **options)
    return file.getvalue()


def tiff(pixels, **options) -> bytes:
    file = io.BytesIO()
    tifffile.imwrite(file, pixels, **options)
    return file.getvalue()


def opencv(pixels, ending) -> bytes:
    """Encode with OpenCV, whose colour order is the other way round."""
    ordered = pixels[..., ::-1] if pixels.ndim == 3 else pixels
    return bytes(cv2.imencode(ending, ordered)[1])


def png_chunk(kind: bytes, content: bytes) -> bytes:
    crc = zlib.crc32(kind + content).to_bytes(4, "big")
    return len(content).to_bytes(4, "big") + kind + content + crc


def png_of(
    rows: int, columns: int, depth: int, colour_type: int, samples: bytes, interlaced: bool = False
) -> bytes:
    """Return a PNG with sound chunks and these unfiltered rows, be they enough or not."""
    header = struct.pack(">IIBBBBB", columns, rows, depth, colour_type, 0, 0, interlaced)
    return (
        b"\x89PNG\r\n\x1a\n"
        + png_chunk(b"IHDR", header)
        + png_chunk(b"PLTE", bytes(range(256)) * 3) * (colour_type == 3)
        + png_chunk(b"IDAT", zlib.compress(samples))
        + png_chunk(b"IEND", b"")
    )


def grey_and_alpha_16(pixels) -> bytes:
    both = np.dstack([pixels, pixels // 3]).astype(">u2")
    return png_of(*pixels.shape, 16, 4, b"".join(b"\0" + row.tobytes() for row in both))


# What brings an image of each EXIF orientation upright.
TURNED = {
    1: lambda a: a,
    2: np.fliplr,
    3: lambda a: np.rot90(a, 2),
    4: np.flipud,
    5: lambda a: a.swapaxes(0, 1),
    6: lambda a: np.rot90(a, -1),
    7: lambda a: np.rot90(a, 2).swapaxes(0, 1),
    8: np.rot90,
}
ALPHA = np.dstack([COLOUR, LEVELS])

BITS = PillowImage.fromarray(LEVELS).convert("1")

# Content, the pixels of its one frame, bits stored.
LOSSLESS = {
    "PNG grey": (opencv(LEVELS, ".png"), LEVELS, 8),
    "PNG grey 16": (opencv(DEEP, ".png"), DEEP, 16),
    "PNG colour": (opencv(COLOUR, ".png"), COLOUR, 8),
    "PNG colour 16": (opencv(DEEP_COLOUR, ".png"), DEEP_COLOUR, 16),
    "PNG alpha": (pillow(ALPHA, "PNG"), COLOUR, 8),
    "PNG alpha 16": (
        bytes(cv2.imencode(".png", np.dstack([DEEP_COLOUR[..., ::-1], DEEP]))[1]),
        DEEP_COLOUR,
        16,
    ),
    "PNG grey and alpha": (pillow(np.dstack([LEVELS, LEVELS // 2]), "PNG"), LEVELS, 8),
    "PNG grey and alpha 16": (grey_and_alpha_16(DEEP), DEEP, 16),
    "PNG 1 bit": (pillow(BITS, "PNG"), np.asarray(BITS) * np.uint8(255), 8),
    "TIFF grey": (tiff(LEVELS), LEVELS, 8),
    "TIFF grey 16": (tiff(DEEP), DEEP, 16),
    "TIFF grey 16, big-endian": (tiff(DEEP, byteorder=">"), DEEP, 16),
    "TIFF grey 16, deflated": (tiff(DEEP, compression="zlib"), DEEP, 16),
    "TIFF grey 16, tiled": (tiff(DEEP, tile=(16, 16)), DEEP, 16),
    "BigTIFF": (tiff(DEEP, bigtiff=True), DEEP, 16),
    "TIFF signed 16": (tiff(DEEP.view(np.int16)), DEEP.view(np.int16), 16),
    "TIFF signed 8": (tiff(LEVELS.view(np.int8)), LEVELS.view(np.int8), 8),
    "TIFF white is 0": (tiff(LEVELS, photometric="miniswhite"), 255 - LEVELS, 8),
    "TIFF white is 0, 16": (tiff(DEEP, photometric="miniswhite"), 65535 - DEEP, 16),
    "TIFF 32": (tiff(DEEP.astype(np.uint32) << 16), DEEP.astype(np.uint32) << 16, 32),
    "TIFF signed 32": (tiff(-DEEP.astype(np.int32)), -DEEP.astype(np.int32), 32),
    "TIFF float": (tiff(DEEP / np.float32(7)), (DEEP / np.float32(7)), 32),
    "TIFF double": (tiff(DEEP / 7), DEEP / 7, 64),
    "TIFF colour": (tiff(COLOUR, photometric="rgb"), COLOUR, 8),
    "TIFF colour 16": (tiff(DEEP_COLOUR, photometric="rgb"), DEEP_COLOUR, 16),
    "TIFF colour float": (
        tiff(DEEP_COLOUR / np.float32(7), photometric="rgb"),
        DEEP_COLOUR / np.float32(7),
        32,
    ),
    "TIFF LZW": (pillow(LEVELS, "TIFF", compression="tiff_lzw"), LEVELS, 8),
    "BMP grey": (pillow(LEVELS, "BMP"), LEVELS, 8),
    "BMP colour": (opencv(COLOUR, ".bmp"), COLOUR, 8),
    "GIF": (pillow(LEVELS, "GIF"), LEVELS, 8),
    "WebP lossless": (pillow(COLOUR, "WEBP", lossless=True), COLOUR, 8),
}


class TestValues:
    @pytest.mark.parametrize("kind", LOSSLESS)
    def test_lossless_content_gives_its_values(self, kind):
        data, expected, bits = LOSSLESS[kind]
        image = decode(data)
        assert image.pixels.dtype == expected.dtype
        assert image.bits == bits
        np.testing.assert_array_equal(image.pixels, expected[np.newaxis])

    @pytest.mark.parametrize("kind", ["JPEG", "WEBP"])
    def test_lossy_content_is_what_opencv_decodes(self, kind):
        data = pillow(SMOOTH, kind, quality=90)
        expected = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)[..., ::-1]
        difference = decode(data).pixels[0].astype(int) - expected
        assert np.abs(difference).max() <= 2  # decoders round differently

    def test_a_palette_becomes_colour(self):
        quantised = PillowImage.fromarray(COLOUR).quantize(16)
        expected = np.asarray(quantised.convert("RGB"))
        for kind in ("PNG", "GIF", "TIFF", "BMP"):
            np.testing.assert_array_equal(decode(pillow(quantised, kind)).pixels[0], expected)

    def test_cmyk_becomes_rgb(self):
        cmyk = PillowImage.fromarray(SMOOTH).convert("CMYK")
        for kind in ("TIFF", "JPEG"):
            image = decode(pillow(cmyk, kind))
            assert image.pixels.shape == (1, ROWS, COLUMNS, 3)
            assert np.abs(image.pixels[0].astype(int) - SMOOTH).mean() < 4

    def test_frames(self):
        frames = [LEVELS, LEVELS[::-1], LEVELS[:, ::-1]]
        stack = np.stack(frames)
        pictures = [PillowImage.fromarray(frame) for frame in frames]
        several = {"save_all": True, "append_images": pictures[1:]}
        np.testing.assert_array_equal(decode(tiff(stack, photometric="minisblack")).pixels, stack)
        np.testing.assert_array_equal(
            decode(tiff(stack.astype(float), photometric="minisblack")).pixels, stack
        )
        for kind, options in [("GIF", {}), ("PNG", {}), ("WEBP", {"lossless": True})]:
            pixels = decode(pillow(pictures[0], kind, **several, **options)).pixels
            levels = pixels if pixels.ndim == 3 else pixels[..., 0]
            np.testing.assert_array_equal(levels, stack)

    def test_frames_of_16_bits_stay_so(self):
        pictures = [PillowImage.fromarray(frame) for frame in (DEEP, DEEP[::-1])]
        image = decode(pillow(pictures[0], "PNG", save_all=True, append_images=pictures[1:]))
        assert (image.pixels.dtype, image.bits) == (np.uint16, 16)
        np.testing.assert_array_equal(image.pixels[0], DEEP)

    def test_pages_of_different_sizes_are_not_frames(self):
        pictures = [PillowImage.fromarray(LEVELS), PillowImage.fromarray(LEVELS[:5])]
        data = pillow(pictures[0], "TIFF", save_all=True, append_images=pictures[1:])
        with pytest.raises(errors.Unsupported, match="pages differ"):
            decode(data)

    @pytest.mark.parametrize("kind", ["JPEG", "PNG", "TIFF", "WEBP"])
    @pytest.mark.parametrize("orientation", range(1, 9))
    def test_exif_orientation(self, kind, orientation):
        picture = PillowImage.fromarray(SMOOTH)
        exif = picture.getexif()
        exif[274] = orientation
        options = {"lossless": True} if kind == "WEBP" else {}
        data = pillow(picture, kind, exif=exif, **options)
        expected = np.asarray(ImageOps.exif_transpose(PillowImage.open(io.BytesIO(data))))
        np.testing.assert_array_equal(decode(data).pixels[0], expected)

    @pytest.mark.parametrize("orientation", range(1, 9))
    def test_orientation_of_deep_colour(self, orientation):
        expected = TURNED[orientation](DEEP_COLOUR)
        turned_tiff = tiff(DEEP_COLOUR, photometric="rgb", extratags=[(274, "H", 1, orientation)])
        np.testing.assert_array_equal(decode(turned_tiff).pixels[0], expected)
        exif = PillowImage.Exif()
        exif[274] = orientation
        chunk = b"eXIf" + exif.tobytes().removeprefix(b"Exif\0\0")
        whole = opencv(DEEP_COLOUR, ".png")
        turned_png = (
            whole[:33]  # the signature and IHDR
            + (len(chunk) - 4).to_bytes(4, "big")
            + chunk
            + zlib.crc32(chunk).to_bytes(4, "big")
            + whole[33:]
        )
        np.testing.assert_array_equal(decode(turned_png).pixels[0], expected)

    def test_the_name_of_a_format(self):
        assert sniff(pillow(LEVELS, "BMP")) == "BMP"
        assert sniff(b"BMI of the patients") is None


class TestBrokenFiles:
    def test_empty(self):
        with pytest.raises(errors.EmptyFile):
            decode(b"")

    @pytest.mark.parametrize("data", [b"Patient was seen\n" * 20, b"\x00\x01\x02", b"PK\x03\x04"])
    def test_not_an_image(self, data):
        with pytest.raises(errors.UnknownFormat):
            decode(data)

    WHOLE: ClassVar = {
        **{kind: LOSSLESS[kind][0] for kind in LOSSLESS},
        "JPEG": pillow(SMOOTH, "JPEG"),
        "JPEG progressive": pillow(SMOOTH, "JPEG", progressive=True),
        "WebP": pillow(SMOOTH, "WEBP"),
        "DICOM": dicom("MR_small.dcm"),
    }

    @pytest.mark.parametrize("kind", WHOLE)
    def test_cut_at_each_tenth(self, kind):
        whole = self.WHOLE[kind]
        for tenth in range(1, 10):
            with pytest.raises(DecodeError) as raised:
                decode(whole[: len(whole) * tenth // 10])
            if tenth > 5 and "DICOM" not in kind:
                assert raised.type in (errors.Truncated, errors.CorruptImage)

    def test_a_flipped_bit_in_a_png(self):
        data = bytearray(opencv(LEVELS, ".png"))
        data[len(data) // 2] ^= 4
        with pytest.raises(errors.ChecksumMismatch, match="IDAT"):
            decode(bytes(data))

    def test_pixels_that_do_not_fit_their_own_checksums(self):
        """A PNG whose chunks are sound and whose compressed stream is not."""
        data = bytearray(opencv(DEEP_COLOUR, ".png"))
        position = data.index(b"IDAT")
        length = int.from_bytes(data[position - 4 : position], "big")
        data[position + 40] ^= 255
        crc = zlib.crc32(data[position : position + 4 + length])
        data[position + 4 + length : position + 8 + length] = crc.to_bytes(4, "big")
        with pytest.raises(DecodeError):
            decode(bytes(data))

    @pytest.mark.parametrize(
        ("depth", "colour_type"),
        [(8, 0), (16, 0), (8, 2), (16, 2), (8, 6), (1, 0), (4, 0), (2, 3), (8, 3)],
    )
    def test_a_png_with_rows_missing(self, depth, colour_type):
        """Its chunks and their checksums are sound."""
        samples = {0: 1, 2: 3, 3: 1, 6: 4}[colour_type]
        row = b"\0" + b"\x7f" * ((9 * samples * depth + 7) // 8)
        assert decode(png_of(7, 9, depth, colour_type, row * 7)).pixels.shape[:3] == (1, 7, 9)
        with pytest.raises(DecodeError):
            decode(png_of(7, 9, depth, colour_type, row * 3))

    def test_a_kind_of_tiff_that_cannot_be_read(self):
        with pytest.raises(errors.Unsupported, match="complex samples of 64 bits"):
            decode(tiff(DEEP.astype(np.complex64)))

    def test_text_is_called_text(self):
        with pytest.raises(errors.UnknownFormat, match="content is text"):
            decode("hello\nGröße".encode())

    def test_a_bomb_is_not_decoded(self):
        file = io.BytesIO()
        PillowImage.new("1", (40_000, 30_000)).save(file, "PNG", compress_level=1)
        with pytest.raises(errors.TooManyPixels, match="1 × 30000 × 40000"):
            decode(file.getvalue())

    @pytest.mark.parametrize("kind", WHOLE)
    def test_the_limit_holds_for_every_format(self, kind):
        with pytest.raises(errors.TooManyPixels):
            decode(self.WHOLE[kind], max_pixels=ROWS * COLUMNS - 1 if "DICOM" not in kind else 4095)
        assert decode(self.WHOLE[kind], max_pixels=4096).pixels.size

    @pytest.mark.parametrize("kind", WHOLE)
    def test_the_limit_is_ours_and_not_pillows(self, kind, monkeypatch):
        monkeypatch.setattr(PillowImage, "MAX_IMAGE_PIXELS", 10)
        assert decode(self.WHOLE[kind]).pixels.size
        assert PillowImage.MAX_IMAGE_PIXELS == 10

    def test_frames_count_against_the_limit(self):
        stack = np.stack([LEVELS, 255 - LEVELS])
        pictures = [PillowImage.fromarray(frame) for frame in stack]
        for data in [
            tiff(stack),
            pillow(pictures[0], "GIF", save_all=True, append_images=pictures[1:]),
            pillow(pictures[0], "PNG", save_all=True, append_images=pictures[1:]),
        ]:
            with pytest.raises(errors.TooManyPixels):
                decode(data, max_pixels=LEVELS.size)

    @given(st.sampled_from(sorted(WHOLE)), st.data())
    @settings(deadline=None, max_examples=300)
    def test_damage_of_any_kind_is_a_decode_error_or_an_image(self, kind, data):
        content = bytearray(self.WHOLE[kind])
        for _ in range(data.draw(st.integers(1, 4))):
            where = data.draw(
                st.integers(0, min(len(content), 400) - 1) | st.integers(0, len(content) - 1)
            )
            content[where] = data.draw(st.integers(0, 255))
        del content[data.draw(st.integers(len(content) // 2, len(content))) :]
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            try:
                image = decode(bytes(content), max_pixels=1_000_000)
            except DecodeError:
                return
        assert image.pixels.ndim in (3, 4)
