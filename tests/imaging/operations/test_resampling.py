"""Values between pixels equal those of SciPy, OpenCV, scikit-image and of the formulas."""

import math
from fractions import Fraction

import cv2
import numpy as np
import pytest
import scipy.ndimage
import skimage.transform
from hypothesis import given
from hypothesis import strategies as st

from mapreduce_jobs.imaging.arrays.frames import BORDERS, full_range
from mapreduce_jobs.imaging.errors import BadParameter, UnsuitableImage
from mapreduce_jobs.imaging.image import Image
from mapreduce_jobs.imaging.operations import resampling
from mapreduce_jobs.imaging.operations.resampling import resized, warp
from tests.imaging.support import pairs

RNG = np.random.default_rng(7)
DTYPES = ["u1", "u2", "i2", "u4", "i4", "i1", "f4", "f8"]
SHAPES = [(1, 31, 46), (2, 16, 9, 3), (1, 1, 1), (1, 1, 9), (1, 9, 1, 3), (1, 2, 2)]
METHODS = ["nearest", "linear", "cubic", "lanczos"]
SCIPY = {
    "reflect": "mirror",
    "symmetric": "reflect",
    "edge": "nearest",
    "wrap": "grid-wrap",
    "constant": "grid-constant",
}
OPENCV = {
    "linear": cv2.INTER_LINEAR,
    "cubic": cv2.INTER_CUBIC,
    "area": cv2.INTER_AREA,
    "lanczos": cv2.INTER_LANCZOS4,
}
TURN = np.array([[0.81234, -0.43217, 3.3719], [0.37123, 1.13579, -5.2127]])


def noise(dtype, shape):
    if dtype.startswith("f"):
        return RNG.normal(0, 300, shape).astype(dtype)
    info = np.iinfo(dtype)
    return RNG.integers(info.min, info.max, shape, dtype, endpoint=True)


def image_of(pixels):
    return Image(pixels, pixels.dtype.itemsize * 8)


def each_channel(pixels, function):
    """Apply a function to every rows × columns in float64."""
    wide = pixels.astype(np.float64)
    if wide.ndim == 4:
        planes = [[function(f[..., c]) for c in range(3)] for f in wide]
        return np.moveaxis(np.array(planes), 1, -1)
    return np.array([function(frame) for frame in wide])


def assert_fits(result, expected, image):
    """Compare with what should come out in float64: integers are the nearest, or one of two."""
    assert result.pixels.dtype == image.pixels.dtype
    if image.pixels.dtype.kind == "f":
        rtol = 1e-6 if image.pixels.dtype == np.float32 else 0
        np.testing.assert_allclose(result.pixels, expected, rtol=rtol, atol=1e-9)
    else:
        expected = np.clip(expected, *full_range(image))
        np.testing.assert_allclose(result.pixels, expected, rtol=0, atol=0.5 + 1e-3)


def places(matrix, shape):
    rows, columns = np.mgrid[: shape[0], : shape[1]]
    (a, b, c), (d, e, f) = matrix
    return d * columns + e * rows + f, a * columns + b * rows + c


def keys(distance):
    """Return the kernel of cubic convolution, as printed in Keys' article, for a = -0.75."""
    a, s = -0.75, abs(distance)
    if s < 1:
        return (a + 2) * s**3 - (a + 3) * s**2 + 1
    return a * s**3 - 5 * a * s**2 + 8 * a * s - 4 * a if s < 2 else 0.0


def lanczos(distance):
    return np.sinc(distance) * np.sinc(distance / 4) if abs(distance) < 4 else 0.0


def by_formula(frame, kernel, y, x):
    """Return the value at a place from all pixels; outside is 0."""
    down = np.array([kernel(y - row) for row in range(-9, frame.shape[0] + 9)])
    across = np.array([kernel(x - column) for column in range(-9, frame.shape[1] + 9)])
    return down @ np.pad(frame, 9) @ across / (down.sum() * across.sum())


