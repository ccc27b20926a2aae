"""Images in, images out: the job, its chain with other jobs, and what it refuses."""

import json
import os
import sys

import cv2
import numpy as np
import pytest
import yaml

from hdfs_tools.bundles.record import Record, parse_line
from mapreduce_jobs.core.options.transform_options import BORDERS, FORMATS
from mapreduce_jobs.imaging.arrays import frames
from mapreduce_jobs.imaging.decode import decode
from mapreduce_jobs.imaging.description import notes
from mapreduce_jobs.imaging.encode import ENDINGS
from mapreduce_jobs.imaging.formats.file_formats import sniff
from mapreduce_jobs.imaging.pipelines.pipeline import Pipeline
from mapreduce_jobs.imaging.pipelines.registry import OPERATIONS
from tests.support import JOBS, png, run, scan

CHAIN = "scale factor=0.5 | rotate angle=30 | gaussian sigma=1.5 | normalise bits=8"


def records(ran):
    """Return the images of a bundle by name."""
    items = [parse_line(line) for line in ran.stdout.splitlines()]
    return {item.name: item.read() for item in items if isinstance(item, Record)}


def results(ran):
    """Return what is no image, by name: error records, measures."""
    lines = [line.decode() for line in ran.stdout.splitlines() if line.startswith(b'"')]
    return {json.loads(key): json.loads(value) for key, value in (x.split("\t") for x in lines)}


@pytest.fixture(scope="module")
def transformed(good_folder):
    ran = run(sys.executable, JOBS / "image_transform.py", "--ops", CHAIN, good_folder)
    assert ran.status == 0, ran.stderr
    return ran


def test_each_image_becomes_what_the_same_chain_in_python_makes_of_it(transformed, good_images):
    made = records(transformed)
    chain = Pipeline.parse(CHAIN)
    assert len(made) == len(good_images)
    for name, data in good_images.items():
        result = decode(made[name if name.endswith((".tiff", ".tif")) else f"{name}.tiff"])
        expected = chain(decode(data))
        assert result.pixels.dtype == np.uint8
        np.testing.assert_array_equal(result.pixels, expected.pixels)


def test_the_same_bytes_whatever_runs_it(job, transformed, good_folder):
    tasks = ["-r", "local", "-D", "mapreduce.job.maps=7"]
    ran = job("image_transform", *tasks, "--ops", CHAIN, good_folder)
    assert ran.lines == transformed.lines


def test_what_it_makes_is_read_by_the_other_jobs(job, transformed, tmp_path):
    bundle = tmp_path / "small.bundle"
    bundle.write_bytes(transformed.stdout)
    inline = job("image_histogram", bundle)
    local = job("image_histogram", "-r", "local", "-D", "mapreduce.job.maps=5", bundle)
    assert (inline.status, local.status) == (0, 0), inline.stderr
    assert inline.lines == local.lines
    assert len(inline.lines) == len(transformed.lines)


def test_a_folder_of_results_is_a_bundle_in_parts(job, transformed, good_folder, tmp_path):
    job("image_transform", "-r", "local", "--ops", CHAIN, "-o", tmp_path / "out", good_folder)
    again = job("image_histogram", tmp_path / "out")
    (tmp_path / "small.bundle").write_bytes(transformed.stdout)
    assert again.lines == job("image_histogram", tmp_path / "small.bundle").lines


@pytest.fixture(scope="module")
def inverted(collection):
    return run(sys.executable, JOBS / "image_transform.py", "--ops", "invert", collection)


