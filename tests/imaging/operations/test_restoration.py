"""Sharpening equals that of SciPy and scikit-image; denoising takes away noise that was added."""

import sys

import numpy as np
import pytest
import scipy.ndimage
import skimage.data
import skimage.filters
import skimage.restoration
from skimage.metrics import peak_signal_noise_ratio

from mapreduce_jobs.imaging.arrays.frames import full_range
from mapreduce_jobs.imaging.errors import MissingExtra, UnsuitableImage
from mapreduce_jobs.imaging.operations.restoration import denoise, sharpen
from tests.imaging.support import DTYPES, MODES, SHAPES, image_of, noise, pairs

METHODS = ["nlmeans", "tv", "wavelet"]


def phantom(dtype="u1", deviation=12, colour=False, seed=1):
    """Return a clean phantom, and one with normally distributed noise added, in grey levels."""
    clean = skimage.data.shepp_logan_phantom()[::3, ::3] * 120 + 60
    if colour:
        clean = clean[..., np.newaxis] * [1, 0.8, 0.6] + 20
    noisy = clean + np.random.default_rng(seed).normal(0, deviation, clean.shape)
    return clean, (noisy if dtype.startswith("f") else np.rint(noisy)).astype(dtype)


class TestSharpen:
    @pytest.mark.parametrize(("dtype", "shape", "border"), pairs(DTYPES, SHAPES, MODES))
    def test_equals_scipy(self, dtype, shape, border):
        image = image_of(noise(dtype, shape))
        wide = image.pixels.astype(np.float64)
        smooth = scipy.ndimage.gaussian_filter(wide, 1.5, mode=MODES[border], cval=40, axes=(1, 2))
        expected = wide + 0.8 * (wide - smooth)
        found = sharpen(image, sigma=1.5, amount=0.8, border=border, fill=40).pixels
        assert found.dtype == image.pixels.dtype
        if dtype.startswith("f"):
            np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-3)
        else:
            fitting = np.clip(expected, *full_range(image))
            assert np.abs(found - fitting).max() <= 0.5 + 1e-5

    def test_equals_scikit_image(self):
        image = image_of(noise("u1", (1, 31, 46, 3)))
        fractions = image.pixels[0] / 255
        expected = skimage.filters.unsharp_mask(fractions, 2, 1.3, channel_axis=2) * 255
        found = sharpen(image, sigma=2, amount=1.3, border="symmetric").pixels[0]
        assert np.abs(found - expected).max() <= 0.5 + 1e-6

    @pytest.mark.parametrize("dtype", DTYPES)
    def test_no_amount_and_no_edges_change_nothing(self, dtype):
        image = image_of(noise(dtype, (1, 9, 9)))
        np.testing.assert_array_equal(sharpen(image, amount=0).pixels, image.pixels)
        constant = image_of(np.full((1, 9, 9), 77, dtype))
        np.testing.assert_allclose(sharpen(constant, amount=5).pixels, constant.pixels, rtol=1e-6)

    def test_what_is_no_number_stays_near(self):
        pixels = np.zeros((1, 1, 20), np.float32)
        pixels[..., :2] = np.nan, np.inf
        found = sharpen(image_of(pixels), sigma=1, border="edge").pixels
        assert (found[..., 6:] == 0).all()

    def test_the_range_is_that_of_the_bits_stored(self):
        image = image_of(np.uint16([[[0, 0, 4095, 4095]]]), 12)
        assert sharpen(image).pixels.tolist() == [[[0, 0, 4095, 4095]]]


