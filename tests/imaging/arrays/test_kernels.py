"""Kernels are those of the textbooks, and a convolution turns them."""

from typing import get_args

import cv2
import numpy as np
import pytest

from mapreduce_jobs.imaging.arrays.kernels import KERNELS, KernelName
from mapreduce_jobs.imaging.errors import BadParameter
from mapreduce_jobs.imaging.image import Image
from mapreduce_jobs.imaging.operations.filters import convolve
from mapreduce_jobs.imaging.pipelines.operation import Operation


def image_of(*rows, dtype=np.uint8):
    return Image(np.array([rows], dtype), 8)


class TestKernels:
    def test_the_kernel_is_turned(self):
        dot = image_of([0, 0, 0], [0, 1, 0], [0, 0, 0])
        kernel = ((1.0, 2.0, 3.0), (4.0, 5.0, 6.0), (7.0, 8.0, 9.0))
        response = convolve(dot, kernel=kernel, normalise=False, border="constant")
        assert response.pixels.tolist() == [[[1, 2, 3], [4, 5, 6], [7, 8, 9]]]

    @pytest.mark.parametrize("name", get_args(KernelName))
    def test_named_kernels_are_3_by_3_and_keep_a_constant_or_make_it_0(self, name):
        assert np.shape(KERNELS[name]) == (3, 3)
        level = convolve(image_of(*[[50] * 4] * 4), kernel=name).pixels
        assert (level == (0 if np.sum(KERNELS[name]) == 0 else 50)).all()

    def test_outline(self):
        assert KERNELS["outline"] == ((-1, -1, -1), (-1, 8, -1), (-1, -1, -1))
        dot = image_of([2, 2, 2], [2, 5, 2], [2, 2, 2])
        assert convolve(dot, kernel="outline").pixels[0, 1].tolist() == [0, 24, 0]  # 8 · 5 − 8 · 2

    @pytest.mark.parametrize(
        ("name", "kernel"),
        [
            ("sobel_x", [[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]]),
            ("scharr_y", [[-3, -10, -3], [0, 0, 0], [3, 10, 3]]),
            ("prewitt_x", [[-1, 0, 1], [-1, 0, 1], [-1, 0, 1]]),
        ],
    )
    def test_derivatives_are_the_correlations_with_the_usual_masks(self, name, kernel):
        frame = np.random.default_rng(8).integers(0, 256, (9, 9), np.uint8)
        expected = cv2.filter2D(frame.astype(float), -1, np.array(kernel, float))
        found = convolve(image_of(*frame), kernel=name, result="float").pixels[0]
        np.testing.assert_array_equal(found, expected)

    @pytest.mark.parametrize("kernel", [((1, 2), (3, 4)), ((1, 2, 3), (4, 5)), ((1,), (2,))])
    def test_kernels_without_a_centre(self, kernel):
        with pytest.raises(BadParameter, match="kernel"):
            convolve(image_of([0, 0, 0]), kernel=kernel)

    def test_a_sum_of_0_but_for_rounding_does_not_normalise(self):
        image = image_of([1, 2, 4], dtype=np.float64)
        found = convolve(image, kernel=((0.1, 0.2, -0.3),)).pixels
        assert np.abs(found).max() < 2

    def test_kernels_are_read_from_text(self):
        read = Operation.of(convolve, "filters").read
        assert read({"kernel": "0,1,0;1,-4,1;0,1,0"})["kernel"] == KERNELS["laplacian4"]
        assert read({"kernel": "emboss"})["kernel"] == "emboss"
