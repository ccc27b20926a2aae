"""Decoding at the limits: of pixels, of decoders, and of what a PNG holds of its rows."""

import struct
import zlib

import numpy as np
import pytest
from PIL import Image as PillowImage

from mapreduce_jobs.imaging import errors
from mapreduce_jobs.imaging.decode import decode
from mapreduce_jobs.imaging.errors import DecodeError
from mapreduce_jobs.imaging.formats.png import chunk as png_chunk
from tests.imaging.test_decode import COLOUR, COLUMNS, LEVELS, ROWS, pillow, png_of


class TestPixels:
    @pytest.mark.parametrize("options", [{"compression": "tiff_deflate"}, {}])
    def test_more_pixels_than_pillow_has_for_a_bomb(self, options):
        mode = "L" if options else "1"
        data = pillow(PillowImage.new(mode, (13_400, 13_400)), "TIFF", **options)
        assert decode(data).pixels.shape == (1, 13_400, 13_400)
        with pytest.raises(errors.TooManyPixels, match="--max-pixels 179559999"):
            decode(data, max_pixels=13_400**2 - 1)

    def test_a_webp_is_not_opened_beyond_the_limit(self):
        for lossless in (True, False):
            data = pillow(PillowImage.fromarray(COLOUR), "WEBP", lossless=lossless)
            with pytest.raises(errors.TooManyPixels, match=f"1 × {ROWS} × {COLUMNS}"):
                decode(data, max_pixels=ROWS * COLUMNS - 1)
        pictures = [PillowImage.fromarray(COLOUR), PillowImage.fromarray(255 - COLOUR)]
        data = pillow(pictures[0], "WEBP", save_all=True, append_images=pictures[1:])
        huge = data[:24] + b"\xff" * 6 + data[30:]
        with pytest.raises(errors.TooManyPixels, match="1 × 16777216 × 16777216"):
            decode(huge)

    def test_a_gif_that_grows_with_its_frames(self):
        pictures = [PillowImage.fromarray(LEVELS), PillowImage.fromarray(255 - LEVELS)]
        data = pillow(pictures[0], "GIF", save_all=True, append_images=pictures[1:])
        at = data.rindex(b"\x2c" + struct.pack("<4H", 0, 0, COLUMNS, ROWS))
        for side, error in ((COLUMNS + 1, "differ in size"), (65_535, "more than --max-pixels")):
            grown = data[: at + 5] + struct.pack("<2H", side, side) + data[at + 9 :]
            with pytest.raises(DecodeError, match=error):
                decode(grown)

    def test_more_rows_than_a_decoder_takes(self):
        data = bytearray(pillow(PillowImage.fromarray(LEVELS), "JPEG"))
        at = data.index(b"\xff\xc0") + 5
        data[at : at + 2] = b"\xff\xff"
        with pytest.raises(errors.Unsupported, match=r"65535 rows .* takes up to 65500"):
            decode(bytes(data))
        columns = (1 << 20) + 1  # more than OpenCV takes
        for depth in (8, 16):
            row = bytes(1 + columns * depth // 8)
            assert decode(png_of(1, columns, depth, 0, row)).pixels.shape == (1, 1, columns)
        with pytest.raises(errors.Unsupported, match="1 × 1048577 pixels of 16-bit colour"):
            decode(png_of(1, columns, 16, 2, bytes(1 + columns * 6)))


class TestRowsOfPNG:
    @pytest.mark.parametrize("shape", [(1, 1), (1, 9), (2, 3), (5, 5), (17, 12)])
    def test_an_interlaced_png_with_rows_missing(self, shape):
        pixels = np.random.default_rng(5).integers(0, 2, shape)
        passes = [
            pixels[top::down, left::across]
            for left, top, across, down in (
                (0, 0, 8, 8),
                (4, 0, 8, 8),
                (0, 4, 4, 8),
                (2, 0, 4, 4),
                (0, 2, 2, 4),
                (1, 0, 2, 2),
                (0, 1, 1, 2),
            )
        ]
        rows = [b"\0" + bytes(np.packbits(row)) for one in passes if one.size for row in one]
        whole = png_of(*shape, 1, 0, b"".join(rows), interlaced=True)
        np.testing.assert_array_equal(decode(whole).pixels[0], pixels * 255)
        with pytest.raises(errors.Truncated):
            decode(png_of(*shape, 1, 0, b"".join(rows[:-1]), interlaced=True))

    def test_an_animated_png_with_rows_missing(self):
        pictures = [PillowImage.fromarray(LEVELS), PillowImage.fromarray(255 - LEVELS)]
        whole = pillow(pictures[0], "PNG", save_all=True, append_images=pictures[1:])
        at = whole.index(b"fdAT")
        length = int.from_bytes(whole[at - 4 : at], "big")
        rows = zlib.decompress(whole[at + 8 : at + 4 + length])
        cut = png_chunk(b"fdAT", whole[at + 4 : at + 8] + zlib.compress(rows[: len(rows) // 2]))
        assert decode(whole).pixels.shape[0] == 2
        with pytest.raises(errors.Truncated, match="compressed pixels end"):
            decode(whole[: at - 4] + cut + whole[at + 8 + length :])
