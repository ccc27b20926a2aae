"""What the README says of clusters, typed in a clone."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.test_docs import ON_A_CLUSTER, SETTING_UP, clone, commands

__all__ = ["clone"]


@pytest.fixture
def typed(clone, running):
    """Run a line of the README, with this cluster in the place of the one in containers."""
    ours = Path(sys.executable).parent

    def run(line):
        line = line.replace("hadoop-docker/mrjob.conf", f"'{running.folder}/mrjob.conf'")
        return subprocess.run(
            ["bash", "-c", line],
            cwd=clone,
            env={"PATH": f"{ours}:/usr/bin:/bin", "HOME": str(clone)} | running.environment,
            capture_output=True,
        )

    return run


def test_every_command_on_a_cluster(typed):
    given = commands(ON_A_CLUSTER)
    lines = [line for line in given if not line.startswith((*SETTING_UP, "export HDFS_URL="))]
    assert len(lines) == 6
    for line in lines:
        ran = typed(line)
        assert ran.returncode == 0, (line, ran.stderr.decode())
        assert ran.stderr == (b"" if "pack" not in line else b"all.bundle: 30 images\n")
