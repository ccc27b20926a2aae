"""Filters give what SciPy gives, and what their formulas give by hand."""

import cv2
import numpy as np
import pytest
import scipy.ndimage
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from mapreduce_jobs.imaging.arrays.kernels import KERNELS
from mapreduce_jobs.imaging.errors import OutsideImage
from mapreduce_jobs.imaging.operations.filters import bilateral, convolve, gaussian, mean, median
from tests.imaging.support import DTYPES, MODES, SHAPES, assert_same, each_channel, image_of, noise


def by_definition(frame, sigma_colour, sigma_space, mode="reflect"):
    """Return the bilateral filter of rows × columns × channels, pixel by pixel."""
    radius = max(1, round(1.5 * sigma_space))
    padded = np.pad(frame, [(radius, radius), (radius, radius), (0, 0)], mode)
    y, x = np.mgrid[-radius : radius + 1, -radius : radius + 1]
    near = np.where(np.hypot(y, x) <= radius, np.exp(-(y**2 + x**2) / (2 * sigma_space**2)), 0)
    result = np.empty(frame.shape)
    for row, column in np.ndindex(frame.shape[:2]):
        around = padded[row : row + 2 * radius + 1, column : column + 2 * radius + 1]
        difference = np.abs(around - frame[row, column]).sum(axis=2)
        weights = near * np.exp(-(difference**2) / (2 * sigma_colour**2))
        result[row, column] = (weights[..., np.newaxis] * around).sum((0, 1)) / weights.sum()
    return result


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", SHAPES)
class TestOnEveryImage:
    @pytest.mark.parametrize("name", ["gaussian", "sharpen", "sobel_x", "emboss"])
    def test_convolve_equals_scipy(self, dtype, shape, name):
        image = image_of(noise(dtype, shape))
        weights = np.array(KERNELS[name], float)
        weights /= weights.sum() or 1
        expected = each_channel(
            image.pixels, lambda f: scipy.ndimage.convolve(f, weights, mode="mirror")
        )
        assert_same(convolve(image, kernel=name), expected)

    @pytest.mark.parametrize("size", [1, 3, 11])
    def test_mean_equals_scipy(self, dtype, shape, size):
        image = image_of(noise(dtype, shape))
        ones = np.full((size, size), size**-2)
        expected = each_channel(
            image.pixels, lambda f: scipy.ndimage.convolve(f, ones, mode="mirror")
        )
        assert_same(mean(image, size=size), expected)

    @pytest.mark.parametrize(("sigma", "truncate"), [(0.1, 4), (1.3, 4), (5, 2.5)])
    def test_gaussian_equals_scipy(self, dtype, shape, sigma, truncate):
        image = image_of(noise(dtype, shape))
        expected = each_channel(
            image.pixels,
            lambda f: scipy.ndimage.gaussian_filter(f, sigma, mode="mirror", truncate=truncate),
        )
        assert_same(gaussian(image, sigma=sigma, truncate=truncate), expected)

    @pytest.mark.parametrize("size", [1, 3, 5, 9])
    def test_median_equals_scipy(self, dtype, shape, size):
        image = image_of(noise(dtype, shape))
        expected = each_channel(
            image.pixels, lambda f: scipy.ndimage.median_filter(f, size, mode="mirror")
        )
        np.testing.assert_array_equal(median(image, size=size).pixels, expected)

    def test_bilateral_equals_its_definition(self, dtype, shape):
        image = image_of(noise(dtype, shape)[:, :9, :8])
        spread = float(np.std(image.pixels.astype(float))) or 1.0
        # numpy.pad has no reflection about the only pixel of a row.
        found = bilateral(image, sigma_colour=spread, sigma_space=1.4, border="symmetric")
        frames = image.pixels.astype(float).reshape(*image.pixels.shape[:3], -1)
        expected = [by_definition(frame, spread, 1.4, "symmetric") for frame in frames]
        assert_same(found, np.reshape(expected, image.pixels.shape))

    def test_the_rest_of_the_image_stays(self, dtype, shape):
        pixels = noise(dtype, shape)
        pixels.setflags(write=False)
        image = image_of(pixels, unit="HU", spacing=(0.5, 0.7), notes={"otsu": 3})
        for made in (
            convolve(image, kernel="mean"),
            mean(image),
            gaussian(image, sigma=1),
            median(image),
            bilateral(image, sigma_colour=9, sigma_space=1),
        ):
            assert made.pixels.dtype == pixels.dtype
            assert made.pixels.shape == shape
            assert (made.bits, made.unit, made.spacing) == (image.bits, "HU", (0.5, 0.7))
            assert made.notes == {"otsu": 3}


