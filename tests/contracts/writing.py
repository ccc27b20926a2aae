"""Writing files and making folders."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hdfs_tools.errors import (
    Exists,
    InvalidPath,
    IsADirectory,
    NotADirectory,
    PermissionDenied,
    RemoteError,
)
from tests.contracts.support import FEW, fresh_folder, names, tree


class TestWriting:
    def test_bytes(self, fs, folder):
        assert fs.write(f"{folder}/a", b"123") == 3
        assert tree(fs, folder) == {"a": b"123"}

    def test_pieces(self, fs, folder):
        assert fs.write(f"{folder}/a", lambda: (b"ab" for _ in range(1000))) == 2000
        assert fs.read(f"{folder}/a") == b"ab" * 1000

    @FEW
    @given(st.lists(st.binary(max_size=700), max_size=6))
    def test_anything_in_any_pieces_comes_back(self, fs, pieces):
        path = f"{fresh_folder(fs)}/a"
        assert fs.write(path, lambda: pieces) == sum(map(len, pieces))
        assert fs.read(path) == b"".join(pieces)

    def test_makes_folders_above(self, fs, folder):
        fs.write(f"{folder}/a/b/c", b"1")
        assert tree(fs, folder) == {"a": None, "a/b": None, "a/b/c": b"1"}

    def test_folders_above_are_as_open_as_the_one_that_was_there(self, fs, folder):
        fs.chmod(folder, 0o1570)
        fs.write(f"{folder}/a/b/c", b"1")
        assert fs.stat(f"{folder}/a").permission == 0o770
        assert fs.stat(f"{folder}/a/b").permission == 0o770
        assert fs.stat(f"{folder}/a/b/c").permission == 0o644

    def test_is_whose_writes_and_of_the_folder_s_group(self, fs, folder, as_user):
        fs.chmod(folder, 0o777)
        fs.chown(folder, group="scanners")
        as_user("alice").write(f"{folder}/a/b", b"1")
        for name in ("a", "a/b"):
            found = fs.stat(f"{folder}/{name}")
            assert (found.owner, found.group) == ("alice", "scanners")

    @pytest.mark.parametrize("permission", [0o600, 0o640, 0o666, 0o755, 0o777, 0o000])
    def test_with_a_permission(self, fs, folder, permission):
        fs.write(f"{folder}/a", b"1", permission=permission)
        assert fs.stat(f"{folder}/a").permission == permission

    def test_with_replication_and_block_size(self, fs, folder):
        fs.write(f"{folder}/a", b"1", replication=3, block_size=2 << 20)
        found = fs.stat(f"{folder}/a")
        assert (found.replication, found.block_size) == (3, 2 << 20)

    def test_more_than_a_block(self, fs, folder):
        data = bytes(range(256)) * 10_000
        fs.write(f"{folder}/a", data, block_size=1 << 20)
        assert fs.read(f"{folder}/a") == data

    def test_with_what_cannot_be(self, fs, folder):
        for wrong, error in (
            ({"replication": 0}, InvalidPath),
            ({"block_size": 512}, RemoteError),
            ({"block_size": (1 << 20) + 1}, InvalidPath),
        ):
            with pytest.raises(error):
                fs.write(f"{folder}/a", b"1", **wrong)
        assert names(fs, folder) == []

    def test_to_what_is_there(self, fs, folder):
        fs.write(f"{folder}/a", b"old")
        with pytest.raises(Exists) as caught:
            fs.write(f"{folder}/a", b"new")
        assert caught.value.filename == f"{folder}/a"
        assert tree(fs, folder) == {"a": b"old"}

    def test_over_what_is_there(self, fs, folder, as_user):
        fs.chmod(folder, 0o777)
        fs.write(f"{folder}/a", b"old", permission=0o600)
        fs.set_xattr(f"{folder}/a", "user.b", b"1")
        as_user("alice").write(f"{folder}/a", b"new", overwrite=True)
        assert tree(fs, folder) == {"a": b"new"}
        found = fs.stat(f"{folder}/a")
        assert (found.owner, found.permission) == ("alice", 0o644)
        assert fs.xattrs(f"{folder}/a") == {}

    def test_over_a_folder(self, fs, folder):
        fs.mkdir(f"{folder}/a")
        for overwrite in (False, True):
            with pytest.raises(IsADirectory) as caught:
                fs.write(f"{folder}/a", b"1", overwrite=overwrite)
            assert caught.value.filename == f"{folder}/a"
        assert tree(fs, folder) == {"a": None}

    def test_below_a_file(self, fs, folder):
        fs.write(f"{folder}/a", b"1")
        with pytest.raises(NotADirectory) as caught:
            fs.write(f"{folder}/a/b", b"1")
        assert caught.value.filename == f"{folder}/a/b"
        with pytest.raises(NotADirectory):
            fs.write(f"{folder}/a/b/c", b"1")

    def test_what_can_only_be_a_folder(self, fs, folder):
        for path in ("/", f"{folder}/"):
            with pytest.raises(IsADirectory):
                fs.write(path, b"1")

    def test_from_a_source_that_fails(self, fs, folder):
        def source():
            yield b"x" * 100_000
            raise RuntimeError("the source fails")

        with pytest.raises(RuntimeError, match="the source fails"):
            fs.write(f"{folder}/a", source)
        assert names(fs, folder) == []

    def test_from_a_source_that_fails_keeps_the_old(self, fs, folder):
        def source():
            yield b"new"
            raise RuntimeError("the source fails")

        fs.write(f"{folder}/a", b"old")
        with pytest.raises(RuntimeError, match="the source fails"):
            fs.write(f"{folder}/a", source, overwrite=True)
        assert tree(fs, folder) == {"a": b"old"}

    def test_where_one_may_not(self, fs, folder, as_user):
        with pytest.raises(PermissionDenied):
            as_user("alice").write(f"{folder}/a", b"1")
        with pytest.raises(PermissionDenied):
            as_user("alice").write(f"{folder}/a/b/c", b"1")
        assert names(fs, folder) == []


class TestMakingFolders:
    def test_with_those_above(self, fs, folder):
        fs.mkdir(f"{folder}/a/b/c")
        assert tree(fs, folder) == {"a": None, "a/b": None, "a/b/c": None}

    def test_that_are_there(self, fs, folder, as_user):
        fs.mkdir(f"{folder}/a", 0o700)
        fs.mkdir(f"{folder}/a", 0o777)
        assert fs.stat(f"{folder}/a").permission == 0o700
        as_user("alice").mkdir(f"{folder}/a")
        fs.mkdir("/")

    @pytest.mark.parametrize("permission", [0o700, 0o777, 0o1777, 0o000, 0o555])
    def test_with_a_permission(self, fs, folder, permission):
        fs.mkdir(f"{folder}/a/b", permission)
        assert fs.stat(f"{folder}/a/b").permission == permission
        # Those above can be entered by whoever made them.
        assert fs.stat(f"{folder}/a").permission == permission & 0o777 | 0o300

    def test_over_a_file(self, fs, folder):
        fs.write(f"{folder}/a", b"1")
        with pytest.raises(Exists):
            fs.mkdir(f"{folder}/a")
        with pytest.raises(NotADirectory):
            fs.mkdir(f"{folder}/a/b")

    def test_where_one_may_not(self, fs, folder, as_user):
        with pytest.raises(PermissionDenied):
            as_user("alice").mkdir(f"{folder}/a/b")
