"""Storage policies."""

import pytest

from hdfs_tools.errors import InvalidPath, NotFound, PermissionDenied


class TestStoragePolicies:
    def test_are_known(self, fs):
        policies = {"HOT", "COLD", "WARM", "ALL_SSD", "ONE_SSD", "LAZY_PERSIST", "PROVIDED"}
        assert policies <= set(fs.storage_policies())

    def test_hold_below(self, fs, folder):
        fs.write(f"{folder}/a/b", b"1")
        assert fs.storage_policy(folder) == "HOT"
        fs.set_storage_policy(folder, "COLD")
        fs.set_storage_policy(f"{folder}/a", "WARM")
        assert fs.storage_policy(folder) == "COLD"
        assert fs.storage_policy(f"{folder}/a/b") == "WARM"
        fs.set_storage_policy(f"{folder}/a/b", "ALL_SSD")
        assert fs.storage_policy(f"{folder}/a/b") == "ALL_SSD"
        fs.set_storage_policy(f"{folder}/a/b", None)
        fs.set_storage_policy(f"{folder}/a", None)
        assert fs.storage_policy(f"{folder}/a/b") == "COLD"

    def test_that_are_not_known(self, fs, folder):
        with pytest.raises(InvalidPath):
            fs.set_storage_policy(folder, "TEPID")

    def test_of_nothing(self, fs, folder):
        with pytest.raises(NotFound):
            fs.storage_policy(f"{folder}/nothing")
        with pytest.raises(NotFound):
            fs.set_storage_policy(f"{folder}/nothing", "COLD")

    def test_need_permission(self, fs, folder, as_user):
        with pytest.raises(PermissionDenied):
            as_user("alice").set_storage_policy(folder, "COLD")
        assert as_user("alice").storage_policy(folder) == "HOT"