@pytest.mark.parametrize("border", MODES)
@pytest.mark.parametrize("shape", [(1, 9, 12), (1, 2, 3), (1, 1, 1), (1, 1, 5)])
class TestBorders:
    """Also far outside of an image smaller than the window."""

    def test_convolve(self, border, shape):
        image = image_of(noise("i2", shape))
        kernel = noise("i1", (7, 5), seed=1).astype(float)
        expected = each_channel(
            image.pixels, lambda f: scipy.ndimage.convolve(f, kernel, mode=MODES[border], cval=40)
        )
        rows = tuple(map(tuple, kernel))
        found = convolve(
            image, kernel=rows, normalise=False, border=border, fill=40, result="float"
        )
        np.testing.assert_allclose(found.pixels, expected, rtol=1e-6)

    @pytest.mark.parametrize("dtype", ["i2", "f8"])
    def test_mean(self, border, shape, dtype):
        image = image_of(noise(dtype, shape))
        expected = each_channel(
            image.pixels, lambda f: scipy.ndimage.uniform_filter(f, 7, mode=MODES[border], cval=40)
        )
        assert_same(mean(image, size=7, border=border, fill=40), expected)

    def test_gaussian(self, border, shape):
        image = image_of(noise("f8", shape))
        expected = each_channel(
            image.pixels, lambda f: scipy.ndimage.gaussian_filter(f, 2, mode=MODES[border], cval=40)
        )
        assert_same(gaussian(image, sigma=2, border=border, fill=40), expected)

    @pytest.mark.parametrize("dtype", ["u1", "i4"])
    def test_median(self, border, shape, dtype):
        image = image_of(noise(dtype, shape))
        expected = each_channel(
            image.pixels, lambda f: scipy.ndimage.median_filter(f, 7, mode=MODES[border], cval=40)
        )
        found = median(image, size=7, border=border, fill=40)
        np.testing.assert_array_equal(found.pixels, expected)


class TestConvolve:
    @pytest.mark.parametrize("shape", [(9, 9), (31, 31), (1, 101), (101, 1), (5, 51)])
    def test_large_kernels_are_exact(self, shape):
        """Whereas the transform that cv2.filter2D takes from 50 weights on is not."""
        image = image_of(noise("i4", (1, 40, 50)))
        kernel = noise("i1", shape, seed=2).astype(float)
        weights = tuple(map(tuple, kernel))
        found = convolve(image, kernel=weights, normalise=False, border="wrap", result="float")
        exact = scipy.ndimage.convolve(image.pixels[0].astype(np.int64), kernel, mode="wrap")
        np.testing.assert_array_equal(found.pixels[0], exact.astype(np.float32))

    def test_a_value_that_is_no_number_touches_its_neighbours_only(self):
        pixels = np.ones((1, 30, 30))
        pixels[0, 15, 15], pixels[0, 2, 2] = np.nan, np.inf
        for made, touched in (
            (convolve(image_of(pixels), kernel=((1.0,) * 9,) * 9), 81 + 49),
            (mean(image_of(pixels), size=9), 81 + 49),
            (gaussian(image_of(pixels), sigma=1), 81 + 49),
            (convolve(image_of(pixels), kernel="identity"), 2),
            (median(image_of(pixels)), 0),
            (median(image_of(pixels.astype("f4")), size=5), 0),
            (bilateral(image_of(pixels), sigma_colour=1, sigma_space=1), 2),
        ):
            assert np.count_nonzero(~np.isfinite(made.pixels)) == touched
            assert made.pixels[np.isfinite(made.pixels)] == pytest.approx(1)

    @given(arrays.arrays(np.uint8, (1, 5, 6)), arrays.arrays(np.int8, (2, 3, 3)))
    def test_one_kernel_after_the_other_is_their_convolution(self, pixels, kernels):
        image = image_of(pixels.astype(np.float64))
        twice = image
        for kernel in kernels:
            rows = tuple(map(tuple, kernel.astype(float)))
            twice = convolve(twice, kernel=rows, normalise=False, border="wrap")
        both = scipy.ndimage.convolve(np.pad(kernels[0].astype(float), 1), kernels[1], mode="wrap")
        rows = tuple(map(tuple, both))
        once = convolve(image, kernel=rows, normalise=False, border="wrap")
        np.testing.assert_array_equal(once.pixels, twice.pixels)


