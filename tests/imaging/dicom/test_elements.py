"""Elements by their keywords, and their values as Python and JSON have them."""

import io
import json
from pathlib import Path

import pydicom
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom.data import get_charset_files
from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset
from pydicom.tag import BaseTag, Tag

from mapreduce_jobs.imaging.dicom.header import read_header
from mapreduce_jobs.imaging.dicom.keywords import Element, everything
from mapreduce_jobs.imaging.dicom.where import Where
from mapreduce_jobs.imaging.errors import BadParameter, CorruptImage
from tests.support import dicom


def raw(*elements):
    """Return a header whose elements are bytes, as a file has them, little endian."""
    return Dataset(
        {
            BaseTag(tag): RawDataElement(BaseTag(tag), vr, len(data), data, 0, False, True)
            for tag, vr, data in ((Tag(keyword), vr, data) for keyword, vr, data in elements)
        }
    )


class TestNames:
    @pytest.mark.parametrize(
        ("name", "said"),
        [
            ("modality", "did you mean Modality?"),
            ("SliceThicknes", "did you mean SliceThickness or"),
            ("", "'' is no DICOM keyword"),
            ("x" * 1000, "is no DICOM keyword"),
            ("Modality.Rows", "Modality is no sequence"),
            ("RequestAttributesSequence.", "'' is no DICOM keyword"),
            ("PixelData", "no part of the header"),
            ("0008,0060", "is no DICOM keyword"),
        ],
    )
    def test_what_is_none(self, name, said):
        with pytest.raises(BadParameter, match=said.replace("?", r"\?")):
            Element.named(name)

    @pytest.mark.parametrize(
        ("name", "kind"),
        [
            ("Rows", "number"),
            ("PixelPaddingValue", "number"),  # US or SS
            ("StudyDate", "text"),
            ("PatientName", "text"),
            ("RequestAttributesSequence", "other"),
            ("RequestAttributesSequence.ScheduledProcedureStepID", "text"),
            ("RedPaletteColorLookupTableData", "other"),
        ],
    )
    def test_kinds(self, name, kind):
        assert Element.named(name).kind == kind


VALUES = [  # keyword, VR in the file, bytes, values, as JSON
    ("SliceThickness", "DS", b"1.50", [1.5], 1.5),
    ("SliceThickness", "DS", b" 5", [5], 5),
    ("SliceThickness", "DS", b"-1e3 ", [-1000.0], -1000.0),
    ("PixelSpacing", "DS", b"0.5\\1 ", [0.5, 1], [0.5, 1]),
    ("PixelSpacing", "DS", b"0.5\\ ", [0.5], [0.5, None]),
    ("SeriesNumber", "IS", b"007 ", [7], 7),
    ("SeriesNumber", "IS", b"1.5 ", [1.5], 1.5),
    ("SeriesNumber", "IS", b"", [], None),
    ("SeriesNumber", "IS", b"  ", [], None),
    ("Rows", "US", b"\x00\x02", [512], 512),
    ("Modality", "CS", b"CT ", ["CT"], "CT"),
    ("Modality", "CS", b" MR\0", ["MR"], "MR"),
    ("Modality", "CS", b"", [], None),
    ("Modality", "UN", b"CT", ["CT"], "CT"),
    ("ImageType", "CS", b"ORIGINAL\\\\AXIAL ", ["ORIGINAL", "AXIAL"], ["ORIGINAL", None, "AXIAL"]),
    ("PatientName", "PN", b"Doe^Jane=x", ["Doe^Jane=x"], "Doe^Jane=x"),
    ("PatientName", "PN", b"", [], None),
    ("FrameIncrementPointer", "AT", b"\x18\0\x63\x10", [0x00181063], "0018,1063"),
]


