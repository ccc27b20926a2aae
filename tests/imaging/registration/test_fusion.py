"""Fused images, by hand and beside a pyramid written out in SciPy."""

from fractions import Fraction

import numpy as np
import pytest
import scipy.ndimage
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as st_numpy

from mapreduce_jobs.imaging.errors import BadParameter, UnsuitableImage
from mapreduce_jobs.imaging.image import Image
from mapreduce_jobs.imaging.registration.fusion import fuse

RNG = np.random.default_rng(11)
DTYPES = ["u1", "u2", "i1", "i2", "u4", "i4", "f4", "f8"]
SHAPES = [(1, 37, 52), (2, 40, 33), (1, 1, 1), (1, 1, 60), (1, 60, 1), (1, 24, 24, 3)]
METHODS = ["mean", "maximum", "pyramid"]


def noise(dtype, shape):
    if dtype.startswith("f"):
        return RNG.normal(0, 300, shape).astype(dtype)
    info = np.iinfo(dtype)
    return RNG.integers(info.min, info.max, shape, dtype, endpoint=True)


def image_of(pixels, **more):
    return Image(pixels, pixels.dtype.itemsize * 8, **more)


class TestMean:
    @pytest.mark.parametrize("dtype", DTYPES[:6])
    def test_is_exact_and_halves_go_to_even(self, dtype):
        stacks = [noise(dtype, (1, 9, 8)) for _ in range(4)]
        fused = fuse([image_of(stack) for stack in stacks], "mean")
        exact = [
            round(Fraction(sum(map(int, values)), 4))
            for values in zip(*(stack.ravel() for stack in stacks), strict=True)
        ]
        assert fused.pixels.dtype == np.dtype(dtype)
        assert fused.pixels.ravel().tolist() == exact

    @pytest.mark.parametrize("dtype", DTYPES[6:])
    def test_of_floats(self, dtype):
        stacks = [noise(dtype, (2, 9, 8)) for _ in range(3)]
        fused = fuse([image_of(stack) for stack in stacks], "mean").pixels
        np.testing.assert_allclose(fused, np.mean(stacks, axis=0, dtype="f8"), rtol=1e-6)


class TestMaximum:
    @pytest.mark.parametrize("dtype", DTYPES)
    @pytest.mark.parametrize("shape", SHAPES)
    def test_equals_numpy(self, dtype, shape):
        stacks = [noise(dtype, shape) for _ in range(3)]
        fused = fuse([image_of(stack) for stack in stacks], "maximum").pixels
        np.testing.assert_array_equal(fused, np.max(stacks, axis=0))


# Burt & Adelson's 5 × 5 kernel with a = 0.375, which is OpenCV's.
KERNEL = np.outer([1, 4, 6, 4, 1], [1, 4, 6, 4, 1]) / 256


def reduced(frame):
    return scipy.ndimage.correlate(frame, KERNEL, mode="mirror")[::2, ::2]


def expanded(frame, shape):
    """Zeros in between, then the kernel, as Burt & Adelson's EXPAND (their equation 2)."""
    # Mirrored by one before, so that the border is a reflection of samples and not of zeros.
    padded = np.pad(frame, 2, mode="symmetric")
    padded[:2], padded[:, :2] = padded[4:2:-1], padded[:, 4:2:-1]
    wide = np.zeros((2 * padded.shape[0], 2 * padded.shape[1]))
    wide[::2, ::2] = padded
    filtered = 4 * scipy.ndimage.correlate(wide, KERNEL, mode="constant")
    return filtered[4 : 4 + shape[0], 4 : 4 + shape[1]]


def by_scipy(frames):
    if min(frames[0].shape) < 9:
        return np.mean(frames, axis=0)
    coarse = [reduced(frame) for frame in frames]
    details = [f - expanded(c, f.shape) for f, c in zip(frames, coarse, strict=True)]
    strongest = np.argmax(np.abs(details), axis=0)
    detail = np.take_along_axis(np.array(details), strongest[np.newaxis], axis=0)[0]
    return expanded(by_scipy(coarse), frames[0].shape) + detail


