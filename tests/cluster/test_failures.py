"""What goes wrong on a cluster is said in a sentence or in the task's own words."""

import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

from tests.cluster.support import IN_ONE_JVM
from tests.support import png, run, scan, write_tree

TRYING = '''
import os, signal, time
from mapreduce_jobs.core.jobs.image_job import ImageJob


class Trying(ImageJob):
    """Goes wrong as it is told."""

    def configure_args(self):
        super().configure_args()
        self.add_passthru_arg("--how")

    def measure(self, image):
        if image.pixels.shape[1] == 11:
            if self.options.how == "mistake":
                raise KeyError("a mistake in the job")
            if self.options.how == "crash":
                os.kill(os.getpid(), signal.SIGSEGV)
            if self.options.how == "memory":
                kept = bytearray(os.urandom(1 << 20)) * 900
                time.sleep(30)
            if self.options.how == "wait":
                time.sleep(300)
        return {"rows": image.pixels.shape[1]}


if __name__ == "__main__":
    Trying.run()
'''
# A single map, which is tried once.
FEWER_TRIES = ["-D", "mapreduce.map.maxattempts=1", "-D", "mapreduce.job.maps=1"]


@pytest.fixture
def trying(tmp_path):
    """A job that goes wrong as it is told, at the image odd/11 rows.png."""
    write_tree(
        tmp_path / "images",
        {"odd/11 rows.png": png(scan(1, (11, 9)))}
        | {f"{i} rows.png": png(scan(i, (i, 9))) for i in range(20, 26)},
    )
    (tmp_path / "trying.py").write_text(TRYING)
    return tmp_path / "trying.py"


def applications(running, *states):
    query = f"?states={','.join(states)}" if states else ""
    url = f"{running.description['yarn_url']}/ws/v1/cluster/apps{query}"
    with urllib.request.urlopen(url) as answer:
        return (json.load(answer)["apps"] or {"app": []})["app"]


class TestTasks:
    def test_an_image_that_may_not_fail(self, running, on_cluster, on_hdfs):
        ran = on_cluster("edge_density", "--on-error", "fail", *FEWER_TRIES, f"{on_hdfs}/broken")
        assert ran.status == 1
        assert "a map task failed on " in ran.stderr
        found = re.search(r"image (.*\.(?:png|dcm))\. To try it again here:\n  (.*)\n", ran.stderr)
        assert f"{found[1]}: " in ran.stderr
        assert "Traceback" not in ran.stderr
        assert found[2].startswith(f"env HDFS_URL={running.description['hdfs_url']} python ")
        assert f"--on-error fail 'hdfs:///images/broken/./{found[1]}'" in found[2] or (
            f"--on-error fail hdfs:///images/broken/./{found[1]}" in found[2]
        )

    def test_the_command_that_is_named_shows_the_same_error(
        self, on_cluster, trying, running, tmp_path
    ):
        ran = on_cluster(trying, "--how", "mistake", "--on-error", "fail", *FEWER_TRIES, "images")
        assert ran.status == 1
        assert "KeyError: 'a mistake in the job'" in ran.stderr
        again = ran.stderr.splitlines()[-1].strip()
        assert again == "python trying.py --how mistake --on-error fail 'images/odd/11 rows.png'"
        command = again.replace("python", sys.executable, 1)
        here = run("sh", "-c", command, cwd=tmp_path, env=running.environment)
        assert "KeyError: 'a mistake in the job'" in here.stderr

    def test_a_mistake_in_the_job_that_is_recorded(self, on_cluster, trying):
        ran = on_cluster(trying, "--how", "mistake", "images")
        assert ran.status == 1
        assert b'"odd/11 rows.png"\t{"error": "KeyError", "message": "' in ran.stdout
        assert "the first of its kind at odd/11 rows.png:\nTraceback" in ran.stderr
        assert "KeyError: 'a mistake in the job'" in ran.stderr

    def test_a_process_that_dies(self, on_cluster, trying):
        ran = on_cluster(trying, "--how", "crash", *FEWER_TRIES, "images")
        assert ran.status == 1
        assert "its process was ended by SIGSEGV\n" in ran.stderr
        assert "It was at image odd/11 rows.png." in ran.stderr
        assert " at org.apache" not in ran.stderr

    def test_too_little_memory(self, on_cluster, trying):
        ran = on_cluster(trying, "--how", "memory", *FEWER_TRIES, "images")
        assert ran.status == 1
        assert "YARN ended it for its use of memory" in ran.stderr
        assert "-D mapreduce.map.memory.mb=" in ran.stderr
        assert "It was at image odd/11 rows.png." in ran.stderr
        more = ["-D", "mapreduce.map.memory.mb=2048"]
        assert on_cluster(trying, "--how", "memory", *FEWER_TRIES, *more, "images").status == 0

    def test_a_python_without_what_is_needed(self, on_cluster, good_folder, tmp_path):
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", tmp_path / "bare"])
        python = tmp_path / "bare" / "bin" / "python"
        ran = on_cluster("edge_density", "--python-bin", python, *FEWER_TRIES, good_folder / "ct")
        assert ran.status == 1
        assert "ModuleNotFoundError" in ran.stderr
        assert "The Python of the nodes has no mrjob: name one that has, with" in ran.stderr

    def test_a_python_that_is_not_there(self, on_cluster, good_folder):
        ran = on_cluster(
            "edge_density", "--python-bin", "/nowhere/python", *FEWER_TRIES, good_folder / "ct"
        )
        assert ran.status == 1
        assert "There is no /nowhere/python on the node: name its Python" in ran.stderr


