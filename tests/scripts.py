"""The scripts of examples/hdfs, as an administrator runs them; on every kind of file system."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support import ROOT

SCRIPTS = ROOT / "examples" / "hdfs"
DAY = 24 * 3600


@pytest.fixture
def script(url):
    """Run a script to its end."""

    def run(name, *arguments):
        interpreter = [] if name.endswith(".sh") else [sys.executable]
        return subprocess.run(
            [*interpreter, SCRIPTS / name, *map(str, arguments)],
            env={
                **os.environ,
                "HDFS_URL": url,
                "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
                "PYTHONPATH": str(ROOT),
            },
            capture_output=True,
            text=True,
            timeout=120,
        )

    return run


class TestScripts:
    def test_nightly_upload(self, script, fs, folder, tmp_path, tree):
        tree(tmp_path / "scans", {"1.dcm": b"one", "ct/2.dcm": b"two"})
        for files in (2, 3):
            ran = script("nightly_upload.sh", tmp_path / "scans", f"{folder}/scans")
            assert (ran.returncode, ran.stderr) == (0, "")
            assert f'"files": {files}' in ran.stdout
            (tmp_path / "scans/3.dcm").write_bytes(b"three")
        (tmp_path / "scans/dangling").symlink_to("nowhere")
        (tmp_path / "scans/4.dcm").write_bytes(b"four")
        ran = script("nightly_upload.sh", tmp_path / "scans", f"{folder}/scans")
        assert ran.returncode == 1
        assert "dangling: No such file or directory" in ran.stderr
        assert fs.read(f"{folder}/scans/4.dcm") == b"four"

    def test_retention(self, script, fs, folder):
        for name, days in (("old", 100), ("new", 10)):
            fs.write(f"{folder}/{name}/1.dcm", b"1")
            fs.set_times(f"{folder}/{name}", fs.stat(folder).modified - days * DAY)
        tried = script("retention.sh", folder, 90, "--dry-run")
        assert tried.returncode == 0
        assert f"{folder}/old" in tried.stdout + tried.stderr
        assert fs.exists(f"{folder}/old")
        ran = script("retention.sh", folder, 90)
        assert ran.returncode == 0
        assert [entry.name for entry in fs.list(folder)] == ["new"]
        assert fs.exists(f"{fs.trash_root(folder)}/Current{folder}/old/1.dcm")
        assert script("retention.sh", folder, 90).returncode == 0  # nothing is left to do

    def test_integrity_audit(self, script, fs, folder, tmp_path):
        for name in ("a", "b", "c"):
            fs.write(f"{folder}/{name}.dcm", name.encode())
        record = tmp_path / "record.jsonl"
        assert script("integrity_audit.py", folder, record).stdout.startswith("3 files, 3 of them")
        assert script("integrity_audit.py", folder, record).stdout == (
            "3 files, 0 of them new, 0 bad\n"
        )
        fs.write(f"{folder}/a.dcm", b"changed", overwrite=True)
        fs.delete(f"{folder}/b.dcm")
        ran = script("integrity_audit.py", folder, record)
        assert ran.returncode == 1
        assert ran.stderr == f"changed: {folder}/a.dcm\nmissing: {folder}/b.dcm\n"

    def test_move_between_clusters(self, script, fs, folder, uri):
        fs.write(f"{folder}/from/ct/1.dcm", b"one")
        fs.write(f"{folder}/to/ct/1.dcm", b"half")  # from a run that did not end
        ran = script("move_between_clusters.sh", f"{uri}{folder}/from", f"{uri}{folder}/to")
        assert (ran.returncode, ran.stderr) == (0, "")
        assert fs.read(f"{folder}/to/ct/1.dcm") == b"one"
        assert not fs.exists(f"{folder}/from")
        ran = script("move_between_clusters.sh", f"{uri}{folder}/from", f"{uri}{folder}/to")
        assert ran.returncode == 1
        assert "No such file or directory" in ran.stderr
