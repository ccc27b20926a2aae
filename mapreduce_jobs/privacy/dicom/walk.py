"""Walk over every element of a data set and of the items in its sequences."""

import re
from typing import Any

from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from pydicom.uid import UID

from mapreduce_jobs.privacy.audit import Audit
from mapreduce_jobs.privacy.dicom.elements import is_empty, put, text_of
from mapreduce_jobs.privacy.dicom.replacements import cleaned_text, dummy, has_form, shifted
from mapreduce_jobs.privacy.profile import safe_private
from mapreduce_jobs.privacy.pseudonyms import Pseudonymiser
from mapreduce_jobs.privacy.settings import Rule, Settings

__all__ = ["PSEUDONYMS", "STRUCTURE", "Walk", "safe_elements", "subject_of"]

PSEUDONYMS = (0x00100010, 0x00100020)
"""Patient's Name and Patient ID, which become the patient's pseudonym."""

STRUCTURE = (0x0040A010, 0x0040A040, 0x0040A050)
"""What says how an item of a report is to be read, the same in any report."""

_STANDARD = "1.2.840.10008."
_TEXTS = ("LO", "LT", "SH", "ST", "UC", "UT")
_KEPT = "texts were kept: look whether any of them tells too much"
_CLEANED = "descriptions were cut down to known words: look whether any of them tells too much"


def subject_of(dataset: Dataset) -> str:
    """Return what stands for the patient in pseudonyms: the Patient ID, else the study.

    Images without a Patient ID may be of many patients, so that each study is one by itself.
    """
    patient = text_of(dataset, 0x00100020)
    if patient:
        return patient
    # No Patient ID begins so.
    return f"\0{text_of(dataset, 0x0020000D) or text_of(dataset, 0x00080018)}"


def safe_elements(dataset: Dataset) -> dict[int, str]:
    """Return the private elements that the standard lists as safe, and their creators: tag to VR.

    A creator is there only if one of its elements is.
    """
    creators = {}
    found: dict[int, str] = {}
    for tag in sorted(map(int, dataset.keys())):
        group, element = tag >> 16, tag & 0xFFFF
        if not group & 1:
            continue
        if 0x10 <= element <= 0xFF:
            creators[group, element] = text_of(dataset, tag)
            continue
        block = element >> 8
        vr = safe_private().get((creators.get((group, block), ""), group, element & 0xFF))
        if vr is not None:
            found[tag] = vr
            found[group << 16 | block] = "LO"
    return found


