"""Looking at files and folders."""

import time

import pytest

from hdfs_tools.errors import NotFound, PermissionDenied
from hdfs_tools.status import ContentSummary
from tests.contracts.support import names


class TestLooking:
    def test_at_a_file(self, fs, folder):
        fs.write(f"{folder}/a", b"12345")
        found = fs.stat(f"{folder}/a")
        assert (found.path, found.name) == (f"{folder}/a", "a")
        assert (found.is_directory, found.size, found.permission) == (False, 5, 0o644)
        assert (found.owner, found.group, found.has_acl) == (fs.user, "supergroup", False)
        assert found.replication >= 1
        assert found.block_size >= 1 << 20
        assert abs(found.modified - time.time()) < 60
        assert abs(found.accessed - time.time()) < 60

    def test_at_a_folder(self, fs, folder):
        found = fs.stat(folder)
        assert (found.is_directory, found.size, found.permission) == (True, 0, 0o755)
        assert (found.replication, found.block_size, found.accessed) == (0, 0, 0)

    def test_at_the_root(self, fs):
        found = fs.stat("/")
        assert (found.path, found.name, found.is_directory) == ("/", "", True)

    def test_at_nothing(self, fs, folder):
        with pytest.raises(NotFound) as caught:
            fs.stat(f"{folder}/nothing/at/all")
        assert caught.value.filename == f"{folder}/nothing/at/all"
        assert not fs.exists(f"{folder}/nothing")

    def test_through_a_file(self, fs, folder, as_user):
        fs.write(f"{folder}/a", b"")
        with pytest.raises(NotFound):
            fs.stat(f"{folder}/a/b")
        with pytest.raises(PermissionDenied):
            as_user("alice").stat(f"{folder}/a/b")
        with pytest.raises(PermissionDenied):
            [*fs.list(f"{folder}/a/b")]

    def test_a_slash_at_the_end_changes_nothing(self, fs, folder):
        assert fs.stat(f"{folder}/").is_directory


class TestListing:
    def test_is_in_order(self, fs, folder):
        given = ["b", "a", "B", "a b", ".hidden", "~", "aa"]
        for name in given:
            fs.write(f"{folder}/{name}", b"")
        assert names(fs, folder) == sorted(given)

    def test_tells_what_stat_tells(self, fs, folder):
        fs.write(f"{folder}/a", b"123", permission=0o600)
        fs.mkdir(f"{folder}/b", 0o700)
        fs.modify_acl(f"{folder}/b", ["user:bob:r-x"])
        assert [*fs.list(folder)] == [fs.stat(f"{folder}/a"), fs.stat(f"{folder}/b")]

    def test_of_a_file_is_the_file(self, fs, folder):
        fs.write(f"{folder}/a", b"1")
        assert [*fs.list(f"{folder}/a")] == [fs.stat(f"{folder}/a")]

    def test_of_nothing(self, fs, folder):
        with pytest.raises(NotFound):
            [*fs.list(f"{folder}/nothing")]
        with pytest.raises(NotFound):
            [*fs.walk(f"{folder}/nothing")]

    def test_of_an_empty_folder(self, fs, folder):
        assert [*fs.list(folder)] == []

    def test_of_many(self, fs, folder):
        for number in range(1050):
            fs.mkdir(f"{folder}/{number:04}")
        assert names(fs, folder) == [f"{number:04}" for number in range(1050)]

    def test_walks_below(self, fs, folder):
        for name in ("b/c/d", "b/a", "a", "b/c/e"):
            fs.write(f"{folder}/{name}", b"")
        found = [entry.path.removeprefix(f"{folder}/") for entry in fs.walk(folder)]
        assert sorted(found) == ["a", "b/a", "b/c/d", "b/c/e"]
        found = [
            entry.path.removeprefix(f"{folder}/") for entry in fs.walk(folder, directories=True)
        ]
        assert sorted(found) == ["a", "b", "b/a", "b/c", "b/c/d", "b/c/e"]
        assert found.index("b/c") < found.index("b/c/d")

    def test_walks_a_file(self, fs, folder):
        fs.write(f"{folder}/a", b"")
        assert [*fs.walk(f"{folder}/a")] == [fs.stat(f"{folder}/a")]

    def test_needs_permission_to_read(self, fs, folder, as_user):
        fs.mkdir(f"{folder}/a", 0o711)
        fs.write(f"{folder}/a/b", b"1")
        assert as_user("alice").stat(f"{folder}/a/b").size == 1
        with pytest.raises(PermissionDenied):
            [*as_user("alice").list(f"{folder}/a")]

    def test_patterns(self, fs, folder):
        for name in ("a/1.png", "a/2.png", "b/1.png", "b/1.txt"):
            fs.write(f"{folder}/{name}", b"")
        found = [entry.path.removeprefix(folder) for entry in fs.glob(f"{folder}/*/[1-9].png")]
        assert found == ["/a/1.png", "/a/2.png", "/b/1.png"]

    @pytest.mark.parametrize(
        ("pattern", "expected"),
        [
            ("/{2024/01,2025/0[12]}/part-*", ["/2024/01/part-0", "/2025/02/part-1"]),
            ("/{2025/{01,02},2024/01}/*", ["/2025/02/part-1", "/2024/01/part-0"]),
            ("/{2024,2024/01/..}/*", ["/2024/01"]),
            (r"/\{2024,2025}", ["/{2024,2025}"]),
            (r"/star\*", ["/star*"]),
            (r"/sta[r]\*", ["/star*"]),
            (r"/star*", ["/star*", "/starry"]),
            (r"/back\\sl?sh", ["/back\\slash"]),
            ("/{2024,2025", []),
        ],
    )
    def test_patterns_as_hadoop_has_them(self, fs, folder, pattern, expected):
        for name in (
            "2024/01/part-0", "2025/02/part-1", "2025/03/part-2", "star*", "starry",
            "{2024,2025}", "back\\slash",
        ):  # fmt: skip
            fs.write(f"{folder}/{name}", b"")
        found = [entry.path.removeprefix(folder) for entry in fs.glob(f"{folder}{pattern}")]
        assert found == expected


class TestSummaries:
    def test_of_a_folder(self, fs, folder):
        fs.write(f"{folder}/a", b"123", replication=1)
        fs.write(f"{folder}/b/c", b"4567", replication=3)
        fs.mkdir(f"{folder}/d")
        assert fs.content_summary(folder) == ContentSummary(3, 2, 7, 15)

    def test_of_a_file(self, fs, folder):
        fs.write(f"{folder}/a", b"123", replication=2)
        assert fs.content_summary(f"{folder}/a") == ContentSummary(0, 1, 3, 6)

    def test_of_nothing(self, fs, folder):
        with pytest.raises(NotFound):
            fs.content_summary(f"{folder}/nothing")

    def test_needs_permission_for_all_folders(self, fs, folder, as_user):
        fs.mkdir(f"{folder}/a/b", 0o755)
        as_user("alice").content_summary(folder)
        fs.chmod(f"{folder}/a/b", 0o711)
        with pytest.raises(PermissionDenied):
            as_user("alice").content_summary(folder)

    def test_capacity(self, fs):
        found = fs.capacity()
        assert 0 < found.remaining <= found.capacity
        assert 0 <= found.used <= found.capacity
