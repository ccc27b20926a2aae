"""What is written is read back as it was, by this project and by other libraries."""

import io
import json
import struct
import sys
import zlib

import cv2
import numpy as np
import pytest
import tifffile
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as st_numpy
from PIL import Image as PillowImage

from mapreduce_jobs.imaging.decode import decode
from mapreduce_jobs.imaging.description import notes
from mapreduce_jobs.imaging.encode import ENDINGS, check, encode
from mapreduce_jobs.imaging.errors import BadParameter, CannotHold
from mapreduce_jobs.imaging.formats.file_formats import sniff
from mapreduce_jobs.imaging.image import Image, rgb
from tests.support import run

RNG = np.random.default_rng(3)
DTYPES = ["u1", "u2", "i1", "i2", "u4", "i4", "f4", "f8"]
SIZES = [(33, 47), (32, 50), (1, 1), (1, 9), (9, 1), (3, 3)]
FORMATS = list(ENDINGS)
NOTES = {"otsu": 113.5, "fused": ["胸部/左.png", "\udcff"], "area": [1, 2], "psnr": float("inf")}
READ_BACK = {**NOTES, "psnr": None}  # JSON has no infinity


def noise(dtype, shape):
    if dtype.startswith("f"):
        return RNG.normal(0, 300, shape).astype(dtype)
    info = np.iinfo(dtype)
    return RNG.integers(info.min, info.max, shape, dtype, endpoint=True)


def image_of(pixels, **more):
    return Image(pixels, pixels.dtype.itemsize * 8, **more)


def smooth(dtype="u1", shape=(64, 80, 3)):
    return cv2.GaussianBlur(noise(dtype, shape), (0, 0), 4)[np.newaxis]


def pillow(data):
    return np.asarray(PillowImage.open(io.BytesIO(data)))


def chunks(data):
    """Return the chunks of a PNG, whose CRCs Pillow checks in `pillow`."""
    found, position = {}, 8
    while position < len(data):
        length, kind = struct.unpack_from(">I4s", data, position)
        found[kind] = data[position + 8 : position + 8 + length]
        position += 12 + length
    return found


class TestWithoutLoss:
    @pytest.mark.parametrize("colour", [(), (3,)])
    @pytest.mark.parametrize("size", SIZES)
    @pytest.mark.parametrize(
        ("format", "dtype"),
        [("png", "u1"), ("png", "u2"), ("webp", "u1"), ("jp2", "u1"), ("jp2", "u2")]
        + [("tiff", dtype) for dtype in DTYPES],
    )
    def test_pixels_come_back(self, format, dtype, size, colour):
        if (format, dtype, colour) == ("jp2", "u2", (3,)):
            size = tuple(side + 31 for side in size)  # what its encoder needs, see test_jp2.py
        image = image_of(noise(dtype, (1, *size, *colour)))
        back = decode(encode(image, format, lossless=format == "webp"))
        expected = rgb(image) if format == "webp" else image.pixels
        assert back.pixels.dtype == image.pixels.dtype
        np.testing.assert_array_equal(back.pixels, expected)

    @given(
        st_numpy.arrays(np.uint16, st.tuples(*[st.integers(1, 20)] * 2)),
        st.sampled_from(["png", "tiff", "jp2"]),
    )
    @settings(max_examples=60, deadline=None)
    def test_of_any_size(self, frame, format):
        back = decode(encode(image_of(frame[np.newaxis]), format))
        np.testing.assert_array_equal(back.pixels[0], frame)

    @pytest.mark.parametrize("dtype", DTYPES)
    @pytest.mark.parametrize("shape", [(3, 9, 8), (3, 9, 3), (2, 9, 8, 3), (3, 3, 3, 3)])
    def test_frames_are_pages(self, dtype, shape):
        stack = noise(dtype, shape)
        data = encode(image_of(stack), "tiff")
        np.testing.assert_array_equal(decode(data).pixels, stack)
        with tifffile.TiffFile(io.BytesIO(data)) as file:
            assert len(file.pages) == shape[0]
            np.testing.assert_array_equal([page.asarray() for page in file.pages], stack)

    @pytest.mark.parametrize("dtype", ["u1", "u2"])
    @pytest.mark.parametrize("format", ["png", "tiff", "jp2"])
    @pytest.mark.parametrize("colour", [(), (3,)])
    def test_other_libraries_read_the_same(self, format, dtype, colour):
        image = image_of(noise(dtype, (1, 40, 50, *colour)), spacing=(0.5, 0.7), notes=NOTES)
        data = encode(image, format)
        by_opencv = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
        expected = image.pixels[0, ..., ::-1] if colour else image.pixels[0]
        np.testing.assert_array_equal(by_opencv, expected)
        if not (colour and dtype == "u2"):  # which Pillow has no mode for
            np.testing.assert_array_equal(pillow(data), image.pixels[0])

    def test_views_and_pixels_that_are_read_only(self):
        frame = noise("u1", (40, 50, 3))
        frame.flags.writeable = False
        for format in FORMATS:
            for view in (frame[::-1, ::2], frame[..., 0].T):
                back = decode(encode(image_of(view[np.newaxis]), format)).pixels
                assert back.shape[:3] == (1, *view.shape[:2])


