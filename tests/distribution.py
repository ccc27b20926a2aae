"""How tests are shared out between processes, and what is said of those that were left out.

A module goes to one process, so that its fixtures are made once; and so do all tests that share a
cluster. Tests of clusters go first: they mostly wait, while others compute.
"""

import os
import shutil
from collections import Counter
from collections.abc import Sequence
from pathlib import PurePath
from typing import Any

import pytest
from xdist.scheduler import LoadFileScheduling

__all__ = [
    "pytest_collection_modifyitems",
    "pytest_deselected",
    "pytest_sessionfinish",
    "pytest_terminal_summary",
    "pytest_testnodedown",
    "pytest_xdist_auto_num_workers",
    "pytest_xdist_make_scheduler",
]

# Modules that share a cluster, or have their own; all others in tests/cluster share another.
_CLUSTERS = {
    "test_collections": "jobs",
    "test_jobs": "jobs",
    "test_readme": "jobs",
    "test_cluster_containers": "containers",
    "test_cluster_processes": "processes",
    "test_kerberos": "processes",
}
# What takes long comes first, so that no process is busy with it when the others are done.
_ORDER = ("cluster", "jobs", "viewing", "core", "privacy", "faults", "hdfs_tools")
_HOW_TO_GET = {
    "cluster": "they need Java 17 and Maven, or Docker (see CONTRIBUTING.md)",
    "browser": "they need Chromium",
    "slow": "make test PYTEST_ARGS='-m slow'",
}
_deselected: Counter[str] = Counter()


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark tests by what they need, put the long ones first, and leave out what is slow."""
    for item in items:
        if "cluster" in item.path.parts:
            item.add_marker("cluster")
        if "browser" in getattr(item, "fixturenames", ()):
            item.add_marker("browser")
    items.sort(key=lambda item: _rank(item.path))
    if "slow" not in config.option.markexpr:
        slow = [item for item in items if item.get_closest_marker("slow")]
        items[:] = [item for item in items if item not in slow]
        if slow:
            config.hook.pytest_deselected(items=slow)


def _rank(path: PurePath) -> int:
    _, is_test, folder = "/".join(path.parts).rpartition("/tests/")
    name = folder.partition("/")[0] if is_test else ""
    if path.stem == "test_spark":
        return _ORDER.index("cluster")
    return _ORDER.index(name) if name in _ORDER else len(_ORDER)


class _ByCluster(LoadFileScheduling):
    """Gives a process all tests of a module, or all that share a cluster."""

    def _split_scope(self, nodeid: str) -> str:
        path = PurePath(super()._split_scope(nodeid))
        if path.parent.name != "cluster":
            return str(path)
        return f"cluster of {_CLUSTERS.get(path.stem, 'all others')}"


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> LoadFileScheduling:
    """Return what shares out the tests."""
    return _ByCluster(config, log)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """Return a process a core and, where clusters can run, two more, which wait for them."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return (cores or 1) + 2 * (shutil.which("java") is not None)


def pytest_deselected(items: Sequence[pytest.Item]) -> None:
    """Count what markers leave out."""
    for item in items:
        expression = item.config.option.markexpr
        for name in _HOW_TO_GET:
            asked = f"not {name}" in expression or (name == "slow" and name not in expression)
            if asked and item.get_closest_marker(name):
                _deselected[name] += 1


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Have the process that reports know it too."""
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput["deselected"] = dict(_deselected)


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Take over what a process counted, which is what each of them counts."""
    _deselected.update(Counter(getattr(node, "workeroutput", {}).get("deselected")) - _deselected)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say what was left out, and how to get it."""
    left_out = _deselected.copy()
    for report in terminalreporter.stats.get("skipped", ()):
        left_out.update(name for name in _HOW_TO_GET if name in report.keywords)
    for name, count in left_out.items():
        words = f"{count} tests marked {name} were left out: {_HOW_TO_GET[name]}"
        terminalreporter.write_line(words)
