"""The embedded store keeps what every file system promises."""

import functools

import pytest

from hdfs_tools import connect
from tests.contracts import *  # noqa: F403
from tests.contracts.support import fresh_folder


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    return f"file://{tmp_path_factory.mktemp('a store')}"


@pytest.fixture(scope="module")
def fs(address):
    return connect(address)


@pytest.fixture(scope="module")
def as_user(fs, address):
    return functools.cache(lambda name: connect(address, user=name))


@pytest.fixture
def folder(fs):
    return fresh_folder(fs)