class TestWarp:
    @pytest.mark.parametrize(("dtype", "shape", "border"), pairs(DTYPES, SHAPES, SCIPY))
    def test_nearest_and_linear_equal_scipy(self, dtype, shape, border):
        image, size = image_of(noise(dtype, shape)), (23, 37)
        fill = 100.0 if border == "constant" else 0.0
        for order, method in enumerate(METHODS[:2]):
            expected = each_channel(
                image.pixels,
                lambda frame, order=order: scipy.ndimage.map_coordinates(
                    frame, places(TURN, size), order=order, mode=SCIPY[border], cval=fill
                ),
            )
            result = warp(image, TURN, size, interpolation=method, border=border, fill=fill)
            assert_fits(result, expected, image)

    @pytest.mark.parametrize(("method", "kernel"), [("cubic", keys), ("lanczos", lanczos)])
    def test_cubic_and_lanczos_equal_their_formulas(self, method, kernel):
        image, size = image_of(noise("f8", (1, 21, 30))), (25, 33)
        result = warp(image, TURN, size, interpolation=method).pixels[0]
        y, x = places(TURN, size)
        for row, column in RNG.integers(0, size, (200, 2)):
            place = y[row, column], x[row, column]
            if not (-4 < place[0] < 24 and -4 < place[1] < 33):
                continue
            expected = by_formula(image.pixels[0], kernel, *place)
            assert result[row, column] == pytest.approx(expected, rel=1e-12, abs=1e-9)

    @pytest.mark.parametrize("method", ["linear", "cubic", "lanczos"])
    @pytest.mark.parametrize("border", BORDERS)
    def test_equals_opencv_where_that_is_exact(self, method, border):
        # It knows places to 1/32 pixel. Its cubic of 64-bit floats is wrong at the left in 5.0.
        frame = noise("f4", (20, 31))
        matrix = np.array([[1, 0, -3 - 5 / 32], [0, 1, 2 + 19 / 32]])
        y, x = (place.astype(np.float32) for place in places(matrix, frame.shape))
        expected = cv2.remap(frame, x, y, OPENCV[method], borderMode=BORDERS[border])
        for shear in (0, 1e-300):  # along the axes, and as if it were not
            matrix[0, 1] = shear
            image = image_of(frame[np.newaxis])
            result = warp(image, matrix, frame.shape, interpolation=method, border=border)
            np.testing.assert_allclose(result.pixels[0], expected, rtol=0, atol=5e-3)

    @pytest.mark.parametrize("dtype", DTYPES)
    @pytest.mark.parametrize("method", METHODS)
    @pytest.mark.parametrize("border", BORDERS)
    def test_whole_pixels_are_exact(self, dtype, method, border):
        image = image_of(noise(dtype, (2, 7, 10, 3)))
        transposed = [[0, 1, 0], [1, 0, 0]]
        result = warp(image, transposed, (10, 7), interpolation=method, border=border)
        np.testing.assert_array_equal(result.pixels, image.pixels.swapaxes(1, 2))

    @pytest.mark.parametrize("method", METHODS)
    def test_what_is_no_number_stays_among_its_neighbours(self, method):
        frame = np.ones((1, 15, 15))
        frame[0, 7, 7] = np.nan
        still = warp(image_of(frame), [[1, 0, 0], [0, 1, 0]], (15, 15), interpolation=method)
        assert np.isnan(still.pixels).sum() == 1
        reach = {"nearest": 1, "linear": 2, "cubic": 4, "lanczos": 8}[method]
        moved = warp(image_of(frame), [[1, 0, 0.4], [0, 1, 0.4]], (15, 15), interpolation=method)
        assert np.isnan(moved.pixels).sum() == reach**2

    @pytest.mark.parametrize("method", METHODS)
    def test_infinite_and_largest_values_do_not_warn(self, method):
        frame = np.full((1, 9, 9), np.finfo(np.float32).max, np.float32)
        frame[0, ::2, ::3] = -np.inf
        warp(image_of(frame), TURN / 3, (9, 9), interpolation=method, fill=np.nan)

    @pytest.mark.parametrize("method", ["cubic", "lanczos"])
    def test_overshoot_is_clipped_and_not_wrapped(self, method):
        step = np.zeros((1, 8, 16))
        step[..., 8:] = 255
        half = [[1, 0, 0.5], [0, 1, 0]]
        wide = warp(image_of(step), half, (8, 15), interpolation=method, border="edge").pixels
        narrow = warp(
            image_of(step.astype(np.uint8)), half, (8, 15), interpolation=method, border="edge"
        ).pixels
        assert wide.min() < -10
        assert wide.max() > 265
        np.testing.assert_array_equal(narrow, np.rint(np.clip(wide, 0, 255)))

    def test_clipped_to_the_bits_stored(self):
        image = Image(np.uint16([[[0, 0, 4095, 4095]]]), bits=12)
        half = [[1, 0, 0.5], [0, 1, 0]]
        result = warp(image, half, (1, 3), interpolation="cubic", border="edge")
        # 2047.5 to even between; beside it 4095 · (1 + 0.09375) and 4095 · -0.09375
        assert result.pixels.tolist() == [[[0, 2048, 4095]]]

    def test_parts_of_a_result_fit_together(self, monkeypatch):
        image = image_of(noise("u2", (1, 20, 30)))
        at_once = warp(image, TURN, (40, 50), interpolation="cubic", border="wrap")
        monkeypatch.setattr(resampling, "_AT_A_TIME", 170)
        in_parts = warp(image, TURN, (40, 50), interpolation="cubic", border="wrap")
        np.testing.assert_array_equal(at_once.pixels, in_parts.pixels)

    def test_rest_of_the_image_stays(self):
        image = Image(noise("i2", (1, 4, 5)), 16, "HU", (0.5, 0.7), {"otsu": 3})
        result = warp(image, TURN, (3, 3), fill=-1000)
        assert (result.unit, result.spacing, result.notes) == ("HU", (0.5, 0.7), {"otsu": 3})

    @pytest.mark.parametrize("matrix", [[[1, 0], [0, 1]], [[1, 0, np.nan], [0, 1, 0]]])
    def test_no_matrix(self, matrix):
        with pytest.raises(BadParameter, match="2 rows of 3"):
            warp(image_of(noise("u1", (1, 3, 3))), matrix, (3, 3))

    @pytest.mark.parametrize(
        ("matrix", "shape", "message"),
        [
            ([[1, 0, 1e8], [0, 1, 0]], (3, 3), "leads more than"),
            ([[1e308, 1e308, 0], [0, 1, 0]], (30, 30), "leads more than"),
            ([[1, 0, 0], [0, 1, 0]], (100_000, 100_001), "would have"),
        ],
    )
    def test_absurd(self, matrix, shape, message):
        with pytest.raises(UnsuitableImage, match=message):
            warp(image_of(noise("u1", (1, 3, 3))), matrix, shape)


