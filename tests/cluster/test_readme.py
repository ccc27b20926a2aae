"""What README.md and docs/hadoop.md say of clusters, typed in a clone."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.support import ROOT
from tests.test_docs import ON_A_CLUSTER, SETTING_UP, clone, commands

__all__ = ["clone"]


@pytest.fixture
def typed(clone, running):
    """Run a line of a page, with this cluster in the place of the one in containers."""
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


PAGES = {
    "README.md": ON_A_CLUSTER,
    "docs/hadoop.md": (ROOT / "docs/hadoop.md").read_text(encoding="utf-8"),
}


@pytest.mark.parametrize(("page", "count"), [("README.md", 3), ("docs/hadoop.md", 4)])
def test_every_command_on_a_cluster(typed, page, count):
    given = commands(PAGES[page])
    lines = [line for line in given if not line.startswith((*SETTING_UP, "export HDFS_URL="))]
    assert len(lines) == count
    for line in lines:
        ran = typed(line)
        assert ran.returncode == 0, (line, ran.stderr.decode())
        packed = f"{line.split()[-1]}: 30 images\n" if " pack " in line else ""
        assert ran.stderr.decode() == packed
