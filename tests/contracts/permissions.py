"""Permissions and owners."""

import pytest

from hdfs_tools.errors import InvalidPath, NotFound, PermissionDenied


class TestPermissions:
    @pytest.mark.parametrize("permission", [0o000, 0o644, 0o777, 0o1777, 0o1000])
    def test_of_folders(self, fs, folder, permission):
        fs.chmod(folder, permission)
        assert fs.stat(folder).permission == permission

    def test_of_files(self, fs, folder):
        fs.write(f"{folder}/a", b"1")
        fs.chmod(f"{folder}/a", 0o751)
        assert fs.stat(f"{folder}/a").permission == 0o751

    def test_a_file_is_sticky_only_when_told_later(self, fs, folder):
        fs.write(f"{folder}/a", b"1", permission=0o1644)
        assert fs.stat(f"{folder}/a").permission == 0o644
        fs.chmod(f"{folder}/a", 0o1644)
        assert fs.stat(f"{folder}/a").permission == 0o1644

    def test_that_cannot_be(self, fs, folder):
        with pytest.raises(InvalidPath):
            fs.chmod(folder, 0o2777)

    def test_of_nothing(self, fs, folder):
        with pytest.raises(NotFound):
            fs.chmod(f"{folder}/nothing", 0o700)

    def test_only_the_owner_changes_them(self, fs, folder, as_user):
        fs.write(f"{folder}/a", b"1", permission=0o777)
        with pytest.raises(PermissionDenied):
            as_user("alice").chmod(f"{folder}/a", 0o700)
        fs.chown(f"{folder}/a", "alice")
        as_user("alice").chmod(f"{folder}/a", 0o700)
        assert fs.stat(f"{folder}/a").permission == 0o700

    @pytest.mark.parametrize(
        ("user", "permission", "may"),
        [
            ("alice", 0o400, True),
            ("alice", 0o077, False),  # the owner's bits hold for the owner alone
            ("nobody", 0o040, True),
            ("nobody", 0o704, False),  # so do the group's for its members
            ("bob", 0o004, True),
            ("bob", 0o770, False),
        ],
    )
    def test_whose_bits_hold(self, fs, folder, as_user, user, permission, may):
        path = f"{folder}/{user}-{permission}"
        fs.write(path, b"1", permission=permission)
        fs.chown(path, "alice", "nogroup")  # which nobody is in
        if may:
            assert as_user(user).read(path) == b"1"
        else:
            with pytest.raises(PermissionDenied):
                as_user(user).read(path)

    def test_the_superuser_may_do_everything(self, fs, folder):
        fs.write(f"{folder}/a", b"1", permission=0o000)
        fs.chown(f"{folder}/a", "alice", "nogroup")
        fs.chmod(folder, 0o000)
        assert fs.read(f"{folder}/a") == b"1"

    def test_folders_above_must_be_open(self, fs, folder, as_user):
        fs.write(f"{folder}/a/b/c", b"1", permission=0o777)
        fs.chmod(f"{folder}/a", 0o766)
        for path in (f"{folder}/a/b/c", f"{folder}/a/nothing"):
            with pytest.raises(PermissionDenied):
                as_user("alice").stat(path)
            with pytest.raises(PermissionDenied):
                as_user("alice").exists(path)
            with pytest.raises(PermissionDenied):
                as_user("alice").delete(path)
        assert as_user("alice").stat(f"{folder}/a").is_directory


class TestOwners:
    def test_are_changed(self, fs, folder):
        fs.write(f"{folder}/a", b"1")
        fs.chown(f"{folder}/a", "alice", "scanners")
        fs.chown(f"{folder}/a", owner="bob")
        found = fs.stat(f"{folder}/a")
        assert (found.owner, found.group) == ("bob", "scanners")
        fs.chown(f"{folder}/a", group="others")
        assert fs.stat(f"{folder}/a").group == "others"

    def test_neither(self, fs, folder):
        with pytest.raises(InvalidPath):
            fs.chown(folder)

    def test_of_nothing(self, fs, folder):
        with pytest.raises(NotFound):
            fs.chown(f"{folder}/nothing", "alice")

    def test_only_the_superuser_gives_away(self, fs, folder, as_user):
        fs.write(f"{folder}/a", b"1")
        fs.chown(f"{folder}/a", "nobody", "nogroup")
        with pytest.raises(PermissionDenied):
            as_user("nobody").chown(f"{folder}/a", "alice")
        with pytest.raises(PermissionDenied):
            as_user("nobody").chown(f"{folder}/a", group="scanners")
        with pytest.raises(PermissionDenied):
            as_user("alice").chown(f"{folder}/a", "alice")
        as_user("nobody").chown(f"{folder}/a", "nobody", "nogroup")


class TestStickyFolders:
    def test_only_owners_take_files_away(self, fs, folder, as_user):
        fs.chmod(folder, 0o1777)
        as_user("alice").write(f"{folder}/a", b"1", permission=0o666)
        with pytest.raises(PermissionDenied):
            as_user("bob").delete(f"{folder}/a")
        with pytest.raises(PermissionDenied):
            as_user("bob").rename(f"{folder}/a", f"{folder}/b")
        as_user("alice").rename(f"{folder}/a", f"{folder}/b")
        assert as_user("alice").delete(f"{folder}/b") is True

    def test_the_folder_s_owner_does(self, fs, folder, as_user):
        fs.mkdir(f"{folder}/tmp", 0o1777)
        fs.chown(f"{folder}/tmp", "bob")
        as_user("alice").write(f"{folder}/tmp/a", b"1")
        assert as_user("bob").delete(f"{folder}/tmp/a") is True

    def test_hold_for_folders_below_what_is_deleted(self, fs, folder, as_user):
        fs.chmod(folder, 0o777)
        fs.mkdir(f"{folder}/a/tmp", 0o777)
        fs.chmod(f"{folder}/a/tmp", 0o1777)
        as_user("alice").write(f"{folder}/a/tmp/b", b"1")
        with pytest.raises(PermissionDenied):
            as_user("bob").delete(f"{folder}/a", recursive=True)

    def test_do_not_protect_from_being_written_over(self, fs, folder, as_user):
        # HDFS only looks at the folder when a file is renamed over another.
        fs.chmod(folder, 0o1777)
        as_user("alice").write(f"{folder}/a", b"1", permission=0o600)
        as_user("bob").write(f"{folder}/a", b"2", overwrite=True)
        assert fs.read(f"{folder}/a") == b"2"
