"""Edges equal those of OpenCV and SciPy."""

from dataclasses import replace
from fractions import Fraction

import cv2
import numpy as np
import pytest
import scipy.ndimage

from mapreduce_jobs.imaging.errors import UnsuitableImage
from mapreduce_jobs.imaging.image import Image
from mapreduce_jobs.imaging.measures.edges import (
    canny_edges,
    gradient_edges,
    gradient_magnitude,
    to_8bit,
)

RNG = np.random.default_rng(5)
SHAPES = [(31, 46), (1, 1), (1, 9), (9, 1), (2, 2)]


def noise(dtype, shape):
    if dtype.startswith("f"):
        return RNG.normal(0, 300, shape).astype(dtype)
    info = np.iinfo(dtype)
    return RNG.integers(info.min, info.max, shape, dtype, endpoint=True)


def image_of(pixels):
    return Image(pixels, pixels.dtype.itemsize * 8)


def by_scipy(frame):
    wide = frame.astype(np.float64)
    return np.hypot(scipy.ndimage.sobel(wide, 0), scipy.ndimage.sobel(wide, 1))


class TestGradient:
    @pytest.mark.parametrize("dtype", ["u1", "u2", "i2", "u4", "i4", "f4", "f8"])
    @pytest.mark.parametrize("shape", SHAPES)
    def test_magnitude_equals_scipy(self, dtype, shape):
        frame = noise(dtype, shape)
        np.testing.assert_allclose(gradient_magnitude(frame), by_scipy(frame), rtol=1e-6)

    @pytest.mark.parametrize("dtype", ["u1", "u2", "i2", "f8"])
    def test_edges_are_what_is_above_the_threshold(self, dtype):
        stack = noise(dtype, (3, 31, 46))
        magnitude = np.stack([by_scipy(frame) for frame in stack])
        threshold = float(np.median(magnitude)) + 0.123
        edges = gradient_edges(image_of(stack), threshold)
        assert edges.pixels == stack.size
        assert edges.edge_pixels == np.count_nonzero(magnitude > threshold)
        assert float(edges.gradient_sum) == pytest.approx(magnitude.sum(), rel=1e-6)

    def test_exactly_at_the_threshold_is_below(self):
        step = np.zeros((1, 5, 6), np.uint8)
        step[..., 3:] = 25  # Ix = 4 · 25 beside the step
        assert gradient_edges(image_of(step), 100).edge_pixels == 0
        assert gradient_edges(image_of(step), 99.99).edge_pixels == 10

    def test_pixels_beside_one_that_is_no_number_do_not_count(self):
        frame = np.zeros((1, 7, 7))
        frame[0, 3, 3] = np.nan
        edges = gradient_edges(image_of(frame), 1)
        assert (edges.pixels, edges.edge_pixels, edges.gradient_sum) == (49 - 9, 0, 0)

    def test_no_number_at_all(self):
        with pytest.raises(UnsuitableImage):
            gradient_edges(image_of(np.full((1, 5, 5), np.nan)), 1)

    def test_sums_are_exact(self):
        edges = gradient_edges(image_of(noise("f8", (1, 9, 9))), 1)
        assert isinstance(edges.gradient_sum, Fraction)


class TestCanny:
    @pytest.mark.parametrize("shape", SHAPES)
    @pytest.mark.parametrize(("low", "high"), [(100, 200), (50, 300), (0, 0)])
    def test_equals_opencv(self, shape, low, high):
        frame = cv2.GaussianBlur(noise("u1", shape), (0, 0), 1.2)
        edges = canny_edges(image_of(frame[np.newaxis]), low, high)
        assert edges.edge_pixels == np.count_nonzero(cv2.Canny(frame, low, high))
        assert edges.pixels == frame.size

    def test_frames_and_colour(self):
        stack = noise("u1", (3, 31, 46, 3))
        expected = sum(
            np.count_nonzero(cv2.Canny(cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY), 100, 200))
            for frame in stack
        )
        assert canny_edges(image_of(stack), 100, 200).edge_pixels == expected

    def test_more_bits_are_not_converted_in_silence(self):
        with pytest.raises(UnsuitableImage, match="--to-8bit"):
            canny_edges(image_of(noise("u2", (1, 5, 5))), 100, 200)

    def test_the_gradient_is_that_of_the_gradient_detector(self):
        image = image_of(noise("u1", (2, 31, 46)))
        assert canny_edges(image, 1, 2).gradient_sum == gradient_edges(image, 1).gradient_sum


