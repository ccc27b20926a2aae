"""The record line: what goes in comes out, and nothing else."""

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hdfs_tools import connect
from hdfs_tools.bundles import record
from hdfs_tools.bundles.record import Record, Reference
from hdfs_tools.errors import CorruptRecord, NotARegularFile, ReadFailed, UnsupportedScheme
from hdfs_tools.uri import is_uri

file_names = st.binary(min_size=1).map(os.fsdecode)


class TestNames:
    @given(file_names)
    def test_any_file_name_survives(self, name):
        assert record.decode_name(record.encode_name(name)) == name

    @given(file_names)
    def test_an_encoded_name_is_one_field_of_one_line(self, name):
        line = record.encode_name(name).encode("utf-8")
        assert not any(byte < 0x20 or byte == 0x7F for byte in line)

    def test_scripts_and_spaces_stay_readable(self):
        assert record.encode_name("胸部 X線/große Lunge.png") == "胸部 X線/große Lunge.png"

    def test_control_characters_are_encoded_as_utf_8(self):
        assert record.encode_name("a\x85b\x7f") == "a%C2%85b%7F"


class TestLines:
    @given(file_names, st.binary())
    def test_a_bundle_record_gives_back_name_and_bytes(self, name, data):
        line = record.bundle_line(name, data)
        assert line.count(b"\n") == 1
        item = record.parse_line(line)
        assert isinstance(item, Record)
        assert (item.name, item.read()) == (name, data)

    @given(
        file_names.filter(
            lambda name: "/./" not in name and not name.startswith("/") and not is_uri(name)
        )
    )
    def test_a_reference_gives_back_the_path(self, name):
        reference = Reference(name).within("/data")
        assert record.parse_line(record.reference_line(reference)) == reference
        assert reference.name == name.removeprefix("./")

    @pytest.mark.parametrize(
        ("reference", "name"),
        [
            ("/data/scans/./ct/1.dcm", "ct/1.dcm"),
            ("/data/scans/ct/1.dcm", "data/scans/ct/1.dcm"),
            ("/data//../scans/1.dcm", "scans/1.dcm"),
            ("../../ct/1..dcm", "ct/1..dcm"),
            ("./.1.dcm", ".1.dcm"),
            ("/data/./../mr/1.dcm", "mr/1.dcm"),
            ("file:///data/a%20b.dcm", "data/a b.dcm"),
            ("hdfs://node:8020/data/1.dcm", "data/1.dcm"),
            ("webhdfs://node:9870/.//data/1.dcm", "data/1.dcm"),
            ("ct/1.dcm", "ct/1.dcm"),
            ("hdfs://node/data/./ct/a%20b.dcm", "ct/a b.dcm"),
        ],
    )
    def test_the_name_of_a_reference(self, reference, name):
        assert Reference(reference).name == name

    @given(st.binary(min_size=8), st.data())
    def test_damage_to_base64_is_noticed(self, content, data):
        encoded = bytearray(record.bundle_line("x", content).rstrip(b"\n").split(b"\t")[1])
        position = data.draw(st.integers(0, len(encoded) - 4))
        encoded[position] = ord("*")
        with pytest.raises(CorruptRecord):
            Record("x", bytes(encoded)).read()

    @pytest.mark.parametrize("encoded", [b"AAAAA", b"AAAA!!", b"AAA"])
    def test_a_record_of_no_whole_length_is_noticed(self, encoded):
        with pytest.raises(CorruptRecord):
            Record("x", encoded).read()


def whole(item):
    return item.read()


def opened(item):
    with item.open() as file:
        return file.read()


@pytest.mark.parametrize("read", [whole, opened])
class TestReading:
    def test_a_file_uri(self, tmp_path, read):
        path = tmp_path / "a b%.png"
        path.write_bytes(b"image")
        assert read(Reference(path.as_uri())) == b"image"
        assert read(Reference.stored("other.png", path.as_uri())) == b"image"

    def test_a_record(self, read):
        assert read(Record("a", b"aW1hZ2U=")) == b"image"
        with pytest.raises(CorruptRecord):
            read(Record("a", b"aW1h*2U="))

    def test_a_file_on_hdfs(self, tmp_path, monkeypatch, read):
        monkeypatch.setenv("HDFS_URL", (tmp_path / "store").as_uri())
        data = bytes(range(256)) * 1000
        for path in ("/scans/a b.png", "/scans/100%25"):
            connect().write(path, data)
        assert read(Reference(f"hdfs://{tmp_path.name}/scans/a%20b.png")) == data
        assert read(Reference(f"hdfs://{tmp_path.name}/scans/100%25")) == data  # never encoded
        with pytest.raises(FileNotFoundError):
            read(Reference(f"hdfs://{tmp_path.name}/scans/c.png"))

    def test_an_image_that_could_not_be_read_where_it_was(self, read):
        with pytest.raises(ReadFailed, match="Permission denied"):
            read(Reference.failed("a.png", "PermissionError", "Permission denied"))

    def test_other_storage_is_named(self, read):
        with pytest.raises(UnsupportedScheme, match="only files of this machine and of HDFS"):
            read(Reference("s3://bucket/1.png"))

    def test_a_name_that_no_file_can_have(self, read):
        with pytest.raises(FileNotFoundError):
            read(Reference("a\0b"))

    def test_what_is_not_a_file_is_not_waited_for(self, tmp_path, read):
        os.mkfifo(tmp_path / "pipe")
        with pytest.raises(NotARegularFile, match="pipe"):
            read(Reference(str(tmp_path / "pipe")))
        with pytest.raises(NotARegularFile, match="directory"):
            read(Reference(str(tmp_path)))
