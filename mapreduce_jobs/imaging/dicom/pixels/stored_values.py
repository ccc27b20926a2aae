"""The stored values of a DICOM file, by pydicom and the decoders of `compressed_frames`."""

import math
from copy import copy

import numpy as np
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset, FileDataset
from pydicom.pixels.common import PhotometricInterpretation
from pydicom.pixels.decoders.base import get_decoder
from pydicom.pixels.processing import apply_color_lut
from pydicom.uid import UID

from mapreduce_jobs.imaging.dicom.element_values import READ_ERRORS, named, reason, shown
from mapreduce_jobs.imaging.dicom.file import Layout
from mapreduce_jobs.imaging.dicom.lookup_table import descriptor
from mapreduce_jobs.imaging.dicom.pixels import codestream
from mapreduce_jobs.imaging.dicom.pixels.compressed_frames import decoded, frames, is_decoded_here
from mapreduce_jobs.imaging.errors import CorruptImage, Truncated, Unsupported
from mapreduce_jobs.imaging.formats.samples import pillow_limit
from mapreduce_jobs.imaging.image import Pixels

__all__ = ["coloured", "stored_values"]

_PALETTE, _DESCRIPTOR = "PALETTE COLOR", 0x00281101  # of red, which is that of all three
_KNOWN = {*PhotometricInterpretation, _PALETTE}
_DECODED = ("MONOCHROME1", "MONOCHROME2", "RGB")
_LUMA_AND_CHROMA = ("YBR_FULL", "YBR_FULL_422")
_MAX_WRAPPED = 256  # entries of a palette of 8 bits, beyond which pydicom's arithmetic overflows


def stored_values(dataset: FileDataset, layout: Layout) -> Pixels:
    """Return the pixels of a file as they are stored; colour in RGB, a palette applied.

    A value is what lies in the bits stored, up to High Bit (0028,0102): what lies beside them, such
    as an overlay in older files, does not count (PS3.5, 8.1.1). Where lossy compression lets a
    value overflow them, it becomes the greatest or the least that they hold.

    Parameters
    ----------
    dataset : FileDataset
        As `open_dataset` gives it.
    layout : Layout
        Likewise.

    Returns
    -------
    ndarray
        Shape frames × rows × columns, or frames × rows × columns × 3.

    Raises
    ------
    DecodeError
        One of its kinds.
    """
    syntax = _transfer_syntax(dataset)
    try:
        decoder = get_decoder(syntax)
    except NotImplementedError as error:
        name = syntax.name if syntax.name != syntax else shown(str(syntax))
        raise Unsupported(f"its transfer syntax, {name}, cannot be decoded") from error
    if layout.photometric not in _KNOWN:
        raise CorruptImage(
            f"its {named('PhotometricInterpretation')} is {shown(layout.photometric)}"
        )
    if layout.photometric in _LUMA_AND_CHROMA and layout.allocated > 8:
        raise Unsupported(f"colour of the kind {layout.photometric} with more than 8 bits")
    present = layout.size
    coding = codestream.Coding(layout.allocated, is_lossy=False)
    try:
        data = dataset[layout.element].value or b""
        present = len(data)
        if decoder.is_encapsulated:  # each frame is checked before a decoder sees one
            coded = list(frames(dataset, syntax, layout))
            coding = coded[-1][1]
        else:
            layout.check_excess(data)
        if is_decoded_here(syntax, layout):
            pixels, photometric = decoded(dataset, syntax, layout, coded)
        else:
            with pillow_limit(layout.rows * layout.columns):
                pixels, facts = decoder.as_array(
                    dataset,
                    decoding_plugin="pillow" if decoder.is_encapsulated else "",
                    allow_excess_frames=False,  # type: ignore[arg-type]
                    correct_unused_bits=False,  # type: ignore[arg-type]
                )
            photometric = str(facts["photometric_interpretation"])
        if layout.element == "PixelData" and layout.allocated > 1:
            pixels = _bits_stored(pixels, layout, coding)
        if photometric == _PALETTE:
            pixels = coloured(pixels, dataset)
        elif photometric not in _DECODED:
            raise Unsupported(f"colour of the kind {photometric}")
        return _shaped(pixels, layout)
    except READ_ERRORS as error:
        if not decoder.is_encapsulated and present < layout.size:
            raise Truncated("the file ends before its pixels do") from error
        raise CorruptImage(f"the pixels cannot be read: {_reason(error)}") from error


def _shaped(pixels: Pixels, layout: Layout) -> Pixels:
    shape = layout.frames, layout.rows, layout.columns
    # OpenCV takes every order of bytes for the machine's own.
    pixels = pixels.astype(pixels.dtype.newbyteorder("="), copy=False)
    if pixels.size == math.prod(shape):
        return pixels.reshape(shape)
    return pixels.reshape((*shape, -1))[..., :3]


def _transfer_syntax(dataset: FileDataset) -> UID:
    syntax = dataset.file_meta.get("TransferSyntaxUID")
    if not syntax:
        raise CorruptImage("the header has no Transfer Syntax UID (0002,0010)")
    return UID(str(syntax))


def _bits_stored(pixels: Pixels, layout: Layout, coding: codestream.Coding) -> Pixels:
    """Return what lies in the bits stored of each sample, with its sign."""
    size = pixels.dtype.itemsize * 8
    # A codestream may hold the samples with all their bits, or the values in them.
    low = layout.high + 1 - layout.bits if coding.bits > layout.high else 0
    if not 0 < low + layout.bits <= size or layout.bits == size:
        return pixels
    if coding.is_lossy:
        least = -1 << (layout.bits - 1) if pixels.dtype.kind == "i" else 0
        return np.clip(pixels >> low, least, least + (1 << layout.bits) - 1)
    raised = pixels << (size - low - layout.bits)
    raised >>= size - layout.bits
    return raised


def coloured(pixels: Pixels, dataset: Dataset) -> Pixels:
    """Apply a palette (PS3.3 C.7.6.3.1.5, segmented C.7.9.2).

    Parameters
    ----------
    pixels : ndarray of int
        Indices of the palette, signed or not as the file's pixels are.
    dataset : Dataset
        The header.

    Returns
    -------
    ndarray
        Of the shape of the indices, with red, green and blue of each.

    Raises
    ------
    Unsupported
        The palette is of a kind that cannot be read.
    Exception
        One of `READ_ERRORS`.
    """
    entries, first, bits = descriptor(
        dataset.RedPaletteColorLookupTableDescriptor, pixels.dtype.kind == "i"
    )
    if bits == 8 and entries > _MAX_WRAPPED:
        raise Unsupported(f"a palette of {entries} entries of 8 bits")
    palette = copy(dataset)  # of which the header that is returned keeps its own
    palette[_DESCRIPTOR] = DataElement(_DESCRIPTOR, "SL", [entries, first, bits])
    # Beyond its ends pydicom's arithmetic overflows.
    return apply_color_lut(np.clip(pixels.astype(np.int64), first, first + entries - 1), palette)


def _reason(error: BaseException) -> str:
    """Return the reason, which of the one plug-in there is pydicom has in the last line."""
    lines = str(error).splitlines()
    if len(lines) > 1:
        return reason(ValueError(lines[-1].strip().removeprefix("pillow: ")))
    return reason(error)
