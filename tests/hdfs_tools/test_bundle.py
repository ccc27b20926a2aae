"""The record line and bundles: what goes in comes out, and nothing else."""

import itertools
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hdfs_tools import bundle
from hdfs_tools.bundle import Record, Reference
from hdfs_tools.errors import CorruptRecord, NotARegularFile, UnsafeName, UnsupportedScheme

file_names = st.binary(min_size=1).map(os.fsdecode)


class TestNames:
    @given(file_names)
    def test_any_file_name_survives(self, name):
        assert bundle.decode_name(bundle.encode_name(name)) == name

    @given(file_names)
    def test_an_encoded_name_is_one_field_of_one_line(self, name):
        line = bundle.encode_name(name).encode("utf-8")
        assert not any(byte < 0x20 or byte == 0x7F for byte in line)

    def test_scripts_and_spaces_stay_readable(self):
        assert bundle.encode_name("胸部 X線/große Lunge.png") == "胸部 X線/große Lunge.png"

    def test_control_characters_are_encoded_as_utf_8(self):
        assert bundle.encode_name("a\x85b\x7f") == "a%C2%85b%7F"


class TestLines:
    @given(file_names, st.binary())
    def test_a_bundle_record_gives_back_name_and_bytes(self, name, data):
        line = bundle.bundle_line(name, data)
        assert line.count(b"\n") == 1
        item = bundle.parse_line(line)
        assert isinstance(item, Record)
        assert (item.name, item.read()) == (name, data)

    @given(file_names.filter(lambda name: "/./" not in name and not name.startswith("/")))
    def test_a_reference_gives_back_the_path(self, name):
        reference = Reference(name).within("/data")
        assert bundle.parse_line(bundle.reference_line(reference)) == reference
        assert reference.name == name.removeprefix("./")

    @pytest.mark.parametrize(
        ("reference", "name"),
        [
            ("/data/scans/./ct/1.dcm", "ct/1.dcm"),
            ("/data/scans/ct/1.dcm", "/data/scans/ct/1.dcm"),
            ("ct/1.dcm", "ct/1.dcm"),
            ("hdfs://node/data/./ct/a%20b.dcm", "ct/a b.dcm"),
        ],
    )
    def test_the_name_of_a_reference(self, reference, name):
        assert Reference(reference).name == name

    @given(st.binary(min_size=8), st.data())
    def test_damage_to_base64_is_noticed(self, content, data):
        encoded = bytearray(bundle.bundle_line("x", content).rstrip(b"\n").split(b"\t")[1])
        position = data.draw(st.integers(0, len(encoded) - 4))
        encoded[position] = ord("*")
        with pytest.raises(CorruptRecord):
            Record("x", bytes(encoded)).read()

    def test_a_shortened_record_is_noticed(self):
        with pytest.raises(CorruptRecord):
            Record("x", b"AAAAA").read()


class TestReading:
    def test_a_file_uri(self, tmp_path):
        path = tmp_path / "a b%.png"
        path.write_bytes(b"image")
        assert Reference(path.as_uri()).read() == b"image"

    def test_other_storage_is_named(self):
        with pytest.raises(UnsupportedScheme, match="s3:"):
            Reference("s3://bucket/1.png").read()

    def test_what_is_not_a_file_is_not_waited_for(self, tmp_path):
        os.mkfifo(tmp_path / "pipe")
        with pytest.raises(NotARegularFile, match="pipe"):
            Reference(str(tmp_path / "pipe")).read()
        with pytest.raises(NotARegularFile, match="folder"):
            Reference(str(tmp_path)).read()

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


class TestPackAndUnpack:
    def test_a_folder_comes_back_byte_for_byte(self, good_folder, good_images, tmp_path):
        assert bundle.pack(good_folder, tmp_path / "all.bundle") == len(good_images)
        assert bundle.unpack(tmp_path / "all.bundle", tmp_path / "copy") == len(good_images)
        for name, data in good_images.items():
            assert Path(os.path.join(tmp_path / "copy", name)).read_bytes() == data

    def test_one_file(self, tmp_path):
        (tmp_path / "x.png").write_bytes(b"image")
        bundle.pack(tmp_path / "x.png", tmp_path / "one.bundle")
        assert (tmp_path / "one.bundle").read_bytes() == b"x.png\taW1hZ2U=\n"

    def test_nothing_is_left_of_a_failed_pack(self, tmp_path):
        source = tmp_path / "scans"
        source.mkdir()
        (source / "a.png").write_bytes(b"image")
        (source / "b.png").symlink_to("nowhere")
        with pytest.raises(FileNotFoundError):
            bundle.pack(source, tmp_path / "x.bundle")
        assert os.listdir(tmp_path) == ["scans"]

    @pytest.mark.parametrize(
        "name", ["../x", "/etc/x", "a/../../x", "a//b", "C:x", "..\\x", "a\\..\\..\\x", ""]
    )
    def test_a_name_that_leads_out_is_refused(self, tmp_path, name):
        (tmp_path / "x.bundle").write_bytes(bundle.bundle_line(name, b"image"))
        with pytest.raises(UnsafeName):
            bundle.unpack(tmp_path / "x.bundle", tmp_path / "inside" / "copy")
        assert sorted(p.name for p in tmp_path.rglob("*")) == ["copy", "inside", "x.bundle"]

    def test_a_link_in_the_folder_does_not_lead_out(self, tmp_path):
        (tmp_path / "copy").mkdir()
        (tmp_path / "copy" / "link").symlink_to(tmp_path)
        (tmp_path / "x.bundle").write_bytes(bundle.bundle_line("link/x.png", b"image"))
        with pytest.raises(UnsafeName):
            bundle.unpack(tmp_path / "x.bundle", tmp_path / "copy")

    def test_files_are_not_overwritten(self, tmp_path):
        (tmp_path / "x.png").write_bytes(b"old")
        (tmp_path / "x.bundle").write_bytes(bundle.bundle_line("x.png", b"new"))
        with pytest.raises(FileExistsError):
            bundle.unpack(tmp_path / "x.bundle", tmp_path)
        with pytest.raises(FileExistsError):
            bundle.pack(tmp_path / "x.png", tmp_path / "x.bundle")
        assert (tmp_path / "x.png").read_bytes() == b"old"
