"""Equalisation gives what OpenCV and scikit-image give, and what its definition says."""

import cv2
import numpy as np
import pytest
import skimage.exposure

from mapreduce_jobs.imaging.arrays.frames import full_range
from mapreduce_jobs.imaging.errors import UnsuitableImage
from mapreduce_jobs.imaging.image import Image, grey
from mapreduce_jobs.imaging.operations.equalisation import clahe, equalise

INTEGERS = ["u1", "u2", "i2", "u4", "i4", "i1"]
SHAPES = [(1, 31, 46), (1, 1, 1), (1, 1, 9), (1, 9, 1), (2, 12, 7), (1, 31, 46, 3), (2, 8, 9, 3)]


def noise(dtype, shape, seed=6):
    """Return values around a tenth of the greatest."""
    rng = np.random.default_rng(seed)
    top = np.iinfo(dtype).max
    return np.clip(rng.normal(top / 10, top / 30, shape), 0, top).astype(dtype)


def image_of(pixels, bits=None, **more):
    return Image(pixels, bits or pixels.dtype.itemsize * 8, **more)


def by_definition(levels, low, high):
    """Return the equalised levels of a frame, one pixel after the other."""
    flat = sorted(levels.ravel().tolist())
    least = flat.count(flat[0])
    if least == len(flat):
        return levels.astype(np.float64)
    of_level = {}
    for level in set(flat):
        at_most = np.searchsorted(flat, level, side="right")
        of_level[level] = (at_most - least) / (len(flat) - least) * (high - low) + low
    return np.array([[of_level[level] for level in row] for row in levels.tolist()])


