"""put, get and cp, on a store of this machine."""

import os
import pty
import subprocess
import sys

import pytest


@pytest.fixture
def scans(tmp_path, tree):
    """A folder of this machine."""
    return tree(tmp_path / "scans", {"1.dcm": b"one", "ct/2.dcm": b"two", "ct/raw/3": b"three"})


NAMES = ["1.dcm", "ct/2.dcm", "ct/raw/3"]


def stored(store, folder):
    return [entry.path.removeprefix(f"{folder}/") for entry in store.walk(folder)]


class TestPut:
    def test_where_it_goes(self, tools, store, scans):
        assert tools("put scans /data").status == 0
        assert sorted(stored(store, "/data")) == NAMES
        assert tools("-copyFromLocal scans /data").status == 0
        assert sorted(stored(store, "/data/scans")) == NAMES
        assert tools(f"put file://{scans}/1.dcm").status == 0
        assert store.read("/user/alice/1.dcm") == b"one"
        store.mkdir("/several")
        assert tools("put scans/1.dcm scans/ct /several").status == 0
        assert sorted(stored(store, "/several")) == NAMES

    def test_refusals(self, tools, store, scans):
        store.write("/there", b"old")
        for line, reason in (
            ("scans/1.dcm /there", "/there: File exists"),
            ("scans/1.dcm /no/such", "/no/such: No such file or directory"),
            ("scans/1.dcm /new/", "/new/: No such file or directory"),
            ("scans /there", "/there: Not a directory"),
            ("scans/1.dcm scans/ct /new", "/new: No such file or directory"),
            ("nothing /new", "nothing: No such file or directory"),
        ):
            ran = tools(f"put {line}")
            assert (ran.status, ran.stderr) == (1, f"hdfs-tools put: {reason}\n")
        assert store.read("/there") == b"old"
        assert tools("put -f scans/1.dcm /there").status == 0
        assert store.read("/there") == b"one"

    def test_two_of_one_name(self, tools, store, scans, tree):
        tree(scans, {"other/1.dcm": b"another"})
        ran = tools("put -f scans/1.dcm scans/other/1.dcm .")
        assert ran.status == 1
        assert "1.dcm: another source of this name" in ran.stderr
        assert store.read("/user/alice/1.dcm") == b"one"

    def test_one_that_fails_is_named_and_the_others_are_there(self, tools, store, scans):
        os.mkfifo(scans / "ct/pipe")
        store.write("/data/scans/1.dcm", b"old")
        ran = tools("put -t 2 scans /data")
        assert ran.status == 1
        assert sorted(ran.stderr.splitlines()) == [
            "hdfs-tools put: /data/scans/1.dcm: File exists",
            f"hdfs-tools put: {scans}/ct/pipe: a pipe, socket or device",
        ]
        assert sorted(stored(store, "/data/scans")) == NAMES
        assert store.read("/data/scans/1.dcm") == b"old"

    def test_sync(self, tools, store, scans):
        assert tools("put --sync scans /data").status == 0
        before = {entry.path: entry.modified for entry in store.walk("/data")}
        (scans / "ct/2.dcm").write_bytes(b"new")
        store.write("/data/more", b"stays")
        assert tools("put --sync scans /data").status == 0
        after = {entry.path: entry.modified for entry in store.walk("/data")}
        assert store.read("/data/ct/2.dcm") == b"new"
        assert after["/data/ct/raw/3"] == before["/data/ct/raw/3"]
        assert not store.exists("/data/scans")
        assert store.exists("/data/more")

    def test_times_and_modes(self, tools, store, scans):
        os.utime(scans / "1.dcm", (1_600_000_000, 1_600_000_000))
        os.chmod(scans / "1.dcm", 0o600)
        tools("put -p scans/1.dcm /kept")
        found = store.stat("/kept")
        assert (found.modified, found.permission) == (1_600_000_000, 0o600)

    def test_dry_run(self, tools, store, scans):
        store.write("/data/scans/1.dcm", b"one")
        assert tools("put --dry-run --sync scans /data/scans").stdout.decode().splitlines() == [
            f"Would copy {scans}/ct/2.dcm to /data/scans/ct/2.dcm",
            f"Would copy {scans}/ct/raw/3 to /data/scans/ct/raw/3",
        ]
        ran = tools("put --dry-run -f scans /data")
        assert ran.stdout.decode().splitlines()[0] == (
            f"Would replace /data/scans/1.dcm with {scans}/1.dcm"
        )
        ran = tools("put --dry-run scans /data")
        assert (ran.status, ran.stderr) == (
            1,
            "hdfs-tools put: /data/scans/1.dcm: File exists\n",
        )
        assert stored(store, "/data") == ["scans/1.dcm"]

    @pytest.mark.parametrize("size", [0, 5, 16 << 20, (16 << 20) + 1, 40_000_000])
    def test_standard_input(self, process, store, size):
        data = os.urandom(size)
        assert process("put", "-", "/stream", stdin=data).status == 0
        assert store.read("/stream") == data
        again = process("put", "-", "/stream", stdin=b"x")
        assert (again.status, again.stderr) == (
            1,
            "hdfs-tools put: /stream: File exists\n",
        )
        assert process("put", "-f", "-", "/stream", stdin=b"x").status == 0
        assert process("put", "-", "/", stdin=b"x").stderr == "hdfs-tools put: /: Is a directory\n"


