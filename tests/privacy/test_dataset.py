"""A whole file: nothing that tells is left anywhere in it, and the image is the same."""

import contextlib
import re
import struct
from pathlib import Path

import numpy as np
import pydicom
import pydicom.data
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from pydicom.uid import ExplicitVRBigEndian, ExplicitVRLittleEndian, ImplicitVRLittleEndian

from mapreduce_jobs.imaging.decode import decode
from mapreduce_jobs.imaging.errors import DecodeError, ImagingError, Truncated, Unsupported
from mapreduce_jobs.privacy.dicom.dataset import IMPLEMENTATION, deidentify
from mapreduce_jobs.privacy.pseudonyms import Pseudonymiser
from mapreduce_jobs.privacy.settings import Settings
from tests.privacy.support import CT, KEY, PLANTED, image, made_of, written
from tests.support import dicom

SYNTAXES = [ExplicitVRLittleEndian, ImplicitVRLittleEndian, ExplicitVRBigEndian]
FILES = Path(pydicom.data.__file__).parent / "test_files"
READABLE = sorted(
    path for path in FILES.glob("*.dcm") if not re.search("truncated|no_meta.dcm", path.name)
)


def everywhere():
    """Return an image with a name, a date, a number and a UID in every place there is."""
    dataset = image(PatientName=PLANTED, PatientID="Z-4711", PatientBirthDate="19520311")
    inner = Dataset()
    inner.PatientName = PLANTED
    inner.TextValue = f"seen by {PLANTED} on 19520311"
    inner.UID = "1.2.3.4711"
    for depth in range(5):
        outer = Dataset()
        outer.add_new(0x00091001 + depth, "LO", PLANTED)
        outer.OperatorsName = PLANTED
        outer.add_new(0x00081250, "SQ", Sequence([inner]))  # related series, which the table omits
        inner = outer
    dataset.add_new(0x00081250, "SQ", Sequence([inner]))
    block = dataset.private_block(0x0009, PLANTED, create=True)
    block.add_new(1, "LO", PLANTED)
    block.add_new(2, "SQ", Sequence([inner]))
    dataset.add_new(0x00090000, "UL", 4711)
    dataset.add_new(0x60000010, "US", 2)
    dataset.add_new(0x60003000, "OW", PLANTED.encode())
    dataset.add_new(0x50003000, "OW", PLANTED.encode())
    dataset.add_new(0x00081999, "UN", PLANTED.encode())  # in no dictionary
    dataset.add_new(0x00101010, "LO", PLANTED)  # not the VR it should have
    dataset.DeidentificationMethod = PLANTED
    dataset.add_new(0xFFFCFFFC, "OB", PLANTED.encode())
    return dataset


@pytest.mark.parametrize("syntax", SYNTAXES)
@pytest.mark.parametrize("kept", [{}, {"retain": {"dates", "patient"}}, {"shift_dates": True}])
def test_nothing_is_left(syntax, kept):
    data = written(everywhere(), syntax, f"{PLANTED:128}".encode())
    made = deidentify(data, Settings(**kept), KEY)
    for sign in (PLANTED, "4711", "19520311", "seen by"):
        assert sign.encode() not in made.data
    assert pydicom.dcmread(pydicom.filebase.DicomBytesIO(made.data)).Rows == 2


def test_the_file_is_our_own():
    data = written(image(), preamble=b"II*\0" + b"Zaphod" * 20 + bytes(4))
    made = deidentify(data, Settings(), KEY)
    dataset = pydicom.dcmread(pydicom.filebase.DicomBytesIO(made.data))
    assert made.data[:132] == bytes(128) + b"DICM"
    meta = dataset.file_meta
    assert meta.MediaStorageSOPInstanceUID == dataset.SOPInstanceUID == KEY.uid("1.2.826.0.1.1")
    assert meta.ImplementationClassUID == IMPLEMENTATION
    assert {element.keyword for element in meta} == {
        "FileMetaInformationGroupLength",
        "FileMetaInformationVersion",
        "MediaStorageSOPClassUID",
        "MediaStorageSOPInstanceUID",
        "TransferSyntaxUID",
        "ImplementationClassUID",
        "ImplementationVersionName",
    }


def assert_silent(data):
    """What is planted is neither in the file that is made nor in the error."""
    try:
        left = deidentify(data, Settings(), KEY).data
    except DecodeError as error:
        left = str(error).encode()
    assert PLANTED.encode() not in left


@pytest.mark.parametrize("tag", [0x00081140, 0x00189346])  # sequences, by the dictionary
@pytest.mark.parametrize("vr", ["UN", "OB", "LO", "SH"])
def test_what_should_be_a_sequence_and_is_none(tag, vr):
    head = (tag >> 16, tag & 0xFFFF, vr.encode())
    form = "<HH2sH" if vr in ("LO", "SH") else "<HH2sxxL"
    data = written(image()) + struct.pack(form, *head, len(PLANTED)) + PLANTED.encode()
    assert_silent(data)


