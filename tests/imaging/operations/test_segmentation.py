"""Segmentation gives what scikit-image and SciPy give, and the answers computed by hand."""

import json
from fractions import Fraction

import numpy as np
import pytest
import scipy.cluster.vq
import scipy.ndimage
import skimage.filters
from hypothesis import given
from hypothesis import strategies as st

from mapreduce_jobs.imaging.errors import BadParameter, UnsuitableImage
from mapreduce_jobs.imaging.image import Image, grey
from mapreduce_jobs.imaging.measures.clustering import class_sums, lloyd, nearest, plus_plus_start
from mapreduce_jobs.imaging.measures.levels import distinct, otsu
from mapreduce_jobs.imaging.operations.segmentation import classify, components, kmeans, threshold

DTYPES = ["u1", "u2", "i2", "u4", "i4", "i1", "f4", "f8"]
SHAPES = [(1, 31, 46), (1, 1, 1), (1, 1, 9), (1, 9, 1), (2, 12, 7), (1, 31, 46, 3), (2, 8, 9, 3)]


def noise(dtype, shape, seed=3):
    """Return two heaps of values, well inside of the dtype."""
    rng = np.random.default_rng(seed)
    low, spread = (10, 5) if np.dtype(dtype).itemsize == 1 else (300, 90)
    heaps = rng.normal(low, spread, shape) + rng.integers(0, 2, shape) * 6 * spread
    return (
        heaps.astype(dtype) if dtype.startswith("f") else np.clip(heaps, 0, 120 * low).astype(dtype)
    )


def image_of(pixels, **more):
    return Image(pixels, pixels.dtype.itemsize * 8, **more)


def one_row(*values, dtype=np.uint8):
    return image_of(np.array([[values]], dtype))


class TestThreshold:
    @pytest.mark.parametrize("dtype", DTYPES)
    @pytest.mark.parametrize("shape", SHAPES)
    def test_white_is_what_is_above(self, dtype, shape):
        image = image_of(noise(dtype, shape))
        mask = threshold(image, value=30)
        assert (mask.pixels.dtype, mask.bits) == (np.uint8, 8)
        np.testing.assert_array_equal(mask.pixels, np.where(grey(image) > 30, 255, 0))

    @pytest.mark.parametrize("dtype", ["u1", "u2", "i2", "i1"])
    @pytest.mark.parametrize("shape", SHAPES)
    def test_otsu_equals_scikit_image(self, dtype, shape):
        image = image_of(noise(dtype, shape))
        found = threshold(image, method="otsu").notes["threshold"]
        assert found == skimage.filters.threshold_otsu(grey(image).ravel())

    @pytest.mark.parametrize("dtype", ["f4", "f8", "u4", "i4"])
    @pytest.mark.parametrize("shape", SHAPES)
    def test_otsu_of_other_dtypes_equals_scikit_image_of_floats(self, dtype, shape):
        image = image_of(noise(dtype, shape))
        found = threshold(image, method="otsu").notes["threshold"]
        expected = skimage.filters.threshold_otsu(grey(image).ravel().astype(np.float64))
        assert found == pytest.approx(expected, rel=1e-6)

    def test_a_level_at_the_threshold_is_not_above_it(self):
        assert threshold(one_row(99, 100, 101), value=100).pixels.tolist() == [[[0, 0, 255]]]

    def test_constant_image_is_all_below(self):
        mask = threshold(one_row(7, 7), method="otsu")
        assert (mask.pixels.max(), mask.notes["threshold"]) == (0, 7.0)

    def test_a_stack_has_one_threshold(self):
        stack = image_of(np.uint8([[[0, 10]], [[200, 210]]]))
        assert threshold(stack, method="otsu").pixels.tolist() == [[[0, 0]], [[255, 255]]]

    def test_what_is_not_finite_is_left_out(self):
        image = one_row(np.nan, 0, 1, np.inf, -np.inf, dtype=np.float64)
        assert threshold(image, method="otsu").pixels.tolist() == [[[0, 0, 255, 255, 0]]]
        with pytest.raises(UnsuitableImage):
            threshold(one_row(np.nan, np.inf, dtype=np.float32), method="otsu")

    def test_floats_that_hardly_differ(self):
        least = 1e10
        image = one_row(least, np.nextafter(least, 2e10), dtype=np.float64)
        assert threshold(image, method="otsu").pixels.tolist() == [[[0, 255]]]

    @pytest.mark.parametrize("given", [{}, {"method": "otsu", "value": 3.0}])
    def test_a_value_or_otsu(self, given):
        with pytest.raises(BadParameter):
            threshold(one_row(1), **given)

    def test_what_the_image_carries_stays(self):
        image = image_of(np.uint8([[[1]]]), spacing=(0.5, 0.7), notes={"before": 1})
        mask = threshold(image, value=0)
        assert (mask.spacing, mask.notes) == ((0.5, 0.7), {"before": 1, "threshold": 0.0})


