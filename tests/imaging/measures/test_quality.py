"""Measures of quality against scikit-image, SciPy, OpenCV and sums written out."""

import math

import cv2
import numpy as np
import pytest
import scipy.ndimage
import scipy.stats
import skimage.filters
import skimage.measure
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from mapreduce_jobs.imaging.errors import UnsuitableImage
from mapreduce_jobs.imaging.image import Image, grey
from mapreduce_jobs.imaging.measures import quality as q
from mapreduce_jobs.imaging.measures.grey_levels import levels_of
from tests.imaging.support import DTYPES, SHAPES, image_of, noise
from tests.support import scan


def of(image, name):
    return getattr(q, name)(levels_of(image))


@pytest.fixture(params=["u1", "u2", "f4"])
def image(request):
    """A disc on a noisy background, two frames."""
    pixels = np.stack([scan(1, dtype=np.uint16), scan(2, dtype=np.uint16)])
    return image_of(
        (pixels >> 8).astype("u1") if request.param == "u1" else pixels.astype(request.param)
    )


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", SHAPES)
class TestEveryKindOfImage:
    def test_sharpness_is_the_variance_of_the_laplacian(self, dtype, shape):
        image = image_of(noise(dtype, shape))
        laplacian = [scipy.ndimage.laplace(f.astype(float), mode="nearest") for f in grey(image)]
        assert q.sharpness(image) == pytest.approx(np.var(laplacian), rel=1e-6, abs=1e-6)

    def test_every_measure_is_finite_or_says_why_not(self, dtype, shape):
        found = q.quality(image_of(noise(dtype, shape)))
        assert tuple(found.measures) == q.MEASURES
        for name, value in found.measures.items():
            assert (value is None) == (name in found.undefined)
            assert value is None or (type(value) is float and math.isfinite(value))
        assert all(found.undefined.values())

    def test_contrast_is_the_standard_deviation(self, dtype, shape):
        image = image_of(noise(dtype, shape))
        assert of(image, "rms_contrast") == pytest.approx(np.std(grey(image).astype(float)))


class TestAgainstOthers:
    def test_sharpness_within_the_border_is_that_of_opencv(self, image):
        inner = [
            cv2.Laplacian(f.astype(float), cv2.CV_64F, borderType=cv2.BORDER_REPLICATE)
            for f in image.pixels
        ]
        assert q.sharpness(image) == pytest.approx(np.var(inner), rel=1e-6)

    def test_entropy_of_8_bits_is_that_of_scikit_image(self):
        image = image_of(scan(3)[None])
        expected = skimage.measure.shannon_entropy(image.pixels)
        assert of(image, "entropy") == pytest.approx(expected, rel=1e-12)

    def test_entropy_of_16_bits_is_of_the_bins_stated(self):
        image = image_of(np.uint16([[[0, 255, 256, 65535]]]))  # bins 256 wide: 2, 1, 1
        assert of(image, "entropy") == 1.5
        deep = image_of(scan(3, dtype=np.uint16)[None])
        expected = scipy.stats.entropy(np.bincount(deep.pixels.ravel() >> 8), base=2)
        assert of(deep, "entropy") == pytest.approx(expected, rel=1e-12)

    def test_foreground_measures(self, image):
        wide = image.pixels.astype(float)
        threshold = levels_of(image).threshold
        if image.pixels.dtype == np.uint8:
            assert threshold == skimage.filters.threshold_otsu(image.pixels)
        front, back = wide[wide > threshold], wide[wide <= threshold]
        ratio = abs(front.mean() - back.mean()) / math.hypot(front.std(), back.std())
        assert of(image, "foreground") == pytest.approx((wide > threshold).mean())
        assert of(image, "snr") == pytest.approx(front.mean() / front.std(ddof=1))
        assert of(image, "cnr") == pytest.approx(ratio)
        assert of(image, "fber") == pytest.approx((front**2).mean() / (back**2).mean())

    def test_entropy_focus_criterion(self, image):
        wide = image.pixels.astype(float)
        share = wide / np.sqrt((wide**2).sum())
        most = np.sqrt(wide.size) * np.log(1 / np.sqrt(wide.size))
        # scipy.special.entr is −x ln x, and 0 at 0.
        assert of(image, "efc") == pytest.approx(-scipy.special.entr(share).sum() / most)


