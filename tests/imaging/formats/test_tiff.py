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
from mapreduce_jobs.imaging.errors import CorruptImage, Unsupported
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
