"""Nodes die in the middle of a job, and the result is right all the same."""

import os
import signal
import subprocess
import sys
import time

import pytest

from tests.cluster.test_failures import applications
from tests.support import png, run, scan

SLOW = '''
import time
from mapreduce_jobs.core.image_job import ImageJob


class Slow(ImageJob):
    """Takes its time."""

    def measure(self, image):
        time.sleep(0.4)
        return {"rows": image.pixels.shape[1], "sum": int(image.pixels.sum())}


if __name__ == "__main__":
    Slow.run()
'''
IMAGES = 60


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


@pytest.fixture
def begun(running, slow, tmp_path):
    """Begin a job on the cluster, and return it when its tasks run."""
    processes = []

    def begin(*arguments):
        command = [sys.executable, slow, *map(str, running.options), *arguments]
        process = subprocess.Popen(
            command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE
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


def test_the_whole_cluster_stopped_and_started(running, on_cluster, slow, images, expected):
    running.down()
    running.up()
    ran = on_cluster(slow, images)
    assert ran.lines == expected, ran.stderr
