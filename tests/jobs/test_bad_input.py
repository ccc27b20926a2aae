"""N images in, N lines out; and what cannot be done is said in a sentence."""

import os
import subprocess
import sys

import pytest

from tests.support import JOBS, png, results, scan


class TestPolicy:
    @pytest.mark.parametrize("runner", ["inline", "local"])
    def test_record(self, job, collection, good_images, broken_images, runner):
        ran = job("edge_density", "-r", runner, collection)
        assert ran.status == 1
        found = results(ran)
        lines = ran.stdout.splitlines()
        broken = len(broken_images) + 3  # and a dangling link, a ring, a pipe
        assert len(lines) == len(found) == len(good_images) + broken
        errors = {key: value["error"] for key, value in found.items() if "error" in value}
        assert errors == {
            "broken/bomb.png": "TooManyPixels",
            "broken/checksum.png": "ChecksumMismatch",
            "broken/dangling": "FileNotFoundError",
            "broken/empty.png": "EmptyFile",
            "broken/loop": "NotARegularFile",
            "broken/pipe": "NotARegularFile",
            "broken/report.dcm": "NoPixels",
            "broken/short.dcm": "Truncated",
            "broken/text.png": "UnknownFormat",
            **{f"broken/truncated {tenth}.png": "Truncated" for tenth in range(1, 10)},
        }
        assert ran.stderr.startswith(f"{broken} of {len(found)} images failed: 1 ChecksumMismatch")
        assert str(collection) not in ran.stdout.decode()  # the same on every machine

    def test_record_in_groups(self, job, collection, good_images):
        ran = job("image_histogram", "--group-by", "all", collection)
        found = results(ran)
        assert ran.status == 1
        assert found["all"]["images"] == len(good_images)
        assert sum("error" in value for value in found.values()) == len(found) - 1 > 10

    def test_skip(self, job, collection, good_images):
        ran = job("edge_density", "--on-error", "skip", collection)
        assert ran.status == 0
        assert set(results(ran)) == set(good_images)
        assert "images failed" in ran.stderr

    @pytest.mark.parametrize("runner", ["inline", "local"])
    def test_fail(self, job, collection, runner, tmp_path):
        ran = job(
            "edge_density", "-r", runner, "--on-error", "fail", "-o", "out", collection,
            env={"TMPDIR": str(tmp_path)},
        )  # fmt: skip
        assert ran.status == 1
        assert ran.stderr.startswith("edge_density: broken/")
        assert ran.stderr.count("\n") == 1
        assert os.listdir(tmp_path) == []  # no output folder, nothing temporary


