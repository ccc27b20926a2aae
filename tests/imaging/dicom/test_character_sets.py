"""Text in every character set of PS3.3 C.12.1.1.2; bytes and text as PS3.5 and ISO have them."""

import io
import struct

import numpy as np
import pydicom
import pytest
from pydicom.datadict import keyword_for_tag
from pydicom.sequence import Sequence

from mapreduce_jobs.imaging.dicom.header import read_header
from mapreduce_jobs.imaging.dicom.keywords import Element
from mapreduce_jobs.imaging.dicom.where import Where
from tests.imaging.dicoms import dicom_of, elements_of, file_of, header_of, item

CHARACTER_SET = 0x00080005
NAME, COMMENTS, DESCRIPTION = 0x00100010, 0x00104000, 0x0008103E
VRS = {NAME: "PN", COMMENTS: "LT", DESCRIPTION: "LO"}


def element(tag, vr, value):
    """Return the bytes of an element, explicit and little endian."""
    value += b" " * (len(value) % 2)
    return struct.pack("<HH2sH", tag >> 16, tag & 0xFFFF, vr.encode(), len(value)) + value


def header_with(terms, tag, value):
    """Return the header of a file that has a text of these bytes."""
    whole = dicom_of(np.zeros((2, 2), np.uint8))
    several = [terms] if isinstance(terms, str) else terms or []
    data = whole[: -len(elements_of(whole))]
    data += element(CHARACTER_SET, "CS", "\\".join(several).encode()) if terms else b""
    return read_header(io.BytesIO(data + element(tag, VRS[tag], value)))


def text(terms, tag, value):
    return Element.named(keyword_for_tag(tag)).plain(header_with(terms, tag, value))


NAMES = {  # annexes H to K of PS3.5; the last group, if empty, needs no delimiter (6.2.1.1)
    "H.3.1": (
        ["", "ISO 2022 IR 87"],
        b"Yamada^Tarou=\x1b$B;3ED\x1b(B^\x1b$BB@O:\x1b(B=\x1b$B$d$^$@\x1b(B^\x1b$B$?$m$&\x1b(B",
        "Yamada^Tarou=山田^太郎=やまだ^たろう",
    ),
    "H.3.2": (
        ["ISO 2022 IR 13", "ISO 2022 IR 87"],
        b"\xd4\xcf\xc0\xde^\xc0\xdb\xb3=\x1b$B;3ED\x1b(J^\x1b$BB@O:\x1b(J="
        b"\x1b$B$d$^$@\x1b(J^\x1b$B$?$m$&\x1b(J",
        "ﾔﾏﾀﾞ^ﾀﾛｳ=山田^太郎=やまだ^たろう",
    ),
    "I.2": (
        ["", "ISO 2022 IR 149"],
        b"Hong^Gildong=\x1b$)C\xfb\xf3^\x1b$)C\xd1\xce\xd4\xd7="
        b"\x1b$)C\xc8\xab^\x1b$)C\xb1\xe6\xb5\xbf",
        "Hong^Gildong=洪^吉洞=홍^길동",
    ),
    "J.1": (
        ["ISO_IR 192"],
        b"Wang^XiaoDong=\xe7\x8e\x8b^\xe5\xb0\x8f\xe6\x9d\xb1=",
        "Wang^XiaoDong=王^小東",
    ),
    "J.3": (["GB18030"], b"Wang^XiaoDong=\xcd\xf5^\xd0\xa1\xb6\xab=", "Wang^XiaoDong=王^小东"),
    "J.3, GBK": (["GBK"], b"Wang^XiaoDong=\xcd\xf5^\xd0\xa1\xb6\xab=", "Wang^XiaoDong=王^小东"),
    "K.2": (
        ["", "ISO 2022 IR 58"],
        b"Zhang^XiaoDong=\x1b$)A\xd5\xc5^\x1b$)A\xd0\xa1\xb6\xab=",
        "Zhang^XiaoDong=张^小东",
    ),
}


@pytest.mark.parametrize("example", NAMES)
def test_names_of_the_standard(example):
    terms, value, expected = NAMES[example]
    header = header_with(terms, NAME, value)
    assert Element.named("PatientName").plain(header) == expected
    assert Where.parse(f"PatientName == '{expected}'")(header)


