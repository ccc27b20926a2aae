"""Scale, rotate, translate and flip equal NumPy, SciPy, OpenCV and scikit-image."""

import math

import cv2
import numpy as np
import pytest
import scipy.ndimage
import skimage.transform
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from mapreduce_jobs.imaging.arrays.frames import full_range
from mapreduce_jobs.imaging.errors import BadParameter, UnsuitableImage
from mapreduce_jobs.imaging.image import Image
from mapreduce_jobs.imaging.operations.geometry import flip, rotate, scale, translate
from tests.imaging.support import pairs

RNG = np.random.default_rng(11)
DTYPES = ["u1", "u2", "i2", "u4", "i4", "i1", "f4", "f8"]
SHAPES = [(1, 31, 46), (2, 16, 9, 3), (1, 1, 1), (1, 1, 9), (1, 9, 1, 3), (1, 2, 2)]
SQUARES = arrays(np.uint16, st.integers(1, 9).map(lambda side: (2, side, side)))
STACKS = arrays(np.int16, array_shapes(min_dims=3, max_dims=3, max_side=9))


def noise(dtype, shape):
    if dtype.startswith("f"):
        return RNG.normal(0, 300, shape).astype(dtype)
    info = np.iinfo(dtype)
    return RNG.integers(info.min, info.max, shape, dtype, endpoint=True)


def image_of(pixels, **rest):
    pixels.flags.writeable = False
    return Image(pixels, pixels.dtype.itemsize * 8, **rest)


def each_channel(pixels, function):
    """Apply a function to every rows × columns in float64."""
    wide = pixels.astype(np.float64)
    if wide.ndim == 4:
        planes = [[function(f[..., c]) for c in range(3)] for f in wide]
        return np.moveaxis(np.array(planes), 1, -1)
    return np.array([function(frame) for frame in wide])


def assert_fits(result, expected, image):
    """Compare with what should come out in float64: integers are the nearest, or one of two."""
    assert result.pixels.dtype == image.pixels.dtype
    if image.pixels.dtype.kind == "f":
        rtol = 1e-6 if image.pixels.dtype == np.float32 else 0
        np.testing.assert_allclose(result.pixels, expected, rtol=rtol, atol=1e-9)
    else:
        expected = np.clip(expected, *full_range(image))
        np.testing.assert_allclose(result.pixels, expected, rtol=0, atol=0.5 + 1e-3)


class TestScale:
    @pytest.mark.parametrize(
        ("shape", "how", "size"),
        [
            ((30, 45), {"factor": 0.5}, (15, 23)),  # 22.5: halves up
            ((30, 45), {"factor": 0.7}, (21, 32)),  # 31.5, though 0.7 is not exact in binary
            ((30, 45), {"factor": 1e-9}, (1, 1)),
            ((30, 45), {"factor": 2.25}, (68, 101)),  # 67.5 and 101.25
            ((30, 45), {"rows": 10}, (10, 15)),
            ((30, 45), {"columns": 100}, (67, 100)),  # 66.67
            ((30, 45), {"rows": 7, "columns": 8}, (7, 8)),
            ((1, 900), {"columns": 3}, (1, 3)),
        ],
    )
    def test_sizes_and_spacing(self, shape, how, size):
        image = image_of(noise("u1", (2, *shape)), spacing=(0.4, 0.8))
        result = scale(image, **how)
        assert result.pixels.shape == (2, *size)
        assert result.spacing == pytest.approx(
            (0.4 * shape[0] / size[0], 0.8 * shape[1] / size[1]), rel=1e-15
        )

    @pytest.mark.parametrize("dtype", DTYPES)
    @pytest.mark.parametrize("shape", [(1, 30, 42), (2, 12, 6, 3)])
    def test_equals_scipy_and_scikit_image(self, dtype, shape):
        image = image_of(noise(dtype, shape))
        larger = each_channel(
            image.pixels,
            lambda frame: scipy.ndimage.zoom(frame, 2, order=1, mode="nearest", grid_mode=True),
        )
        assert_fits(scale(image, factor=2), larger, image)
        smaller = each_channel(
            image.pixels, lambda frame: skimage.transform.downscale_local_mean(frame, (3, 3))
        )
        assert_fits(scale(image, factor=1 / 3), smaller, image)

    @pytest.mark.parametrize(
        "how", [{}, {"factor": 2.0, "rows": 3}, {"factor": 1.0, "columns": 3}, {"factor": math.inf}]
    )
    def test_bad_parameters(self, how):
        with pytest.raises(BadParameter):
            scale(image_of(noise("u1", (1, 3, 3))), **how)

    @pytest.mark.parametrize("how", [{"factor": 1e300}, {"rows": 1_000_000}, {"factor": 20_000}])
    def test_absurd_sizes(self, how):
        with pytest.raises(UnsuitableImage, match="more than 1000000000"):
            scale(image_of(noise("u1", (3, 2, 2))), **how)


