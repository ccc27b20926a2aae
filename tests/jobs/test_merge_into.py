"""A collection that grows: batches merged into an earlier result are one run over all."""

import json
import shutil
import sys

import numpy as np
import pytest

from tests.support import JOBS, png, results, run, scan, write_tree

GROUPED = [
    ("image_histogram", ["--group-by", "modality", "--bins", "16"]),
    ("edge_density", ["--group-by", "folder", "--threshold", "50"]),
    ("collection_profile", []),
    ("collection_profile", ["--group-by", "folder"]),
    ("segment_collection", ["--k", "3"]),
    ("segment_collection", ["--k", "3", "--model", "rgb"]),
    ("clean", ["--min-contrast", "1"]),
    ("clean", ["--near-distance", "4"]),
    ("word_count", []),
]


def of(name, *arguments, **kwargs):
    return run(sys.executable, JOBS / f"{name}.py", *arguments, **kwargs)


def keep(name):
    return [] if name == "word_count" else ["--keep-sums"]


@pytest.fixture(scope="module")
def whole(tmp_path_factory, good_images, broken_images):
    """A collection: good images, some twice, and broken ones."""
    files = good_images | {f"broken/{name}": data for name, data in broken_images.items()}
    files |= {f"again/{name}": data for name, data in list(good_images.items())[::4]}
    files |= {"flat/one.png": png(np.full((9, 9), 7, np.uint8))}
    return write_tree(tmp_path_factory.mktemp("whole"), files)


@pytest.fixture(scope="module")
def batches(tmp_path_factory, whole):
    """The same images in three folders, each with the names that they have in the whole."""
    folder = tmp_path_factory.mktemp("batches")
    files = sorted(path for path in whole.rglob("*") if path.is_file())
    for number, path in enumerate(files):
        batch = folder / str(number % 3)
        to = batch / path.relative_to(whole)
        to.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, to)
    return sorted(folder.iterdir())


@pytest.mark.parametrize(("name", "options"), GROUPED)
def test_batches_are_one_run_over_all(whole, batches, tmp_path, name, options):
    expected = of(name, *keep(name), *options, whole)
    assert expected.status in (0, 1)
    so_far = keep(name)
    result = tmp_path / "result.txt"
    tasks = ["-D", "mapreduce.job.maps=3", "-D", "mapreduce.job.reduces=2"]
    for batch in reversed(batches):
        ran = of(name, *tasks, *options, *so_far, batch)
        assert ran.status in (0, 1)
        assert "Traceback" not in ran.stderr
        result.write_bytes(ran.stdout)
        so_far = ["--merge-into", result]
    assert ran.lines == expected.lines


@pytest.mark.parametrize(("name", "options"), GROUPED[1:6:2])
def test_results_are_the_same_with_sums_beside_them(whole, name, options):
    plain = results(of(name, *options, whole))
    kept = results(of(name, *options, *keep(name), whole))
    assert kept != plain
    for value in kept.values():
        value.pop("sums", None)
    assert kept == plain


def test_an_earlier_result_may_be_a_folder_of_parts(whole, batches, tmp_path):
    first, second, third = batches
    words = ["--group-by", "folder", "-r", "local", "-D", "mapreduce.job.reduces=3"]
    of("edge_density", *words, "--keep-sums", "-o", tmp_path / "parts", first)
    assert len(list((tmp_path / "parts").glob("part-*"))) > 1
    ran = of("edge_density", *words, "--merge-into", tmp_path / "parts", second, third)
    assert ran.lines == of("edge_density", *words, "--keep-sums", whole).lines


def test_a_result_stays_as_it_is_and_nothing_new_is_nothing_new(batches, tmp_path):
    words = ["--group-by", "all"]
    (tmp_path / "nothing").mkdir()
    result = tmp_path / "result.txt"
    result.write_bytes(of("edge_density", *words, "--keep-sums", batches[0]).stdout)
    ran = of("edge_density", *words, "--merge-into", result, tmp_path / "nothing")
    assert (ran.status, ran.stderr) == (0, "no images in the input\n")
    assert ran.lines == sorted(result.read_bytes().splitlines())


