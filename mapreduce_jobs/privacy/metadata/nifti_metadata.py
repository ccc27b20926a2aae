"""NIfTI-1 and NIfTI-2: the numbers of the header, and the voxels, stay."""

import math
import struct
import zlib
from typing import NamedTuple

from mapreduce_jobs.imaging.errors import Truncated
from mapreduce_jobs.imaging.formats.file_formats import GZIP
from mapreduce_jobs.imaging.formats.nifti import inflated
from mapreduce_jobs.imaging.formats.nifti_header import facts_of
from mapreduce_jobs.privacy.metadata.exif import AFTER_END

__all__ = ["strip"]

_LEVEL = 6


class _Header(NamedTuple):
    """Offsets in a header (nifti1.h, nifti2.h): of texts, and of where the voxels begin."""

    size: int
    texts: dict[str, tuple[int, int]]
    offset: int
    format: str


_HEADERS = {
    348: _Header(
        348,
        {
            "data_type": (4, 14),
            "db_name": (14, 32),
            "extents": (32, 38),
            "glmax and glmin": (140, 148),
            "descrip": (148, 228),
            "aux_file": (228, 252),
            "intent_name": (328, 344),
        },
        108,
        "f",
    ),
    540: _Header(
        540,
        {
            "descrip": (240, 320),
            "aux_file": (320, 344),
            "intent_name": (508, 524),
            "unused_str": (525, 540),
        },
        168,
        "q",
    ),
}


def strip(data: bytes) -> tuple[bytes, list[str]]:
    """Return a NIfTI file without texts and extensions, and the names of these.

    A gzipped file is gzipped anew, since its header is within: without name and time.

    Raises
    ------
    DecodeError
        It is not a whole NIfTI file.
    MissingExtra
        nibabel is not installed.
    """
    facts = facts_of(data)
    size = math.prod(facts.shape) * facts.samples * facts.dtype.itemsize
    is_gzipped = data.startswith(GZIP)
    content, has_more = inflated(data, 0, facts.offset + size) if is_gzipped else (data, False)
    if len(content) < facts.offset + size:
        raise Truncated("the file ends before its voxels do")
    order = "<" if int.from_bytes(content[:4], "little") in _HEADERS else ">"
    form = _HEADERS[struct.unpack_from(f"{order}i", content)[0]]
    header, removed = bytearray(content[: form.size]), []
    for name, (start, end) in form.texts.items():
        if any(header[start:end]):
            header[start:end] = bytes(end - start)
            removed.append(name)
    offset = form.size + 4
    if any(content[form.size : facts.offset]):
        removed.append("extensions")
    struct.pack_into(f"{order}{form.format}", header, form.offset, offset)
    if has_more or (not is_gzipped and len(content) > facts.offset + size):
        removed.append(AFTER_END)
    written = b"".join([header, bytes(4), content[facts.offset : facts.offset + size]])
    if not is_gzipped:
        return written, removed
    if data[3] or any(data[4:8]):
        removed.append("name and time of gzip")
    return _gzipped(written), removed


def _gzipped(data: bytes) -> bytes:
    compressor = zlib.compressobj(_LEVEL, zlib.DEFLATED, zlib.MAX_WBITS | 16)
    return compressor.compress(data) + compressor.flush()
