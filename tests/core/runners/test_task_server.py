"""Tasks that are forked run as if each were started by itself."""

import json
import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest

from mapreduce_jobs.core.job_errors import JobError
from mapreduce_jobs.core.runners import task_server
from mapreduce_jobs.core.runners.task_server import TaskServer

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="forks only on Linux")

ABOUT = """
import json, os, signal, sys
open("here", "w").close()
about = {
    "arguments": sys.argv,
    "command": sys.orig_argv,
    "path": sys.path[0],
    "name": __name__,
    "file": __file__,
    "folder": os.getcwd(),
    "variables": {name: os.environ.get(name) for name in ("GIVEN", "HOME", "ONLY_OF_THE_SERVER")},
    "input": sys.stdin.read(),
    "files": sorted(map(int, os.listdir("/proc/self/fd"))),
    "can_seek": sys.stdin.seekable(),
    "interrupt": signal.getsignal(signal.SIGINT) is signal.default_int_handler,
    "child": str(signal.getsignal(signal.SIGCHLD)),
    "wakeup": signal.set_wakeup_fd(-1),
}
print(json.dumps(about))
sys.stderr.write("words")
sys.exit(int(sys.argv[1]))
"""


@contextmanager
def server_in(folder, modules=(), **variables):
    environment = {**os.environ, **variables}
    with TaskServer(modules, str(folder), environment, str(folder / "log")) as server:
        yield server


class Files:
    """A script with its streams, in a folder of its own."""

    def __init__(self, folder: Path, script: str, given: str = "") -> None:
        folder.mkdir()
        self.folder = folder
        (folder / "script.py").write_text(script)
        (folder / "in").write_text(given)

    def args(self, *more):
        return ["script.py", *more]

    @contextmanager
    def streams(self):
        with (
            open(self.folder / "in", "rb") as stdin,
            open(self.folder / "out", "wb") as stdout,
            open(self.folder / "err", "wb") as stderr,
        ):
            yield stdin, stdout, stderr

    def fork(self, server, *more, variables=None):
        environment = {**os.environ, **(variables or {})}
        with self.streams() as streams:
            return server.fork(self.args(*more), streams, str(self.folder), environment)

    def read(self):
        return (self.folder / "out").read_text(), (self.folder / "err").read_text()

    def wait_for(self, name):
        deadline = time.monotonic() + 20
        while not (self.folder / name).exists():
            assert time.monotonic() < deadline, f"{name} is not there"
            time.sleep(0.01)


