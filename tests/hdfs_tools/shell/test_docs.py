"""docs/hdfs.md says what is so."""

import doctest
import json
import os
import re
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import pytest

from hdfs_tools import connect, errors
from hdfs_tools.cli import _COMMANDS
from tests.support import ROOT, write_tree
from tests.test_docs import commands

PAGE = (ROOT / "docs/hdfs.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
SCANS = {
    "ct/1.dcm": b"1" * 3000,
    "ct/2.dcm": b"2" * 2000,
    "mr/1.dcm": b"3" * 900,
    "mr/notes.txt": b"hello\n",
}
ONLY_ON_A_SERVER = r"^hdfs-tools (quota|snapshot|policy) "
TIMES = {"modified", "accessed", "when"}
DIFFER = TIMES | {"filesystem", "capacity", "used", "remaining", "space_used"}


@pytest.fixture
def place(tmp_path, monkeypatch):
    """A folder with the page's scans; HDFS is a store beside them."""
    write_tree(tmp_path / "scans", SCANS)
    for path in (tmp_path / "scans").rglob("*"):
        path.chmod(0o755 if path.is_dir() else 0o644)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HDFS_URL", f"file://{tmp_path}/store")
    monkeypatch.setenv("HADOOP_USER_NAME", "alice")
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}:{os.environ['PATH']}")
    return tmp_path


def test_every_command_runs_and_shows_what_is_shown_or_needs_a_server(place):
    shown = 0
    for (kind, block), (next_kind, answer) in pairwise([*BLOCKS, ("", "")]):
        if kind != "console":
            continue
        if re.search(ONLY_ON_A_SERVER, block, re.MULTILINE):
            for line in commands(f"```console\n{block}```"):
                if re.match(ONLY_ON_A_SERVER, line):
                    ran = subprocess.run(line.split(), capture_output=True, text=True)
                    assert ran.returncode == 1, line
                    assert "only an HDFS server has" in ran.stderr
            continue
        written = ""
        for line in commands(f"```console\n{block}```"):
            ran = subprocess.run(
                ["bash", "-o", "pipefail", "-c", line], capture_output=True, text=True
            )
            assert ran.returncode == 0, (line, ran.stderr)
            assert "Traceback" not in ran.stderr
            written += ran.stdout
        shown += next_kind in ("text", "json")
        if next_kind == "text":
            assert without_dates(written) == without_dates(answer)
        elif next_kind == "json":
            assert objects(written) == objects(answer)
    assert shown > 5


def without_dates(text):
    return re.sub(r"\d{4}-\d\d-\d\d \d\d:\d\d", "DATE", text)


def objects(lines):
    """Return what lines of JSON say; of what differs from store to store, its type."""
    told = [json.loads(line) for line in lines.splitlines()]
    return [
        [(key, type(value) if key in DIFFER else value) for key, value in each.items()]
        for each in told
    ]


@pytest.mark.parametrize("page", ["README.md", "docs/hdfs.md", "docs/own-job.md"])
def test_every_example_in_python_runs(place, page):
    text = (ROOT / page).read_text(encoding="utf-8")
    blocks = re.findall(r"^```pycon\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    assert blocks
    for block in blocks:
        example = doctest.DocTestParser().get_doctest(block, {}, "page", None, None)
        told: list[str] = []
        runner = doctest.DocTestRunner(verbose=False)
        failed, tried = runner.run(example, out=told.append)
        assert tried
        assert not failed, "".join(told)


def test_every_command_is_on_the_page(tools):
    shown = tools("--help").stdout.decode()
    names = set(re.findall(r"^    ([a-z]+)\b", shown, re.MULTILINE))
    names |= set(re.findall(r"\((\w+)\)$", shown, re.MULTILINE))
    assert names > set(_COMMANDS)
    told = "\n".join(line.split("|")[2] for line in PAGE.splitlines() if line.startswith("| "))
    assert {name for name in names if not re.search(rf"`{name}\b", told)} == set()


def test_every_command_that_writes_json_shows_it(tools):
    shown = {line.split(" --json")[0] for line in commands(PAGE) if " --json" in line}
    for name in _COMMANDS:
        if "--json" in tools(f"{name} --help").stdout.decode():
            assert any(line.startswith(f"hdfs-tools {name}") for line in shown), name


def test_the_aliases_on_the_page_are_taken(tmp_path, monkeypatch):
    monkeypatch.setenv("HDFSCLI_CONFIG", str(tmp_path / "hdfscli.cfg"))
    taken = []
    for kind, block in BLOCKS:
        if kind == "ini" and "KerberosClient" not in block:  # needs what is not installed here
            (tmp_path / "hdfscli.cfg").write_text(block)
            for alias in re.findall(r"^\[(\w+)\.alias\]", block, re.MULTILINE):
                taken.append((alias, connect(alias).url))
    assert taken == [
        ("hospital", "http://nn1:9870;http://nn2:9870"),
        ("archive", "http://archive:9870"),
        ("job", "https://namenode:9871"),
    ]


def test_every_error_is_on_the_page():
    assert {name for name in errors.__all__ if f"`{name}`" not in PAGE} == set()


def test_every_script_is_on_the_page():
    names = {path.name for path in (ROOT / "examples/hdfs").iterdir() if path.is_file()}
    assert set(re.findall(r"`(\w+\.(?:sh|py)) ", PAGE)) == names
