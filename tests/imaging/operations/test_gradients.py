"""Derivatives give what SciPy and OpenCV give, and the edges that are counted are those shown."""

import cv2
import numpy as np
import pytest
import scipy.ndimage

from mapreduce_jobs.imaging.errors import BadParameter, UnsuitableImage
from mapreduce_jobs.imaging.image import grey
from mapreduce_jobs.imaging.measures.edges import canny_edges, gradient_edges
from mapreduce_jobs.imaging.operations.gradients import canny, gradient, laplacian, sobel
from mapreduce_jobs.imaging.pipelines.operation import Operation
from tests.imaging.support import DTYPES, MODES, SHAPES, assert_same, each_channel, image_of, noise


def magnitude(frame):
    return np.hypot(scipy.ndimage.sobel(frame, 0), scipy.ndimage.sobel(frame, 1))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", SHAPES)
class TestOnEveryImage:
    @pytest.mark.parametrize(("axis", "index"), [("y", 0), ("x", 1)])
    def test_sobel_equals_scipy(self, dtype, shape, axis, index):
        image = image_of(noise(dtype, shape))
        expected = each_channel(image.pixels, lambda frame: scipy.ndimage.sobel(frame, index))
        assert_same(sobel(image, axis=axis, result="clip"), expected)
        assert_same(sobel(image, axis=axis), np.abs(expected))

    def test_laplacian_equals_scipy(self, dtype, shape):
        image = image_of(noise(dtype, shape))
        expected = each_channel(image.pixels, scipy.ndimage.laplace)
        assert_same(laplacian(image, result="clip"), expected)
        assert_same(laplacian(image), np.abs(expected))

    def test_laplacian_of_8_neighbours_is_9_times_the_difference_from_the_mean(self, dtype, shape):
        image = image_of(noise(dtype, shape))
        expected = each_channel(
            image.pixels, lambda frame: 9 * (scipy.ndimage.uniform_filter(frame, 3) - frame)
        )
        found = laplacian(image, neighbours=8, result="float").pixels
        np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5 * np.ptp(expected) + 1e-6)

    def test_gradient_equals_scipy(self, dtype, shape):
        image = image_of(noise(dtype, shape))
        found = gradient(image)
        assert not found.is_colour
        assert_same(found, each_channel(grey(image), magnitude))

    def test_the_rest_of_the_image_stays(self, dtype, shape):
        pixels = noise(dtype, shape)
        pixels.setflags(write=False)
        image = image_of(pixels, unit="HU", spacing=(0.5, 0.7), notes={"otsu": 3})
        for made in (laplacian(image), sobel(image, axis="x"), gradient(image)):
            assert (made.pixels.dtype, made.pixels.shape[:3]) == (pixels.dtype, shape[:3])
            assert (made.bits, made.unit, made.spacing) == (image.bits, "HU", (0.5, 0.7))
            assert made.notes == {"otsu": 3}


@pytest.mark.parametrize("border", MODES)
@pytest.mark.parametrize("shape", [(1, 9, 12), (1, 1, 1), (1, 1, 5)])
class TestBorders:
    def test_gradient(self, border, shape):
        image = image_of(noise("f8", shape))
        # In one piece, for scipy.ndimage.sobel fills again after its first direction.
        weights = np.array([[1, 0, -1], [2, 0, -2], [1, 0, -1]])
        ix, iy = (
            scipy.ndimage.convolve(image.pixels[0], w, mode=MODES[border], cval=40)
            for w in (weights, weights.T)
        )
        found = gradient(image, border=border, fill=40)
        assert_same(found, np.hypot(ix, iy)[np.newaxis])

    def test_laplacian(self, border, shape):
        image = image_of(noise("f8", shape))
        expected = scipy.ndimage.laplace(image.pixels[0], mode=MODES[border], cval=40)
        found = laplacian(image, border=border, fill=40, result="clip")
        assert_same(found, expected[np.newaxis])


