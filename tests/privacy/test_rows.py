"""Every row of the standard's table, in the Basic Profile and under each option it names."""

import pydicom
import pytest
from pydicom.datadict import dictionary_VR
from pydicom.uid import ExplicitVRLittleEndian, ImplicitVRLittleEndian

from mapreduce_jobs.privacy.dicom.replacements import DUMMY_TEXT
from mapreduce_jobs.privacy.profile import rows
from mapreduce_jobs.privacy.settings import RETAIN
from tests.privacy.support import KEY, PLANTED, add, image, made_of, planted, signs

PATIENT = (0x00100010, 0x00100020)
# In the file's meta information or in messages, never in a data set.
ELSEWHERE = {"00001000", "00001001", "00020003", "00041511"}
EXAMPLES = {"50XXXXXX": "50001001", "60XX3000": "60003000", "60XX4000": "60004000"}
CONFORMANT = {"X/Z": "Z", "X/D": "D", "Z/D": "D", "X/Z/D": "D", "X/Z/U*": "U"}

TAGS = {
    row.tag: int(EXAMPLES.get(row.tag, row.tag), 16)
    for row in rows()
    if row.tag != "ODD" and row.tag not in ELSEWHERE
}
ROWS = [row for row in rows() if row.tag in TAGS]
OPTIONS = [(row, option) for row in ROWS for option in row.options]


def made_with(tag, syntax=ExplicitVRLittleEndian, **settings):
    dataset = image(PatientName="Nobody", PatientID="9")
    if tag == 0x50001001:
        dataset.add_new(tag, "OB", PLANTED.encode())
    elif tag >> 24 == 0x60:
        dataset.add_new(tag, "OW" if tag & 0xFFFF == 0x3000 else "LT", planted("LT").encode())
    else:
        add(dataset, tag)
    return made_of(dataset, syntax=syntax, **settings)


def value_of(dataset, tag):
    return dataset[tag].value if tag in dataset else None


def assert_done(action, tag, data, dataset):
    """The action, as PS3.15 E.1.1 describes it, was done; nothing of what was planted is left."""
    vr = dictionary_VR(tag) if tag < 0x50000000 or tag >= 0x60000000 else "OB"
    value = value_of(dataset, tag)
    if tag in PATIENT:
        assert value == KEY.pseudonym(PLANTED if tag == PATIENT[1] else "9")
    elif action == "X":
        assert tag not in dataset
    elif action == "Z":
        assert tag in dataset
        assert not value
    elif vr == "UI":
        assert value == KEY.uid("1.2.3.4711")
    elif action == "U":
        assert value[0].ReferencedSOPInstanceUID == KEY.uid("1.2.3.4711")
        assert value[0].ReferencedSOPClassUID == "1.2.840.10008.5.1.4.1.1.2"
    elif vr == "SQ":
        assert len(value) == 1
        assert value[0].CodeMeaning == DUMMY_TEXT
        assert value[0].ReferencedSOPInstanceUID == KEY.uid("1.2.3.4711")
    else:
        assert value not in (None, "", b"")
    assert not any(sign in data for sign in signs(vr))


@pytest.mark.parametrize("syntax", [ExplicitVRLittleEndian, ImplicitVRLittleEndian])
@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.tag)
def test_basic_profile(row, syntax):
    data, dataset, audit = made_with(TAGS[row.tag], syntax)
    assert_done(CONFORMANT.get(row.basic, row.basic), TAGS[row.tag], data, dataset)
    done = [kind for kind in ("removed", "emptied", "replaced", "mapped") if audit[kind]]
    assert done


@pytest.mark.parametrize(("row", "option"), OPTIONS, ids=lambda x: getattr(x, "tag", x))
def test_options(row, option):
    tag = TAGS[row.tag]
    if option == "shift-dates":
        settings = {"shift_dates": True}
    else:
        settings = {"retain" if option in RETAIN else "clean": {option}}
    data, dataset, audit = made_with(tag, **settings)
    vr = dictionary_VR(tag) if tag < 0x50000000 else "OB"
    basic = CONFORMANT.get(row.basic, row.basic)
    if row.options[option] == "K":
        assert audit["kept"]
        if vr == "SQ":  # kept, and cleaned inside; UIDs stay only where they are to stay
            assert value_of(dataset, tag)[0].PatientName == KEY.pseudonym("9")
        else:
            assert str(value_of(dataset, tag)) == str(planted(vr))
    elif option == "shift-dates" and vr in ("DA", "DT"):
        shift = KEY.days("9")
        moved = pydicom.valuerep.DA("19520311").toordinal() + shift
        assert pydicom.valuerep.DA(str(value_of(dataset, tag))[:8]).toordinal() == moved
        assert audit["shifted"]
    elif option == "shift-dates" and vr in ("TM", "SH"):
        assert str(value_of(dataset, tag)) == str(planted(vr))
    elif vr == "SQ":
        assert value_of(dataset, tag)[0].PatientName == KEY.pseudonym("9")
        assert PLANTED.encode() not in data
    else:  # nothing of what was planted is a word of imaging
        assert_done(basic, tag, data, dataset)


def test_the_other_rows():
    """Private attributes, and UIDs of the meta information, have tests of their own."""
    assert {row.tag for row in rows()} - set(TAGS) == {"ODD"} | ELSEWHERE
