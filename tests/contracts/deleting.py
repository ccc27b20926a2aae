"""Deleting files and folders."""

import pytest

from hdfs_tools.errors import NotEmpty, PermissionDenied
from tests.contracts.support import names, tree


class TestDeleting:
    def test_a_file(self, fs, folder):
        fs.write(f"{folder}/a", b"1")
        assert fs.delete(f"{folder}/a") is True
        assert names(fs, folder) == []

    def test_nothing(self, fs, folder):
        assert fs.delete(f"{folder}/nothing") is False
        assert fs.delete(f"{folder}/nothing/below", recursive=True) is False

    def test_through_a_file(self, fs, folder):
        fs.write(f"{folder}/a", b"1")
        with pytest.raises(PermissionDenied):  # so HDFS says for all that changes something there
            fs.delete(f"{folder}/a/b")
        with pytest.raises(PermissionDenied):
            fs.chmod(f"{folder}/a/b", 0o700)

    def test_an_empty_folder(self, fs, folder):
        fs.mkdir(f"{folder}/a")
        assert fs.delete(f"{folder}/a") is True

    def test_a_folder_that_holds_something(self, fs, folder):
        fs.write(f"{folder}/a/b/c", b"1")
        with pytest.raises(NotEmpty):
            fs.delete(f"{folder}/a")
        assert fs.read(f"{folder}/a/b/c") == b"1"
        assert fs.delete(f"{folder}/a", recursive=True) is True
        assert names(fs, folder) == []

    def test_the_root(self, fs, folder):
        with pytest.raises(NotEmpty):
            fs.delete("/")
        assert fs.delete("/", recursive=True) is False
        assert fs.exists(folder)

    def test_forgets_what_was_known(self, fs, folder):
        fs.write(f"{folder}/a/b", b"1", permission=0o600)
        fs.modify_acl(f"{folder}/a", ["user:bob:rwx"])
        fs.delete(f"{folder}/a", recursive=True)
        fs.write(f"{folder}/a/b", b"2")
        assert fs.stat(f"{folder}/a/b").permission == 0o644
        assert not fs.stat(f"{folder}/a").has_acl
        assert tree(fs, folder) == {"a": None, "a/b": b"2"}

    def test_needs_permission_on_the_folder_not_the_file(self, fs, folder, as_user):
        alice = as_user("alice")
        fs.write(f"{folder}/a", b"1", permission=0o777)
        with pytest.raises(PermissionDenied):
            alice.delete(f"{folder}/a")
        fs.chmod(folder, 0o777)
        fs.chmod(f"{folder}/a", 0o000)
        assert alice.delete(f"{folder}/a") is True

    def test_needs_all_permissions_on_full_folders_below(self, fs, folder, as_user):
        alice = as_user("alice")
        fs.chmod(folder, 0o777)
        fs.mkdir(f"{folder}/empty/below", 0o777)
        fs.chmod(f"{folder}/empty/below", 0o700)
        assert alice.delete(f"{folder}/empty", recursive=True) is True
        fs.write(f"{folder}/full/below/a", b"1")
        fs.chmod(f"{folder}/full/below", 0o755)
        with pytest.raises(PermissionDenied):
            alice.delete(f"{folder}/full", recursive=True)
        fs.chmod(f"{folder}/full/below", 0o777)
        assert alice.delete(f"{folder}/full", recursive=True) is True
