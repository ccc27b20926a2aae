"""TIFF of other writers: every layout, depth and compression gives the values that were written."""

import io
import itertools
import zlib

import cv2
import numpy as np
import pytest
import tifffile
from PIL import Image as PillowImage

from mapreduce_jobs.imaging.decode import decode
from mapreduce_jobs.imaging.errors import CorruptImage, Truncated, Unsupported
from tests.imaging.formats.tiffs import page, tiff
from tests.imaging.support import noise, pairs

DTYPES = ["u1", "i1", "u2", "i2", "u4", "i4", "u8", "i8", "f2", "f4", "f8"]
SMOOTH = cv2.GaussianBlur(noise("u1", (48, 64, 3)), (0, 0), 5)
BITS = noise("u1", (21, 37)) > 128
SHAPES = {"grey": (41, 53), "colour": (41, 53, 3), "planes": (3, 41, 53)}
PARTS = {
    "strips": {"rowsperstrip": 16},
    "one strip": {},
    "tiles": {"tile": (16, 32)},
}


def written(pixels, **options):
    file = io.BytesIO()
    tifffile.imwrite(file, pixels, **options)
    return file.getvalue()


def by_pillow(picture, **options):
    file = io.BytesIO()
    picture.save(file, "TIFF", **options)
    return file.getvalue()


@pytest.mark.parametrize(
    ("dtype", "layout", "container", "compression"),
    pairs(
        DTYPES,
        itertools.product(SHAPES, PARTS),
        itertools.product("<>", [False, True]),
        [None, "zlib", "lzma"],
    ),
)
def test_every_dtype_in_every_layout(dtype, layout, container, compression):
    kind, parts = layout
    pixels = noise(dtype, SHAPES[kind])
    options = {"photometric": "minisblack" if kind == "grey" else "rgb"}
    if kind == "planes":
        options["planarconfig"] = "separate"
    options |= dict(zip(("byteorder", "bigtiff"), container, strict=True))
    image = decode(written(pixels, compression=compression, **PARTS[parts], **options))
    expected = np.moveaxis(pixels, 0, -1) if kind == "planes" else pixels
    # Floats of 16 bits become the next wider ones, which hold them all.
    assert image.pixels.dtype == np.dtype("f4" if dtype == "f2" else dtype)
    assert image.pixels.dtype.isnative
    np.testing.assert_array_equal(image.pixels, expected[np.newaxis])


@pytest.mark.parametrize("order", "<>")
@pytest.mark.parametrize("dtype", ["u1", "i2", "u4", "u8"])
@pytest.mark.parametrize("samples", [(), (3,)])
def test_differences_of_neighbours(samples, dtype, order):
    pixels = noise(dtype, (41, 53, *samples))
    data = written(
        pixels,
        photometric="rgb" if samples else "minisblack",
        compression="zlib",
        predictor=2,
        byteorder=order,
        tile=(16, 32),
    )
    np.testing.assert_array_equal(decode(data).pixels[0], pixels)


