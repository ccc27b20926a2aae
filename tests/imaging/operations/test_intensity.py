"""Intensity gives what scikit-image, NumPy and pydicom give."""

import numpy as np
import pytest
import skimage.exposure
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from pydicom.dataset import Dataset
from pydicom.pixels import apply_windowing

from mapreduce_jobs.imaging.arrays.frames import full_range
from mapreduce_jobs.imaging.errors import BadParameter, UnsuitableImage
from mapreduce_jobs.imaging.image import Image
from mapreduce_jobs.imaging.measures.edges import to_8bit
from mapreduce_jobs.imaging.operations.intensity import adjust, invert, normalise, window

INTEGERS = ["u1", "u2", "i2", "u4", "i4", "i1"]
DTYPES = [*INTEGERS, "f4", "f8"]
SHAPES = [(1, 31, 46), (1, 1, 1), (1, 1, 9), (1, 9, 1), (2, 12, 7), (1, 31, 46, 3), (2, 8, 9, 3)]


def noise(dtype, shape, seed=4):
    """Return values over the whole range of integers; floats from 0 to 1."""
    rng = np.random.default_rng(seed)
    if dtype.startswith("f"):
        return rng.random(shape).astype(dtype)
    limits = np.iinfo(dtype)
    return rng.integers(limits.min, limits.max, shape, dtype, endpoint=True)


def image_of(pixels, bits=None, **more):
    return Image(pixels, bits or pixels.dtype.itemsize * 8, **more)


def assert_same(found, expected):
    """Integers equal the expected values rounded, save where these are halfway within an error."""
    if found.dtype.kind == "f":
        np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-7)
        return
    unrounded = np.abs(expected.astype(np.float64) - found.astype(np.float64))
    assert unrounded.max() <= 0.5 + 1e-6


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", SHAPES)
class TestOnEveryImage:
    def test_adjust_without_parameters_changes_nothing(self, dtype, shape):
        image = image_of(noise(dtype, shape))
        np.testing.assert_allclose(adjust(image).pixels, image.pixels, rtol=1e-6)

    def test_gamma_equals_scikit_image(self, dtype, shape):
        image = image_of(noise(dtype, shape))
        low, high = full_range(image)
        fractions = (image.pixels.astype(np.float64) - low) / (high - low)
        expected = skimage.exposure.adjust_gamma(fractions, 0.45) * (high - low) + low
        assert_same(adjust(image, gamma=0.45).pixels, expected)

    def test_contrast_and_brightness_by_numpy(self, dtype, shape):
        image = image_of(noise(dtype, shape))
        low, high = full_range(image)
        middle, extent = (low + high) / 2, high - low
        changed = (image.pixels.astype(np.float64) - middle) * 1.7 + middle - 0.1 * extent
        found = adjust(image, contrast=1.7, brightness=-0.1).pixels
        assert_same(found, np.clip(changed, low, high))

    @pytest.mark.parametrize("method", ["minmax", "percentile"])
    def test_normalise_equals_scikit_image(self, dtype, shape, method):
        image = image_of((noise(dtype, shape) / 3).astype(dtype))
        wide = image.pixels.astype(np.float64)
        span = tuple(np.percentile(wide, (0, 100) if method == "minmax" else (5, 80)))
        for bits in (None, 8, 16):
            found = normalise(image, method=method, low=5, high=80, bits=bits)
            full = tuple(map(float, full_range(found)))
            expected = np.full(shape, full[0])
            if span[0] < span[1]:
                expected = skimage.exposure.rescale_intensity(wide, span, full)
            assert_same(found.pixels, expected)
            assert found.pixels.dtype == (f"u{bits // 8}" if bits else dtype)
            assert found.bits == (bits or image.bits)

    def test_zscore(self, dtype, shape):
        image = image_of(noise(dtype, shape))
        found = normalise(image, method="zscore")
        wide = image.pixels.astype(np.float64)
        expected = (wide - wide.mean()) / wide.std() if wide.std() else np.zeros(shape)
        assert (found.pixels.dtype, found.bits) == (np.float32, 32)
        np.testing.assert_allclose(found.pixels, expected, rtol=1e-5, atol=1e-6)

    @pytest.mark.parametrize("function", ["linear", "linear_exact", "sigmoid"])
    def test_window_equals_pydicom(self, dtype, shape, function):
        image = image_of(noise(dtype, shape))
        low, high = full_range(image)
        middle, extent = (low + high) / 2, high - low
        for centre, width, bits in ((middle, extent / 3 + 1, 8), (low, extent + 1.5, 16)):
            header = Dataset()
            header.PhotometricInterpretation = "MONOCHROME2"
            header.PixelRepresentation = 0
            header.BitsStored = bits
            header.WindowCenter, header.WindowWidth = centre, width
            header.VOILUTFunction = function.upper()
            found = window(image, centre=centre, width=width, function=function, bits=bits)
            assert (found.pixels.dtype, found.bits) == (f"u{bits // 8}", bits)
            assert_same(found.pixels, apply_windowing(image.pixels, header))

    def test_invert(self, dtype, shape):
        image = image_of(noise(dtype, shape))
        inverted = 1 - image.pixels if dtype.startswith("f") else ~image.pixels  # −1 − x, wrapped
        np.testing.assert_array_equal(invert(image).pixels, inverted)


