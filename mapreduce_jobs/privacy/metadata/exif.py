"""Names of what is removed from all formats, and the EXIF data that stay."""

import struct

__all__ = ["AFTER_END", "PROFILE", "exif_of"]

AFTER_END = "data after the end"
PROFILE = "colour profile"
"""How all formats call what they have in common."""

_ORIENTATION, _SHORT = 274, 3
_TURNED = range(2, 9)


def exif_of(orientation: int) -> bytes:
    r"""Return EXIF data of an orientation (EXIF 2.32, 4.6); empty if it is upright.

    >>> exif_of(1), exif_of(6)[:4]
    (b'', b'II*\x00')
    """
    if orientation not in _TURNED:
        return b""
    entry = struct.pack("<HHIHH", _ORIENTATION, _SHORT, 1, orientation, 0)
    return b"II*\0" + struct.pack("<IH", 8, 1) + entry + bytes(4)