class TestPyramid:
    @pytest.mark.parametrize("shape", [(64, 64), (48, 96), (5, 7), (1, 1), (37, 51), (33, 20)])
    def test_equals_scipy(self, shape):
        frames = [scipy.ndimage.gaussian_filter(noise("f8", shape), 1.5) for _ in range(3)]
        fused = fuse([image_of(frame[np.newaxis]) for frame in frames], "pyramid").pixels[0]
        np.testing.assert_allclose(fused, by_scipy(frames), atol=1e-9)

    @pytest.mark.parametrize("dtype", DTYPES)
    @pytest.mark.parametrize("shape", SHAPES)
    def test_an_image_with_itself_is_itself(self, dtype, shape):
        image = image_of(noise(dtype, shape))
        fused = fuse([image, image], "pyramid").pixels
        if dtype == "f8":  # to the last bits
            np.testing.assert_allclose(fused, image.pixels, rtol=1e-12, atol=1e-10)
        else:
            np.testing.assert_array_equal(fused, image.pixels)

    def test_keeps_the_details_of_both(self):
        """One image is sharp on the left, the other on the right."""
        sharp = noise("u1", (1, 64, 64)).astype(float)
        blurred = scipy.ndimage.gaussian_filter(sharp, (0, 4, 4))
        left, right = sharp.copy(), sharp.copy()
        left[..., 32:], right[..., :32] = blurred[..., 32:], blurred[..., :32]
        fused = {
            method: fuse([image_of(left), image_of(right)], method).pixels for method in METHODS
        }
        errors = {method: np.abs(fused[method] - sharp).mean() for method in METHODS}
        assert errors["pyramid"] < 0.3 * errors["mean"]

    def test_overshoot_is_clipped(self):
        checks = np.indices((1, 32, 32)).sum(axis=0) % 2 * 255
        images = [image_of(pixels.astype(np.uint8)) for pixels in (checks, 255 - checks, checks)]
        fused = fuse(images, "pyramid").pixels
        assert (fused.min(), fused.max()) == (0, 255)


class TestAnyMethod:
    @pytest.mark.parametrize("method", METHODS)
    def test_grey_with_colour_is_colour(self, method):
        colour, levels = noise("u1", (1, 20, 21, 3)), noise("u1", (1, 20, 21))
        expected = fuse(
            [image_of(colour), image_of(np.repeat(levels[..., np.newaxis], 3, axis=3))], method
        )
        fused = fuse([image_of(colour), image_of(levels)], method)
        np.testing.assert_array_equal(fused.pixels, expected.pixels)
        assert fuse([image_of(levels), image_of(colour)], method).is_colour

    @pytest.mark.parametrize("method", METHODS)
    def test_one_image_is_left_as_it_is(self, method):
        image = image_of(noise("i2", (2, 20, 21)))
        np.testing.assert_array_equal(fuse([image], method).pixels, image.pixels)

    @pytest.mark.parametrize("method", METHODS)
    def test_what_goes_along(self, method):
        pixels = noise("u2", (1, 3, 3)) >> 4
        first = Image(pixels, 10, "HU", (0.5, 0.7), {"otsu": 3})
        fused = fuse([first, Image(pixels, 12, "HU", (1.0, 1.0), {"area": 1})], method)
        assert (fused.bits, fused.unit) == (12, "HU")
        assert (fused.spacing, fused.notes) == ((0.5, 0.7), {"otsu": 3})

    @pytest.mark.parametrize("method", METHODS)
    @pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
    def test_what_is_not_a_number_stays_local(self, method, value):
        frames = [noise("f4", (1, 70, 70)), noise("f4", (1, 70, 70))]
        frames[0][0, 2, 2], frames[1][0, 2, 2] = value, -value
        fused = fuse([image_of(frame) for frame in frames], method).pixels
        assert fused.shape == (1, 70, 70)
        if method != "pyramid":
            assert np.isfinite(np.delete(fused.ravel(), 2 * 70 + 2)).all()

    @given(
        st_numpy.arrays(np.int16, (2, 1, 11, 13)),
        st.sampled_from(["mean", "maximum"]),
    )
    def test_the_order_does_not_matter(self, stacks, method):
        forth = fuse([image_of(stack) for stack in stacks], method).pixels
        back = fuse([image_of(stack) for stack in stacks[::-1]], method).pixels
        np.testing.assert_array_equal(forth, back)

    def test_images_are_not_written_to(self):
        pixels = noise("u1", (1, 20, 20))
        pixels.flags.writeable = False
        for method in METHODS:
            fuse([image_of(pixels), image_of(pixels)], method)


class TestUnlikeImages:
    def test_sizes(self):
        images = [image_of(np.zeros(shape, np.uint8)) for shape in ((1, 4, 5), (2, 4, 5))]
        with pytest.raises(UnsuitableImage, match="1 × 4 × 5 and 2 × 4 × 5"):
            fuse(images, "mean")

    def test_kinds(self):
        ct, mr = image_of(np.zeros((1, 4, 5), np.int16)), image_of(np.zeros((1, 4, 5), np.uint16))
        with pytest.raises(UnsuitableImage, match=r"int16 and uint16.*normalise"):
            fuse([ct, mr], "mean")

    def test_units(self):
        pixels = np.zeros((1, 4, 5), np.int16)
        with pytest.raises(UnsuitableImage, match="HU and stored"):
            fuse([image_of(pixels, unit="HU"), image_of(pixels)], "mean")

    def test_none(self):
        with pytest.raises(BadParameter):
            fuse([], "mean")