class TestDenoise:
    @pytest.mark.parametrize("method", METHODS)
    @pytest.mark.parametrize("dtype", DTYPES[:5] + DTYPES[6:])
    @pytest.mark.parametrize("colour", [False, True])
    def test_the_noise_that_was_added_goes(self, method, dtype, colour):
        clean, noisy = phantom(dtype, colour=colour)
        found = denoise(image_of(noisy[np.newaxis]), method=method)
        assert found.pixels.dtype == noisy.dtype
        assert found.notes["denoise"] == pytest.approx(12, rel=0.15)
        before, after = (
            peak_signal_noise_ratio(clean, pixels.astype(np.float64), data_range=255)
            for pixels in (noisy, found.pixels[0])
        )
        assert after > before + 4

    @pytest.mark.parametrize("colour", [False, True])
    def test_equals_scikit_image_in_the_unit_of_the_pixels(self, colour):
        _, noisy = phantom("f8", colour=colour)
        image = image_of(noisy[np.newaxis])
        axis = -1 if colour else None
        options = {"patch_size": 7, "patch_distance": 4, "h": 8.0, "sigma": 10.0}
        expected = {
            "nlmeans": skimage.restoration.denoise_nl_means(noisy, channel_axis=axis, **options),
            "tv": skimage.restoration.denoise_tv_chambolle(noisy, 10.0, channel_axis=axis),
            "wavelet": skimage.restoration.denoise_wavelet(
                noisy, 10.0, wavelet="db2", channel_axis=axis
            ),
        }
        for method, pixels in expected.items():
            found = denoise(image, method=method, strength=10, patch=7, search=4).pixels[0]
            np.testing.assert_allclose(found, pixels, rtol=1e-6)

    @pytest.mark.parametrize("colour", [False, True])
    def test_the_estimate_is_that_of_scikit_image(self, colour):
        _, noisy = phantom("f8", colour=colour)
        noisy[:9] = 0  # outside the patient
        found = denoise(image_of(noisy[np.newaxis]), method="tv").notes["denoise"]
        axis = -1 if colour else None
        expected = skimage.restoration.estimate_sigma(noisy, average_sigmas=True, channel_axis=axis)
        assert found == pytest.approx(expected, rel=1e-9)

    def test_each_frame_has_its_own_noise(self):
        stack = np.stack([phantom(deviation=deviation)[1] for deviation in (4, 15)])
        found = denoise(image_of(stack), method="wavelet")
        assert found.notes["denoise"] == pytest.approx([4, 15], rel=0.2)
        alone = denoise(image_of(stack[1:]), method="wavelet")
        np.testing.assert_array_equal(found.pixels[1], alone.pixels[0])

    @pytest.mark.parametrize("method", METHODS)
    def test_the_scale_of_the_values_does_not_matter(self, method):
        _, noisy = phantom("f8")
        expected = denoise(image_of(noisy[np.newaxis]), method=method).pixels
        for scale in (1e-12, 1e12):
            found = denoise(image_of(noisy[np.newaxis] * scale), method=method).pixels
            np.testing.assert_allclose(found / scale, expected, rtol=1e-6)

    @pytest.mark.parametrize("method", METHODS)
    @pytest.mark.parametrize("strength", [None, 3.0])
    @pytest.mark.parametrize("shape", [(1, 8, 9), (1, 8, 9, 3)])
    def test_constant(self, method, strength, shape):
        image = image_of(np.full(shape, 77, np.uint8))
        found = denoise(image, method=method, strength=strength)
        np.testing.assert_array_equal(found.pixels, image.pixels)

    @pytest.mark.parametrize("method", METHODS)
    def test_a_ramp_has_no_noise(self, method):
        ramp = np.broadcast_to(np.linspace(0, 1, 37), (1, 20, 37))
        np.testing.assert_allclose(denoise(image_of(ramp), method=method).pixels, ramp, atol=1e-9)

    @pytest.mark.parametrize("method", ["nlmeans", "tv"])
    @pytest.mark.parametrize("shape", [(1, 1, 1), (1, 1, 9), (1, 9, 1), (1, 2, 3, 3)])
    def test_a_small_image_with_a_strength_given(self, method, shape):
        image = image_of(noise("u1", shape))
        found = denoise(image, method=method, strength=40).pixels
        assert image.pixels.min() <= found.min() <= found.max() <= image.pixels.max()

    @pytest.mark.parametrize("shape", [(1, 1, 1), (1, 1, 9), (1, 9, 1), (1, 9, 5, 3)])
    @pytest.mark.parametrize("given", [{}, {"method": "wavelet", "strength": 4.0}])
    def test_a_small_image_has_no_wavelets(self, shape, given):
        with pytest.raises(UnsuitableImage, match="fewer than 6"):
            denoise(image_of(noise("u1", shape)), **given)

    @pytest.mark.parametrize("method", METHODS)
    def test_the_smallest_with_wavelets(self, method):
        assert denoise(image_of(noise("u1", (1, 6, 6))), method=method).pixels.shape == (1, 6, 6)

    @pytest.mark.parametrize("value", [np.nan, np.inf])
    def test_what_is_no_number(self, value):
        pixels = noise("f4", (1, 9, 9))
        pixels[0, 4, 4] = value
        with pytest.raises(UnsuitableImage, match="finite"):
            denoise(image_of(pixels))

    @pytest.mark.parametrize(
        ("module", "package"), [("skimage.restoration", "scikit-image"), ("pywt", "PyWavelets")]
    )
    def test_without_the_extra(self, monkeypatch, module, package):
        monkeypatch.setitem(sys.modules, module, None)
        with pytest.raises(MissingExtra, match=rf"{package}.*\[denoise\]"):
            denoise(image_of(noise("u1", (1, 9, 9))))

    def test_what_the_image_carries_stays(self):
        image = image_of(noise("u2", (1, 9, 9)), 16, unit="HU", spacing=(1.0, 2.0), notes={"a": 1})
        found = denoise(image, strength=5.0)
        assert (found.bits, found.unit, found.spacing) == (16, "HU", (1.0, 2.0))
        assert found.notes == {"a": 1, "denoise": 5.0}