def test_lines_of_korean():
    """I.3: each line begins in the first character set."""
    value = (
        b"\x1b$)CThe 1st line includes \xb1\xe6\xb5\xbf.\r\n"
        b"\x1b$)CThe 2nd line includes \xb1\xe6\xb5\xbf, too.\r\nThe 3rd line."
    )
    expected = "The 1st line includes 길동.\r\nThe 2nd line includes 길동, too.\r\nThe 3rd line."
    assert text(["", "ISO 2022 IR 149"], COMMENTS, value) == expected


def test_lines_of_chinese():
    """K.3."""
    value = (
        b"1.\x1b$)A\xb5\xda\xd2\xbb\xd0\xd0\xce\xc4\xd7\xd6\xa1\xa3\r\n"
        b"2.\x1b$)A\xb5\xda\xb6\xfe\xd0\xd0\xce\xc4\xd7\xd6\xa1\xa3\r\n"
        b"3.\x1b$)A\xb5\xda\xc8\xfd\xd0\xd0\xce\xc4\xd7\xd6\xa1\xa3\r\n"
    )
    expected = "1.第一行文字。\r\n2.第二行文字。\r\n3.第三行文字。\r\n"
    assert text(["", "ISO 2022 IR 58"], COMMENTS, value) == expected


SINGLE_BYTE = [  # a byte, its character in ISO 8859 or what the set is, and its escape sequence
    ("100", 0xE9, "é", b"-A"),
    ("101", 0xB1, "ą", b"-B"),
    ("109", 0xA1, "Ħ", b"-C"),
    ("110", 0xA2, "ĸ", b"-D"),
    ("144", 0xBB, "Л", b"-L"),
    ("127", 0xC7, "ا", b"-G"),
    ("126", 0xC1, "Α", b"-F"),
    ("138", 0xE0, "א", b"-H"),
    ("148", 0xD0, "Ğ", b"-M"),
    ("203", 0xA4, "€", b"-b"),
    ("13", 0xB1, "ｱ", b")I"),
    ("166", 0xA1, "ก", b"-T"),
]


@pytest.mark.parametrize(("number", "byte", "character", "sequence"), SINGLE_BYTE)
def test_single_bytes_with_and_without_code_extensions(number, byte, character, sequence):
    value = b"A^b" + bytes([byte])
    assert text(f"ISO_IR {number}", NAME, value) == f"A^b{character}"
    assert text(f"ISO 2022 IR {number}", NAME, value) == f"A^b{character}"
    extended = b"A^b\x1b" + sequence + bytes([byte]) + b"c"
    for first in ("", "ISO 2022 IR 6", "ISO 2022 IR 100"):
        terms = [first, f"ISO 2022 IR {number}"]
        assert text(terms, NAME, extended) == f"A^b{character}c"
        assert text(terms, COMMENTS, extended) == f"A^b{character}c"


@pytest.mark.parametrize(
    ("tag", "delimiter"),
    [
        *((NAME, delimiter) for delimiter in ("^", "=")),
        *((DESCRIPTION, delimiter) for delimiter in ("\t", "\r\n", "\f")),
        *((COMMENTS, delimiter) for delimiter in ("\r\n", "\n", "\f", "\t")),
    ],
)
def test_behind_a_delimiter_the_first_character_set_counts(tag, delimiter):
    """PS3.5 6.1.2.5.3."""
    terms = ["ISO 2022 IR 100", "ISO 2022 IR 144"]
    value = b"\xe9\x1b-L\xbb%s\xe9" % delimiter.encode()
    assert text(terms, tag, value) == f"éЛ{delimiter}é"


def test_a_line_ends_kanji():
    """Also where the sequence that ends them is missing."""
    value = b"\x1b$B;3ED\r\nab\x1b$B;3"
    assert text(["", "ISO 2022 IR 87"], COMMENTS, value) == "山田\r\nab山"


def test_a_set_without_code_extensions_has_bytes_below_128_in_its_characters():
    assert text("GBK", NAME, b"\x81\x40\x1b(Bx") == "丂x"


