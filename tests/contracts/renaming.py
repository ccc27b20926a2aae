"""Renaming files and folders."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hdfs_tools.errors import (
    Exists,
    NotADirectory,
    NotFound,
    PermissionDenied,
    RemoteError,
)
from tests.contracts.support import FEW, fresh_folder, tree

NAMES = st.text(
    st.characters(exclude_characters="/:\0", exclude_categories=["Cs", "Cc"]),
    min_size=1,
    max_size=60,
).filter(lambda name: name not in (".", "..", ".snapshot"))


class TestRenaming:
    def test_a_file(self, fs, folder):
        fs.write(f"{folder}/a", b"1")
        fs.rename(f"{folder}/a", f"{folder}/b")
        assert tree(fs, folder) == {"b": b"1"}

    def test_a_folder_with_all_that_is_known(self, fs, folder):
        fs.write(f"{folder}/a/b/c", b"1", permission=0o640, replication=3)
        fs.modify_acl(f"{folder}/a/b", ["user:bob:r-x"])
        fs.set_xattr(f"{folder}/a/b/c", "user.x", b"y")
        known = fs.acl(f"{folder}/a/b"), fs.stat(f"{folder}/a/b/c").mode
        fs.mkdir(f"{folder}/d")
        fs.rename(f"{folder}/a", f"{folder}/d/e")
        assert tree(fs, folder) == {"d": None, "d/e": None, "d/e/b": None, "d/e/b/c": b"1"}
        assert (fs.acl(f"{folder}/d/e/b"), fs.stat(f"{folder}/d/e/b/c").mode) == known
        assert fs.xattrs(f"{folder}/d/e/b/c") == {"user.x": b"y"}
        fs.write(f"{folder}/a/b/c", b"new")
        assert fs.stat(f"{folder}/a/b/c").permission == 0o644
        assert fs.acl(f"{folder}/a/b").entries == ()

    @FEW
    @given(NAMES, NAMES)
    def test_there_and_back(self, fs, one, other):
        folder = fresh_folder(fs)
        fs.write(f"{folder}/x/{one}", b"1", permission=0o600)
        before = fs.stat(f"{folder}/x/{one}")
        if one != other:
            fs.rename(f"{folder}/x/{one}", f"{folder}/x/{other}")
            assert tree(fs, f"{folder}/x") == {other: b"1"}
            fs.rename(f"{folder}/x/{other}", f"{folder}/x/{one}")
        found = fs.stat(f"{folder}/x/{one}")
        assert replace(found, accessed=before.accessed) == before

    def test_nothing(self, fs, folder):
        with pytest.raises(NotFound):
            fs.rename(f"{folder}/nothing", f"{folder}/b")

    def test_to_what_is_there(self, fs, folder):
        fs.write(f"{folder}/a", b"1")
        fs.write(f"{folder}/b", b"2")
        with pytest.raises(Exists):
            fs.rename(f"{folder}/a", f"{folder}/b")
        assert tree(fs, folder) == {"a": b"1", "b": b"2"}

    def test_to_a_folder_does_not_go_into_it(self, fs, folder):
        fs.mkdir(f"{folder}/a")
        fs.mkdir(f"{folder}/b")
        with pytest.raises(Exists):
            fs.rename(f"{folder}/a", f"{folder}/b")

    def test_to_itself(self, fs, folder):
        fs.write(f"{folder}/a", b"1")
        for overwrite in (False, True):
            with pytest.raises(Exists):
                fs.rename(f"{folder}/a", f"{folder}/a", overwrite)
        assert fs.read(f"{folder}/a") == b"1"

    def test_over_a_file(self, fs, folder):
        fs.write(f"{folder}/a", b"1", permission=0o600)
        fs.write(f"{folder}/b", b"2")
        fs.rename(f"{folder}/a", f"{folder}/b", overwrite=True)
        assert tree(fs, folder) == {"b": b"1"}
        assert fs.stat(f"{folder}/b").permission == 0o600

    def test_over_folders(self, fs, folder):
        for name in ("a", "b", "c/d"):
            fs.mkdir(f"{folder}/{name}")
        fs.rename(f"{folder}/a", f"{folder}/b", overwrite=True)
        with pytest.raises(RemoteError):
            fs.rename(f"{folder}/b", f"{folder}/c", overwrite=True)
        assert tree(fs, folder) == {"b": None, "c": None, "c/d": None}

    def test_over_what_is_of_another_kind(self, fs, folder):
        fs.write(f"{folder}/a", b"1")
        fs.mkdir(f"{folder}/b")
        for path, target in (("a", "b"), ("b", "a")):
            with pytest.raises(RemoteError):
                fs.rename(f"{folder}/{path}", f"{folder}/{target}", overwrite=True)

    def test_below_itself(self, fs, folder):
        fs.mkdir(f"{folder}/a/b")
        for target in ("a/c", "a/b/c"):
            with pytest.raises(RemoteError):
                fs.rename(f"{folder}/a", f"{folder}/{target}")

    def test_to_where_no_folder_is(self, fs, folder):
        fs.write(f"{folder}/a", b"1")
        fs.write(f"{folder}/b", b"1")
        with pytest.raises(NotFound):
            fs.rename(f"{folder}/a", f"{folder}/nothing/a")
        with pytest.raises(NotADirectory):
            fs.rename(f"{folder}/a", f"{folder}/b/a")

    def test_the_root(self, fs, folder):
        with pytest.raises(RemoteError):
            fs.rename("/", f"{folder}/a")
        with pytest.raises(RemoteError):
            fs.rename(folder, "/")

    def test_needs_permission_on_both_folders(self, fs, folder, as_user):
        alice = as_user("alice")
        fs.mkdir(f"{folder}/hers", 0o777)
        fs.mkdir(f"{folder}/other")
        alice.write(f"{folder}/hers/a", b"1")
        fs.write(f"{folder}/other/b", b"1")
        with pytest.raises(PermissionDenied):
            alice.rename(f"{folder}/hers/a", f"{folder}/other/a")
        with pytest.raises(PermissionDenied):
            alice.rename(f"{folder}/other/b", f"{folder}/hers/b")
        alice.rename(f"{folder}/hers/a", f"{folder}/hers/b")
