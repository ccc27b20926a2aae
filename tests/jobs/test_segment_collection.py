"""Classes over a collection: beside scikit-learn's k-means, whatever the tasks, and what fails."""

import json

import cv2
import numpy as np
import pytest
from sklearn.cluster import KMeans

from hdfs_tools.bundles.record import Record, parse_line
from mapreduce_jobs.core.job_errors import JobError, UsageError
from mapreduce_jobs.imaging.decode import decode
from mapreduce_jobs.imaging.description import notes
from mapreduce_jobs.imaging.image import Image
from mapreduce_jobs.imaging.measures.collection_classes import GreyCounts
from mapreduce_jobs.segment_collection import SegmentCollection
from tests.support import dicom, png, scan

GREY = {f"{n}.png": scan(n, (40, 50)) for n in range(5)}
DEEP = {f"{n}.png": scan(n, (40, 50), np.uint16) for n in range(3)}


def colours(seed):
    rng = np.random.default_rng(seed)
    centres = np.array([[20, 30, 200], [200, 60, 40], [90, 180, 90], [240, 240, 230]])
    chosen = centres[rng.integers(0, 4, (30, 40))]
    return np.clip(chosen + rng.normal(0, 9, chosen.shape), 0, 255).astype(np.uint8)


@pytest.fixture
def write(tree, tmp_path):
    """Write images into a folder."""

    def written(images):
        return tree(tmp_path / "scans", {name: png(pixels) for name, pixels in images.items()})

    return written


def results(ran):
    """Return what is no image, by name."""
    lines = [line.decode() for line in ran.stdout.splitlines() if line.startswith(b'"')]
    return {json.loads(key): json.loads(value) for key, value in (x.split("\t") for x in lines)}


def records(ran):
    """Return the images of a bundle by name."""
    items = [parse_line(line) for line in ran.stdout.splitlines()]
    return {item.name: item.read() for item in items if isinstance(item, Record)}


def converged(found, pixels):
    """Run scikit-learn's k-means from the means that were found."""
    start = np.array(found["means"], float).reshape(found["k"], -1)
    return KMeans(found["k"], init=start, n_init=1, tol=0, algorithm="lloyd").fit(pixels)