class TestCompressed:
    """By libtiff, which OpenCV and Pillow write with."""

    @pytest.mark.parametrize("shape", [(41, 53), (41, 53, 3)])
    @pytest.mark.parametrize(
        ("dtype", "predictor"),
        [
            *itertools.product(["u1", "u2", "f4", "f8"], [1, 2]),
            *itertools.product(["f4", "f8"], [3]),
        ],
    )
    def test_lzw_with_predictors(self, dtype, predictor, shape):
        pixels = noise(dtype, shape)
        options = [cv2.IMWRITE_TIFF_COMPRESSION, 5, cv2.IMWRITE_TIFF_PREDICTOR, predictor]
        data = cv2.imencode(".tif", pixels[..., ::-1] if len(shape) > 2 else pixels, options)[1]
        image = decode(bytes(data))
        assert image.pixels.dtype == np.dtype(dtype)
        np.testing.assert_array_equal(image.pixels[0], pixels)

    @pytest.mark.parametrize("compression", ["tiff_lzw", "packbits", "zstd", "tiff_adobe_deflate"])
    @pytest.mark.parametrize("mode", ["1", "L", "RGB", "I;16", "F"])
    def test_of_pillow(self, mode, compression):
        pixels = {
            "1": BITS,
            "L": SMOOTH[..., 0],
            "RGB": SMOOTH,
            "I;16": noise("u2", (21, 37)),
            "F": noise("f4", (21, 37)),
        }[mode]
        data = by_pillow(PillowImage.fromarray(pixels), compression=compression)
        expected = pixels * np.uint8(255) if mode == "1" else pixels
        np.testing.assert_array_equal(decode(data).pixels[0], expected)

    @pytest.mark.parametrize("compression", ["tiff_ccitt", "group3", "group4"])
    def test_fax(self, compression):
        data = by_pillow(PillowImage.fromarray(BITS), compression=compression)
        np.testing.assert_array_equal(decode(data).pixels[0], BITS * np.uint8(255))

    @pytest.mark.parametrize("order", [1, 2])
    @pytest.mark.parametrize("photometric", [0, 1])
    def test_fax_of_either_colour_and_order_of_bits(self, photometric, order):
        data = by_pillow(PillowImage.fromarray(BITS), compression="group4")
        with tifffile.TiffFile(io.BytesIO(data)) as file:
            start, count = file.pages[0].dataoffsets[0], file.pages[0].databytecounts[0]
        strip = data[start : start + count]
        if order == 2:
            strip = bytes(int(f"{byte:08b}"[::-1], 2) for byte in strip)
        tags = {"bits": 1, "compression": 4, "photometric": photometric, "fill_order": order}
        expected = (BITS if photometric else ~BITS) * np.uint8(255)
        np.testing.assert_array_equal(decode(tiff(page(37, 21, strip, **tags))).pixels[0], expected)

    @pytest.mark.parametrize("mode", ["L", "RGB", "YCbCr", "CMYK"])
    def test_jpeg(self, mode):
        """RGB is JPEG of red, green and blue, which its decoder must not convert."""
        picture = PillowImage.fromarray(SMOOTH).convert(mode)
        difference = (
            decode(by_pillow(picture, compression="jpeg", quality=95)).pixels[0].astype(int)
        )
        difference -= np.asarray(picture if mode == "L" else picture.convert("RGB"))
        assert np.abs(difference).max() < 12
        assert np.abs(difference).mean() < 2

    @pytest.mark.parametrize("colour", [False, True])
    def test_tiles_of_jpeg_and_jpeg_2000(self, colour):
        pixels = SMOOTH if colour else SMOOTH[..., 0]
        kind = {"samples": 3, "photometric": 6} if colour else {}
        for format, compression, photometric, options in [
            ("JPEG", 7, {}, {"quality": 95}),
            ("JPEG2000", 34712, {"photometric": 2} if colour else {}, {"no_jp2": True}),
        ]:
            tiles = []
            for part in (pixels[:, :32], pixels[:, 32:]):
                file = io.BytesIO()
                PillowImage.fromarray(part).save(file, format, **options)
                tiles.append(file.getvalue())
            tags = {**kind, **photometric, "tile_rows": 48, "tile_columns": 32}
            data = tiff(page(64, 48, *tiles, compression=compression, **tags))
            difference = decode(data).pixels[0].astype(int) - pixels
            assert np.abs(difference).max() < (1 if format == "JPEG2000" else 16)

    @pytest.mark.parametrize(
        ("compression", "reason"),
        [
            (6, "JPEG of the old kind"),
            (33003, "JPEG 2000 of YCbCr"),
            (34887, "LERC"),
            (50001, "WebP"),
            (777, "the method 777"),
        ],
    )
    def test_what_cannot_be_decompressed(self, compression, reason):
        with pytest.raises(Unsupported, match=f"^TIFF: it is compressed by {reason}$"):
            decode(tiff(page(2, 2, b"1234", compression=compression)))

    def test_the_checksum_of_deflate(self):
        packed = bytearray(zlib.compress(b"1234"))
        assert decode(tiff(page(2, 2, packed, compression=8))).pixels.tolist() == [
            [[49, 50], [51, 52]]
        ]
        packed[-1] ^= 1
        with pytest.raises(CorruptImage, match="incorrect data check"):
            decode(tiff(page(2, 2, packed, compression=8)))

    @pytest.mark.parametrize("compression", [1, 32773])
    def test_predictors_are_of_other_compressions(self, compression):
        content = b"123" if compression == 1 else b"\x02123"
        data = tiff(page(3, 1, content, compression=compression, predictor=2))
        assert decode(data).pixels.tolist() == [[[49, 50, 51]]]

    @pytest.mark.parametrize(
        ("bits", "predictor", "reason"),
        [
            (12, 2, "samples of 12 bits with the predictor 2"),
            (16, 3, "whole numbers with the predictor of floats"),
            (16, 4, "the predictor 4"),
        ],
    )
    def test_predictors_that_do_not_go_with_samples(self, bits, predictor, reason):
        content = zlib.compress(bytes(6))
        with pytest.raises(Unsupported, match=f"^TIFF: {reason}$"):
            decode(tiff(page(3, 1, content, compression=8, bits=bits, predictor=predictor)))


