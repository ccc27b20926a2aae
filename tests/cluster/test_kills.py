"""Nodes die in the middle of a job, and the result is right all the same."""

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.cluster.test_failures import applications
from tests.support import png, run, scan

SLOW = '''
import time
from mapreduce_jobs.core.jobs.image_job import ImageJob


class Slow(ImageJob):
    """Takes its time."""

    def measure(self, image):
        time.sleep(0.4)
        return {"rows": image.pixels.shape[1], "sum": int(image.pixels.sum())}


if __name__ == "__main__":
    import os
    from mapreduce_jobs.core.runners.hadoop import outage

    outage._LONG = float(os.environ.get("LONG", outage._LONG))
    Slow.run()
'''
IMAGES, FEW = 60, 5


@pytest.fixture
def slow(tmp_path):
    """A job that takes a while."""
    (tmp_path / "slow.py").write_text(SLOW)
    return tmp_path / "slow.py"


@pytest.fixture(scope="module")
def images(hdfs):
    """Small images on HDFS."""
    for number in range(IMAGES):
        hdfs.write(f"/kills/{number}.png", png(scan(number, (16 + number, 20))))
    return "hdfs:///kills"


@pytest.fixture(scope="module")
def few(hdfs):
    """The first of them alone."""
    for number in range(FEW):
        hdfs.write(f"/few/{number}.png", png(scan(number, (16 + number, 20))))
    return "hdfs:///few"


@pytest.fixture
def begun(running, slow, tmp_path):
    """Begin a job on the cluster, and return it when its tasks run."""
    processes = []

    def begin(*arguments, **variables):
        command = [sys.executable, slow, *map(str, running.options), *arguments]
        process = subprocess.Popen(
            command,
            cwd=tmp_path,
            env={**os.environ, **variables},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        processes.append(process)
        while True:
            assert process.poll() is None, process.communicate()
            apps = [app for app in applications(running, "RUNNING") if app["name"] == "slow"]
            if apps and apps[0]["runningContainers"] > 1:
                time.sleep(3)  # Python starts
                return process, apps[0]
            time.sleep(0.2)

    yield begin
    for process in processes:
        if process.poll() is None:
            process.terminate()
        process.communicate()


def ended(process):
    out, said = process.communicate(timeout=280)
    assert process.returncode == 0, said.decode()
    return sorted(out.splitlines())


@pytest.fixture(scope="module")
def expected(running, images, tmp_path_factory):
    script = tmp_path_factory.mktemp("expected") / "slow.py"
    script.write_text(SLOW.replace("0.4", "0"))
    ran = run(sys.executable, script, images, env=running.environment)
    assert ran.status == 0, ran.stderr
    assert len(ran.lines) == IMAGES
    return ran.lines


def test_a_node_manager_with_the_application_master(running, begun, images, expected):
    process, application = begun("-D", "mapreduce.job.maps=3", images)
    port = int(application["amHostHttpAddress"].rpartition(":")[2])
    (daemon,) = (
        name
        for name, ports in running.description["ports"].items()
        if ports.get("NODEMANAGER_HTTP_PORT") == port
    )
    os.kill(running.pid(daemon), signal.SIGKILL)
    try:
        assert ended(process) == expected
    finally:
        running.up()


def test_a_data_node(running, begun, images, expected):
    process, _ = begun("-D", "mapreduce.job.maps=3", images)
    os.kill(running.pid("datanode-1"), signal.SIGKILL)
    try:
        assert ended(process) == expected
    finally:
        running.up()


class TestNameNode:
    def heard(self, process, words):
        """Read what a job says until it holds some words."""
        for line in process.stderr:
            if words in line:
                return line
        raise AssertionError("it has ended")

    def test_in_the_middle(self, running, begun, images, expected):
        process, _ = begun("-D", "mapreduce.job.maps=3", images)
        os.kill(running.pid("namenode"), signal.SIGKILL)
        try:
            said = self.heard(process, b"waiting for it")
        finally:
            running.up()
        assert said.startswith(b"HDFS: localhost:")
        assert b"no answer" in said
        assert ended(process) == expected

    @pytest.fixture
    def finished(self, running, begun, few):
        """Have a job finish on YARN, and the NameNode die before anybody hears of it."""

        def finish(**variables):
            process, application = begun(few, **variables)
            here = [process.pid, *children(process.pid)]
            for pid in here:
                os.kill(pid, signal.SIGSTOP)
            while application["id"] not in [
                app["id"] for app in applications(running, "FINISHED") if finished_well(app)
            ]:
                time.sleep(0.2)
            os.kill(running.pid("namenode"), signal.SIGKILL)
            for pid in here:
                os.kill(pid, signal.SIGCONT)
            return process

        return finish

    def test_at_the_end(self, running, finished, expected):
        process = finished()
        try:
            self.heard(process, b"trying again for")
        finally:
            running.up()
        assert ended(process) == few_of(expected)

    def test_at_the_end_and_for_too_long(self, running, finished, expected, hdfs):
        process = finished(LONG="1")
        try:
            said = self.heard(process, b"slow: ").decode()
        finally:
            running.up()
        process.communicate(timeout=100)
        assert process.returncode == 1
        place = re.fullmatch(
            r"slow: the job has ended well, but its results are not fetched: localhost:\d+: no"
            r" answer \(connection refused\); they are in hdfs://(/\S+)\n",
            said,
        )[1]
        hdfs.waits_in_safe_mode = True
        parts = [hdfs.read(part.path) for part in hdfs.list(place) if "part-" in part.path]
        lines = sorted(b"".join(parts).splitlines())
        assert lines == few_of(expected)
        hdfs.delete(place, recursive=True)


def children(pid):
    """Return the processes that a process, and those, have started."""
    paths = Path(f"/proc/{pid}/task").glob("*/children")
    found = [int(child) for path in paths for child in path.read_text().split()]
    return found + [other for child in found for other in children(child)]


def few_of(lines):
    return [line for line in lines if int(line.partition(b".")[0][1:]) < FEW]


def finished_well(application):
    return application["finalStatus"] == "SUCCEEDED"


def test_the_whole_cluster_stopped_and_started(running, on_cluster, slow, images, expected):
    running.down()
    running.up()
    ran = on_cluster(slow, images)
    assert ran.lines == expected, ran.stderr
