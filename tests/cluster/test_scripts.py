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
