"""A value lies in the bits up to High Bit; what lies beside them does not count (PS3.5 8.1.1)."""

import io
import sys

import numpy as np
import pydicom
import pytest
from pydicom.encaps import encapsulate
from pydicom.uid import (
    JPEG2000,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGLosslessSV1,
    JPEGLSLossless,
    JPEGLSNearLossless,
    RLELossless,
)

from mapreduce_jobs.imaging.decode import decode
from mapreduce_jobs.privacy.pixels.burned_in import blank
from mapreduce_jobs.privacy.pixels.rectangle import Rectangle
from tests.imaging.dicoms import file_of, header_of
from tests.imaging.lossless import encode as encode_lossless

NEEDS_PYJPEGLS = pytest.mark.skipif(
    sys.version_info >= (3, 14), reason="pyjpegls, which encodes here, has no wheel for Python 3.14"
)
RANDOM = np.random.default_rng(12)
VALUES = {
    "u": RANDOM.integers(0, 4096, (40, 48), np.int32),
    "i": RANDOM.integers(-2048, 2048, (40, 48), np.int32),
}
SYNTAXES = [
    ExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    RLELossless,
    JPEGLosslessSV1,
    JPEG2000Lossless,
    pytest.param(JPEGLSLossless, marks=NEEDS_PYJPEGLS),
]


def cells_of(kind, low, beside):
    """Return 16 bits a sample: the value from bit `low` on, and something in the bits beside it."""
    mask = 0xFFF << low
    others = RANDOM.integers(0, 1 << 16, (40, 48)) if beside else 0
    return ((VALUES[kind] << low) & mask | others & ~mask & 0xFFFF).astype(np.uint16)


def file_with(cells, kind, high, syntax, bits=16, **elements):
    """Return a file whose codestream, if any, has so many bits of each cell."""
    dataset = header_of(cells, BitsStored=12)
    dataset.PixelRepresentation = int(kind == "i")
    if syntax == ExplicitVRBigEndian:
        dataset.PixelData = cells.astype(">u2").tobytes()
    elif syntax == JPEGLosslessSV1:
        dataset.PixelData = encapsulate([encode_lossless(cells[..., np.newaxis], bits)])
    elif syntax != ExplicitVRLittleEndian:
        # As unsigned samples of these bits, which is what a coder sees of them.
        plain = header_of(cells, BitsStored=bits)
        plain.file_meta = pydicom.dataset.FileMetaDataset()
        plain.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
        plain.compress(syntax)
        dataset.PixelData = plain.PixelData
    if syntax.is_encapsulated:
        dataset["PixelData"].is_undefined_length = True
    dataset.HighBit = high
    for keyword, value in elements.items():
        setattr(dataset, keyword, value)
    return file_of(dataset, syntax)


@pytest.mark.parametrize("beside", [False, True])
@pytest.mark.parametrize("high", [11, 12, 15])
@pytest.mark.parametrize("kind", ["u", "i"])
@pytest.mark.parametrize("syntax", SYNTAXES)
def test_the_value_is_in_the_bits_up_to_high_bit(syntax, kind, high, beside):
    image = decode(file_with(cells_of(kind, high - 11, beside), kind, high, syntax))
    np.testing.assert_array_equal(image.pixels[0], VALUES[kind])
    assert (image.pixels.dtype, image.bits) == (f"{kind}2", 12)


@pytest.mark.parametrize("high", [11, 15])
@pytest.mark.parametrize("kind", ["u", "i"])
@pytest.mark.parametrize("syntax", SYNTAXES[3:])
def test_a_codestream_of_the_bits_stored_holds_the_values(syntax, kind, high):
    """Nothing is beside them there, whatever High Bit says of the cells they came from."""
    cells = (VALUES[kind] & 0xFFF).astype(np.uint16)
    image = decode(file_with(cells, kind, high, syntax, bits=12))
    np.testing.assert_array_equal(image.pixels[0], VALUES[kind])


@pytest.mark.parametrize("high", [None, 0, 10, 16])
def test_a_high_bit_that_cannot_be_is_the_highest_of_the_bits_stored(high):
    image = decode(file_with(cells_of("u", 0, beside=True), "u", high, ExplicitVRLittleEndian))
    np.testing.assert_array_equal(image.pixels[0], VALUES["u"])


def test_of_three_bytes_a_pixel():
    """Bits Stored 6 of 8: the upper bits of each sample."""
    colour = RANDOM.integers(0, 64, (5, 4, 3), np.uint8)
    dataset = header_of(colour[..., 0], BitsStored=6)
    dataset.PhotometricInterpretation, dataset.SamplesPerPixel = "RGB", 3
    dataset.PlanarConfiguration, dataset.HighBit = 0, 7
    dataset.PixelData = (colour << 2 | 3).tobytes()
    np.testing.assert_array_equal(decode(file_of(dataset)).pixels[0], colour)


@pytest.mark.parametrize(
    ("syntax", "options"),
    [
        (JPEG2000, {"j2k_cr": [20]}),
        pytest.param(JPEGLSNearLossless, {"jls_error": 9}, marks=NEEDS_PYJPEGLS),
    ],
)
def test_lossy_compression_that_overflows_them_is_clipped(syntax, options):
    """Not wrapped round, which would make the brightest pixels black."""
    pixels = RANDOM.integers(4080, 4096, (64, 64), np.uint16)
    pixels[32:] = RANDOM.choice(np.uint16([0, 4095]), (32, 64))
    plain = header_of(pixels)
    plain.file_meta = pydicom.dataset.FileMetaDataset()
    plain.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    plain.compress(syntax, **options)
    found = decode(file_of(plain, syntax)).pixels
    assert found.max() > 4095
    plain.BitsStored, plain.HighBit = 12, 11
    clipped = decode(file_of(plain, syntax)).pixels
    np.testing.assert_array_equal(clipped, np.minimum(found, 4095))


@pytest.mark.parametrize(
    ("syntax", "lossless"),
    [
        (JPEG2000, JPEG2000Lossless),
        pytest.param(JPEGLSNearLossless, JPEGLSLossless, marks=NEEDS_PYJPEGLS),
    ],
)
def test_a_lossless_codestream_in_a_syntax_of_lossy_ones_is_not_clipped(syntax, lossless):
    """It says itself that it is lossless: by its wavelet, by the difference it allows."""
    data = file_with(cells_of("u", 0, beside=True), "u", 11, lossless)
    data = data.replace(lossless.encode(), syntax.encode())
    np.testing.assert_array_equal(decode(data).pixels[0], VALUES["u"])


@pytest.mark.parametrize("syntax", SYNTAXES[2:])
def test_pixels_that_are_decompressed_to_overwrite_text_are_the_values(syntax):
    """Their header says so, whatever it said of the compressed ones."""
    data = file_with(cells_of("u", 4, beside=True), "u", 15, syntax)
    dataset = pydicom.dcmread(io.BytesIO(data))
    blank(dataset, [Rectangle(left=0, top=0, width=1, height=1)])
    assert (dataset.BitsStored, dataset.HighBit) == (12, 11)
    found = decode(file_of(dataset)).pixels[0]
    np.testing.assert_array_equal(found[1:], VALUES["u"][1:])
