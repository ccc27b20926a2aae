"""From bytes to an `Image`, by content and never by the file's name."""

import warnings

from mapreduce_jobs.imaging import MAX_PIXELS, nifti, raster
from mapreduce_jobs.imaging.errors import BadParameter, DecodeError
from mapreduce_jobs.imaging.file_formats import format_of
from mapreduce_jobs.imaging.image import Image

__all__ = ["decode"]


_VALUES = ("stored", "modality", "display")


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
