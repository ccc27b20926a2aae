"""Copies of files and trees: what arrives, what is refused, what is left alone."""

import os
import stat
import subprocess
import sys
import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hdfs_tools import connect
from hdfs_tools.copying.temporary import REMOTE_LEASE, is_temporary, temporary_name
from hdfs_tools.copying.transfer import Meter, Options, copy
from hdfs_tools.errors import Exists, IsADirectory, NotADirectory, NotFound, TransferFailed

# Holds the lock of a file or directory, as whoever writes it does.
HOLD = """
import fcntl, os, sys, time
fcntl.flock(os.open(sys.argv[1], os.O_RDONLY), fcntl.LOCK_EX)
print("held", flush=True)
time.sleep(600)
"""

NAME = st.text(st.characters(exclude_categories=["C"], exclude_characters="/:"), min_size=1)
NAMES = NAME.filter(lambda name: name not in (".", "..", ".snapshot") and len(name.encode()) < 100)
TREES = st.recursive(
    st.binary(max_size=2000), lambda below: st.dictionaries(NAMES, below, max_size=4), max_leaves=8
).filter(lambda tree: isinstance(tree, dict))


@pytest.fixture
def fs(tmp_path):
    return connect(f"file://{tmp_path}/store")


@pytest.fixture
def scans(tmp_path, tree):
    folder = tmp_path / "scans"
    tree(folder, {"a.png": b"a" * 1000, "ct/1.dcm": b"1", "ct/2.dcm": b"22", "mr/3.dcm": b"333"})
    (folder / "empty").mkdir()
    return folder


def write(folder, contents):
    folder.mkdir()
    for name, below in contents.items():
        if isinstance(below, dict):
            write(folder / name, below)
        else:
            (folder / name).write_bytes(below)


def read(folder):
    return {
        path.name: read(path) if path.is_dir() else path.read_bytes() for path in folder.iterdir()
    }


def failures(failed):
    return {os.path.basename(path): type(error).__name__ for path, error in failed.value.failures}


@settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(TREES)
def test_any_tree_goes_there_and_comes_back(tmp_path_factory, contents):
    here = tmp_path_factory.mktemp("any")
    write(here / "scans", contents)
    fs = connect(f"file://{here}/store")
    fs.copy_from_local(here / "scans", "/data/scans")
    other = connect(f"file://{here}/other")
    copy(fs, "/data/scans", other, "/elsewhere")
    other.copy_to_local("/elsewhere", here / "copy")
    assert read(here / "copy") == contents


class TestWhatIsThere:
    def test_is_not_overwritten(self, fs, scans):
        fs.copy_from_local(scans, "/scans")
        (scans / "new.png").write_bytes(b"new")
        with pytest.raises(TransferFailed, match="File exists") as failed:
            fs.copy_from_local(scans, "/scans")
        assert set(failures(failed).values()) == {"Exists"}
        assert len(failed.value.failures) == 4
        assert fs.read("/scans/new.png") == b"new"

    def test_is_overwritten_if_so_asked(self, fs, scans):
        fs.copy_from_local(scans, "/scans")
        (scans / "a.png").write_bytes(b"other")
        assert fs.copy_from_local(scans, "/scans", overwrite=True).files == 4
        assert fs.read("/scans/a.png") == b"other"

    def test_is_left_alone_if_it_is_the_same(self, fs, scans, tmp_path):
        fs.copy_from_local(scans, "/scans")
        (scans / "a.png").write_bytes(b"A" * 1000)
        (scans / "ct/1.dcm").write_bytes(b"longer")
        again = fs.copy_from_local(scans, "/scans", sync=True)
        assert (again.files, again.unchanged, again.directories) == (2, 2, 0)
        assert fs.read("/scans/a.png") == b"A" * 1000

    def test_is_left_alone_by_its_length_where_nothing_is_verified(self, fs, scans):
        fs.copy_from_local(scans, "/scans")
        (scans / "a.png").write_bytes(b"A" * 1000)
        assert fs.copy_from_local(scans, "/scans", sync=True, verify=False).unchanged == 4

    def test_is_of_another_kind(self, fs, scans, tmp_path):
        fs.write("/file", b"")
        with pytest.raises(NotADirectory):
            fs.copy_from_local(scans, "/file")
        fs.mkdir("/folder")
        with pytest.raises(IsADirectory):
            fs.copy_from_local(scans / "a.png", "/folder")
        fs.mkdir("/mixed/a.png")
        fs.write("/mixed/ct", b"")
        with pytest.raises(TransferFailed) as failed:
            fs.copy_from_local(scans, "/mixed", overwrite=True)
        assert failures(failed)["a.png"] == "IsADirectory"
        assert failures(failed)["ct"] == "NotADirectory"
        assert fs.read("/mixed/mr/3.dcm") == b"333"

    def test_is_the_source_itself(self, fs, scans):
        fs.copy_from_local(scans, "/scans")
        with pytest.raises(Exists, match="or in it"):
            copy(fs, "/scans", fs, "/scans/ct/copy")


