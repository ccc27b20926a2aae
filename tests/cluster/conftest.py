"""A cluster of processes, started once for all tests that need one, and stopped after them."""

import functools
import json
import os
import shutil
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import pytest

from hdfs_tools import connect
from hdfs_tools.webhdfs.client import WebHDFS
from tests.cluster.support import IN_ONE_JVM, cluster, unavailable
from tests.support import JOBS, Ran, run


class Running:
    """A cluster of processes that runs."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @property
    def description(self) -> dict:
        return json.loads((self.folder / "cluster.json").read_bytes())

    def up(self) -> None:
        """Start what does not run."""
        ran = cluster("up", "processes", "--folder", self.folder)
        assert ran.status == 0, ran.stderr

    def down(self, *arguments: str) -> None:
        ran = cluster("down", "processes", "--folder", self.folder, *arguments)
        assert ran.status == 0, ran.stderr

    def pid(self, daemon: str) -> int:
        return self.description["pids"][daemon]

    def hadoop(self, *arguments: object) -> Ran:
        return run(self.description["hadoop"], *arguments)

    @property
    def options(self) -> list[object]:
        """What makes a job run here."""
        return ["-r", "hadoop", "-c", self.folder / "mrjob.conf"]

    @property
    def environment(self) -> dict[str, str]:
        """What makes a job in one process find HDFS."""
        return {"HDFS_URL": self.description["hdfs_url"]}


@pytest.fixture(scope="session")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """The cluster."""
    for program in ("java", "mvn"):
        if shutil.which(program) is None:
            unavailable(
                "processes", f"there is no {program} (Debian: openjdk-17-jdk-headless maven)"
            )
    here = Running(tmp_path_factory.mktemp("a cluster"))
    here.up()
    yield here
    here.down("--purge")


@pytest.fixture(scope="session")
def hdfs(running: Running) -> WebHDFS:
    """The cluster's file system."""
    return connect(running.description["hdfs_url"])


@pytest.fixture
def on_cluster(running: Running, tmp_path: Path) -> Callable[..., Ran]:
    """Run a job's file on the cluster, from a working directory that is not the project's."""

    def run_job(
        script: str | Path, *arguments: object, options: Iterable[str] = (), **kwargs: object
    ) -> Ran:
        path = script if isinstance(script, Path) else JOBS / f"{script}.py"
        words = [*running.options, *options, *arguments]
        return run(sys.executable, path, *words, cwd=tmp_path, **kwargs)

    return run_job


@pytest.fixture
def in_one_jvm(on_cluster: Callable[..., Ran]) -> Callable[..., Ran]:
    """Likewise, in half the time: for what is the same whoever runs the tasks."""
    return functools.partial(on_cluster, options=IN_ONE_JVM)


@pytest.fixture
def in_process(running: Running, tmp_path: Path) -> Callable[..., Ran]:
    """Run a job's file in one process, with the cluster's HDFS in reach."""

    def run_job(script: str | Path, *arguments: object, **kwargs: object) -> Ran:
        path = script if isinstance(script, Path) else JOBS / f"{script}.py"
        return run(
            sys.executable, path, *arguments, cwd=tmp_path, env=running.environment, **kwargs
        )

    return run_job


@pytest.fixture(scope="session")
def on_hdfs(hdfs: WebHDFS, collection: Path) -> str:
    """A folder of good and broken images on HDFS; not to be written to."""
    for folder, _, names in os.walk(collection):
        for name in names:
            path = Path(folder, name)
            relative = str(path.relative_to(collection))
            # HDFS has no links and no pipes, and its names are Unicode.
            if path.is_file() and not path.is_symlink() and relative.isprintable():
                hdfs.write(f"/images/{relative}", path.read_bytes())
    for name in ("tab\there.png", "new\nline.png", "return\rhere.png", "semi;colon.png"):
        hdfs.write(f"/images/{name}", (collection / "100%.png").read_bytes())
    return "hdfs:///images"
