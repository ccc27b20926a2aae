"""rm and the trash, on a store of this machine."""

import json
import re
import time

import pytest

from hdfs_tools.errors import InvalidPath, NotFound
from hdfs_tools.trash import Trash

ROOT = "/user/alice/.Trash"


def rows(ran):
    return [json.loads(line) for line in ran.stdout.decode().splitlines()]


class TestRm:
    def test_moves_to_the_trash(self, tools, store):
        store.write("/data/a b/1", b"one")
        ran = tools("rm", "-r", "/data/a b")
        assert ran.stdout.decode() == (f"Moved: '/data/a b' to trash at: {ROOT}/Current/data/a b\n")
        assert store.read(f"{ROOT}/Current/data/a b/1") == b"one"
        assert not store.exists("/data/a b")

    def test_for_good(self, tools, store):
        store.write("/data/1", b"one")
        store.write("/data/2", b"two")
        assert tools("rm -skipTrash /data/1").stdout == b"Deleted /data/1\n"
        assert tools("rm --skip-trash -r /data").stdout == b"Deleted /data\n"
        assert not store.exists(ROOT)
        store.write("/data/1", b"one")
        tools("rm /data/1")
        ran = tools(f"rm {ROOT}/Current/data/1")
        assert ran.stdout.decode() == f"Deleted {ROOT}/Current/data/1\n"

    def test_what_is_missing(self, tools, store):
        store.write("/data/1", b"one")
        ran = tools("rm /data/0 /data/x* /data/1")
        assert ran.status == 1
        assert ran.stderr.count("No such file or directory") == 2
        assert not store.exists("/data/1")
        ran = tools("rm -f /data/0 /data/x*")
        assert (ran.status, ran.stdout, ran.stderr) == (0, b"", "")

    def test_folders_need_r(self, tools, store):
        store.mkdir("/data")
        assert tools("rm /data").stderr == "hdfs-tools rm: /data: Is a directory\n"
        assert tools("rm -f /data").status == 1
        assert tools("-rmr /data").status == 0

    @pytest.mark.parametrize("path", ["/", "/user", "/user/alice", ".", "../..", "/user/*", ROOT])
    @pytest.mark.parametrize("options", ["-r", "-r -f -skipTrash --yes"])
    def test_refuses_what_nobody_means(self, tools, store, path, options):
        store.mkdir(ROOT)
        ran = tools(f"rm {options} {path}")
        assert ran.status == 1
        assert "refused" in ran.stderr
        assert store.exists(ROOT)

    def test_an_empty_path_is_not_the_home_folder(self, tools, store):
        assert tools("rm", "-r", "").stderr == "hdfs-tools rm: '': a path cannot be empty\n"

    @pytest.mark.parametrize("option", ["", "-skipTrash"])
    def test_a_thousand_files(self, tools, store, option):
        for number in range(1001):
            store.write(f"/many/{number % 7}/{number}", b"")
        for paths in ("/many", "/many/*"):
            ran = tools(f"rm -r {option} {paths}")
            assert ran.status == 1
            assert "1001 files" in ran.stderr
            assert "--yes" in ran.stderr
        assert store.content_summary("/many").files == 1001
        store.delete("/many/0/0")
        assert tools(f"rm -r {option} /many").status == 0
        assert not store.exists("/many")

    def test_yes(self, tools, store):
        for number in range(1001):
            store.write(f"/many/{number}", b"")
        assert tools("rm -r --yes /many").status == 0

    def test_dry_run(self, tools, store):
        store.write("/data/1", b"one")
        assert tools("rm -r --dry-run /data").stdout.decode() == (
            f"Would move: '/data' to trash at: {ROOT}/Current/data\n"
        )
        assert tools("rm --dry-run -skipTrash /data/1").stdout == b"Would delete /data/1\n"
        assert store.exists("/data/1")
        assert not store.exists(ROOT)

    def test_of_others(self, tools, store):
        store.write("/data/1", b"one")
        store.mkdir("/user/mallory", 0o777)
        store.chown("/user/mallory", "mallory")
        ran = tools("rm /data/1", user="mallory")
        assert ran.status == 1
        assert "/data" in ran.stderr
        assert store.exists("/data/1")


