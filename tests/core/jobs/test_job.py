"""Running a job of one's own: what the base class does for it, on a terminal and in a pipe."""

import contextlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.support import JOBS, png, results, run, scan

OWN_JOB = '''
"""A job of somebody's own."""
import warnings
import numpy as np
from mapreduce_jobs.core.jobs.image_job import ImageJob

class Own(ImageJob):
    """Own."""

    def configure_args(self):
        super().configure_args()
        self.add_passthru_arg("--what", default="good")

    def measure(self, image):
        return {
            "good": lambda: {"mean": float(image.pixels.mean())},
            "nan": lambda: {"mean": float("nan")},
            "set": lambda: {"found": {"classes": [1, {2}]}},
            "like a failure": lambda: {"error": "large", "message": "very"},
            "no dictionary": lambda: 3.5,
            "numpy": lambda: {
                "sum": image.pixels.sum(), "mean": image.pixels.mean(dtype="f4"),
                "range": np.array([image.pixels.min(), image.pixels.max()]),
                "rows": image.pixels.mean(axis=2)[0, :2], "found": np.bool_(True),
            },
            "mistake": lambda: {"mean": image.pixel.mean()},
            "warned": lambda: warnings.warn("odd", stacklevel=2) or {"mean": 7},
        }[self.options.what]()

if __name__ == "__main__":
    Own.run()
'''


@pytest.fixture
def own(tmp_path, tree):
    """Run a job that stands in a folder of its own, on three images."""
    tree(tmp_path, {f"scans/{i}.png": png(scan(i)) for i in range(3)})
    (tmp_path / "own.py").write_text(OWN_JOB)

    def run_own(*options):
        return run(sys.executable, "own.py", *options, "scans", cwd=tmp_path)

    return run_own


