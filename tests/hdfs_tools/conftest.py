"""hdfs-tools on a store of this machine, in a process of its own and in this one."""

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from hdfs_tools.cli import main
from hdfs_tools.embedded import EmbeddedStore
from tests.support import Ran, run


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """What makes hdfs-tools use the store."""
    return {"HDFS_URL": f"file://{tmp_path}/the%20store", "HADOOP_USER_NAME": "alice", "TZ": "UTC"}


@pytest.fixture
def store(tmp_path: Path) -> EmbeddedStore:
    """The store, whose superuser is alice, with her home folder."""
    store = EmbeddedStore(f"{tmp_path}/the store", "alice")
    store.mkdir(store.home())
    return store


@pytest.fixture
def process(
    environment: dict[str, str], tmp_path: Path, store: EmbeddedStore
) -> Callable[..., Ran]:
    """Run hdfs-tools as a process."""

    def tools(*words: object, env: dict[str, str] | None = None, **kwargs: object) -> Ran:
        variables = {**environment, **(env or {})}
        command = (sys.executable, "-m", "hdfs_tools", *words)
        return run(*command, cwd=tmp_path, env=variables, **kwargs)

    return tools


@pytest.fixture
def tools(
    environment: dict[str, str],
    store: EmbeddedStore,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsysbinary: pytest.CaptureFixture[bytes],
) -> Callable[..., Ran]:
    """Run hdfs-tools in this process: a line of words, or several words."""
    monkeypatch.chdir(tmp_path)

    def call(*words: object, user: str = "alice") -> Ran:
        for name, value in {**environment, "HADOOP_USER_NAME": user}.items():
            monkeypatch.setenv(name, value)
        if len(words) == 1:
            words = tuple(str(words[0]).split())
        try:
            status = main([str(word) for word in words])
        except SystemExit as ended:
            status = int(ended.code or 0)
        shown = capsysbinary.readouterr()
        return Ran(status, shown.out, shown.err.decode())

    return call