def clahe_by_definition(levels, depth, limit, tiles):
    """Return CLAHE of a frame whose sides are multiples of the tiles."""
    count = 1 << depth
    rows, columns = levels.shape[0] // tiles, levels.shape[1] // tiles
    most = max(1, int(limit * rows * columns / count))
    tables = np.empty((tiles, tiles, count))
    for i, j in np.ndindex(tiles, tiles):
        tile = levels[i * rows : (i + 1) * rows, j * columns : (j + 1) * columns]
        counts = np.bincount(tile.ravel(), minlength=count)
        excess = int(np.maximum(counts - most, 0).sum())
        counts = np.minimum(counts, most) + excess // count
        rest = excess % count
        if rest:
            step = max(1, count // rest)
            counts[np.arange(rest) * step] += 1
        tables[i, j] = np.rint(np.cumsum(counts) * (count - 1) / (rows * columns))
    y, x = np.mgrid[: levels.shape[0], : levels.shape[1]]
    above, left = y / rows - 0.5, x / columns - 0.5
    down, right = above % 1, left % 1
    result = np.zeros(levels.shape)
    for i, j, weight in (
        (0, 0, (1 - down) * (1 - right)),
        (0, 1, (1 - down) * right),
        (1, 0, down * (1 - right)),
        (1, 1, down * right),
    ):
        tile = np.floor(above).astype(int) + i, np.floor(left).astype(int) + j
        tile_row, tile_column = (np.clip(index, 0, tiles - 1) for index in tile)
        result += weight * tables[tile_row, tile_column, levels]
    return result


def assert_rounded(found, expected):
    assert np.abs(found - expected).max() <= 0.5 + 1e-4


class TestEqualise:
    @pytest.mark.parametrize("shape", [shape for shape in SHAPES if len(shape) == 3])
    def test_8_bits_equal_opencv(self, shape):
        image = image_of(noise("u1", shape))
        expected = np.stack([cv2.equalizeHist(frame) for frame in image.pixels])
        np.testing.assert_array_equal(equalise(image).pixels, expected)

    @pytest.mark.parametrize("dtype", INTEGERS)
    @pytest.mark.parametrize("shape", [shape for shape in SHAPES if len(shape) == 3])
    @pytest.mark.parametrize("unused", [0, 1])
    def test_by_definition(self, dtype, shape, unused):
        pixels = noise(dtype, shape)
        image = image_of(pixels, pixels.dtype.itemsize * 8 - unused)
        found = equalise(image)
        assert (found.pixels.dtype, found.bits) == (pixels.dtype, image.bits)
        for frame, result in zip(pixels, found.pixels, strict=True):
            assert_rounded(result, by_definition(frame, *full_range(image)))

    def test_nearly_that_of_scikit_image(self):
        """There the least level becomes its share of pixels, not 0."""
        image = image_of(noise("u2", (1, 64, 64)))
        expected = skimage.exposure.equalize_hist(image.pixels[0], nbins=1 << 16) * 65535
        share = np.count_nonzero(image.pixels == image.pixels.min()) / image.pixels.size
        np.testing.assert_allclose(equalise(image).pixels[0], expected, atol=share * 65535 + 1)

    @pytest.mark.parametrize("dtype", INTEGERS)
    @pytest.mark.parametrize("shape", [(1, 31, 46, 3), (2, 8, 9, 3), (1, 1, 1, 3)])
    def test_colour_changes_by_what_its_luma_changes(self, dtype, shape):
        image = image_of(noise(dtype, shape))
        levels = grey(image)
        change = equalise(image_of(levels)).pixels.astype(np.float64) - levels
        expected = np.clip(image.pixels + change[..., np.newaxis], *full_range(image))
        np.testing.assert_array_equal(equalise(image).pixels, expected)

    def test_colour_is_nearly_that_of_opencv(self):
        """OpenCV rounds Cr and Cb between, and its Y may be another one by 1."""
        image = image_of(noise("u1", (1, 31, 46, 3)) + np.uint8(90))
        space = cv2.cvtColor(image.pixels[0], cv2.COLOR_RGB2YCrCb)
        space[..., 0] = cv2.equalizeHist(space[..., 0])
        expected = cv2.cvtColor(space, cv2.COLOR_YCrCb2RGB).astype(int)
        difference = np.abs(equalise(image).pixels[0] - expected)
        assert np.mean(difference <= 2) > 0.999

    def test_constant(self):
        image = image_of(np.full((1, 4, 4), 77, np.uint16))
        np.testing.assert_array_equal(equalise(image).pixels, image.pixels)

    def test_what_the_image_carries_stays(self):
        image = image_of(np.uint16([[[3, 4]]]), 12, unit="HU", spacing=(1.0, 2.0), notes={"a": 1})
        found = equalise(image)
        assert found.pixels.tolist() == [[[0, 4095]]]
        assert (found.bits, found.unit, found.spacing) == (12, "HU", (1.0, 2.0))
        assert found.notes == {"a": 1}


class TestClahe:
    @pytest.mark.parametrize("dtype", ["u1", "u2"])
    @pytest.mark.parametrize("shape", [shape for shape in SHAPES if len(shape) == 3])
    @pytest.mark.parametrize(("limit", "tiles"), [(2.0, 8), (40.0, 3), (0.5, 1)])
    def test_equals_opencv(self, dtype, shape, limit, tiles):
        image = image_of(noise(dtype, shape))
        reference = cv2.createCLAHE(limit, (tiles, tiles))
        expected = np.stack([reference.apply(frame) for frame in image.pixels])
        found = clahe(image, clip_limit=limit, tiles=tiles).pixels
        np.testing.assert_array_equal(found, expected)

    @pytest.mark.parametrize(("limit", "tiles"), [(2.0, 2), (8.0, 4), (1000.0, 1)])
    def test_by_definition(self, limit, tiles):
        frame = noise("u1", (64, 96))
        found = clahe(image_of(frame[np.newaxis]), clip_limit=limit, tiles=tiles).pixels[0]
        assert_rounded(found, clahe_by_definition(frame, 8, limit, tiles))

    @pytest.mark.parametrize("dtype", ["u2", "i2", "i4"])
    @pytest.mark.parametrize("bits", [10, 12])
    @pytest.mark.parametrize("limit", [6, 40])
    def test_the_levels_are_those_of_the_bits_stored(self, dtype, bits, limit):
        """What is cut off is spread over 2^16 levels, and so in other steps."""
        frame = noise("u2", (64, 96)) >> 16 - bits
        low = -(1 << bits - 1) if dtype.startswith("i") else 0
        image = image_of((frame + np.int64(low)).astype(dtype)[np.newaxis], bits)
        found = clahe(image, clip_limit=limit, tiles=2)
        assert (found.pixels.dtype, found.bits) == (image.pixels.dtype, bits)
        expected = clahe_by_definition(frame, bits, limit, 2) + low
        np.testing.assert_allclose(found.pixels[0], expected, atol=(1 << bits) / 100)

    def test_signed_8_bits_are_8_bits_moved(self):
        unsigned = image_of(noise("u1", (1, 31, 46)))
        signed = image_of((unsigned.pixels.astype(np.int16) - 128).astype(np.int8))
        expected = clahe(unsigned).pixels.astype(int) - 128
        np.testing.assert_array_equal(clahe(signed).pixels, expected)

    @pytest.mark.parametrize("dtype", ["u1", "u2", "i2", "i1"])
    @pytest.mark.parametrize("shape", [(1, 31, 46, 3), (2, 3, 2, 3), (1, 1, 1, 3)])
    def test_colour_changes_by_what_its_luma_changes(self, dtype, shape):
        image = image_of(noise(dtype, shape))
        levels = grey(image)
        change = clahe(image_of(levels)).pixels.astype(np.float64) - levels
        expected = np.clip(image.pixels + change[..., np.newaxis], *full_range(image))
        np.testing.assert_array_equal(clahe(image).pixels, expected)

    def test_contrast_like_that_of_scikit_image(self):
        image = image_of(noise("u1", (1, 128, 128)))
        reference = skimage.exposure.equalize_adapthist(image.pixels[0], 16, clip_limit=0.02) * 255
        found = clahe(image, clip_limit=0.02 * 256, tiles=8).pixels[0]
        assert np.corrcoef(found.ravel(), reference.ravel())[0, 1] > 0.9

    def test_a_limit_beyond_all_pixels_cuts_nothing_off(self):
        image = image_of(noise("u2", (1, 64, 64)))
        expected = clahe(image, clip_limit=1e5).pixels
        np.testing.assert_array_equal(clahe(image, clip_limit=1e300).pixels, expected)

    def test_values_beyond_the_bits_promised_are_clipped_not_wrapped(self):
        beyond = clahe(image_of(np.uint16([[[0, 5000]]]), 12), tiles=1)
        assert (
            beyond.pixels.tolist()
            == clahe(image_of(np.uint16([[[0, 4095]]]), 12), tiles=1).pixels.tolist()
        )

    @pytest.mark.parametrize("dtype", ["u4", "i4"])
    def test_more_than_16_bits(self, dtype):
        with pytest.raises(UnsuitableImage, match="32"):
            clahe(image_of(noise(dtype, (1, 9, 9))))


@pytest.mark.parametrize("operation", [equalise, clahe])
@pytest.mark.parametrize("dtype", ["f4", "f8"])
def test_floats_have_no_levels(operation, dtype):
    with pytest.raises(UnsuitableImage, match="normalise bits=16"):
        operation(image_of(np.zeros((1, 2, 2), dtype)))
