"""A process whose user has no name and no home, as in containers: jobs, storage, the demo."""

import sys

import pytest

from mapreduce_jobs.core.runners.hadoop.diagnosis import client_failure
from tests.support import JOBS, ROOT, png, run, scan, write_tree


@pytest.fixture
def nameless(without_name, tmp_path):
    """Run a command as such a user, in a folder of images."""
    write_tree(tmp_path, {"scans/a.png": png(scan(1)), "scans/b.png": png(scan(2))})

    def run_nameless(*words, **env):
        env = {"PYTHONPATH": str(ROOT), **env}
        return run(*without_name, sys.executable, *words, cwd=tmp_path, env=env)

    return run_nameless


@pytest.mark.parametrize("runner", ["inline", "local"])
def test_jobs_run_as_for_anybody(nameless, job, runner):
    ran = nameless(JOBS / "edge_density.py", "-r", runner, "scans")
    assert (ran.status, ran.stderr) == (0, "")
    assert ran.lines == job("edge_density", "scans").lines


def test_the_embedded_store_knows_him_by_his_number(nameless, tmp_path):
    env = {"HDFS_URL": f"file://{tmp_path}/store"}
    for words in (
        ["mkdir", "-p", "scans"],
        ["put", "scans/a.png", "scans"],
        ["chmod", "700", "scans"],
    ):
        ran = nameless("-m", "hdfs_tools", *words, **env)
        assert (ran.status, ran.stderr) == (0, ""), words
    number = (tmp_path / "store").stat().st_uid
    (listed,) = nameless("-m", "hdfs_tools", "stat", "%u %n", f"/user/{number}/scans", **env).lines
    assert listed == b"%d scans" % number


def test_charts_are_drawn_without_a_word_of_his_home(nameless, job, tmp_path):
    (tmp_path / "result.txt").write_bytes(job("edge_density", "scans").stdout)
    ran = nameless("-m", "mapreduce_jobs.report", "result.txt", "-o", "report.html")
    assert (ran.status, ran.stderr) == (0, "")


@pytest.mark.slow
def test_the_demo(nameless):
    ran = nameless(ROOT / "examples/demo.py")
    assert ran.status == 0, ran.stderr


def test_a_job_for_hadoop_is_submitted_under_his_number(nameless, tmp_path):
    """The client is one that says whom it runs for, as `hadoop` does not."""
    client = tmp_path / "hadoop"
    client.write_text("#!/bin/sh\necho $HADOOP_USER_NAME >> asked\nexit 1\n")
    client.chmod(0o755)
    (tmp_path / "hadoop-streaming.jar").touch()
    options = ["-r", "hadoop", "--hadoop-bin", client]
    options += ["--hadoop-streaming-jar", tmp_path / "hadoop-streaming.jar"]
    ran = nameless(JOBS / "edge_density.py", *options, "scans")
    assert (ran.status, "Traceback" in ran.stderr) == (1, False), ran.stderr
    number = (tmp_path / "asked").stat().st_uid
    assert {*(tmp_path / "asked").read_text().split()} == {str(number)}


def test_java_that_finds_no_name_is_a_sentence():
    said = "Caused by: javax.security.auth.login.LoginException: invalid null input: name"
    assert client_failure([said]).startswith("Java finds no name for the user")