class TestTables:
    ROWS = tuple(f"p{n},{n % 7 / 3},{n % 5},{n % 3 + n / 9}\n" for n in range(60))
    HEAD = "name,x,z,y\n"

    @pytest.mark.parametrize(
        ("name", "options"),
        [
            ("linear_regression", ["--features", "x,z", "--target", "y"]),
            ("linear_regression", ["--features", "x", "--target", "y", "--ridge", "0.5"]),
            ("aggregate", ["--fields", "x,y", "--by", "z", "--weight", "y"]),
            ("aggregate", ["--fields", "x", "--histogram", "0", "9", "4", "--match", "p(.)"]),
        ],
    )
    def test_rows_in_batches(self, tmp_path, name, options):
        bad = "bad,x,0,1\n"
        table = tmp_path / "all.csv"
        table.write_text(self.HEAD + "".join(self.ROWS) + bad)
        expected = of(name, "--keep-sums", *options, table)
        assert expected.status == 1
        so_far = ["--keep-sums"]
        for number, start in enumerate((0, 1, 30)):  # of one row there is no regression yet
            stop = (1, 30, 60)[number]
            table.write_text(self.HEAD + "".join(self.ROWS[start:stop]) + bad * (start == 1))
            ran = of(name, *options, *so_far, table)
            result = tmp_path / f"{number}.txt"
            result.write_bytes(ran.stdout)
            so_far = ["--merge-into", result]
        assert ran.lines == expected.lines

    def test_a_ridge_may_be_chosen_when_the_sums_are_there(self, tmp_path):
        table, result = tmp_path / "t.csv", tmp_path / "result.txt"
        table.write_text(self.HEAD + "".join(self.ROWS))
        words = ["--features", "x", "--target", "y"]
        result.write_bytes(of("linear_regression", *words, "--keep-sums", table).stdout)
        ridge = ["--ridge", "2"]
        found = of("linear_regression", *words, *ridge, "--merge-into", result, stdin=b"")
        assert found.lines == of("linear_regression", *words, *ridge, "--keep-sums", table).lines


class TestModels:
    @pytest.fixture
    def labelled(self, tmp_path):
        files = {f"{kind}/{n}.png": png(scan(n, (32, 24 + 8 * (kind == "wide")))) for n in range(6)
                 for kind in ("wide", "narrow")}  # fmt: skip
        return write_tree(tmp_path / "labelled", files)

    def test_a_model_goes_on_learning(self, labelled, tmp_path):
        words = ["--labels", "folder", "--features", "moments,histogram"]
        expected = of("recognise", *words, "--keep-sums", labelled)
        model = tmp_path / "model.txt"
        first, second = tmp_path / "first", tmp_path / "second"
        for path in sorted(labelled.rglob("*.png")):
            to = (second if path.stem in "45" else first) / path.relative_to(labelled)
            to.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, to)
        model.write_bytes(of("recognise", *words, "--keep-sums", first).stdout)
        ran = of("recognise", *words, "--merge-into", model, second, "-r", "local")
        assert (ran.status, ran.stderr) == (0, "")
        assert ran.lines == expected.lines
        model.write_bytes(ran.stdout)
        told = of("recognise", "--model", model, labelled)  # which sums do not disturb
        assert (told.status, len(told.lines)) == (0, 12)

    def test_where_nothing_was_learnt_yet(self, labelled, tmp_path):
        """A class with one image has no variance; with the next batch it has."""
        words = ["--labels", "folder", "--features", "moments"]
        one, result = tmp_path / "one", tmp_path / "result.txt"
        for kind in ("wide", "narrow"):
            (one / kind).mkdir(parents=True)
            (labelled / kind / "0.png").rename(one / kind / "0.png")
        ran = of("recognise", *words, "--keep-sums", one)
        assert ran.status == 1
        assert "nothing is learnt" in ran.stderr
        result.write_bytes(ran.stdout)
        learnt = of("recognise", *words, "--merge-into", result, labelled)
        assert (learnt.status, learnt.stderr) == (0, "")
        shutil.copytree(labelled, one, dirs_exist_ok=True)
        assert learnt.lines == of("recognise", *words, "--keep-sums", one).lines

    def test_classes_of_pixels_may_be_more_when_the_counts_are_there(self, labelled, tmp_path):
        result = tmp_path / "result.txt"
        result.write_bytes(of("segment_collection", "--k", "2", "--keep-sums", labelled).stdout)
        more = of("segment_collection", "--k", "4", "--merge-into", result, stdin=b"")
        assert more.lines == of("segment_collection", "--k", "4", "--keep-sums", labelled).lines


