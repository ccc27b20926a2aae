"""Snapshots."""

import re

import pytest

from hdfs_tools.errors import InvalidPath, NotFound, PermissionDenied, RemoteError
from hdfs_tools.status import SnapshotChange
from tests.contracts.support import names, tree


class Kept:
    @pytest.fixture
    def kept(self, fs, folder):
        """A folder of which snapshots may be made; they go after the test."""
        fs.write(f"{folder}/a/b", b"old", permission=0o640)
        fs.write(f"{folder}/c", b"c")
        fs.allow_snapshots(folder)
        yield folder
        for name in fs.snapshots(folder) if fs.exists(f"{folder}/.snapshot") else ():
            fs.delete_snapshot(folder, name)


class TestSnapshots(Kept):
    def test_keep_what_was_there(self, fs, kept):
        before = tree(fs, kept)
        assert fs.create_snapshot(kept, "s1") == f"{kept}/.snapshot/s1"
        fs.write(f"{kept}/a/b", b"new", overwrite=True)
        fs.write(f"{kept}/d", b"d")
        fs.rename(f"{kept}/c", f"{kept}/e")
        assert tree(fs, f"{kept}/.snapshot/s1") == before
        fs.delete(f"{kept}/a", recursive=True)
        assert tree(fs, f"{kept}/.snapshot/s1") == before
        assert fs.read(f"{kept}/.snapshot/s1/a/b") == b"old"

    def test_keep_what_was_known(self, fs, kept):
        fs.set_xattr(f"{kept}/a", "user.x", b"1")
        before = [fs.stat(f"{kept}/{name}") for name in ("a", "a/b", "c")]
        fs.create_snapshot(kept, "s1")
        fs.chmod(f"{kept}/a/b", 0o777)
        fs.chown(f"{kept}/c", "alice")
        fs.set_times(f"{kept}/a/b", modified=12.5)
        fs.modify_acl(f"{kept}/a", ["user:bob:rwx"])
        fs.remove_xattr(f"{kept}/a", "user.x")
        fs.write(f"{kept}/a/new", b"")
        then = [fs.stat(f"{kept}/.snapshot/s1/{name}") for name in ("a", "a/b", "c")]
        assert [(s.owner, s.mode, s.modified) for s in then] == [
            (s.owner, s.mode, s.modified) for s in before
        ]
        assert fs.xattrs(f"{kept}/.snapshot/s1/a") == {"user.x": b"1"}

    def test_are_listed(self, fs, kept):
        assert fs.snapshots(kept) == []
        fs.create_snapshot(kept, "s2")
        fs.create_snapshot(kept, "s1")
        assert fs.snapshots(kept) == ["s1", "s2"]
        assert [entry.path for entry in fs.list(f"{kept}/.snapshot")] == [
            f"{kept}/.snapshot/s1",
            f"{kept}/.snapshot/s2",
        ]
        assert fs.stat(f"{kept}/.snapshot").is_directory
        assert fs.stat(f"{kept}/.snapshot/s1").is_directory
        assert names(fs, f"{kept}/.snapshot/s1") == ["a", "c"]
        assert names(fs, kept) == ["a", "c"]

    def test_have_a_name_of_their_own(self, fs, kept):
        path = fs.create_snapshot(kept)
        assert re.fullmatch(rf"{kept}/\.snapshot/s\d{{8}}-\d{{6}}\.\d{{3}}", path)

    def test_do_not_change(self, fs, kept):
        fs.create_snapshot(kept, "s1")
        there = f"{kept}/.snapshot/s1"
        for act in (
            lambda: fs.write(f"{there}/x", b""),
            lambda: fs.mkdir(f"{there}/x"),
            lambda: fs.delete(f"{there}/c"),
            lambda: fs.rename(f"{there}/c", f"{kept}/x"),
            lambda: fs.rename(f"{kept}/c", f"{there}/x"),
            lambda: fs.chmod(f"{there}/c", 0o777),
            lambda: fs.chown(f"{there}/c", "alice"),
            lambda: fs.set_times(f"{there}/c", 1),
            lambda: fs.modify_acl(f"{there}/c", ["user:bob:rwx"]),
            lambda: fs.set_xattr(f"{there}/c", "user.a", b""),
        ):
            with pytest.raises(PermissionDenied):
                act()
        assert names(fs, there) == ["a", "c"]

    def test_are_renamed_and_deleted(self, fs, kept):
        fs.create_snapshot(kept, "s1")
        fs.create_snapshot(kept, "s2")
        fs.rename_snapshot(kept, "s1", "s0")
        assert fs.snapshots(kept) == ["s0", "s2"]
        assert fs.read(f"{kept}/.snapshot/s0/c") == b"c"
        with pytest.raises(RemoteError):
            fs.rename_snapshot(kept, "s0", "s2")
        with pytest.raises(RemoteError):
            fs.rename_snapshot(kept, "s1", "s3")
        fs.delete_snapshot(kept, "s0")
        with pytest.raises(RemoteError):
            fs.delete_snapshot(kept, "s0")
        assert fs.snapshots(kept) == ["s2"]
        with pytest.raises(NotFound):
            fs.read(f"{kept}/.snapshot/s0/c")

    def test_two_of_one_name(self, fs, kept):
        fs.create_snapshot(kept, "s1")
        with pytest.raises(RemoteError):
            fs.create_snapshot(kept, "s1")

    @pytest.mark.parametrize("name", ["a/b", ".snapshot", ".", "..", "a:b", "x" * 256])
    def test_names_that_cannot_be(self, fs, kept, name):
        with pytest.raises(InvalidPath):
            fs.create_snapshot(kept, name)

    def test_must_be_allowed(self, fs, folder):
        with pytest.raises(RemoteError):
            fs.create_snapshot(folder, "s1")
        assert not fs.exists(f"{folder}/.snapshot")
        with pytest.raises(RemoteError):
            fs.snapshots(folder)

    def test_are_allowed_by_the_superuser_and_made_by_the_owner(self, fs, kept, as_user):
        alice = as_user("alice")
        fs.mkdir(f"{kept}/hers")
        fs.chown(kept, "alice")
        with pytest.raises(PermissionDenied):
            alice.allow_snapshots(f"{kept}/hers")
        alice.create_snapshot(kept, "s1")
        with pytest.raises(PermissionDenied):
            as_user("bob").create_snapshot(kept, "s2")
        with pytest.raises(PermissionDenied):
            as_user("bob").delete_snapshot(kept, "s1")

    def test_do_not_nest(self, fs, kept):
        with pytest.raises(RemoteError):
            fs.allow_snapshots(f"{kept}/a")
        with pytest.raises(RemoteError):
            fs.allow_snapshots("/contracts")

    def test_keep_their_folder_where_it_is(self, fs, kept):
        fs.create_snapshot(kept, "s1")
        with pytest.raises(RemoteError):
            fs.delete(kept, recursive=True)
        with pytest.raises(RemoteError):
            fs.rename(kept, f"{kept}-moved")
        with pytest.raises(RemoteError):
            fs.disallow_snapshots(kept)
        fs.delete_snapshot(kept, "s1")
        fs.disallow_snapshots(kept)
        assert not fs.exists(f"{kept}/.snapshot")

    def test_permissions_hold_in_them(self, fs, kept, as_user):
        fs.create_snapshot(kept, "s1")
        fs.chmod(f"{kept}/a/b", 0o644)
        assert as_user("alice").read(f"{kept}/a/b") == b"old"
        with pytest.raises(PermissionDenied):
            as_user("alice").read(f"{kept}/.snapshot/s1/a/b")

    def test_the_name_is_reserved(self, fs, folder):
        with pytest.raises(InvalidPath):
            fs.mkdir(f"{folder}/.snapshot")
        fs.allow_snapshots(folder)
        with pytest.raises(PermissionDenied):
            fs.mkdir(f"{folder}/.snapshot")
        with pytest.raises(NotFound):
            fs.content_summary(f"{folder}/.snapshot")


