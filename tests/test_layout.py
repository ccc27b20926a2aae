"""The rules of the layout: each holds, and is seen where it is broken."""

import ast
import os
import shutil
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

import pytest

from tests.support import ROOT

MAX_MODULES = 15
# A module a command, a job, a section: their number is no lack of order.
LISTS = ("hdfs_tools/commands", "mapreduce_jobs", "mapreduce_jobs/viewing/report/sections")
# Who may ask whether a text is a URI: the grammar of URIs and of record lines, what decides where
# something is, and who only passes a text on, or refuses it.
URIS = (
    "hdfs_tools/uri.py",
    "hdfs_tools/location.py",
    "hdfs_tools/bundles/record.py",
    "hdfs_tools/shell/session.py",
    "mapreduce_jobs/core/jobs/provenance.py",
    "mapreduce_jobs/core/runners/hadoop/hadoop_runner.py",
    "mapreduce_jobs/core/runners/spark/spark_runner.py",
)


def modules(root):
    """Return the paths of all modules below a directory, relative to it."""
    return [
        path.relative_to(root).as_posix()
        for package in ("hdfs_tools", "mapreduce_jobs")
        for path in sorted((root / package).rglob("*.py"))
        if path.name not in ("__init__.py", "__main__.py")
    ]


def crowded(root):
    """Return the directories of more than 15 modules."""
    held = defaultdict(int)
    for module in modules(root):
        held[os.path.dirname(module)] += 1
    return [name for name, count in held.items() if count > MAX_MODULES and name not in LISTS]


def twins(root):
    """Return the base names that several modules of a package have."""
    seen = defaultdict(list)
    for module in modules(root):
        directory, name = os.path.split(module)
        if directory not in LISTS[::2]:
            seen[module.partition("/")[0], name].append(module)
    return [module for found in seen.values() if len(found) > 1 for module in found]


def asks_where(root):
    """Return the modules that ask by themselves where something is."""
    return [
        module
        for module in modules(root)
        if module not in URIS
        and any(
            isinstance(node, ast.ImportFrom)
            and node.module == "hdfs_tools.uri"
            and "is_uri" in {name.name for name in node.names}
            for node in ast.walk(ast.parse((root / module).read_text(encoding="utf-8")))
        )
    ]


RULES = {
    crowded: {f"hdfs_tools/copying/extra_{number}.py": "" for number in range(MAX_MODULES)},
    twins: {"mapreduce_jobs/estimation/decode.py": ""},
    asks_where: {"mapreduce_jobs/extra.py": "from hdfs_tools.uri import is_uri\n"},
}


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_the_rule_holds(rule):
    assert rule(ROOT) == []


@pytest.fixture(scope="module")
def copy(tmp_path_factory):
    """A copy of the sources; each test adds what it needs."""
    root = tmp_path_factory.mktemp("copy")
    for package in ("hdfs_tools", "mapreduce_jobs"):
        shutil.copytree(ROOT / package, root / package, ignore=shutil.ignore_patterns("*.pyc"))
    shutil.copy(ROOT / "setup.cfg", root)
    return root


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_a_broken_rule_is_seen(rule, copy):
    for name, text in RULES[rule].items():
        (copy / name).write_text(text)
    assert rule(copy)
    for name in RULES[rule]:
        (copy / name).unlink()


# What breaks each of the import contracts of setup.cfg.
BREAKS = {
    "Jobs stand on": ("mapreduce_jobs/core/cause.py", "import mapreduce_jobs.viewing.page"),
    "hdfs_tools knows": ("hdfs_tools/cause.py", "import mapreduce_jobs.core.job_errors"),
    "Imaging, estimation and": ("mapreduce_jobs/imaging/cause.py", "import hdfs_tools.uri"),
    "No imports in a circle": ("hdfs_tools/errors.py", "import hdfs_tools.location"),
    "Only the runners": ("mapreduce_jobs/core/jobs/cause.py", "import mrjob.job"),
}


def test_a_broken_import_contract_is_seen(copy):
    for path, line in BREAKS.values():
        with open(copy / path, "a", encoding="utf-8") as module:
            module.write(f"\n{line}\n")
    environment = os.environ | {"PYTHONPATH": str(copy), "COLUMNS": "200"}
    ran = subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-cache"],
        cwd=copy,
        env=environment,
        capture_output=True,
        text=True,
    )
    assert ran.returncode == 1, ran.stderr
    names = [line for line in ran.stdout.splitlines() if " BROKEN" in line]
    assert [name for name in BREAKS if not any(line.startswith(name) for line in names)] == []
