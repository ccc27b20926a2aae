"""Histograms equal numpy's, and merge exactly in any order."""

from dataclasses import replace
from functools import reduce

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from mapreduce_jobs.image_histogram import ImageHistogram
from mapreduce_jobs.imaging.errors import UnsuitableImage
from mapreduce_jobs.imaging.image import Image, grey
from mapreduce_jobs.imaging.measures.histogram import Bins, bins_of, common_bins, histogram, rebin

RNG = np.random.default_rng(3)
DTYPES = ["u1", "u2", "i2", "u4", "i4", "f4", "f8"]


def stack(dtype, shape=(2, 21, 34)):
    if dtype.startswith("f"):
        return RNG.normal(0, 500, shape).astype(dtype)
    info = np.iinfo(dtype)
    return RNG.integers(info.min // 3, info.max // 2, shape, dtype)


def image_of(pixels):
    return Image(pixels, pixels.dtype.itemsize * 8)


def bounded(pixels):
    if pixels.dtype.kind != "f":
        return pixels
    return np.clip(np.nan_to_num(pixels), -1e30, 1e30)


finite_images = arrays.arrays(
    st.sampled_from([np.dtype(d) for d in DTYPES]),
    st.tuples(st.integers(1, 2), st.integers(1, 4), st.integers(1, 5)),
).map(lambda pixels: image_of(bounded(pixels)))
most_bins = st.sampled_from([2, 3, 7, 64, 256])
units = st.sampled_from(["stored", "HU", "display"])


class TestCounts:
    @pytest.mark.parametrize("dtype", DTYPES)
    @pytest.mark.parametrize(
        "bins", [Bins(0, 256, 256), Bins(-100, 900, 10), Bins(0.5, 77.25, 13), Bins(5, 6, 1)]
    )
    def test_equal_numpy(self, dtype, bins):
        pixels = stack(dtype)
        total, counts = histogram(image_of(pixels), bins)
        assert total == pixels.size
        expected = np.histogram(pixels, bins.count, (bins.start, bins.stop))[0]
        np.testing.assert_array_equal(counts["grey"], expected)

    @pytest.mark.parametrize("dtype", DTYPES)
    @pytest.mark.parametrize("most", [2, 10, 256, 4096])
    def test_every_pixel_is_in_a_bin_by_default(self, dtype, most):
        pixels = stack(dtype)
        image = image_of(pixels)
        bins = bins_of(image, most)
        counts = histogram(image, bins)[1]["grey"]
        assert bins.count == counts.size <= most
        assert counts.sum() == pixels.size
        expected = np.histogram(pixels, bins.count, (bins.start, bins.stop))[0]
        np.testing.assert_array_equal(counts, expected)

    def test_eight_bits_have_a_bin_a_value(self):
        assert bins_of(image_of(np.full((1, 2, 2), 9, np.uint8)), 256) == Bins(0, 256, 256)

    def test_colour(self):
        pixels = stack("u1", (2, 21, 34, 3))
        bins = Bins(0, 256, 16)
        _, counts = histogram(image_of(pixels), bins, "rgb")
        assert list(counts) == ["red", "green", "blue"]
        for i, channel in enumerate(counts):
            expected = np.histogram(pixels[..., i], 16, (0, 256))[0]
            np.testing.assert_array_equal(counts[channel], expected)
        _, luma = histogram(image_of(pixels), bins)
        expected = np.histogram(grey(image_of(pixels)), 16, (0, 256))[0]
        np.testing.assert_array_equal(luma["grey"], expected)

    def test_grey_as_red_green_and_blue(self):
        image = image_of(stack("u2"))
        bins = bins_of(image, 64)
        total, counts = histogram(image, bins, "rgb")
        assert total == image.pixels.size
        for counted in counts.values():
            np.testing.assert_array_equal(counted, histogram(image, bins)[1]["grey"])

    def test_what_is_not_a_number_is_not_a_pixel(self):
        pixels = np.array([[[0.5, np.nan, np.inf, -np.inf, 1.5]]])
        total, counts = histogram(image_of(pixels), Bins(0, 2, 2))
        assert (total, counts["grey"].tolist()) == (2, [1, 1])

    def test_no_number_at_all(self):
        image = image_of(np.full((1, 2, 2), np.nan))
        with pytest.raises(UnsuitableImage):
            histogram(image, bins_of(image, 256))

    @pytest.mark.parametrize("value", [2**53 + 1, -(2**53) - 1, 2**63 - 1])
    def test_integers_that_a_double_cannot_hold(self, value):
        with pytest.raises(UnsuitableImage):
            bins_of(image_of(np.full((1, 1, 1), value, np.int64)), 256)

    def test_values_beyond_reason(self):
        with pytest.raises(UnsuitableImage):
            bins_of(image_of(np.array([[[1.0, -1e305]]])), 256)

    @pytest.mark.parametrize("shape", [(1, 4100, 4100), (1, 1, 17_000_001)])
    def test_counts_beyond_the_precision_of_float32(self, shape):
        pixels = np.zeros(shape, np.uint8)
        pixels[0, 0, 0] = 1
        counts = histogram(image_of(pixels), Bins(0, 256, 256))[1]["grey"]
        assert counts[:2].tolist() == [pixels.size - 1, 1]


class TestPadding:
    PIXELS = np.int16([[[-2000, -2000, 5], [7, 5, -2000]]])
    PADDED = Image(PIXELS, 16, padding=PIXELS == -2000)

    def test_is_not_counted(self):
        bins = bins_of(self.PADDED, 256)
        assert bins == Bins(5, 8, 3)
        for model in ("grey", "rgb"):
            pixels, counts = histogram(self.PADDED, bins, model)
            assert pixels == 3
            assert [counted.tolist() for counted in counts.values()] == [[2, 0, 1]] * len(counts)

    @pytest.mark.parametrize("dtype", DTYPES)
    def test_the_rest_equals_numpy(self, dtype):
        pixels = stack(dtype)
        mask = RNG.random(pixels.shape) < 0.3
        image = Image(pixels, 8, padding=mask)
        bins = bins_of(image, 64)
        total, counts = histogram(image, bins)
        expected = np.histogram(pixels[~mask], bins.count, (bins.start, bins.stop))[0]
        assert total == expected.sum() == (~mask).sum()
        np.testing.assert_array_equal(counts["grey"], expected)

    def test_with_what_is_not_a_number(self):
        pixels = np.array([[[np.nan, 1.5, -99.0]]])
        image = Image(pixels, 64, padding=pixels == -99)
        assert histogram(image, bins_of(image, 4))[0] == 1

    @pytest.mark.parametrize("dtype", ["u1", "i2", "f4"])
    def test_nothing_else(self, dtype):
        pixels = np.zeros((1, 2, 2), dtype)
        image = Image(pixels, 8, padding=pixels == 0)
        with pytest.raises(UnsuitableImage, match="every pixel is padding"):
            bins_of(image, 256)
        with pytest.raises(UnsuitableImage, match="every pixel is padding"):
            histogram(image, Bins(0, 2, 2))


class TestMerging:
    @given(finite_images, finite_images, most_bins)
    def test_merged_histograms_are_those_of_all_the_pixels(self, one, other, most):
        merged = merge(total(one, most), total(other, most), most)
        bins, counts = merged
        assert bins.count <= most
        values = np.concatenate([image.pixels.ravel().astype(object) for image in (one, other)])
        expected = np.zeros(bins.count, int)
        for value in values:
            expected[int(float(value) // bins.width - bins.start / bins.width)] += 1
        assert counts == expected.tolist()

    @given(finite_images, finite_images, finite_images, most_bins)
    def test_order_cannot_show(self, a, b, c, most):
        a, b, c = (total(image, most) for image in (a, b, c))
        assert merge(a, b, most) == merge(b, a, most)
        assert merge(merge(a, b, most), c, most) == merge(a, merge(b, c, most), most)

    @given(st.lists(st.tuples(finite_images, st.booleans(), units), min_size=3, max_size=4))
    def test_of_the_job_with_padding_and_units(self, given_images):
        """Whatever the order, the sums of the job are those of all pixels together."""
        job = ImageHistogram(["--no-conf"])
        measured, images = [], []
        for image, has_padding, unit in given_images:
            mask = np.zeros(image.pixels.shape, bool)
            mask.flat[0] = has_padding and mask.size > 1
            padding = mask if mask.any() else None
            images.append(replace(image, padding=padding, unit=unit))
            measured.append(job.measure(images[-1]))
        first, second, *rest = measured
        left = reduce(job.merge, measured)
        right = job.merge(first, reduce(job.merge, [second, *rest]))
        assert left == right == reduce(job.merge, measured[::-1])
        shown = job.result(left)
        masked = sum(int(image.padding.sum()) for image in images if image.padding is not None)
        assert shown.get("padding", 0) == masked
        assert shown["pixels"] == sum(image.pixels.size for image in images) - masked
        kinds = {image.unit for image in images}
        assert shown.get("unit", "stored") == (kinds.pop() if len(kinds) == 1 else "mixed")
        assert ("padding" in shown) == bool(masked)


def total(image, most):
    bins = bins_of(image, most)
    return bins, histogram(image, bins)[1]["grey"].tolist()


def merge(one, other, most):
    bins = common_bins(one[0], other[0], most)
    counts = rebin(np.array(one[1]), one[0], bins) + rebin(np.array(other[1]), other[0], bins)
    return bins, counts.tolist()