def test_behind_a_value_the_first_character_set_counts():
    terms = ["ISO 2022 IR 100", "ISO 2022 IR 144"]
    header = header_with(terms, DESCRIPTION, b"\x1b-L\xbb\\\xe9")
    assert list(header.SeriesDescription) == ["Л", "é"]
    header = header_with(terms, NAME, b"\x1b-L\xbb\\\xe9")
    assert [str(name) for name in header.PatientName] == ["Л", "é"]
    assert text(terms, COMMENTS, b"\x1b-L\xbb\\\xbb") == "Л\\Л"  # of which a text has one value


def test_sets_below_and_above_128_are_changed_apart():
    """Kanji lie below, Cyrillic stays above; and half-width katakana above kanji."""
    value = b"\xbb=\x1b$B;3ED\x1b(B \xbb"
    assert text(["ISO 2022 IR 144", "ISO 2022 IR 87"], NAME, value) == "Л=山田 Л"
    value = b"\x1b$B;3\xb1ED\x1b(J"
    assert text(["ISO 2022 IR 13", "ISO 2022 IR 87"], NAME, value) == "山ｱ田"
    value = b"\x1b$)C\xc8\xab\x1b(Bx\xc8\xab"
    assert text(["", "ISO 2022 IR 149"], DESCRIPTION, value) == "홍x홍"


def test_kanji_of_the_supplementary_set():
    """JIS X 0212, row 16, cell 2: 丄."""
    value = b"\x1b$(D\x30\x22\x1b(B^\x1b$B;3\x1b(B"
    assert text(["", "ISO 2022 IR 87", "ISO 2022 IR 159"], NAME, value) == "丄^山"


def test_halves_of_a_kanji_are_no_delimiters():
    """Rows and cells 60, 60 and 29, 62: bytes of a backslash, an equals sign and a caret."""
    value = b"\x1b$B\x5c\x5c\x3d\x5e\x1b(B^x"
    header = header_with(["", "ISO 2022 IR 87"], NAME, value)
    assert str(header.PatientName) == "樛殉^x"


@pytest.mark.parametrize("terms", [None, "ISO_IR 100", ["", "ISO 2022 IR 87"]])
def test_an_escape_sequence_means_the_same_where_the_header_does_not_list_it(terms):
    assert text(terms, NAME, b"Zhang=\x1b$)A\xd5\xc5") == "Zhang=张"


def test_one_that_is_not_known_is_no_error():
    assert text(["", "ISO 2022 IR 58"], NAME, b"A\x1b-Zb\x1b") == "A\ufffd-Zb\ufffd"


def test_bytes_that_are_no_character_are_replaced():
    assert text(["", "ISO 2022 IR 58"], NAME, b"A\x1b$)A\xd5\x1b(Bb") == "A\ufffdb"


def test_an_item_of_a_sequence_may_have_its_own():
    """PS3.5 7.5.3: else that of what it lies in."""
    own = item(SpecificCharacterSet="ISO_IR 144", CodeMeaning="Л")
    inherited = item(CodeMeaning="张")
    dataset = header_of(np.zeros((2, 2), np.uint8), SpecificCharacterSet=["", "ISO 2022 IR 58"])
    dataset.ConceptNameCodeSequence = Sequence([own, inherited])
    header = read_header(io.BytesIO(file_of(dataset)))
    assert Element.named("ConceptNameCodeSequence.CodeMeaning").values(header) == ["Л", "张"]


@pytest.mark.parametrize(
    ("terms", "name"),
    [(["", "ISO 2022 IR 58"], "Zhang=张^小东"), (["", "ISO 2022 IR 203"], "Œuf^€"), ("GBK", "王")],
)
def test_what_is_written_is_what_is_read(terms, name):
    """With escape sequences in each component, which other programs need."""
    data = dicom_of(np.zeros((2, 2), np.uint8), SpecificCharacterSet=terms, PatientName=name)
    assert str(read_header(io.BytesIO(data)).PatientName) == name
    if terms[-1] == "ISO 2022 IR 58":
        assert b"Zhang=\x1b$)A\xd5\xc5^\x1b$)A\xd0\xa1\xb6\xab" in data
    assert str(pydicom.dcmread(io.BytesIO(data)).PatientName) == name
