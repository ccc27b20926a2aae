"""What the options of the image jobs do, against answers computed here."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
import scipy.ndimage

from tests.support import png, scan


@pytest.fixture
def folder(tmp_path, tree):
    colour = np.dstack([scan(1), scan(2), scan(3)])
    deep = scan(4, dtype=np.uint16)
    return tree(
        tmp_path / "scans",
        {"a/grey.png": png(scan(0)), "a/colour.png": png(colour), "b/deep.png": png(deep)},
    )


@pytest.fixture
def results(job, folder):
    def run(name, *options):
        ran = job(name, *options, folder)
        pairs = [line.decode().split("\t") for line in ran.stdout.splitlines()]
        return {json.loads(key): json.loads(value) for key, value in pairs}

    return run


def pixels(folder: Path, name: str) -> np.ndarray:
    return cv2.imread(str(folder / name), cv2.IMREAD_UNCHANGED)


class TestHistogram:
    def test_default(self, results, folder):
        found = results("image_histogram")
        grey = pixels(folder, "a/grey.png")
        assert found["a/grey.png"] == {
            "images": 1,
            "pixels": grey.size,
            "bins": {"start": 0, "stop": 256, "count": 256},
            "counts": {"grey": np.histogram(grey, 256, (0, 256))[0].tolist()},
        }
        deep, bins = pixels(folder, "b/deep.png"), found["b/deep.png"]["bins"]
        assert 128 < bins["count"] <= 256
        expected = np.histogram(deep, bins["count"], (bins["start"], bins["stop"]))[0]
        assert found["b/deep.png"]["counts"]["grey"] == expected.tolist()
        assert expected.sum() == deep.size

    def test_bins_and_range(self, results, folder):
        found = results("image_histogram", "--bins", "10", "--range", "-20.5", "300")
        for name in found:
            image = pixels(folder, name)
            levels = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY) if image.ndim == 3 else image
            expected = np.histogram(levels, 10, (-20.5, 300))[0].tolist()
            assert found[name]["counts"]["grey"] == expected
            assert found[name]["bins"] == {"start": -20.5, "stop": 300, "count": 10}

    def test_rgb(self, results, folder):
        counts = results("image_histogram", "--model", "rgb")["a/colour.png"]["counts"]
        blue_green_red = pixels(folder, "a/colour.png")
        for i, channel in enumerate(("blue", "green", "red")):
            expected = np.histogram(blue_green_red[..., i], 256, (0, 256))[0]
            assert counts[channel] == expected.tolist()

    def test_groups(self, results, folder):
        found = results("image_histogram", "--group-by", "folder")
        assert {key: value["images"] for key, value in found.items()} == {"a": 2, "b": 1}
        whole = results("image_histogram", "--group-by", "all")["all"]
        assert whole["images"] == 3
        assert sum(whole["counts"]["grey"]) == whole["pixels"] == 3 * scan(0).size
        bins = whole["bins"]
        expected = sum(
            np.histogram(levels, bins["count"], (bins["start"], bins["stop"]))[0]
            for levels in (
                pixels(folder, "a/grey.png"),
                cv2.cvtColor(pixels(folder, "a/colour.png"), cv2.COLOR_BGR2GRAY),
                pixels(folder, "b/deep.png"),
            )
        )
        assert whole["counts"]["grey"] == expected.tolist()


class TestEdges:
    def test_gradient(self, results, folder):
        found = results("edge_density", "--threshold", "77.5")["a/grey.png"]
        grey = pixels(folder, "a/grey.png").astype(float)
        magnitude = np.hypot(scipy.ndimage.sobel(grey, 0), scipy.ndimage.sobel(grey, 1))
        assert found == {
            "images": 1,
            "pixels": grey.size,
            "edge_pixels": int((magnitude > 77.5).sum()),
            "density": (magnitude > 77.5).mean(),
            "mean_gradient": pytest.approx(magnitude.mean(), rel=1e-6),
            "detector": "gradient",
            "threshold": 77.5,
        }

    def test_canny(self, results, folder):
        found = results("edge_density", "--detector", "canny", "--low", "60", "--high", "150")
        edges = cv2.Canny(pixels(folder, "a/grey.png"), 60, 150)
        assert found["a/grey.png"]["edge_pixels"] == np.count_nonzero(edges)
        assert found["a/grey.png"]["density"] == np.count_nonzero(edges) / edges.size
        made_with = list(found["a/grey.png"].items())[-4:]
        expected = [("detector", "canny"), ("low", 60.0), ("high", 150.0), ("to_8bit", None)]
        assert made_with == expected
        assert found["b/deep.png"]["error"] == "UnsuitableImage"
        assert "--to-8bit" in found["b/deep.png"]["message"]

    def test_canny_of_deeper_images(self, results, folder):
        deep = pixels(folder, "b/deep.png")
        found = results("edge_density", "--detector", "canny", "--to-8bit", "full")["b/deep.png"]
        edges = cv2.Canny((deep >> 8).astype(np.uint8), 100, 200)
        assert found["edge_pixels"] == np.count_nonzero(edges)
        assert found["to_8bit"] == "full"

    def test_groups(self, results):
        each = results("edge_density")
        whole = results("edge_density", "--group-by", "all")["all"]
        for total in ("images", "pixels", "edge_pixels"):
            assert whole[total] == sum(one[total] for one in each.values())
        assert whole["density"] == whole["edge_pixels"] / whole["pixels"]
        mean = sum(one["mean_gradient"] * one["pixels"] for one in each.values()) / whole["pixels"]
        assert whole["mean_gradient"] == pytest.approx(mean)


def test_the_limit_of_pixels(results):
    found = results("image_histogram", "--max-pixels", "100")
    assert {value["error"] for value in found.values()} == {"TooManyPixels"}