class TestSmoothing:
    @given(st.integers(0, 4095), st.sampled_from([1, 3, 9]))
    def test_a_constant_stays(self, level, size):
        image = image_of(np.full((1, 4, 5), level, np.uint16), bits=12)
        for made in (
            mean(image, size=size),
            gaussian(image, sigma=size / 2),
            median(image, size=size),
            bilateral(image, sigma_colour=size, sigma_space=size),
        ):
            np.testing.assert_array_equal(made.pixels, image.pixels)

    def test_halves_go_to_even(self):
        image = image_of(np.uint8([[[0, 1, 2, 1, 0, 1, 2]] * 3]))
        kernel = ((1.0, 0.0, 1.0),)
        assert convolve(image, kernel=kernel, border="wrap").pixels[0, 0].tolist() == [
            2,  # (1 + 2) / 2 = 1.5
            1,
            1,
            1,
            1,
            1,
            0,  # (1 + 0) / 2 = 0.5
        ]

    @pytest.mark.parametrize("size", [21, 255, 257])
    def test_median_of_large_windows(self, size):
        image = image_of(noise("u1", (1, 6, 7)))
        padded = np.pad(image.pixels[0], size // 2, "symmetric")
        windows = np.lib.stride_tricks.sliding_window_view(padded, (size, size))
        found = median(image, size=size, border="symmetric").pixels[0]
        np.testing.assert_array_equal(found, np.median(windows, axis=(2, 3)))

    def test_windows_too_many_to_be_sorted_at_once(self):
        frame = noise("u2", (60, 500))
        expected = scipy.ndimage.median_filter(frame, 15, mode="mirror")
        np.testing.assert_array_equal(median(image_of(frame[None]), size=15).pixels[0], expected)

    @pytest.mark.parametrize("shape", [(1, 31, 46), (1, 31, 46, 3)])
    @pytest.mark.parametrize(("sigma_colour", "sigma_space"), [(30, 2), (200, 1), (5, 4.4)])
    def test_bilateral_equals_opencv(self, shape, sigma_colour, sigma_space):
        image = image_of(noise("u1", shape))
        found = bilateral(image, sigma_colour=sigma_colour, sigma_space=sigma_space)
        expected = cv2.bilateralFilter(image.pixels[0], 0, sigma_colour, sigma_space)
        assert np.abs(found.pixels[0].astype(int) - expected).max() <= 1

    def test_bilateral_keeps_a_step(self):
        step = image_of(np.uint8([[[10, 12] * 4 + [200, 202] * 4] * 9]))
        found = bilateral(step, sigma_colour=5, sigma_space=3).pixels
        assert found[..., :8].max() <= 12
        assert found[..., 8:].min() >= 200
        assert np.ptp(gaussian(step, sigma=3).pixels[0, 0, 6:10].astype(int)) > 40

    @pytest.mark.parametrize("size", [99_999, 10**15 + 1])
    def test_windows_that_memory_does_not_suffice_for(self, size):
        image = image_of(np.zeros((1, 3, 3)))
        for function, values in (
            (mean, {"size": size}),
            (median, {"size": size}),
            (gaussian, {"sigma": size}),
            (gaussian, {"sigma": 1e200, "truncate": 1e200}),
            (bilateral, {"sigma_colour": 1, "sigma_space": size}),
        ):
            with pytest.raises(OutsideImage):
                function(image, **values)

    @pytest.mark.parametrize("tiny", [1e-300, 1e-9])
    def test_widths_of_almost_nothing_change_nothing(self, tiny):
        image = image_of(noise("u2", (1, 6, 7)))
        for made in (
            gaussian(image, sigma=tiny),
            bilateral(image, sigma_colour=tiny, sigma_space=3),
            bilateral(image, sigma_colour=9, sigma_space=tiny),
        ):
            np.testing.assert_array_equal(made.pixels, image.pixels)