class TestClassify:
    @pytest.mark.parametrize("dtype", DTYPES)
    @pytest.mark.parametrize("shape", SHAPES)
    @pytest.mark.parametrize("length", [1, 3])
    def test_equals_argmin_over_all_distances(self, dtype, shape, length):
        image = image_of(noise(dtype, shape))
        if length == 3 and not image.is_colour:
            with pytest.raises(UnsuitableImage):
                classify(image, means=((1, 2, 3),))
            return
        means = np.random.default_rng(8).integers(0, 70, (5, length))
        values = image.pixels if length == 3 else grey(image)[..., np.newaxis]
        distances = np.linalg.norm(values[..., np.newaxis, :].astype(float) - means, axis=-1)
        expected = distances.argmin(axis=-1)
        rows = tuple(map(tuple, means.tolist()))
        labels = classify(image, means=rows, show="labels")
        np.testing.assert_array_equal(labels.pixels, expected)
        assert (
            labels.notes["classify"]["sizes"] == np.bincount(expected.ravel(), minlength=5).tolist()
        )
        shown = classify(image, means=rows).pixels
        assert shown.dtype == image.pixels.dtype
        np.testing.assert_array_equal(shown, means[expected] if length == 3 else means[expected, 0])

    def test_ties_go_to_the_first(self):
        image = one_row(15)
        assert classify(image, means=((20,), (10,)), show="labels").pixels.item() == 0
        assert classify(image, means=((10,), (20,)), show="labels").pixels.item() == 0

    def test_means_are_fitted_to_the_dtype(self):
        image = one_row(0, 255)
        assert classify(image, means=((-5,), (300.2,))).pixels.tolist() == [[[0, 255]]]

    def test_256_means_of_a_large_image_in_strips(self):
        pixels = noise("u1", (1, 100, 120))
        means = tuple((float(level),) for level in range(256))
        np.testing.assert_array_equal(classify(image_of(pixels), means=means).pixels, pixels)

    @pytest.mark.parametrize("means", [((1, 2),), ((1,), (1, 2, 3)), ((1,),) * 257])
    def test_means_that_are_none(self, means):
        with pytest.raises(BadParameter):
            classify(one_row(1), means=means)

    @pytest.mark.parametrize("value", [np.nan, np.inf, 1e200])
    def test_no_mean_is_near_to_what_is_no_number(self, value):
        with pytest.raises(UnsuitableImage):
            classify(one_row(value, dtype=np.float64), means=((1,),))


class TestKMeans:
    @pytest.mark.parametrize("dtype", DTYPES)
    @pytest.mark.parametrize("shape", [(1, 31, 46), (2, 12, 7), (1, 20, 15, 3)])
    def test_equals_scipy_from_the_same_start(self, dtype, shape):
        image = image_of(noise(dtype, shape))
        samples = image.pixels.reshape(-1, shape[3] if image.is_colour else 1)
        weights = None
        points = samples
        if not image.is_colour:
            values, weights = distinct(image.pixels)
            points = values[:, np.newaxis]
        start = plus_plus_start(points, 3, 0, weights)
        means, rounds = lloyd(points, start, 1000, weights)
        wide = samples.astype(np.float64)
        expected, labels = scipy.cluster.vq.kmeans2(wide, start, iter=rounds, minit="matrix")
        np.testing.assert_allclose(means, expected, rtol=1e-9)
        note = kmeans(image, k=3, iterations=1000).notes["kmeans"]
        order = np.argsort(expected @ ([0.299, 0.587, 0.114] if image.is_colour else [1]))
        np.testing.assert_allclose(np.reshape(note["means"], (3, -1)), expected[order], rtol=1e-9)
        assert note["sizes"] == np.bincount(labels)[order].tolist()
        inertia = ((wide - expected[labels]) ** 2).sum()
        assert note["inertia"] == pytest.approx(inertia, rel=1e-6)
        assert note["rounds"] == rounds

    @pytest.mark.parametrize("show", ["means", "labels"])
    def test_each_pixel_belongs_to_the_nearest_mean_found(self, show):
        image = image_of(noise("u2", (1, 31, 46)))
        found = kmeans(image, k=4, show=show)
        means = tuple((mean,) for mean in found.notes["kmeans"]["means"])
        expected = classify(image, means=means, show=show)
        np.testing.assert_array_equal(found.pixels, expected.pixels)
        assert found.pixels.dtype == (np.uint8 if show == "labels" else np.uint16)

    def test_labels_rise_with_the_mean(self):
        image = one_row(200, 10, 90, 11, 201, 91)
        labels = kmeans(image, k=3, show="labels").pixels
        assert labels.tolist() == [[[2, 0, 1, 0, 2, 1]]]

    def test_a_seed_gives_the_same_result_again(self):
        image = image_of(noise("u1", (1, 20, 15, 3)))
        one, again = (kmeans(image, k=5, seed=9) for _ in range(2))
        assert one.pixels.tobytes() == again.pixels.tobytes()
        assert json.dumps(one.notes) == json.dumps(again.notes)

    @pytest.mark.parametrize("pixels", [[[[4, 4, 7]]], [[[[1, 2, 3], [1, 2, 3], [3, 2, 1]]]]])
    def test_as_many_classes_as_values_and_no_more(self, pixels):
        image = image_of(np.uint8(pixels))
        found = kmeans(image, k=2)
        assert found.pixels.tolist() == pixels
        assert found.notes["kmeans"]["inertia"] == 0
        with pytest.raises(UnsuitableImage, match="2 different values"):
            kmeans(image, k=3)

    def test_iterations_are_a_limit(self):
        assert (
            kmeans(image_of(noise("u2", (1, 31, 46))), k=5, iterations=2).notes["kmeans"]["rounds"]
            == 2
        )

    def test_a_class_that_loses_its_pixels_keeps_its_mean(self):
        means, _ = lloyd(np.array([[0], [1]]), np.array([[0.0], [99.0]]), 10)
        assert means.tolist() == [[0.5], [99.0]]

    def test_what_is_no_number_has_no_class(self):
        with pytest.raises(UnsuitableImage):
            kmeans(one_row(0, np.nan, dtype=np.float32), k=1)

    def test_sums_of_parts_are_the_sums_of_all(self):
        """So a round of k-means over many images shuffles nothing but sums."""
        samples = noise("u2", (1000, 3))
        means = plus_plus_start(samples, 4, 1)
        whole, one, other = (
            class_sums(part, means) for part in (samples, samples[:300], samples[300:])
        )
        both = one + other
        for name in ("count", "total", "squares"):
            np.testing.assert_array_equal(getattr(both, name), getattr(whole, name))
        labels = nearest(samples, means)
        np.testing.assert_array_equal(whole.total[2], samples[labels == 2].sum(axis=0))