def about_the_centre(frame, angle, shape, **options):
    """Rotate counter-clockwise by SciPy, whose coordinates are row and column."""
    cosine, sine = math.cos(math.radians(angle)), math.sin(math.radians(angle))
    matrix = np.array([[cosine, sine], [-sine, cosine]])
    before, after = ((np.array(size) - 1) / 2 for size in (frame.shape, shape))
    options = {"order": 1, "mode": "grid-constant", **options}
    return scipy.ndimage.affine_transform(frame, matrix, before - matrix @ after, shape, **options)


class TestRotate:
    @pytest.mark.parametrize(
        ("dtype", "shape", "quarters"), pairs(DTYPES, SHAPES, [-1, 0, 1, 2, 3, 5])
    )
    def test_quarter_turns_move_pixels(self, dtype, shape, quarters):
        image = image_of(noise(dtype, shape), spacing=(0.5, 0.7))
        result = rotate(image, angle=90.0 * quarters, expand=True, interpolation="cubic")
        expected = np.rot90(image.pixels, quarters, axes=(1, 2))
        np.testing.assert_array_equal(result.pixels, expected)
        assert result.spacing == ((0.7, 0.5) if quarters % 2 else (0.5, 0.7))

    @given(SQUARES)
    def test_four_quarter_turns_are_none(self, pixels):
        image = result = image_of(pixels)
        for _ in range(4):
            result = rotate(result, angle=90)
        np.testing.assert_array_equal(result.pixels, image.pixels)

    def test_quarter_turn_of_an_oblong_keeps_its_size(self):
        image = image_of(np.uint8([[[1, 2, 3, 4], [5, 6, 7, 8]]]), spacing=(3, 1))
        result = rotate(image, angle=90, fill=9)
        assert result.pixels.tolist() == [[[9, 3, 7, 9], [9, 2, 6, 9]]]
        assert result.spacing == (1, 3)
        result = rotate(image, angle=90, border="edge")
        assert result.pixels.tolist() == [[[3, 3, 7, 7], [2, 2, 6, 6]]]

    @pytest.mark.parametrize("dtype", DTYPES)
    @pytest.mark.parametrize("angle", [90, 270])
    def test_quarter_turn_half_a_pixel_off_the_grid(self, dtype, angle):
        image = image_of(noise(dtype, (2, 6, 9)), spacing=(3, 1))
        expected = each_channel(image.pixels, lambda f: about_the_centre(f, angle, f.shape))
        assert_fits(rotate(image, angle=angle), expected, image)

    @pytest.mark.parametrize(
        ("dtype", "shape", "angle"), pairs(DTYPES, SHAPES, [30, -7.3, 135, 263])
    )
    def test_equals_scipy(self, dtype, shape, angle):
        image = image_of(noise(dtype, shape), spacing=(0.7, 0.7))
        fill = 90.0
        expected = each_channel(
            image.pixels, lambda f: about_the_centre(f, angle, f.shape, cval=fill)
        )
        result = rotate(image, angle=angle, fill=fill)
        assert_fits(result, expected, image)
        assert result.spacing == (0.7, 0.7)

    @pytest.mark.parametrize("angle", [30, -7.3, 135])
    def test_equals_scikit_image(self, angle):
        frame = noise("f8", (31, 46))
        expected = skimage.transform.rotate(frame, angle)
        result = rotate(image_of(frame[np.newaxis]), angle=angle).pixels[0]
        # That of scikit-image leaves out what is less than a pixel outside.
        inside = rotate(image_of(np.ones((1, 31, 46))), angle=angle).pixels[0] > 1 - 1e-9
        np.testing.assert_allclose(result[inside], expected[inside], rtol=0, atol=1e-9)

    @pytest.mark.parametrize(
        ("border", "mode"),
        [
            ("reflect", "mirror"),
            ("symmetric", "reflect"),
            ("edge", "nearest"),
            ("wrap", "grid-wrap"),
        ],
    )
    def test_border(self, border, mode):
        image = image_of(noise("f8", (1, 20, 31)))
        expected = each_channel(
            image.pixels, lambda f: about_the_centre(f, 40, (36, 37), mode=mode)
        )
        result = rotate(image, angle=40, expand=True, border=border)
        assert_fits(result, expected, image)

    @pytest.mark.parametrize(
        ("shape", "angle", "size"),
        [
            ((10, 20), 30, (19, 23)),  # 10 · 0.866 + 20 / 2 = 18.7; 20 · 0.866 + 10 / 2 = 22.3
            ((3, 3), 45, (5, 5)),  # 3 · √2 = 4.2
            ((10, 10), math.degrees(math.atan2(3, 4)), (14, 14)),  # 10 · (4/5 + 3/5)
            ((1, 1), 10, (2, 2)),
        ],
    )
    def test_expanded_holds_all(self, shape, angle, size):
        image = image_of(np.full((1, *shape), 100, np.float32))
        result = rotate(image, angle=angle, expand=True)
        assert result.pixels.shape == (1, *size)
        assert rotate(image, angle=-angle, expand=True).pixels.shape == (1, *size)
        assert rotate(image, angle=180 - angle, expand=True).pixels.shape == (1, *size)

    @pytest.mark.parametrize(
        ("method", "error"), [("linear", 0.02), ("cubic", 0.01), ("lanczos", 0.002)]
    )
    def test_there_and_back(self, method, error):
        rows, columns = np.mgrid[:60, :81]
        smooth = np.sin(rows / 5.0) * np.cos(columns / 6.0)
        there = rotate(image_of(smooth[np.newaxis]), angle=25, interpolation=method)
        back = rotate(there, angle=-25, interpolation=method).pixels[0]
        np.testing.assert_allclose(back[20:40, 20:60], smooth[20:40, 20:60], rtol=0, atol=error)

    def test_pixels_that_are_not_square(self):
        image = image_of(noise("i2", (1, 40, 50)), spacing=(1.5, 0.7))
        with pytest.raises(UnsuitableImage, match=r"scale rows=86 columns=50$"):  # 85.7
            rotate(image, angle=30)
        square = scale(image, rows=86, columns=50)
        assert rotate(square, angle=30).spacing == square.spacing
        turned = image_of(noise("i2", (1, 50, 40)), spacing=(0.7, 1.5))
        with pytest.raises(UnsuitableImage, match=r"scale rows=50 columns=86$"):
            rotate(turned, angle=30)

    def test_spacing_with_the_rounding_of_a_file_is_square(self):
        image = image_of(noise("i2", (1, 512, 512)), spacing=(0.488281, 0.48828125))
        assert rotate(image, angle=30).spacing == (0.488281, 0.48828125)

    @pytest.mark.parametrize("angle", [math.nan, math.inf])
    def test_no_angle(self, angle):
        with pytest.raises(BadParameter):
            rotate(image_of(noise("u1", (1, 3, 3))), angle=angle)


