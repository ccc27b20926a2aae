"""The scripts of examples/hdfs on a store of this machine."""

import pytest

from hdfs_tools import connect
from tests.contracts.support import fresh_folder
from tests.scripts import *  # noqa: F403


@pytest.fixture
def url(tmp_path):
    return f"file://{tmp_path}/store"


@pytest.fixture
def uri():
    return "hdfs://"


@pytest.fixture
def fs(url):
    return connect(url)


@pytest.fixture
def folder(fs):
    return fresh_folder(fs)


def test_quota_report_needs_a_server(script, fs, folder):
    fs.mkdir(f"{folder}/alice")
    ran = script("quota_report.py", folder, 90)
    assert (ran.returncode, ran.stdout) == (1, "")
    assert ran.stderr.startswith(f"quota_report: {folder}/alice: only an HDFS server has quotas")
    assert len(ran.stderr.splitlines()) == 1
