"""From bytes to an `Image`, by content and never by the file's name."""

import re
import struct
import warnings

from mapreduce_jobs.imaging import MAX_PIXELS, nifti, nifti_header, raster
from mapreduce_jobs.imaging.errors import BadParameter, DecodeError, EmptyFile, UnknownFormat
from mapreduce_jobs.imaging.image import Image

__all__ = ["decode", "format_of", "sniff"]


# First elements of a file without the 128-byte preamble: group 0002 or 0008, either byte order.
_FIRST_TAGS = tuple(
    struct.pack(order, group, element)
    for order in ("<HH", ">HH")
    for group, elements in ((2, (0, 1, 2)), (8, (0, 1, 5, 8, 0x12, 0x16, 0x18)))
    for element in elements
)


_VALUES = ("stored", "modality", "display")
_NOT_TEXT = re.compile(rb"[^\t\n\r\x20-\x7e\x80-\xff]")


def sniff(data: bytes) -> str | None:
    r"""Tell the format of an image by its first bytes.

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
    return "NIfTI" if nifti_header.sniff(data) else raster.sniff(data)


def format_of(data: bytes) -> str:
    """Return the format that `sniff` tells.

    Parameters
    ----------
    data : bytes
        The file, or its beginning.

    Raises
    ------
    DecodeError
        `EmptyFile`, or `UnknownFormat` if it is none.
    """
    if not data:
        raise EmptyFile("the file is empty")
    kind = sniff(data)
    if kind is None:
        is_text = not _NOT_TEXT.search(data[:256])
        hint = "gzip" if data.startswith(nifti_header.GZIP) else "text" if is_text else "unknown"
        raise UnknownFormat(f"not an image of a known format (the content is {hint})")
    return kind


def decode(
    data: bytes, max_pixels: int = MAX_PIXELS, values: str = "stored", window: int = 1
) -> Image:
    """Decode an image file: PNG, JPEG, TIFF, BMP, GIF, WebP, JPEG 2000, DICOM or NIfTI.

    Values, dtype and bit depth are the file's own: 16-bit stays 16-bit. Pages of a TIFF and
    pictures of an animation are frames. A palette becomes colour, CMYK becomes RGB, an alpha
    channel is left out, 1-bit images are 0 and 255, those of DICOM 0 and 1. The EXIF orientation is
    applied. The spacing is the pixel spacing of DICOM, else the density that a PNG, TIFF, JPEG or
    JPEG 2000 tells in a unit of length.

    Parameters
    ----------
    data : bytes
        The whole file.
    max_pixels : int, optional
        Most frames × rows × columns to decode; a larger image is not decoded at all.
    values : {"stored", "modality", "display"}, optional
        Which values grey pixels of DICOM and NIfTI get. ``"stored"``: those in the file.
        ``"modality"``: what they mean, such as Hounsfield units; `dicom_values.modality` tells the
        dtype and the unit. ``"display"``: grey levels of 8 or 16 bits, by the file's window;
        `dicom_values.display` tells which. Colour, and every other format, is the same in all
        three.
    window : int, optional
        For ``"display"``: which of the file's windows, counted from 1.

    Returns
    -------
    Image

    Raises
    ------
    DecodeError
        One of its kinds, whose message is the reason.
    UnsuitableImage
        A DICOM file has no window of this number.
    MissingExtra
        A package is not installed that this kind of file needs.
    BadParameter
        There are no such values, or no window can have this number.

    Examples
    --------
    >>> from pydicom.data import get_testdata_file
    >>> with open(get_testdata_file("CT_small.dcm"), "rb") as file:
    ...     data = file.read()
    >>> for values in ("stored", "modality"):  # the header says: slope 1, intercept -1024
    ...     image = decode(data, values=values)
    ...     print(image.pixels[0, 64, 64], image.pixels.dtype, image.unit)
    1928 int16 stored
    904 int16 HU
    """
    if values not in _VALUES:
        raise BadParameter(f"values={values}: must be one of {', '.join(_VALUES)}")
    if window < 1:
        raise BadParameter(f"window={window}: windows are counted from 1")
    kind = format_of(data)
    with warnings.catch_warnings():
        # The libraries warn of oddities that they then cope with.
        warnings.simplefilter("ignore")
        try:
            if kind == "DICOM":
                from mapreduce_jobs.imaging import dicom  # pydicom takes long to import

                return dicom.read(data, max_pixels, values, window)
            if kind == "NIfTI":
                return nifti.read(data, max_pixels, values, window)
            return raster.READERS[kind](data, max_pixels)
        except DecodeError as error:
            raise type(error)(f"{kind}: {error}") from error.__cause__
