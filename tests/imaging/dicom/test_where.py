"""Conditions on headers: what they mean, beside a model of it in plain Python, and what is none."""

import contextlib
import operator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom.dataset import Dataset

from mapreduce_jobs.imaging.dicom.where import Where
from mapreduce_jobs.imaging.errors import BadParameter, CorruptImage


def header_of(**elements):
    """Return a header with elements."""
    header = Dataset()
    for keyword, value in elements.items():
        setattr(header, keyword, value)
    return header


CT = header_of(
    Modality="CT",
    SliceThickness="1.25",
    Rows=512,
    Columns=256,
    PixelSpacing=["0.4", "2"],
    ImageType=["ORIGINAL", "PRIMARY", "AXIAL"],
    BodyPartExamined="CHEST",
    StudyDate="20240131",
    StudyTime="093000.5",
    PatientName="Doe^Jane",
    PatientID="",
    SeriesDescription="Doe's 'soft' tissue",
    RequestAttributesSequence=[
        header_of(RequestedProcedureID="a"),
        header_of(RequestedProcedureID="b"),
    ],
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # numbers
        ("Modality == 'CT' and SliceThickness <= 1.5", True),
        ("SliceThickness == 1.250", True),
        ("SliceThickness > 1.25 or Rows >= 512", True),
        ("-1 < SliceThickness < 1.5", True),
        ("256 == Columns < Rows <= 512", True),
        ("Rows == 5.12e2", True),
        ("Columns < Rows", True),
        ("Rows in (128, 256)", False),
        ("Columns in (128, 256,)", True),
        ("Columns not in (128, 256)", False),
        # text
        ('Modality != "MR"', True),
        ("Modality == 'ct'", False),
        ("Modality in ('CT', 'MR')", True),
        ("Modality in ('CT')", True),
        ("'HES' in BodyPartExamined", True),
        ("Modality in BodyPartExamined", False),
        ("'20240101' <= StudyDate < '20240201'", True),
        ("StudyTime > '1'", False),
        ("PatientName == 'Doe^Jane'", True),
        ("SeriesDescription == \"Doe's 'soft' tissue\"", True),
        # several values: one that fits is enough, the same one all along a chain
        ("ImageType == 'PRIMARY'", True),
        ("'PRIM' in ImageType", True),
        ("'AL\\\\PR' in ImageType", False),
        ("ImageType != 'DERIVED'", True),
        ("ImageType != 'AXIAL'", False),
        ("ImageType not in ('AXIAL', 'CORONAL')", False),
        ("'SCOUT' not in ImageType", True),
        ("PixelSpacing < 0.5", True),
        ("PixelSpacing > 1", True),
        ("0.5 < PixelSpacing < 1", False),
        ("RequestAttributesSequence.RequestedProcedureID == 'b'", True),
        ("RequestAttributesSequence.RequestedProcedureID == 'c'", False),
        # missing, or empty
        ("PatientID == None", True),
        ("None != PatientID", False),
        ("ProtocolName == None", True),
        ("Modality != None", True),
        ("RequestAttributesSequence != None", True),
        ("RequestAttributesSequence.ScheduledProcedureStepID == None", True),
        ("ReferencedImageSequence.ReferencedSOPInstanceUID == None", True),
        ("EchoTime < 5", False),
        ("EchoTime >= 5", False),
        ("not EchoTime < 5", True),
        ("EchoTime == 5", False),
        ("EchoTime != 5", True),
        ("'A' in ProtocolName", False),
        ("'A' not in ProtocolName", True),
        # words, as in Python: not before and, and before or
        ("Rows == 1 and Rows == 2 or Rows == 512", True),
        ("Rows == 512 or Rows == 1 and Rows == 2", True),
        ("(Rows == 512 or Rows == 1) and Rows == 2", False),
        ("not Rows == 1 and Rows == 512", True),
        ("not (Rows == 512 and Columns == 256)", False),
        ("not not Rows==512", True),
        ("Rows == 1or Rows==512", True),
        ("(((Rows==512)))", True),
    ],
)
def test_what_it_means(text, expected):
    assert Where.parse(text)(CT) is expected


def test_text_is_compared_as_it_is():
    header = header_of(TextValue="C:\\new\n'\0 \udcff Ä")
    assert Where.parse('\n  TextValue == "C:\\new\n\'\0 \udcff Ä"\n')(header)
    assert not Where.parse("TextValue == 'C'")(header)


def test_an_image_without_a_header_lacks_everything():
    assert Where.parse("Modality == None")(None)
    assert not Where.parse("Modality == 'CT'")(None)


