"""Reading files."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hdfs_tools.errors import IsADirectory, NotFound, PermissionDenied
from tests.contracts.support import FEW, fresh_folder

DATA = bytes(range(256)) * 10_000


class TestReading:
    def test_the_whole(self, fs, folder):
        fs.write(f"{folder}/a", DATA)
        assert fs.read(f"{folder}/a") == DATA
        assert b"".join(fs.chunks(f"{folder}/a")) == DATA

    @pytest.mark.parametrize(
        ("start", "length"),
        [(0, 0), (0, 10), (1_000_000, 1_200_000), (2_559_999, None), (2_560_000, None), (9**9, 5)],
    )
    def test_a_part(self, fs, folder, start, length):
        fs.write(f"{folder}/a", DATA)
        end = None if length is None else start + length
        assert b"".join(fs.chunks(f"{folder}/a", start, length)) == DATA[start:end]

    @FEW
    @given(st.binary(max_size=300), st.integers(0, 310), st.none() | st.integers(0, 310))
    def test_any_part_of_anything(self, fs, data, start, length):
        path = f"{fresh_folder(fs)}/a"
        fs.write(path, data)
        end = None if length is None else start + length
        assert b"".join(fs.chunks(path, start, length)) == data[start:end]

    def test_as_a_file_object(self, fs, folder):
        fs.write(f"{folder}/a", b"one\ntwo\nthree")
        with fs.open(f"{folder}/a") as file:
            assert file.readlines() == [b"one\n", b"two\n", b"three"]
        with fs.open(f"{folder}/a", 4) as file:
            assert file.read(3) == b"two"

    def test_an_empty_file(self, fs, folder):
        fs.write(f"{folder}/a", b"")
        assert fs.read(f"{folder}/a") == b""
        assert [*fs.chunks(f"{folder}/a")] == []

    def test_nothing(self, fs, folder):
        with pytest.raises(NotFound):
            fs.read(f"{folder}/nothing")
        with pytest.raises(NotFound):
            [*fs.chunks(f"{folder}/nothing")]
        with pytest.raises(NotFound):
            fs.open(f"{folder}/nothing").read()

    def test_a_folder(self, fs, folder):
        with pytest.raises(IsADirectory):
            fs.read(folder)
        with pytest.raises(IsADirectory):
            [*fs.chunks(folder)]

    def test_through_a_file(self, fs, folder, as_user):
        fs.write(f"{folder}/a", b"")
        with pytest.raises(NotFound):
            fs.read(f"{folder}/a/b")
        with pytest.raises(PermissionDenied):
            as_user("alice").read(f"{folder}/a/b")

    def test_without_permission(self, fs, folder, as_user):
        fs.write(f"{folder}/a", b"1", permission=0o600)
        with pytest.raises(PermissionDenied):
            as_user("alice").read(f"{folder}/a")
        with pytest.raises(PermissionDenied):
            [*as_user("alice").chunks(f"{folder}/a")]