class TestBadImages:
    def test_every_image_is_in_the_result_once(self, inverted, collection):
        given = sum(len(files) for _, _, files in os.walk(collection)) + 1  # the link to a folder
        assert len(inverted.lines) == given == len(records(inverted)) + len(results(inverted))
        assert inverted.status == 1
        assert f"{len(results(inverted))} of {given} images failed" in inverted.stderr
        assert "Traceback" not in inverted.stderr

    def test_the_next_job_says_the_same_of_them(self, inverted, job, tmp_path):
        (tmp_path / "made.bundle").write_bytes(inverted.stdout)
        failed = results(inverted)
        for options in ([], ["-r", "local"]):
            again = job("edge_density", *options, tmp_path / "made.bundle")
            found = results(again)
            assert {key: value for key, value in found.items() if "error" in value} == failed
            assert len(found) == len(inverted.lines)

    def test_unpack_names_them_and_writes_the_others(self, inverted, command, tmp_path):
        (tmp_path / "made.bundle").write_bytes(inverted.stdout)
        unpacked = command(
            sys.executable, "-m", "hdfs_tools", "unpack", "made.bundle", "out", cwd=tmp_path
        )
        assert unpacked.status == 1
        assert "broken/empty.png" in unpacked.stderr
        made = {
            os.path.relpath(os.path.join(folder, name), tmp_path / "out")
            for folder, _, names in os.walk(tmp_path / "out")
            for name in names
        }
        assert made == set(records(inverted))


class TestFormats:
    @pytest.fixture
    def folder(self, tmp_path, tree):
        return tree(
            tmp_path / "scans",
            {"a/8.png": png(scan(1)), "a/16.png": png(scan(2, dtype=np.uint16)), "b": png(scan(3))},
        )

    @pytest.mark.parametrize("kind", ["tiff", "png", "jp2"])
    def test_lossless_ones_keep_every_value(self, job, folder, kind):
        ran = job("image_transform", "--format", kind, folder)
        made = records(ran)
        ending = ENDINGS[kind][0]
        original = {"a/8.png": 1, "a/16.png": 2, "b": 3}
        for name, seed in original.items():
            made_name = name if name.endswith(ending) else name + ending
            expected = scan(seed, dtype=np.uint16 if seed == 2 else np.uint8)
            np.testing.assert_array_equal(decode(made[made_name]).pixels[0], expected)

    def test_quality_and_bytes(self, job, folder):
        good, poor = (
            job(
                "image_transform", "--ops", "normalise bits=8", "--format", "jpeg", *quality, folder
            )
            for quality in ([], ["--quality", "20"])
        )
        assert {sniff(data) for data in records(good).values()} == {"JPEG"}
        sizes = [sum(map(len, records(ran).values())) for ran in (good, poor)]
        assert sizes[1] < sizes[0] / 2
        read = sum(len(png(scan(n, dtype=t))) for n, t in ((1, "u1"), (2, "u2"), (3, "u1")))
        assert f"{read:,} bytes of images read, {sizes[0]:,} written as jpeg" in good.stderr

    def test_what_a_format_cannot_hold_is_an_error_of_that_image(self, job, folder):
        ran = job("image_transform", "--format", "webp", "--lossless", folder)
        assert set(records(ran)) == {"a/8.png.webp", "b.webp"}
        assert results(ran)["a/16.png"]["error"] == "CannotHold"
        assert "normalise bits=8" in results(ran)["a/16.png"]["message"]

    def test_what_it_can_never_hold_is_known_before(self, job, folder):
        ran = job("image_transform", "--ops", "normalise method=zscore", "--format", "png", folder)
        assert (ran.status, ran.stdout) == (2, b"")
        assert "--format png: " in ran.stderr

    def test_what_operations_found_travels_with_the_image(self, job, folder):
        ran = job("image_transform", "--ops", "threshold method=otsu", "--format", "png", folder)
        assert all(notes(data)["threshold"] > 0 for data in records(ran).values())


