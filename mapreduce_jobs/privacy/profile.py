"""The Basic Application Level Confidentiality Profile of DICOM, as data.

PS3.15 Annex E: Table E.1-1 says for each attribute what becomes of it, in the Basic Profile and
under each option; Table E.3.10-1 lists private attributes that are known to be safe. Both are
files of this package, which state their edition.
"""

import csv
import pkgutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache

__all__ = ["EDITION", "OPTIONS", "Row", "descriptor_words", "row_of", "rows", "safe_private"]

EDITION = "2024b"
"""The edition of PS3.15 that the table is of."""

OPTIONS = (
    "uids",
    "device",
    "institution",
    "patient",
    "dates",
    "shift-dates",
    "descriptors",
    "structured",
    "graphics",
    "safe-private",
)
"""The options that change what becomes of an attribute, as columns of the table."""

_PACKAGE = "mapreduce_jobs.privacy"


@dataclass(frozen=True)
class Row:
    """A row of Table E.1-1.

    Attributes
    ----------
    tag : str
        Eight hexadecimal digits, X for any; ``"ODD"`` stands for all private attributes.
    name : str
        As in the standard.
    basic : str
        The Basic Profile's action: D, Z, X, U, or several with a slash where it depends on what
        the IOD demands.
    options : mapping of str to str
        K (keep) or C (clean) for each option that changes the action.
    """

    tag: str
    name: str
    basic: str
    options: Mapping[str, str]


@cache
def rows() -> tuple[Row, ...]:
    """Return the rows of Table E.1-1, by tag.

    >>> len(rows())
    621
    """
    return tuple(
        Row(
            line["tag"],
            line["name"],
            line["basic"],
            {option: line[option] for option in OPTIONS if line[option]},
        )
        for line in csv.DictReader(_lines("profile.csv"))
    )


def row_of(tag: int) -> Row | None:
    """Return the row that holds for an attribute; None if the table does not name it.

    >>> row = row_of(0x00080020)
    >>> row.name, row.basic, row.options["shift-dates"]
    ('Study Date', 'Z', 'C')
    >>> row_of(0x60023000).name
    'Overlay Data'
    >>> row_of(0x00091001).name
    'Private Attributes'
    """
    by_tag = _by_tag()
    if tag >> 16 & 1:
        return by_tag["ODD"]
    text = f"{tag:08X}"
    pattern = {"50": "50XXXXXX", "60": f"60XX{text[4:]}"}.get(text[:2], text)
    return by_tag.get(pattern)


@cache
def _by_tag() -> dict[str, Row]:
    return {row.tag: row for row in rows()}


@cache
def safe_private() -> Mapping[tuple[str, int, int], str]:
    """Return the value representation of each safe private attribute.

    Returns
    -------
    mapping
        Private creator, group, and the last two digits of the element, to the VR (empty where the
        standard leaves it open).

    Examples
    --------
    >>> safe_private()["Philips PET Private Group", 0x7053, 0x00]  # SUV Factor
    'DS'
    """
    return {
        (line["creator"], int(line["group"], 16), int(line["element"], 16)): line["vr"]
        for line in csv.DictReader(_lines("safe_private.csv"))
    }


@cache
def descriptor_words() -> frozenset[str]:
    """Return the words, in lower case, that a cleaned description may hold.

    >>> "abdomen" in descriptor_words(), "smith" in descriptor_words()
    (True, False)
    """
    return frozenset(word for line in _lines("descriptor_words.txt") for word in line.split())


def _lines(name: str) -> Iterator[str]:
    """Iterate over the lines of a file of the package, which may lie in a zip; no comments."""
    data = pkgutil.get_data(_PACKAGE, name)
    assert data is not None  # noqa: S101  (a loader that has no data has no such package)
    return (line for line in data.decode().splitlines() if not line.startswith("#"))
