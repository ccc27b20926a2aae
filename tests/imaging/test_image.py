"""Grey and colour views of an image."""

import cv2
import numpy as np
import pytest
from PIL import Image as PillowImage

from mapreduce_jobs.imaging.image import Image, grey, rgb

RNG = np.random.default_rng(1)


def test_luma_of_8_bits_equals_opencv_and_is_pillows_within_one():
    frame = RNG.integers(0, 256, (31, 17, 3), np.uint8)
    levels = grey(Image(frame[np.newaxis], 8))[0]
    np.testing.assert_array_equal(levels, cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY))
    pillow = np.asarray(PillowImage.fromarray(frame).convert("L")).astype(int)
    assert np.abs(levels - pillow).max() <= 1


@pytest.mark.parametrize("dtype", ["u2", "u4", "i2", "f4", "f8"])
def test_luma_keeps_the_dtype(dtype):
    colour = RNG.integers(0, 30000, (2, 5, 7, 3)).astype(dtype)
    levels = grey(Image(colour, 16))
    assert levels.dtype == colour.dtype
    expected = colour.astype(np.float64) @ [0.299, 0.587, 0.114]
    assert np.abs(levels - expected).max() <= 1


@pytest.mark.parametrize("dtype", ["u1", "u2", "u4", "i2"])
def test_colour_without_colour_keeps_its_level(dtype):
    levels = RNG.integers(0, np.iinfo(dtype).max, (2, 5, 7)).astype(dtype)
    image = Image(np.repeat(levels[..., np.newaxis], 3, axis=3), 8)
    np.testing.assert_array_equal(grey(image), levels)


def test_grey_is_all_three_colours():
    levels = RNG.integers(0, 256, (2, 5, 7), np.uint8)
    colours = rgb(Image(levels, 8))
    assert colours.shape == (2, 5, 7, 3)
    for i in range(3):
        np.testing.assert_array_equal(colours[..., i], levels)
