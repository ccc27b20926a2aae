"""What Hadoop's codecs wrote is read, and what is damaged is named."""

import bz2
import contextlib
import gzip
import io
import struct
import sys
import zlib

import pyarrow
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hdfs_tools import connect
from hdfs_tools.bundles.compressed import is_compressed, open_text, uncompressed
from hdfs_tools.bundles.record import Reference, bundle_line, reference_line
from hdfs_tools.bundles.unpacking import unpack
from hdfs_tools.errors import Corrupt, TransferFailed, Unsupported
from hdfs_tools.location import Location
from tests.support import run

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

TEXT = b"".join(b'"%d.png"\t{"images": 1, "mean": %d}\n' % (n, n * n) for n in range(20_000))


def blocks(data, compress, block=256 << 10, chunk=100_000):
    """Write data as Hadoop's BlockCompressorStream does: a block has one chunk, or several."""
    file = io.BytesIO()
    for start in range(0, len(data), block):
        part = data[start : start + block]
        file.write(struct.pack(">I", len(part)))
        for first in range(0, len(part), chunk):
            packed = bytes(compress(part[first : first + chunk]))
            file.write(struct.pack(">I", len(packed)) + packed)
    return file.getvalue()


def by_arrow(codec):
    return lambda part: pyarrow.compress(part, codec=codec, asbytes=True)


COMPRESS = {
    ".gz": lambda data: gzip.compress(data[:999]) + gzip.compress(data[999:]),
    ".bz2": lambda data: bz2.compress(data[:999]) + bz2.compress(data[999:]),
    ".deflate": lambda data: zlib.compress(data[:999]) + zlib.compress(data[999:]),
    ".zst": zstd.compress,
    ".snappy": lambda data: blocks(data, by_arrow("snappy")),
    ".lz4": lambda data: blocks(data, by_arrow("lz4_raw")),
}


@pytest.fixture(params=COMPRESS)
def ending(request):
    return request.param


def read(path, opened=uncompressed):
    with opened(Location.of(path)) as file:
        return file.read()


class TestReading:
    def test_every_codec(self, ending, tmp_path):
        path = tmp_path / f"part-00000{ending}"
        path.write_bytes(COMPRESS[ending](TEXT))
        assert path.stat().st_size < len(TEXT) / 3
        assert read(path) == TEXT

    def test_line_by_line(self, ending, tmp_path):
        path = tmp_path / f"part-00000{ending}"
        path.write_bytes(COMPRESS[ending](TEXT))
        with uncompressed(Location.of(path)) as file:
            assert list(file) == TEXT.splitlines(keepends=True)

    def test_by_hand(self, tmp_path):
        """A literal of 5 bytes is 4 << 2 in Snappy, and 5 << 4 in LZ4."""
        (tmp_path / "a.snappy").write_bytes(b"\0\0\0\x05\0\0\0\x07\x05\x10HELLO")
        (tmp_path / "a.lz4").write_bytes(b"\0\0\0\x05\0\0\0\x06\x50HELLO")
        assert read(tmp_path / "a.snappy") == read(tmp_path / "a.lz4") == b"HELLO"

    def test_on_hdfs(self, ending, tmp_path, monkeypatch):
        monkeypatch.setenv("HDFS_URL", f"file://{tmp_path}/store")
        connect().write(f"/out/part-00000{ending}", COMPRESS[ending](TEXT))
        assert read(f"hdfs:///out/part-00000{ending}", open_text) == TEXT

    @pytest.mark.parametrize("known", [".gz", ".bz2", ".zst"])
    def test_by_its_content_where_the_name_says_nothing(self, known, tmp_path):
        (tmp_path / "result").write_bytes(COMPRESS[known](TEXT))
        assert read(tmp_path / "result", open_text) == TEXT

    def test_what_is_not_compressed(self, tmp_path):
        (tmp_path / "result").write_bytes(TEXT)
        assert read(tmp_path / "result", open_text) == TEXT
        assert not is_compressed("result")


