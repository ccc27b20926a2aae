"""Headers without pixels: the elements that pydicom reads, from as few bytes as need be."""

import io
import os
import struct
from pathlib import Path

import pydicom
import pydicom.data
import pytest
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import DeflatedExplicitVRLittleEndian, ExplicitVRLittleEndian

from mapreduce_jobs.imaging.dicom import header
from mapreduce_jobs.imaging.dicom.header import read_header
from mapreduce_jobs.imaging.errors import (
    CorruptImage,
    EmptyFile,
    Truncated,
    UnknownFormat,
    Unsupported,
)
from tests.support import dicom, png, scan

TESTDATA = Path(pydicom.data.__file__).parent
FILES = [
    path
    for folder in ("test_files", "charset_files")
    for path in sorted((TESTDATA / folder).rglob("*.dcm"))
    if path.name not in ("no_meta.dcm", "rtplan_truncated.dcm")
]


class Watched(io.BytesIO):
    """A file that knows how far it was read."""

    furthest = 0

    def read(self, size=-1):
        data = super().read(size)
        self.furthest = max(self.furthest, self.tell())
        return data


def written(dataset, syntax=ExplicitVRLittleEndian):
    """Return a dataset as a DICOM file."""
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.MediaStorageSOPClassUID = dataset.SOPClassUID = "1.2.840.10008.5.1.4.1.1.2"
    dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID = "1.2.3"
    dataset.file_meta.TransferSyntaxUID = syntax
    file = io.BytesIO()
    dataset.save_as(file, enforce_file_format=True)
    return file.getvalue()


@pytest.mark.filterwarnings("ignore")
class TestElements:
    @pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
    def test_they_are_those_of_pydicom(self, path):
        expected = pydicom.dcmread(path, stop_before_pixels=True, force=True)
        pixels = {tag for tag in expected.keys() if tag.group == 0x7FE0}  # noqa: SIM118
        with open(path, "rb") as file:
            found = read_header(file)
        assert set(found.keys()) == set(expected.keys()) - pixels
        assert found == expected or pixels or path.name == "nested_priv_SQ.dcm"
        assert found.file_meta == expected.file_meta

    @pytest.mark.parametrize("name", ["CT_small.dcm", "image_dfl.dcm", "MR_small_bigendian.dcm"])
    def test_only_those_that_are_asked_for(self, name):
        found = read_header(io.BytesIO(dicom(name)), ["Modality", "Rows"])
        expected = pydicom.dcmread(io.BytesIO(dicom(name)))
        assert (found.Modality, found.Rows) == (expected.Modality, expected.Rows)
        assert len(found) - ("SpecificCharacterSet" in found) == 2

    def test_numbers_whose_sign_another_element_tells(self):
        dataset = Dataset()
        dataset.PixelRepresentation, dataset.PixelPaddingValue = 1, -2000
        implicit = written(dataset, "1.2.840.10008.1.2")
        assert read_header(io.BytesIO(implicit), ["PixelPaddingValue"]).PixelPaddingValue == -2000


class TestBytes:
    def test_pixels_are_not_read(self):
        data = dicom("CT_small.dcm")
        file = Watched(data[:6300] + bytes(10_000_000))
        assert read_header(file).Modality == "CT"
        assert file.furthest == 65_536

    @pytest.mark.parametrize("private", [100_000, 5_000_000])
    def test_a_long_value_that_nobody_asks_for_is_passed_over(self, private):
        dataset = Dataset()
        dataset.add_new(0x00090010, "LO", "SOMEBODY")
        dataset.add_new(0x00091001, "OB", bytes(private))
        dataset.Rows = 7
        file = Watched(written(dataset))
        read = []
        plain_read = file.read
        file.read = lambda size=-1: read.append(len(data := plain_read(size))) or data
        assert read_header(file, ["Rows"]).Rows == 7
        assert sum(read) < 70_000
        file.seek(0)
        assert len(read_header(file)[0x00091001].value) == private

    @pytest.mark.parametrize("name", ["CT_small.dcm", "MR_small_bigendian.dcm"])
    @pytest.mark.parametrize("keywords", [None, ["Modality"]])
    def test_a_file_that_ends_within_its_header(self, name, keywords):
        """Everywhere but between two elements, where it could be whole.

        A byte more, in big endian, is 0, as padding is.
        """
        data = dicom(name)
        ends, unnoticed = set(), set()
        with io.BytesIO(data) as file:
            pydicom.filereader.read_partial(
                file, lambda tag, vr, length: ends.add(file.tell()) or tag.group == 0x7FE0
            )
        size = min(len(data), max(ends) - 12)
        for length in range(132, size, 3):
            try:
                read_header(io.BytesIO(data[:length]), keywords)
                unnoticed.add(length)
            except (Truncated, CorruptImage):
                pass
        between = {end - head for end in ends for head in (8, 12)}
        assert unnoticed <= between | {end + 1 for end in between if "big" in name}

    @pytest.mark.parametrize("name", ["reportsi.dcm", "rtstruct.dcm", "rtplan.dcm"])
    def test_a_file_without_pixels_ends_with_its_header(self, name):
        data = dicom(name)
        whole = read_header(io.BytesIO(data))
        assert len(whole) == len(pydicom.dcmread(io.BytesIO(data), force=True))
        assert len(read_header(io.BytesIO(data + bytes(5)))) == len(whole)  # padding
        with pytest.raises((Truncated, CorruptImage)):
            read_header(io.BytesIO(data[:-3]))