class TestGet:
    def test_where_it_goes(self, tools, store, scans, tmp_path):
        tools("put scans /data")
        assert tools("get /data copy").status == 0
        assert (tmp_path / "copy/ct/raw/3").read_bytes() == b"three"
        assert tools("-copyToLocal /data/ct/raw copy").status == 0
        assert (tmp_path / "copy/raw/3").read_bytes() == b"three"
        assert tools("get /data/1.dcm").status == 0
        assert (tmp_path / "1.dcm").read_bytes() == b"one"
        assert tools("get /data/{1,2}* /data/ct new").stderr == (
            "hdfs-tools get: new: No such file or directory\n"
        )

    def test_into_a_folder_that_has_it(self, tools, store, scans, tmp_path):
        tools("put scans /data")
        (tmp_path / "copy/data").mkdir(parents=True)
        (tmp_path / "copy/data/1.dcm").write_bytes(b"old")
        ran = tools("get /data copy")
        assert (ran.status, ran.stderr) == (
            1,
            f"hdfs-tools get: {tmp_path}/copy/data/1.dcm: File exists\n",
        )
        assert (tmp_path / "copy/data/ct/2.dcm").read_bytes() == b"two"
        assert tools("get -f -ignoreCrc /data copy").status == 0
        assert (tmp_path / "copy/data/1.dcm").read_bytes() == b"one"
        (tmp_path / "copy/data/1.dcm").write_bytes(b"xxx")
        assert tools("get --sync /data copy/data").status == 0
        assert (tmp_path / "copy/data/1.dcm").read_bytes() == b"one"
        assert not (tmp_path / "copy/data/data").exists()

    def test_standard_output(self, process, store):
        store.write("/binary", b"\x00\xff\r\n" * 500_000)
        assert process("get", "/binary", "-").stdout == b"\x00\xff\r\n" * 500_000

    def test_dry_run(self, tools, store, scans, tmp_path):
        tools("put scans /data")
        ran = tools("get --dry-run -f /data/1.dcm scans")
        assert ran.stdout.decode() == f"Would replace {scans}/1.dcm with /data/1.dcm\n"
        ran = tools("get --dry-run /data/ct/raw new")
        assert ran.stdout.decode() == f"Would copy /data/ct/raw/3 to {tmp_path}/new/3\n"
        ran = tools("cp --dry-run /data/ct/raw /new")
        assert ran.stdout.decode() == "Would copy /data/ct/raw/3 to /new/3\n"
        assert not store.exists("/new")
        assert not (tmp_path / "new").exists()


class TestCp:
    def test_within_one(self, tools, store, scans):
        tools("put scans /data")
        assert tools("cp /data /copy").status == 0
        assert sorted(stored(store, "/copy")) == NAMES
        assert tools("cp /data/1.dcm /data/ct/2.dcm /copy/ct/raw").status == 0
        assert tools("cp --sync /data /copy").status == 0
        ran = tools("cp /data /data/below")
        assert ran.stderr == ("hdfs-tools cp: /data to /data/below: is a subdirectory of itself\n")
        assert tools("cp /data/1.dcm /copy").stderr == ("hdfs-tools cp: /copy/1.dcm: File exists\n")

    def test_another_must_be_on_hdfs(self, tools, store):
        store.write("/a", b"")
        ran = tools("cp /a file:///tmp/b")
        assert ran.status == 1
        assert ran.stderr.startswith("hdfs-tools cp: file:///tmp/b: not on HDFS")

    def test_one_address_does_not_stand_for_two_clusters(self, tools, store):
        store.write("/a", b"")
        ran = tools("--url", store.url, "cp", "hdfs://nn1:8020/a", "hdfs://nn2:8020/b")
        assert ran.status == 1
        assert ran.stderr.startswith("hdfs-tools cp: hdfs://nn2:8020: nothing says how")
        assert not store.exists("/b")
        assert tools("--url", store.url, "cp", "hdfs://nn1/a", "hdfs://nn1/b").status == 0


def test_progress_is_for_terminals(environment, scans, store, tmp_path):
    def shown(*words):
        terminal, other_end = pty.openpty()
        with os.fdopen(terminal, "rb", buffering=0) as screen:
            subprocess.run(
                [sys.executable, "-m", "hdfs_tools", *words],
                stderr=other_end,
                cwd=tmp_path,
                env={**os.environ, **environment, "TERM": "xterm"},
                check=True,
            )
            os.close(other_end)
            text = b""
            try:
                while piece := screen.read(10_000):
                    text += piece
            except OSError:  # how Linux tells the end
                pass
        return text

    assert b"3 files, 11\r\n" in shown("put", "scans", "/data")
    assert b"0 files, 0, 3 unchanged" in shown("put", "--sync", "scans", "/data")
    assert shown("put", "-q", "scans", "/quiet") == b""
