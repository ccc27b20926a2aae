"""JPEG 2000: the file's own values, and a DecodeError for whatever is not whole."""

import io
import struct
import warnings

import cv2
import numpy as np
import pydicom
import pydicom.data
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image as PillowImage
from pydicom.encaps import generate_frames

from mapreduce_jobs.imaging import errors
from mapreduce_jobs.imaging.decode import decode
from mapreduce_jobs.imaging.description import notes
from mapreduce_jobs.imaging.encode import encode
from mapreduce_jobs.imaging.errors import CannotHold, DecodeError
from mapreduce_jobs.imaging.formats.file_formats import sniff
from mapreduce_jobs.imaging.image import Image

RNG = np.random.default_rng(7)


def smooth(dtype, shape):
    top = np.iinfo(dtype).max
    return cv2.GaussianBlur(RNG.integers(0, top, shape).astype(dtype), (0, 0), 3)


def written(frame, **options):
    return encode(Image(frame[np.newaxis], frame.dtype.itemsize * 8), "jp2", **options)


def by_pillow(pixels, **options):
    file = io.BytesIO()
    picture = pixels if isinstance(pixels, PillowImage.Image) else PillowImage.fromarray(pixels)
    picture.save(file, "JPEG2000", **options)
    return file.getvalue()


def codestream(data):
    """Return what a file of boxes holds, without its boxes."""
    start = data.index(b"jp2c") + 4
    return data[start : data.rindex(b"\xff\xd9") + 2]


