"""Crop and pad equal slices and numpy.pad."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from mapreduce_jobs.imaging.errors import OutsideImage, UnsuitableImage
from mapreduce_jobs.imaging.image import Image
from mapreduce_jobs.imaging.operations.extent import crop, pad, rectangle
from tests.imaging.support import pairs

RNG = np.random.default_rng(13)
DTYPES = ["u1", "u2", "i2", "u4", "i4", "i1", "f4", "f8"]
SHAPES = [(1, 31, 46), (2, 16, 9, 3), (1, 1, 1), (1, 1, 9), (1, 9, 1, 3), (1, 2, 2)]
STACKS = arrays(np.int16, array_shapes(min_dims=3, max_dims=3, max_side=9))


def noise(dtype, shape):
    if dtype.startswith("f"):
        return RNG.normal(0, 300, shape).astype(dtype)
    info = np.iinfo(dtype)
    return RNG.integers(info.min, info.max, shape, dtype, endpoint=True)


def image_of(pixels, **rest):
    pixels.flags.writeable = False
    return Image(pixels, pixels.dtype.itemsize * 8, **rest)


class TestPad:
    @pytest.mark.parametrize(
        ("dtype", "shape", "border", "sides"),
        pairs(
            DTYPES,
            SHAPES,
            ["reflect", "symmetric", "edge", "wrap", "constant"],
            [(0, 0, 0, 0), (1, 2, 0, 3), (20, 40, 60, 70)],
        ),
    )
    def test_equals_numpy(self, dtype, shape, border, sides):
        left, top, right, bottom = sides
        widths = [(0, 0), (top, bottom), (left, right), (0, 0)][: len(shape)]
        image = image_of(noise(dtype, shape))
        options = {"constant_values": 77} if border == "constant" else {}
        expected = np.pad(image.pixels, widths, border, **options)
        result = pad(image, left=left, top=top, right=right, bottom=bottom, border=border, fill=77)
        assert result.pixels.dtype == image.pixels.dtype
        np.testing.assert_array_equal(result.pixels, expected)

    @pytest.mark.parametrize(
        ("dtype", "bits", "fill"),
        [
            ("u1", 8, 256),
            ("u1", 8, -0.1),
            ("u1", 8, np.nan),
            ("i1", 8, -129),
            ("u2", 12, 4096),
            ("i2", 12, 2048),
            ("i4", 32, 2.0**31),
            ("u4", 32, 2.0**32),
            ("f4", 32, 1e39),
        ],
    )
    def test_fill_that_the_image_cannot_have(self, dtype, bits, fill):
        image = Image(np.zeros((1, 2, 2), dtype), bits)
        with pytest.raises(UnsuitableImage, match=r"^fill="):
            pad(image, left=1, fill=fill)
        assert pad(image, left=1, border="edge", fill=fill).pixels.shape == (1, 2, 3)

    @pytest.mark.parametrize(
        ("dtype", "bits", "fill", "value"),
        [
            ("u1", 8, 2.5, 2),
            ("u2", 12, 4095, 4095),
            ("i2", 16, -1000, -1000),
            ("u4", 32, 2.0**32 - 1, 2**32 - 1),
            ("f4", 32, 0.5, 0.5),
            ("f4", 32, float(np.finfo("f4").max), float(np.finfo("f4").max)),
            ("f4", 32, -np.inf, -np.inf),
            ("f8", 64, 1e300, 1e300),
        ],
    )
    def test_fill(self, dtype, bits, fill, value):
        image = Image(np.ones((1, 1, 1), dtype), bits)
        assert pad(image, left=1, fill=fill).pixels.tolist() == [[[value, 1]]]

    def test_no_number_as_fill_of_floats(self):
        assert np.isnan(pad(Image(np.ones((1, 1, 1)), 64), top=1, fill=np.nan).pixels[0, 0, 0])

    def test_absurd_sizes(self):
        with pytest.raises(UnsuitableImage, match="more than 1000000000"):
            pad(image_of(noise("u1", (2, 3, 3))), left=10**12, top=3)


class TestCrop:
    @pytest.mark.parametrize("dtype", DTYPES)
    @pytest.mark.parametrize("shape", SHAPES)
    def test_equals_a_slice(self, dtype, shape):
        image = image_of(noise(dtype, shape))
        left, top = shape[2] // 3, shape[1] // 4
        width, height = (shape[2] + 1) // 2, (shape[1] + 1) // 2
        result = crop(image, left=left, top=top, width=width, height=height)
        expected = image.pixels[:, top : top + height, left : left + width]
        np.testing.assert_array_equal(result.pixels, expected)
        assert result.pixels.flags.c_contiguous

    @pytest.mark.parametrize(
        ("left", "top", "width", "height"), [(4, 0, 1, 1), (0, 3, 1, 1), (2, 0, 3, 1), (0, 0, 4, 4)]
    )
    def test_outside(self, left, top, width, height):
        image = image_of(noise("u1", (1, 3, 4)))
        with pytest.raises(OutsideImage, match="out of 4 columns and 3 rows"):
            crop(image, left=left, top=top, width=width, height=height)

    @given(STACKS, *[st.integers(0, 12)] * 4, st.sampled_from(["reflect", "wrap", "constant"]))
    def test_undoes_pad(self, pixels, left, top, right, bottom, border):
        image = image_of(pixels)
        padded = pad(image, left=left, top=top, right=right, bottom=bottom, border=border)
        height, width = pixels.shape[1:]
        back = crop(padded, left=left, top=top, width=width, height=height)
        np.testing.assert_array_equal(back.pixels, pixels)


class TestRectangle:
    @given(STACKS, *[st.integers(-30, 30)] * 2, st.sampled_from(["reflect", "symmetric", "wrap"]))
    def test_anywhere(self, pixels, left, top, border):
        image = image_of(pixels)
        result = rectangle(image, left, top, (4, 5), border)
        padded = pad(image, left=40, top=40, right=40, bottom=40, border=border)
        expected = crop(padded, left=left + 40, top=top + 40, width=5, height=4)
        np.testing.assert_array_equal(result.pixels, expected.pixels)


@pytest.mark.parametrize(
    "function",
    [
        lambda image: crop(image, left=1, top=2, width=3, height=4),
        lambda image: pad(image, left=3, fill=9),
    ],
)
def test_what_is_not_the_extent_stays(function):
    image = Image(noise("u2", (2, 8, 8)) >> 4, 12, "HU", (0.5, 0.7), {"otsu": 3})
    result = function(image)
    assert (result.bits, result.unit, result.spacing) == (12, "HU", (0.5, 0.7))
    assert result.notes == {"otsu": 3}