class TestGrey:
    @pytest.mark.parametrize("images", [GREY, DEEP], ids=["8 bits", "16 bits"])
    def test_it_is_where_k_means_of_all_pixels_stays(self, job, write, images):
        ran = job("segment_collection", "--k", 3, write(images))
        assert (ran.status, ran.stderr) == (0, "")
        found = results(ran)["classes"]
        pixels = np.concatenate([levels.reshape(-1, 1) for levels in images.values()])
        theirs = converged(found, pixels.astype(np.float64))
        assert found["converged"]
        assert (found["images"], found["pixels"]) == (len(images), len(pixels))
        np.testing.assert_allclose(found["means"], theirs.cluster_centers_[:, 0], rtol=1e-9)
        assert found["inertia"] == pytest.approx(theirs.inertia_, rel=1e-9)
        assert found["sizes"] == np.bincount(theirs.labels_).tolist()

    def test_whatever_the_tasks(self, job, write):
        folder = write(GREY)
        expected = job("segment_collection", "--k", 3, folder).stdout
        tasks = ["-r", "local", "-D", "mapreduce.job.maps=5"]
        ran = job("segment_collection", "--k", 3, *tasks, folder)
        assert (ran.status, ran.stdout) == (0, expected)

    def test_too_few_rounds_are_told(self, job, write):
        ran = job("segment_collection", "--k", 4, "--iterations", 1, write(GREY))
        found = results(ran)["classes"]
        assert (found["rounds"], found["converged"]) == (1, False)

    def test_colour_becomes_luma_and_error_records_stay(self, job, write, tree, tmp_path):
        folder = write({"colour.png": colours(1)})
        tree(folder, {"text.png": b"The patient was seen"})
        ran = job("segment_collection", "--k", 2, folder)
        found = results(ran)
        luma = cv2.cvtColor(colours(1), cv2.COLOR_BGR2GRAY).reshape(-1, 1).astype(float)
        theirs = converged(found["classes"], luma)
        np.testing.assert_allclose(found["classes"]["means"], theirs.cluster_centers_[:, 0], 1e-9)
        assert found["text.png"]["error"] == "UnknownFormat"
        assert ran.status == 1

    def test_what_goes_between_tasks_does_not_grow_with_pixels(self):
        lengths = []
        for side in (256, 512):
            counts = GreyCounts()
            levels = np.tile(np.arange(256, dtype=np.uint8), (side, side // 256))
            counts.add(Image(levels[None], 8))
            lengths.append(len(json.dumps(counts.to_json())))
        assert lengths[1] - lengths[0] <= 256  # a digit more a count


class TestColours:
    def test_means_are_near_those_of_all_pixels(self, job, write):
        images = {f"{n}.png": colours(n) for n in range(3)}
        found = results(job("segment_collection", "--k", 4, "--model", "rgb", write(images)))
        found = found["classes"]
        pixels = np.concatenate([c[..., ::-1].reshape(-1, 3) for c in images.values()])
        theirs = converged(found, pixels.astype(np.float64))
        np.testing.assert_allclose(found["means"], theirs.cluster_centers_, atol=0.5)
        assert found["inertia"] == pytest.approx(theirs.inertia_, rel=1e-3)
        assert found["inertia"] >= theirs.inertia_  # of whole cells: never better
        assert found["converged"]

    def test_whatever_the_tasks(self, job, write):
        folder = write({f"{n}.png": colours(n) for n in range(5)})
        options = ["--k", 4, "--model", "rgb", "--seed", 3, folder]
        expected = job("segment_collection", *options).stdout
        assert b'"converged": true' in expected
        ran = job("segment_collection", "-r", "local", "-D", "mapreduce.job.maps=3", *options)
        assert ran.stdout == expected

    @pytest.mark.parametrize(
        ("pixels", "sentence"),
        [
            (scan(1), "it is grey, and colours are looked at"),
            (colours(1).astype(np.uint16), "its channels are uint16, and colours are of 8 bits"),
        ],
    )
    def test_other_images_are_errors(self, job, write, pixels, sentence):
        ran = job("segment_collection", "--k", 2, "--model", "rgb", write({"a.png": pixels}))
        assert results(ran)["a.png"]["message"].startswith(sentence)
        assert ran.status == 1


class TestExactColours:
    """Rounds over the pixels themselves: only sums of classes go between tasks."""

    OPTIONS = ("--k", 4, "--model", "rgb", "--exact")

    def test_it_is_where_k_means_of_all_pixels_stays(self, job, write):
        images = {f"{n}.png": colours(n) for n in range(3)}
        ran = job("segment_collection", *self.OPTIONS, write(images))
        assert (ran.status, ran.stderr) == (0, "")
        found = results(ran)["classes"]
        pixels = np.concatenate([c[..., ::-1].reshape(-1, 3) for c in images.values()])
        theirs = converged(found, pixels.astype(np.float64))
        np.testing.assert_allclose(found["means"], theirs.cluster_centers_, rtol=1e-9)
        assert found["inertia"] == pytest.approx(theirs.inertia_, rel=1e-9)
        assert found["sizes"] == np.bincount(theirs.labels_).tolist()
        assert found["converged"]
        assert 1 <= found["rounds"] < 100

    def test_whatever_the_tasks(self, job, write):
        folder = write({f"{n}.png": colours(n) for n in range(5)})
        expected = job("segment_collection", *self.OPTIONS, folder).stdout
        ran = job("segment_collection", "-r", "local", *self.OPTIONS, folder)
        assert (ran.status, ran.stdout) == (0, expected)

    def test_too_few_rounds_are_told(self, job, write):
        rng = np.random.default_rng(5)
        images = {"a.png": rng.integers(0, 256, (50, 50, 3), np.uint8)}
        ran = job("segment_collection", *self.OPTIONS, "--iterations", 1, write(images))
        found = results(ran)["classes"]
        assert (found["rounds"], found["converged"]) == (1, False)

    def test_images_that_fail_are_told_once(self, job, write, tree):
        folder = write({"a.png": colours(1), "grey.png": scan(1)})
        tree(folder, {"text.png": b"The patient was seen"})
        ran = job("segment_collection", *self.OPTIONS, folder)
        assert ran.status == 1
        assert set(results(ran)) == {"classes", "grey.png", "text.png"}
        assert ran.stderr == "2 of 3 images failed: 1 UnknownFormat, 1 UnsuitableImage\n"

    def test_nothing_to_learn_from(self, job, write, tmp_path):
        folder = write({"a.png": np.zeros((4, 4, 3), np.uint8)})
        ran = job("segment_collection", *self.OPTIONS, folder)
        assert (ran.status, "nothing is learnt" in ran.stderr) == (1, True)
        (tmp_path / "empty").mkdir()
        ran = job("segment_collection", *self.OPTIONS, "empty")
        assert (ran.status, ran.stdout, ran.stderr) == (0, b"", "no images in the input\n")

    def test_an_image_of_the_name_of_the_result(self, job, write, tree):
        folder = write({f"{n}.png": colours(n) for n in range(3)})
        expected = results(job("segment_collection", *self.OPTIONS, folder))["classes"]
        tree(folder, {"classes": b"no image"})
        ran = job("segment_collection", *self.OPTIONS, folder)
        lines = [line.split(b"\t")[1] for line in ran.lines if line.startswith(b'"classes"\t')]
        assert expected in [json.loads(line) for line in lines]
        assert expected["exact"]

    def test_images_that_go_away(self, job, write, monkeypatch):
        folder = write({"a.png": colours(1)})
        segment = SegmentCollection([*map(str, self.OPTIONS), str(folder)])
        look = segment._look
        monkeypatch.setattr(segment, "_look", lambda what: look(what) if what == "means" else None)
        with pytest.raises(JobError, match="--exact: one more look found no images any more"):
            segment.prepare()

    def test_earlier_results_cannot_be_looked_at_again(self, job, write):
        ran = job("segment_collection", *self.OPTIONS, "--keep-sums", write({"a.png": colours(1)}))
        assert (ran.status, ran.stdout) == (2, b"")
        assert "--keep-sums: goes without --exact, which looks at all images again" in ran.stderr


class TestLabels:
    def test_by_what_was_found(self, job, write, tmp_path):
        folder = write(GREY)
        found = job("segment_collection", "--k", 3, folder)
        (tmp_path / "classes.json").write_bytes(found.stdout)
        classes = results(found)["classes"]
        ran = job("segment_collection", "--means", "classes.json", folder)
        made = records(ran)
        assert sorted(made) == [f"{name}.tiff" for name in sorted(GREY)]
        sizes = np.zeros(3, int)
        for name, levels in GREY.items():
            labels = decode(made[f"{name}.tiff"]).pixels[0]
            away = np.abs(levels[..., None].astype(float) - classes["means"])
            np.testing.assert_array_equal(labels, away.argmin(axis=-1))
            sizes += notes(made[f"{name}.tiff"])["classify"]["sizes"]
        assert sizes.tolist() == classes["sizes"]
        local = job("segment_collection", "-r", "local", "--means", "classes.json", folder)
        assert local.lines == ran.lines

    def test_by_means_that_are_given(self, job, write):
        folder = write(GREY)
        ran = job("segment_collection", "--means=-20;90;200", "--show", "means", folder)
        same = job("image_transform", "--ops", "classify means=-20;90;200", folder)
        assert ran.lines == same.lines

    def test_of_hounsfield_units_if_they_were_learnt_on_these(self, job, tree, tmp_path):
        folder = tree(tmp_path / "ct", {"ct.dcm": dicom("CT_small.dcm")})
        found = job("segment_collection", "--k", 2, "--values", "modality", folder)
        (tmp_path / "classes.json").write_bytes(found.stdout)
        classes = results(found)["classes"]
        assert classes["means"][0] < -500 < classes["means"][1]
        for runner in ("inline", "local"):
            ran = job("segment_collection", "-r", runner, "--means", "classes.json", folder)
            sizes = notes(records(ran)["ct.dcm.tiff"])["classify"]["sizes"]
            assert sizes == classes["sizes"]
        ran = job("segment_collection", "--means", "classes.json", "--values", "display", folder)
        assert ran.status == 2
        assert "--values: the means are of --values modality" in ran.stderr


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ([], "--k to find classes, or --means to label by them: one is needed"),
        (["--k", "2", "--means", "1;2"], "--k to find classes, or --means"),
        (["--k", "0"], "--k: must be from 1 to 256"),
        (["--k", "257"], "--k: must be from 1 to 256"),
        (["--k", "2", "--seed", "-1"], "--seed: must be 0 or more"),
        (["--k", "2", "--iterations", "0"], "--iterations: must be 1 or more"),
        (["--k", "2", "--show", "means"], "--show: goes with --means"),
        (["--means", "1;2", "--seed", "1"], "--seed: is for finding classes, and goes with --k"),
        (["--k", "2", "--exact"], "--exact: goes with --model rgb"),
        (["--k", "2", "--model", "rgb", "--exact", "-"], "--exact: looks at all images several"),
        (
            ["--k", "2", "--model", "rgb", "--exact", "-o", "x"],
            "--exact: writes to standard",
        ),
        (["--k", "2", "--model", "rgb", "--exact", "/dev/stdin"], "and it is no file"),
        (["--means", "1;2", "--exact"], "--exact: is for finding classes, and goes with --k"),
        (["--means", "1;2,3"], "--means: "),
        (["--means", "gone.json"], "--means: gone.json: neither numbers, as in '10;80;200', nor"),
    ],
)
def test_what_is_refused_before_an_image_is_read(options, sentence):
    with pytest.raises((ValueError, UsageError)) as error:
        SegmentCollection([*options, "a.png"])
    assert sentence in str(error.value)


def test_a_file_that_holds_no_classes(job, write, tmp_path):
    (tmp_path / "other.json").write_text('"a.png"\t{"images": 1}\n')
    ran = job("segment_collection", "--means", "other.json", write({"a.png": scan(1)}))
    assert ran.status == 2
    assert "other.json: holds no classes: give what this job wrote with --k" in ran.stderr


def test_fewer_levels_than_classes(job, write):
    folder = write({"a.png": np.array([[0, 7], [7, 255]], np.uint8)})
    ran = job("segment_collection", "--k", 4, folder)
    sentence = "there are 3 different grey levels, fewer than 4 classes"
    assert results(ran) == {"classes": {"error": "CannotLearn", "message": sentence}}
    assert (ran.status, ran.stderr) == (1, f"nothing is learnt: {sentence}\n")


def test_no_images(job, tmp_path):
    (tmp_path / "empty").mkdir()
    ran = job("segment_collection", "--k", 2, "empty")
    assert (ran.status, ran.stdout, ran.stderr) == (0, b"", "no images in the input\n")