class TestPadding:
    """A disc of noise in a field of padding, which is far below it."""

    FRAME = noise("i2", (31, 46)) // 64
    MASK = np.hypot(*np.mgrid[-15:16, -23:23]) > 13
    PIXELS = np.where(MASK, -2000, FRAME).astype(np.int16)
    PADDED = Image(PIXELS[np.newaxis], 16, padding=MASK[np.newaxis])
    CLEAR = ~scipy.ndimage.binary_dilation(MASK, np.ones((3, 3)))

    def test_its_border_is_no_edge(self):
        found = gradient_edges(self.PADDED, 1000)
        magnitude = by_scipy(self.PIXELS)[self.CLEAR]
        assert found.pixels == self.CLEAR.sum() < (~self.MASK).sum()
        assert found.edge_pixels == np.count_nonzero(magnitude > 1000)
        assert float(found.gradient_sum) == pytest.approx(magnitude.sum(), rel=1e-9)

    def test_without_structure_there_is_no_edge(self):
        flat = replace(self.PADDED, pixels=np.where(self.MASK, -2000, 40)[np.newaxis])
        assert gradient_edges(flat, 0).edge_pixels == 0
        assert gradient_edges(replace(flat, padding=None), 0).edge_pixels > 0

    def test_canny(self):
        image = to_8bit(self.PADDED, "minmax")
        found = canny_edges(image, 100, 200)
        edges = cv2.Canny(image.pixels[0], 100, 200)[self.CLEAR]
        assert (found.pixels, found.edge_pixels) == (edges.size, np.count_nonzero(edges))
        assert found.gradient_sum == gradient_edges(image, 1).gradient_sum

    def test_8_bits_are_of_what_was_measured(self):
        image = to_8bit(self.PADDED, "minmax")
        levels = self.FRAME[~self.MASK]
        expected = to_8bit(image_of(levels[np.newaxis, np.newaxis]), "minmax").pixels.ravel()
        np.testing.assert_array_equal(image.pixels[0][~self.MASK], expected)
        np.testing.assert_array_equal(image.padding, self.PADDED.padding)

    @pytest.mark.parametrize(
        "count", [lambda i: gradient_edges(i, 1), lambda i: canny_edges(i, 1, 2)]
    )
    def test_nothing_but_padding_and_what_is_beside_it(self, count):
        mask = np.zeros((1, 3, 3), bool)
        mask[0, 1, 1] = True
        with pytest.raises(UnsuitableImage, match="every pixel is padding, or beside it"):
            count(Image(np.zeros((1, 3, 3), np.uint8), 8, padding=mask))


class TestTo8Bit:
    def test_signed_full_range(self):
        image = Image(np.int16([[[-2048, -1, 0, 2047]]]), bits=12)
        assert to_8bit(image, "full").pixels.tolist() == [[[0, 127, 128, 255]]]

    def test_values_beyond_the_bits_promised_are_clipped_not_wrapped(self):
        image = Image(np.uint16([[[5000]]]), bits=12)
        assert to_8bit(image, "full").pixels.item() == 255

    def test_minmax(self):
        image = image_of(np.float64([[[-1.0, 0.0, 1.0]]]))
        assert to_8bit(image, "minmax").pixels.tolist() == [[[0, 128, 255]]]  # 127.5 to even

    def test_constant(self):
        assert to_8bit(image_of(np.full((1, 2, 2), 700, np.uint16)), "minmax").pixels.max() == 0

    def test_floats_have_no_full_range(self):
        with pytest.raises(UnsuitableImage):
            to_8bit(image_of(np.zeros((1, 2, 2))), "full")

    @pytest.mark.parametrize("value", [np.nan, np.inf])
    def test_what_is_not_a_number_has_no_8_bit_value(self, value):
        with pytest.raises(UnsuitableImage):
            to_8bit(image_of(np.array([[[0.0, value]]])), "minmax")

    def test_8_bits_stay_as_they_are(self):
        image = image_of(noise("u1", (1, 3, 3)))
        assert to_8bit(image, "minmax") is image