class TestTranslate:
    @pytest.mark.parametrize(
        ("dtype", "shape", "by"),
        pairs(DTYPES, SHAPES, [(0, 0), (3, -2), (-1, 5), (100, 7), (-9_999_999, 0)]),
    )
    def test_whole_pixels_are_moved(self, dtype, shape, by):
        x, y = by
        image = image_of(noise(dtype, shape))
        rolled = translate(image, x=x, y=y, border="wrap", interpolation="cubic").pixels
        np.testing.assert_array_equal(rolled, np.roll(image.pixels, (y, x), axis=(1, 2)))
        rows, columns = shape[1:3]
        expected = np.full_like(image.pixels, 77)
        for row in range(max(0, y), min(rows, rows + y)):
            for column in range(max(0, x), min(columns, columns + x)):
                expected[:, row, column] = image.pixels[:, row - y, column - x]
        result = translate(image, x=x, y=y, fill=77)
        np.testing.assert_array_equal(result.pixels, expected)

    @pytest.mark.parametrize(
        ("dtype", "shape", "by"), pairs(DTYPES, SHAPES, [(0.3, 0), (-2.7, 4.41), (0, 1e6 + 0.2)])
    )
    def test_parts_of_pixels_equal_scipy(self, dtype, shape, by):
        x, y = by
        image = image_of(noise(dtype, shape))
        expected = each_channel(
            image.pixels,
            lambda f: scipy.ndimage.shift(f, (y, x), order=1, mode="grid-constant", cval=50),
        )
        assert_fits(translate(image, x=x, y=y, fill=50), expected, image)

    @given(STACKS, st.integers(-20, 20), st.integers(-20, 20))
    def test_there_and_back(self, pixels, x, y):
        there = translate(image_of(pixels), x=x, y=y, border="wrap")
        back = translate(there, x=-x, y=-y, border="wrap")
        np.testing.assert_array_equal(back.pixels, pixels)


