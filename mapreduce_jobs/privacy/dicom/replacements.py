"""Values in place of others: dummies, shifted dates, descriptions of known words."""

import datetime
import re

from mapreduce_jobs.privacy.profile import descriptor_words

__all__ = ["DUMMY_TEXT", "cleaned_text", "dummy", "has_form", "shifted"]

DUMMY_TEXT = "REMOVED"

_DUMMIES = {
    "AS": b"000Y",
    "DA": b"19000101",
    "DS": b"0",
    "DT": b"19000101000000",
    "IS": b"0",
    "TM": b"000000",
    "UR": b"urn:removed",
}
_TEXTS = ("AE", "CS", "LO", "LT", "PN", "SH", "ST", "UC", "UT")
_BYTES_OF_A_NUMBER = {
    "AT": 4,
    "FD": 8,
    "FL": 4,
    "OD": 8,
    "OF": 4,
    "OL": 4,
    "OV": 8,
    "SL": 4,
    "SV": 8,
    "UL": 4,
    "UV": 8,
}
_DATE = re.compile(r"(\d{4})\.?(\d\d)\.?(\d\d)")
_DATE_TIME = re.compile(r"(\d{4})(\d\d)(\d\d)(\d{0,6}(?:\.\d{1,6})?(?:[+-]\d{4})?)")
_TIME = re.compile(r"[\d:.+\- \\]*", re.ASCII)
_FORMS = {"AS": re.compile(r"\d{3}[DWMY]", re.ASCII), "DA": _TIME, "DT": _TIME, "TM": _TIME}
# "w/o" stays whole: its "w" alone would say the opposite.
_WORD = re.compile(r"[wW]/[wW]?[oO]\b|[^\s,;:/\\|()\[\]{}_=\"'^]+")
_MEASURE = re.compile(r"\d{1,3}(\.\d{1,2})?(mm|cm|ms|s|t|kv|kvp|mas|deg|hz|%)", re.IGNORECASE)


def dummy(vr: str) -> bytes:
    r"""Return the value that stands for one that may not be shown: of even length, plain ASCII.

    >>> dummy("LO"), dummy("DA"), dummy("FD")
    (b'REMOVED ', b'19000101', b'\x00\x00\x00\x00\x00\x00\x00\x00')
    """
    value = DUMMY_TEXT.encode() if vr in _TEXTS else _DUMMIES.get(vr)
    if value is None:
        return bytes(_BYTES_OF_A_NUMBER.get(vr, 2))
    return value + b" " * (len(value) % 2)


def has_form(vr: str, text: str) -> bool:
    """Return whether a value is no other than its kind allows: an age or a time is no name.

    >>> has_form("AS", "042Y"), has_form("DA", "Smith"), has_form("LO", "Smith")
    (True, False, True)
    """
    return vr not in _FORMS or _FORMS[vr].fullmatch(text) is not None


def shifted(text: str, days: int) -> str:
    """Return a date or a date with a time, by some days earlier or later; the time stays.

    Parameters
    ----------
    text : str
        As DA or DT have it: YYYYMMDD (YYYY.MM.DD in old files), for DT with a time and an offset
        from UTC behind it; or two of them with a hyphen between, or one and a hyphen.
    days : int
        How far.

    Returns
    -------
    str
        Empty if the text is no such date: less than a day is known of it, or there is no such day.

    Examples
    --------
    >>> shifted("20240301", -1)
    '20240229'
    >>> shifted("20240229-20240301", 366)
    '20250301-20250302'
    >>> shifted("20240101093000.5+0100", -1)
    '20231231093000.5+0100'
    >>> shifted("202401", -1)
    ''
    """
    text = text.strip(" \0")
    whole = _one_shifted(text, days)
    if whole:
        return whole
    for at in (index for index, character in enumerate(text) if character == "-"):
        start, stop = text[:at].strip(), text[at + 1 :].strip()
        moved = [_one_shifted(part, days) if part else "" for part in (start, stop)]
        if (bool(start), bool(stop)) == (bool(moved[0]), bool(moved[1])) and any(moved):
            return "-".join(moved)
    return ""


def _one_shifted(text: str, days: int) -> str:
    found = _DATE.fullmatch(text) or _DATE_TIME.fullmatch(text)
    if found is None:
        return ""
    try:
        date = datetime.date(int(found[1]), int(found[2]), int(found[3]))
        moved = date + datetime.timedelta(days)
    except (ValueError, OverflowError):
        return ""
    rest = found[4] if found.re is _DATE_TIME else ""
    return f"{moved.year:04}{moved.month:02}{moved.day:02}{rest}"


def cleaned_text(text: str, names: frozenset[str] = frozenset()) -> str:
    """Return the words of a description that are known to be of imaging, and measures.

    Parameters
    ----------
    text : str
        A description.
    names : set of str, optional
        Words, in lower case, that are left out although they are known: those of this patient's
        name.

    Examples
    --------
    >>> cleaned_text("CT Abdomen w/o contrast 1.25mm, Mrs Smith *3.4.1960")
    'CT Abdomen w/o contrast 1.25mm'
    >>> cleaned_text("MR Head", frozenset({"head"}))  # of a patient of this name
    'MR'
    """
    known = descriptor_words()
    kept = (
        word
        for word in _WORD.findall(text)
        if (word.lower() in known and word.lower() not in names) or _MEASURE.fullmatch(word)
    )
    return " ".join(kept)
