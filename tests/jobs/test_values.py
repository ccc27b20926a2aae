"""Jobs on what values mean and how they look: units, padding, and images in between."""

import json
import sys

import numpy as np
import pytest
import tifffile

from hdfs_tools.bundles.record import parse_line
from mapreduce_jobs.imaging.decode import decode
from mapreduce_jobs.imaging.description import notes
from mapreduce_jobs.imaging.encode import encode
from mapreduce_jobs.imaging.image import Image
from tests.imaging.dicoms import dicom_of
from tests.support import JOBS, dicom, png, run, scan, write_tree

# Padding around four values of tissue, which are −100, 0, 50 and 1000 HU.
SLICE = np.int16(
    [
        [-2000, -2000, -2000, -2000],
        [-2000, 924, 1024, -2000],
        [-2000, 1074, 2024, -2000],
        [-2000, -2000, -2000, -2000],
    ]
)
CT = {"RescaleSlope": 1, "RescaleIntercept": -1024, "PixelPaddingValue": -2000}
WINDOWS = {"WindowCenter": [40, 450], "WindowWidth": [400, 1100]}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    only_padding = np.full((4, 4), -2000, np.int16)
    files = {
        "ct/1.dcm": dicom_of(SLICE, **CT, **WINDOWS),
        "ct/2.dcm": dicom_of(SLICE, **CT),
        "ct/empty.dcm": dicom_of(only_padding, **CT, **WINDOWS),
        "colour.dcm": dicom("SC_rgb_small_odd.dcm"),
        "plain/1.png": png(scan(1)),
    }
    return write_tree(tmp_path_factory.mktemp("values"), files)


def results(job, *arguments, status=1, stdin=b""):
    ran = run(sys.executable, JOBS / f"{job}.py", *arguments, stdin=stdin)
    assert (ran.status, "Traceback" in ran.stderr) == (status, False)
    pairs = [line.decode().split("\t") for line in ran.stdout.splitlines()]
    return {json.loads(key): json.loads(value) for key, value in pairs}


def levels(result):
    """Return the lower edges of the bins that hold pixels."""
    bins = result["bins"]
    width = (bins["stop"] - bins["start"]) / bins["count"]
    return [bins["start"] + width * i for i, n in enumerate(result["counts"]["grey"]) if n]


class TestHistogram:
    def test_stored_values_go_without_a_unit(self, folder):
        found = results("image_histogram", "--bins", 4096, folder)
        assert list(found["ct/1.dcm"]) == ["images", "pixels", "padding", "bins", "counts"]
        assert (found["ct/1.dcm"]["pixels"], found["ct/1.dcm"]["padding"]) == (4, 12)
        assert levels(found["ct/1.dcm"]) == [924, 1024, 1074, 2024]
        assert list(found["plain/1.png"]) == ["images", "pixels", "bins", "counts"]

    def test_hounsfield_units(self, folder):
        found = results("image_histogram", "--bins", 4096, "--values", "modality", folder)
        assert list(found["ct/1.dcm"]) == ["images", "pixels", "padding", "unit", "bins", "counts"]
        assert found["ct/1.dcm"]["unit"] == "HU"
        assert levels(found["ct/1.dcm"]) == [-100, 0, 50, 1000]
        assert "unit" not in found["plain/1.png"]

    def test_groups_say_what_is_in_them(self, folder):
        options = ["--values", "modality", "--group-by"]
        found = results("image_histogram", *options, "folder", folder)
        assert (found["ct"]["images"], found["ct"]["pixels"], found["ct"]["padding"]) == (2, 8, 24)
        assert found["ct"]["unit"] == "HU"
        together = results("image_histogram", *options, "all", folder)
        assert together["all"]["unit"] == "mixed"
        assert together["all"]["padding"] == 24

    def test_what_is_nothing_but_padding_is_an_error(self, folder):
        for values in ("stored", "modality", "display"):
            found = results("image_histogram", "--values", values, folder)
            error = {"error": "UnsuitableImage", "message": "every pixel is padding"}
            assert found["ct/empty.dcm"] == error

    def test_display(self, folder):
        found = results("image_histogram", "--bins", 65536, "--values", "display", folder)
        assert found["ct/1.dcm"]["unit"] == "display"
        # 65535 · ((x − 39.5) / 399 + 0.5): −100 HU gives 9854.6, 0 26279.7, 50 34492.1.
        assert levels(found["ct/1.dcm"]) == [9855, 26280, 34492, 65535]
        # Without a window from −100 to 1000: 0 is at 1 / 11, 50 at 3 / 22.
        assert levels(found["ct/2.dcm"]) == [0, 5958, 8937, 65535]

    def test_another_window(self, folder):
        options = ["--bins", 65536, "--values", "display", "--window", 2]
        found = results("image_histogram", *options, folder)
        # 65535 · ((x − 449.5) / 1099 + 0.5): 1000 is beyond.
        assert levels(found["ct/1.dcm"]) == [0, 5963, 8945, 65535]
        assert found["ct/2.dcm"] == {
            "error": "UnsuitableImage",
            "message": "it has no window, and none with the number 2",
        }


