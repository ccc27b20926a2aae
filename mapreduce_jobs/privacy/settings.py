"""Settings of de-identification, and the action that follows for each attribute."""

from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

from pydicom.datadict import dictionary_has_tag, dictionary_keyword, dictionary_VR

from mapreduce_jobs.imaging.errors import BadParameter
from mapreduce_jobs.privacy.profile import EDITION, row_of

__all__ = ["CLEAN", "RETAIN", "Rule", "Settings"]

RETAIN = ("uids", "device", "institution", "patient", "dates", "safe-private")
"""What may be kept, an option of PS3.15 E.3 each."""

CLEAN = ("descriptors", "structured", "graphics", "pixels")
"""What may be cleaned in place of being removed."""

# PS3.16 CID 7050.
_BASIC_PROFILE = ("113100", "Basic Application Confidentiality Profile")
_CODES = {
    "pixels": ("113101", "Clean Pixel Data Option"),
    "graphics": ("113103", "Clean Graphics Option"),
    "structured": ("113104", "Clean Structured Content Option"),
    "descriptors": ("113105", "Clean Descriptors Option"),
    "dates": ("113106", "Retain Longitudinal Temporal Information Full Dates Option"),
    "shift-dates": ("113107", "Retain Longitudinal Temporal Information Modified Dates Option"),
    "patient": ("113108", "Retain Patient Characteristics Option"),
    "device": ("113109", "Retain Device Identity Option"),
    "uids": ("113110", "Retain UIDs Option"),
    "safe-private": ("113111", "Retain Safe Private Option"),
    "institution": ("113112", "Retain Institution Identity Option"),
}

# Where the IOD decides, what is conformant whatever it says: a value that type 1 and type 2 may
# have. An attribute of type 3 could have been removed, and a dummy identifies no more than that.
_COMPOUND = {"X/Z": "Z", "X/D": "D", "Z/D": "D", "X/Z/D": "D", "X/Z/U*": "U"}

_TEMPORAL = ("DA", "DT", "TM")
_FORMATTED = ("AS", *_TEMPORAL)  # whatever VR a file says, the value must be of this form
_FREE_TEXT = ("LT", "ST", "UT", "UR")

# Attributes that the table does not name, although they describe a person, a location or an order.
_BEYOND = {
    "BoardingPassID",
    "BreedRegistrationNumber",
    "ContactDisplayName",
    "DeviceID",
    "FillerOrderNumberImagingServiceRequestRetired",
    "FillerOrderNumberProcedure",
    "HangingProtocolCreator",
    "HardcopyCreationDeviceID",
    "ImageID",
    "NTPSourceAddress",
    "OwnerID",
    "PatientBirthDateInAlternativeCalendar",
    "PatientDeathDateInAlternativeCalendar",
    "PlacerOrderNumberImagingServiceRequestRetired",
    "PlacerOrderNumberProcedure",
    "SecondaryCaptureDeviceID",
    "StorageMediaFileSetID",
    "SubstanceAdministrationDeviceID",
}

# The text of a report and of a drawing, which must have one (type 1).
_TEXT_OF_CONTENT = {"TextValue", "UnformattedTextValue"}

# Codes, whose text is a URI, and our own marks.
_NOT_TEXT = {"URNCodeValue"}

# UIDs that name a kind of thing, never this one.
_KINDS = ("SOPClass", "SOPClasses", "TransferSyntax", "CodingScheme", "ContextUID", "MappingRes")


class Rule(NamedTuple):
    """What becomes of an attribute.

    Attributes
    ----------
    action : str
        D, Z, X, U, K or C as in PS3.15 Table E.1-1; empty for what is nobody's concern.
    basic : str
        What is done where cleaning leaves nothing.
    vr : str
        The value representation, from the dictionary or, if it has none, from the file.
    """

    action: str
    basic: str
    vr: str


