"""Files that are read as far as somebody reads them."""

import binascii
import io
import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hdfs_tools.bundles.random_access import open_base64, open_ranges
from hdfs_tools.embedded import EmbeddedStore
from hdfs_tools.errors import CorruptRecord, IsADirectory, NotFound

steps = st.lists(
    st.tuples(st.sampled_from(["read", "seek", "from end"]), st.integers(0, 50_000)), max_size=8
)


def walk(file, steps):
    """Return what a file gives for reads and seeks."""
    found = []
    for step, number in steps:
        if step == "read":
            found.append(file.read(number))
        elif step == "seek":
            found.append(file.seek(number))
        else:
            found.append(file.seek(-min(number, 3), io.SEEK_END) if number else file.tell())
    return found


class TestBase64:
    @given(st.binary(min_size=3, max_size=40_000), steps)
    def test_it_is_a_file_like_any_other(self, data, steps):
        encoded = binascii.b2a_base64(data, newline=False)
        assert walk(open_base64(encoded), steps) == walk(io.BytesIO(data), steps)

    def test_only_what_is_read_is_decoded(self, monkeypatch):
        decoded = []
        decode = binascii.a2b_base64
        monkeypatch.setattr(binascii, "a2b_base64", lambda x: decoded.append(len(x)) or decode(x))
        file = open_base64(b"QUJD" * 1_000_000)
        assert (file.read(3), file.read(3)) == (b"ABC", b"ABC")
        assert sum(decoded) < 20_000

    def test_damage_is_noticed_in_what_is_read(self):
        encoded = bytearray(b"QUJD" * 100_000)
        encoded[200_000] = ord("*")
        file = open_base64(bytes(encoded))
        assert file.read(100_000) == b"ABC" * 33_333 + b"A"
        with pytest.raises(CorruptRecord, match="damaged"):
            file.read()

    @pytest.mark.parametrize("encoded", [b"AAAAA", b"AAA", b"A"])
    def test_a_length_that_base64_cannot_have(self, encoded):
        with pytest.raises(CorruptRecord, match="group of four"):
            open_base64(encoded)

    def test_padding_is_the_end(self):
        with pytest.raises(CorruptRecord):
            open_base64(b"QQ==" + b"QUJD" * 9_000).read()
        assert open_base64(b"").read() == b""


class Counting(EmbeddedStore):
    """A store that notes what is asked of it."""

    def fetch(self, path, start, end):
        self.asked.append((start, end))
        return super().fetch(path, start, end)


@pytest.fixture
def store(tmp_path):
    made = Counting(str(tmp_path / "store"))
    made.asked = []
    return made


class TestRanges:
    def test_the_first_request_is_of_64_kb_and_each_further_one_doubles(self, store):
        store.write("/a", bytes(4_000_000))
        file = open_ranges(store, "/a")
        assert store.asked == []
        file.read(1000)
        assert store.asked == [(0, 65_536)]
        file.read()
        assert file.tell() == 4_000_000
        sizes = [stop - start for start, stop in store.asked]
        assert sizes[:6] == [65_536 << n for n in range(5)] + [1 << 20]
        assert all(a[1] == b[0] for a, b in itertools.pairwise(store.asked))

    @given(data=st.data())
    def test_it_is_a_file_like_any_other(self, data, tmp_path_factory):
        store = EmbeddedStore(str(tmp_path_factory.getbasetemp() / "one store"))
        content = bytes(range(256)) * 700
        store.write("/a", content, overwrite=True)
        script = data.draw(steps)
        assert walk(open_ranges(store, "/a"), script) == walk(io.BytesIO(content), script)

    def test_what_is_no_file(self, store):
        store.mkdir("/folder")
        with pytest.raises(IsADirectory):
            open_ranges(store, "/folder")
        with pytest.raises(NotFound):
            open_ranges(store, "/nothing")
        store.write("/empty", b"")
        assert open_ranges(store, "/empty").read() == b""