class TestOwnJob:
    @pytest.mark.parametrize("runner", ["inline", "local"])
    def test_good(self, own, runner):
        ran = own("-r", runner)
        assert (ran.status, ran.stderr) == (0, "")
        key, value = ran.lines[1].split(b"\t")
        assert json.loads(key) == "1.png"
        assert json.loads(value) == {"mean": scan(1).mean()}

    def test_numpy_s_scalars_and_arrays_are_numbers_and_lists(self, own):
        ran = own("--what", "numpy")
        assert (ran.status, ran.stderr) == (0, "")
        pixels = scan(1)
        assert results(ran)["1.png"] == {
            "sum": int(pixels.sum()),
            "mean": float(pixels.mean(dtype="f4")),
            "range": [int(pixels.min()), int(pixels.max())],
            "rows": pixels.mean(axis=1)[:2].tolist(),
            "found": True,
        }

    @pytest.mark.parametrize(
        ("what", "message"),
        [
            ("nan", "mean: nan is not finite"),
            ("set", "found.classes[1]: a set is nothing that JSON holds: return numbers,"),
            ("like a failure", "a result whose only fields are the texts error and message would"),
            ("no dictionary", "a measure is a dictionary of fields, and not a float"),
        ],
    )
    def test_what_cannot_be_written_is_an_error_that_names_the_field(self, own, what, message):
        ran = own("--what", what)
        assert (ran.status, len(ran.lines)) == (1, 3)
        for value in results(ran).values():
            assert value["error"] == "UnwritableResult"
            assert value["message"].startswith(message)
        assert ran.stderr == "3 of 3 images failed: 3 UnwritableResult\n"

    @pytest.mark.parametrize("runner", ["inline", "local"])
    def test_a_mistake_is_an_error_of_each_image_and_its_traceback_is_shown(self, own, runner):
        ran = own("-r", runner, "--what", "mistake")
        error = "AttributeError"
        assert ran.status == 1
        assert len(ran.lines) == 3
        assert all(json.loads(line.split(b"\t")[1])["error"] == error for line in ran.lines)
        assert f"3 of 3 images failed: 3 {error}" in ran.stderr
        assert re.search(r"first of its kind at \d\.png:\nTraceback ", ran.stderr)
        assert ran.stderr.count("Traceback") == 1

    def test_a_warning_changes_nothing(self, own):
        ran = own("--what", "warned")
        assert (ran.status, len(ran.lines)) == (0, 3)

    @pytest.mark.parametrize("runner", ["inline", "local"])
    def test_in_a_place_with_a_space(self, own, runner, tmp_path):
        (tmp_path / "t m p").mkdir()
        (tmp_path / "own.py").rename(tmp_path / "my own.py")
        ran = run(
            sys.executable, "my own.py", "-r", runner, "scans", cwd=tmp_path,
            env={"TMPDIR": str(tmp_path / "t m p")},
        )  # fmt: skip
        assert (ran.status, ran.stderr, len(ran.lines)) == (0, "", 3)

    def test_quiet(self, own):
        assert own("--quiet", "--what", "mistake").stderr == ""

    def test_on_error_fail_shows_the_traceback(self, own):
        ran = own("--what", "mistake", "--on-error", "fail")
        assert ran.status == 1
        assert "AttributeError: 'Image' object has no attribute 'pixel'" in ran.stderr

    @pytest.mark.parametrize("runner", ["inline", "local"])
    def test_a_file_that_does_not_run(self, own, runner, tmp_path):
        with open(tmp_path / "own.py", "a") as job:
            job.write("raise LookupError('there is none')\n")
        ran = own("-r", runner, "--quiet")
        assert ran.status == 1
        assert "LookupError: there is none" in ran.stderr

    @pytest.mark.parametrize("runner", ["inline", "local"])
    def test_a_sort_that_is_killed(self, own, runner, tmp_path):
        (tmp_path / "bin").mkdir()
        (tmp_path / "bin" / "sort").write_text("#!/bin/sh\nkill -9 $$\n")
        (tmp_path / "bin" / "sort").chmod(0o755)
        path = f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}"
        command = [sys.executable, JOBS / "edge_density.py", "-r", runner, "--group-by", "all"]
        ran = run(*command, "scans", cwd=tmp_path, env={"PATH": path})
        assert (ran.status, ran.stdout) == (1, b"")
        assert ran.stderr == "edge_density: a sort was ended by SIGKILL\n"

    @pytest.mark.parametrize("runner", ["inline", "local"])
    def test_where_there_is_no_sort(self, own, runner, tmp_path):
        command = [sys.executable, JOBS / "edge_density.py", "-r", runner, "--group-by", "all"]
        expected = run(*command, "scans", cwd=tmp_path)
        ran = run(*command, "scans", cwd=tmp_path, env={"PATH": str(tmp_path)})
        assert (ran.status, ran.stdout, ran.stderr) == (0, expected.stdout, "")

    def test_it_knows_where_its_file_is(self, own, tmp_path):
        text = OWN_JOB.replace(
            "class Own", "import pathlib\npathlib.Path(__file__).parents[1]\n\nclass Own"
        )
        (tmp_path / "own.py").write_text(text)
        assert own().status == 0

    @pytest.mark.parametrize("runner", ["inline", "local"])
    def test_as_a_library(self, runner, good_folder):
        """In the way that mrjob's own documentation tests jobs."""
        from mapreduce_jobs.edge_density import EdgeDensity

        job = EdgeDensity(["-r", runner, str(good_folder)])
        with job.make_runner() as runner_of_job:
            runner_of_job.run()
            found = dict(job.parse_output(runner_of_job.cat_output()))
            images = runner_of_job.counters()[0]["images"]
        assert len(found) == images["read"] == images["measured"]
        assert found["ct/small.dcm"]["pixels"] == 128 * 128


def test_what_is_slow_to_import_is_not(tmp_path):
    """Neither by a job nor, from there on, by its tasks."""
    (tmp_path / "names.py").write_text(
        "import sys\n"
        "from mapreduce_jobs.word_count import WordCount\n"
        "WordCount(['-r', 'local', 'text'])._runner_class()\n"
        "slow = {'pyspark', 'setuptools', 'numpy', 'cv2', 'requests'}\n"
        "print(sorted(slow & set(sys.modules)))\n"
    )
    ran = run(sys.executable, "names.py", cwd=tmp_path)
    assert (ran.stderr, ran.stdout) == ("", b"[]\n")


USES_HELPER = """
from helper import whose
from mapreduce_jobs.core.jobs.image_job import ImageJob

class Own(ImageJob):
    def measure(self, image):
        return {"whose": whose()}

if __name__ == "__main__":
    Own.run()
"""


