"""What --check finds is what de-identification changes: afterwards, nothing is found."""

from pathlib import Path

import pydicom.data
import pytest
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from mapreduce_jobs.imaging.errors import DecodeError
from mapreduce_jobs.imaging.formats.file_formats import sniff
from mapreduce_jobs.privacy.dicom.check import findings
from mapreduce_jobs.privacy.dicom.dataset import deidentify
from mapreduce_jobs.privacy.settings import Settings
from tests.privacy.support import KEY, PLANTED, image, written

FOLDER = Path(pydicom.data.__file__).parent
FILES = [
    path for path in sorted(FOLDER.glob("*_files/*.dcm")) if sniff(path.read_bytes()) == "DICOM"
]
ASKED = [
    Settings(),
    Settings(shift_dates=True, clean={"descriptors", "structured", "graphics"}),
    Settings(retain={"uids", "device", "institution", "patient", "dates", "safe-private"}),
]


def found(dataset, name="image.dcm", preamble=bytes(128), **settings):
    listed = findings(written(dataset, preamble=preamble), Settings(**settings), name)
    return {finding["what"]: finding["kind"] for finding in listed}


def test_an_image_with_nothing_but_what_it_must_have():
    dataset = image(PatientID="", PatientName="")
    assert set(found(dataset).values()) == {"uid"}
    assert found(dataset, retain={"uids"}) == {}


@pytest.mark.parametrize(
    ("attributes", "finding"),
    [
        ({"PatientBirthDate": "19520311"}, {"PatientBirthDate": "date"}),
        ({"StudyTime": "101112"}, {"StudyTime": "date"}),
        ({"StudyDescription": "a text"}, {"StudyDescription": "text"}),
        ({"PatientComments": "a text"}, {"PatientComments": "text"}),
        ({"ReferringPhysicianName": "Dent"}, {"ReferringPhysicianName": "name"}),
        ({"PatientSex": "M"}, {"PatientSex": "value"}),
        ({"PatientSex": ""}, {}),
        ({"InstitutionName": "REMOVED"}, {}),
        ({"FrameOfReferenceUID": "1.2.3"}, {"FrameOfReferenceUID": "uid"}),
        ({"FrameOfReferenceUID": "2.25.4711"}, {}),
        ({"BurnedInAnnotation": "YES"}, {"pixels": "burned-in"}),
    ],
)
def test_one_attribute(attributes, finding):
    base = found(image())
    assert found(image(**attributes)) == base | finding


def test_items_and_private_attributes():
    item = Dataset()
    item.OperatorsName = PLANTED
    dataset = image()
    dataset.add_new(0x00081250, "SQ", Sequence([item, item]))
    block = dataset.private_block(0x0009, PLANTED, create=True)
    block.add_new(1, "LO", PLANTED)
    listed = findings(written(dataset), Settings(), "a")
    assert {
        "what": "RelatedSeriesSequence/OperatorsName",
        "kind": "name",
        "count": 2,
    } in listed
    assert {"what": "private attributes", "kind": "private", "count": 2} in listed
    assert PLANTED not in str(listed)


@pytest.mark.parametrize(
    ("name", "tells"),
    [
        ("scans/z-4712/1.dcm", True),
        ("Beeblebrox_Z.dcm", True),
        ("zaphod/1.dcm", True),
        ("scans/1.dcm", False),
    ],
)
def test_the_name_of_the_file(name, tells):
    assert ("file name" in found(image(), name)) == tells


def test_the_preamble():
    assert found(image(), preamble=b"II*\0" * 32)["preamble"] == "file"


def test_options_allow():
    dataset = image(PatientAge="042Y", StudyDate="19520311")
    assert "PatientAge" not in found(dataset, retain={"patient"})
    assert "StudyDate" not in found(dataset, retain={"dates"})
    assert "StudyDate" in found(dataset, shift_dates=True)  # nothing says that it was shifted
    dataset.LongitudinalTemporalInformationModified = "MODIFIED"
    assert "StudyDate" not in found(dataset, shift_dates=True)


@pytest.mark.parametrize("settings", ASKED, ids=["basic", "cleaned", "retained"])
@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_nothing_is_found_in_what_is_made(path, settings):
    data = path.read_bytes()
    try:
        made = deidentify(data, settings, KEY)
    except DecodeError as error:
        with pytest.raises(type(error)):
            findings(data, settings, path.name)
        return
    left = findings(made.data, settings, f"{KEY.pseudonym(path.name)}.dcm")
    if made.audit.identity_removed:
        assert left == []
    else:
        assert [finding["kind"] for finding in left] == ["burned-in"]