class TestComponents:
    @pytest.mark.parametrize("dtype", DTYPES)
    @pytest.mark.parametrize("shape", [*SHAPES[:5], (1, 2, 2), (1, 33, 64)])
    @pytest.mark.parametrize("connectivity", [4, 8])
    def test_equals_scipy(self, dtype, shape, connectivity):
        """SciPy too labels in the order of the first pixel."""
        pixels = (np.random.default_rng(1).random(shape) < 0.45).astype(dtype)
        found = components(image_of(pixels), connectivity=connectivity)
        structure = scipy.ndimage.generate_binary_structure(2, connectivity // 4)
        expected = np.stack([scipy.ndimage.label(frame, structure)[0] for frame in pixels])
        np.testing.assert_array_equal(found.pixels, expected)
        assert (found.pixels.dtype, found.bits) == (np.uint16, 16)
        areas = [np.bincount(frame.ravel())[1:].tolist() for frame in expected]
        assert found.notes["components"] == (areas[0] if len(areas) == 1 else areas)

    def test_small_ones_are_left_out_and_the_others_numbered_anew(self):
        image = image_of(np.uint8([[[5, 0, 5, 5, 0, 5], [0, 0, 0, 0, 0, 5]]]))
        found = components(image, min_area=2)
        assert found.pixels.tolist() == [[[0, 0, 1, 1, 0, 2], [0, 0, 0, 0, 0, 2]]]
        assert found.notes["components"] == [2, 2]

    def test_a_colour_is_not_0_where_a_channel_is_not(self):
        faint_red = image_of(np.uint8([[[[1, 0, 0], [0, 0, 0]]]]))
        assert components(faint_red).pixels.tolist() == [[[1, 0]]]

    def test_negative_and_infinite_are_not_0_and_nan_is(self):
        image = one_row(-1, np.nan, np.inf, 0, dtype=np.float32)
        assert components(image).pixels.tolist() == [[[1, 0, 2, 0]]]

    @pytest.mark.parametrize(("value", "count"), [(0, 0), (3, 1)])
    def test_constant(self, value, count):
        found = components(image_of(np.full((1, 5, 5), value, np.uint8)))
        assert found.notes["components"] == [25] * count

    def test_more_than_16_bits_can_number(self):
        dots = np.zeros((1, 600, 600), np.uint8)
        dots[:, ::2, ::2] = 1
        with pytest.raises(UnsuitableImage, match="90000 components"):
            components(image_of(dots))


@given(st.lists(st.integers(-300, 300), min_size=1, max_size=30))
def test_otsu_is_the_least_of_the_best_thresholds(levels):
    """By trying each: n₁ n₂ (μ₁ − μ₂)², exactly."""

    def separation(limit):
        lower = [level for level in levels if level <= limit]
        upper = [level for level in levels if level > limit]
        difference = sum(lower) * len(upper) - sum(upper) * len(lower)
        return Fraction(difference**2, len(lower) * len(upper))

    found = otsu(np.int16([[levels]]))
    limits = sorted(set(levels))[:-1]
    if not limits:
        assert found == levels[0]
        return
    assert found == max(limits, key=separation)  # max gives the first of several
