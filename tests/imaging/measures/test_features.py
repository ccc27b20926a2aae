"""Features: beside scikit-image, scipy and NumPy, by hand, and of every size and kind of image."""

import sys

import cv2
import numpy as np
import pytest
import scipy.stats
import skimage.feature
from skimage.transform import resize_local_mean

from mapreduce_jobs.core.options.recognise_options import FAMILIES as NAMED
from mapreduce_jobs.imaging.errors import BadParameter, MissingExtra, UnsuitableImage
from mapreduce_jobs.imaging.image import Image
from mapreduce_jobs.imaging.measures.features import (
    FAMILIES,
    NOT_NEGATIVE,
    check,
    features,
    names_of,
)
from tests.support import scan

LEVELS = scan(1, (48, 70))


def image_of(*frames, padding=None):
    return Image(np.stack(frames), 8, padding=None if padding is None else np.stack([padding]))


class TestBesideOthers:
    def test_histogram(self):
        expected = np.histogram(LEVELS, 32, (0, 256))[0] * 100 / LEVELS.size
        np.testing.assert_allclose(features(image_of(LEVELS), ["histogram"]), expected)

    def test_moments_equal_scipy(self):
        levels = LEVELS.ravel().astype(float)
        expected = [levels.mean(), levels.std(), scipy.stats.skew(levels)]
        expected.append(scipy.stats.kurtosis(levels))
        np.testing.assert_allclose(features(image_of(LEVELS), ["moments"]), expected, rtol=1e-9)

    def test_edges(self):
        magnitude = np.hypot(*(scipy.ndimage.sobel(LEVELS.astype(float), axis) for axis in (0, 1)))
        expected = [100 * (magnitude > 100).mean(), magnitude.mean()]
        np.testing.assert_allclose(features(image_of(LEVELS), ["edges"]), expected, rtol=1e-6)

    def test_cooccurrence_by_counting_pairs(self):
        levels = (LEVELS // 8).astype(int)
        counts = np.zeros((32, 32))
        for down, right in ((0, 1), (1, 1), (1, 0), (1, -1)):
            ones = levels[: len(levels) - down]
            others = levels[down:]
            if right > 0:
                ones, others = ones[:, :-right], others[:, right:]
            elif right < 0:
                ones, others = ones[:, -right:], others[:, :right]
            np.add.at(counts, (ones, others), 1)
        share = (counts + counts.T) / (2 * counts.sum())
        i, j = np.indices(share.shape)
        mean = (i * share).sum()
        expected = [
            ((i - j) ** 2 * share).sum(),
            (abs(i - j) * share).sum(),
            (share / (1 + (i - j) ** 2)).sum(),
            (share**2).sum() ** 0.5,
            ((i - mean) * (j - mean) * share).sum() / ((i - mean) ** 2 * share).sum(),
        ]
        np.testing.assert_allclose(features(image_of(LEVELS), ["cooccurrence"]), expected)

    def test_binary_patterns_equal_scikit_image(self):
        codes = skimage.feature.local_binary_pattern(LEVELS, 8, 1, "uniform")
        expected = np.histogram(codes, 10, (0, 10))[0] * 100 / LEVELS.size
        np.testing.assert_allclose(features(image_of(LEVELS), ["binary-patterns"]), expected)

    def test_hog_equals_scikit_image(self):
        large = scan(3, (130, 200))
        small = np.rint(resize_local_mean(large.astype(float), (64, 64)))
        expected = skimage.feature.hog(small, 9, (16, 16), (2, 2))
        found = features(image_of(large), ["hog"])
        assert len(found) == len(expected) == 324
        np.testing.assert_allclose(found, expected, atol=0.01)


@pytest.mark.parametrize("family", FAMILIES)
class TestEveryFamily:
    @pytest.mark.parametrize("shape", [(2, 2), (1, 9), (9, 1), (48, 64), (7, 200)])
    @pytest.mark.parametrize("colour", [False, True])
    def test_as_many_finite_numbers_whatever_the_image(self, family, shape, colour):
        pixels = np.random.default_rng(2).integers(0, 256, (1, *shape) + (3,) * colour, np.uint8)
        found = features(Image(pixels, 8), [family])
        assert len(found) == len(names_of([family])) == len(set(names_of([family])))
        assert np.isfinite(found).all()
        if family in NOT_NEGATIVE:
            assert min(found) >= 0

    @pytest.mark.parametrize("level", [0, 77, 255])
    def test_of_an_image_of_one_level(self, family, level):
        assert np.isfinite(features(image_of(np.full((9, 9), level, np.uint8)), [family])).all()

    def test_of_a_stack_of_equal_frames_those_of_one(self, family):
        one = features(image_of(LEVELS), [family])
        np.testing.assert_allclose(features(image_of(LEVELS, LEVELS), [family]), one, rtol=1e-12)

    def test_padding_does_not_count(self, family):
        padding = np.zeros(LEVELS.shape, bool)
        padding[:, 50:] = True
        found = []
        for value in (0, 255):
            padded = np.where(padding, value, LEVELS).astype(np.uint8)
            found.append(features(image_of(padded, padding=padding), [family]))
        assert (found[0] == found[1]) == (family != "hog")


class TestRefusals:
    def test_more_than_8_bits(self):
        with pytest.raises(UnsuitableImage, match="its pixels are uint16, and features are of 8"):
            features(Image(np.zeros((1, 4, 4), np.uint16), 16), ["moments"])

    def test_nothing_but_padding(self):
        with pytest.raises(UnsuitableImage, match="every pixel is padding"):
            features(image_of(LEVELS, padding=np.ones(LEVELS.shape, bool)), ["moments"])

    def test_one_pixel_has_no_pair(self):
        with pytest.raises(UnsuitableImage, match="no pixel has a neighbour to be paired with"):
            features(image_of(np.uint8([[7]])), ["cooccurrence"])

    @pytest.mark.parametrize("families", [[], ["edges", "edges"], ["colour"]])
    def test_a_choice_that_is_none(self, families):
        with pytest.raises(BadParameter):
            check(families)

    def test_a_package_that_is_missing(self, monkeypatch):
        monkeypatch.setitem(sys.modules, "skimage.feature", None)
        check(["histogram", "moments", "edges"])
        with pytest.raises(MissingExtra, match=r"scikit-image.*mapreduce-imaging\[recognise\]"):
            check(["edges", "hog"])


def test_what_the_options_name_is_what_there_is():
    assert tuple(FAMILIES) == NAMED


def test_the_orientation_of_an_edge_is_in_hog():
    """Edges of a step along columns are told from those of the same step along rows."""
    step = np.zeros((64, 64), np.uint8)
    step[:, 32:] = 200
    one, other = (features(image_of(s), ["hog"]) for s in (step, cv2.transpose(step)))
    assert np.abs(np.subtract(one, other)).max() > 0.3
