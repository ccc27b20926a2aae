"""Text that is drawn on real scans is found, and where there is none nothing is."""

import importlib.util
import json
import shutil
import sys

import cv2
import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from mapreduce_jobs.imaging.decode import decode
from mapreduce_jobs.imaging.errors import MissingExtra
from mapreduce_jobs.privacy.pixels import text_detector
from mapreduce_jobs.privacy.pixels.text_detector import find_text
from tests.support import ROOT, dicom, run

NAME = "SMITH^JOHN 1962"
PLAIN = [
    "693_J2KI.dcm",
    "CT_small.dcm",
    "MR_small.dcm",
    "J2K_pixelrep_mismatch.dcm",
    "examples_overlay.dcm",
    "image_dfl.dcm",
    "liver_1frame.dcm",
    "rtdose_1frame.dcm",
    "JPEGLSNearLossless_16.dcm",
    "SC_rgb_jpeg_gdcm.dcm",
    "SC_rgb_rle_16bit.dcm",
]


def frame(name):
    return decode(dicom(name)).pixels[0]


def covered(rectangles, shape):
    mask = np.zeros(shape[:2], bool)
    for one in rectangles:
        mask[one.top : one.top + one.height, one.left : one.left + one.width] = True
    return mask


def opencv_text(shape, place, size):
    """Return the pixels of a text, by OpenCV's font of lines; size 1 is 22 pixels high."""
    mask = np.zeros(shape, np.uint8)
    origin = int(place[0] * shape[1]), int(place[1] * shape[0])
    cv2.putText(mask, NAME, origin, cv2.FONT_HERSHEY_SIMPLEX, size, 1, 1 if size < 0.9 else 2)
    return mask > 0


def pillow_text(shape, place, size):
    """Return the same by Pillow's font, which has thick and thin lines."""
    picture = Image.new("L", shape[::-1])
    origin = int(place[0] * shape[1]), int(place[1] * shape[0]) - size
    ImageDraw.Draw(picture).text(origin, NAME, 255, font=ImageFont.load_default(size))
    return np.asarray(picture) > 127


CORNER, MIDDLE, BOTTOM = (0.03, 0.06), (0.3, 0.5), (0.45, 0.95)


@pytest.mark.parametrize(
    ("scan", "text", "size", "place", "level"),
    [
        ("693_J2KI.dcm", opencv_text, 0.4, CORNER, 1),
        ("693_J2KI.dcm", opencv_text, 0.4, MIDDLE, 0),
        ("693_J2KI.dcm", opencv_text, 0.6, BOTTOM, 1),
        ("693_J2KI.dcm", pillow_text, 24, MIDDLE, 1),
        ("693_J2KI.dcm", pillow_text, 48, CORNER, 0.6),
        ("examples_overlay.dcm", pillow_text, 11, CORNER, 1),
        ("examples_overlay.dcm", pillow_text, 14, MIDDLE, 0.6),
        ("examples_overlay.dcm", opencv_text, 0.9, BOTTOM, 1),
        ("JPEG2000.dcm", opencv_text, 0.4, MIDDLE, 0.6),
    ],
)
def test_text_is_found_wherever_it_is(scan, text, size, place, level):
    """Level 0 is the darkest, 1 the brightest value of the scan."""
    pixels = frame(scan)[:, :400].copy()  # enlarged, it is one tile
    low, high = int(pixels.min()), int(pixels.max())
    value = low + level * (high - low)
    mask = text(pixels.shape, place, size)
    visible = mask & (np.abs(pixels - value) > 0.12 * (high - low))
    assert visible.sum() > mask.sum() / 2
    pixels[mask] = value
    found = covered(find_text(pixels), pixels.shape)
    assert found[visible].mean() >= 0.9
    assert found.mean() < 0.15  # and little besides


@pytest.mark.parametrize("name", PLAIN)
def test_nothing_is_found_where_there_is_none(name):
    assert find_text(frame(name)[:, :400]) == []


def test_the_text_of_an_ultrasound_device():
    pixels = frame("examples_rgb_color.dcm")
    mask = covered(find_text(pixels), pixels.shape)
    bright = pixels.max(axis=2) > 128
    banner = np.s_[10:53, :90]
    assert mask[banner][bright[banner]].mean() > 0.95
    assert mask[60:180, 100:220].mean() < 0.05  # the picture itself


def test_a_few_bright_pixels_hide_nothing():
    pixels = frame("693_J2KI.dcm").astype(np.int32)
    mask = opencv_text(pixels.shape, (0.03, 0.06), 0.5)
    pixels[mask] = 1000
    pixels[300:303, 300:303] = 1_000_000
    assert covered(find_text(pixels), pixels.shape)[mask].mean() >= 0.9


def test_in_large_images_small_and_large_text():
    scan = cv2.resize(frame("693_J2KI.dcm"), (1300, 1000), interpolation=cv2.INTER_CUBIC)
    small = opencv_text(scan.shape, (0.6, 0.04), 0.6)
    large = opencv_text(scan.shape, (0.1, 0.98), 3)
    scan[small | large] = scan.max()
    mask = covered(find_text(scan), scan.shape)
    assert mask[small].mean() >= 0.9
    assert mask[large].mean() >= 0.9


@pytest.mark.parametrize("shape", [(1, 1), (1, 300), (300, 2), (5, 5, 3)])
@pytest.mark.parametrize("dtype", [np.uint8, np.int16, np.float32])
def test_images_that_hold_no_text_at_all(shape, dtype):
    assert find_text(np.zeros(shape, dtype)) == []


def test_what_is_no_number():
    pixels = np.full((40, 60), np.nan, np.float32)
    assert find_text(pixels) == []
    pixels[3:9] = np.inf
    pixels[20:22] = 1
    assert find_text(pixels) == []


_SCRIPT = """
import json, sys, numpy as np
from mapreduce_jobs.privacy.pixels.text_detector import find_text
print(json.dumps([str(one) for one in find_text(np.load(sys.argv[1]))]))
"""


def test_the_same_in_every_process_and_without_a_network(tmp_path):
    pixels = frame("examples_rgb_color.dcm")
    np.save(tmp_path / "pixels.npy", pixels)
    alone = ["unshare", "-rn"] if shutil.which("unshare") else []
    if run(*alone, "true").status:  # namespaces are not allowed here
        alone = []
    ran = run(*alone, sys.executable, "-c", _SCRIPT, tmp_path / "pixels.npy", cwd=ROOT)
    assert json.loads(ran.stdout) == [str(one) for one in find_text(pixels)]
    assert ran.stderr == ""


@pytest.mark.parametrize("package", ["rapidocr", "onnxruntime"])
def test_what_to_install(monkeypatch, package):
    found = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: None if name == package else found(name)
    )
    with pytest.raises(MissingExtra, match=rf"{package}.*mapreduce-imaging\[ocr\]"):
        text_detector.check()