class TestDeflated:
    def bomb(self, private):
        dataset = Dataset()
        dataset.add_new(0x00090010, "LO", "SOMEBODY")
        dataset.add_new(0x00091001, "OB", bytes(private))
        dataset.Rows = 7
        return written(dataset, DeflatedExplicitVRLittleEndian)

    def test_within_the_limit(self):
        assert read_header(io.BytesIO(self.bomb(3_000_000)), ["Rows"]).Rows == 7

    def test_more_than_the_limit_is_not_inflated(self, monkeypatch):
        monkeypatch.setattr(header, "_MAX_INFLATED", 1 << 20)
        with pytest.raises(Unsupported, match="deflated header of more than 1 MiB"):
            read_header(io.BytesIO(self.bomb(3_000_000)))

    def test_pixels_may_be_beyond_the_limit(self, monkeypatch):
        monkeypatch.setattr(header, "_MAX_INFLATED", 4096)
        assert read_header(io.BytesIO(dicom("image_dfl.dcm"))).Modality == "OT"

    def test_a_file_that_ends_within_its_header(self):
        data = dicom("image_dfl.dcm")
        expected = read_header(io.BytesIO(data))
        for length in range(132, len(data), 23):
            try:
                assert read_header(io.BytesIO(data[:length])) == expected  # only pixels are cut
            except (Truncated, CorruptImage):
                assert length < 1500

    def test_what_cannot_be_inflated(self):
        data = dicom("image_dfl.dcm")
        start = data.index(DeflatedExplicitVRLittleEndian.encode()) + 100
        with pytest.raises(CorruptImage, match="invalid"):
            read_header(io.BytesIO(data[:start] + b"\xff" * 100 + data[start:]))


class TestOthers:
    def test_an_image_of_another_format_has_none(self):
        assert read_header(io.BytesIO(png(scan(1)))) is None

    def test_what_is_no_image(self):
        with pytest.raises(EmptyFile):
            read_header(io.BytesIO())
        with pytest.raises(UnknownFormat, match="text"):
            read_header(io.BytesIO(b"The patient was seen."))

    def test_nested_without_end(self):
        item = struct.pack("<HH2sHL", 0x0008, 0x1140, b"SQ", 0, 0xFFFFFFFF)
        item += struct.pack("<HHL", 0xFFFE, 0xE000, 0xFFFFFFFF)
        meta = written(Dataset())[:-40]
        with pytest.raises((CorruptImage, Truncated)):
            read_header(io.BytesIO(meta + item * 20_000))

    def test_an_error_of_the_file_is_not_one_of_its_content(self):
        class Failing(io.BytesIO):
            def read(self, size=-1):
                if self.tell() > 80_000:
                    raise OSError(5, os.strerror(5))
                return super().read(size)

        dataset = Dataset()
        inner = Dataset()
        inner.LongCodeValue = "x" * 200_000
        dataset.ConceptNameCodeSequence = [inner]
        dataset["ConceptNameCodeSequence"].is_undefined_length = True
        with pytest.raises(OSError, match="Input/output error"):
            read_header(Failing(written(dataset)))