class TestWithLoss:
    @pytest.mark.parametrize("format", ["jpeg", "webp", "jp2"])
    @pytest.mark.parametrize("shape", [(64, 80), (64, 80, 3)])
    def test_a_lower_quality_is_smaller_and_worse(self, format, shape):
        pixels = np.clip(smooth(shape=shape) * 2.0 + RNG.normal(0, 8, (1, *shape)), 0, 255)
        image = image_of(pixels.astype(np.uint8))
        sizes, errors = [], []
        for quality in (60, 30, 10):
            data = encode(image, format, quality)
            back = decode(data).pixels
            sizes.append(len(data))
            original = rgb(image) if back.ndim == 4 else image.pixels
            errors.append(np.abs(back.astype(int) - original).mean())
        assert sizes == sorted(sizes, reverse=True)
        assert errors == sorted(errors)

    def test_jpeg_is_what_pillow_writes_with_quality_90_and_full_colour(self):
        image = image_of(smooth())
        file = io.BytesIO()
        PillowImage.fromarray(image.pixels[0]).save(file, "JPEG", quality=90, subsampling=0)
        assert encode(image, "jpeg") == file.getvalue() == encode(image, "jpeg", 90)

    def test_grey_of_a_jpeg_stays_grey_and_of_a_webp_becomes_colour(self):
        image = image_of(smooth(shape=(64, 80)))
        assert not decode(encode(image, "jpeg")).is_colour
        back = decode(encode(image, "webp", lossless=True))
        np.testing.assert_array_equal(back.pixels, rgb(image))


class TestWhatGoesAlong:
    @pytest.mark.parametrize(
        ("format", "dtype"),
        [("png", "u1"), ("png", "u2")] + [("tiff", dtype) for dtype in ("u1", "u2", "i2", "u4")],
    )
    @pytest.mark.parametrize("colour", [(), (3,)])
    def test_bits_stored(self, format, dtype, colour):
        pixels = np.zeros((1, 5, 6, *colour), dtype)
        for bits in range(1, pixels.dtype.itemsize * 8 + 1):
            assert decode(encode(Image(pixels, bits), format)).bits == bits

    @pytest.mark.parametrize("format", ["png", "tiff", "jpeg", "jp2"])
    @pytest.mark.parametrize("colour", [(), (3,)])
    def test_notes(self, format, colour):
        image = image_of(np.zeros((1, 5, 6, *colour), np.uint8), notes=NOTES)
        data = encode(image, format)
        assert notes(data) == READ_BACK
        np.testing.assert_allclose(decode(data).pixels, image.pixels, atol=1)

    @pytest.mark.parametrize("format", ["png", "tiff", "jpeg", "jp2"])
    def test_notes_longer_than_a_segment_of_a_jpeg(self, format):
        long = {"areas": list(range(40_000))}
        image = image_of(np.zeros((1, 5, 6), np.uint8), notes=long)
        assert notes(encode(image, format)) == long

    @pytest.mark.parametrize("format", FORMATS)
    def test_no_notes(self, format):
        assert notes(encode(image_of(np.zeros((1, 5, 6), np.uint8)), format)) == {}

    @pytest.mark.parametrize("data", [b"", b"text", b"\x89PNG\r\n\x1a\n", b"II*\0\1\0\0\0"])
    def test_no_notes_in_what_is_no_image(self, data):
        assert notes(data) == {}

    def test_a_description_by_others_is_no_notes(self):
        for text in ("a chest", "[1, 2]", "7"):
            file = io.BytesIO()
            tifffile.imwrite(file, np.zeros((5, 6), np.uint8), description=text, metadata=None)
            assert notes(file.getvalue()) == {}

    def test_others_see_the_notes(self):
        image = image_of(np.zeros((2, 5, 6), np.uint8), notes={"otsu": 3})
        with tifffile.TiffFile(io.BytesIO(encode(image, "tiff"))) as file:
            assert json.loads(file.pages[0].description) == {"otsu": 3}
            assert "ImageDescription" not in file.pages[1].tags
        one = image_of(image.pixels[:1], notes={"otsu": 3})
        png = PillowImage.open(io.BytesIO(encode(one, "png")))
        assert json.loads(png.text["Description"]) == {"otsu": 3}
        jpeg = PillowImage.open(io.BytesIO(encode(one, "jpeg")))
        assert json.loads(jpeg.info["comment"]) == {"otsu": 3}

    def test_chunks_of_a_png_are_sound(self):
        image = Image(np.zeros((1, 5, 6), np.uint16), 12, spacing=(0.5, 0.7), notes={"otsu": 3})
        data = encode(image, "png")
        assert list(chunks(data)) == [b"IHDR", b"pHYs", b"tEXt", b"iTXt", b"IDAT", b"IEND"]
        assert struct.unpack(">IIB", chunks(data)[b"pHYs"]) == (1429, 2000, 1)
        pillow(data)
        kind = data.index(b"pHYs")
        crc = int.from_bytes(data[kind + 13 : kind + 17], "big")
        assert crc == zlib.crc32(data[kind : kind + 13])

    def test_a_tiff_has_no_date_and_no_software(self):
        with tifffile.TiffFile(io.BytesIO(encode(image_of(smooth()), "tiff"))) as file:
            names = {tag.name for tag in file.pages[0].tags}
        assert not names & {"DateTime", "Software", "ImageDescription"}