def test_what_blurring_and_noise_do():
    sharp = scan(5, (96, 96))
    blurred = cv2.GaussianBlur(sharp, (0, 0), 2)
    noisy = np.clip(sharp + np.random.default_rng(1).normal(0, 15, sharp.shape), 0, 255)
    clean, soft, rough = (
        q.quality(image_of(p.astype("u1")[None])).measures for p in (sharp, blurred, noisy)
    )
    assert soft["sharpness"] < clean["sharpness"] / 10
    assert rough["snr"] < clean["snr"]
    assert rough["cnr"] < clean["cnr"]


class TestPaddingIsNotTissue:
    def test_it_changes_no_measure(self):
        bare = scan(6, dtype=np.int16)
        framed = np.pad(bare, 5, constant_values=-2000)
        padding = np.pad(np.zeros_like(bare, bool), 5, constant_values=True)
        one, other = (
            levels_of(image_of(bare[None])),
            levels_of(image_of(framed[None], padding=padding[None])),
        )
        np.testing.assert_array_equal(one.values, other.values)
        np.testing.assert_array_equal(one.counts, other.counts)
        assert one.threshold == other.threshold

    def test_nor_do_its_edges_look_sharp(self):
        flat = np.full((1, 9, 9), 500, np.int16)
        flat[:, :, :3] = -2000
        image = image_of(flat, padding=flat == -2000)
        assert q.sharpness(image) == 0
        assert q.sharpness(image_of(flat)) > 0

    def test_what_is_not_a_finite_number_is_treated_alike(self):
        pixels = np.float32(scan(7))[None]
        holes = pixels.copy()
        holes[0, 3, 4:9] = [np.nan, np.inf, -np.inf, np.nan, np.nan]
        padded = image_of(pixels, padding=~np.isfinite(holes))
        assert q.quality(image_of(holes)) == q.quality(padded)

    @pytest.mark.parametrize("measure", [levels_of, q.quality])
    def test_nothing_left_is_said(self, measure):
        with pytest.raises(
            UnsuitableImage, match="no pixel is a finite number that is not padding"
        ):
            measure(image_of(np.full((1, 2, 2), np.nan)))


@pytest.mark.parametrize(
    ("pixels", "undefined"),
    [
        ([[5, 5]], {"foreground", "snr", "cnr", "fber"}),
        ([[0, 0]], {"michelson_contrast", "foreground", "snr", "cnr", "fber", "efc"}),
        ([[0, 9]], {"snr", "cnr", "fber"}),
        ([[7]], {"foreground", "snr", "cnr", "fber", "efc"}),
        ([[-1, 0, 5, 6]], {"michelson_contrast", "fber", "efc"}),
    ],
)
def test_what_is_not_defined_is_none_and_has_a_reason(pixels, undefined):
    found = q.quality(image_of(np.int16([pixels])))
    assert set(found.undefined) == undefined


@given(arrays.arrays(np.uint8, (1, 5, 6)), st.integers(1, 100))
def test_what_the_scale_of_grey_levels_changes(pixels, factor):
    one = q.quality(image_of(pixels.astype("f8"))).measures
    other = q.quality(image_of(pixels.astype("f8") * factor)).measures
    for name, power in {
        "sharpness": 2,
        "rms_contrast": 1,
        "michelson_contrast": 0,
        "efc": 0,
    }.items():
        if one[name] is not None:
            assert other[name] == pytest.approx(one[name] * factor**power, rel=1e-9, abs=1e-12)


class TestClipped:
    def test_ends_of_the_bits_stored(self):
        image = image_of(np.int16([[[-2048, 2047, 2046, 0]]]), 12)
        assert q.clipped(image, levels_of(image)) == 0.5

    def test_floats_have_no_ends(self):
        image = image_of(np.float32([[[0, 1]]]))
        with pytest.raises(UnsuitableImage, match="floats"):
            q.clipped(image, levels_of(image))


def test_colour_is_its_luma():
    colour = np.dstack([scan(1), scan(2), scan(3)])[None]
    assert q.quality(Image(colour, 8)) == q.quality(Image(grey(Image(colour, 8)), 8))