def is_there(pid: int) -> bool:
    """Tell whether a process runs; one that has ended and is not waited for does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def wait_for_the_end(pid: int) -> None:
    deadline = time.monotonic() + 20
    while is_there(pid):
        assert time.monotonic() < deadline, "it runs on"
        time.sleep(0.01)


@pytest.mark.parametrize("status", [0, 3])
def test_a_task_is_like_a_process_of_its_own(tmp_path, status):
    files = Files(tmp_path / "task", ABOUT, "line\n")
    with server_in(tmp_path, ONLY_OF_THE_SERVER="x") as server:
        task = files.fork(server, str(status), "ü b", variables={"GIVEN": "ä \n"})
        assert task.wait() == status
    forked = files.read()
    with files.streams() as (stdin, stdout, stderr):
        ended = subprocess.run(
            [sys.executable, *files.args(str(status), "ü b")],
            stdin=stdin,
            stdout=stdout,
            stderr=stderr,
            cwd=files.folder,
            env={**os.environ, "GIVEN": "ä \n"},
        )
    assert ended.returncode == status
    assert forked == files.read()
    assert json.loads(forked[0])["input"] == "line\n"


def test_what_goes_wrong_in_a_task_is_told_as_by_python(tmp_path):
    files = Files(tmp_path / "task", "def f():\n    raise LookupError('there is none')\n\nf()\n")
    with server_in(tmp_path) as server:
        assert files.fork(server).wait() == 1
    command = [sys.executable, *files.args()]
    ended = subprocess.run(command, cwd=files.folder, capture_output=True, text=True)
    assert files.read()[1] == ended.stderr
    assert ended.stderr.endswith("LookupError: there is none\n")


def test_modules_are_imported_once_and_those_that_fail_passed_over(tmp_path):
    (tmp_path / "loud.py").write_text("import os\nwith open('imports', 'a') as f: f.write('x')")
    (tmp_path / "broken.py").write_text("1 / 0")
    one = Files(tmp_path / "one", "import loud; print(loud.__name__)")
    two = Files(tmp_path / "two", "import broken")
    paths = os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")])
    modules = ["no_such_module", "broken", "loud"]
    with server_in(tmp_path, modules, PYTHONPATH=paths) as server:
        assert one.fork(server).wait() == 0
        assert two.fork(server).wait() == 1
    assert one.read()[0] == "loud\n"
    assert "ZeroDivisionError" in two.read()[1]
    assert (tmp_path / "imports").read_text() == "x"
    assert not (one.folder / "imports").exists()


def test_tasks_draw_numbers_of_their_own(tmp_path):
    script = "import random, numpy; print(random.random(), numpy.random.rand())"
    tasks = [Files(tmp_path / str(number), script) for number in range(3)]
    with server_in(tmp_path, ["random", "numpy.random"]) as server:
        assert [files.fork(server).wait() for files in tasks] == [0, 0, 0]
    drawn = [number for files in tasks for number in files.read()[0].split()]
    assert len(set(drawn)) == 6


def test_many_at_once_each_with_its_own_end(tmp_path):
    script = "import sys; n = sys.stdin.read(); print(n, end=''); sys.exit(int(n))"
    tasks = [Files(tmp_path / str(number), script, str(number)) for number in range(30)]
    with server_in(tmp_path) as server, ThreadPoolExecutor(8) as pool:
        ended = pool.map(lambda files: files.fork(server).wait(), tasks)
        assert list(ended) == list(range(30))
    assert [files.read()[0] for files in tasks] == list(map(str, range(30)))


@pytest.mark.parametrize("number", [signal.SIGSEGV, signal.SIGKILL, signal.SIGTERM])
def test_a_signal_ends_one_task_alone(tmp_path, number):
    files = Files(tmp_path / "task", f"import os; os.kill(os.getpid(), {int(number)})")
    other = Files(tmp_path / "other", "print('well')")
    with server_in(tmp_path) as server:
        assert files.fork(server).wait() == -number
        assert other.fork(server).wait() == 0


WAITING = "import time; open('here', 'w').close(); time.sleep(60)"


def test_it_is_asked_to_end(tmp_path):
    files = Files(tmp_path / "task", WAITING)
    with server_in(tmp_path) as server:
        task = files.fork(server)
        task.send_signal(signal.SIGTERM)
        assert task.wait() == -signal.SIGTERM
        task.send_signal(signal.SIGTERM)  # it is gone


@pytest.fixture
def interrupts():
    """Not ignored, as they may be where the tests run in the background."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("interrupts")
def test_an_interrupt_is_for_the_tasks(tmp_path):
    files = Files(tmp_path / "task", WAITING)
    with server_in(tmp_path) as server:
        task = files.fork(server)
        files.wait_for("here")
        os.kill(server.pid, signal.SIGINT)
        os.kill(task.pid, signal.SIGINT)
        assert task.wait() == -signal.SIGINT
        assert "KeyboardInterrupt" in files.read()[1]
        assert Files(tmp_path / "other", "").fork(server).wait() == 0


def test_tasks_end_with_whoever_started_the_server(tmp_path):
    files = Files(tmp_path / "task", WAITING)
    with server_in(tmp_path) as server:
        task = files.fork(server)
        files.wait_for("here")
    with pytest.raises(JobError):
        task.wait()
    wait_for_the_end(task.pid)
    assert not is_there(server.pid)


def test_a_task_that_is_stopped_ends_with_whoever_started_the_server(tmp_path):
    files = Files(tmp_path / "task", WAITING)
    with server_in(tmp_path) as server:
        task = files.fork(server)
        files.wait_for("here")
        os.kill(task.pid, signal.SIGSTOP)
    with pytest.raises(JobError):
        task.wait()
    wait_for_the_end(task.pid)


def test_a_server_that_is_stopped_ends_too(tmp_path, monkeypatch):
    monkeypatch.setattr(task_server, "_GRACE", 0.1)
    with server_in(tmp_path) as server:
        os.kill(server.pid, signal.SIGSTOP)
    assert not is_there(server.pid)


def test_a_server_that_is_gone_is_named(tmp_path):
    files = Files(tmp_path / "task", WAITING)
    other = Files(tmp_path / "other", WAITING)
    with server_in(tmp_path) as server:
        task = files.fork(server)
        os.kill(server.pid, signal.SIGKILL)
        with pytest.raises(JobError, match="forked from has ended"):
            task.wait()
        with pytest.raises(JobError, match="forked from has ended"):
            other.fork(server)
        os.kill(task.pid, signal.SIGKILL)