PROGRAM = """
import hashlib
import numpy as np
from mapreduce_jobs.imaging.encode import ENDINGS, encode
from mapreduce_jobs.imaging.image import Image

levels = np.indices((60, 70)).sum(axis=0)[np.newaxis].astype(np.uint8)
for format in ENDINGS:
    data = encode(Image(levels, 7, spacing=(0.5, 0.7), notes={"otsu": 3}), format)
    print(hashlib.sha256(data).hexdigest())
"""


def test_the_same_bytes_in_every_process():
    ran = [run(sys.executable, "-c", PROGRAM) for _ in range(2)]
    assert ran[0].status == 0, ran[0].stderr
    assert ran[0].stdout.count(b"\n") == len(FORMATS)
    assert ran[0].stdout == ran[1].stdout


class TestCannotHold:
    @pytest.mark.parametrize(
        ("format", "dtype", "shape", "words"),
        [
            ("jpeg", "u2", (1, 5, 6), r"JPEG holds uint8, .* uint16.*`normalise bits=8`.*jp2"),
            ("webp", "u2", (1, 5, 6), "WebP holds uint8, .* uint16.*tiff, png or jp2"),
            ("png", "i2", (1, 5, 6), "PNG holds uint8 and uint16, .* int16.*choose tiff$"),
            ("png", "f4", (1, 5, 6, 3), "float32"),
            ("jp2", "f8", (1, 5, 6), "JPEG 2000 .* float64"),
            ("png", "u1", (2, 5, 6), "one frame, this image has 2: choose tiff$"),
            ("jpeg", "u1", (1, 1, 65536), "65500 .* 1 × 65536: choose tiff, png or jp2$"),
            ("webp", "u1", (1, 16384, 1), "16383 .* 16384 × 1"),
            ("tiff", "f2", (1, 5, 6), "float16"),
            ("tiff", "u1", (1, 0, 6), "1 × 0 × 6"),
            ("png", "u1", (1, 5, 0), "at least one pixel"),
        ],
    )
    def test_says_what_does_not_fit_and_what_would(self, format, dtype, shape, words):
        with pytest.raises(CannotHold, match=words):
            encode(image_of(np.zeros(shape, dtype)), format)

    @pytest.mark.parametrize(("format", "side"), [("jpeg", 65500), ("webp", 16383)])
    def test_the_longest_side(self, format, side):
        for shape in ((1, 1, side), (1, side, 1)):
            back = decode(encode(image_of(np.full(shape, 7, np.uint8)), format))
            assert back.pixels.shape[:3] == shape


class TestOptions:
    @pytest.mark.parametrize(
        ("format", "quality", "lossless", "words"),
        [
            ("png", 80, False, "PNG .* no quality"),
            ("tiff", 80, False, "TIFF .* no quality"),
            ("jpeg", 0, False, "from 1 to 100"),
            ("webp", 101, False, "from 1 to 100"),
            ("jpeg", None, True, "never lossless"),
            ("webp", 80, True, "one of the two"),
            ("jp2", 80, True, "one of the two"),
        ],
    )
    def test_that_do_not_go_together(self, format, quality, lossless, words):
        for function in (check, lambda *given: encode(image_of(smooth()), *given)):
            with pytest.raises(BadParameter, match=words):
                function(format, quality, lossless)

    @pytest.mark.parametrize("format", FORMATS)
    def test_that_do(self, format):
        check(format)
        if format != "jpeg":
            check(format, None, True)
        if format not in ("png", "tiff"):
            check(format, 1)
            check(format, 100)

    @pytest.mark.parametrize("format", FORMATS)
    def test_each_format_is_what_it_is_called(self, format):
        names = {"jp2": "JPEG 2000", "webp": "WebP"}
        assert sniff(encode(image_of(smooth()), format)) == names.get(format, format.upper())
        assert all(ending.startswith(".") for ending in ENDINGS[format])
