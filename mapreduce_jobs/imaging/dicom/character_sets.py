"""Text of DICOM elements in several character sets, between which escape sequences switch.

pydicom decodes one set at a time. In ISO/IEC 2022 there are two at once: that of bytes below 128
(G0) and that of bytes above (G1); a sequence changes one of them, and the end of a line, a value or
a component of a name brings back those that Specific Character Set (0008,0005) begins with (PS3.5
6.1.2.5.3).
"""

import re
from collections.abc import MutableSequence
from typing import Any

from pydicom import charset
from pydicom.hooks import hooks, raw_element_value

__all__ = ["decode", "register"]

_MULTI_BYTE = {b"$@": b"\x1b$@", b"$B": b"\x1b$B", b"$(D": b"\x1b$(D"}  # in G0: those of Japan
_SINGLE_BYTE = (b"(B", b"(J")  # in G0; ISO-IR 14 is read as ASCII, as most programs do
_G1 = {
    b"-A": "latin_1",
    b"-B": "iso8859_2",
    b"-C": "iso8859_3",
    b"-D": "iso8859_4",
    b"-F": "iso8859_7",
    b"-G": "iso8859_6",
    b"-H": "iso8859_8",
    b"-L": "iso8859_5",
    b"-M": "iso8859_9",
    b"-T": "tis_620",
    b"-b": "iso8859_15",
    b")I": "shift_jis",
    b"$)A": "gb2312",
    b"$)C": "euc_kr",
}
"""Python's encodings by their escape sequences (PS3.3, tables C.12-3 and C.12-4)."""

_ADDED = {"ISO_IR 203": "iso8859_15", "ISO 2022 IR 203": "iso8859_15", "ISO 2022 IR 58": "gb2312"}
_STAND_ALONE = ("UTF8", "GB18030", "GBK")  # which have no escape sequences
_PART = re.compile(
    rb"\x1b(\$[()].|\$[@AB]|[()-].)|[\x80-\xff]+|[\t\n\f\r]+|[\0-\x08\x0b\x0e-\x1a\x1c-\x7f]+|\x1b",
    re.DOTALL,
)
_CONTROLS = frozenset(b"\t\n\f\r")
_DELIMITERS = {
    "PN": _CONTROLS | {*b"\\^="},
    **dict.fromkeys(("LO", "SH", "UC"), _CONTROLS | {*b"\\"}),
    **dict.fromkeys(("LT", "ST", "UT"), _CONTROLS),
}


def decode(value: bytes, first: str, vr: str) -> str:
    r"""Decode text with escape sequences; what cannot be decoded becomes U+FFFD.

    Parameters
    ----------
    value : bytes
        As it is in the file.
    first : str
        Python's encoding of the first value of Specific Character Set.
    vr : str
        Value representation of text: PN, LO, SH, UC, LT, ST or UT.

    Returns
    -------
    str

    Examples
    --------
    The name of PS3.5 K.2, in Latin letters and in GB 2312:

    >>> decode(b"Zhang^XiaoDong=\x1b$)A\xd5\xc5^\x1b$)A\xd0\xa1\xb6\xab=", "latin_1", "PN")
    'Zhang^XiaoDong=张^小东='
    """
    made = []
    delimiters = _DELIMITERS[vr]
    g0, g1 = b"", first
    for found in _PART.finditer(value):
        part, sequence = found[0], found[1]
        if sequence in _MULTI_BYTE:
            g0 = _MULTI_BYTE[sequence]
        elif sequence in _SINGLE_BYTE:
            g0 = b""
        elif sequence in _G1:
            g1 = _G1[sequence]
        elif part[0] >= 0x80:
            made.append(part.decode(g1, "replace"))
        elif g0 and part[0] not in _CONTROLS:
            made.append((g0 + part).decode("iso2022_jp_2", "replace"))
        else:
            made.append(part.decode("ascii").replace("\x1b", "\ufffd"))
            if not delimiters.isdisjoint(part):
                g0, g1 = b"", first
    return "".join(made)


def register() -> None:
    """Let pydicom read text in this way, and write the character sets that it does not know."""
    charset.python_encoding.update(_ADDED)
    for sequence, encoding in ((b"-b", "iso8859_15"), (b"$)A", "gb2312")):
        charset.CODES_TO_ENCODINGS[b"\x1b" + sequence] = encoding
        charset.ENCODINGS_TO_CODES[encoding] = b"\x1b" + sequence
    hooks.register_callback("raw_element_value", _value)


def _value(
    raw: Any,
    data: dict[str, Any],
    *,
    encoding: str | MutableSequence[str] | None = None,
    **more: Any,
) -> None:
    """Convert an element as pydicom does; text with escape sequences is decoded here first."""
    vr = data["VR"]
    if vr in _DELIMITERS and isinstance(raw.value, bytes) and b"\x1b" in raw.value:
        several = [encoding] if isinstance(encoding, str) else encoding
        first = several[0] if several else charset.default_encoding
        if first not in _STAND_ALONE:
            text = decode(raw.value, first, vr).encode()
            raw, encoding = raw._replace(value=text, length=len(text)), ["UTF8"]
    raw_element_value(raw, data, encoding=encoding, **more)