class Walk:
    """Goes through a data set and does with each element what the settings say.

    Parameters
    ----------
    settings : Settings
        What is kept and cleaned.
    pseudonymiser : Pseudonymiser
        New UIDs, pseudonyms, shifts.
    audit : Audit
        What counts it.
    dataset : Dataset
        The data set, before anything was changed: whose patient it is, and the names in it.
    """

    def __init__(
        self, settings: Settings, pseudonymiser: Pseudonymiser, audit: Audit, dataset: Dataset
    ) -> None:
        self._rule = settings.rule
        self._keeps_safe = "safe-private" in settings.retain
        self._pseudonymiser = pseudonymiser
        self._audit = audit
        self._subject = subject_of(dataset)
        self._days = pseudonymiser.days(self._subject)
        self._names = _names_in(dataset) if settings.options else frozenset()

    def clean(self, dataset: Dataset) -> None:
        """Change a data set, and what is in it to any depth."""
        safe = safe_elements(dataset) if self._keeps_safe else {}
        for tag in list(dataset.keys()):
            if tag >> 16 & 1:
                self._private(dataset, tag, safe.get(tag))
                continue
            if not tag & 0xFFFF:  # the length of a group, which changes
                del dataset[tag]
                continue
            element: Any = dataset.get_item(tag)
            rule = self._rule(tag, element.VR)
            if rule.vr == "SQ":
                self._sequence(dataset, tag, rule.action, rule.basic)
            elif rule.action:
                self._element(dataset, tag, element, rule)

    def _private(self, dataset: Dataset, tag: int, safe_vr: str | None) -> None:
        if safe_vr is None:
            del dataset[tag]
            self._audit.private += 1
            return
        element: Any = dataset.get_item(tag)
        if safe_vr == "SQ" or element.VR == "SQ":
            self._sequence(dataset, tag, "K", "X")
            return
        if safe_vr == "UI":
            self._map_uids(dataset, tag, "UI")
            return
        self._audit.add("kept", tag)

    # Elements

    def _element(self, dataset: Dataset, tag: int, element: Any, rule: Rule) -> None:
        action = rule.action
        if action == "X":
            del dataset[tag]
            self._audit.add("removed", tag)
        elif is_empty(element):
            return  # nothing to hide
        elif tag in PSEUDONYMS:
            self._pseudonym(dataset, tag, rule.vr)
        elif action == "Z":
            put(dataset, tag, rule.vr, b"")
            self._audit.add("emptied", tag)
        elif action == "U" or (action == "D" and rule.vr == "UI"):
            self._map_uids(dataset, tag, rule.vr)
        elif action == "D":
            put(dataset, tag, rule.vr, dummy(rule.vr))
            self._audit.add("replaced", tag)
        elif action == "K":
            if not has_form(rule.vr, text_of(dataset, tag)):
                self._element(dataset, tag, element, rule._replace(action=rule.basic))
                return
            self._audit.add("kept", tag)
            if rule.vr in _TEXTS:
                self._audit.review(_KEPT)
        else:
            self._clean_value(dataset, tag, element, rule)

    def _pseudonym(self, dataset: Dataset, tag: int, vr: str) -> None:
        """Replace the patient's name or ID; another patient's, in an item, by that one's own."""
        patient = text_of(dataset, 0x00100020) or self._subject
        put(dataset, tag, vr, self._pseudonymiser.pseudonym(patient).encode())
        self._audit.add("replaced", tag)

    def _map_uids(self, dataset: Dataset, tag: int, vr: str) -> None:
        uids = text_of(dataset, tag).split("\\")
        mapped = "\\".join(map(self._mapped, uids))
        put(dataset, tag, vr, (mapped + "\0" * (len(mapped) % 2)).encode())
        self._audit.add("mapped", tag)

    def _mapped(self, uid: str) -> str:
        uid = uid.strip(" \0")
        if not uid or (uid.startswith(_STANDARD) and UID(uid).name != uid):
            return uid  # one that the standard defines, such as of a frame of reference
        return self._pseudonymiser.uid(uid)

    def _clean_value(self, dataset: Dataset, tag: int, element: Any, rule: Rule) -> None:
        """Clean a value; what cannot be cleaned is treated as the Basic Profile says."""
        if rule.vr == "TM":  # whole days do not touch it
            self._element(dataset, tag, element, rule._replace(action="K"))
            return
        values = text_of(dataset, tag).split("\\") if rule.vr not in ("OB", "OW", "UN") else []
        if rule.vr in ("DA", "DT"):
            cleaned, done = [shifted(value, self._days) for value in values], "shifted"
        else:
            cleaned, done = [cleaned_text(value, self._names) for value in values], "cleaned"
            cleaned = list(filter(None, cleaned))
        if not cleaned or not all(cleaned):
            self._element(dataset, tag, element, rule._replace(action=rule.basic))
            return
        text = "\\".join(cleaned)
        put(dataset, tag, rule.vr, (text + " " * (len(text) % 2)).encode())
        self._audit.add(done, tag)
        if done == "cleaned":
            self._audit.review(_CLEANED)

    # Sequences

    def _sequence(self, dataset: Dataset, tag: int, action: str, basic: str) -> None:
        items = None if action == "X" else dataset[tag].value
        if not isinstance(items, Sequence):
            if action != "X" and is_empty(dataset[tag]):
                return
            del dataset[tag]
            self._audit.add("removed", tag)
        elif action == "Z" and len(items):
            dataset[tag] = DataElement(tag, "SQ", Sequence())
            self._audit.add("emptied", tag)
        elif action == "D" and len(items):
            self._make_dummy(items[0])
            dataset[tag] = DataElement(tag, "SQ", Sequence([items[0]]))
            self._audit.add("replaced", tag)
        elif action != "Z":
            for item in items:
                self.clean(item)
            if action in ("K", "C") and len(items):
                self._audit.add("kept" if action == "K" else "cleaned", tag)

    def _make_dummy(self, item: Dataset) -> None:
        """Make dummies of all values of an item; what it is made of stays."""
        for key in list(item.keys()):
            tag = int(key)
            element: Any = item.get_item(tag)
            rule = self._rule(tag, element.VR)
            if tag >> 16 & 1 or (rule.action == "X" and rule.basic == "X"):
                del item[tag]
            elif rule.vr == "SQ":
                items = item[tag].value
                if isinstance(items, Sequence) and len(items):
                    self._make_dummy(items[0])
                    item[tag] = DataElement(tag, "SQ", Sequence([items[0]]))
                else:
                    del item[tag]
            elif rule.vr == "UI":
                if rule.action:
                    self._map_uids(item, tag, rule.vr)
            elif tag not in STRUCTURE and not is_empty(element):
                put(item, tag, rule.vr, dummy(rule.vr))


def _names_in(dataset: Dataset) -> frozenset[str]:
    """Return the words, in lower case, of the persons' names of a data set."""
    words: set[str] = set()
    for key in list(dataset.keys()):
        element: Any = dataset.get_item(key)
        if element.VR == "PN" or int(key) == PSEUDONYMS[0]:
            words.update(re.findall(r"\w+", text_of(dataset, int(key)).lower()))
    return frozenset(words)
