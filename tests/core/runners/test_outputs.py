"""Results and copies of processes of one number, as in containers: whole, and of one of them."""

import os
import shutil
import signal
import subprocess
import sys
import time

import pytest

from hdfs_tools import connect
from tests.support import ROOT, png, results, run, scan, write_tree

TIMES = int(os.environ.get("TIMES", "2"))

SLOW = '''
import os, time
from mapreduce_jobs.core.jobs.image_job import ImageJob


class Slow(ImageJob):
    """Takes its time."""

    def measure(self, image):
        time.sleep(float(os.environ["SECONDS_EACH"]))
        return {"sum": int(image.pixels.sum())}


if __name__ == "__main__":
    Slow.run()
'''


@pytest.fixture(scope="module")
def namespace():
    """What is put before a command, so that it is process 1."""
    own = ["unshare", "--pid", "--fork", "--kill-child"]
    if os.geteuid() != 0:
        own[1:1] = ["--user", "--map-root-user"]
    assert shutil.which("unshare"), "needs unshare (util-linux)"
    ran = run(*own, sys.executable, "-c", "import os; print(os.getpid())")
    if ran.status and os.geteuid() != 0:
        pytest.skip(f"this machine gives users no namespaces of their own: {ran.stderr}")
    assert ran.stdout == b"1\n", ran.stderr
    return own


@pytest.fixture
def slow(tmp_path):
    """A job that takes as long as it is told, and images for it."""
    (tmp_path / "slow.py").write_text(SLOW)
    write_tree(
        tmp_path / "images", {f"{number}.png": png(scan(number, (8, 9))) for number in range(12)}
    )
    return tmp_path / "slow.py"


def begin(namespace, script, seconds, maps, *words):
    return subprocess.Popen(
        [
            *namespace,
            *(sys.executable, script, "-r", "local", "-D", f"mapreduce.job.maps={maps}"),
            *("-o", script.parent / "out", script.parent / "images", *words),
        ],
        env={**os.environ, "PYTHONPATH": str(ROOT), "SECONDS_EACH": str(seconds)},
        stderr=subprocess.PIPE,
        text=True,
    )


def until(condition):
    """Wait for a condition, for a minute at most."""
    end = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)


def lines_of(out):
    return sorted(line for part in out.glob("part-*") for line in part.read_bytes().splitlines())


@pytest.mark.parametrize("number", range(TIMES))
def test_a_job_after_one_that_was_killed(namespace, slow, tmp_path, number):
    killed = begin(namespace, slow, 0.3, 3)
    until(lambda: [*tmp_path.glob(".out.*._COPYING_/out/part-00000")])
    killed.send_signal(signal.SIGKILL)
    killed.communicate()
    ended = begin(namespace, slow, 0, 1)
    assert ended.communicate() == (None, "")
    assert ended.returncode == 0
    assert len(lines_of(tmp_path / "out")) == 12
    assert len(results(run(sys.executable, slow, tmp_path / "images", env={
        "PYTHONPATH": str(ROOT), "SECONDS_EACH": "0"}))) == 12  # fmt: skip


@pytest.mark.parametrize("number", range(TIMES))
def test_two_jobs_at_once(namespace, slow, tmp_path, number):
    jobs = [begin(namespace, slow, 0.05 + 0.05 * maps, maps) for maps in (1, 3)]
    said = [job.communicate()[1] for job in jobs]
    assert sorted(job.returncode for job in jobs) == [0, 2], said
    assert any("the output directory exists already" in text for text in said)
    lines = lines_of(tmp_path / "out")
    assert len(lines) == len(set(lines)) == 12
    assert [name for name in os.listdir(tmp_path) if name.endswith("._COPYING_")] == []


@pytest.mark.parametrize("number", range(TIMES))
def test_two_copies_at_once(namespace, tmp_path, number):
    store = connect(f"file://{tmp_path}/store")
    files = {f"{number}": os.urandom(200_000) for number in range(20)}
    for name, data in files.items():
        store.write(f"/scans/{name}", data)
    command = [*namespace, sys.executable, "-m", "hdfs_tools", "get", "-f", "/scans", tmp_path]
    env = {**os.environ, "HDFS_URL": f"file://{tmp_path}/store"}
    copies = [
        subprocess.Popen(command, cwd=ROOT, env=env, stderr=subprocess.PIPE) for _ in range(3)
    ]
    assert [copy.communicate()[1] for copy in copies] == [b"", b"", b""]
    assert [copy.returncode for copy in copies] == [0, 0, 0]
    found = {path.name: path.read_bytes() for path in (tmp_path / "scans").iterdir()}
    assert found == files
