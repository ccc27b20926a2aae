"""The embedded store on a disk that is full, or that cannot be written to."""

import os
import re
import shutil
import signal
import subprocess
import sys

import pytest

from tests.small_disk import small_disk
from tests.support import ROOT

# Leaves a log of what is not yet in the database itself, and a step that is done but not followed.
KILLED = """
import os, signal, sys
from hdfs_tools.embedded import EmbeddedStore
fs = EmbeddedStore(sys.argv[1])
fs.write("/kept/late", b"late", permission=0o600)
rename = os.rename
def killed(source, target):
    rename(source, target)
    os.kill(os.getpid(), signal.SIGKILL)
os.rename = killed
fs.rename("/kept/moved", "/kept/there")
"""

MANY = """
import sys
from hdfs_tools.embedded import EmbeddedStore
fs = EmbeddedStore(sys.argv[1])
for number in range(1500):
    fs.write(f"/many/{number}{'-' * 200}", b"", permission=0o600)
"""


@pytest.fixture
def disk(tmp_path):
    with small_disk(tmp_path / "disk", "8m") as disk:
        assert tools(disk, "mkdir", "/kept").status == 0
        (tmp_path / "1").write_bytes(b"1" * 5000)
        assert tools(disk, "put", tmp_path / "1", "/kept/1").status == 0
        assert tools(disk, "put", tmp_path / "1", "/kept/moved").status == 0
        assert tools(disk, "chmod", "640", "/kept/1").status == 0
        yield disk


def tools(disk, *words):
    env = {"HDFS_URL": f"file://{disk.path}/store"}
    return disk.run(sys.executable, "-m", "hdfs_tools", *words, cwd=ROOT, env=env)


def state(disk):
    """Return what the store tells of everything in it."""
    told = tools(disk, "ls", "-R", "--json", "/")
    assert told.status == 0, told.stderr
    return sorted(re.sub(rb'"accessed": [^,]*', b"", line) for line in told.stdout.splitlines())


def assert_readable(disk, tmp_path):
    assert tools(disk, "cat", "/kept/1").stdout == b"1" * 5000
    shutil.rmtree(tmp_path / "got", ignore_errors=True)
    for words in (
        ["get", "/kept/1", tmp_path / "got"],
        ["stat", "/kept/1"],
        ["du", "/kept"],
        ["checksum", "/kept/1"],
        ["getfacl", "/kept/1"],
    ):
        ran = tools(disk, *words)
        assert (ran.status, ran.stderr) == (0, ""), words
    assert b"rw-r-----" in tools(disk, "ls", "/kept").stdout


CHANGES = [
    ["put", "FILE", "/kept/2"],
    ["put", "-f", "FILE", "/kept/1"],
    ["mkdir", "-p", "/new/folder"],
    ["mv", "/kept", "/moved"],
    ["chmod", "777", "/kept/1"],
    ["setfacl", "-m", "user:bob:rwx", "/kept/1"],
    ["rm", "/kept/1"],
]


