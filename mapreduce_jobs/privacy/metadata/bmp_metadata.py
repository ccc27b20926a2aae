"""BMP: header, palette and pixels stay, and nothing between them and behind them."""

import struct

from mapreduce_jobs.imaging.errors import CorruptImage, Truncated, Unsupported
from mapreduce_jobs.privacy.metadata.exif import AFTER_END, PROFILE

__all__ = ["strip"]

_FILE_HEADER, _OLD_HEADER, _OS2_HEADER, _INFO_HEADER, _PROFILE_HEADER = 14, 12, 64, 40, 124
_RAW, _RLE, _MASKED = (0, 3, 6), (1, 2), {3: 12, 6: 16}  # of masks behind the shortest header
_SRGB = b"BGRs"  # LCS_sRGB, the order of its bytes being the file's
_PROFILES = (b"DEBM", b"KNIL")  # PROFILE_EMBEDDED, PROFILE_LINKED


def strip(data: bytes) -> tuple[bytes, list[str]]:
    """Return a BMP without gaps, colour profile and what follows the pixels.

    Raises
    ------
    Truncated, CorruptImage
        It is not a whole BMP.
    Unsupported
        Its pixels are those of a PNG or JPEG, or of a compression of OS/2.
    """
    offset, size = struct.unpack_from("<II", data, 10)
    palette, pixels = _sizes(data, size, offset)
    start = _FILE_HEADER + size + palette
    if start > len(data) or offset + pixels > len(data):
        raise Truncated("the file ends before its pixels do")
    if offset < start:
        raise CorruptImage("its pixels begin within its header")
    removed = []
    if any(data[6:10]):
        removed.append("reserved bytes")
    header = bytearray(data[_FILE_HEADER:start])
    if size == _PROFILE_HEADER and header[56:60] in _PROFILES:
        header[56:60] = _SRGB
        removed.append(PROFILE)
    if size == _PROFILE_HEADER:
        header[112:124] = bytes(12)  # where the profile was, how long, reserved
    if offset > start:
        removed.append("data before the pixels")
    if offset + pixels < len(data):
        removed.append(AFTER_END)
    length = start + pixels
    first = struct.pack("<2sIII", b"BM", length, 0, start)
    return b"".join([first, header, data[offset : offset + pixels]]), removed


def _sizes(data: bytes, size: int, offset: int) -> tuple[int, int]:
    """Return the bytes of masks and palette, and those of the pixels."""
    if size == _OLD_HEADER:
        columns, rows, _, bits = struct.unpack_from("<4H", data, 18)
        compression, used, entry = 0, 0, 3
    else:
        columns, rows, _, bits, compression = struct.unpack_from("<iiHHI", data, 18)
        (used,) = struct.unpack_from("<I", data, 46)
        entry = 4
    if bits not in (1, 2, 4, 8, 16, 24, 32) or columns < 1 or not rows:
        raise CorruptImage("its header describes no image")
    if compression not in _RAW + _RLE or (size == _OS2_HEADER and compression == 3):
        raise Unsupported(f"a BMP of compression {compression}")
    masks = _MASKED.get(compression, 0) if size == _INFO_HEADER else 0
    colours = min(used, 1 << bits) or 1 << bits if bits <= 8 else 0
    if compression in _RLE:
        return masks + colours * entry, _behind_runs(data, offset, compression) - offset
    return masks + colours * entry, (columns * bits + 31) // 32 * 4 * abs(rows)


def _behind_runs(data: bytes, position: int, compression: int) -> int:
    """Return where run lengths have ended with the end of the bitmap."""
    while True:
        count, value = data[position], data[position + 1]
        position += 2
        if count:
            continue
        if value == 1:
            return position
        if value == 2:
            position += 2
        elif value > 2:  # so many pixels as they are, in whole words
            length = value if compression == 1 else (value + 1) // 2
            position += length + length % 2
