"""Checksums."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hdfs_tools.copying.checksum import FileChecksum
from hdfs_tools.errors import IsADirectory, NotFound, PermissionDenied
from tests.contracts.support import FEW, fresh_folder


class TestChecksums:
    @FEW
    @given(st.binary(max_size=2000))
    def test_are_hdfs_s(self, fs, data):
        path = f"{fresh_folder(fs)}/a"
        fs.write(path, data, block_size=1 << 20)
        expected = FileChecksum(1 << 20)
        expected.update(data)
        assert fs.checksum(path) == expected.result()

    def test_know_the_blocks(self, fs, folder):
        data = bytes(range(256)) * 12_345
        fs.write(f"{folder}/a", data, block_size=1 << 20)
        expected = FileChecksum(1 << 20)
        expected.update(data)
        assert fs.checksum(f"{folder}/a") == expected.result()
        fs.write(f"{folder}/b", data, block_size=4 << 20)
        assert fs.checksum(f"{folder}/b").digest != expected.result().digest

    def test_of_what_is_no_file(self, fs, folder):
        with pytest.raises(IsADirectory):
            fs.checksum(folder)
        with pytest.raises(NotFound):
            fs.checksum(f"{folder}/nothing")

    def test_need_permission_to_read(self, fs, folder, as_user):
        fs.write(f"{folder}/a", b"1", permission=0o600)
        with pytest.raises(PermissionDenied):
            as_user("alice").checksum(f"{folder}/a")
