"""Frames of compressed DICOM, checked and decoded: each transfer syntax by one decoder.

==================================== ===================================================
transfer syntax                      decoder
==================================== ===================================================
RLE                                  imagecodecs, of each segment
JPEG of 8 bits                       Pillow (libjpeg-turbo)
JPEG Extended of 12 bits             imagecodecs (libjpeg-turbo)
JPEG Lossless                        imagecodecs (libjpeg-turbo), checked; `jpeg_lossless`
                                     what has restarts or looks damaged
JPEG-LS                              imagecodecs (CharLS)
JPEG 2000, HTJ2K                     imagecodecs (OpenJPEG)
==================================== ===================================================

What is neither compressed nor deflated needs none. pydicom itself would try one plug-in after the
other, so that what a damaged file gives would depend on what is installed. Not among them are
gdcm, and `jpegsof3` and OpenJPH of imagecodecs, which on damaged files end the process, and libjpeg
of pylibjpeg, which has the GPL as its licence.
"""

import io
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import imagecodecs
import numpy as np
import numpy.typing as npt
from pydicom.dataset import FileDataset
from pydicom.encaps import generate_fragments, generate_frames, parse_basic_offsets
from pydicom.pixels.decoders.base import DecodeRunner
from pydicom.pixels.processing import convert_color_space
from pydicom.uid import (
    UID,
    JPEG2000TransferSyntaxes,
    JPEGExtended12Bit,
    JPEGLossless,
    JPEGLosslessSV1,
    JPEGLSTransferSyntaxes,
    RLELossless,
)

from mapreduce_jobs.imaging.codecs import jpeg_lossless, rle
from mapreduce_jobs.imaging.dicom.file import Layout
from mapreduce_jobs.imaging.dicom.pixels import codestream
from mapreduce_jobs.imaging.errors import CorruptImage, Truncated
from mapreduce_jobs.imaging.image import Pixels

__all__ = ["decoded", "frames", "is_decoded_here"]

_Samples = npt.NDArray[Any]
_DECODERS: dict[UID, Callable[[bytes], _Samples]] = {
    JPEGExtended12Bit: imagecodecs.jpeg8_decode,
    **dict.fromkeys((JPEGLossless, JPEGLosslessSV1), jpeg_lossless.decode),
    **dict.fromkeys(JPEGLSTransferSyntaxes, imagecodecs.jpegls_decode),
    **dict.fromkeys(JPEG2000TransferSyntaxes, imagecodecs.jpeg2k_decode),
}
_RCT_OR_ICT = ("YBR_RCT", "YBR_ICT")  # which a decoder of JPEG 2000 turns into RGB
_LUMA_AND_CHROMA = ("YBR_FULL", "YBR_FULL_422")
_EXTENDED_OFFSET = 8  # bytes of one


def is_decoded_here(syntax: UID, layout: Layout) -> bool:
    """Return whether `decoded` is for a transfer syntax; pydicom and Pillow decode the others."""
    if syntax == JPEGExtended12Bit and layout.bits <= 8:
        return False
    return syntax == RLELossless or syntax in _DECODERS


def frames(
    dataset: FileDataset, syntax: UID, layout: Layout
) -> Iterator[tuple[bytes, codestream.Coding]]:
    """Iterate over the compressed frames and how they are coded; each is checked.

    Parameters
    ----------
    dataset : FileDataset
        With its Pixel Data.
    syntax : UID
        Transfer syntax.
    layout : Layout
        What the header says.

    Yields
    ------
    frame : bytes
        Its codestream.
    coding : Coding
        How it is coded.

    Raises
    ------
    DecodeError
        `Truncated`, or `CorruptImage`.
    Exception
        One of `READ_ERRORS`.
    """
    offsets = [
        dataset[keyword].value
        for keyword in ("ExtendedOffsetTable", "ExtendedOffsetTableLengths")
        if keyword in dataset
    ]
    file = io.BytesIO(dataset.PixelData)
    in_table = len(parse_basic_offsets(file))
    if offsets:
        in_table = len(offsets[0]) // _EXTENDED_OFFSET
    held = max(in_table, codestream.count(generate_fragments(file), syntax))
    if held > layout.frames:
        raise CorruptImage(f"it holds {held} frames, and the header says {layout.frames}")
    found = generate_frames(
        dataset.PixelData,
        number_of_frames=layout.frames,
        extended_offsets=(offsets[0], offsets[1]) if len(offsets) == 2 else None,
    )
    count = 0
    for count, frame in enumerate(found, 1):
        yield frame, codestream.check(frame, syntax, layout, f"frame {count}")
    if count < layout.frames:
        raise Truncated(f"it holds {count} of {layout.frames} frames")


def decoded(
    dataset: FileDataset,
    syntax: UID,
    layout: Layout,
    coded: Sequence[tuple[bytes, codestream.Coding]],
) -> tuple[Pixels, str]:
    """Decode frames; pydicom checks the header, and converts colour to RGB.

    Parameters
    ----------
    dataset : FileDataset
        Its header.
    syntax : UID
        Transfer syntax.
    layout : Layout
        What the header says.
    coded : sequence of (bytes, Coding)
        The frames, as `frames` has them.

    Returns
    -------
    pixels : ndarray, shape (frames, rows, columns, samples)
        Of the type that the header says.
    photometric : str
        Photometric Interpretation, with ``"RGB"`` for colour that has been converted.

    Raises
    ------
    DecodeError
        One of its kinds.
    Exception
        One of `READ_ERRORS`.
    """
    runner = DecodeRunner(syntax)
    runner.set_source(dataset)
    # Of compressed frames the codestream says how samples lie.
    options: dict[str, Any] = {"planar_configuration": 0, "bits_stored": layout.bits}
    runner.set_options(**options)
    runner.validate()
    shape = (layout.rows, layout.columns, layout.samples)
    pixels = np.empty((layout.frames, *shape), runner.pixel_dtype)
    for number, (frame, (data, _)) in enumerate(zip(pixels, coded, strict=True), 1):
        found = _frame(data, syntax, layout, f"frame {number}").reshape(shape)
        frame[...] = found.view(f"{pixels.dtype.kind}{found.dtype.itemsize}")
    if _has_another_sign(syntax, layout, pixels.dtype.kind, found.dtype.kind):
        unused = 8 * pixels.dtype.itemsize - coded[-1][1].bits
        pixels <<= unused
        pixels >>= unused
    photometric = layout.photometric
    if photometric in _LUMA_AND_CHROMA:
        return convert_color_space(pixels, photometric, "RGB"), "RGB"
    if syntax in JPEG2000TransferSyntaxes and photometric in _RCT_OR_ICT:
        photometric = "RGB"
    return pixels, photometric


def _frame(data: bytes, syntax: UID, layout: Layout, name: str) -> _Samples:
    if syntax == RLELossless:
        size = layout.allocated // 8
        return rle.decode(data, layout.rows, layout.columns, layout.samples, size, name)
    return _DECODERS[syntax](data)


def _has_another_sign(syntax: UID, layout: Layout, kind: str, coded: str) -> bool:
    """Return whether samples have the sign of the codestream, and not that of the header."""
    if syntax in JPEGLSTransferSyntaxes:  # which knows none
        return kind == "i"
    return syntax in JPEG2000TransferSyntaxes and layout.is_grey and kind != coded
