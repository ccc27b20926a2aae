"""Collections of images, good and broken, and jobs run as processes."""

import contextlib
import os
import pwd
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests.distribution import *  # noqa: F403
from tests.support import (
    JOBS,
    Ran,
    broken_versions,
    good_versions,
    run,
    write_collection,
    write_tree,
)

# The same examples each time; how fast it is, benchmarks tell.
settings.register_profile(
    "seeded",
    derandomize=True,
    deadline=None,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("seeded")
pytest.register_assert_rewrite("tests.contracts", "tests.imaging.support")


@pytest.fixture
def command() -> Callable[..., Ran]:
    """Run any command as a process."""
    return run


@pytest.fixture
def job(tmp_path: Path) -> Callable[..., Ran]:
    """Run a job's file as a process, from a working directory that is not the project's."""

    def run_job(name: str, *arguments: object, cwd: object = tmp_path, **kwargs: object) -> Ran:
        return run(sys.executable, JOBS / f"{name}.py", *arguments, cwd=cwd, **kwargs)

    return run_job


@pytest.fixture(scope="session")
def good_images() -> dict[str, bytes]:
    """Images of several kinds under plain and odd names."""
    return good_versions()


@pytest.fixture(scope="session")
def broken_images() -> dict[str, bytes]:
    """Files that are not whole images."""
    return broken_versions()


@pytest.fixture
def tree() -> Callable[[Path, dict[str, bytes]], Path]:
    """Write a folder of files."""
    return write_tree


@pytest.fixture(scope="session")
def good_folder(tmp_path_factory: pytest.TempPathFactory, good_images: dict[str, bytes]) -> Path:
    """A folder of good images; not to be written to."""
    return write_tree(tmp_path_factory.mktemp("good"), good_images)


@pytest.fixture(scope="session")
def collection(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of good and broken images, a dangling link, a pipe; not to be written to."""
    return write_collection(tmp_path_factory.mktemp("collection"))


@pytest.fixture
def without_privileges() -> list[str]:
    """What to put before a command so that file permissions hold for it, root or not."""
    if os.geteuid() != 0:
        return []
    setpriv = shutil.which("setpriv")
    assert setpriv, "as root, the test of permissions needs setpriv (util-linux)"
    return [setpriv, "--bounding-set=-dac_override,-dac_read_search", "--inh-caps=-all"]


@pytest.fixture
def without_name(tmp_path: Path) -> list[str]:
    """What to put before a command so that its user is a number that has no name, nor a home.

    As in containers on OpenShift. Only root can become another user.
    """
    names = ("LOGNAME", "USER", "LNAME", "USERNAME", "HADOOP_USER_NAME")
    nameless = ["env", *(f"-u{name}" for name in names), "HOME=/", f"TMPDIR={tmp_path}"]
    if os.geteuid() != 0:
        with contextlib.suppress(KeyError):
            pwd.getpwuid(os.geteuid())
            pytest.skip("only root can run a command as a user without a name")
        return nameless
    setpriv = shutil.which("setpriv")
    assert setpriv, "as root, the test of users without names needs setpriv (util-linux)"
    for folder in tmp_path.parents[:3]:  # of pytest, which lets nobody else in
        folder.chmod(folder.stat().st_mode | 0o055)
    tmp_path.chmod(0o777)
    reads = "+dac_read_search"  # where Python is installed
    ids = ["--reuid=54321", "--regid=54321", "--clear-groups"]
    return [setpriv, *ids, f"--inh-caps={reads}", f"--ambient-caps={reads}", *nameless]
