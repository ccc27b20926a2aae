"""Audit of what was done to a file, in attributes and numbers, never in values."""

from collections import Counter
from typing import Any

from pydicom.datadict import dictionary_has_tag, dictionary_keyword

__all__ = ["DONE", "Audit", "audit_of_raster", "label_of"]

DONE = ("removed", "emptied", "replaced", "mapped", "shifted", "cleaned", "kept")
"""What may be done to an attribute, in the order of reports."""


def label_of(tag: int) -> str:
    """Return what an attribute is called: its keyword, else its tag.

    >>> label_of(0x00100010), label_of(0x00091001)
    ('PatientName', '(0009,1001)')
    """
    keyword = dictionary_keyword(tag) if dictionary_has_tag(tag) else ""
    return keyword or f"({tag >> 16:04X},{tag & 0xFFFF:04X})"


class Audit:
    """Counts what is done to the attributes of a file, and collects what a person must look at.

    Attributes
    ----------
    private : int
        Private attributes that were removed.
    pixels : str
        What became of the pixels.
    identity_removed : bool
        Whether nothing is left that would have to be looked at in the pixels.

    Examples
    --------
    >>> audit = Audit("DICOM")
    >>> audit.add("removed", 0x00101010)
    >>> audit.add("removed", 0x00101010)
    >>> audit.result()["removed"]
    {'PatientAge': 2}
    """

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self.private = 0
        self.pixels = "unchanged"
        self.identity_removed = False
        self._done: dict[str, Counter[int]] = {done: Counter() for done in DONE}
        self._review: list[str] = []

    def add(self, done: str, tag: int) -> None:
        """Count one attribute, by one of `DONE`."""
        self._done[done][tag] += 1

    def review(self, sentence: str) -> None:
        """Add what a person should look at, once."""
        if sentence not in self._review:
            self._review.append(sentence)

    def done(self, done: str) -> bool:
        """Return whether this was done to any attribute."""
        return bool(self._done[done])

    def result(self) -> dict[str, Any]:
        """Return the whole, as JSON has it, its keys in a fixed order."""
        counts = {
            done: {label_of(tag): number for tag, number in sorted(counted.items())}
            for done, counted in self._done.items()
        }
        return {
            "format": self.kind,
            **counts,
            "private": self.private,
            "pixels": self.pixels,
            "identity_removed": self.identity_removed,
            "review": self._review,
        }


def audit_of_raster(kind: str, removed: list[str]) -> dict[str, Any]:
    """Return the audit of an image of another format: nobody knows what its pixels show.

    Parameters
    ----------
    kind : str
        The format.
    removed : list of str
        What its metadata was, without values.
    """
    return {
        "format": kind,
        "removed": removed,
        "pixels": "unchanged",
        "identity_removed": False,
        "review": ["pixels: whether text or a face is in them cannot be determined"],
    }