class TestBeforeAnythingRuns:
    def test_no_hadoop(self, job, good_folder):
        ran = job("edge_density", "-r", "hadoop", good_folder, env={"PATH": "/nowhere"})
        assert ran.status == 2
        assert ran.stderr.startswith("edge_density: hadoop: no such command; -r hadoop submits")
        assert len(ran.stderr.splitlines()) == 1

    def test_no_answer(self, running, job, good_folder, tmp_path):
        configuration = (running.folder / "mrjob.conf").read_text()
        silent = re.sub(r'hdfs_url: ".*"', 'hdfs_url: "http://localhost:1"', configuration)
        (tmp_path / "mrjob.conf").write_text(silent)
        ran = job("edge_density", "-r", "hadoop", "-c", "mrjob.conf", good_folder)
        assert ran.status == 1
        assert ran.stderr == (
            "edge_density: HDFS: localhost:1: no answer (connection refused);"
            " the address comes from hdfs_url in mrjob.conf\n"
        )

    def test_no_input(self, on_cluster):
        ran = on_cluster("edge_density", "hdfs:///nowhere/to/be/found")
        assert ran.status == 2
        said = "edge_density: hdfs:///nowhere/to/be/found: no such file or directory\n"
        assert ran.stderr == said

    @pytest.mark.parametrize(
        ("given", "said"),
        [
            ("hdfs://images", "there is no path in it; hdfs:///images would be one on HDFS"),
            ("hdfs://nowhere:1234/images", "hdfs://nowhere:1234 is not the file system at "),
        ],
    )
    def test_a_uri_of_something_else(self, on_cluster, in_process, given, said):
        for ran in (in_process("edge_density", given), on_cluster("edge_density", given)):
            assert ran.status == 2
            assert said in ran.stderr
            assert len(ran.stderr.splitlines()) == 1

    def test_temporary_files_elsewhere(self, on_cluster, good_folder):
        ran = on_cluster("edge_density", "--hadoop-tmp-dir", "file:///tmp", good_folder)
        assert (ran.status, "must be on HDFS" in ran.stderr) == (2, True)

    def test_safe_mode(self, running, on_cluster, good_folder):
        assert running.hadoop("dfsadmin", "-safemode", "enter").status == 0
        try:
            ran = on_cluster("edge_density", good_folder)
        finally:
            running.hadoop("dfsadmin", "-safemode", "leave")
        assert ran.status == 1
        assert "safe mode" in ran.stderr
        assert len(ran.stderr.splitlines()) == 1

    def test_a_home_that_may_not_be_written(self, on_cluster, hdfs, good_folder):
        hdfs.mkdir("/locked")
        hdfs.chmod("/locked", 0o700)
        ran = on_cluster(
            "edge_density", "--hadoop-tmp-dir", "hdfs:///locked", good_folder,
            env={"HADOOP_USER_NAME": "mallory"},
        )  # fmt: skip
        assert ran.status == 1
        assert "mallory may not write there" in ran.stderr
        assert len(ran.stderr.splitlines()) == 1

    def test_a_queue_that_takes_nothing(self, on_cluster, good_folder):
        ran = on_cluster("edge_density", "-D", "mapreduce.job.queuename=nowhere", good_folder)
        assert ran.status == 1
        assert "YARN does not take the job: " in ran.stderr
        assert "queue" in ran.stderr
        assert len(ran.stderr.splitlines()) == 1