def test_one_percent_broken_in_a_large_folder(job, tree, tmp_path, broken_images):

    image = png(scan(0, (16, 16)))
    broken = list(broken_images.values())
    files = {
        f"{i % 7}/{i}.png": broken[i // 100 % len(broken)] if i % 100 == 50 else image
        for i in range(1500)
    }
    tree(tmp_path / "scans", files)
    ran = job("edge_density", "-r", "local", "scans")
    found = results(ran)
    assert set(found) == set(files)
    assert len(ran.stdout.splitlines()) == 1500
    assert sum("error" in value for value in found.values()) == 15
    assert ran.stderr.startswith("15 of 1500 images failed")


def test_without_permission(command, without_privileges, tree, tmp_path):

    image = png(scan(0))
    tree(tmp_path, {"scans/a.png": image, "scans/b.png": image, "scans/secret/c.png": image})
    (tmp_path / "scans/b.png").chmod(0)
    (tmp_path / "scans/secret").chmod(0)
    run = [*without_privileges, sys.executable, JOBS / "edge_density.py"]
    ran = command(*run, "scans", cwd=tmp_path)
    found = results(ran)
    assert ran.status == 1
    assert found["b.png"] == {"error": "PermissionError", "message": "Permission denied"}
    assert found["secret"] == {"error": "PermissionError", "message": "Permission denied"}
    assert found["a.png"]["images"] == 1
    alone = command(*run, "scans/secret", cwd=tmp_path)
    assert alone.status == 2
    assert "scans/secret: cannot be listed: Permission denied" in alone.stderr


class TestUsage:
    @pytest.mark.parametrize(
        ("words", "said"),
        [
            (["nowhere"], "nowhere: no such file or directory"),
            (["s3://bucket/x"], "only files of this machine and of HDFS can be read"),
            (["-r", "emr", "."], "-r/--runner: invalid choice: 'emr' (choose from"),
            (["--on-error", "ignore", "."], "--on-error"),
            (["--max-pixels", "0", "."], "--max-pixels: must be 1 or more"),
            (["--bins", "1", "."], "--bins: must be 2 or more"),
            (["--bins", "99999999", "."], "--bins: must be 1048576 or less"),
            (["--range", "1", "1.0000000001", "."], "--range: too narrow"),
            (["--range", "5", "5", "."], "--range: START must be a number below STOP"),
            (["--range", "nan", "5", "."], "--range: START must be a number below STOP"),
            (["-D", "mapreduce.job.maps=many", "."], "maps=many: must be a whole number"),
            (["-D", "mapreduce.job.maps=0", "."], "maps=0: must be a whole number"),
            (["-D", "mapreduce.job.maps=5000", "."], "must be a whole number from 1 to 999"),
        ],
    )
    def test_wrong_usage_of_histogram(self, job, words, said):
        ran = job("image_histogram", *words)
        assert ran.status == 2
        assert said in ran.stderr
        assert "Traceback" not in ran.stderr

    @pytest.mark.parametrize(
        ("words", "said"),
        [
            (["--threshold", "-1", "."], "--threshold: must be a number, 0 or more"),
            (["--low", "nan", "."], "--low: must be a number"),
            (["--low", "300", "."], "--low: must not be above --high"),
            (["--to-8bit", "full", "."], "--to-8bit: only --detector canny"),
        ],
    )
    def test_wrong_usage_of_edge_density(self, job, words, said):
        ran = job("edge_density", *words)
        assert ran.status == 2
        assert said in ran.stderr

    def test_two_images_of_one_name(self, job, tree, tmp_path):
        tree(tmp_path, {"a/x.png": b"1", "b/x.png": b"2"})
        ran = job("edge_density", "a", "b")
        assert ran.status == 2
        assert "b/x.png: another image in the input would have the same name" in ran.stderr

    def test_an_empty_folder(self, job, tmp_path):
        (tmp_path / "empty").mkdir()
        for runner in ("inline", "local"):
            ran = job("edge_density", "-r", runner, "empty")
            assert (ran.status, ran.stdout) == (0, b"")
            assert ran.stderr == "no images in the input\n"

    @pytest.mark.parametrize("name", ["word_count", "image_histogram", "edge_density"])
    def test_help(self, job, name):
        ran = job(name, "--help")
        assert ran.status == 0
        assert b"INPUT" in ran.stdout
        assert b"--output-dir" in ran.stdout


def test_a_reader_that_has_enough(good_folder, tmp_path):
    """As with `| head -1`: no traceback."""
    job = subprocess.Popen(
        [sys.executable, JOBS / "image_histogram.py", good_folder],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    job.stdout.close()
    assert job.stderr.read() == b""
    job.stderr.close()
    job.wait()


class TestSurroundings:
    """What the system refuses is said in a sentence."""

    @pytest.mark.parametrize("runner", ["inline", "local"])
    def test_standard_output_is_full(self, good_folder, runner):
        with open("/dev/full", "wb") as full:
            job = subprocess.run(
                [sys.executable, JOBS / "edge_density.py", "-r", runner, good_folder],
                stdout=full,
                stderr=subprocess.PIPE,
            )
        assert job.returncode == 1
        assert job.stderr == b"edge_density: No space left on device\n"

    def test_streams_are_closed(self, good_folder):
        command = f"{sys.executable} {JOBS}/edge_density.py {good_folder}"
        without = subprocess.run(["bash", "-c", f"{command} >&-"], capture_output=True)
        assert without.stderr == b"edge_density: standard output is closed\n"
        ran = subprocess.run(["bash", "-c", f"{command} <&-"], capture_output=True)
        assert (ran.returncode, ran.stderr) == (0, b"")

    def test_settings_of_mrjob(self, job, good_folder, tmp_path):
        ran = job("edge_density", "-c", "gone.conf", good_folder)
        assert (ran.status, ran.stderr) == (
            1,
            "edge_density: gone.conf: No such file or directory\n",
        )
        (tmp_path / "bad.conf").write_text("runners: [")
        ran = job("edge_density", "-c", "bad.conf", good_folder)
        assert ran.status == 2
        assert ran.stderr.startswith("edge_density: mrjob.conf: ")

    @pytest.mark.parametrize("runner", ["inline", "local"])
    def test_nowhere_to_write(self, job, good_folder, tmp_path, runner):
        (tmp_path / "file").write_bytes(b"")
        ran = job("edge_density", "-r", runner, "-o", "file/out", good_folder)
        assert ran.status == 1
        assert "file: File exists" in ran.stderr
        assert "Traceback" not in ran.stderr
