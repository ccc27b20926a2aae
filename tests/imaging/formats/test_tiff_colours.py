"""What the samples of a TIFF mean: expected values by hand, from TIFF 6.0."""

import numpy as np
import pytest

from mapreduce_jobs.imaging.decode import decode
from mapreduce_jobs.imaging.errors import CorruptImage, Unsupported
from tests.imaging.formats.tiffs import page, tiff


class TestBits:
    @pytest.mark.parametrize("order", "<>")
    @pytest.mark.parametrize(
        ("bits", "content", "expected", "stored"),
        [
            # Of 1, 2 and 4 bits the greatest becomes 255: 255, 85 and 17 a step.
            (1, "a0", [255, 0, 255], 8),
            (2, "1b", [0, 85, 170], 8),
            (4, "0f80", [0, 255, 136], 8),
            # Of others the numbers stay: 00001 00010 11111 0, 000000000001 …
            (5, "08be", [1, 2, 31], 5),
            (12, "001abcfff0", [1, 0xABC, 0xFFF], 12),
            (14, "0007fff00080", [1, 0x3FFF, 2], 14),
        ],
    )
    def test_samples_that_are_no_whole_bytes(self, bits, content, expected, stored, order):
        row = bytes.fromhex(content)
        image = decode(tiff(page(3, 2, row + row, bits=bits), order=order))
        assert image.pixels.tolist() == [[expected, expected]]
        assert (image.bits, image.pixels.dtype) == (stored, np.uint8 if bits <= 8 else np.uint16)
        reversed_row = bytes(int(f"{byte:08b}"[::-1], 2) for byte in row)
        data = tiff(page(3, 1, reversed_row, bits=bits, fill_order=2), order=order)
        assert decode(data).pixels.tolist() == [[expected]]

    @pytest.mark.parametrize(("bits", "kind"), [(24, 1), (24, 3), (12, 2), (64, 6), (128, 1)])
    def test_that_no_dtype_has(self, bits, kind):
        with pytest.raises(Unsupported, match=f"samples of {bits} bits"):
            decode(tiff(page(1, 1, bytes(16), bits=bits, sample_format=kind)))