class TestDamage:
    @pytest.mark.parametrize("opened", [uncompressed, open_text])
    def test_what_is_cut_short(self, ending, opened, tmp_path):
        path = tmp_path / f"part-00000{ending}"
        path.write_bytes(COMPRESS[ending](TEXT)[:-5])
        with pytest.raises(Corrupt, match="its compression is damaged: ") as error:
            read(path, opened)
        assert error.value.filename == str(path)

    def test_what_is_something_else(self, ending, tmp_path):
        path = tmp_path / f"part-00000{ending}"
        path.write_bytes(b"plain words, which no codec wrote")
        with pytest.raises(Corrupt):
            read(path)

    @settings(max_examples=60)
    @given(at=st.integers(0, 2000), bits=st.integers(1, 255))
    def test_one_that_changed_is_not_of_another_length(self, at, bits, tmp_path_factory):
        """Neither codec has a checksum, but lengths."""
        for ending in (".snappy", ".lz4"):
            data = bytearray(COMPRESS[ending](TEXT[:4000]))
            data[at % len(data)] ^= bits
            path = tmp_path_factory.getbasetemp() / f"changed{ending}"
            path.write_bytes(data)
            with contextlib.suppress(Corrupt):
                assert len(read(path)) == len(TEXT[:4000])


class TestMissing:
    def test_the_extra_is_named(self, tmp_path, monkeypatch):
        monkeypatch.setitem(sys.modules, zstd.__name__, None)
        (tmp_path / "a.zst").write_bytes(COMPRESS[".zst"](b"words"))
        with pytest.raises(Unsupported, match=r"Zstandard needs .*zstd: pip install .*\[codecs\]"):
            read(tmp_path / "a.zst")

    def test_lzo_is_refused(self, tmp_path):
        (tmp_path / "a.lzo").write_bytes(b"x")
        with pytest.raises(Unsupported, match="LZO, which cannot be read"):
            read(tmp_path / "a.lzo")


def test_a_compressed_bundle_is_unpacked(ending, tmp_path):
    lines = b"".join(bundle_line(f"ct/{n}.png", bytes([n]) * n) for n in range(1, 9))
    path = tmp_path / f"part-00000{ending}"
    path.write_bytes(COMPRESS[ending](lines))
    assert unpack(path, tmp_path / "all") == 8
    assert (tmp_path / "all/ct/7.png").read_bytes() == b"\x07" * 7
    assert unpack(path, tmp_path / "one", ["ct/3.png"]) == 1
    assert [file.name for file in (tmp_path / "one/ct").iterdir()] == ["3.png"]


def test_what_stands_beside_it_is_found(tmp_path):
    """And an image that it lacks is missed in the bundle that was named."""
    (tmp_path / "in").mkdir()
    (tmp_path / "in/beside.png").write_bytes(b"beside")
    lines = reference_line(Reference("beside.png")) + bundle_line("a.png", b"a")
    (tmp_path / "in/part-00000.gz").write_bytes(COMPRESS[".gz"](lines))
    assert unpack(tmp_path / "in/part-00000.gz", tmp_path / "all") == 2
    assert (tmp_path / "all/beside.png").read_bytes() == b"beside"
    assert unpack(tmp_path / "in/part-00000.gz", tmp_path / "one", ["beside.png"]) == 1
    with pytest.raises(TransferFailed, match=r"no image of \S+/in/part-00000\.gz"):
        unpack(tmp_path / "in/part-00000.gz", tmp_path / "none", ["missing.png"])


def test_pack_writes_none(tmp_path):
    (tmp_path / "a.png").write_bytes(b"x")
    ran = run(
        sys.executable, "-m", "hdfs_tools", "pack", tmp_path / "a.png", tmp_path / "a.bundle.gz"
    )
    assert ran.status == 1
    assert "jobs know a bundle by its name" in ran.stderr
