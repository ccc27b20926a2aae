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