class TestSnapshotDifferences(Kept):
    def test_of_nothing(self, fs, kept):
        fs.create_snapshot(kept, "s1")
        assert fs.snapshot_diff(kept, "s1") == []
        assert fs.snapshot_diff(kept, "s1", "s1") == []

    def test_tell_what_changed(self, fs, kept):
        fs.create_snapshot(kept, "s1")
        fs.write(f"{kept}/new/below", b"1")
        fs.delete(f"{kept}/c")
        fs.chmod(f"{kept}/a/b", 0o600)
        fs.create_snapshot(kept, "s2")
        expected = {
            SnapshotChange("M", "."),
            SnapshotChange("+", "new"),
            SnapshotChange("-", "c"),
            SnapshotChange("M", "a/b"),
        }
        for new in ("s2", ""):
            found = fs.snapshot_diff(kept, "s1", new)
            assert set(found) == expected
            assert len(found) == len(expected)

    def test_tell_what_was_renamed(self, fs, kept):
        fs.create_snapshot(kept, "s1")
        fs.rename(f"{kept}/a/b", f"{kept}/d")
        fs.rename(f"{kept}/a", f"{kept}/e")
        assert set(fs.snapshot_diff(kept, "s1")) == {
            SnapshotChange("M", "."),
            SnapshotChange("M", "a"),
            SnapshotChange("R", "a", "e"),
            SnapshotChange("R", "a/b", "d"),
        }

    def test_tell_what_was_renamed_into_a_new_folder(self, fs, kept):
        fs.create_snapshot(kept, "s1")
        fs.mkdir(f"{kept}/new")
        fs.rename(f"{kept}/c", f"{kept}/new/d")
        fs.create_snapshot(kept, "s2")
        modified = SnapshotChange("M", ".")
        assert set(fs.snapshot_diff(kept, "s1", "s2")) == {
            modified,
            SnapshotChange("+", "new"),
            SnapshotChange("R", "c", "new/d"),
        }
        assert set(fs.snapshot_diff(kept, "s2", "s1")) == {
            modified,
            SnapshotChange("-", "new"),
            SnapshotChange("R", "new/d", "c"),
        }

    def test_tell_what_changed_in_a_renamed_folder(self, fs, kept):
        fs.create_snapshot(kept, "s1")
        fs.rename(f"{kept}/a", f"{kept}/z")
        fs.write(f"{kept}/z/new", b"1")
        fs.set_xattr(f"{kept}/z/b", "user.a", b"1")
        assert set(fs.snapshot_diff(kept, "s1")) == {
            SnapshotChange("M", "."),
            SnapshotChange("R", "a", "z"),
            SnapshotChange("M", "a"),
            SnapshotChange("+", "a/new"),
            SnapshotChange("M", "a/b"),
        }

    def test_times_are_none(self, fs, kept):
        fs.create_snapshot(kept, "s1")
        fs.set_times(f"{kept}/c", modified=5)
        assert fs.snapshot_diff(kept, "s1") == []

    def test_backwards(self, fs, kept):
        fs.create_snapshot(kept, "s1")
        fs.write(f"{kept}/new", b"1")
        fs.create_snapshot(kept, "s2")
        assert set(fs.snapshot_diff(kept, "s2", "s1")) == {
            SnapshotChange("M", "."),
            SnapshotChange("-", "new"),
        }

    def test_what_is_written_over_is_another_file(self, fs, kept):
        fs.create_snapshot(kept, "s1")
        fs.write(f"{kept}/c", b"new", overwrite=True)
        assert set(fs.snapshot_diff(kept, "s1")) == {
            SnapshotChange("M", "."),
            SnapshotChange("-", "c"),
            SnapshotChange("+", "c"),
        }

    def test_of_snapshots_that_are_not_there(self, fs, kept):
        with pytest.raises(RemoteError):
            fs.snapshot_diff(kept, "s1")
        fs.create_snapshot(kept, "s1")
        with pytest.raises(RemoteError):
            fs.snapshot_diff(kept, "s1", "s2")
