"""Extended attributes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hdfs_tools.errors import InvalidPath, NotFound, PermissionDenied, RemoteError
from tests.contracts.support import FEW, fresh_folder


class TestExtendedAttributes:
    def test_are_kept(self, fs, folder):
        assert fs.xattrs(folder) == {}
        fs.set_xattr(folder, "user.site", b"Bern")
        fs.set_xattr(folder, "trusted.site", b"\0\xff")
        fs.set_xattr(folder, "user.site", b"Basel")
        fs.set_xattr(folder, "user.empty", b"")
        assert fs.xattrs(folder) == {
            "user.site": b"Basel",
            "trusted.site": b"\0\xff",
            "user.empty": b"",
        }

    @FEW
    @given(
        st.text(
            st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\n"),
            min_size=1,
            max_size=40,
        ),
        st.binary(max_size=200),
    )
    def test_any_name_and_value_come_back(self, fs, name, value):
        path = fresh_folder(fs)
        fs.set_xattr(path, f"user.{name}", value)
        assert fs.xattrs(path) == {f"user.{name}": value}
        fs.remove_xattr(path, f"user.{name}")
        assert fs.xattrs(path) == {}

    def test_namespaces_have_no_case(self, fs, folder):
        fs.set_xattr(folder, "USER.Site", b"1")
        assert fs.xattrs(folder) == {"user.Site": b"1"}

    def test_are_removed(self, fs, folder):
        fs.set_xattr(folder, "user.a", b"1")
        fs.remove_xattr(folder, "user.a")
        with pytest.raises(NotFound):
            fs.remove_xattr(folder, "user.a")
        assert fs.xattrs(folder) == {}

    def test_of_nothing(self, fs, folder):
        for act in (
            lambda path: fs.xattrs(path),
            lambda path: fs.set_xattr(path, "user.a", b""),
            lambda path: fs.remove_xattr(path, "user.a"),
        ):
            with pytest.raises(NotFound):
                act(f"{folder}/nothing")

    @pytest.mark.parametrize("name", ["site", "site.a", "user.", ".a", ""])
    def test_names_that_cannot_be(self, fs, folder, name):
        with pytest.raises(InvalidPath):
            fs.set_xattr(folder, name, b"")

    @pytest.mark.parametrize("name", ["system.a", "security.a"])
    def test_names_that_are_not_for_people(self, fs, folder, name):
        with pytest.raises(PermissionDenied):
            fs.set_xattr(folder, name, b"")

    def test_trusted_ones_are_the_superuser_s(self, fs, folder, as_user):
        fs.write(f"{folder}/a", b"1")
        fs.chown(f"{folder}/a", "alice")
        fs.set_xattr(f"{folder}/a", "trusted.a", b"1")
        fs.set_xattr(f"{folder}/a", "user.a", b"1")
        assert as_user("alice").xattrs(f"{folder}/a") == {"user.a": b"1"}
        with pytest.raises(PermissionDenied):
            as_user("alice").set_xattr(f"{folder}/a", "trusted.b", b"1")

    def test_need_the_permissions_of_the_file(self, fs, folder, as_user):
        fs.write(f"{folder}/a", b"1", permission=0o600)
        with pytest.raises(PermissionDenied):
            as_user("alice").xattrs(f"{folder}/a")
        fs.chmod(f"{folder}/a", 0o644)
        assert as_user("alice").xattrs(f"{folder}/a") == {}
        with pytest.raises(PermissionDenied):
            as_user("alice").set_xattr(f"{folder}/a", "user.a", b"1")
        fs.chmod(f"{folder}/a", 0o646)
        as_user("alice").set_xattr(f"{folder}/a", "user.a", b"1")

    def test_of_sticky_folders_are_their_owner_s(self, fs, folder, as_user):
        fs.chmod(folder, 0o1777)
        with pytest.raises(PermissionDenied):
            as_user("alice").set_xattr(folder, "user.a", b"1")

    def test_are_limited(self, fs, folder):
        with pytest.raises(InvalidPath):
            fs.set_xattr(folder, "user.a", b"x" * 16384)
        fs.set_xattr(folder, "user.a", b"x" * 16383)
        for number in range(31):
            fs.set_xattr(folder, f"user.{number}", b"1")
        with pytest.raises(RemoteError):
            fs.set_xattr(folder, "user.b", b"1")
        fs.set_xattr(folder, "user.1", b"2")
        assert len(fs.xattrs(folder)) == 32
