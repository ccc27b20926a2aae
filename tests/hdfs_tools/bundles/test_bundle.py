"""Bundles: what is packed comes back, and nothing lands outside or half."""

import errno
import itertools
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hdfs_tools import connect
from hdfs_tools.bundles import bundle
from hdfs_tools.bundles.bundle_index import members
from hdfs_tools.bundles.packing import pack
from hdfs_tools.bundles.record import bundle_line
from hdfs_tools.bundles.unpacking import unpack
from hdfs_tools.errors import Changed, TransferFailed
from hdfs_tools.location import Location


class TestSpans:
    @given(
        st.lists(st.binary().map(lambda line: line.replace(b"\n", b"")), max_size=8),
        st.booleans(),
        st.lists(st.integers(0, 60), max_size=5),
    )
    def test_spans_give_every_line_once(self, tmp_path_factory, lines, ended, cuts):
        data = b"\n".join(lines) + (b"\n" if ended else b"")
        path = tmp_path_factory.getbasetemp() / "lines"
        path.write_bytes(data)
        edges = sorted({0, len(data), *(cut for cut in cuts if cut < len(data))})
        read = [
            line
            for start, stop in itertools.pairwise(edges)
            for line in bundle.lines_between(str(path), start, stop - start)
        ]
        assert read == data.splitlines(keepends=True) or b"".join(read) == data
        assert all(line.count(b"\n") <= 1 for line in read)


class TestFilesThatBecameShorter:
    @pytest.fixture(params=["here", "on HDFS"])
    def location(self, request, tmp_path, monkeypatch):
        """A file of three lines, of ten bytes each."""
        data = b"123456789\n" * 3
        if request.param == "here":
            (tmp_path / "lines").write_bytes(data)
            return str(tmp_path / "lines")
        monkeypatch.setenv("HDFS_URL", (tmp_path / "store").as_uri())
        connect().write("/lines", data)
        return "hdfs:///lines"

    @pytest.mark.parametrize("read", [bundle.lines_between, bundle.bytes_between])
    @pytest.mark.parametrize(
        ("start", "length", "found"), [(0, 40, 30), (20, 11, 10), (30, 5, 0), (99, 5, 0)]
    )
    def test_a_span_that_ends_beyond_is_an_error(self, location, read, start, length, found):
        words = f"shorter while it was read: {found} of {length} bytes are there"
        with pytest.raises(Changed, match=words) as error:
            list(read(location, start, length))
        assert (error.value.filename, error.value.errno) == (location, errno.EBUSY)

    def test_one_that_ends_with_the_file_is_none(self, location):
        assert list(bundle.lines_between(location, 15, 15)) == [b"123456789\n"]
        assert b"".join(bundle.bytes_between(location, 15, 15, 4)) == b"6789\n123456789\n"


class TestPackAndUnpack:
    def test_a_folder_comes_back_byte_for_byte(self, good_folder, good_images, tmp_path):
        assert pack(good_folder, tmp_path / "all.bundle") == len(good_images)
        assert unpack(tmp_path / "all.bundle", tmp_path / "copy") == len(good_images)
        for name, data in good_images.items():
            assert Path(os.path.join(tmp_path / "copy", name)).read_bytes() == data

    def test_one_file(self, tmp_path):
        (tmp_path / "x.png").write_bytes(b"image")
        pack(tmp_path / "x.png", tmp_path / "one.bundle")
        assert (tmp_path / "one.bundle").read_bytes() == b"x.png\taW1hZ2U=\n"

    def test_into_the_folder_itself(self, tmp_path):
        (tmp_path / "x.png").write_bytes(b"image")
        assert pack(tmp_path, tmp_path / "all.bundle") == 1

    def test_blank_lines_are_nothing(self, tmp_path):
        (tmp_path / "x.bundle").write_bytes(b"\n" + bundle_line("x", b"1") + b"\r\n")
        assert unpack(tmp_path / "x.bundle", tmp_path / "copy") == 1

    def test_audit_lines_are_passed_over(self, tmp_path):
        audit = b'"x"\t{"audit": {"removed": 3}}\n'
        (tmp_path / "x.bundle").write_bytes(audit + bundle_line("x", b"1") + audit)
        assert unpack(tmp_path / "x.bundle", tmp_path / "copy") == 1
        assert [member.name for member in members(Location.of(str(tmp_path / "x.bundle")))] == ["x"]

    def test_nothing_is_left_of_a_failed_pack(self, tmp_path):
        source = tmp_path / "scans"
        source.mkdir()
        (source / "a.png").write_bytes(b"image")
        (source / "b.png").symlink_to("nowhere")
        with pytest.raises(TransferFailed, match=r"b\.png: No such file"):
            pack(source, tmp_path / "x.bundle")
        assert os.listdir(tmp_path) == ["scans"]

    @pytest.mark.parametrize(
        "name", ["../x", "/etc/x", "a/../../x", "a//b", "C:x", "..\\x", "a\\..\\..\\x", ""]
    )
    def test_a_name_that_leads_out_is_refused(self, tmp_path, name):
        (tmp_path / "x.bundle").write_bytes(bundle_line(name, b"image"))
        with pytest.raises(TransferFailed, match="not a name of a file in the directory"):
            unpack(tmp_path / "x.bundle", tmp_path / "inside" / "copy")
        assert sorted(p.name for p in tmp_path.rglob("*")) == ["copy", "inside", "x.bundle"]

    def test_a_link_in_the_folder_does_not_lead_out(self, tmp_path):
        (tmp_path / "copy").mkdir()
        (tmp_path / "copy" / "link").symlink_to(tmp_path)
        (tmp_path / "x.bundle").write_bytes(bundle_line("link/x.png", b"image"))
        with pytest.raises(
            TransferFailed, match="a link in the directory leads this name out of it"
        ):
            unpack(tmp_path / "x.bundle", tmp_path / "copy")

    def test_files_are_not_overwritten(self, tmp_path):
        (tmp_path / "x.png").write_bytes(b"old")
        (tmp_path / "x.bundle").write_bytes(bundle_line("x.png", b"new"))
        with pytest.raises(TransferFailed, match="File exists"):
            unpack(tmp_path / "x.bundle", tmp_path)
        with pytest.raises(FileExistsError):
            pack(tmp_path / "x.png", tmp_path / "x.bundle")
        assert (tmp_path / "x.png").read_bytes() == b"old"
