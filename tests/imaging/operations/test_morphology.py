"""Morphology gives what SciPy, scikit-image and OpenCV give."""

import cv2
import numpy as np
import pytest
import scipy.ndimage
import skimage.morphology
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from mapreduce_jobs.imaging.operations.morphology import (
    blackhat,
    closing,
    dilate,
    erode,
    morphological_gradient,
    opening,
    tophat,
)
from tests.imaging.support import DTYPES, SHAPES, image_of, noise, pairs

ELEMENTS = {
    "rectangle": cv2.MORPH_RECT,
    "ellipse": cv2.MORPH_ELLIPSE,
    "cross": cv2.MORPH_CROSS,
}
SELECTING = [erode, dilate, opening, closing]
DIFFERENCES = [tophat, blackhat, morphological_gradient]


def one_row(*values, dtype=np.float64):
    return image_of(np.array([[values]], dtype))


def each_channel(pixels, function):
    if pixels.ndim == 3:
        return np.stack([function(frame) for frame in pixels])
    return np.stack(
        [each_channel(frame.transpose(2, 0, 1), function) for frame in pixels]
    ).transpose(0, 2, 3, 1)


def by_scipy(image, name, element):
    """Return erosion and so on of doubles, in which every dtype is exact; outside is ±∞."""

    def erosion(frame):
        return scipy.ndimage.grey_erosion(frame, footprint=element, mode="constant", cval=np.inf)

    def dilation(frame):
        return scipy.ndimage.grey_dilation(frame, footprint=element, mode="constant", cval=-np.inf)

    functions = {
        "erode": erosion,
        "dilate": dilation,
        "opening": lambda frame: dilation(erosion(frame)),
        "closing": lambda frame: erosion(dilation(frame)),
        "tophat": lambda frame: frame - dilation(erosion(frame)),
        "blackhat": lambda frame: erosion(dilation(frame)) - frame,
        "morphological_gradient": lambda frame: dilation(frame) - erosion(frame),
    }
    return each_channel(image.pixels.astype(np.float64), functions[name])


class TestOnEveryImage:
    @pytest.mark.parametrize(
        ("dtype", "shape", "element", "function"), pairs(DTYPES, SHAPES, ELEMENTS, SELECTING)
    )
    def test_equals_scipy(self, dtype, shape, element, function):
        image = image_of(noise(dtype, shape))
        footprint = cv2.getStructuringElement(ELEMENTS[element], (5, 5)).astype(bool)
        found = function(image, size=5, shape=element)
        expected = by_scipy(image, function.__name__, footprint)
        np.testing.assert_array_equal(found.pixels, expected)

    @pytest.mark.parametrize(("dtype", "shape", "function"), pairs(DTYPES, SHAPES, DIFFERENCES))
    def test_differences_are_clipped_and_not_wrapped(self, dtype, shape, function):
        image = image_of(noise(dtype, shape))
        expected = by_scipy(image, function.__name__, np.ones((3, 3), bool))
        found = function(image).pixels
        if dtype.startswith("f"):
            np.testing.assert_allclose(found, expected, rtol=1e-6)
        else:
            np.testing.assert_array_equal(found, np.minimum(expected, np.iinfo(dtype).max))

    @pytest.mark.parametrize("dtype", DTYPES)
    @pytest.mark.parametrize("shape", SHAPES)
    def test_the_rest_of_the_image_stays(self, dtype, shape):
        pixels = noise(dtype, shape)
        pixels.setflags(write=False)
        image = image_of(pixels, unit="HU", spacing=(0.5, 0.7), notes={"otsu": 3})
        for function in SELECTING + DIFFERENCES:
            made = function(image)
            assert (made.pixels.dtype, made.pixels.shape) == (pixels.dtype, shape)
            assert (made.bits, made.unit, made.spacing) == (image.bits, "HU", (0.5, 0.7))
            assert made.notes == {"otsu": 3}