class TestBits:
    """By hand."""

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
    """By hand, from TIFF 6.0."""

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


class TestStacksOfOneDirectory:
    STACK = noise("u2", (4, 9, 11))

    def stack(self, description, **tags):
        """Return a file with one page directory, behind whose pixels those of others follow."""
        rest = self.STACK[1:].astype(">u2").tobytes()
        first = self.STACK[0].astype(">u2").tobytes()
        parts = first[: 5 * 22], first[5 * 22 :]
        tags = {"bits": 16, "strip_rows": 5, "description": description, **tags}
        return tiff(page(11, 9, *parts, **tags), order=">", behind=rest)

    @pytest.mark.parametrize(
        "description",
        [
            "ImageJ=1.54f\nimages=4\nslices=4\n",
            "ImageJ=1.54f\nimages=4\nchannels=2\nframes=2\nhyperstack=true\n",
            '{"shape": [4, 9, 11]}',
            '{"shape": [2, 2, 9, 11], "truncated": true}',
            "shape=(4, 9, 11)",
        ],
    )
    def test_all_images_are_read(self, description):
        data = self.stack(description)
        np.testing.assert_array_equal(decode(data).pixels, self.STACK)
        np.testing.assert_array_equal(
            tifffile.imread(io.BytesIO(data)).reshape(self.STACK.shape), self.STACK
        )

    def test_of_tifffile(self):
        data = written(self.STACK, truncate=True, photometric="minisblack")
        np.testing.assert_array_equal(decode(data).pixels, self.STACK)
        with pytest.raises(Truncated, match="before the pixels of its 4 images do"):
            decode(data[:-1])

    def test_of_metamorph(self):
        data = self.stack("", planes=(0,) * 4)
        np.testing.assert_array_equal(decode(data).pixels, self.STACK)

    def test_pages_and_compressed_pixels_are_what_they_are(self):
        """Of a description that has outlived an edit, the pages are right."""
        for options in [{"compression": "zlib"}, {}]:
            pixels = self.STACK[:1] if options else self.STACK[:2]
            description = "ImageJ=1.54f\nimages=4\n"
            options |= {"metadata": None, "description": description}
            data = written(pixels, photometric="minisblack", **options)
            np.testing.assert_array_equal(decode(data).pixels, pixels)
        # The page directory lies where the fifth image would.
        assert decode(self.stack("ImageJ=1.54f\nimages=5\n")).pixels.shape == (1, 9, 11)

    @pytest.mark.parametrize(
        "shape", ["[4, 9]", "[4, 10, 11]", "[4, 9, -11]", '"x"', "[[4]]", "null", "4"]
    )
    def test_a_shape_that_cannot_be(self, shape):
        assert decode(self.stack(f'{{"shape": {shape}}}')).pixels.shape == (1, 9, 11)

    def test_a_page_that_is_a_volume(self):
        with pytest.raises(Unsupported, match="a page of it is a volume"):
            decode(self.stack("", depth=4))

    def test_tiles(self):
        data = tiff(page(16, 16, bytes(256), tile_rows=16, tile_columns=16,
                         description="ImageJ=1.54f\nimages=2\n"), behind=bytes(256))  # fmt: skip
        with pytest.raises(Unsupported, match="one page directory for 2 images"):
            decode(data)