@pytest.mark.filterwarnings("ignore::UserWarning")  # one file is not in the VR that it says
@pytest.mark.parametrize("path", READABLE, ids=lambda path: path.name)
def test_real_files_keep_their_pixels(path):
    data = path.read_bytes()
    made = deidentify(data, Settings(), KEY)
    assert (
        made.data == deidentify(data, Settings(), Pseudonymiser(b"a key of the tests alone")).data
    )
    before = pydicom.dcmread(path, force=True)
    after = pydicom.dcmread(pydicom.filebase.DicomBytesIO(made.data))
    if "PixelData" in before:
        assert after.PixelData == before.PixelData
    try:
        expected = decode(data)
    except ImagingError as error:  # or a decoder is not installed
        with pytest.raises(type(error)):
            decode(made.data)
        return
    found = decode(made.data)
    np.testing.assert_array_equal(found.pixels, expected.pixels)
    assert (found.bits, found.spacing) == (expected.bits, expected.spacing)


def test_what_belongs_together_still_does():
    referring = Dataset()
    referring.ReferencedSOPClassUID = CT
    referring.ReferencedSOPInstanceUID = "1.2.826.0.1.1"
    _, one, _ = made_of(image())
    _, other, _ = made_of(
        image(SOPInstanceUID="1.2.826.0.1.9", SourceImageSequence=Sequence([referring]))
    )
    assert other.SourceImageSequence[0].ReferencedSOPInstanceUID == one.SOPInstanceUID
    assert other.SourceImageSequence[0].ReferencedSOPClassUID == CT
    assert one.PatientID == other.PatientID == KEY.pseudonym("Z-4712")
    assert one.StudyInstanceUID == other.StudyInstanceUID


def test_another_key_has_nothing_in_common():
    other_key = Pseudonymiser(b"quite another key")
    _, one, _ = made_of(image(FrameOfReferenceUID="1.2.826.0.7"))
    _, other, _ = made_of(image(FrameOfReferenceUID="1.2.826.0.7"), other_key)
    for keyword in ("SOPInstanceUID", "FrameOfReferenceUID", "PatientID", "PatientName"):
        assert one[keyword].value != other[keyword].value


def test_a_standard_frame_of_reference_stays():
    talairach = "1.2.840.10008.1.4.1.1"
    _, made, _ = made_of(image(FrameOfReferenceUID=talairach))
    assert made.FrameOfReferenceUID == talairach


def test_images_without_a_patient_are_not_one_patients():
    made = [
        made_of(image(PatientID="", PatientName="X", StudyInstanceUID=f"1.2.{n}"))[1] for n in "12"
    ]
    assert made[0].PatientName != made[1].PatientName


class TestMarks:
    def test_of_the_basic_profile(self):
        _, made, audit = made_of(image())
        assert made.PatientIdentityRemoved == "YES"
        assert audit["identity_removed"] is True
        assert made.DeidentificationMethod == "DICOM PS3.15 2024b Basic Profile"
        (code,) = made.DeidentificationMethodCodeSequence
        assert (code.CodeValue, code.CodingSchemeDesignator) == ("113100", "DCM")
        assert made.LongitudinalTemporalInformationModified == "REMOVED"

    @pytest.mark.parametrize(
        ("settings", "codes", "dates"),
        [
            ({"retain": {"dates", "uids"}}, ["113100", "113106", "113110"], "UNMODIFIED"),
            ({"shift_dates": True}, ["113100", "113107"], "MODIFIED"),
            ({"clean": {"descriptors", "pixels"}}, ["113100", "113105"], "REMOVED"),
            (
                {"retain": {"safe-private", "institution"}},
                ["113100", "113111", "113112"],
                "REMOVED",
            ),
        ],
    )
    def test_of_options(self, settings, codes, dates):
        _, made, _ = made_of(image(), **settings)
        assert [item.CodeValue for item in made.DeidentificationMethodCodeSequence] == codes
        assert made.LongitudinalTemporalInformationModified == dates

    @pytest.mark.parametrize(
        ("attributes", "why"),
        [
            ({"BurnedInAnnotation": "YES"}, "BurnedInAnnotation is YES"),
            ({"SOPClassUID": "1.2.840.10008.5.1.4.1.1.7"}, "SOP class"),
            ({"SOPClassUID": "1.2.840.10008.5.1.4.1.1.6.1"}, "SOP class"),
            ({"SOPClassUID": "1.2.3.4711"}, "SOP class"),
            ({"ConversionType": "WSD"}, "ConversionType"),
            ({"ImageType": ["DERIVED", "SECONDARY", "SCREEN SAVE"]}, "ImageType"),
            ({"OverlayBitPosition": 7}, "overlay"),
        ],
    )
    def test_pixels_that_may_tell_are_not_called_clean(self, attributes, why):
        dataset = image()
        for keyword, value in attributes.items():
            if keyword == "OverlayBitPosition":
                dataset.add_new(0x60000102, "US", value)
            else:
                setattr(dataset, keyword, value)
        _, made, audit = made_of(dataset)
        assert made.PatientIdentityRemoved == "NO"
        assert why in audit["review"][0]

    def test_that_no_annotation_is_burned_in_is_believed(self):
        secondary = "1.2.840.10008.5.1.4.1.1.7"
        _, made, _ = made_of(image(SOPClassUID=secondary, BurnedInAnnotation="NO"))
        assert made.PatientIdentityRemoved == "YES"

    def test_a_head_has_a_face(self):
        _, _, audit = made_of(image(BodyPartExamined="HEAD"))
        assert "face" in audit["review"][0]


