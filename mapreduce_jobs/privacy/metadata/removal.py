"""Metadata of images that are not DICOM: taken out of the file, whose pixels are not touched.

A file is read by its container's own rules, and written again from the parts that decoding and
showing it need, as the tables of each module say. Compressed pixels are copied, never encoded
again. What is not known does not stay.

Two things stay, because pixels would be shown or measured wrongly without them: the orientation
(EXIF tag 274), alone, and the density. A colour profile (ICC) does not: it names the device, and
often whose it is.
"""

import struct
import warnings
from collections.abc import Callable

from mapreduce_jobs.imaging.errors import DecodeError, Truncated
from mapreduce_jobs.privacy.metadata import (
    bmp_metadata,
    gif_metadata,
    jp2_metadata,
    jpeg_metadata,
    nifti_metadata,
    png_metadata,
    tiff_metadata,
    webp_metadata,
)

__all__ = ["metadata", "strip"]

_STRIPPERS: dict[str, Callable[[bytes], tuple[bytes, list[str]]]] = {
    "PNG": png_metadata.strip,
    "JPEG": jpeg_metadata.strip,
    "TIFF": tiff_metadata.strip,
    "BMP": bmp_metadata.strip,
    "GIF": gif_metadata.strip,
    "WebP": webp_metadata.strip,
    "JPEG 2000": jp2_metadata.strip,
    "NIfTI": nifti_metadata.strip,
}


def strip(data: bytes, kind: str) -> tuple[bytes, list[str]]:
    r"""Remove everything from an image file that is not needed to show it.

    Parameters
    ----------
    data : bytes
        The whole file.
    kind : str
        Its format, as `format_of` returns it; any but DICOM.

    Returns
    -------
    data : bytes
        The file without it. `decode` makes the same image of both.
    removed : list of str
        What was removed, each once, by names of the format and never by content.

    Raises
    ------
    DecodeError
        The file is damaged, or of a kind that cannot be rewritten.

    Examples
    --------
    >>> from mapreduce_jobs.imaging.encode import encode
    >>> from mapreduce_jobs.imaging.image import Image
    >>> import numpy as np
    >>> image = Image(np.zeros((1, 2, 2), np.uint8), 8, notes={"patient": "Smith"})
    >>> stripped, removed = strip(encode(image, "png"), "PNG")
    >>> removed, b"Smith" in stripped
    (['iTXt'], False)
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of libraries, which quote values
        try:
            stripped, removed = _STRIPPERS[kind](data)
        except DecodeError as error:
            raise type(error)(f"{kind}: {error}") from error.__cause__
        except (struct.error, IndexError) as error:
            raise Truncated(f"{kind}: the file ends before the image does") from error
    return stripped, list(dict.fromkeys(removed))


def metadata(data: bytes, kind: str) -> list[str]:
    """Return what `strip` would remove from a file; parameters and errors are the same."""
    return strip(data, kind)[1]