@pytest.mark.parametrize(
    "how", ["beside the job", "--py-files", "PYTHONPATH", "--cmdenv", "--setup"]
)
def test_a_task_finds_modules_of_ones_own(tmp_path, tree, how):
    """Also where mrjob sets a task up by a shell script."""
    place = tmp_path if how == "beside the job" else tmp_path / "else where"
    helper = b"import os\ndef whose(): return os.environ.get('WHOSE', 'mine')\n"
    tree(tmp_path, {"own.py": USES_HELPER.encode(), "scans/1.png": png(scan(1))})
    tree(place, {"helper.py": helper})
    path = {"PYTHONPATH": str(place)}  # the launcher imports it, too
    options = []
    if how == "--py-files":
        shutil.make_archive(str(tmp_path / "helper"), "zip", place)
        options = ["--py-files", tmp_path / "helper.zip"]
    if how == "--cmdenv":  # it is joined to the environment's
        options = ["--cmdenv", f"PYTHONPATH={tmp_path / 'nothing'}"]
    if how == "--setup":
        options = ["--setup", "export WHOSE=theirs"]
    ran = run(sys.executable, "own.py", "-r", "local", *options, "scans", cwd=tmp_path, env=path)
    assert (ran.status, ran.stderr) == (0, "")
    whose = "theirs" if how == "--setup" else "mine"
    assert ran.lines == [f'"1.png"\t{{"whose": "{whose}"}}'.encode()]


def running(group):
    """Return the processes of a group that have not ended, waited for or not."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            state, _, its_group = path.read_text().rpartition(")")[2].split()[:3]
            if int(its_group) == group and state != "Z":
                found.append(path.parent.name)
    return found


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere tasks go on until their input ends")
def test_tasks_end_with_a_job_that_is_killed(tmp_path, tree):
    image = png(scan(1, (512, 512)))
    tree(tmp_path, {f"scans/{i}.png": image for i in range(400)})
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    two = ["--num-cores", "2", "-D", "mapreduce.job.maps=2"]
    with subprocess.Popen(
        [sys.executable, JOBS / "edge_density.py", "-r", "local", *two, "scans"],
        cwd=tmp_path,
        env={**os.environ, "TMPDIR": str(temporary)},
        stdout=subprocess.DEVNULL,
        start_new_session=True,
    ) as job:
        deadline = time.monotonic() + 60
        while not list(temporary.glob("*/step/*/mapper/*/stderr")) and time.monotonic() < deadline:
            time.sleep(0.02)
        while len(running(job.pid)) < 4 and time.monotonic() < deadline:  # two tasks, the server
            time.sleep(0.001)
        assert job.poll() is None
        assert len(running(job.pid)) >= 4
        job.kill()
    deadline = time.monotonic() + 20
    while running(job.pid) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert running(job.pid) == []


@pytest.mark.parametrize(
    ("number", "end", "status", "said"),
    [
        (signal.SIGINT, os.killpg, 130, b"edge_density: interrupted\n"),  # Ctrl-C: to all
        (signal.SIGTERM, os.kill, 143, b""),  # to the job alone
        (signal.SIGHUP, os.kill, 129, b""),
    ],
)
def test_a_job_that_is_ended_leaves_nothing(tmp_path, tree, number, end, status, said):
    """No traceback, no output folder, nothing temporary, no task that goes on."""
    image = png(scan(1, (512, 512)))
    tree(tmp_path, {f"scans/{i}.png": image for i in range(400)})
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    with subprocess.Popen(
        [sys.executable, JOBS / "edge_density.py", "-r", "local", "-o", "out", "scans"],
        cwd=tmp_path,
        env={**os.environ, "TMPDIR": str(temporary)},
        stderr=subprocess.PIPE,
        start_new_session=True,
        # Whoever runs the tests may ignore a signal, which processes inherit.
        preexec_fn=lambda: signal.signal(number, signal.SIG_DFL),
    ) as job:
        deadline = time.monotonic() + 60
        while not list(temporary.glob("*/step/*/mapper/*/stderr")) and time.monotonic() < deadline:
            time.sleep(0.02)
        time.sleep(0.3)
        end(job.pid, number)
        _, stderr = job.communicate(timeout=60)
    assert (job.returncode, stderr) == (status, said)
    assert os.listdir(temporary) == []
    assert not (tmp_path / "out").exists()
    with pytest.raises(ProcessLookupError):
        os.killpg(job.pid, 0)
