"""Formats of image files, recognised by their first bytes; needs the standard library alone."""

import re
import struct
import zlib
from typing import NamedTuple

from mapreduce_jobs.imaging.errors import EmptyFile, UnknownFormat

__all__ = [
    "ENDINGS",
    "GZIP",
    "JP2_BOXES",
    "JP2_CODESTREAM",
    "PNG_SIGNATURE",
    "NiftiKind",
    "format_of",
    "nifti_beginning",
    "nifti_kind",
    "sniff",
]

ENDINGS: dict[str, tuple[str, ...]] = {
    "PNG": (".png",),
    "JPEG": (".jpg", ".jpeg"),
    "TIFF": (".tiff", ".tif"),
    "BMP": (".bmp",),
    "GIF": (".gif",),
    "WebP": (".webp",),
    "JPEG 2000": (".jp2",),
    "DICOM": (".dcm",),
    "NIfTI": (".nii",),
}
"""Endings of the names of files of each format, the usual one first."""

PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
JP2_BOXES = b"\0\0\0\x0cjP  \r\n\x87\n"
JP2_CODESTREAM = b"\xff\x4f\xff\x51"
GZIP = b"\x1f\x8b"
"""The first bytes of a file that is compressed by gzip."""

_SIGNATURES: dict[str, tuple[bytes, ...]] = {
    "PNG": (PNG_SIGNATURE,),
    "JPEG": (b"\xff\xd8\xff",),
    "TIFF": (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"),  # the last two: BigTIFF
    "GIF": (b"GIF87a", b"GIF89a"),
    "JPEG 2000": (JP2_BOXES, JP2_CODESTREAM),
}
_BMP_HEADERS = (12, 40, 52, 56, 64, 108, 124)  # bytes

# First elements of a file without the 128-byte preamble: group 0002 or 0008, either byte order.
_FIRST_TAGS = tuple(
    struct.pack(order, group, element)
    for order in ("<HH", ">HH")
    for group, elements in ((2, (0, 1, 2)), (8, (0, 1, 5, 8, 0x12, 0x16, 0x18)))
    for element in elements
)

_NIFTI_HEADERS = {
    size.to_bytes(4, order): (version, size, "<" if order == "little" else ">")
    for order in ("little", "big")
    for version, size in ((1, 348), (2, 540))
}
_NIFTI_MAGIC = {
    1: (344, b"n+1\0", b"ni1\0"),
    2: (4, b"n+2\0\r\n\x1a\n", b"ni2\0\r\n\x1a\n"),
}  # where it is; of a single file; of a pair

_NOT_TEXT = re.compile(rb"[^\t\n\r\x20-\x7e\x80-\xff]")


def sniff(data: bytes) -> str | None:
    r"""Return the format of an image file.

    Parameters
    ----------
    data : bytes
        The file, or its beginning.

    Returns
    -------
    str or None
        ``"PNG"``, ``"JPEG"``, ``"TIFF"``, ``"BMP"``, ``"GIF"``, ``"WebP"``, ``"JPEG 2000"``,
        ``"DICOM"``, ``"NIfTI"``, or None.

    Examples
    --------
    >>> sniff(b"GIF89a" + bytes(20))
    'GIF'
    >>> sniff(b"Patient was seen") is None
    True
    """
    # DICOM first: the preamble of a DICOM file may be the header of a TIFF (PS3.10, 7.1).
    if data[128:132] == b"DICM" or data.startswith(_FIRST_TAGS):
        return "DICOM"
    if nifti_kind(nifti_beginning(data)) is not None:
        return "NIfTI"
    for name, signatures in _SIGNATURES.items():
        if data.startswith(signatures):
            return name
    if data.startswith(b"RIFF") and data[8:12] == b"WEBP":
        return "WebP"
    if data.startswith(b"BM") and int.from_bytes(data[14:18], "little") in _BMP_HEADERS:
        return "BMP"
    return None


def format_of(data: bytes) -> str:
    """Return the format of an image file, as `sniff` does; an unknown one is an error.

    Raises
    ------
    DecodeError
        `EmptyFile`, or `UnknownFormat`.
    """
    if not data:
        raise EmptyFile("the file is empty")
    name = sniff(data)
    if name is None:
        is_text = not _NOT_TEXT.search(data[:256])
        hint = "gzip" if data.startswith(GZIP) else "text" if is_text else "unknown"
        raise UnknownFormat(f"not an image of a known format (the content is {hint})")
    return name


class NiftiKind(NamedTuple):
    """The variant of a NIfTI file.

    Attributes
    ----------
    version : int
        1 or 2.
    size : int
        Bytes of the header.
    order : {"<", ">"}
        Order of bytes.
    is_pair : bool
        Whether the voxels are in another file.
    """

    version: int
    size: int
    order: str
    is_pair: bool


def nifti_beginning(data: bytes) -> bytes:
    """Return the first bytes of what may be NIfTI, inflated: as many as its header can have."""
    longest = max(size for _, size, _ in _NIFTI_HEADERS.values())
    if not data.startswith(GZIP):
        return data[:longest]
    # The header of gzip has at most a name and a note besides, of a few hundred bytes.
    rest, found = data[: 1 << 16], b""
    while rest.startswith(GZIP) and len(found) < longest:
        member = zlib.decompressobj(zlib.MAX_WBITS | 16)
        try:
            found += member.decompress(rest, longest - len(found))
        except zlib.error:
            break
        rest = member.unused_data.lstrip(b"\0")  # padding
    return found


def nifti_kind(beginning: bytes) -> NiftiKind | None:
    r"""Return the variant of NIfTI, from what `nifti_beginning` returns; None for another format.

    Examples
    --------
    >>> nifti_kind((348).to_bytes(4, "little") + bytes(340) + b"n+1\0")
    NiftiKind(version=1, size=348, order='<', is_pair=False)
    """
    found = _NIFTI_HEADERS.get(beginning[:4])
    if found is None:
        return None
    version, size, order = found
    position, single, pair = _NIFTI_MAGIC[version]
    magic = beginning[position : position + len(single)]
    return NiftiKind(version, size, order, magic == pair) if magic in (single, pair) else None