class TestFlip:
    @pytest.mark.parametrize(
        ("dtype", "shape", "axis"), pairs(DTYPES, SHAPES, ["horizontal", "vertical", "both"])
    )
    def test_equals_numpy(self, dtype, shape, axis):
        axes = {"horizontal": 2, "vertical": 1, "both": (1, 2)}[axis]
        image = image_of(noise(dtype, shape))
        np.testing.assert_array_equal(flip(image, axis=axis).pixels, np.flip(image.pixels, axes))

    @pytest.mark.parametrize(("axis", "code"), [("horizontal", 1), ("vertical", 0), ("both", -1)])
    def test_codes_of_opencv(self, axis, code):
        frame = noise("u1", (5, 8))
        result = flip(image_of(frame[np.newaxis]), axis=axis)
        np.testing.assert_array_equal(result.pixels[0], cv2.flip(frame, code))

    @given(STACKS, st.sampled_from(["horizontal", "vertical", "both"]))
    def test_twice_is_none(self, pixels, axis):
        twice = flip(flip(image_of(pixels), axis=axis), axis=axis)
        np.testing.assert_array_equal(twice.pixels, pixels)


@pytest.mark.parametrize(
    "function",
    [
        lambda image: scale(image, factor=0.5),
        lambda image: rotate(image, angle=90),
        lambda image: rotate(image, angle=12, expand=True),
        lambda image: translate(image, x=1),
        lambda image: translate(image, y=0.5),
        lambda image: flip(image, axis="both"),
    ],
)
def test_what_is_not_geometry_stays(function):
    pixels = noise("u2", (2, 8, 8)) >> 4
    image = Image(pixels, 12, "HU", None, {"otsu": 3})
    result = function(image)
    assert (result.bits, result.unit, result.spacing) == (12, "HU", None)
    assert result.notes == {"otsu": 3}
    assert result.pixels.flags.c_contiguous