@dataclass(frozen=True)
class Settings:
    """What is to be kept and cleaned; nothing is the Basic Profile alone.

    Parameters
    ----------
    retain : set of str, optional
        Some of `RETAIN`.
    shift_dates : bool, optional
        Move dates by whole days, the same for all images of a patient.
    clean : set of str, optional
        Some of `CLEAN`.

    Raises
    ------
    BadParameter
        Dates cannot be both kept and shifted.

    Examples
    --------
    >>> Settings().rule(0x00100030).action  # Patient's Birth Date: empty
    'Z'
    >>> Settings(retain={"patient"}).rule(0x00101010).action  # Patient's Age: keep
    'K'
    """

    retain: frozenset[str] | set[str] = frozenset()
    shift_dates: bool = False
    clean: frozenset[str] | set[str] = frozenset()
    _rules: dict[tuple[int, str | None], Rule] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    def __post_init__(self) -> None:
        if self.shift_dates and "dates" in self.retain:
            raise BadParameter("dates are either kept or shifted")

    @cached_property
    def options(self) -> frozenset[str]:
        """Every option that holds, by its column of the table."""
        return frozenset({*self.retain, *self.clean, *(["shift-dates"] * self.shift_dates)})

    def rule(self, tag: int, vr: str | None = None) -> Rule:
        """Return what becomes of an attribute.

        Parameters
        ----------
        tag : int
            Group and element.
        vr : str, optional
            The value representation that the file says.
        """
        rule = self._rules.get((tag, vr))
        if rule is None:
            rule = self._rules[tag, vr] = self._made(int(tag), vr)
        return rule

    def _made(self, tag: int, vr: str | None) -> Rule:
        known = dictionary_VR(tag) if dictionary_has_tag(tag) else None
        if vr in (None, "UN") or known in _FORMATTED:
            vr = known or "UN"
        row = row_of(tag)
        if tag >> 16 in (0, 2):  # of messages and of the file's own information
            return Rule("X", "X", vr)
        if tag >> 24 == 0x60:  # a plane without its data is none
            return Rule("X", "X", vr)
        if known == "SQ" and vr != "SQ":  # items that nobody would look into
            return Rule("X", "X", vr)
        if row is None:
            return self._unnamed(tag, known, vr)
        basic = _COMPOUND.get(row.basic, row.basic)
        asked = {row.options[option] for option in self.options if option in row.options}
        if "shift-dates" in self.options and row.options.get("shift-dates") and vr == "SH":
            return Rule("K", basic, vr)  # an offset from UTC, which whole days do not touch
        return Rule("K" if "K" in asked else "C" if "C" in asked else basic, basic, vr)

    def _unnamed(self, tag: int, known: str | None, vr: str) -> Rule:
        """Return what becomes of an attribute that the table does not name: by what it holds."""
        if known is None:
            return Rule("X", "X", vr)
        keyword = dictionary_keyword(tag)
        kinds = {known, vr}
        if keyword in _TEXT_OF_CONTENT:
            return Rule("C" if "descriptors" in self.clean else "D", "D", vr)
        if not kinds.isdisjoint(_TEMPORAL):
            return Rule(self._of_dates(), "X", vr)
        if keyword in _BEYOND or not kinds.isdisjoint(("PN", "AE")):
            return Rule("X", "X", vr)
        if "UI" in kinds and not any(kind in keyword for kind in _KINDS):
            return Rule("K" if "uids" in self.retain else "U", "U", vr)
        if not kinds.isdisjoint(_FREE_TEXT) and keyword not in _NOT_TEXT:
            return Rule("C" if "descriptors" in self.clean else "X", "X", vr)
        return Rule("", "", vr)

    def _of_dates(self) -> str:
        return "K" if "dates" in self.retain else "C" if self.shift_dates else "X"

    def codes(self, pixels: bool) -> list[tuple[str, str]]:
        """Return the codes (DCM) and meanings of what was done, PS3.16 CID 7050.

        Parameters
        ----------
        pixels : bool
            Whether the pixels of this image were cleaned.

        Examples
        --------
        >>> [code for code, _ in Settings(shift_dates=True).codes(pixels=False)]
        ['113100', '113107']
        """
        done = self.options if pixels else self.options - {"pixels"}
        return [_BASIC_PROFILE, *sorted(_CODES[option] for option in done)]

    def methods(self, pixels: bool) -> list[str]:
        """Return the same in words, for De-identification Method (0012,0063), 64 characters each.

        >>> Settings(retain={"uids"}).methods(pixels=False)
        ['DICOM PS3.15 2024b Basic Profile', 'Retain UIDs Option']
        """
        options = [meaning for _, meaning in self.codes(pixels)[1:]]
        return [f"DICOM PS3.15 {EDITION} Basic Profile", *(option[:64] for option in options)]

    @property
    def longitudinal(self) -> str:
        """Longitudinal Temporal Information Modified (0028,0303)."""
        if self.shift_dates:
            return "MODIFIED"
        return "UNMODIFIED" if "dates" in self.retain else "REMOVED"