class TestAdjust:
    def test_the_range_is_that_of_the_bits_stored(self):
        image = image_of(np.uint16([[[0, 2000, 4095]]]), 12)
        assert adjust(image, brightness=0.5).pixels.tolist() == [[[2048, 4048, 4095]]]

    def test_no_contrast_is_grey(self):
        assert adjust(image_of(np.uint8([[[0, 9]]])), contrast=0).pixels.tolist() == [[[128, 128]]]

    @pytest.mark.parametrize("operation", [adjust, invert])
    @pytest.mark.parametrize("value", [-0.1, 1.1, np.inf])
    def test_floats_have_no_range_but_0_to_1(self, operation, value):
        with pytest.raises(UnsuitableImage, match="normalise"):
            operation(image_of(np.array([[[0.5, value]]])))

    @pytest.mark.parametrize("operation", [adjust, invert])
    def test_what_is_no_number_stays_so(self, operation):
        found = operation(image_of(np.float32([[[0.5, np.nan]]]))).pixels
        np.testing.assert_array_equal(found, np.float32([[[0.5, np.nan]]]))


class TestNormalise:
    def test_8_bits_as_jobs_make_them(self):
        image = image_of(noise("u2", (1, 31, 46)))
        expected = to_8bit(image, "minmax").pixels
        np.testing.assert_array_equal(normalise(image, bits=8).pixels, expected)

    def test_grey_stays_grey_in_colour(self):
        colour = image_of(np.uint8([[[[10, 10, 10], [50, 20, 20]]]]))
        assert normalise(colour).pixels.tolist() == [[[[0, 0, 0], [255, 64, 64]]]]

    def test_a_stack_keeps_its_differences(self):
        stack = image_of(np.uint8([[[1, 2]], [[3, 5]]]))
        assert normalise(stack).pixels.tolist() == [[[0, 64]], [[128, 255]]]

    def test_the_range_is_that_of_the_bits_stored(self):
        image = image_of(np.int16([[[0, 1, 2]]]), 12)
        assert normalise(image).pixels.tolist() == [[[-2048, 0, 2047]]]  # −0.5 to even

    @pytest.mark.parametrize("method", ["minmax", "percentile", "zscore"])
    def test_constant(self, method):
        image = image_of(np.full((1, 3, 3), 0.7))
        assert normalise(image, method=method).pixels.max() == 0

    def test_percentiles_that_are_one_value(self):
        sparse = np.zeros((1, 20, 20), np.uint8)
        sparse[0, 0, 0] = 9
        with pytest.raises(UnsuitableImage, match="percentiles"):
            normalise(image_of(sparse), method="percentile")

    @pytest.mark.parametrize(
        "given",
        [
            {"method": "zscore", "bits": 8},
            {"method": "percentile", "low": 50, "high": 50},
            {"method": "percentile", "low": 99.5},
        ],
    )
    def test_parameters_that_do_not_go_together(self, given):
        with pytest.raises(BadParameter):
            normalise(image_of(np.uint8([[[1, 2]]])), **given)

    @pytest.mark.parametrize("method", ["minmax", "percentile", "zscore"])
    @pytest.mark.parametrize("value", [np.nan, -np.inf])
    def test_what_is_no_number(self, method, value):
        with pytest.raises(UnsuitableImage):
            normalise(image_of(np.array([[[0.0, value]]])), method=method)


class TestWindow:
    """Numbers from PS3.3 C.11.2.1.2.1, notes: centre 2048 and width 4096 show 0…4095 fully."""

    def test_the_full_range(self):
        image = image_of(np.uint16([[[0, 1, 4094, 4095]]]), 12)
        shown = window(image, centre=2048, width=4096, bits=16).pixels
        assert shown.tolist() == [[[0, 16, 65519, 65535]]]  # 1 · 65535 / 4095 = 16.004

    def test_centre_2048_and_width_1_is_a_step(self):
        image = image_of(np.uint16([[[2047, 2048]]]), 12)
        assert window(image, centre=2048, width=1).pixels.tolist() == [[[0, 255]]]

    @pytest.mark.parametrize("function", ["linear_exact", "sigmoid"])
    def test_below_1_only_linear_is_not_defined(self, function):
        image = image_of(np.array([[[0.1, 0.9]]]))
        shown = window(image, centre=0.5, width=0.05, function=function).pixels
        assert shown.tolist() == [[[0, 255]]]
        with pytest.raises(BadParameter):
            window(image, centre=0.5, width=0.05)

    @pytest.mark.parametrize("function", ["linear", "linear_exact", "sigmoid"])
    def test_what_is_infinite_is_beyond_and_what_is_no_number_has_no_grey(self, function):
        image = image_of(np.array([[[-np.inf, -1e308, 1e308, np.inf]]]))
        shown = window(image, centre=0, width=1.5, function=function).pixels
        assert shown.tolist() == [[[0, 0, 255, 255]]]
        with pytest.raises(UnsuitableImage):
            window(image_of(np.array([[[np.nan]]])), centre=0, width=1.5, function=function)

    def test_grey_levels_have_no_unit(self):
        image = image_of(np.int16([[[0]]]), unit="HU", spacing=(1.0, 2.0), notes={"a": 1})
        shown = window(image, centre=0, width=400)
        assert (shown.unit, shown.spacing, shown.notes) == ("stored", (1.0, 2.0), {"a": 1})


@given(st.data(), st.sampled_from(INTEGERS))
def test_inverting_twice_changes_nothing(data, dtype):
    shape = arrays.array_shapes(min_dims=3, max_dims=3, max_side=5)
    image = image_of(data.draw(arrays.arrays(dtype, shape)))
    np.testing.assert_array_equal(invert(invert(image)).pixels, image.pixels)


def test_inverting_stays_within_the_bits_stored():
    assert invert(image_of(np.uint16([[[0, 4095, 5000]]]), 12)).pixels.tolist() == [[[4095, 0, 0]]]