class TestWhatCannotBeCopied:
    def test_is_named_and_the_rest_is_copied(self, fs, scans, tmp_path):
        (tmp_path / "secret").write_bytes(b"outside")
        (scans / "dangling").symlink_to("nowhere")
        (scans / "out").symlink_to(tmp_path / "secret")
        (scans / "folder link").symlink_to(scans / "ct")
        (scans / "inside").symlink_to(scans / "a.png")
        (scans / "colon:name").write_bytes(b"")
        os.mkfifo(scans / "pipe")
        with pytest.raises(TransferFailed) as failed:
            fs.copy_from_local(scans, "/scans")
        assert failures(failed) == {
            "dangling": "FileNotFoundError",
            "out": "NotARegularFile",
            "folder link": "NotARegularFile",
            "colon:name": "InvalidPath",
            "pipe": "NotARegularFile",
        }
        assert fs.read("/scans/inside") == b"a" * 1000
        assert len(list(fs.walk("/scans"))) == 5

    def test_is_not_there(self, fs, tmp_path):
        with pytest.raises(NotFound, match="nowhere: No such file"):
            fs.copy_from_local(tmp_path / "nowhere", "/x")
        with pytest.raises(NotFound):
            fs.copy_to_local("/nowhere", tmp_path / "x")
        assert not (tmp_path / "x").exists()

    def test_a_link_in_the_target_is_not_followed(self, fs, scans, tmp_path):
        fs.copy_from_local(scans, "/scans")
        (tmp_path / "copy").mkdir()
        (tmp_path / "elsewhere").mkdir()
        (tmp_path / "copy/ct").symlink_to(tmp_path / "elsewhere")
        with pytest.raises(TransferFailed, match="a link, which is not followed") as failed:
            fs.copy_to_local("/scans", tmp_path / "copy")
        assert len(failed.value.failures) == 3  # the folder, and each file in it
        assert os.listdir(tmp_path / "elsewhere") == []
        assert (tmp_path / "copy/mr/3.dcm").read_bytes() == b"333"

    def test_a_file_that_changes_while_it_is_read(self, fs, tmp_path):
        path = tmp_path / "growing"
        path.write_bytes(bytes(5_000_000))

        class Grows(Meter):
            def add(self, bytes):
                with open(path, "ab") as file:
                    file.write(b"x")

        with pytest.raises(TransferFailed, match="it changed while it was read"):
            fs.copy_from_local(path, "/growing", meter=Grows())
        assert list(fs.list("/")) == []


class TestModesAndTimes:
    def test_are_kept_if_so_asked(self, fs, scans, tmp_path):
        os.chmod(scans / "a.png", 0o640)
        os.utime(scans / "a.png", (1e9, 1e9 + 0.25))
        os.chmod(scans / "ct", 0o750)
        os.utime(scans / "ct", (1e9, 1e9))
        fs.copy_from_local(scans, "/scans", preserve=True)
        assert fs.stat("/scans/a.png").mode == "-rw-r-----"
        assert fs.stat("/scans/a.png").modified == 1e9 + 0.25
        assert fs.stat("/scans/ct").mode == "drwxr-x---"
        assert fs.stat("/scans/ct").modified == 1e9
        fs.copy_to_local("/scans", tmp_path / "copy", preserve=True)
        found = os.stat(tmp_path / "copy/a.png")
        assert (stat.S_IMODE(found.st_mode), found.st_mtime) == (0o640, 1e9 + 0.25)
        assert os.stat(tmp_path / "copy/ct").st_mtime == 1e9

    def test_are_new_if_not(self, fs, scans, tmp_path):
        os.utime(scans / "a.png", (1e9, 1e9))
        fs.copy_from_local(scans, "/scans")
        assert fs.stat("/scans/a.png").modified > 1.5e9
        assert fs.stat("/scans/a.png").mode == "-rw-r--r--"


