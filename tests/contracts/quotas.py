"""Quotas."""

import pytest

from hdfs_tools.errors import InvalidPath, NotADirectory, NotFound, PermissionDenied, QuotaExceeded
from hdfs_tools.status import ContentSummary, Quota
from tests.contracts.support import names, tree

MB = 1 << 20


class TestQuotas:
    def test_are_told(self, fs, folder):
        fs.write(f"{folder}/a/b", b"123", replication=1)
        assert fs.quota(folder) == Quota(None, 3, None, 3)
        fs.set_quota(folder, 5, 4 * MB)
        assert fs.quota(folder) == Quota(5, 3, 4 * MB, 3)
        assert fs.content_summary(folder) == ContentSummary(2, 1, 3, 3, 5, 4 * MB)
        fs.set_quota(folder, None, None)
        assert fs.quota(folder) == Quota(None, 3, None, 3)

    def test_of_names_hold(self, fs, folder):
        fs.set_quota(folder, 3, None)
        fs.write(f"{folder}/a", b"1")
        fs.mkdir(f"{folder}/b")
        with pytest.raises(QuotaExceeded):
            fs.mkdir(f"{folder}/c")
        with pytest.raises(QuotaExceeded):
            fs.write(f"{folder}/b/c", b"1")
        assert tree(fs, folder) == {"a": b"1", "b": None}
        fs.delete(f"{folder}/b")
        fs.mkdir(f"{folder}/c")

    def test_of_names_hold_for_several_at_once(self, fs, folder):
        fs.set_quota(folder, 3, None)
        with pytest.raises(QuotaExceeded):
            fs.mkdir(f"{folder}/a/b/c")
        with pytest.raises(QuotaExceeded):
            fs.write(f"{folder}/a/b/c", b"1")

    def test_of_names_count_what_is_not_whole_yet(self, fs, folder):
        fs.write(f"{folder}/a", b"1")
        fs.set_quota(folder, 2, None)
        with pytest.raises(QuotaExceeded):
            fs.write(f"{folder}/a", b"2", overwrite=True)
        assert fs.read(f"{folder}/a") == b"1"

    def test_of_space_count_a_block_in_full_while_it_is_written(self, fs, folder):
        fs.set_quota(folder, None, 2 * MB)
        fs.write(f"{folder}/a", b"x" * 1000, replication=1, block_size=MB)
        assert fs.quota(folder).space_used == 1000
        fs.write(f"{folder}/b", b"", replication=2, block_size=2 * MB)
        with pytest.raises(QuotaExceeded):
            fs.write(f"{folder}/c", b"x", replication=2, block_size=MB)
        with pytest.raises(QuotaExceeded):
            fs.write(f"{folder}/c", b"x" * (MB + 1), replication=1, block_size=MB)
        assert names(fs, folder) == ["a", "b"]

    def test_hold_for_what_is_renamed_into_the_folder(self, fs, folder):
        fs.mkdir(f"{folder}/small")
        fs.write(f"{folder}/a/b", b"x" * 1000, replication=2)
        fs.set_quota(f"{folder}/small", 2, None)
        with pytest.raises(QuotaExceeded):
            fs.rename(f"{folder}/a", f"{folder}/small/a")
        fs.set_quota(f"{folder}/small", None, 1999)
        with pytest.raises(QuotaExceeded):
            fs.rename(f"{folder}/a", f"{folder}/small/a")
        fs.set_quota(f"{folder}/small", 3, 2000)
        fs.rename(f"{folder}/a", f"{folder}/small/a")
        fs.rename(f"{folder}/small/a", f"{folder}/small/b")

    def test_hold_for_more_copies(self, fs, folder):
        fs.write(f"{folder}/a", b"x" * 1000, replication=1)
        fs.set_quota(folder, None, 1500)
        with pytest.raises(QuotaExceeded):
            fs.set_replication(f"{folder}/a", 2)
        assert fs.stat(f"{folder}/a").replication == 1

    def test_that_are_exceeded_already_can_be_set(self, fs, folder):
        fs.write(f"{folder}/a/b", b"1")
        fs.set_quota(folder, 1, 1)
        fs.delete(f"{folder}/a/b")
        with pytest.raises(QuotaExceeded):
            fs.mkdir(f"{folder}/c")

    def test_are_the_superuser_s(self, fs, folder, as_user):
        fs.chown(folder, "alice")
        with pytest.raises(PermissionDenied):
            as_user("alice").set_quota(folder, 5, None)

    def test_of_what_is_no_folder(self, fs, folder):
        fs.write(f"{folder}/a", b"1")
        with pytest.raises(NotFound):
            fs.set_quota(f"{folder}/nothing", 5, None)
        with pytest.raises(NotFound):
            fs.quota(f"{folder}/nothing")
        assert fs.quota(f"{folder}/a").used == 1
        with pytest.raises(NotADirectory):
            fs.set_quota(f"{folder}/a", 5, None)

    def test_count_what_is_in_snapshots_only(self, fs, folder):
        fs.write(f"{folder}/a/b", b"12345", replication=1)
        fs.allow_snapshots(folder)
        fs.create_snapshot(folder, "s1")
        fs.delete(f"{folder}/a", recursive=True)
        fs.write(f"{folder}/c", b"1", replication=1)
        try:
            assert fs.quota(folder) == Quota(None, 4, None, 6)
            assert fs.content_summary(folder) == ContentSummary(2, 2, 6, 6)
        finally:
            fs.delete_snapshot(folder, "s1")
        assert fs.quota(folder) == Quota(None, 2, None, 1)

    def test_of_the_root(self, fs):
        assert fs.quota("/").quota is None
        assert fs.content_summary("/").quota is None

    def test_that_cannot_be(self, fs, folder):
        with pytest.raises(InvalidPath):
            fs.set_quota(folder, -5, None)