class TestFull:
    @pytest.mark.parametrize("with_room", [True, False], ids=["room kept", "no room kept"])
    def test_it_is_read(self, disk, tmp_path, with_room):
        before = state(disk)
        if not with_room:
            (disk.seen / "store/.hdfs-tools/room").unlink()
        disk.fill()
        assert_readable(disk, tmp_path)
        assert state(disk) == before

    def test_changes_are_refused_and_leave_nothing_half_done(self, disk, tmp_path):
        (disk.seen / "store/.hdfs-tools/room").unlink()
        (tmp_path / "big").write_bytes(b"2" * 300_000)
        before = state(disk)
        disk.fill()
        for change in CHANGES:
            words = [tmp_path / "big" if word == "FILE" else word for word in change]
            ran = tools(disk, *words)
            assert ran.status == 1, change
            assert "No space left on device" in ran.stderr
            assert "Traceback" not in ran.stderr
            assert state(disk) == before, change
        assert os.listdir(disk.seen / "store/.hdfs-tools/staged") == []

    def test_with_less_and_less_room_a_change_is_done_or_not(self, disk, tmp_path):
        (tmp_path / "2").write_bytes(b"2" * 3000)
        for words in (["put", tmp_path / "2", "/kept/2"], ["mv", "/kept/moved", "/kept/there"]):
            before, ends = state(disk), set()
            for pages in range(0, 40, 4):
                disk.fill(but=pages * 4096)
                ran = tools(disk, *words)
                after = state(disk)
                if ran.status:
                    assert "No space left on device" in ran.stderr
                    assert "Traceback" not in ran.stderr
                    assert after == before
                ends.add(ran.status)
                if ran.status == 0:
                    assert after != before
                    break
            assert 0 in ends
            assert tools(disk, "cat", "/kept/1").stdout == b"1" * 5000

    def test_a_folder_of_very_many_files_stays_where_it_is(self, disk):
        words = [*disk.within, sys.executable, "-c", MANY, f"{disk.path}/store"]
        subprocess.run(words, cwd=ROOT, check=True)
        before = state(disk)
        disk.fill(but=150_000)
        ran = tools(disk, "mv", "/many", "/moved")
        assert ran.status == 1
        assert "No space left on device" in ran.stderr
        assert state(disk) == before
        disk.empty()
        assert tools(disk, "mv", "/many", "/moved").status == 0

    def test_something_can_be_deleted(self, disk, tmp_path):
        (tmp_path / "big").write_bytes(b"2" * 900_000)
        assert tools(disk, "put", tmp_path / "big", "/kept/2").status == 0
        disk.fill()
        ran = tools(disk, "rm", "-skipTrash", "/kept/2")
        assert (ran.status, ran.stderr) == (0, "")
        assert tools(disk, "put", tmp_path / "big", "/kept/3").status == 0

    def test_no_store_can_be_made(self, disk):
        disk.fill()
        env = {"HDFS_URL": f"file://{disk.path}/other/store"}
        ran = disk.run(sys.executable, "-m", "hdfs_tools", "ls", "/", cwd=ROOT, env=env)
        assert "Traceback" not in ran.stderr
        disk.empty()
        assert (
            disk.run(sys.executable, "-m", "hdfs_tools", "ls", "/", cwd=ROOT, env=env).status == 0
        )

    def test_a_kill_before_it_was_full(self, disk):
        words = [*disk.within, sys.executable, "-c", KILLED, f"{disk.path}/store"]
        killed = subprocess.run(words, cwd=ROOT)
        assert killed.returncode in (-signal.SIGKILL, 128 + signal.SIGKILL)
        assert (disk.seen / "store/.hdfs-tools/store.sqlite-wal").stat().st_size
        (disk.seen / "store/.hdfs-tools/room").unlink()
        disk.fill()
        assert b"rw-------" in tools(disk, "ls", "/kept/late").stdout
        for _ in range(2):
            found = [tools(disk, "cat", f"/kept/{name}").stdout for name in ("moved", "there")]
            assert sorted(found) == [b"", b"1" * 5000]
            disk.empty()


class TestReadOnly:
    def test_it_is_read(self, disk, tmp_path):
        before = state(disk)
        disk.make_read_only()
        assert_readable(disk, tmp_path)
        assert state(disk) == before
        for change in CHANGES:
            words = [tmp_path / "1" if word == "FILE" else word for word in change]
            ran = tools(disk, *words)
            assert ran.status == 1, change
            assert "Read-only file system" in ran.stderr
            assert "Traceback" not in ran.stderr

    def test_a_kill_before_it_was_read_only(self, disk):
        subprocess.run([*disk.within, sys.executable, "-c", KILLED, f"{disk.path}/store"], cwd=ROOT)
        disk.make_read_only()
        assert tools(disk, "cat", "/kept/there").stdout == b"1" * 5000
        assert b"rw-------" in tools(disk, "ls", "/kept/late").stdout

    def test_a_folder_that_is_no_store_yet(self, disk):
        (disk.seen / "plain").mkdir()
        (disk.seen / "plain/1.txt").write_bytes(b"1")
        disk.make_read_only()
        env = {"HDFS_URL": f"file://{disk.path}/plain"}
        for words, expected in ((["cat", "/1.txt"], b"1"), (["ls", "-C", "/"], b"/1.txt\n")):
            ran = disk.run(sys.executable, "-m", "hdfs_tools", *words, cwd=ROOT, env=env)
            assert (ran.status, ran.stdout) == (0, expected), ran.stderr


class TestDamage:
    def test_it_is_told(self, disk):
        database = disk.seen / "store/.hdfs-tools/store.sqlite"
        database.write_bytes(b"no database, for certain" * 1000)
        for words in (["ls", "/"], ["mkdir", "/a"]):
            ran = tools(disk, *words)
            assert ran.status == 1
            assert "store.sqlite: the database of the store is damaged" in ran.stderr
            assert "Traceback" not in ran.stderr
