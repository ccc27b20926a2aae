"""HDFS itself keeps what every file system promises, and what only a server has."""

import functools

import pytest

from hdfs_tools.webhdfs.client import connect_to
from tests.contracts import *  # noqa: F403
from tests.contracts.policies import TestStoragePolicies
from tests.contracts.quotas import TestQuotas
from tests.contracts.snapshots import TestSnapshotDifferences, TestSnapshots
from tests.contracts.support import fresh_folder

__all__ = ["TestQuotas", "TestSnapshotDifferences", "TestSnapshots", "TestStoragePolicies"]


@pytest.fixture(scope="module")
def fs(hdfs):
    return hdfs


@pytest.fixture(scope="module")
def as_user(running):
    return functools.cache(lambda name: connect_to(running.description["hdfs_url"], name))


@pytest.fixture
def folder(fs):
    return fresh_folder(fs)
