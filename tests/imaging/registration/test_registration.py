"""Known transforms are found again, across contrasts, to a stated part of a pixel."""

import sys
from dataclasses import replace

import cv2
import numpy as np
import pytest
import scipy.ndimage
import skimage.data

from mapreduce_jobs.imaging.decode import decode
from mapreduce_jobs.imaging.errors import MissingExtra, UnsuitableImage
from mapreduce_jobs.imaging.image import Image
from mapreduce_jobs.imaging.registration.register import register
from tests.support import dicom, run


def phantom():
    """Return ellipses of different grey levels, such as a head has."""
    y, x = np.mgrid[-1:1:160j, -1:1:200j]
    frame = np.zeros((160, 200))
    for level, x0, y0, a, b in [
        (900, 0, 0, 0.75, 0.9),
        (-500, 0, 0, 0.68, 0.82),
        (250, -0.25, -0.2, 0.15, 0.35),
        (-300, 0.3, 0.1, 0.2, 0.28),
        (400, 0.05, 0.5, 0.12, 0.08),
        (350, -0.1, -0.6, 0.05, 0.1),
    ]:
        frame += level * (((x - x0) / a) ** 2 + ((y - y0) / b) ** 2 < 1)
    return scipy.ndimage.gaussian_filter(frame, 0.8)


SCENES = {
    "phantom": phantom(),
    "CT": decode(dicom("CT_small.dcm")).pixels[0].astype(float),
    "coins": cv2.resize(skimage.data.coins(), (192, 152), interpolation=cv2.INTER_AREA).astype(
        float
    ),
}
CONTRASTS = {
    "same": lambda frame: frame,
    "inverted": lambda frame: frame.max() - frame,
    "folded": lambda frame: np.abs(frame - np.median(frame)),
}


def matrix_of(shape, degrees=0.0, shift=(0.0, 0.0), scaling=None):
    """Return what leads from pixels of the fixed image to pixels of one turned and shifted."""
    turn = np.radians(degrees)
    linear = np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
    linear = linear @ (np.eye(2) if scaling is None else scaling)
    centre = np.array([(shape[1] - 1) / 2, (shape[0] - 1) / 2])
    return np.column_stack([linear, centre + shift[::-1] - linear @ centre])


def moved(frame, matrix, contrast="same"):
    """Move a frame with cubic splines, change its contrast, and add noise."""
    backward = np.linalg.inv(np.vstack([matrix, [0, 0, 1]]))[:2]
    swapped = backward[::-1, [1, 0, 2]]  # SciPy's order is row, column
    frame = scipy.ndimage.affine_transform(
        frame, swapped[:, :2], swapped[:, 2], order=3, cval=frame.min()
    )
    noise = np.random.default_rng(5).normal(0, 0.01 * np.ptp(frame), frame.shape)
    return CONTRASTS[contrast](frame) + noise


def image_of(frame, **more):
    return Image(frame[np.newaxis], frame.dtype.itemsize * 8, **more)


def displacement(found, matrix, shape):
    """Return the mean distance between where two transforms lead, in pixels."""
    y, x = (axis.ravel() for axis in np.indices(shape))
    return np.hypot(*((np.array(found["matrix"]) - matrix) @ [x, y, np.ones_like(x)])).mean()


@pytest.mark.parametrize("contrast", CONTRASTS)
@pytest.mark.parametrize("scene", SCENES)
class TestKnownTransforms:
    @pytest.mark.parametrize("shift", [(3, -8), (-7.3, 4.6), (10.5, 0.25)])
    def test_translation(self, scene, contrast, shift):
        fixed = SCENES[scene]
        matrix = matrix_of(fixed.shape, shift=shift)
        _, found = register(
            image_of(fixed), image_of(moved(fixed, matrix, contrast)), "translation"
        )
        assert displacement(found, matrix, fixed.shape) < 0.1
        assert found["shift"] == {
            "rows": pytest.approx(shift[0], abs=0.1),
            "columns": pytest.approx(shift[1], abs=0.1),
        }

    @pytest.mark.parametrize(("degrees", "shift"), [(5, (3, -4)), (-12, (4, 5))])
    def test_rigid(self, scene, contrast, degrees, shift):
        fixed = SCENES[scene]
        matrix = matrix_of(fixed.shape, degrees, shift)
        _, found = register(image_of(fixed), image_of(moved(fixed, matrix, contrast)), "rigid")
        assert displacement(found, matrix, fixed.shape) < 0.15
        assert found["angle"] == pytest.approx(degrees, abs=0.1)

    def test_affine(self, scene, contrast):
        fixed = SCENES[scene]
        matrix = matrix_of(fixed.shape, 5, (2, 3), scaling=[[1.05, 0.04], [0, 0.97]])
        _, found = register(image_of(fixed), image_of(moved(fixed, matrix, contrast)), "affine")
        assert displacement(found, matrix, fixed.shape) < 0.5
        assert found["scale"] == pytest.approx((1.05 * 0.97) ** 0.5, abs=0.01)


