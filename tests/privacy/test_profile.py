"""The tables are the standard's: counts, and rows read in PS3.15 by a person."""

from collections import Counter

import pytest

from mapreduce_jobs.privacy.profile import OPTIONS, descriptor_words, row_of, rows, safe_private
from mapreduce_jobs.privacy.settings import CLEAN, RETAIN, Settings

NONE = {}


@pytest.mark.parametrize(
    ("tag", "name", "basic", "options"),
    [
        (0x00080018, "SOP Instance UID", "U", {"uids": "K"}),
        (0x00080020, "Study Date", "Z", {"dates": "K", "shift-dates": "C"}),
        (0x00080050, "Accession Number", "Z", NONE),
        (0x00080080, "Institution Name", "X/Z/D", {"institution": "K"}),
        (0x00081030, "Study Description", "X", {"descriptors": "C"}),
        (0x00081140, "Referenced Image Sequence", "X/Z/U*", {"uids": "K"}),
        (0x00100010, "Patient's Name", "Z", NONE),
        (0x00100020, "Patient ID", "Z/D", NONE),
        (0x00100030, "Patient's Birth Date", "Z", NONE),
        (0x00100040, "Patient's Sex", "Z", {"patient": "K"}),
        (0x00101010, "Patient's Age", "X", {"patient": "K"}),
        (0x00102110, "Allergies", "X", {"patient": "C", "descriptors": "C"}),
        (0x00181000, "Device Serial Number", "X/Z/D", {"device": "K"}),
        (0x00204000, "Image Comments", "X", {"descriptors": "C"}),
        (0x00400555, "Acquisition Context Sequence", "X/Z", {"structured": "C"}),
        (0x0040A123, "Person Name", "D", NONE),
        (0x0040A730, "Content Sequence", "D", {"structured": "C"}),
        (0x00420011, "Encapsulated Document", "D", NONE),
        (0x00700001, "Graphic Annotation Sequence", "D", {"graphics": "C"}),
        (0x00880200, "Icon Image Sequence", "X", NONE),
        (0x50001234, "Curve Data", "X", {"graphics": "C"}),
        (0x60023000, "Overlay Data", "X", {"graphics": "C"}),
        (0x60FE4000, "Overlay Comments", "X", {"graphics": "C"}),
        (0x00091001, "Private Attributes", "X", {"safe-private": "C"}),
        (0xFFFCFFFC, "Data Set Trailing Padding", "X", NONE),
    ],
)
def test_rows(tag, name, basic, options):
    row = row_of(tag)
    assert (row.name, row.basic, dict(row.options)) == (name, basic, options)


def test_counts_of_edition_2024b():
    actions = Counter(row.basic for row in rows())
    assert actions == {
        "X": 384,
        "D": 92,
        "U": 54,
        "Z": 42,
        "X/D": 22,
        "X/Z": 11,
        "X/Z/D": 8,
        "Z/D": 6,
        "X/Z/U*": 2,
    }
    options = Counter(option for row in rows() for option in row.options)
    assert options == {
        "uids": 59,
        "device": 57,
        "institution": 10,
        "patient": 13,
        "dates": 165,
        "shift-dates": 165,
        "descriptors": 125,
        "structured": 3,
        "graphics": 4,
        "safe-private": 1,
    }
    assert len({row.tag for row in rows()}) == len(rows()) == 621


def test_what_is_no_concern_of_the_table():
    for tag in (0x00080060, 0x00280010, 0x7FE00010):  # modality, rows, pixels
        assert row_of(tag) is None
        assert Settings().rule(tag).action == ""


def test_safe_private_attributes():
    assert len(safe_private()) == 130
    assert safe_private()["SIEMENS MR HEADER", 0x0019, 0x0C] == "IS"  # b value
    assert safe_private()["GEMS_PARM_01", 0x0043, 0x39] == "IS"  # likewise
    assert ("SIEMENS CSA HEADER", 0x0029, 0x10) not in safe_private()


def test_every_option_is_a_column():
    assert set(OPTIONS) == {*RETAIN, *CLEAN, "shift-dates"} - {"pixels"}


def test_words_of_descriptions_are_plain():
    assert all(word.isascii() and word == word.lower() for word in descriptor_words())
    assert not any(word.isdigit() for word in descriptor_words())
