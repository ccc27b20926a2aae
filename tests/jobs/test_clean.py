"""Which images are kept: by each rule, in any split, and as lists for the next job."""

import json

import cv2
import numpy as np
import pytest

from hdfs_tools.bundles.packing import pack
from hdfs_tools.bundles.record import bundle_line, is_image_line, parse_line
from mapreduce_jobs.imaging.decode import decode
from mapreduce_jobs.imaging.measures.grey_levels import levels_of
from mapreduce_jobs.imaging.measures.quality import rms_contrast, sharpness
from tests.support import dicom, png, results, write_tree

RULES = ["--min-sharpness", "30", "--max-clipped", "0.9", "--near-distance", "10"]


def shape_of(seed):
    """Return an image of smooth shapes, of which no two are near."""
    noise = np.random.default_rng(seed).normal(0, 1, (64, 64))
    smooth = cv2.GaussianBlur(noise, (0, 0), 4)
    smooth -= smooth.min()
    rough = smooth / smooth.max() * 200 + np.random.default_rng(99).normal(20, 8, smooth.shape)
    return np.clip(rough, 1, 254).astype(np.uint8)


def images():
    first, second = shape_of(1), shape_of(2)
    blurred = cv2.GaussianBlur(shape_of(3), (0, 0), 3)
    return {
        "a/1.png": png(first),
        "a/2.tiff": bytes(cv2.imencode(".tiff", first)[1]),  # the same pixels
        "b/1.jpg": bytes(cv2.imencode(".jpg", first, [cv2.IMWRITE_JPEG_QUALITY, 80])[1]),
        "b/2.png": png(cv2.resize(second, (96, 96), interpolation=cv2.INTER_CUBIC)),
        "c/1.png": png(second),
        "c/2 blurred.png": png(blurred),
        "c/3 sharp.png": png(shape_of(3)),
        "d/blank.png": png(np.full((64, 64), 7, np.uint8)),
        "d/blank too.png": png(np.full((64, 64), 7, np.uint8)),
        "d/clipped.png": png((shape_of(4) > 100).astype(np.uint8) * 255),
        "e/ct.dcm": dicom("CT_small.dcm"),
        "e/胸部.png": png(shape_of(5)),
        "f/empty.png": b"",
        "f/text.txt": b"Patient was seen",
    }


