"""GIF (89a): the pictures, their palettes and their times stay."""

from mapreduce_jobs.imaging.errors import CorruptImage, Truncated
from mapreduce_jobs.privacy.metadata.exif import AFTER_END

__all__ = ["strip"]

_PICTURE, _EXTENSION, _TRAILER = 0x2C, 0x21, 0x3B
_CONTROL, _COMMENT, _TEXT, _APPLICATION = 0xF9, 0xFE, 0x01, 0xFF
_LOOPS = (b"\x0bNETSCAPE2.0\x03\x01", b"\x0bANIMEXTS1.0\x03\x01")
_LOOP_LENGTH = 17  # with the number of times, and the end
_NAMES = {_COMMENT: "comment", _TEXT: "plain text", _APPLICATION: "application extension"}


def strip(data: bytes) -> tuple[bytes, list[str]]:
    """Return a GIF without comments, texts and applications' data, save for loops.

    Raises
    ------
    Truncated, CorruptImage
        It is not a whole GIF.
    """
    position = 13 + _palette(data[10])
    parts, removed = [data[:position]], []
    control = b""  # of the picture or text that follows
    while True:
        start = position
        if start >= len(data):
            raise Truncated("the file ends before its trailer")
        kind = data[start]
        if kind == _TRAILER:
            break
        if kind == _PICTURE:
            position = _behind_blocks(data, start + 11 + _palette(data[start + 9]))
            parts += [control, data[start:position]]
            control = b""
            continue
        if kind != _EXTENSION:
            raise CorruptImage("it has a block that GIF does not know")
        label = data[start + 1]
        position = _behind_blocks(data, start + 2)
        block = data[start:position]
        if label == _CONTROL and len(block) == 8:
            control = block
        elif block[2:].startswith(_LOOPS) and len(block) == 2 + _LOOP_LENGTH:
            parts.append(block)
        else:
            removed.append(_NAMES.get(label, "unknown extension"))
            control = b"" if label == _TEXT else control
    if start + 1 < len(data):
        removed.append(AFTER_END)
    return b"".join([*parts, data[start : start + 1]]), removed


def _palette(flags: int) -> int:
    """Return the bytes of the palette that flags announce."""
    return 3 << (flags & 7) + 1 if flags & 0x80 else 0


def _behind_blocks(data: bytes, position: int) -> int:
    """Return where sub-blocks, each with its length before it, have ended with an empty one."""
    while length := data[position]:
        position += 1 + length
    return position + 1