def test_a_full_queue(running, trying, tmp_path):
    """Two application masters of half the cluster's memory: the second waits, and says so."""
    command = [
        sys.executable, trying, *map(str, running.options), "--how", "wait",
        "-D", "yarn.app.mapreduce.am.resource.mb=2048", "images",
    ]  # fmt: skip
    jobs = []
    try:
        for state in ("RUNNING", "ACCEPTED"):
            jobs.append(subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.PIPE))
            while not any(app["state"] == state for app in applications(running)):
                assert jobs[-1].poll() is None, jobs[-1].communicate()
                time.sleep(0.2)
        said = jobs[1].stderr.readline().decode()
        assert re.match(r"application_\d+_\d+ waits in queue root\.default: ", said)
        assert "limit exceeded" in said
    finally:
        for job in jobs:
            job.terminate()
            job.communicate(timeout=60)
    assert applications(running, "RUNNING", "ACCEPTED", "SUBMITTED") == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_ends_the_job_on_the_cluster(running, hdfs, trying, tmp_path, number):
    command = [
        sys.executable, trying, *map(str, running.options), "--how", "wait", "-o",
        "hdfs:///stopped", "images",
    ]  # fmt: skip
    with subprocess.Popen(
        command,
        cwd=tmp_path,
        stderr=subprocess.PIPE,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    ) as process:
        while not any(app["name"] == "trying" for app in applications(running, "RUNNING")):
            assert process.poll() is None, process.communicate()
            time.sleep(0.2)
        process.send_signal(number)
        said = process.communicate(timeout=60)[1].decode()
    assert process.returncode == 128 + number, said
    assert "ending job_" in said
    assert "Traceback" not in said
    assert applications(running, "RUNNING", "ACCEPTED", "SUBMITTED") == []
    assert not hdfs.exists("/stopped")
    assert list(hdfs.walk(f"/user/{os.environ.get('USER') or 'root'}/tmp")) == []


def test_logs_that_only_the_nodes_or_the_client_have(running, trying, tmp_path):
    """Without the history server; then without any of YARN's web services."""
    configuration = (running.folder / "mrjob.conf").read_text()
    for gone in ("history_url", "yarn_url|history_url"):
        without = re.sub(rf'({gone}): ".*"', r'\1: "http://localhost:1"', configuration)
        (tmp_path / "mrjob.conf").write_text(without)
        ran = run(
            sys.executable, trying, "-r", "hadoop", "-c", "mrjob.conf", "--how", "mistake",
            "--on-error", "fail", *FEWER_TRIES, "images", cwd=tmp_path,
        )  # fmt: skip
        assert ran.status == 1
        assert "KeyError: 'a mistake in the job'" in ran.stderr


def test_the_address_from_hadoops_own_configuration(running, job, good_folder):
    """Without mrjob.conf: HADOOP_CONF_DIR and a hadoop on the PATH."""
    here = job("edge_density", good_folder / "ct")
    description = running.description
    options = re.findall(r"(hadoop_streaming_jar|python_bin): \"(.*)\"", _conf(running))
    ran = job(
        "edge_density", "-r", "hadoop", *(f"--{k.replace('_', '-')}={v}" for k, v in options),
        *IN_ONE_JVM,
        good_folder / "ct",
        env={
            "HADOOP_CONF_DIR": description["conf_dir"],
            "PATH": f"{Path(description['hadoop']).parent}:{os.environ['PATH']}",
        },
    )  # fmt: skip
    assert ran.lines == here.lines, ran.stderr


@pytest.mark.parametrize("asked", ["answers", "does not answer", "is not told"])
def test_no_address_but_a_client(running, job, good_folder, tmp_path, asked):
    """The client is asked where HDFS is; without an answer it is used for files too."""
    here = job("edge_density", good_folder / "ct")
    told = {"does not answer": "echo localhost:1", "is not told": "exit 1"}.get(asked)
    client = tmp_path / "hadoop"
    client.write_text(
        "#!/bin/sh\n"
        + (f'case "$1 $3" in *GetConf*http-address*) {told}; exit;; esac\n' if told else "")
        + f'exec "{running.description["hadoop"]}" "$@"\n'
    )
    client.chmod(0o755)
    lines = [line for line in _conf(running).splitlines() if "_url" not in line]
    configuration = "\n".join(lines).replace(running.description["hadoop"], str(client))
    (tmp_path / "mrjob.conf").write_text(configuration)
    options = ["-r", "hadoop", "-c", "mrjob.conf"]
    ran = job("edge_density", *options, *IN_ONE_JVM, good_folder / "ct")
    assert ran.lines == here.lines, ran.stderr
    slower = "localhost:1: no answer (connection refused): Hadoop's client is used for files"
    assert (slower in ran.stderr) == (asked == "does not answer")
    if asked == "is not told":
        on_hdfs = job("edge_density", *options, "hdfs:///images")
        assert (on_hdfs.status, "set HDFS_URL=" in on_hdfs.stderr) == (2, True)


def _conf(running):
    return (running.folder / "mrjob.conf").read_text()