class TestPagesBesideTheImage:
    IMAGE = page(2, 1, b"\x07\x09")

    @pytest.mark.parametrize("kind", [1, 4, 5, 9])
    @pytest.mark.parametrize("is_first", [False, True])
    def test_reduced_images_and_masks(self, kind, is_first):
        aside = page(1, 1, b"\x01", subfile=kind)
        pages = [aside, self.IMAGE] if is_first else [self.IMAGE, aside, aside]
        assert decode(tiff(*pages)).pixels.tolist() == [[[7, 9]]]

    def test_reduced_images_of_old_writers(self):
        aside = page(1, 1, b"\x01", old_subfile=2)
        assert decode(tiff(self.IMAGE, aside)).pixels.tolist() == [[[7, 9]]]

    def test_a_reduced_image_alone_is_the_image(self):
        assert decode(tiff(page(1, 1, b"\x05", subfile=1))).pixels.tolist() == [[[5]]]

    def test_pyramids_of_subdirectories(self):
        stack = noise("u2", (3, 32, 32))
        file = io.BytesIO()
        with tifffile.TiffWriter(file) as writer:
            writer.write(stack, photometric="minisblack", subifds=1)
            writer.write(stack[:, ::2, ::2], photometric="minisblack", subfiletype=1)
        np.testing.assert_array_equal(decode(file.getvalue()).pixels, stack)

    def test_a_slide_of_aperio(self):
        slide = page(2, 1, b"\x07\x09", description="Aperio Image Library v12")
        data = tiff(slide, page(1, 1, b"\x01"), page(1, 1, b"\x01", subfile=9))
        assert decode(data).pixels.tolist() == [[[7, 9]]]
        with pytest.raises(Unsupported, match="pages differ"):
            decode(tiff(self.IMAGE, page(1, 1, b"\x01")))


class TestDamage:
    def test_strips_that_are_not_there(self):
        with pytest.raises(CorruptImage, match="tells where 1 of its 2 strips or tiles are"):
            decode(tiff(page(2, 2, b"12", strip_rows=1)))
        with pytest.raises(Unsupported, match="some of its strips or tiles are not in the file"):
            decode(tiff(page(2, 2, b"12", b"", strip_rows=1)))

    @pytest.mark.parametrize("compression", [1, 5, 8, 32773, 34925, 50000])
    def test_a_strip_that_is_too_short(self, compression):
        with pytest.raises(CorruptImage, match=r"ends before its rows do|cannot be decompressed"):
            decode(tiff(page(64, 64, b"12", compression=compression)))

    def test_strips_that_overlap_do_not_fill_the_memory(self):
        """A megabyte of LZW that 10,000 strips are, each, would be 10 GB."""
        places = {"offsets": (8,) * 10_000, "counts": (1 << 20,) * 10_000}
        data = tiff(page(4, 10_000, bytes(1 << 20), compression=5, strip_rows=1, **places))
        with pytest.raises(CorruptImage, match="the same bytes again and again"):
            decode(data)

    @pytest.mark.parametrize("size", [(0, 1), (1, 0)])
    def test_no_pixels(self, size):
        with pytest.raises(CorruptImage, match="a page of it has"):
            decode(tiff(page(*size, b"1")))
