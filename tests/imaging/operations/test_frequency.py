"""Filters by transforms give what their formulas, SciPy and scikit-image give."""

import numpy as np
import pytest
import scipy.ndimage
import skimage.filters
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from mapreduce_jobs.imaging.arrays.frames import full_range
from mapreduce_jobs.imaging.errors import BadParameter, UnsuitableImage
from mapreduce_jobs.imaging.image import grey
from mapreduce_jobs.imaging.operations.filters import convolve
from mapreduce_jobs.imaging.operations.frequency import (
    bandpass,
    frequency_convolve,
    highpass,
    lowpass,
    spectrum,
)
from tests.imaging.support import DTYPES, SHAPES, assert_same, each_channel, image_of, noise

BORDERS = ["reflect", "symmetric", "edge", "wrap", "constant"]
KINDS = ["ideal", "butterworth", "gaussian"]


def gain(function, frequency, **values):
    """Return what a filter does to a wave of so many cycles per pixel along a row of 40."""
    wave = np.cos(2 * np.pi * frequency * np.arange(40))[np.newaxis, np.newaxis]
    passed = function(image_of(wave), result="float", **values).pixels
    assert np.allclose(passed, passed[0, 0, 0] * wave, atol=1e-6)
    return pytest.approx(passed[0, 0, 0], abs=1e-6)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", SHAPES)
class TestOnEveryImage:
    @pytest.mark.parametrize("order", [1, 3])
    def test_butterworth_equals_scikit_image(self, dtype, shape, order):
        image = image_of(noise(dtype, shape))

        def reference(high):
            return each_channel(
                image.pixels,
                lambda f: skimage.filters.butterworth(
                    f, 0.15, high, order, squared_butterworth=True, npad=0
                ),
            )

        values = {"cutoff": 0.15, "kind": "butterworth", "order": order}
        assert_same(lowpass(image, **values), reference(high=False))
        assert_same(highpass(image, result="clip", **values), reference(high=True))

    def test_gaussian_is_the_gaussian_of_the_plane(self, dtype, shape):
        """Of σ = 1 / (2π D0), by scipy.ndimage.fourier_gaussian."""
        image = image_of(noise(dtype, shape))

        def reference(frame):
            transform = scipy.ndimage.fourier_gaussian(np.fft.fft2(frame), 1 / (2 * np.pi * 0.15))
            return np.fft.ifft2(transform).real

        expected = each_channel(image.pixels, reference)
        assert_same(lowpass(image, cutoff=0.15), expected)
        assert_same(highpass(image, cutoff=0.15), np.abs(image.pixels - expected))

    def test_ideal_filters_by_the_whole_transform(self, dtype, shape):
        image = image_of(noise(dtype, shape))

        def reference(frame):
            u, v = np.meshgrid(*map(np.fft.fftfreq, frame.shape), indexing="ij")
            inside = (np.hypot(u, v) >= 0.1) & (np.hypot(u, v) <= 0.31)
            return np.fft.ifft2(np.where(inside, np.fft.fft2(frame), 0)).real

        found = bandpass(image, low=0.1, high=0.31, kind="ideal", result="clip")
        assert_same(found, each_channel(image.pixels, reference))

    @pytest.mark.parametrize("kernel", ["gaussian", "emboss", ((1, 2, 0, 4, -3),) * 7])
    def test_frequency_convolve_equals_convolve(self, dtype, shape, kernel):
        image = image_of(noise(dtype, shape))
        expected = convolve(image_of(image.pixels.astype(float)), kernel=kernel).pixels
        assert_same(frequency_convolve(image, kernel=kernel), expected)

    def test_spectrum_by_numpy(self, dtype, shape):
        image = image_of(noise(dtype, shape), unit="HU", spacing=(1, 1))
        found = spectrum(image)
        logarithm = each_channel(
            grey(image), lambda f: np.fft.fftshift(np.log1p(abs(np.fft.fft2(f))))
        )
        low, high = full_range(image)
        scaled = (logarithm - logarithm.min()) / (np.ptp(logarithm) or 1) * (high - low) + low
        np.testing.assert_allclose(found.pixels, scaled, rtol=1e-6, atol=0.501)
        assert (found.pixels.dtype, found.bits) == (image.pixels.dtype, image.bits)
        assert (found.unit, found.spacing) == ("stored", None)

    def test_the_rest_of_the_image_stays(self, dtype, shape):
        pixels = noise(dtype, shape)
        pixels.setflags(write=False)
        image = image_of(pixels, unit="HU", spacing=(0.5, 0.7), notes={"otsu": 3})
        for made in (
            lowpass(image, cutoff=0.1),
            highpass(image, cutoff=0.1),
            bandpass(image, low=0.1, high=0.2),
            frequency_convolve(image, kernel="mean"),
        ):
            assert (made.pixels.dtype, made.pixels.shape) == (pixels.dtype, shape)
            assert (made.bits, made.unit, made.spacing) == (image.bits, "HU", (0.5, 0.7))
            assert made.notes == {"otsu": 3}