class TestTrash:
    @pytest.fixture
    def trash(self, store):
        return Trash(store)

    def test_the_original_path_is_exact_however_often(self, store, trash):
        paths = []
        for number in range(4):
            store.write("/data/file", str(number).encode())
            paths.append(trash.move("/data/file"))
        assert paths[0] == f"{ROOT}/Current/data/file"
        assert all(re.fullmatch(rf"{ROOT}/\d{{12}}(-\d)?/data/file", path) for path in paths[1:])
        assert {item.original for item in trash.items()} == {"/data/file"}
        with pytest.raises(InvalidPath, match="in the trash 4 times"):
            trash.restore("/data/file")
        assert trash.restore(paths[2]) == "/data/file"
        assert store.read("/data/file") == b"2"

    def test_a_file_where_a_folder_was(self, store, trash):
        store.write("/data/name", b"a file")
        trash.move("/data/name")
        store.write("/data/name/below", b"a folder now")
        moved = trash.move("/data/name/below")
        assert not moved.startswith(f"{ROOT}/Current")
        assert trash.restore("/data/name/below") == "/data/name/below"

    def test_items(self, store, trash):
        store.write("/data/folder/1", b"12345")
        store.write("/data/folder/2", b"123")
        store.write("/data/file", b"1")
        store.mkdir("/data/empty")
        before = time.time()
        for name in ("folder", "file", "empty"):
            trash.move(f"/data/{name}")
        items = {item.original: item for item in trash.items()}
        assert {*items} == {"/data/folder", "/data/file", "/data/empty"}
        assert (items["/data/folder"].size, items["/data/folder"].is_directory) == (8, True)
        assert (items["/data/file"].size, items["/data/file"].is_directory) == (1, False)
        assert all(before - 1 < item.when < time.time() + 1 for item in items.values())

    def test_of_other_tools(self, store, trash):
        store.mkdir("/data")
        store.write(f"{ROOT}/Current/data/by hadoop1700000000000", b"x")
        store.write(f"{ROOT}/260101120000/data/old", b"x")
        store.write(f"{ROOT}/loose", b"x")
        assert {item.original for item in trash.items()} == {
            "/data/by hadoop1700000000000",
            "/data/old",
            "/loose",
        }
        assert trash.restore("/data/old") == "/data/old"
        assert trash.restore(f"{ROOT}/loose", target="/data/found") == "/data/found"
        assert not store.exists(f"{ROOT}/260101120000")

    def test_restore(self, store, trash):
        store.write("/data/folder/1", b"one")
        store.write("/data/folder/2", b"two")
        trash.move("/data/folder")
        assert trash.restore("/data/folder/1") == "/data/folder/1"  # a part of it
        with pytest.raises(FileExistsError):
            trash.restore("/data/folder")
        store.write("/data/folder/2", b"newer")
        with pytest.raises(FileExistsError):
            trash.restore("/data/folder/2")
        assert trash.restore("/data/folder/2", overwrite=True) == "/data/folder/2"
        assert store.read("/data/folder/2") == b"two"
        assert list(store.list(ROOT)) == []
        with pytest.raises(NotFound, match="not in the trash"):
            trash.restore("/data/folder/2")
        store.delete("/data", recursive=True)
        store.write("/data/3", b"three")
        trash.move("/data/3")
        store.delete("/data")
        assert trash.restore("/data/3") == "/data/3"

    def test_nothing_of_the_trash_is_moved_to_it(self, store, trash):
        store.write(f"{ROOT}/Current/a", b"")
        for path in (ROOT, f"{ROOT}/Current/a", "/user/alice", "/"):
            with pytest.raises(InvalidPath):
                trash.move(path)
        with pytest.raises(InvalidPath):
            trash.restore(f"{ROOT}/Current")
        with pytest.raises(NotFound):
            trash.move("/nothing")

    def test_empty(self, store, trash):
        assert trash.empty() == 0
        store.write("/data/new", b"")
        store.write("/old/1", b"")
        store.write("/old/2", b"")
        trash.move("/data/new")
        trash.move("/old/1")
        store.set_times(f"{ROOT}/Current/old", modified=time.time() - 1000)
        assert [item.original for item in trash.older(900)] == ["/old/1"]
        assert trash.empty(older_than=900) == 1
        assert [item.original for item in trash.items()] == ["/data/new"]
        trash.move("/old/2")
        assert trash.empty() == 2
        assert list(store.list(ROOT)) == []


class TestCommands:
    def test_list_restore_empty(self, tools, store):
        store.write("/data/1", b"x" * 2048)
        tools("rm /data/1")
        (row,) = rows(tools("trash list --json"))
        assert list(row) == ["original", "path", "when", "size", "type"]
        shown = tools("trash list -h").stdout.decode()
        assert shown.split()[2:] == ["2", "K", "/data/1", f"{ROOT}/Current/data/1"]
        assert tools("trash restore /data/1").stdout == b"Restored /data/1\n"
        assert tools("trash restore /data/1").stderr == (
            "hdfs-tools trash: /data/1: not in the trash\n"
        )
        tools("rm /data/1")
        ran = tools("trash empty --dry-run")
        assert ran.stdout.decode() == f"Would delete {ROOT}/Current/data/1, 2048 bytes\n"
        assert tools("trash empty --older-than 1d").stderr == "0 files deleted\n"
        assert tools("trash empty").stderr == "1 files deleted\n"
        assert tools("trash list").stdout == b""
        assert tools("trash empty --older-than soon").status == 2

    def test_restore_by_a_pattern(self, tools, store):
        for name in ("1.dcm", "2.dcm", "3.png"):
            store.write(f"/data/{name}", b"x")
        tools("rm /data/*")
        ran = tools("trash restore /data/*.dcm /data/x*")
        assert ran.stdout == b"Restored /data/1.dcm\nRestored /data/2.dcm\n"
        assert ran.stderr == "hdfs-tools trash: /data/x*: not in the trash\n"

    def test_without_a_home(self, tools, store):
        store.mkdir("/open", 0o777)
        store.write("/open/file", b"x")
        ran = tools("rm /open/file", user="bob")
        assert ran.status == 1
        assert ran.stderr.startswith("hdfs-tools rm: /open/file: cannot be moved to the trash: ")
        assert "Consider using -skipTrash option" in ran.stderr
        assert tools("rm -skipTrash /open/file", user="bob").status == 0
