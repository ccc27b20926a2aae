"""Check of what in a file still identifies the patient: attributes and kinds, never values."""

import re
import warnings
from collections import Counter
from collections.abc import Iterator
from typing import Any

from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from pydicom.uid import UID

from mapreduce_jobs.imaging.dicom.element_values import READ_ERRORS
from mapreduce_jobs.imaging.dicom.header import Beginning
from mapreduce_jobs.imaging.errors import CorruptImage
from mapreduce_jobs.privacy.audit import label_of
from mapreduce_jobs.privacy.dicom.elements import is_empty, read, text_of
from mapreduce_jobs.privacy.dicom.pixel_risk import pixel_risk
from mapreduce_jobs.privacy.dicom.replacements import cleaned_text, dummy, has_form
from mapreduce_jobs.privacy.dicom.walk import PSEUDONYMS, STRUCTURE, safe_elements
from mapreduce_jobs.privacy.settings import Rule, Settings

__all__ = ["findings"]

_PSEUDONYM = re.compile(r"[a-z2-7]{16}")
_MIN_NAME = 3  # letters of a part of a name that a file name is searched for
_META = (0x00020016, 0x00020017, 0x00020018, 0x00020026, 0x00020027, 0x00020028, 0x00020102)
_KINDS = {"DA": "date", "DT": "date", "TM": "date", "PN": "name", "UI": "uid", "SQ": "sequence"}
_TEXTS = ("AE", "LO", "LT", "SH", "ST", "UC", "UR", "UT")

Finding = dict[str, Any]


def findings(
    data: bytes, settings: Settings, name: str, beginning: Beginning | None = None
) -> list[Finding]:
    """Return what de-identification with these settings would have to change in a DICOM file.

    A UID that is made of a UUID (``2.25.``) names no organisation and counts as nobody's, and so
    do dummies, pseudonyms as this package makes them, and dates in a file that says that its
    dates were shifted, if they may be.

    Parameters
    ----------
    data : bytes
        The whole file.
    settings : Settings
        What may be there.
    name : str
        The name of the file, in which the patient's name or ID should not be.
    beginning : Beginning, optional
        What has been read of the file already, with all elements of its header.

    Returns
    -------
    list of dict
        Each with ``what`` (attributes, those in sequences with the sequence's keyword and a slash
        before), ``kind`` (date, name, uid, text, value, sequence, private, file, burned-in), and
        ``count``.

    Raises
    ------
    DecodeError
        The file cannot be read.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        dataset = read(data, beginning)
        try:
            found = Counter(_Check(settings, dataset).found(dataset, ""))
            found.update(_of_the_file(data, dataset, name))
            risk = pixel_risk(dataset)
        except READ_ERRORS as error:
            raise CorruptImage("the header cannot be read") from error
    if risk is not None:
        found["pixels", "burned-in"] += 1
    return [
        {"what": what, "kind": kind, "count": count}
        for (what, kind), count in sorted(found.items())
    ]


def _of_the_file(data: bytes, dataset: Dataset, name: str) -> Iterator[tuple[str, str]]:
    """Iterate over findings outside of the data set."""
    if data[128:132] == b"DICM" and any(data[:128]):
        yield "preamble", "file"
    for tag in _META:
        if text_of(dataset.file_meta, tag):
            yield label_of(tag), "file"
    parts = [text_of(dataset, PSEUDONYMS[1])]
    parts += re.findall(r"\w+", text_of(dataset, PSEUDONYMS[0]))
    for part in parts:
        identifies = len(part) >= _MIN_NAME and not _PSEUDONYM.fullmatch(part)
        if identifies and part.lower() in name.lower():
            yield "file name", "name"
            return


class _Check:
    def __init__(self, settings: Settings, dataset: Dataset) -> None:
        self._settings = settings
        self._shifted = settings.shift_dates and text_of(dataset, 0x00280303).upper() == "MODIFIED"

    def found(self, dataset: Dataset, path: str) -> Iterator[tuple[str, str]]:
        """Iterate over what and kind of each finding in a data set and its items."""
        keeps_safe = "safe-private" in self._settings.retain
        safe = safe_elements(dataset) if keeps_safe else {}
        for key in list(dataset.keys()):
            tag = int(key)
            if not tag & 0xFFFF:
                continue
            if tag >> 16 & 1:
                if tag not in safe:
                    yield f"{path}private attributes", "private"
                continue
            element: Any = dataset.get_item(tag)
            rule = self._settings.rule(tag, element.VR)
            what = path + label_of(tag)
            if rule.vr == "SQ":
                yield from self._in_sequence(dataset, tag, rule, what)
            elif rule.action and not is_empty(element) and self._identifies(dataset, tag, rule):
                kind = _KINDS.get(rule.vr, "text" if rule.vr in _TEXTS else "value")
                yield what, kind

    def _identifies(self, dataset: Dataset, tag: int, rule: Rule) -> bool:
        """Return whether the value of an attribute is one that should not be there."""
        text = text_of(dataset, tag)
        if tag in PSEUDONYMS:
            return not _PSEUDONYM.fullmatch(text)
        if rule.action == "K":
            return not has_form(rule.vr, text)
        if rule.vr == "UI" and rule.action in "UD":
            return not all(map(_is_nobodys, text.split("\\")))
        if rule.action == "C":
            if rule.vr in ("DA", "DT", "TM"):
                return not self._shifted
            if cleaned_text(text) == text:
                return False
        return rule.basic != "D" or not _is_dummy(dataset, tag, rule.vr)

    def _in_sequence(
        self, dataset: Dataset, tag: int, rule: Rule, what: str
    ) -> Iterator[tuple[str, str]]:
        items = dataset[tag].value
        if not isinstance(items, Sequence) or not len(items):
            return
        if rule.action == "D":
            if len(items) > 1 or self._item_identifies(items[0]):
                yield what, "sequence"
        elif rule.action in ("X", "Z"):
            yield what, "sequence"
        else:
            for item in items:
                yield from self.found(item, f"{what}/")

    def _item_identifies(self, item: Dataset) -> bool:
        """Return whether an item holds anything but dummies."""
        for key in list(item.keys()):
            tag = int(key)
            rule = self._settings.rule(tag, item.get_item(tag).VR)
            if rule.vr == "SQ":
                if any(map(self._item_identifies, item[tag].value)):
                    return True
            elif rule.vr == "UI":
                if rule.action and not all(map(_is_nobodys, text_of(item, tag).split("\\"))):
                    return True
            elif tag in STRUCTURE or is_empty(item.get_item(tag)):
                continue
            elif not _is_dummy(item, tag, rule.vr):
                return True
        return False


def _is_nobodys(uid: str) -> bool:
    return not uid or uid.startswith("2.25.") or UID(uid).name != uid


def _is_dummy(dataset: Dataset, tag: int, vr: str) -> bool:
    element: Any = dataset.get_item(tag)
    expected = dummy(vr)
    if isinstance(element.value, bytes):
        return element.value.rstrip(b" ") == expected.rstrip(b" ")
    return str(element.value) in (expected.decode("latin-1").strip(" \0"), "0", "0.0")