class TestValues:
    @pytest.mark.parametrize(("keyword", "vr", "data", "values", "plain"), VALUES)
    def test_of_one_element(self, keyword, vr, data, values, plain):
        element, header = Element.named(keyword), raw((keyword, vr, data))
        assert element.values(header) == values
        assert element.is_missing(header) is (not values)
        assert json.dumps(element.plain(header)) == json.dumps(plain)
        assert everything(header) == {keyword: plain}

    def test_missing(self):
        element = Element.named("Modality")
        for header in (Dataset(), None):
            assert (element.values(header), element.plain(header)) == ([], None)
            assert element.is_missing(header)

    @pytest.mark.parametrize("data", [b"abc ", b"1,5 ", b"1 mm", b"+-5 ", b"NaN, "])
    def test_what_should_be_a_number(self, data):
        element, header = Element.named("SliceThickness"), raw(("SliceThickness", "DS", data))
        assert not element.is_missing(header)
        assert element.plain(header) == data.decode().strip()
        with pytest.raises(CorruptImage, match="its SliceThickness is not a number"):
            element.values(header)

    @pytest.mark.parametrize("text", ["NaN", "-inf", "9" * 400, "1e999"])
    def test_decimals_that_json_has_not(self, text):
        header = raw(("SliceThickness", "DS", text.encode()))
        assert Element.named("SliceThickness").plain(header) == text

    @pytest.mark.parametrize("text", ["NaN", "inf", "-inf"])
    def test_numbers_that_json_has_not(self, text):
        header = Dataset()
        header.DiffusionBValue = float(text)  # FD
        assert Element.named("DiffusionBValue").plain(header) == text.lower()
        assert everything(header) == {"DiffusionBValue": text.lower()}

    def test_what_cannot_be_read(self):
        header = raw(("Rows", "US", b"\x01"))
        for read in (Element.named("Rows").values, Element.named("Rows").plain, everything):
            with pytest.raises(CorruptImage, match="DICOM: its Rows cannot be read"):
                read(header)

    def test_in_sequences(self):
        header = Dataset()
        header.SharedFunctionalGroupsSequence = [Dataset()]
        shared = header.SharedFunctionalGroupsSequence[0]
        shared.PixelMeasuresSequence = [Dataset(), Dataset(), Dataset()]
        shared.PixelMeasuresSequence[0].SliceThickness = "2.5"
        shared.PixelMeasuresSequence[2].SliceThickness = "3"
        sequence = "SharedFunctionalGroupsSequence.PixelMeasuresSequence"
        element = Element.named(f"{sequence}.SliceThickness")
        assert element.keyword == "SharedFunctionalGroupsSequence"
        assert element.values(header) == element.plain(header) == [2.5, 3]
        assert Element.named(f"{sequence}.PixelSpacing").plain(header) is None
        assert everything(header) == {
            "SharedFunctionalGroupsSequence": [
                {"PixelMeasuresSequence": [{"SliceThickness": 2.5}, {}, {"SliceThickness": 3}]}
            ]
        }
        assert not Element.named(sequence).is_missing(header)
        header.SharedFunctionalGroupsSequence = []
        assert Element.named("SharedFunctionalGroupsSequence").is_missing(header)

    def test_of_the_file_itself(self):
        header = read_header(io.BytesIO(dicom("CT_small.dcm")))
        assert Element.named("TransferSyntaxUID").values(header) == ["1.2.840.10008.1.2.1"]

    @given(st.integers(-(10**9), 10**9))
    def test_whole_numbers_stay_whole(self, number):
        header = raw(("SliceThickness", "DS", str(number).encode()))
        plain = Element.named("SliceThickness").plain(header)
        assert (plain, type(plain)) == (number, int)