REJECTED = {
    "a/2.tiff": (["duplicate"], "a/1.png"),
    "b/1.jpg": (["near duplicate"], "a/1.png"),
    "c/1.png": (["near duplicate"], "b/2.png"),
    "c/2 blurred.png": (["out of focus"], None),
    "d/blank.png": (["blank", "out of focus", "duplicate"], "d/blank too.png"),
    "d/blank too.png": (["blank", "out of focus"], None),
    "d/clipped.png": (["clipped"], None),
}
FAILED = {"f/empty.png": "EmptyFile", "f/text.txt": "UnknownFormat"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return write_tree(tmp_path_factory.mktemp("scans"), images())


def test_each_rule_rejects_what_it_says(job, folder):
    ran = job("clean", *RULES, folder)
    found = results(ran)
    assert set(found) == set(images())
    assert len(ran.lines) == len(found)
    rejected = {
        name: (verdict["reasons"], verdict["duplicate_of"])
        for name, verdict in found.items()
        if not verdict.get("kept", True)
    }
    assert rejected == REJECTED
    assert {name: v["error"] for name, v in found.items() if "error" in v} == FAILED
    image = decode(images()["c/1.png"])
    assert found["c/1.png"]["sharpness"] == sharpness(image)
    assert found["c/1.png"]["contrast"] == rms_contrast(levels_of(image))
    assert ran.status == 1
    assert (
        "7 of 12 images rejected: 2 blank, 1 clipped, 2 duplicate, 2 near duplicate, 3"
        in ran.stderr
    )
    assert "2 of 14 images failed: 1 EmptyFile, 1 UnknownFormat" in ran.stderr


def test_without_options_only_what_tells_nothing_is_rejected(job, folder):
    found = results(job("clean", "--on-error", "skip", folder))
    reasons = {name: verdict["reasons"] for name, verdict in found.items() if verdict["reasons"]}
    assert reasons == {
        "a/2.tiff": ["duplicate"],
        "d/blank.png": ["blank", "duplicate"],
        "d/blank too.png": ["blank"],
    }


def test_a_threshold_of_contrast(job, folder):
    found = results(job("clean", "--min-contrast", "1e6", "--on-error", "skip", folder))
    assert all("blank" in verdict["reasons"] for verdict in found.values())


def test_the_same_bytes_whatever_runs_it(job, folder):
    options = [*RULES, "--output", "rejected", folder]
    several = ["-r", "local", "-D", "mapreduce.job.maps=3", "-D", "mapreduce.job.reduces=2"]
    assert job("clean", *options).lines == job("clean", *several, *options).lines


class TestLists:
    @pytest.fixture(params=["folder", "bundle"])
    def given(self, request, folder, tmp_path):
        if request.param == "folder":
            return folder
        pack(folder, tmp_path / "all.bundle")
        return tmp_path / "all.bundle"

    @pytest.fixture
    def listed(self, job, given):
        return {
            name: job("clean", *RULES, "--output", name, given) for name in ("kept", "rejected")
        }

    def test_every_image_is_in_one_of_them_as_it_was_given(self, listed, given):
        lines = {
            name: [line for line in ran.stdout.splitlines() if is_image_line(line)]
            for name, ran in listed.items()
        }
        names = {key: sorted(parse_line(line).name for line in some) for key, some in lines.items()}
        assert names["rejected"] == sorted([*REJECTED, *FAILED])
        assert names["kept"] == sorted(set(images()) - set(names["rejected"]))
        assert all((b"\t" in line) == (given.suffix == ".bundle") for line in lines["kept"])
        for line in lines["kept"]:
            assert parse_line(line).read() == images()[parse_line(line).name]

    def test_the_reasons_travel_with_the_rejected(self, listed):
        pairs = (line.decode().split("\t") for line in listed["rejected"].lines if b"audit" in line)
        audits = {json.loads(key): json.loads(value)["audit"] for key, value in pairs}
        assert {name: (v["reasons"], v["duplicate_of"]) for name, v in audits.items()} == REJECTED

    def test_the_next_job_reads_them(self, listed, job, tmp_path):
        for name, ran in listed.items():
            (tmp_path / f"{name}.manifest").write_bytes(ran.stdout)
        kept = results(job("edge_density", "kept.manifest"))
        assert set(kept) == set(images()) - {*REJECTED, *FAILED}
        rejected = results(job("edge_density", "rejected.manifest"))
        assert set(rejected) == {*REJECTED, *FAILED}
        assert {name: v["error"] for name, v in rejected.items() if "error" in v} == FAILED
        assert results(job("clean", *RULES, "kept.manifest")).keys() == kept.keys()


def test_a_name_that_a_bundle_holds_twice(job, tmp_path):
    same, other = png(shape_of(1)), png(shape_of(2))
    lines = [bundle_line("a.png", data) for data in (same, other, same, b"", b"")]
    (tmp_path / "twice.bundle").write_bytes(b"".join(lines))
    ran = job("clean", "--near-distance", "4", "twice.bundle")
    verdicts = sorted(str(json.loads(line.split(b"\t")[1]).get("reasons")) for line in ran.lines)
    assert verdicts == ["None", "None", "['duplicate']", "[]", "[]"]
    kept = job("clean", "--near-distance", "4", "--output", "kept", "twice.bundle")
    assert kept.lines == sorted(line.rstrip(b"\n") for line in lines[:2])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--min-contrast", "-1"], "--min-contrast: must be a number, 0 or more"),
        (["--min-sharpness", "nan"], "--min-sharpness: must be a number, 0 or more"),
        (["--max-clipped", "1.5"], "--max-clipped: must be a number from 0 to 1"),
        (["--near-distance", "11"], "--near-distance: must be 0 to 10"),
        (["--output", "all"], "invalid choice"),
    ],
)
def test_what_is_refused_before_an_image_is_read(job, folder, options, message):
    ran = job("clean", *options, folder)
    assert (ran.status, ran.stdout) == (2, b"")
    assert message in ran.stderr
    assert "Traceback" not in ran.stderr


class TestWithoutThePackage:
    @pytest.fixture
    def env(self, tmp_path):
        (tmp_path / "without/imagehash").mkdir(parents=True)
        (tmp_path / "without/imagehash/__init__.py").write_text("raise ImportError('not here')")
        return {"PYTHONPATH": str(tmp_path / "without")}

    def test_near_duplicates_are_refused(self, job, folder, env):
        ran = job("clean", "--near-distance", "4", folder, env=env)
        assert (ran.status, ran.stdout) == (2, b"")
        assert "which is not installed: pip install 'mapreduce-imaging[clean]'" in ran.stderr

    def test_all_else_works(self, job, folder, env):
        assert len(job("clean", folder, env=env).lines) == len(images())