class TestTemporaryFiles:
    def test_that_nobody_renewed_for_a_day_go_when_a_copy_looks_there(self, fs, scans):
        left, theirs = temporary_name("/scans/a.png"), temporary_name("/scans/a.png")
        for name in (left, theirs):
            fs.write(name, b"half")
        fs.mkdir(f"{left}.d/below")
        fs.rename(f"{left}.d", directory := temporary_name("/scans/x.bundle"))
        for name in (left, directory):
            fs.set_times(name, time.time() - REMOTE_LEASE - 1)
        fs.set_times(theirs, time.time() - REMOTE_LEASE + 60)
        fs.copy_from_local(scans, "/scans", sync=True)
        assert not fs.exists(left)
        assert not fs.exists(directory)
        assert fs.read(theirs) == b"half"

    def test_are_never_copied(self, fs, scans, tmp_path):
        (scans / temporary_name("a.png")).write_bytes(b"half")
        fs.copy_from_local(scans, "/scans")
        fs.write(temporary_name("/scans/b.png"), b"half")
        assert fs.copy_to_local("/scans", tmp_path / "copy").files == 4

    @pytest.mark.parametrize("kind", ["file", "directory"])
    def test_on_this_machine_go_when_they_are_old_and_nobody_has_their_lock(
        self, fs, scans, tmp_path, kind
    ):
        fs.copy_from_local(scans, "/scans")
        target = tmp_path / "copy"
        target.mkdir()
        left = {}
        for state in ("new", "old and locked", "old"):
            left[state] = target / temporary_name("a.png")
            left[state].write_bytes(b"half") if kind == "file" else left[state].mkdir()
            if state != "new":
                os.utime(left[state], (1e9, 1e9))
        holder = subprocess.Popen(
            [sys.executable, "-c", HOLD, left["old and locked"]], stdout=subprocess.PIPE
        )
        with holder:
            assert holder.stdout.readline() == b"held\n"
            fs.copy_to_local("/scans", target)
            assert [state for state in left if left[state].exists()] == ["new", "old and locked"]
            holder.kill()
        fs.copy_to_local("/scans", target, sync=True)  # the lock went with the process
        assert [state for state in left if left[state].exists()] == ["new"]

    def test_have_names_that_nobody_else_has(self):
        names = {temporary_name("/scans/a.png") for _ in range(1000)}
        assert len(names) == 1000
        assert all(is_temporary(os.path.basename(name)) for name in names)
        assert len(os.path.basename(temporary_name("/" + "胸" * 85)).encode()) <= 255


def test_the_meter_hears_of_everything(fs, scans):
    heard = {"files": 0, "bytes": 0, "moved": 0, "done": [], "failed": []}

    class Hears(Meter):
        def expect(self, files, bytes):
            heard["files"] += files
            heard["bytes"] += bytes

        def add(self, bytes):
            heard["moved"] += bytes

        def done(self, path):
            heard["done"].append(path)

        def failed(self, path, error):
            heard["failed"].append(path)

    os.mkfifo(scans / "pipe")
    with pytest.raises(TransferFailed):
        fs.copy_from_local(scans, "/scans", meter=Hears())
    assert (heard["files"], heard["bytes"], heard["moved"]) == (4, 1006, 1006)
    assert sorted(heard["done"]) == [
        "/scans/a.png", "/scans/ct/1.dcm", "/scans/ct/2.dcm", "/scans/mr/3.dcm",
    ]  # fmt: skip
    assert heard["failed"] == [str(scans / "pipe")]


def test_within_one_file_system(fs, scans):
    fs.copy_from_local(scans, "/scans")
    copied = copy(fs, "/scans", fs, "/again", Options(threads=2))
    assert (copied.files, copied.directories, copied.bytes) == (4, 4, 1006)
    assert copy(fs, "/scans", fs, "/again", Options(sync=True)).unchanged == 4