class TestResult:
    @pytest.mark.parametrize("method", ["translation", "rigid", "affine"])
    def test_lies_on_the_fixed_image(self, method):
        fixed = SCENES["CT"].astype(np.int16)
        moving = scipy.ndimage.shift(fixed, (4, -6), order=0, cval=fixed.min())
        result, _ = register(image_of(fixed), image_of(moving), method)
        inner = (slice(8, -8), slice(8, -8))
        assert result.pixels.dtype == np.int16
        assert np.abs(result.pixels[0][inner] - fixed[inner]).mean() < 0.02 * np.ptp(fixed)

    def test_whole_shifts_are_exact_and_the_outside_is_the_least_value(self):
        fixed = skimage.data.coins()
        moving = fixed[20:, 30:]
        result, found = register(image_of(fixed), image_of(moving), "translation")
        np.testing.assert_allclose(found["matrix"], [[1, 0, -30], [0, 1, -20]], atol=0.01)
        np.testing.assert_array_equal(np.abs(result.pixels[0, 20:, 30:] - moving.astype(int)), 0)
        assert (result.pixels[0, :19] == moving.min()).all()

    def test_all_frames_and_channels_are_moved_alike(self):
        frames = np.stack([skimage.data.astronaut()[::2, ::2], skimage.data.cat()[:256, :256]])
        shifted = np.roll(frames, (5, -3), axis=(1, 2))
        result, _ = register(Image(frames, 8), Image(shifted, 8), "translation")
        inner = (slice(None), slice(8, -8), slice(8, -8))
        np.testing.assert_allclose(result.pixels[inner], frames[inner], atol=1)

    def test_grey_on_colour(self):
        colour = skimage.data.astronaut()[::2, ::2]
        levels = np.roll(cv2.cvtColor(colour, cv2.COLOR_RGB2GRAY), (5, -3), axis=(0, 1))
        result, found = register(image_of(colour), image_of(levels), "translation")
        assert not result.is_colour
        assert found["shift"]["rows"] == pytest.approx(5, abs=0.05)

    def test_what_goes_along(self):
        frame = SCENES["CT"].astype(np.uint16)
        fixed = Image(frame[np.newaxis], 16, spacing=(0.5, 0.7))
        moving = Image(frame[np.newaxis], 12, "HU", (0.5, 0.7), {"otsu": 3})
        result, _ = register(fixed, moving, "translation")
        assert (result.bits, result.unit, result.notes) == (12, "HU", {"otsu": 3})
        assert result.spacing == (0.5, 0.7)

    @pytest.mark.parametrize("method", ["translation", "rigid", "affine"])
    def test_spacing_counts_if_both_have_it(self, method):
        fixed = SCENES["coins"][:128]
        half = cv2.resize(fixed, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
        pair = image_of(fixed, spacing=(0.4, 0.4)), image_of(half, spacing=(0.8, 0.8))
        result, found = register(*pair, method)
        assert found["spacing_used"]
        assert result.pixels.shape == (1, *fixed.shape)
        assert result.spacing == (0.4, 0.4)
        # The centre of the first pixel is a quarter of a large pixel from the first large centre.
        expected = np.array([[0.5, 0, -0.25], [0, 0.5, -0.25]])
        assert displacement(found, expected, fixed.shape) < 0.2
        _, found = register(pair[0], replace(pair[0], spacing=None), method)
        assert not found["spacing_used"]


PROGRAM = """
import hashlib, json, sys
from mapreduce_jobs.imaging.registration.register import register
from tests.imaging.registration.test_registration import SCENES, image_of, matrix_of, moved

fixed = SCENES["CT"]
moving = moved(fixed, matrix_of(fixed.shape, 5, (2, 3)), "inverted")
for method in ("translation", "rigid", "affine"):
    image, found = register(image_of(fixed), image_of(moving), method)
    print(hashlib.sha256(image.pixels.tobytes()).hexdigest(), json.dumps(found))
"""


def test_the_same_bytes_in_every_process():
    ran = [run(sys.executable, "-c", PROGRAM) for _ in range(2)]
    assert ran[0].status == 0, ran[0].stderr
    assert ran[0].stdout.count(b"\n") == 3
    assert ran[0].stdout == ran[1].stdout


class TestNotToBeRegistered:
    @pytest.mark.parametrize("method", ["translation", "rigid", "affine"])
    @pytest.mark.parametrize(
        ("fixed", "moving", "words"),
        [
            ((2, 64, 64), (1, 64, 64), "differ in frames"),
            ((1, 4, 64), (1, 4, 64), "too small"),
            ((1, 64, 64), "constant", "same value everywhere"),
            ((1, 64, 64), "NaN", "same value everywhere"),
            ((1, 128, 128), "CT", "in common|overlap|left the moving"),
        ],
    )
    def test_says_why(self, method, fixed, moving, words):
        noise = np.random.default_rng(1).normal(0, 1, fixed)
        kinds = {
            "constant": np.full((1, 64, 64), 7.0),
            "NaN": np.full((1, 64, 64), np.nan),
            "CT": SCENES["CT"][np.newaxis],
        }
        other = kinds[moving] if isinstance(moving, str) else np.resize(noise, moving)
        with pytest.raises(UnsuitableImage, match=words):
            register(Image(noise, 64), Image(other, 64), method)

    def test_sizes_that_no_spacing_can_be(self):
        frame = SCENES["CT"]
        pair = image_of(frame, spacing=(0.001, 0.001)), image_of(frame, spacing=(9.0, 9.0))
        with pytest.raises(UnsuitableImage, match="size"):
            register(*pair, "translation")

    def test_without_simpleitk(self, monkeypatch):
        monkeypatch.setitem(sys.modules, "SimpleITK", None)
        image = image_of(SCENES["CT"])
        with pytest.raises(MissingExtra, match=r"SimpleITK.*\[registration\]"):
            register(image, image, "rigid")
        register(image, image, "translation")


def test_pixels_that_are_no_number_do_not_count():
    fixed = SCENES["phantom"].astype(np.float32)
    fixed[60:64, 50:70] = np.nan
    matrix = matrix_of(fixed.shape, 5, (2, 3))
    moving = moved(SCENES["phantom"], matrix)
    _, found = register(image_of(fixed), image_of(moving), "rigid")
    assert displacement(found, matrix, fixed.shape) < 0.2