SIZES = [(16, 23), (31, 46), (62, 92), (7, 100), (1, 1), (45, 3)]


class TestResized:
    @pytest.mark.parametrize("size", SIZES)
    @pytest.mark.parametrize("method", OPENCV)
    def test_equals_opencv(self, size, method):
        if method == "area" and (size[0] < 31) != (size[1] < 46):
            return  # OpenCV's area is linear along both axes where it does not shrink both
        frame = noise("f8", (31, 46))
        expected = cv2.resize(frame, size[::-1], interpolation=OPENCV[method])
        result = resized(image_of(frame[np.newaxis]), *size, method).pixels[0]
        # Its weights are 32-bit floats.
        np.testing.assert_allclose(result, expected, rtol=0, atol=5e-3)

    @pytest.mark.parametrize(("dtype", "shape", "size"), pairs(DTYPES, SHAPES, SIZES))
    def test_nearest_and_linear_equal_scikit_image(self, dtype, shape, size):
        image = image_of(noise(dtype, shape))
        for order, method in enumerate(METHODS[:2]):
            expected = each_channel(
                image.pixels,
                lambda frame, order=order: skimage.transform.resize(
                    frame, size, order, "edge", anti_aliasing=False, preserve_range=True
                ),
            )
            assert_fits(resized(image, *size, method), expected, image)

    @pytest.mark.parametrize("dtype", DTYPES)
    @pytest.mark.parametrize("factors", [(1, 2), (3, 1), (5, 4), (30, 44)])
    def test_area_of_whole_pixels_is_their_mean(self, dtype, factors):
        image = image_of(noise(dtype, (2, 30, 44, 3)))
        expected = each_channel(
            image.pixels, lambda frame: skimage.transform.downscale_local_mean(frame, factors)
        )
        assert_fits(resized(image, *expected.shape[1:3]), expected, image)

    @given(st.integers(1, 20), st.integers(1, 20), st.sampled_from(["area", "linear"]))
    def test_halves_are_exact(self, size, wanted, method):
        pixels = np.random.default_rng(size).integers(0, 9, (1, 1, size), np.uint16)
        result = resized(Image(pixels, 16), 1, wanted, method).pixels[0, 0]
        values = [Fraction(int(value)) for value in pixels[0, 0]]
        for place in range(wanted):
            if method == "area":
                start, stop = Fraction(place * size, wanted), Fraction((place + 1) * size, wanted)
                value = sum(
                    value * max(0, min(stop, column + 1) - max(start, column))
                    for column, value in enumerate(values)
                ) / (stop - start)
            else:
                centre = Fraction((2 * place + 1) * size, 2 * wanted) - Fraction(1, 2)
                left = math.floor(centre)
                first, second = (values[min(max(i, 0), size - 1)] for i in (left, left + 1))
                value = first + (second - first) * (centre - left)
            assert result[place] == round(value)

    @given(st.integers(1, 40), st.integers(1, 40), st.integers(0, 2**32 - 1))
    def test_area_keeps_the_mean(self, size, wanted, seed):
        image = image_of(np.random.default_rng(seed).random((1, size, size + 1)))
        result = resized(image, wanted, wanted + 2, "area")
        assert result.pixels.mean() == pytest.approx(image.pixels.mean(), rel=1e-12)

    @pytest.mark.parametrize("dtype", DTYPES)
    @pytest.mark.parametrize("method", ["auto", "area", *METHODS])
    def test_a_constant_stays_constant(self, dtype, method):
        value = np.iinfo(dtype).max if dtype[0] != "f" else 0.1
        image = image_of(np.full((1, 12, 17), value, dtype))
        result = resized(image, 7, 23, method).pixels
        np.testing.assert_allclose(result, np.full((1, 7, 23), value, dtype), rtol=1e-14)

    @pytest.mark.parametrize("method", ["auto", "area", *METHODS])
    def test_the_same_size_is_the_same_image(self, method):
        pixels = noise("f8", (2, 5, 8, 3))
        np.testing.assert_array_equal(resized(image_of(pixels), 5, 8, method).pixels, pixels)

    def test_auto_chooses_for_each_axis(self):
        image = image_of(noise("f8", (1, 20, 20)))
        tall = resized(resized(image, 20, 7, "area"), 33, 7, "linear")
        np.testing.assert_allclose(resized(image, 33, 7).pixels, tall.pixels, atol=1e-9)

    def test_what_is_no_number(self):
        frame = np.arange(12.0).reshape(1, 2, 6)
        frame[0, 0, 0] = np.nan
        result = resized(image_of(frame), 1, 3).pixels[0, 0]
        assert np.isnan(result[0])
        assert result[1:].tolist() == [(2 + 3 + 8 + 9) / 4, (4 + 5 + 10 + 11) / 4]