def test_edge_density_knows_units_and_padding(folder):
    """Every pixel of the small slice has padding beside it."""
    found = results("edge_density", "--values", "modality", folder)
    assert found["ct/1.dcm"] == {
        "error": "UnsuitableImage",
        "message": "every pixel is padding, or beside it",
    }
    assert "unit" not in found["plain/1.png"]
    alone = results("edge_density", "--values", "modality", folder / "ct/1.dcm")
    assert list(alone.values()) == [found["ct/1.dcm"]]


def test_edge_density_says_the_unit(tmp_path):
    (tmp_path / "1.dcm").write_bytes(dicom("CT_small.dcm"))
    (found,) = results("edge_density", "--values", "modality", tmp_path, status=0).values()
    assert found["unit"] == "HU"
    (stored,) = results("edge_density", tmp_path, status=0).values()
    assert "unit" not in stored
    assert found["mean_gradient"] == stored["mean_gradient"]  # an intercept moves no edge


class TestTransform:
    def test_a_file_says_of_what_unit_it_is(self, folder):
        ran = run(sys.executable, JOBS / "image_transform.py", "--values", "modality", folder)
        found = results("image_histogram", "--bins", 4096, stdin=ran.stdout)
        assert found["ct/1.dcm.tiff"]["unit"] == "HU"
        assert "unit" not in found["colour.dcm.tiff"]
        made = {item.name: item for item in map(parse_line, ran.stdout.splitlines())}
        image = decode(made["ct/1.dcm.tiff"].read())
        np.testing.assert_array_equal(image.pixels[0], SLICE - 1024)

    @pytest.mark.parametrize("format", ["tiff", "png", "jp2", "jpeg", "webp"])
    def test_the_next_job_knows_the_padding(self, folder, format):
        options = ["--values", "display", "--ops", "flip axis=both | normalise bits=8"]
        ran = run(sys.executable, JOBS / "image_transform.py", *options, "--format", format, folder)
        found = results("image_histogram", stdin=ran.stdout)
        ending = {"jpeg": "jpg"}.get(format, format)
        one = found[f"ct/1.dcm.{ending}"]
        assert (one["pixels"], one["padding"]) == (4, 12)
        error = {"error": "UnsuitableImage", "message": "every pixel is padding"}
        assert found["ct/empty.dcm"] == error

    @pytest.mark.parametrize(
        "pixels",
        [
            np.int16([[[-1024, 0, 3071]]]),
            np.int32([[[-1024, 0, 64511]]]),
            np.float64([[[-0.1, 0, 1e9 / 7]]]),
            np.uint16([[[0, 7, 4095]]]),
        ],
    )
    def test_pixels_and_unit_go_through_tiff(self, pixels):
        bits = 12 if pixels.dtype == np.uint16 else pixels.dtype.itemsize * 8
        image = Image(pixels, bits, "HU", notes={"otsu": 3})
        data = encode(image, "tiff")
        found = decode(data)
        assert (found.unit, found.bits, found.pixels.dtype) == ("HU", bits, pixels.dtype)
        np.testing.assert_array_equal(found.pixels, pixels)
        assert notes(data) == {"otsu": 3}

    @pytest.mark.parametrize(
        "text",
        ["unit of pixels", '["unit of pixels"]', '{"unit": "um"}', '{"unit of pixels"', "", "HU"],
    )
    def test_other_descriptions_say_nothing(self, text, tmp_path):
        tifffile.imwrite(tmp_path / "a.tiff", np.zeros((4, 5), np.uint8), description=text)
        assert decode((tmp_path / "a.tiff").read_bytes()).unit == "stored"