class TestColours:
    @pytest.mark.parametrize(
        ("bits", "content", "expected"),
        [(1, "80", 0), (4, "30", 204), (8, "03", 252), (12, "0030", 4092), (16, "0300", 65532)],
    )
    def test_where_0_is_white(self, bits, content, expected):
        data = tiff(page(1, 1, bytes.fromhex(content), bits=bits, photometric=0))
        assert decode(data).pixels.item() == expected

    @pytest.mark.parametrize("kind", [2, 3])
    def test_where_0_is_white_and_no_value_is_the_greatest(self, kind):
        with pytest.raises(Unsupported, match="grey whose 0 is white, of samples that are no uns"):
            decode(tiff(page(1, 1, bytes(4), bits=32, sample_format=kind, photometric=0)))

    def test_cmyk(self):
        """(255 − 51) · (255 − 85) / 255 = 136; of 16 bits 257 times that.

        It is rounded: (255 − 100) · (255 − 2) / 255 = 153.8.
        """
        inks = np.uint16([51, 0, 255, 85])
        for dtype, factor in [("<u1", 1), ("<u2", 257)]:
            content = (inks * factor).astype(dtype).tobytes()
            data = tiff(page(1, 1, content, bits=8 * int(dtype[2]), samples=4, photometric=5))
            image = decode(data)
            assert image.pixels.tolist() == [[[[136 * factor, 170 * factor, 0]]]]
            assert image.pixels.dtype == np.dtype(dtype)
        data = tiff(page(1, 1, bytes([100, 0, 255, 2]), samples=4, photometric=5))
        assert decode(data).pixels.tolist() == [[[[154, 253, 0]]]]
        with pytest.raises(Unsupported, match="4 inks of 8 bits, which are not CMYK"):
            decode(tiff(page(1, 1, bytes(4), samples=4, photometric=5, inks=2)))

    def test_what_does_not_say_what_it_is(self):
        assert decode(tiff(page(1, 1, b"\1\2\3", samples=3, photometric=None))).is_colour
        assert decode(tiff(page(1, 1, b"\1", photometric=None))).pixels.item() == 1

    @pytest.mark.parametrize(
        ("values", "expected", "dtype"),
        [
            ([0x1200, 0xFF00], [0x12, 0xFF], np.uint8),
            ([0x1212, 0xFFFF], [0x12, 0xFF], np.uint8),
            ([0x1234, 0xFFFF], [0x1234, 0xFFFF], np.uint16),  # more than 8 bits say
            ([0x12, 0xFF], [0x12, 0xFF], np.uint8),  # writers that took it for 8 bits
        ],
    )
    def test_a_colour_map(self, values, expected, dtype):
        """Red is the first value where the index is 0 and the second where it is 1."""
        colour_map = (*values, 0, 0, *values[::-1])
        image = decode(tiff(page(2, 1, b"\x40", bits=1, photometric=3, colour_map=colour_map)))
        one, other = expected
        assert image.pixels.tolist() == [[[[one, 0, other], [other, 0, one]]]]
        assert (image.pixels.dtype, image.bits) == (dtype, 8 * np.dtype(dtype).itemsize)

    def test_pages_of_8_and_of_16_bit_colours(self):
        maps = [(0, 0x1200) * 3, (0, 0x1234) * 3]
        pages = [page(1, 1, b"\0", bits=1, photometric=3, colour_map=one) for one in maps]
        with pytest.raises(Unsupported, match="palettes of 8 and of 16 bits"):
            decode(tiff(*pages))

    def test_a_colour_map_of_too_few_colours(self):
        with pytest.raises(CorruptImage, match="its colour map has 6 values for 2 bits"):
            decode(tiff(page(1, 1, b"\0", bits=2, photometric=3, colour_map=(0,) * 6)))

    def test_a_colour_map_of_numbers_that_are_no_colours(self):
        """Whose type is LONG, and no longer SHORT."""
        colour_map = (0, 1, 2, 3, 4, 65536)
        with pytest.raises(CorruptImage, match="has values that are not from 0 to 65535"):
            decode(tiff(page(1, 1, b"\0", bits=1, photometric=3, colour_map=colour_map)))

    def test_ycbcr_that_is_not_compressed(self):
        """R = 100 + 1.402 · 50 = 170.1, B = 100 + 1.772 · (−20) = 64.56, G = 71.2."""
        content = bytes([100, 108, 178])
        whole = page(1, 1, content, samples=3, photometric=6, subsampling=(1, 1))
        assert decode(tiff(whole)).pixels.tolist() == [[[[170, 71, 65]]]]
        for other in [
            {"subsampling": None},  # which means 2 and 2
            {"reference": (16, 235, 128, 240, 128, 240)},
            {"coefficients": (1, 0, 0)},
        ]:
            tags = {"samples": 3, "photometric": 6, "subsampling": (1, 1), **other}
            with pytest.raises(Unsupported, match="YCbCr that is subsampled, or other than"):
                decode(tiff(page(1, 1, content * 2, **tags)))

    @pytest.mark.parametrize(
        ("extra", "expected"),
        [({"extra": 2}, [40, 20, 0]), ({"extra": 1}, [102, 51, 0]), ({}, [40, 20, 0])],
    )
    def test_alpha_is_left_out(self, extra, expected):
        """1 says that colours are multiplied by it: 40 · 255 / 100 = 102."""
        data = tiff(page(1, 1, bytes([40, 20, 0, 100]), samples=4, photometric=2, **extra))
        assert decode(data).pixels.tolist() == [[[expected]]]
        data = tiff(page(1, 1, bytes([40, 100]), samples=2, extra=extra.get("extra", 2)))
        assert decode(data).pixels.tolist() == [[[expected[0]]]]

    @pytest.mark.parametrize(("alpha", "expected"), [(0, 40), (30, 255), (255, 40)])
    def test_alpha_that_colours_cannot_be_divided_by(self, alpha, expected):
        data = tiff(page(1, 1, bytes([40, alpha]), samples=2, extra=1))
        assert decode(data).pixels.item() == expected

    @pytest.mark.parametrize("planar", [1, 2])
    @pytest.mark.parametrize(("samples", "photometric"), [(2, 1), (3, 1), (4, 1), (5, 2), (5, 5)])
    def test_channels_are_neither_colours_nor_luma(self, samples, photometric, planar):
        parts = [bytes(1)] * samples if planar == 2 else [bytes(samples)]
        tags = {"samples": samples, "photometric": photometric, "planar": planar}
        with pytest.raises(
            Unsupported, match=f"^TIFF: {samples} samples a pixel, of which the last"
        ):
            decode(tiff(page(1, 1, *parts, **tags)))

    @pytest.mark.parametrize(
        ("photometric", "reason"),
        [
            (4, "a mask"),
            (8, "colours of CIELAB"),
            (9, "colours of ICCLAB"),
            (10, "colours of ITULAB"),
            (32803, "what a camera"),
            (32845, "logarithmic"),
            (99, "of the unknown kind 99"),
        ],
    )
    def test_what_is_neither_grey_nor_colour(self, photometric, reason):
        with pytest.raises(Unsupported, match=f"^TIFF: its pixels are {reason}"):
            decode(tiff(page(1, 1, bytes(3), samples=3, photometric=photometric)))