class TestEverything:
    def test_every_element_of_a_file(self):
        data = dicom("CT_small.dcm")
        dataset = pydicom.dcmread(io.BytesIO(data), stop_before_pixels=True)
        plain = everything(read_header(io.BytesIO(data)))
        elements = [*dataset, *dataset.file_meta]
        long = [e for e in elements if isinstance(e.value, bytes) and len(e.value) > 64]
        assert len(plain) == len(elements) - len(long) == 262
        assert plain["PatientName"] == "CompressedSamples^CT1"
        assert plain["OtherPatientIDsSequence"][1]["PatientID"] == "1234ABCD"
        assert plain["0009,1001"] == "GE_GENESIS_FF"
        assert plain["FileMetaInformationVersion"] == "0001"

    def test_elements_that_repeat_have_a_name_each(self):
        header = Dataset()
        header.add_new(0x60000010, "US", 3)
        header.add_new(0x60020010, "US", 4)
        assert everything(header) == {"6000,0010": 3, "6002,0010": 4}

    def test_long_binary_values_are_left_out(self):
        header = Dataset()
        header.add_new(0x00090010, "LO", "SOMEBODY")
        header.add_new(0x00091001, "OB", bytes(range(64)))
        header.add_new(0x00091002, "OB", bytes(66))
        assert everything(header) == {"0009,0010": "SOMEBODY", "0009,1001": bytes(range(64)).hex()}


NAMES = {  # PS3.5, annexes H, I and J; as in the standard's own examples
    "chrArab": "قباني^لنزار",
    "chrFren": "Buc^Jérôme",
    "chrFrenMulti": "Buc^Jérôme",
    "chrGerm": "Äneas^Rüdiger",
    "chrGreek": "Διονυσιος",
    "chrH31": "Yamada^Tarou=山田^太郎=やまだ^たろう",
    "chrH32": "ﾔﾏﾀﾞ^ﾀﾛｳ=山田^太郎=やまだ^たろう",
    "chrHbrw": "שרון^דבורה",
    "chrI2": "Hong^Gildong=洪^吉洞=홍^길동",
    "chrRuss": "Люкceмбypг",
    "chrX1": "Wang^XiaoDong=王^小東",
    "chrX2": "Wang^XiaoDong=王^小东",
}


@pytest.mark.parametrize("name", NAMES)
def test_text_in_any_character_set(name):
    """Of pydicom's character set files; the names are those that the standard prints."""
    (path,) = get_charset_files(f"{name}.dcm")
    with open(Path(path), "rb") as file:
        header = read_header(file, ["PatientName"])
    assert Element.named("PatientName").plain(header) == NAMES[name]
    assert Element.named("PatientName").values(header) == [NAMES[name]]


class TestFunctionalGroups:
    """PS3.3 C.7.6.16: of all frames together, or of each; not in what lies in a group deeper."""

    @pytest.fixture
    def header(self):
        file = io.BytesIO(dicom("liver_1frame.dcm"))
        return read_header(file, ["SliceThickness", "ImagePositionPatient", "Modality"])

    def test_of_all_frames(self, header):
        assert Element.named("SliceThickness").values(header) == [1]
        assert Element.named("SliceThickness").plain(header) == 1.0

    def test_of_each_frame(self, header):
        groups = pydicom.dcmread(
            io.BytesIO(dicom("liver_1frame.dcm"))
        ).PerFrameFunctionalGroupsSequence
        each = [
            [float(number) for number in frame.PlanePositionSequence[0].ImagePositionPatient]
            for frame in groups
        ]
        assert len(each) == 3
        assert each[0] != each[1]
        position = Element.named("ImagePositionPatient")
        assert position.plain(header) == each
        assert position.values(header) == [number for one in each for number in one]

    def test_frames_that_do_not_differ_have_one(self):
        header = Dataset()
        header.PerFrameFunctionalGroupsSequence = [Dataset(), Dataset()]
        for frame in header.PerFrameFunctionalGroupsSequence:
            frame.MREchoSequence = [Dataset()]
            frame.MREchoSequence[0].EffectiveEchoTime = 30.0
        assert Element.named("EffectiveEchoTime").plain(header) == 30.0

    def test_what_the_header_has_counts(self, header):
        header.SliceThickness = "7"
        assert Element.named("SliceThickness").plain(header) == 7

    def test_conditions_look_there(self, header):
        assert Where.parse("SliceThickness == 1 and Modality == 'SEG'")(header)
        assert Where.parse("ImagePositionPatient < -235 and FrameType == None")(header)