class TestGains:
    """Of pure waves: at the cutoffs, and on both sides of them."""

    def test_ideal(self):
        # 3 · (1 / 10) is above 0.3 in doubles, and is let through all the same.
        assert [gain(lowpass, f, cutoff=0.3, kind="ideal") for f in (0.275, 0.3, 0.325)] == [
            1,
            1,
            0,
        ]
        edges = (0.075, 0.1, 0.3, 0.325)
        gains = [gain(bandpass, f, low=0.1, high=0.3, kind="ideal") for f in edges]
        assert gains == [0, 1, 1, 0]

    @pytest.mark.parametrize("order", [1, 2, 5])
    def test_butterworth(self, order):
        values = {"kind": "butterworth", "order": order}
        assert gain(lowpass, 0.1, cutoff=0.1, **values) == 0.5
        assert gain(lowpass, 0.2, cutoff=0.1, **values) == 1 / (1 + 2 ** (2 * order))
        assert gain(highpass, 0.2, cutoff=0.1, **values) == 1 - 1 / (1 + 2 ** (2 * order))
        assert gain(bandpass, 0.1, low=0.1, high=0.4, **values) == 0.5
        assert gain(bandpass, 0.2, low=0.1, high=0.4, **values) == 1  # √(0.1 · 0.4)
        assert gain(bandpass, 0.4, low=0.1, high=0.4, **values) == 0.5

    def test_gaussian(self):
        assert gain(lowpass, 0.1, cutoff=0.1) == np.exp(-1 / 2)
        assert gain(lowpass, 0.2, cutoff=0.1) == np.exp(-2)
        assert gain(highpass, 0.2, cutoff=0.1) == 1 - np.exp(-2)
        assert gain(bandpass, 0.1, low=0.1, high=0.4) == np.exp(-1)
        assert gain(bandpass, 0.2, low=0.1, high=0.4) == 1

    @pytest.mark.parametrize("kind", KINDS)
    @pytest.mark.parametrize("order", [2, 10**9])
    def test_what_is_constant(self, kind, order):
        image = image_of(np.full((1, 7, 8), 900, np.uint16), bits=12)
        values = {"kind": kind, "order": order}
        assert (lowpass(image, cutoff=0.2, **values).pixels == 900).all()
        assert (highpass(image, cutoff=0.2, **values).pixels == 0).all()
        assert (bandpass(image, low=0.2, high=0.3, **values).pixels == 0).all()

    @pytest.mark.parametrize("kind", KINDS)
    def test_a_chessboard_has_the_highest_frequency(self, kind):
        board = image_of(np.indices((1, 8, 8)).sum(0) % 2 * 200.0 - 100)
        assert np.abs(highpass(board, cutoff=0.7, kind=kind, order=9).pixels).max() > 39
        flat = lowpass(board, cutoff=0.7, kind="ideal").pixels
        np.testing.assert_allclose(flat, 0, atol=1e-9)

    def test_cutoffs_in_the_wrong_order(self):
        with pytest.raises(BadParameter, match=r"low=0\.2 must be below high=0\.2"):
            bandpass(image_of(np.zeros((1, 3, 3))), low=0.2, high=0.2)