class TestOptions:
    def test_descriptions_keep_known_words(self):
        text = "CT abdomen for Mary Smith 4711"
        _, made, audit = made_of(image(StudyDescription=text), clean={"descriptors"})
        assert made.StudyDescription == "CT abdomen"
        assert audit["cleaned"] == {"StudyDescription": 1}
        assert "known words" in audit["review"][0]

    def test_names_are_no_known_words(self):
        dataset = image(PatientName="Head^Mary", SeriesDescription="Head: axial")
        _, made, _ = made_of(dataset, clean={"descriptors"})
        assert made.SeriesDescription == "axial"

    def test_a_report_without_its_texts(self):
        data = dicom("reportsi.dcm")
        made = deidentify(data, Settings(clean={"structured"}), KEY)
        report = pydicom.dcmread(pydicom.filebase.DicomBytesIO(made.data))
        before = pydicom.dcmread(pydicom.filebase.DicomBytesIO(data))
        assert len(report.ContentSequence) == len(before.ContentSequence) > 1
        texts = {item.TextValue for item in report.ContentSequence if "TextValue" in item}
        assert texts == {"REMOVED"}

    def test_safe_private_attributes_stay(self):
        dataset = image()
        block = dataset.private_block(0x0019, "SIEMENS MR HEADER", create=True)
        block.add_new(0x0C, "IS", "1000")
        block.add_new(0x0F, "SH", PLANTED)
        data, made, audit = made_of(dataset, retain={"safe-private"})
        assert made.private_block(0x0019, "SIEMENS MR HEADER")[0x0C].value == 1000
        assert PLANTED.encode() not in data
        assert audit["private"] == 1

    def test_invalid_dates_are_not_shifted_but_removed(self):
        dataset = image(AcquisitionDate="19520311")
        dataset[0x00080022].value = ""
        dataset.add_new(0x00080023, "LO", "in March 1952")
        _, made, _ = made_of(dataset, shift_dates=True)
        assert "1952" not in str(made)


class TestBadFiles:
    def test_truncated(self):
        with pytest.raises(Truncated):
            deidentify(dicom("MR_truncated.dcm"), Settings(), KEY)

    @pytest.mark.parametrize("tag", [b"\x08\0\x16\0UI", b"\x02\0\x10\0UI"])
    def test_a_kind_that_is_no_uid(self, tag):
        data = bytearray(written(image()))
        at = data.index(tag) + 8
        data[at : at + len(PLANTED)] = PLANTED.encode()
        with pytest.raises(DecodeError):
            deidentify(bytes(data), Settings(), KEY)

    def test_elements_of_messages_are_removed(self):
        message = struct.pack("<HH2sH", 0, 0x1000, b"UI", 6) + b"1.2.3\0"
        made = deidentify(written(image()) + message, Settings(), KEY)
        assert b"1.2.3\0" not in made.data

    def test_a_directory(self):
        with pytest.raises(Unsupported, match="DICOMDIR"):
            made_of(image(SOPClassUID="1.2.840.10008.1.3.10"))

    @settings(max_examples=150, deadline=None)
    @given(st.data())
    def test_damage_gives_an_error_of_the_image_or_a_file(self, data):
        whole = bytearray(written(everywhere()))
        for _ in range(data.draw(st.integers(1, 6))):
            whole[data.draw(st.integers(132, len(whole) - 1))] = data.draw(st.integers(0, 255))
        cut = data.draw(st.integers(200, len(whole)))
        with contextlib.suppress(DecodeError):
            deidentify(bytes(whole[:cut]), Settings(), KEY)