class TestOperationsFromAFile:
    STEPS = ({"scale": {"factor": 0.5}}, "median size=3", {"convolve": {"kernel": [[0, 1, 0]]}})
    TEXT = "scale factor=0.5 | median size=3 | convolve kernel=0,1,0"

    @pytest.mark.parametrize(
        ("write", "runner"), [(yaml.safe_dump, "inline"), (json.dumps, "local")]
    )
    def test_give_what_the_text_gives(self, job, good_folder, tmp_path, write, runner):
        (tmp_path / "my ops.yaml").write_text(write(list(self.STEPS)))
        ran = job("image_transform", "-r", runner, "--ops-file", "my ops.yaml", good_folder)
        assert ran.lines == job("image_transform", "--ops", self.TEXT, good_folder).lines

    def test_that_is_not_there(self, job, good_folder):
        ran = job("image_transform", "--ops-file", "nowhere.yaml", good_folder)
        assert (ran.status, ran.stdout) == (2, b"")
        assert "nowhere.yaml: No such file or directory" in ran.stderr


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--ops", "gausian sigma=1"], "--ops: gausian: no such operation: did you mean gaussian"),
        (["--ops", "canny low=200 high=100"], "--ops: canny: "),
        (["--ops", "gaussian sigma=0"], "--ops: gaussian: sigma=0: must be a number above 0"),
        (["--ops", "invert", "--ops-file", "x"], "--ops-file: does not go with --ops"),
        (["--quality", "50"], "quality"),
        (["--format", "jpeg", "--quality", "101"], "quality"),
        (["--format", "jpeg", "--lossless"], "lossless"),
        (["--fuse", "mean"], "--fuse: needs --match"),
        (["--stack", "--fuse", "mean", "--match", "(.*)"], "--stack: does not go with --fuse"),
        (["--stack", "--match", "(.*)"], "--match: needs --fuse"),
        (["--stack", "--format", "png"], "--stack: needs --format tiff"),
        (["--match", "(x)"], "--match: needs --fuse"),
        (["--register", "rigid"], "--register: needs --fuse"),
        (["--fuse", "mean", "--match", "("], "--match: (: "),
        (["--fuse", "mean", "--match", "x"], "--match: x: has no group"),
    ],
)
def test_what_is_refused_before_an_image_is_read(job, good_folder, options, message):
    ran = job("image_transform", *options, good_folder)
    assert (ran.status, ran.stdout) == (2, b"")
    assert message in ran.stderr
    assert "Traceback" not in ran.stderr


@pytest.mark.parametrize(
    ("package", "options", "extra"),
    [
        ("skimage", ["--ops", "denoise"], "denoise"),
        ("SimpleITK", ["--fuse", "mean", "--match", "(.*)", "--register", "rigid"], "registration"),
    ],
)
def test_a_package_that_is_missing_is_named_before_an_image_is_read(
    job, good_folder, tmp_path, package, options, extra
):
    (tmp_path / "without" / package).mkdir(parents=True)
    (tmp_path / "without" / package / "__init__.py").write_text("raise ImportError('not here')")
    ran = job("image_transform", *options, good_folder, env={"PYTHONPATH": tmp_path / "without"})
    assert (ran.status, ran.stdout) == (2, b"")
    assert f"which is not installed: pip install 'mapreduce-imaging[{extra}]'" in ran.stderr


def test_a_border_for_all_operations(job, good_folder):
    ran = job("image_transform", "--ops", "mean size=9", "--border", "wrap", good_folder)
    assert (
        ran.lines == job("image_transform", "--ops", "mean size=9 border=wrap", good_folder).lines
    )


def test_the_list_of_operations(job):
    ran = job("image_transform", "--list-ops")
    assert (ran.status, ran.stderr) == (0, "")
    shown = ran.stdout.decode()
    for operation in OPERATIONS.values():
        assert f"  {operation.name}: " in shown
        for parameter in operation.parameters:
            assert f"      {parameter}=" in shown


def test_what_the_options_name_is_what_there_is():
    assert set(FORMATS) == set(ENDINGS)
    assert set(BORDERS) == set(frames.BORDERS)


