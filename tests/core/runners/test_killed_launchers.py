"""What is left when a job is killed: no task that runs on, and nothing that the next job keeps."""

import fcntl
import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import pytest

from mapreduce_jobs.core.runners.launcher import hold, remove, remove_abandoned
from tests.support import JOBS, png, run, scan

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")

WAITING = '''
import os, signal, sys, time
from mapreduce_jobs.core.jobs.image_job import ImageJob


class Waiting(ImageJob):
    """Waits in each of its tasks."""

    def measure(self, image):
        if "DEAF" in os.environ:
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
        open(os.path.join(os.environ["BEGUN"], str(os.getpid())), "w").close()
        time.sleep(300)


if __name__ == "__main__":
    if "--mapper" not in sys.argv:
        from mapreduce_jobs.core.runners import local

        local._GRACE = float(os.environ.get("GRACE", local._GRACE))
    Waiting.run()
'''
NAME = "job.me.20300102.030405.000006.0123abcd"


def until(condition):
    """Wait for a condition; return what it gives."""
    deadline = time.monotonic() + 60
    while not (found := condition()):
        assert time.monotonic() < deadline, "it never came"
        time.sleep(0.02)
    return found


def runs(pid):
    """Tell whether a process runs; one that has ended and is not waited for does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def children(pid):
    """Return the processes that a process has started."""
    tasks = Path(f"/proc/{pid}/task").glob("*/children")
    return [int(child) for path in tasks for child in path.read_text().split()]


class Job:
    """A job whose two tasks wait."""

    def __init__(self, folder: Path, process: subprocess.Popen) -> None:
        self.process = process
        begun = folder / "begun"
        until(lambda: process.poll() is not None or len(os.listdir(begun)) == 2)
        self.tasks = [int(name) for name in os.listdir(begun)]
        assert process.poll() is None
        (self.directory,) = (folder / "tmp").iterdir()

    def are_gone(self):
        return not any(runs(pid) for pid in self.tasks)


@pytest.fixture
def begun(tmp_path, tree):
    """Begin a job, and return it when its tasks wait."""
    tree(tmp_path, {f"scans/{i}.png": png(scan(i)) for i in range(4)})
    (tmp_path / "waiting.py").write_text(WAITING)
    (tmp_path / "tmp").mkdir()
    processes = []

    def begin(*options, runner="local", **variables):
        (tmp_path / "begun").mkdir()
        two = ["--num-cores", "2"] if runner == "local" else ["--spark-master", "local[2]"]
        two += ["-D", "mapreduce.job.maps=2"]
        process = subprocess.Popen(
            [sys.executable, "waiting.py", "-r", runner, *two, *options, "scans"],
            cwd=tmp_path,
            env={
                **os.environ,
                **variables,
                "BEGUN": str(tmp_path / "begun"),
                "TMPDIR": str(tmp_path / "tmp"),
            },
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )
        processes.append(process)
        return Job(tmp_path, process)

    yield begin
    for process in processes:
        process.kill()
        process.communicate()


@pytest.fixture
def another(tmp_path, job):
    """Run another job to its end."""

    def run_another():
        tmp = {"TMPDIR": str(tmp_path / "tmp")}
        ran = job("edge_density", "-r", "local", "scans", env=tmp)
        assert (ran.status, ran.stderr, len(ran.lines)) == (0, "", 4)

    return run_another


@pytest.mark.parametrize("options", [(), ("--setup", "export A=b")])
def test_tasks_end_with_a_job_whose_processes_are_killed_at_once(begun, another, options):
    job = begun(*options)
    for pid in {*children(job.process.pid)} - {*job.tasks}:  # the process that forks
        os.kill(pid, signal.SIGKILL)
    job.process.kill()
    until(job.are_gone)
    another()
    assert not job.directory.exists()


def test_tasks_on_spark_end_with_a_job_that_is_killed(begun, another):
    job = begun(runner="spark")
    (spark,) = children(job.process.pid)
    job.process.kill()
    until(job.are_gone)
    until(lambda: not runs(spark))
    another()
    assert not job.directory.exists()


def test_a_task_that_never_comes_back_to_python_ends_too(tmp_path):
    """As one in a long computation of a library."""
    lock = hold(str(tmp_path))
    held = {"MAPREDUCE_IMAGING_LAUNCHER": str(tmp_path / "lock")}
    script = (
        "import ctypes, os, signal\n"
        "from mapreduce_jobs.core.runners import launcher\n"
        "signal.signal(signal.SIGTERM, lambda *_: print('asked', flush=True))\n"
        "launcher._GRACE = 0.1\n"
        "launcher.end_with_launcher()\n"
        "print('begun', flush=True)\n"
        "while True: ctypes.CDLL(None).sleep(600)\n"
    )
    command = [sys.executable, "-c", script]
    with subprocess.Popen(command, stdout=subprocess.PIPE, env={**os.environ, **held}) as task:
        assert task.stdout.readline() == b"begun\n"
        os.close(lock)
        task.wait(60)
    assert task.returncode == 128 + signal.SIGTERM


def test_the_next_job_leaves_the_directory_of_a_job_that_lives(begun, another):
    job = begun()
    another()
    assert job.directory.exists()
    assert not job.are_gone()
    job.process.terminate()
    _, said = job.process.communicate(timeout=60)
    assert (job.process.returncode, said) == (143, b"")
    assert not job.directory.exists()


def test_a_directory_that_is_to_be_kept_is_kept(tmp_path, another, tree, job):
    tree(tmp_path, {f"scans/{i}.png": png(scan(i)) for i in range(4)})
    tmp = {"TMPDIR": str(tmp_path / "tmp")}
    (tmp_path / "tmp").mkdir()
    assert job("edge_density", "-r", "local", "--cleanup", "NONE", "scans", env=tmp).status == 0
    (kept,) = (tmp_path / "tmp").iterdir()
    another()
    assert (kept / "step").is_dir()


@contextmanager
def held(directory):
    lock = hold(str(directory))
    try:
        yield
    finally:
        os.close(lock)


class TestWhatIsNobodys:
    def test_it_is_removed(self, tmp_path):
        directory = tmp_path / NAME
        (directory / "step" / "000").mkdir(parents=True)
        (directory / "link").symlink_to(JOBS)
        with held(directory):
            remove_abandoned(str(tmp_path))
            assert sorted(os.listdir(directory)) == ["link", "lock", "step"]
        remove_abandoned(str(tmp_path))
        assert os.listdir(tmp_path) == []
        assert JOBS.is_dir()

    def test_a_task_that_ends_holds_it(self, tmp_path):
        """So that nothing is removed under it."""
        directory = tmp_path / NAME
        directory.mkdir()
        with held(directory):
            pass
        with open(directory / "lock") as lock:
            fcntl.flock(lock, fcntl.LOCK_SH)
            remove_abandoned(str(tmp_path))
            assert directory.exists()
        remove_abandoned(str(tmp_path))
        assert not directory.exists()

    @pytest.mark.parametrize(
        ("name", "content"),
        [
            (NAME, None),  # it was just made
            (NAME, b""),
            (NAME, b"mapreduce-imaging 00000000-0000-0000-0000-000000000000\n"),  # another system
            ("job.me.20300102.030405.000006", b"ours"),  # mrjob's own
        ],
    )
    def test_what_is_not_provably_nobodys_stays(self, tmp_path, name, content):
        directory = tmp_path / name
        directory.mkdir()
        if content == b"ours":
            with held(directory):
                pass
        elif content is not None:
            (directory / "lock").write_bytes(content)
        remove_abandoned(str(tmp_path))
        assert directory.exists()

    def test_a_link_is_not_followed(self, tmp_path):
        directory = tmp_path / "elsewhere" / NAME
        directory.mkdir(parents=True)
        with held(directory):
            pass
        (tmp_path / "base").mkdir()
        (tmp_path / "base" / NAME).symlink_to(directory)
        remove_abandoned(str(tmp_path / "base"))
        assert (directory / "lock").exists()

    def test_that_of_another_user_stays(self, tmp_path):
        if os.geteuid():
            pytest.skip("only root can give a directory away")
        directory = tmp_path / NAME
        directory.mkdir()
        with held(directory):
            pass
        os.chown(directory, 12345, 12345)
        remove_abandoned(str(tmp_path))
        assert (directory / "lock").exists()

    def test_what_cannot_be_removed_is_still_known(self, tmp_path, without_privileges):
        directory = tmp_path / NAME
        (directory / "full" / "there").mkdir(parents=True)
        with held(directory):
            pass
        (directory / "full").chmod(0o500)
        again = f"from {remove.__module__} import *; remove_abandoned({str(tmp_path)!r})"
        command = [*without_privileges, sys.executable, "-c", again]
        assert run(*command).status == 0
        assert (directory / "lock").exists()
        (directory / "full").chmod(0o700)
        assert run(*command).status == 0
        assert os.listdir(tmp_path) == []


class TestWhatIsStopped:
    @pytest.mark.parametrize("options", [(), ("--setup", "export A=b")])
    def test_a_stopped_task_does_not_hold_up_the_end(self, begun, options):
        job = begun(*options)
        os.kill(job.tasks[0], signal.SIGSTOP)
        job.process.terminate()
        _, said = job.process.communicate(timeout=60)
        assert (job.process.returncode, said) == (143, b"")
        assert job.are_gone()
        assert not job.directory.exists()

    def test_nor_does_the_process_that_tasks_are_forked_from(self, begun):
        job = begun()
        (server,) = children(job.process.pid)
        os.kill(server, signal.SIGSTOP)
        job.process.terminate()
        _, said = job.process.communicate(timeout=60)
        assert (job.process.returncode, said) == (143, b"")
        until(job.are_gone)
        assert not runs(server)
        assert not job.directory.exists()

    @pytest.mark.parametrize("options", [(), ("--setup", "export A=b")])
    def test_nor_do_tasks_that_do_not_listen(self, begun, options):
        job = begun(*options, DEAF="yes", GRACE="0.1")
        job.process.terminate()
        _, said = job.process.communicate(timeout=60)
        assert (job.process.returncode, said) == (143, b"")
        until(job.are_gone)
        assert not job.directory.exists()