GREY, DEEP = smooth(np.uint8, (50, 60)), smooth(np.uint16, (50, 60))
COLOUR, DEEP_COLOUR = smooth(np.uint8, (50, 60, 3)), smooth(np.uint16, (50, 60, 3))
WHOLE = {
    "grey": (written(GREY), GREY),
    "grey 16": (written(DEEP), DEEP),
    "colour": (written(COLOUR), COLOUR),
    "colour 16": (written(DEEP_COLOUR), DEEP_COLOUR),
    "bare grey 16": (codestream(written(DEEP)), DEEP),
    "bare colour 16": (codestream(written(DEEP_COLOUR)), DEEP_COLOUR),
    "tiled": (by_pillow(COLOUR, tile_size=(32, 32)), COLOUR),
    "bare tiled": (by_pillow(GREY, tile_size=(32, 32), no_jp2=True), GREY),
    "alpha": (by_pillow(np.dstack([COLOUR, GREY])), COLOUR),
    "grey and alpha": (by_pillow(np.dstack([GREY, GREY // 2])), GREY),
}


class TestValues:
    @pytest.mark.parametrize("kind", WHOLE)
    def test_are_the_files_own(self, kind):
        data, expected = WHOLE[kind]
        image = decode(data)
        assert sniff(data) == "JPEG 2000"
        assert (image.pixels.dtype, image.bits) == (expected.dtype, expected.dtype.itemsize * 8)
        np.testing.assert_array_equal(image.pixels[0], expected)

    @pytest.mark.parametrize(
        "name", ["693_J2KI.dcm", "MR_small_jp2klossless.dcm", "JPEG2000.dcm", "examples_jpeg2k.dcm"]
    )
    def test_of_codestreams_of_dicom_files_equal_pydicom(self, name):
        """Most of them are signed."""
        path = pydicom.data.get_testdata_file(name, download=False)
        dataset = pydicom.dcmread(path)
        image = decode(next(generate_frames(dataset.PixelData, number_of_frames=1)))
        expected = dataset.pixel_array
        assert image.pixels.dtype == expected.dtype
        np.testing.assert_array_equal(image.pixels[0], expected)

    def test_of_13_bits_are_not_shifted(self):
        path = pydicom.data.get_testdata_file("J2K_pixelrep_mismatch.dcm", download=False)
        stream = next(generate_frames(pydicom.dcmread(path).PixelData, number_of_frames=1))
        image = decode(stream)
        by_opencv = cv2.imdecode(np.frombuffer(stream, np.uint8), cv2.IMREAD_UNCHANGED)
        assert image.bits == 13
        np.testing.assert_array_equal(image.pixels[0], by_opencv)

    @pytest.mark.parametrize("frame", [GREY, DEEP, COLOUR, DEEP_COLOUR])
    def test_quality_is_the_most_that_is_kept(self, frame):
        noise = RNG.integers(0, np.iinfo(frame.dtype).max, (200, 200, *frame.shape[2:]))
        noise = noise.astype(frame.dtype)
        for quality in (50, 10, 5):
            size = len(written(noise, quality=quality))
            assert 0.7 * quality < 100 * size / noise.nbytes < quality + 1.5

    def test_small_deep_colour_cannot_be_written(self):
        with pytest.raises(CannotHold, match=r"31 × 40 .* png or tiff"):
            written(DEEP_COLOUR[:31, :40])
        np.testing.assert_array_equal(
            decode(written(DEEP_COLOUR[:32, :32])).pixels[0], DEEP_COLOUR[:32, :32]
        )


def with_header(data, **fields):
    """Return a file whose codestream header (SIZ) says something else."""
    places = {"right": 8, "bottom": 12, "left": 16, "samples": 40, "depth": 42, "step": 43}
    start = data.index(b"\xff\x4f\xff\x51")
    changed = bytearray(data)
    for name, value in fields.items():
        form = {"samples": ">H", "depth": ">B", "step": ">B"}.get(name, ">I")
        struct.pack_into(form, changed, start + places[name], value)
    return bytes(changed)


class TestNotWhole:
    @pytest.mark.parametrize("kind", WHOLE)
    def test_cut_at_each_fiftieth(self, kind):
        data, _ = WHOLE[kind]
        for fiftieth in range(1, 50):
            with pytest.raises(DecodeError):
                decode(data[: len(data) * fiftieth // 50])

    def test_cut_by_one_byte(self):
        for data, _ in WHOLE.values():
            with pytest.raises(errors.Truncated):
                decode(data[:-1])

    @pytest.mark.parametrize(
        ("fields", "error"),
        [
            ({"right": 1 << 30, "bottom": 1 << 30}, errors.TooManyPixels),
            ({"left": 1 << 20}, errors.CorruptImage),
            ({"right": 61}, errors.CorruptImage),
            ({"samples": 200}, errors.Unsupported),
            ({"samples": 0}, errors.Unsupported),
            ({"depth": 31}, errors.Unsupported),
            ({"step": 2}, errors.Unsupported),
        ],
    )
    def test_headers_that_cannot_be(self, fields, error):
        with pytest.raises(error):
            decode(with_header(WHOLE["grey"][0], **fields))

    @pytest.mark.parametrize("kind", WHOLE)
    def test_the_size_is_checked_before_anything_is_decoded(self, kind):
        header_only = WHOLE[kind][0][:-400]
        with pytest.raises(errors.TooManyPixels, match="1 × 50 × 60"):
            decode(WHOLE[kind][0], max_pixels=50 * 60 - 1)
        with pytest.raises(DecodeError):
            decode(header_only, max_pixels=50 * 60 - 1)

    def test_no_codestream(self):
        data = WHOLE["grey"][0]
        with pytest.raises(errors.Truncated, match="codestream"):
            decode(data[: data.index(b"jp2c") - 4])

    @given(st.sampled_from(sorted(WHOLE)), st.data())
    @settings(deadline=None, max_examples=300)
    def test_damage_of_any_kind_is_a_decode_error_or_an_image(self, kind, data):
        content = bytearray(WHOLE[kind][0])
        for _ in range(data.draw(st.integers(1, 4))):
            where = data.draw(st.integers(0, 199) | st.integers(0, len(content) - 1))
            content[where] = data.draw(st.integers(0, 255))
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            notes(bytes(content))
            try:
                image = decode(bytes(content), max_pixels=1_000_000)
            except DecodeError:
                return
        assert image.pixels.ndim in (3, 4)