class TestBorders:
    def test_symmetric_is_the_endlessly_mirrored_image(self):
        frame = noise("f8", (1, 12, 9))
        mirrored = np.pad(frame, [(0, 0), (0, 12), (0, 9)], "symmetric")
        expected = lowpass(image_of(mirrored), cutoff=0.05, kind="ideal").pixels[:, :12, :9]
        found = lowpass(image_of(frame), cutoff=0.05, kind="ideal", border="symmetric").pixels
        np.testing.assert_allclose(found, expected, atol=1e-9)

    @pytest.mark.parametrize("border", ["reflect", "symmetric", "edge"])
    def test_opposite_edges_are_near_in_a_period_only(self, border):
        image = image_of(np.float64([[[0] * 20 + [100] * 20] * 40]))
        assert lowpass(image, cutoff=0.1).pixels[0, 20, 0] > 30
        assert lowpass(image, cutoff=0.1, border=border).pixels[0, 20, 0] < 1e-3

    @pytest.mark.parametrize("border", BORDERS)
    @pytest.mark.parametrize("shape", SHAPES)
    def test_of_a_constant_nothing_changes(self, border, shape):
        image = image_of(np.full(shape, 55, np.uint8))
        found = lowpass(image, cutoff=0.1, border=border, fill=55)
        np.testing.assert_array_equal(found.pixels, image.pixels)


class TestConvolutionTheorem:
    shapes = st.tuples(st.just(1), st.integers(1, 9), st.integers(1, 9))
    odd = st.sampled_from([1, 3, 5, 11])

    @given(
        arrays.arrays(np.int16, shapes),
        arrays.arrays(np.int8, st.tuples(odd, odd)),
        st.sampled_from(BORDERS),
        st.booleans(),
    )
    def test_the_product_of_transforms_is_the_convolution(self, pixels, kernel, border, normalise):
        image = image_of(pixels)
        values = {
            "kernel": tuple(map(tuple, kernel.astype(float))),
            "normalise": normalise,
            "border": border,
            "fill": 7.0,
            "result": "float",
        }
        expected = convolve(image, **values).pixels
        found = frequency_convolve(image, **values).pixels
        np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-6)


class TestSpectrum:
    def test_a_wave_is_a_pair_of_points(self):
        wave = 100 + 50 * np.cos(2 * np.pi * 3 * np.arange(16) / 16) * np.ones((1, 9, 1))
        bright = np.argwhere(spectrum(image_of(wave)).pixels[0] > 0.5)
        assert bright.tolist() == [[4, 8 - 3], [4, 8], [4, 8 + 3]]

    @pytest.mark.parametrize(("bits", "greatest"), [(8, 255), (12, 4095), (16, 65535)])
    def test_is_scaled_to_the_bits_stored(self, bits, greatest):
        image = image_of(noise("u2", (1, 8, 8)) >> 16 - bits, bits=bits)
        assert (spectrum(image).pixels.min(), spectrum(image).pixels.max()) == (0, greatest)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_what_is_no_number_has_no_transform(value):
    image = image_of(np.array([[[0.0, value, 1.0]]]))
    for function, values in (
        (lowpass, {"cutoff": 0.1}),
        (highpass, {"cutoff": 0.1}),
        (bandpass, {"low": 0.1, "high": 0.2}),
        (frequency_convolve, {"kernel": "mean"}),
        (spectrum, {}),
    ):
        with pytest.raises(UnsuitableImage, match="not a finite number"):
            function(image, **values)
