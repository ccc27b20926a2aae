"""The scripts of examples/hdfs on real HDFS."""

import pytest

from tests.contracts.support import fresh_folder
from tests.scripts import *  # noqa: F403


@pytest.fixture
def url(hdfs):
    return hdfs.url


@pytest.fixture
def uri(url):
    return url.replace("http:", "webhdfs:")


@pytest.fixture
def fs(hdfs):
    return hdfs


@pytest.fixture
def folder(fs):
    return fresh_folder(fs)


def test_quota_report(script, fs, folder):
    for name, quota in (("full", 2), ("roomy", 1000), ("free", None)):
        fs.mkdir(f"{folder}/{name}")
        fs.set_quota(f"{folder}/{name}", quota, None)
        fs.write(f"{folder}/{name}/1.dcm", b"1")
    ran = script("quota_report.py", folder, 90)
    assert ran.returncode == 1
    assert ran.stdout.splitlines() == [
        f" 100.0 %  {folder}/full  2 of 2 files",
        f"   0.2 %  {folder}/roomy  2 of 1,000 files",
    ]
    fs.delete(f"{folder}/full", recursive=True)
    assert script("quota_report.py", folder, 90).returncode == 0
