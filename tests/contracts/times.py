"""Times, and the number of copies."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hdfs_tools.errors import InvalidPath, IsADirectory, NotFound, PermissionDenied, RemoteError
from tests.contracts.support import FEW, fresh_folder


class TestTimes:
    def test_are_set(self, fs, folder):
        fs.write(f"{folder}/a", b"1")
        fs.set_times(f"{folder}/a", modified=1000.125, accessed=2000.25)
        found = fs.stat(f"{folder}/a")
        assert (found.modified, found.accessed) == (1000.125, 2000.25)
        fs.set_times(f"{folder}/a", modified=3000)
        assert fs.stat(f"{folder}/a").accessed == 2000.25
        fs.set_times(f"{folder}/a", accessed=4000)
        assert fs.stat(f"{folder}/a").modified == 3000

    @FEW
    @given(st.integers(0, 4_000_000_000_000))
    def test_any_millisecond_comes_back(self, fs, milliseconds):
        path = f"{fresh_folder(fs)}/a"
        fs.write(path, b"")
        fs.set_times(path, milliseconds / 1000, milliseconds / 1000)
        found = fs.stat(path)
        assert (found.modified, found.accessed) == (milliseconds / 1000,) * 2

    def test_of_folders(self, fs, folder):
        fs.set_times(folder, modified=1000, accessed=2000)
        found = fs.stat(folder)
        assert (found.modified, found.accessed) == (1000, 2000)

    def test_before_1970(self, fs, folder):
        with pytest.raises(InvalidPath):
            fs.set_times(folder, modified=-5)

    def test_of_nothing(self, fs, folder):
        with pytest.raises(NotFound):
            fs.set_times(f"{folder}/nothing", 1)

    def test_need_permission_to_write(self, fs, folder, as_user):
        fs.write(f"{folder}/a", b"1")
        with pytest.raises(PermissionDenied):
            as_user("alice").set_times(f"{folder}/a", 1)
        fs.chmod(f"{folder}/a", 0o646)
        as_user("alice").set_times(f"{folder}/a", 1)
        assert fs.stat(f"{folder}/a").modified == 1

    def test_a_folder_is_modified_with_what_it_holds(self, fs, folder):
        for act in (
            lambda: fs.write(f"{folder}/a", b"1"),
            lambda: fs.rename(f"{folder}/a", f"{folder}/b"),
            lambda: fs.delete(f"{folder}/b"),
        ):
            fs.set_times(folder, modified=1000)
            act()
            assert fs.stat(folder).modified > 1000

    def test_stay_when_it_is_renamed(self, fs, folder):
        fs.mkdir(f"{folder}/a")
        fs.set_times(f"{folder}/a", modified=1000)
        fs.rename(f"{folder}/a", f"{folder}/b")
        fs.chmod(f"{folder}/b", 0o700)
        assert fs.stat(f"{folder}/b").modified == 1000


class TestReplication:
    def test_is_set(self, fs, folder):
        fs.write(f"{folder}/a", b"123", replication=1)
        fs.set_replication(f"{folder}/a", 3)
        assert fs.stat(f"{folder}/a").replication == 3
        assert fs.content_summary(f"{folder}/a").space == 9

    def test_that_cannot_be(self, fs, folder):
        fs.write(f"{folder}/a", b"1")
        for number, error in ((0, InvalidPath), (513, RemoteError)):
            with pytest.raises(error):
                fs.set_replication(f"{folder}/a", number)

    def test_of_what_is_no_file(self, fs, folder):
        with pytest.raises(IsADirectory):
            fs.set_replication(folder, 2)
        with pytest.raises(NotFound):
            fs.set_replication(f"{folder}/nothing", 2)

    def test_needs_permission_to_write(self, fs, folder, as_user):
        fs.write(f"{folder}/a", b"1")
        with pytest.raises(PermissionDenied):
            as_user("alice").set_replication(f"{folder}/a", 2)
