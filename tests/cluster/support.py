"""What tests on clusters need."""

import os
import sys
from typing import NoReturn

import pytest

from tests.support import ROOT, Ran, run

CLUSTER = ROOT / "hadoop-docker" / "cluster.py"
# All tasks one after the other in the application master, which Hadoop calls an uber job. It has at
# most one reducer.
IN_ONE_JVM = (
    *("-D", "mapreduce.job.ubertask.enable=true"),
    *("-D", "yarn.app.mapreduce.am.resource.mb=1024"),
)


def unavailable(form: str, reason: str) -> NoReturn:
    """Skip, or fail where this form of the cluster has to be tested (`.ci/run`)."""
    if form in os.environ.get("MAPREDUCE_IMAGING_REQUIRE_CLUSTER", "").split(","):
        pytest.fail(reason)
    pytest.skip(reason)


def cluster(action: str, form: str, *arguments: object, **kwargs: object) -> Ran:
    """Run cluster.py."""
    return run(sys.executable, CLUSTER, action, "--form", form, *arguments, **kwargs)