class TestRefusals:
    @pytest.fixture
    def earlier(self, tmp_path, batches):
        words = ["--group-by", "all", "--keep-sums"]
        path = tmp_path / "earlier.txt"
        path.write_bytes(of("edge_density", *words, batches[0]).stdout)
        return path

    def refused(self, name, *arguments, **kwargs):
        ran = of(name, *arguments, **kwargs)
        assert (ran.status, ran.stdout) == (2, b"")
        assert "Traceback" not in ran.stderr
        return ran.stderr

    def test_other_options(self, earlier, batches):
        words = ["--merge-into", earlier, batches[1]]
        said = self.refused("edge_density", "--group-by", "all", "--threshold", "9", *words)
        assert "with --threshold 100.0, and this run is with --threshold 9.0" in said
        assert f"{earlier}, line 1" in said
        said = self.refused("edge_density", "--group-by", "folder", *words)
        assert "with --group-by all, and this run is with --group-by folder" in said
        said = self.refused(
            "edge_density", "--group-by", "all", "--where", "Modality == 'CT'", *words
        )
        assert "without --where, and this run is with --where Modality == 'CT'" in said

    def test_another_job(self, earlier, batches):
        said = self.refused("collection_profile", "--merge-into", earlier, batches[1])
        assert "is a result of edge_density" in said
        said = self.refused("word_count", "--merge-into", earlier, batches[1])
        assert "is no result of this job" in said

    def test_a_result_without_sums(self, tmp_path, batches):
        path = tmp_path / "plain.txt"
        words = ["--group-by", "all"]
        path.write_bytes(of("edge_density", *words, batches[0]).stdout)
        said = self.refused("edge_density", *words, "--merge-into", path, batches[1])
        assert "make the first result with --keep-sums" in said

    @pytest.mark.parametrize("content", ["", "\n", "no result\n", '"all"\t7\n', '"all"\t{\n'])
    def test_what_is_no_result(self, tmp_path, batches, content):
        path = tmp_path / "no result.txt"
        path.write_text(content)
        said = self.refused("edge_density", "--group-by=all", "--merge-into", path, batches[1])
        assert str(path) in said

    def test_what_is_not_there(self, tmp_path, batches):
        words = ["--group-by", "all", "--merge-into", tmp_path / "nowhere"]
        assert "no such file" in self.refused("edge_density", *words, batches[1])

    def test_results_of_images_by_themselves(self, earlier, batches):
        assert "put them together" in self.refused("edge_density", "--keep-sums", batches[0])
        words = ["--merge-into", earlier]
        assert "put them together" in self.refused("edge_density", *words, batches[0])
        said = self.refused("clean", "--output", "kept", *words, batches[0])
        assert "--merge-into: goes with --output verdicts" in said
        said = self.refused("recognise", "--labels", "folder", "--folds", "2", *words, batches[0])
        assert "--folds needs every image again" in said

    def test_the_shell_would_empty_it_first(self, earlier, batches):
        with open(earlier, "ab") as file:
            import subprocess

            words = ["--group-by", "all", "--merge-into", earlier, batches[1]]
            ran = subprocess.run(
                [sys.executable, JOBS / "edge_density.py", *words],
                stdout=file,
                stderr=subprocess.PIPE,
            )
        assert ran.returncode == 2
        assert b"standard output goes to this very file" in ran.stderr

    def test_a_bundle_cannot_pose_as_an_earlier_result(self, earlier, batches, tmp_path):
        """What a user's data holds is never taken for sums."""
        line = earlier.read_bytes().splitlines()[0]
        posing = tmp_path / "posing.bundle"
        posing.write_bytes(b"\tearlier\t" + line + b"\n")
        ran = of("edge_density", "--group-by", "all", posing)
        assert ran.status == 1
        (only,) = results(ran).values()
        assert "error" in only
        json.dumps(only)
