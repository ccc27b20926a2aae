"""From bytes to an `Image`, by content and never by the file's name."""

import re
import struct
import warnings

from mapreduce_jobs.imaging import MAX_PIXELS, raster
from mapreduce_jobs.imaging.errors import DecodeError, EmptyFile, UnknownFormat
from mapreduce_jobs.imaging.image import Image

__all__ = ["decode", "sniff"]


# First elements of a file without the 128-byte preamble: group 0002 or 0008, either byte order.
_FIRST_TAGS = tuple(
    struct.pack(order, group, element)
    for order in ("<HH", ">HH")
    for group, elements in ((2, (0, 1, 2)), (8, (0, 1, 5, 8, 0x12, 0x16, 0x18)))
    for element in elements
)


_NOT_TEXT = re.compile(rb"[^\t\n\r\x20-\x7e\x80-\xff]")


def sniff(data: bytes) -> str | None:
    r"""Tell the format of an image by its first bytes.

    Returns
    -------
    str or None
        ``"PNG"``, ``"JPEG"``, ``"TIFF"``, ``"BMP"``, ``"GIF"``, ``"WebP"``, ``"JPEG 2000"``,
        ``"DICOM"``, or None.

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
    return raster.sniff(data)


def decode(data: bytes, max_pixels: int = MAX_PIXELS) -> Image:
    """Decode an image file: PNG, JPEG, TIFF, BMP, GIF, WebP, JPEG 2000 or DICOM.

    Values, dtype and bit depth are the file's own: 16-bit stays 16-bit. Pages of a TIFF and
    pictures of an animation are frames. A palette becomes colour, CMYK becomes RGB, an alpha
    channel is left out, 1-bit images are 0 and 255. The EXIF orientation is applied. The spacing
    is the pixel spacing of DICOM, else the density that a PNG, TIFF, JPEG or JPEG 2000 tells in a
    unit of length.

    Parameters
    ----------
    data : bytes
        The whole file.
    max_pixels : int, optional
        Most frames × rows × columns to decode; a larger image is not decoded at all.

    Returns
    -------
    Image

    Raises
    ------
    DecodeError
        One of its kinds, whose message is the reason.
    """
    if not data:
        raise EmptyFile("the file is empty")
    kind = sniff(data)
    if kind is None:
        is_text = not _NOT_TEXT.search(data[:256])
        hint = "text" if is_text else "unknown"
        raise UnknownFormat(f"not an image of a known format (the content is {hint})")
    read = _read_dicom if kind == "DICOM" else raster.READERS[kind]
    with warnings.catch_warnings():
        # The libraries warn of oddities that they then cope with.
        warnings.simplefilter("ignore")
        try:
            return read(data, max_pixels)
        except DecodeError as error:
            raise type(error)(f"{kind}: {error}") from error.__cause__


def _read_dicom(data: bytes, max_pixels: int) -> Image:
    from mapreduce_jobs.imaging.dicom import read  # pydicom takes long to import

    return read(data, max_pixels)
