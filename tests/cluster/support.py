"""What tests on clusters need."""

import os
import sys
from typing import NoReturn

import pytest

from tests.support import ROOT, Ran, run

CLUSTER = ROOT / "hadoop-docker" / "cluster.py"


def unavailable(form: str, reason: str) -> NoReturn:
    """Skip, or fail where this form of the cluster has to be tested (`.ci/run`)."""
    if form in os.environ.get("MAPREDUCE_IMAGING_REQUIRE_CLUSTER", "").split(","):
        pytest.fail(reason)
    pytest.skip(reason)


def cluster(action: str, form: str, *arguments: object, **kwargs: object) -> Ran:
    """Run cluster.py."""
    return run(sys.executable, CLUSTER, action, "--form", form, *arguments, **kwargs)
