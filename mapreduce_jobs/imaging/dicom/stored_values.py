"""The stored values of a DICOM file, by pydicom and one of its plug-ins.

=========================== ========= ================================================
transfer syntax             plug-in   package
=========================== ========= ================================================
uncompressed, deflated, RLE pydicom
JPEG Lossless               none      it is done in `jpeg_lossless`
JPEG of 8 bits              pillow
JPEG Extended of 12 bits    pylibjpeg pylibjpeg-libjpeg, in no extra
JPEG-LS                     pyjpegls  pyjpegls, extra dicom (Python 3.13 or older)
JPEG 2000, HTJ2K            pylibjpeg pylibjpeg and pylibjpeg-openjpeg, extra dicom
=========================== ========= ================================================

Without pylibjpeg-openjpeg, Pillow decodes JPEG 2000 of one sample a pixel, or of 8 bits. pydicom
itself would try one plug-in after the other, so that what a damaged file gives depends on what is
installed. gdcm is not among them: on damaged files it ends the process. pylibjpeg-libjpeg has the
GPL as its licence: whoever wants it installs it.
"""

import io
import math
from collections.abc import Iterable, Iterator
from copy import copy
from typing import Any

import numpy as np
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset, FileDataset
from pydicom.encaps import generate_fragments, generate_frames, parse_basic_offsets
from pydicom.pixels.common import PhotometricInterpretation
from pydicom.pixels.decoders.base import Decoder, get_decoder
from pydicom.pixels.processing import apply_color_lut
from pydicom.uid import (
    UID,
    ExplicitVRLittleEndian,
    JPEG2000TransferSyntaxes,
    JPEGBaseline8Bit,
    JPEGExtended12Bit,
    JPEGLossless,
    JPEGLosslessSV1,
    JPEGLSTransferSyntaxes,
    RLELossless,
)

from mapreduce_jobs.imaging.dicom import codestream
from mapreduce_jobs.imaging.dicom.element_values import READ_ERRORS, named, reason, shown
from mapreduce_jobs.imaging.dicom.file import Layout
from mapreduce_jobs.imaging.dicom.lookup_table import descriptor
from mapreduce_jobs.imaging.errors import CorruptImage, MissingExtra, Truncated, Unsupported
from mapreduce_jobs.imaging.formats import jpeg_lossless
from mapreduce_jobs.imaging.formats.samples import pillow_limit
from mapreduce_jobs.imaging.image import Pixels

__all__ = ["coloured", "stored_values"]

_LOSSLESS = (JPEGLossless, JPEGLosslessSV1)
_PLUGINS: dict[UID, str] = {
    JPEGBaseline8Bit: "pillow",
    JPEGExtended12Bit: "pillow",
    **dict.fromkeys(JPEGLSTransferSyntaxes, "pyjpegls"),
    **dict.fromkeys(JPEG2000TransferSyntaxes, "pylibjpeg"),
    RLELossless: "pydicom",
}
_PACKAGES = {"pyjpegls": "pyjpegls (Python 3.13 or older)", "pylibjpeg": "pylibjpeg-openjpeg"}
_PALETTE, _DESCRIPTOR = "PALETTE COLOR", 0x00281101  # of red, which is that of all three
_KNOWN = {*PhotometricInterpretation, _PALETTE}
_DECODED = ("MONOCHROME1", "MONOCHROME2", "RGB")
_LUMA_AND_CHROMA = ("YBR_FULL", "YBR_FULL_422")
_EXTENDED_OFFSET = 8  # bytes of one
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
    MissingExtra
        The decoder of the transfer syntax is not installed.
    """
    syntax = _transfer_syntax(dataset)
    try:
        decoder = get_decoder(syntax)
    except NotImplementedError as error:
        name = syntax.name if syntax.name != syntax else shown(str(syntax))
        raise Unsupported(f"its transfer syntax, {name}, cannot be decoded") from error
    plugin = _plugin(decoder, layout)
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
            frames, codings = zip(*_frames(dataset, syntax, layout), strict=True)
            coding = codings[-1]
        else:
            layout.check_excess(data)
        if syntax in _LOSSLESS:
            pixels, facts = _lossless(frames, dataset, layout)
        else:
            with pillow_limit(layout.rows * layout.columns):
                pixels, facts = decoder.as_array(
                    dataset,
                    decoding_plugin=plugin,
                    allow_excess_frames=False,  # type: ignore[arg-type]
                    correct_unused_bits=False,  # type: ignore[arg-type]
                )
        if layout.element == "PixelData" and layout.allocated > 1:
            pixels = _bits_stored(pixels, layout, coding)
        photometric = facts["photometric_interpretation"]
        if photometric == _PALETTE:
            pixels = coloured(pixels, dataset)
        elif photometric not in _DECODED:
            raise Unsupported(f"colour of the kind {photometric}")
        return _shaped(pixels, layout)
    except READ_ERRORS as error:
        if not decoder.is_encapsulated and present < layout.size:
            raise Truncated("the file ends before its pixels do") from error
        raise CorruptImage(f"the pixels cannot be read: {_reason(error, plugin)}") from error


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


def _plugin(decoder: Decoder, layout: Layout) -> str:
    """Return the name of the plug-in that decodes a file; empty if none is needed."""
    syntax = decoder.UID
    if not decoder.is_encapsulated or syntax in _LOSSLESS:
        return ""
    if syntax == JPEGExtended12Bit and layout.bits > 8:
        if "pylibjpeg" not in decoder.available_plugins:
            raise Unsupported(
                f"{syntax.name} of {layout.bits} bits: only pylibjpeg-libjpeg decodes it, whose"
                " licence is the GPL: pip install pylibjpeg-libjpeg"
            )
        return "pylibjpeg"
    plugin = _PLUGINS[syntax]
    if plugin in decoder.available_plugins:
        return plugin
    if "pillow" in decoder.available_plugins and (layout.samples == 1 or layout.bits <= 8):
        return "pillow"
    raise MissingExtra(f"DICOM: {syntax.name}", _PACKAGES[plugin], "dicom")


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


def _frames(
    dataset: FileDataset, syntax: UID, layout: Layout
) -> Iterator[tuple[bytes, codestream.Coding]]:
    """Iterate over the compressed frames and how they are coded; each is checked."""
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


def _lossless(
    coded: Iterable[bytes], dataset: FileDataset, layout: Layout
) -> tuple[Pixels, dict[str, str | int]]:
    """Decode lossless JPEG; pydicom does the rest, as if it had never been compressed."""
    frames = [jpeg_lossless.decode(frame) for frame in coded]
    bits = max(frame.dtype.itemsize for frame in frames) * 8
    pixels = np.stack(frames).astype(f"<u{bits // 8}", copy=False)
    options: dict[str, Any] = {
        "number_of_frames": layout.frames,
        "rows": layout.rows,
        "columns": layout.columns,
        "samples_per_pixel": layout.samples,
        "bits_allocated": bits,
        "bits_stored": min(layout.bits, bits),
        "photometric_interpretation": layout.photometric.removesuffix("_422"),
        "pixel_representation": dataset.PixelRepresentation,
        "planar_configuration": 0,
        "pixel_keyword": layout.element,
        "correct_unused_bits": False,
    }
    return get_decoder(ExplicitVRLittleEndian).as_array(pixels.tobytes(), **options)


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


def _reason(error: BaseException, plugin: str) -> str:
    """Return the reason of the one plug-in there was, which pydicom has in the last line."""
    lines = str(error).splitlines()
    if plugin and len(lines) > 1:
        return reason(ValueError(lines[-1].strip().removeprefix(f"{plugin}: ")))
    return reason(error)
