"""Running a job of one's own: what the base class does for it, on a terminal and in a pipe."""

import json
import os
import re
import signal
import subprocess
import sys
import time

import pytest

from tests.support import JOBS, png, run, scan

OWN_JOB = '''
"""A job of somebody's own."""
import warnings
from mapreduce_jobs.core.image_job import ImageJob

class Own(ImageJob):
    """Own."""

    def configure_args(self):
        super().configure_args()
        self.add_passthru_arg("--what", default="good")

    def measure(self, image):
        return {
            "good": lambda: {"mean": float(image.pixels.mean())},
            "nan": lambda: {"mean": float("nan")},
            "numpy": lambda: {"sum": image.pixels.sum()},
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


@pytest.mark.parametrize("runner", ["inline", "local"])
class TestOwnJob:
    def test_good(self, own, runner):
        ran = own("-r", runner)
        assert (ran.status, ran.stderr) == (0, "")
        key, value = ran.lines[1].split(b"\t")
        assert json.loads(key) == "1.png"
        assert json.loads(value) == {"mean": scan(1).mean()}

    @pytest.mark.parametrize(
        ("what", "error"),
        [("nan", "ValueError"), ("numpy", "TypeError"), ("mistake", "AttributeError")],
    )
    def test_a_mistake_is_an_error_of_each_image_and_its_traceback_is_shown(
        self, own, runner, what, error
    ):
        ran = own("-r", runner, "--what", what)
        assert ran.status == 1
        assert len(ran.lines) == 3
        assert all(json.loads(line.split(b"\t")[1])["error"] == error for line in ran.lines)
        assert f"3 of 3 images failed: 3 {error}" in ran.stderr
        assert re.search(r"first of its kind at \d\.png:\nTraceback ", ran.stderr)
        assert ran.stderr.count("Traceback") == 1

    def test_a_warning_changes_nothing(self, own, runner):
        ran = own("-r", runner, "--what", "warned")
        assert (ran.status, len(ran.lines)) == (0, 3)

    def test_in_a_place_with_a_space(self, own, runner, tmp_path):
        (tmp_path / "t m p").mkdir()
        (tmp_path / "own.py").rename(tmp_path / "my own.py")
        ran = run(
            sys.executable, "my own.py", "-r", runner, "scans", cwd=tmp_path,
            env={"TMPDIR": str(tmp_path / "t m p")},
        )  # fmt: skip
        assert (ran.status, ran.stderr, len(ran.lines)) == (0, "", 3)

    def test_quiet(self, own, runner):
        assert own("-r", runner, "--quiet", "--what", "mistake").stderr == ""

    def test_on_error_fail_shows_the_traceback(self, own, runner):
        ran = own("-r", runner, "--what", "mistake", "--on-error", "fail")
        assert ran.status == 1
        assert "AttributeError: 'Image' object has no attribute 'pixel'" in ran.stderr

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
    tree(tmp_path, {f"scans/{i}.png": png(scan(i, (512, 512))) for i in range(400)})
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