class TestFusion:
    """Images of two modalities, or of two exposures, into one."""

    MATCH = r"^(.*)-(?:ct|mr)\.png$"

    @pytest.fixture
    def folder(self, tmp_path, tree):
        first, second = scan(1), scan(2)
        return tree(
            tmp_path / "pairs",
            {
                "p1/1-ct.png": png(first),
                "p1/1-mr.png": png(second),
                "p2/1-ct.png": png(second),
                "p2/1-mr.png": png(np.roll(second, (2, -3), (0, 1))),
                "p3/1-ct.png": png(first),
                "p4/1-ct.png": png(first),
                "p4/1-mr.png": png(scan(3, (20, 20))),
                "notes.txt": b"Patient was seen",
                "other.png": png(first),
            },
        )

    def fused(self, job, folder, *options):
        return job("image_transform", "--fuse", "mean", "--match", self.MATCH, *options, folder)

    def test_of_images_of_the_same_key(self, job, folder):
        ran = self.fused(job, folder)
        made = records(ran)
        mean = np.rint((scan(1).astype(float) + scan(2)) / 2)
        np.testing.assert_array_equal(decode(made["p1/1.tiff"]).pixels[0], mean)
        assert notes(made["p1/1.tiff"])["fused"] == ["p1/1-ct.png", "p1/1-mr.png"]

    def test_images_without_a_partner_are_results(self, job, folder):
        ran = self.fused(job, folder)
        kinds = {name: error["error"] for name, error in results(ran).items()}
        assert kinds == {
            "p3/1-ct.png": "NoPartner",
            "other.png": "NoPartner",
            "notes.txt": "UnknownFormat",
            "p4/1-ct.png": "UnsuitableImage",
            "p4/1-mr.png": "UnsuitableImage",
        }
        assert ran.status == 1
        assert "5 of 9 images failed: 2 NoPartner, 1 UnknownFormat, 2 Unsuitable" in ran.stderr

    def test_whatever_the_tasks(self, job, folder):
        expected = self.fused(job, folder).lines
        for maps, reduces in ((1, 1), (7, 3)):
            told = [f"mapreduce.job.maps={maps}", f"mapreduce.job.reduces={reduces}"]
            ran = self.fused(job, folder, "-r", "local", "-D", told[0], "-D", told[1])
            assert ran.lines == expected

    def test_aligned_first(self, job, folder):
        made = records(self.fused(job, folder, "--register", "translation"))
        data = made["p2/1.tiff"]
        (found,) = notes(data)["registered"]
        matrix = np.array(found["matrix"])
        np.testing.assert_allclose(matrix, [[1, 0, -3], [0, 1, 2]], atol=0.2)
        middle = np.s_[8:-8, 8:-8]
        difference = decode(data).pixels[0][middle].astype(float) - scan(2)[middle]
        assert np.abs(difference).mean() < 8

    def test_operations_come_before(self, job, folder):
        ran = self.fused(job, folder, "--ops", "invert", "--format", "png")
        mean = np.rint((510 - scan(1).astype(float) - scan(2)) / 2)
        made = cv2.imdecode(np.frombuffer(records(ran)["p1/1.png"], np.uint8), -1)
        np.testing.assert_array_equal(made, mean)


def test_however_images_are_named_their_bundle_can_be_unpacked(job, command, tree, tmp_path):
    names = ["a.png", "b/x.png", "c/x.png", "d.png", "e.png", "in/f.png"]
    tree(tmp_path, {name: png(scan(n)) for n, name in enumerate(names)})
    (tmp_path / "in/list.txt").write_text(f"f.png\n../d.png\n{tmp_path}/e.png\n")
    inputs = ["../a.png", f"{tmp_path}/?/x.png", "list.txt"]
    ran = job("image_transform", "--ops", "invert", "--format", "png", *inputs, cwd=tmp_path / "in")
    assert ran.status == 0, ran.stderr
    here = str(tmp_path)[1:]
    expected = ["a.png", "d.png", "f.png", *(f"{here}/{name}" for name in names[1:3])]
    assert sorted(records(ran)) == sorted([*expected, f"{here}/e.png"])
    (tmp_path / "out.bundle").write_bytes(ran.stdout)
    unpacked = command(
        sys.executable, "-m", "hdfs_tools", "unpack", "out.bundle", "o", cwd=tmp_path
    )
    assert unpacked.status == 0, unpacked.stderr
    assert (tmp_path / "o" / here / "e.png").is_file()