def test_the_keywords_that_a_header_has_to_be_read_for():
    text = "Rows < Columns or Rows == 1 and RequestAttributesSequence.RequestedProcedureID == 'a'"
    assert Where.parse(text).keywords == ("Rows", "Columns", "RequestAttributesSequence")


def test_what_should_be_a_number_and_is_none():
    header = header_of(Modality="CT")
    header.add_new("SliceThickness", "LO", "thin")
    assert Where.parse("SliceThickness != None")(header)
    with pytest.raises(CorruptImage, match="its SliceThickness is not a number"):
        Where.parse("SliceThickness < 2")(header)
    assert not Where.parse("Modality == 'MR' and SliceThickness < 2")(header)  # not looked at


@pytest.mark.parametrize(
    ("text", "character", "said"),
    [
        ("", 1, "the end is not expected"),
        ("Modalty == 'CT'", 1, "'Modalty' is no DICOM keyword: did you mean Modality?"),
        ("Rows == 1 and modality == 'CT'", 15, "did you mean Modality?"),
        ("Modality == CT", 13, "text stands in quotes"),
        ("Modality = 'CT'", 10, "= is not understood; to compare, write =="),
        ("Modality == 'CT", 13, "the quote is not closed"),
        ("Modality", 9, "a comparison is missing after Modality"),
        ("SliceThickness > '1'", 18, "SliceThickness is a number, and '1' is text"),
        ("Modality == 5", 13, "5 is a number, and Modality is text"),
        ("Modality in (1, 2)", 14, "1 is a number, and Modality is text"),
        ("Rows in (1, 'a')", 13, "numbers and texts do not go together in a list"),
        ("Rows == Modality", 9, "Rows is a number, and Modality is text"),
        ("'5' in Rows", 8, "Rows is a number, and in looks for text in text"),
        ("Modality in 'CT'", 13, "after in comes an element, or a list in parentheses"),
        ("Rows in ()", 10, ") is not expected: a number or text in quotes is"),
        ("Rows in (1", 9, "'(' was never closed"),
        ("1 < 2", 1, "neither 1 nor 2 is of the header"),
        ("1 in (1, 2)", 1, "neither 1 nor 1 is of the header"),
        ("None == None", 1, "None is compared by == and !="),
        ("Rows < None", 8, "None is compared by == and !="),
        ("1 < Rows < None", 12, "None is compared by == and !="),
        ("1 < Rows in (1, 2)", 10, "in does not stand in a chain of comparisons: use and"),
        ("1 != Rows != 2", 3, "!= does not stand in a chain"),
        ("Rows not 5", 10, "5 is not expected"),
        ("Modality == ''", 13, "an empty text fits nothing: ask for == None"),
        ("PixelData == None", 1, "no part of the header"),
        ("RequestAttributesSequence == 'a'", 1, "is no number and no text"),
        ("Rows == 1 and", 14, "the end is not expected"),
        ("Rows == 1 Rows == 2", 11, "Rows is not expected"),
        ("Rows == 1)", 10, "unmatched ')'"),
        ("(Rows == 1", 1, "'(' was never closed"),
        ("__import__('os')", 1, "__import__('os') is not expected: a keyword"),
        ("Rows == 1; 2", 10, "; is not understood"),
        ("Rows if Columns else 1", 1, "Rows if Columns else 1 is not expected: a keyword"),
        ("(" * 9_000 + "Rows == 1" + ")" * 900, 51, "more than 50 parentheses or words not"),
        ("not " * 2_000 + "Rows == 1", 201, "more than 50 parentheses or words not"),
        ("Rows == 1 or " * 1_000 + "Rows == 2", 10_000, "longer than a condition may be"),
        ("Rows < 1" + "0" * 5000, 8, "a number of more than 1000 digits"),
        ("Rows == " + "-" * 9_000 + "1", 1, "nested too deeply"),
        ("Rows" + ".Rows" * 1_900 + " == 1", 1, "nested too deeply"),
        ("Rows == \0", 9, "\0 is not understood"),
        ("Ｒows == 1", 1, "Ｒ is not understood"),
        ("Rows == \udcff", 9, "is not understood"),
        ("Rows == 1 # and more", 11, "# is not understood"),
        ("Rows == 1\nRows == 2", 11, "Rows is not expected"),
        ("Rows == [1]", 9, "[ is not understood"),
        ("Modality == f'{Rows}'", 13, "f'{Rows}' is not expected"),
        ("Modality == 'C' 'T'", 13, "'C' 'T' is not expected"),
        ("Rows == 1j", 9, "1j is not expected"),
        ("Rows == True", 9, "True is not expected"),
        ("Rows is None", 6, "is is not understood: compare by =="),
        ("Rows == 1 + 2", 9, "1 + 2 is not expected"),
        ("lambda", 7, "the end is not expected"),
    ],
)
def test_what_is_no_condition(text, character, said):
    with pytest.raises(BadParameter) as raised:
        Where.parse(text)
    assert str(raised.value).startswith(f"at character {character}: ")
    assert said in str(raised.value)


