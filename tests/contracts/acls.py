"""Access control lists."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hdfs_tools.errors import InvalidPath, NotFound, PermissionDenied, RemoteError
from hdfs_tools.status import Acl
from tests.contracts.support import FEW, fresh_folder

MINIMAL = ["user::rwx", "group::r-x", "other::r--"]


class TestAccessControlLists:
    @pytest.fixture
    def file(self, fs, folder):
        """A file that only its owner may read."""
        fs.write(f"{folder}/a", b"1", permission=0o600)
        return f"{folder}/a"

    def test_of_what_has_none(self, fs, folder):
        assert fs.acl(folder) == Acl(fs.user, "supergroup", 0o755)

    def test_are_in_order_and_the_mask_is_the_group_s_permission(self, fs, folder):
        fs.set_acl(
            folder,
            [
                *MINIMAL,
                "default:group:scanners:rwx",
                "group:scanners:-w-",
                "user:bob:r-x",
                "user:alice:rw-",
                "default:user:bob:r--",
            ],
        )
        found = fs.acl(folder)
        assert found.entries == (
            "user:alice:rw-",
            "user:bob:r-x",
            "group::r-x",
            "group:scanners:-w-",
            "default:user::rwx",
            "default:user:bob:r--",
            "default:group::r-x",
            "default:group:scanners:rwx",
            "default:mask::rwx",
            "default:other::r--",
        )
        assert found.permission == 0o774
        assert fs.stat(folder).has_acl
        assert fs.stat(folder).mode == "drwxrwxr--+"

    def test_that_are_minimal_are_permissions(self, fs, folder):
        fs.set_acl(folder, MINIMAL)
        assert fs.acl(folder) == Acl(fs.user, "supergroup", 0o754)
        assert not fs.stat(folder).has_acl

    def test_a_mask_that_is_given_stays(self, fs, file):
        fs.set_acl(file, [*MINIMAL, "user:bob:rwx", "mask::r--"])
        assert fs.acl(file).permission == 0o744
        fs.modify_acl(file, ["user:bob:-w-"])
        assert fs.acl(file).permission == 0o774
        fs.modify_acl(file, ["user:bob:rw-", "mask::r--"])
        assert fs.acl(file).permission == 0o744

    def test_chmod_changes_the_mask(self, fs, file):
        fs.modify_acl(file, ["user:bob:rwx"])
        assert fs.acl(file).permission == 0o670
        fs.chmod(file, 0o640)
        assert fs.acl(file) == Acl(fs.user, "supergroup", 0o640, ("user:bob:rwx", "group::---"))

    def test_modified_entries_take_the_place_of_others(self, fs, file):
        fs.modify_acl(file, ["user:bob:rwx", "group::r--"])
        fs.modify_acl(file, ["user:bob:r--", "other::--x", "user::r--"])
        assert fs.acl(file) == Acl(fs.user, "supergroup", 0o441, ("user:bob:r--", "group::r--"))

    def test_default_entries_are_completed(self, fs, folder):
        fs.modify_acl(folder, ["default:user:bob:rwx"])
        assert fs.acl(folder) == Acl(
            fs.user,
            "supergroup",
            0o755,
            (
                "default:user::rwx",
                "default:user:bob:rwx",
                "default:group::r-x",
                "default:mask::rwx",
                "default:other::r-x",
            ),
        )

    def test_removed_entries(self, fs, folder):
        fs.modify_acl(folder, ["user:bob:rwx", "user:alice:r--", "default:user:bob:rwx"])
        fs.remove_acl_entries(folder, ["user:bob"])
        assert fs.acl(folder).entries[:2] == ("user:alice:r--", "group::r-x")
        assert fs.acl(folder).permission == 0o755
        fs.remove_acl_entries(folder, ["default:user:bob", "user:alice", "user:nobody"])
        assert fs.acl(folder).entries == (
            "group::r-x",
            "default:user::rwx",
            "default:group::r-x",
            "default:mask::r-x",
            "default:other::r-x",
        )
        fs.remove_acl_entries(folder, ["mask:", "default:mask:"])
        fs.remove_default_acl(folder)
        assert fs.acl(folder) == Acl(fs.user, "supergroup", 0o755)

    def test_removed_altogether(self, fs, folder):
        fs.chmod(folder, 0o1750)
        fs.modify_acl(folder, ["user:bob:rwx", "default:user:bob:rwx"])
        fs.remove_default_acl(folder)
        assert fs.acl(folder).entries == ("user:bob:rwx", "group::r-x")
        fs.remove_acl(folder)
        assert fs.acl(folder) == Acl(fs.user, "supergroup", 0o1750)

    USERS = st.lists(
        st.tuples(st.sampled_from(["alice", "bob", "eve"]), st.integers(0, 7)),
        min_size=1,
        unique_by=lambda given: given[0],
    )

    @FEW
    @given(st.integers(0, 0o777), USERS)
    def test_modified_then_removed_is_as_before(self, fs, permission, users):
        path = fresh_folder(fs)
        fs.chmod(path, permission)
        before = fs.acl(path)
        entries = [
            f"user:{name}:{'r' if bits & 4 else '-'}{'w' if bits & 2 else '-'}"
            f"{'x' if bits & 1 else '-'}"
            for name, bits in users
        ]
        fs.modify_acl(path, entries)
        assert set(entries) < set(fs.acl(path).entries)
        fs.remove_acl(path)
        assert fs.acl(path) == before

    @pytest.mark.parametrize(
        "entries",
        [
            ["user:bob:rwx"],
            ["user::rwx", "group::r-x"],
            [*MINIMAL, "user:bob:rwx", "user:bob:r--"],
            [*MINIMAL, "default:user:bob:rwx"],  # on a file
            [*MINIMAL, *(f"user:u{number}:r--" for number in range(30))],
        ],
    )
    def test_that_cannot_be(self, fs, file, entries):
        before = fs.acl(file)
        with pytest.raises(RemoteError):
            fs.set_acl(file, entries)
        assert fs.acl(file) == before

    @pytest.mark.parametrize("entry", ["", "user", "you:bob:rwx", "user:bob:xwr", "user:bob"])
    def test_that_are_no_entries(self, fs, file, entry):
        with pytest.raises(InvalidPath):
            fs.modify_acl(file, [entry])
        with pytest.raises(InvalidPath):
            fs.modify_acl(file, [])

    def test_a_mask_that_is_needed_is_not_removed(self, fs, file):
        fs.modify_acl(file, ["user:bob:rwx"])
        with pytest.raises(RemoteError):
            fs.remove_acl_entries(file, ["mask:"])
        with pytest.raises(RemoteError):
            fs.remove_acl_entries(file, ["user:"])

    def test_only_the_owner_changes_them_everybody_sees_them(self, fs, file, as_user):
        fs.modify_acl(file, ["user:alice:rwx"])
        with pytest.raises(PermissionDenied):
            as_user("alice").modify_acl(file, ["user:bob:rwx"])
        with pytest.raises(PermissionDenied):
            as_user("alice").remove_acl(file)
        assert as_user("bob").acl(file).entries == ("user:alice:rwx", "group::---")

    def test_of_nothing(self, fs, folder):
        with pytest.raises(NotFound):
            fs.acl(f"{folder}/nothing")
        with pytest.raises(NotFound):
            fs.modify_acl(f"{folder}/nothing", ["user:bob:rwx"])

    @pytest.mark.parametrize(
        ("user", "entries", "may"),
        [
            ("alice", ["user:alice:r--"], True),
            ("alice", ["user:bob:r--"], False),
            ("alice", ["user:alice:---", "other::r--"], False),
            ("alice", ["user:alice:rwx", "mask::---"], False),
            ("nobody", ["group:nogroup:r--"], True),
            ("nobody", ["group:nogroup:---", "other::r--"], False),
            ("nobody", ["user:nobody:---", "group:nogroup:r--"], False),
            ("bob", ["user:alice:r--", "other::r--"], True),
        ],
    )
    def test_who_may_read(self, fs, file, as_user, user, entries, may):
        fs.modify_acl(file, entries)
        if may:
            assert as_user(user).read(file) == b"1"
        else:
            with pytest.raises(PermissionDenied):
                as_user(user).read(file)

    def test_the_owner_needs_no_mask(self, fs, file, as_user):
        fs.chown(file, "alice")
        fs.modify_acl(file, ["user:bob:r--", "mask::---"])
        assert as_user("alice").read(file) == b"1"


class TestInheritedLists:
    DEFAULTS = ("default:user:bob:rwx", "default:group::r-x", "default:other::---")
    BELOW = (
        "default:user::rwx",
        "default:user:bob:rwx",
        "default:group::r-x",
        "default:mask::rwx",
        "default:other::---",
    )

    def test_by_files(self, fs, folder):
        fs.modify_acl(folder, self.DEFAULTS)
        fs.write(f"{folder}/a", b"1")
        entries = ("user:bob:rwx", "group::r-x")
        assert fs.acl(f"{folder}/a") == Acl(fs.user, "supergroup", 0o640, entries)
        fs.write(f"{folder}/b", b"1", permission=0o777)
        assert fs.acl(f"{folder}/b") == Acl(fs.user, "supergroup", 0o770, entries)

    def test_by_folders(self, fs, folder):
        fs.modify_acl(folder, self.DEFAULTS)
        fs.mkdir(f"{folder}/a/b")
        entries = ("user:bob:rwx", "group::r-x", *self.BELOW)
        assert fs.acl(f"{folder}/a") == Acl(fs.user, "supergroup", 0o750, entries)
        assert fs.acl(f"{folder}/a/b") == Acl(fs.user, "supergroup", 0o750, entries)

    def test_minimal_ones_limit_permissions(self, fs, folder):
        fs.modify_acl(folder, ["default:group::--x"])
        fs.write(f"{folder}/a", b"1", permission=0o777)
        assert fs.acl(f"{folder}/a") == Acl(fs.user, "supergroup", 0o715)
        fs.mkdir(f"{folder}/b")
        assert fs.acl(f"{folder}/b") == Acl(
            fs.user,
            "supergroup",
            0o715,
            ("default:user::rwx", "default:group::--x", "default:other::r-x"),
        )

    def test_not_by_what_is_renamed(self, fs, folder):
        fs.mkdir(f"{folder}/a")
        fs.mkdir(f"{folder}/b")
        fs.modify_acl(f"{folder}/a", self.DEFAULTS)
        fs.rename(f"{folder}/b", f"{folder}/a/b")
        assert fs.acl(f"{folder}/a/b").entries == ()
