"""Decoding of image files, by content and never by the file's name."""

import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mapreduce_jobs.imaging import MAX_PIXELS
from mapreduce_jobs.imaging.description import described
from mapreduce_jobs.imaging.errors import BadParameter, DecodeError, UnsuitableImage
from mapreduce_jobs.imaging.formats import nifti, raster
from mapreduce_jobs.imaging.formats.file_formats import format_of
from mapreduce_jobs.imaging.image import Image

if TYPE_CHECKING:  # pydicom takes long to import
    from pydicom.dataset import Dataset

    from mapreduce_jobs.imaging.dicom.header import Beginning

__all__ = ["Decoded", "decode", "decode_file"]


_VALUES = ("stored", "modality", "suv", "display")


@dataclass(frozen=True, eq=False)
class Decoded:
    """An image with what its file says beside the pixels.

    Attributes
    ----------
    image : Image
    format : str
        As `format_of` returns it.
    header : Dataset, optional
        All elements of a DICOM file but those of its pixels; None for other formats.
    """

    image: Image
    format: str
    header: "Dataset | None" = None


def decode(
    data: bytes, max_pixels: int = MAX_PIXELS, values: str = "stored", window: int = 1
) -> Image:
    """Decode an image file: PNG, JPEG, TIFF, BMP, GIF, WebP, JPEG 2000, DICOM or NIfTI.

    Values, dtype and bit depth are the file's own: 16-bit stays 16-bit. Pages of a TIFF and
    pictures of an animation are frames. A palette becomes colour, CMYK becomes RGB, an alpha
    channel is left out, 1-bit images are 0 and 255, those of DICOM 0 and 1. The EXIF orientation is
    applied. The spacing is the pixel spacing of DICOM, else the density that a PNG, TIFF, JPEG or
    JPEG 2000 states in a unit of length.

    Parameters
    ----------
    data : bytes
        The whole file.
    max_pixels : int, optional
        Most frames × rows × columns to decode; a larger image is not decoded at all.
    values : {"stored", "modality", "suv", "display"}, optional
        Which values grey pixels of DICOM and NIfTI get. ``"stored"``: those in the file.
        ``"modality"``: what they mean, such as Hounsfield units; `grey_values.modality` states the
        dtype and the unit. ``"suv"``: standardised uptake values of PET, see `suv`; what has none
        is refused. ``"display"``: grey levels of 8 or 16 bits, by the file's window;
        `grey_values.display` states which. Colour, and every other format, is the same in all but
        ``"suv"``.
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
        A DICOM file has no window of this number, or a file no standardised uptake values.
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
    return decode_file(data, max_pixels, values, window).image


def decode_file(
    data: bytes,
    max_pixels: int = MAX_PIXELS,
    values: str = "stored",
    window: int = 1,
    beginning: "Beginning | None" = None,
) -> Decoded:
    """Decode an image file as `decode` does, and return its format and header as well.

    Parameters
    ----------
    data, max_pixels, values, window
        As in `decode`, and so are the errors.
    beginning : Beginning, optional
        What `read_beginning` has read of the file, with all elements of its header: it is not read
        again, and becomes the header that is returned.

    Returns
    -------
    Decoded
    """
    if values not in _VALUES:
        raise BadParameter(f"values={values}: must be one of {', '.join(_VALUES)}")
    if window < 1:
        raise BadParameter(f"window={window}: windows are counted from 1")
    kind = beginning.format if beginning else format_of(data)
    with warnings.catch_warnings():
        # The libraries warn of oddities that they then cope with.
        warnings.simplefilter("ignore")
        try:
            if kind == "DICOM":
                from mapreduce_jobs.imaging.dicom import (
                    image_of_file,  # pydicom takes long to import
                )

                image, header = image_of_file.read(data, max_pixels, values, window, beginning)
                return Decoded(image, kind, header)
            if values == "suv":
                raise UnsuitableImage(f"it has no SUV: it is {kind}, and not DICOM of PET")
            if kind == "NIfTI":
                return Decoded(nifti.read(data, max_pixels, values, window), kind)
            return Decoded(described(raster.READERS[kind](data, max_pixels), data, kind), kind)
        except DecodeError as error:
            raise type(error)(f"{kind}: {error}") from error.__cause__