def test_as_long_and_as_deep_as_may_be():
    deep = "(" * 50 + "Rows == 512" + ")" * 50
    assert Where.parse(deep)(CT)
    long = " or ".join(["Rows == 1"] * 700 + ["Rows == 512"])
    assert Where.parse(long)(CT)
    assert Where.parse("Rows < 1" + "0" * 900)(CT)


# The model: a header is a dict of lists, a condition a tree of tuples, and both become text.

NUMBERS = ("Rows", "EchoNumbers", "PixelSpacing", "SliceThickness")
TEXTS = ("Modality", "ImageType", "SeriesDescription")
ORDER = {
    "==": operator.eq,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
number = st.integers(-3, 3)
letters = st.sampled_from(["A", "B", "AB", "BA"])
headers = st.fixed_dictionaries(
    {},
    optional={
        "Rows": number.map(lambda value: [abs(value)]),
        "EchoNumbers": st.lists(number, max_size=3),
        "PixelSpacing": st.lists(number, max_size=3),
        "SliceThickness": st.lists(number, max_size=1),
        "Modality": st.lists(letters, max_size=1),
        "ImageType": st.lists(letters, max_size=3),
        "SeriesDescription": st.lists(letters, max_size=1),
    },
)
signs = st.sampled_from([*ORDER, "!="])
comparisons = st.one_of(
    st.tuples(st.sampled_from(NUMBERS), signs, number | st.sampled_from(NUMBERS)),
    st.tuples(number, signs, st.sampled_from(NUMBERS)),
    st.tuples(st.sampled_from(TEXTS), signs, letters.map(repr) | st.sampled_from(TEXTS)),
    st.tuples(st.sampled_from(NUMBERS), st.sampled_from(["in", "not in"]), st.tuples(number)),
    st.tuples(
        st.sampled_from(TEXTS), st.sampled_from(["in", "not in"]), st.tuples(letters, letters)
    ),
    st.tuples(letters.map(repr), st.sampled_from(["in", "not in"]), st.sampled_from(TEXTS)),
    st.tuples(st.sampled_from(NUMBERS + TEXTS), st.sampled_from(["==", "!="]), st.none()),
)
conditions = st.recursive(
    comparisons,
    lambda inner: (
        st.tuples(st.just("not"), inner)
        | st.tuples(inner, st.sampled_from(["and", "or"]), inner).map(lambda x: ("both", *x))
    ),
    max_leaves=8,
)


def text_of(condition):
    if condition[0] == "not":
        return f"not ({text_of(condition[1])})"
    if condition[0] == "both":
        _, left, word, right = condition
        return f"({text_of(left)}) {word} ({text_of(right)})"
    return " ".join(map(str, condition))


def values_of(operand, header):
    if isinstance(operand, str) and operand in NUMBERS + TEXTS:
        return header.get(operand, [])
    if isinstance(operand, tuple):
        return list(operand)
    return [operand.strip("'") if isinstance(operand, str) else operand]


def holds(condition, header):
    if condition[0] == "not":
        return not holds(condition[1], header)
    if condition[0] == "both":
        _, left, word, right = condition
        both = holds(left, header), holds(right, header)
        return all(both) if word == "and" else any(both)
    left, sign, right = condition
    if right is None:
        return (header.get(left, []) == []) is (sign == "==")
    pairs = [(a, b) for a in values_of(left, header) for b in values_of(right, header)]
    if sign == "!=":
        return not any(a == b for a, b in pairs)
    if sign in ("in", "not in"):
        is_list = isinstance(right, tuple)
        found = any(a == b if is_list else a in b for a, b in pairs)
        return found is (sign == "in")
    return any(ORDER[sign](a, b) for a, b in pairs)


@settings(max_examples=300)
@given(conditions, headers)
def test_it_means_what_the_model_means(condition, header):
    assert Where.parse(text_of(condition))(header_of(**header)) is holds(condition, header)


@given(st.text(max_size=80) | st.text("()'\" ,<=!andornotiRows5.", max_size=40))
def test_any_text_is_a_condition_or_none(text):
    with contextlib.suppress(BadParameter):
        assert isinstance(Where.parse(text)(CT), bool)