@pytest.mark.parametrize("size", [1, 3, 7, 15, 33])
@pytest.mark.parametrize("element", ELEMENTS)
class TestElements:
    """Also elements larger than the image."""

    @pytest.mark.parametrize("function", [erode, dilate, opening, closing])
    @pytest.mark.parametrize("iterations", [1, 2, 5])
    def test_equals_opencv(self, size, element, function, iterations):
        image = image_of(noise("u2", (1, 14, 11)))
        kernel = cv2.getStructuringElement(ELEMENTS[element], (size, size))
        operation = {
            erode: cv2.MORPH_ERODE,
            dilate: cv2.MORPH_DILATE,
            opening: cv2.MORPH_OPEN,
            closing: cv2.MORPH_CLOSE,
        }[function]
        expected = cv2.morphologyEx(image.pixels[0], operation, kernel, iterations=iterations)
        found = function(image, size=size, shape=element, iterations=iterations)
        np.testing.assert_array_equal(found.pixels[0], expected)

    @pytest.mark.parametrize(
        ("function", "reference"),
        [
            (erode, skimage.morphology.erosion),
            (dilate, skimage.morphology.dilation),
            (opening, skimage.morphology.opening),
            (closing, skimage.morphology.closing),
            (tophat, skimage.morphology.white_tophat),
            (blackhat, skimage.morphology.black_tophat),
        ],
    )
    def test_equals_scikit_image(self, size, element, function, reference):
        image = image_of(noise("u1", (1, 14, 11)))
        footprint = cv2.getStructuringElement(ELEMENTS[element], (size, size))
        expected = reference(image.pixels[0], footprint, mode="ignore")
        found = function(image, size=size, shape=element)
        np.testing.assert_array_equal(found.pixels[0], expected)


class TestIterations:
    @pytest.mark.parametrize("element", ELEMENTS)
    @pytest.mark.parametrize("function", [erode, dilate])
    def test_they_are_applied_one_after_the_other(self, element, function):
        image = image_of(noise("f4", (1, 20, 30)))
        step_by_step = image
        for _ in range(3):
            step_by_step = function(step_by_step, shape=element)
        at_once = function(image, shape=element, iterations=3)
        np.testing.assert_array_equal(at_once.pixels, step_by_step.pixels)

    @pytest.mark.parametrize("element", ELEMENTS)
    @pytest.mark.parametrize(("size", "iterations"), [(3, 10**9), (10**9 + 1, 1), (10**9 + 1, 9)])
    def test_without_end_the_least_value_is_everywhere(self, element, size, iterations):
        image = image_of(noise("i4", (1, 20, 30)))
        found = erode(image, size=size, shape=element, iterations=max(2, iterations)).pixels
        assert (found == image.pixels.min()).all()


class TestNaN:
    def test_it_does_not_count(self):
        row = one_row(5, np.nan, 3, 4)
        assert erode(row).pixels.tolist() == [[[5, 3, 3, 3]]]
        assert dilate(row).pixels.tolist() == [[[5, 5, 4, 4]]]

    def test_it_stays_where_there_is_nothing_else(self):
        row = one_row(5, np.nan, np.nan, np.nan, 4, dtype=np.float32)
        np.testing.assert_array_equal(erode(row).pixels, [[[5, 5, np.nan, 4, 4]]])
        assert erode(row, iterations=2).pixels.tolist() == [[[5, 5, 4, 4, 4]]]

    def test_infinity_is_a_value(self):
        row = one_row(np.inf, np.inf, np.nan, -np.inf)
        assert erode(row).pixels.tolist() == [[[np.inf, np.inf, -np.inf, -np.inf]]]
        assert dilate(row).pixels.tolist() == [[[np.inf, np.inf, np.inf, -np.inf]]]
        assert np.isnan(morphological_gradient(one_row(np.inf, np.inf)).pixels).all()


class TestLaws:
    images = st.builds(image_of, arrays.arrays(np.uint8, (1, 6, 7)))
    elements = st.sampled_from(list(ELEMENTS))

    @given(images, elements)
    def test_erosion_and_dilation_are_dual(self, image, element):
        inverse = image_of(255 - image.pixels)
        dual = dilate(inverse, shape=element).pixels
        np.testing.assert_array_equal(erode(image, shape=element).pixels, 255 - dual)

    @given(images, elements)
    def test_an_opening_again_changes_nothing_and_nothing_is_above_the_image(self, image, element):
        once = opening(image, shape=element)
        np.testing.assert_array_equal(opening(once, shape=element).pixels, once.pixels)
        assert (once.pixels <= image.pixels).all()
        assert (closing(image, shape=element).pixels >= image.pixels).all()

    @given(images, elements)
    def test_tophat_and_opening_make_up_the_image(self, image, element):
        details = tophat(image, shape=element).pixels
        np.testing.assert_array_equal(details + opening(image, shape=element).pixels, image.pixels)