class TestByHand:
    def test_a_corner(self):
        corner = image_of(np.uint8([[[0, 0, 0], [0, 10, 10], [0, 10, 10]]]))
        # In the centre, Ix = 2 · 10 + 10 = 30 = Iy; the magnitude is √1800 = 42.4.
        assert sobel(corner, axis="x").pixels[0, 1, 1] == 30
        assert gradient(corner).pixels[0, 1, 1] == 42
        assert laplacian(corner, result="float").pixels[0, 1, 1] == -20
        assert laplacian(corner, neighbours=8, result="float").pixels[0, 1, 1] == -50

    def test_what_the_largest_step_gives(self):
        step = image_of(np.uint8([[[0, 0, 255, 255]] * 3]))
        assert gradient(step).pixels.max() == 255
        assert gradient(step, result="float").pixels.max() == 4 * 255
        assert gradient(step, result="scale").pixels[0, 1].tolist() == [0, 255, 255, 0]

    def test_a_value_that_is_no_number_touches_its_neighbours_only(self):
        pixels = np.zeros((1, 9, 9))
        pixels[0, 4, 4] = np.nan
        assert np.count_nonzero(np.isnan(gradient(image_of(pixels)).pixels)) == 9
        assert np.count_nonzero(np.isnan(laplacian(image_of(pixels)).pixels)) == 5

    def test_neighbours_are_read_from_text(self):
        assert Operation.of(laplacian, "gradients").read({"neighbours": "8"}) == {"neighbours": 8}


class TestCanny:
    @pytest.mark.parametrize("shape", [*SHAPES, (1, 64, 48), (1, 2, 2)])
    @pytest.mark.parametrize(("low", "high"), [(100, 200), (50, 300), (0, 0), (300, 3e4)])
    @pytest.mark.parametrize("l2", [False, True])
    def test_equals_opencv(self, shape, low, high, l2):
        pixels = cv2.blur(noise("u1", shape).reshape(-1, shape[2]), (3, 3)).reshape(shape)
        image = image_of(pixels)
        found = canny(image, low=low, high=high, l2=l2)
        expected = [cv2.Canny(frame, low, high, L2gradient=l2) for frame in grey(image)]
        np.testing.assert_array_equal(found.pixels, expected)
        assert (found.pixels.dtype, found.bits) == (np.uint8, 8)

    @pytest.mark.parametrize("high", [2**31, 1e12, 1e299])
    @pytest.mark.parametrize("l2", [False, True])
    def test_no_edge_begins_at_a_gradient_that_there_is_not(self, high, l2):
        image = image_of(noise("u1", (2, 31, 46)))
        assert not canny(image, low=0, high=high, l2=l2).pixels.any()

    def test_the_edges_are_those_that_are_counted(self):
        image = image_of(noise("u1", (2, 31, 46, 3)))
        shown = np.count_nonzero(canny(image, low=300, high=500).pixels)
        assert shown == canny_edges(image, 300, 500).edge_pixels > 0
        above = np.count_nonzero(gradient(image, result="float").pixels > 300)
        assert above == gradient_edges(image, 300).edge_pixels > 0

    @pytest.mark.parametrize("dtype", ["u2", "i2", "i1", "f4"])
    def test_more_bits_are_not_converted_in_silence(self, dtype):
        with pytest.raises(UnsuitableImage, match="put normalise or window before it"):
            canny(image_of(noise(dtype, (1, 5, 5))), low=1, high=2)

    def test_thresholds_in_the_wrong_order(self):
        with pytest.raises(BadParameter, match="low=3 must not be above high=2"):
            canny(image_of(noise("u1", (1, 5, 5))), low=3, high=2)

    def test_an_edge_is_in_no_unit(self):
        image = image_of(noise("u1", (1, 9, 9)), unit="HU", spacing=(1, 2), notes={"otsu": 3})
        found = canny(image, low=1, high=2)
        assert (found.unit, found.spacing, found.notes) == ("stored", (1, 2), {"otsu": 3})
