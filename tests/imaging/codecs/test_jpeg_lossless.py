"""Lossless JPEG decodes to what was encoded, as gdcm has it too; damage is an error."""

import imagecodecs
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from pydicom.encaps import encapsulate
from pydicom.pixels import get_decoder
from pydicom.uid import JPEGLossless, JPEGLosslessSV1

from mapreduce_jobs.imaging import errors
from mapreduce_jobs.imaging.codecs import huffman_codes, jpeg_lossless
from mapreduce_jobs.imaging.decode import decode
from tests.imaging.dicoms import compressed
from tests.imaging.lossless import encode

RNG = np.random.default_rng(9)
PREDICTORS = range(1, 8)


def noise(bits, shape=(9, 13, 1)):
    return RNG.integers(0, 1 << bits, shape, np.uint16)


def smooth(shape=(23, 31, 1)):
    return (np.cumsum(RNG.integers(-9, 10, shape), axis=1) + 1000).astype(np.uint16)


def by_gdcm(stream, pixels, bits):
    """Decode with the plug-in of pydicom that this project does not use."""
    rows, columns, samples = pixels.shape
    return get_decoder(JPEGLossless).as_array(
        encapsulate([stream]),
        decoding_plugin="gdcm",
        rows=rows,
        columns=columns,
        samples_per_pixel=samples,
        number_of_frames=1,
        bits_allocated=8 if bits <= 8 else 16,
        bits_stored=bits,
        pixel_representation=0,
        photometric_interpretation="RGB" if samples == 3 else "MONOCHROME2",
        planar_configuration=0,
        pixel_keyword="PixelData",
    )[0]


class TestValues:
    @pytest.mark.parametrize("predictor", PREDICTORS)
    @pytest.mark.parametrize("bits", [2, 8, 12, 16])
    def test_every_predictor_and_depth(self, bits, predictor):
        pixels = noise(bits)
        decoded = jpeg_lossless.decode(encode(pixels, bits, predictor))
        assert decoded.dtype == (np.uint8 if bits <= 8 else np.uint16)
        np.testing.assert_array_equal(decoded, pixels)

    @pytest.mark.parametrize("predictor", PREDICTORS)
    @pytest.mark.parametrize("samples", [1, 3])
    def test_equal_gdcm(self, predictor, samples):
        pixels = smooth((23, 31, samples)) & 0xFF
        stream = encode(pixels, 8, predictor)
        expected = by_gdcm(stream, pixels, 8).reshape(pixels.shape)
        np.testing.assert_array_equal(expected, pixels)  # so the encoder is right
        np.testing.assert_array_equal(jpeg_lossless.decode(stream), expected)

    @pytest.mark.parametrize(
        "options",
        [
            {"rows_each": 1},
            {"rows_each": 4},
            {"tables": 2},
            {"scans": True},
            {"scans": True, "tables": 2, "rows_each": 2, "predictor": 4},
        ],
    )
    def test_restarts_tables_and_scans(self, options):
        pixels = noise(16, (9, 13, 3))
        np.testing.assert_array_equal(jpeg_lossless.decode(encode(pixels, 16, **options)), pixels)

    def test_the_lower_bits_left_out(self):
        pixels = noise(12)
        decoded = jpeg_lossless.decode(encode(pixels, 12, shift=3))
        np.testing.assert_array_equal(decoded, pixels >> 3 << 3)

    def test_data_of_several_pieces(self, monkeypatch):
        pixels = noise(16, (40, 50, 3))
        stream = encode(pixels, 16, tables=2)
        for size in (1, 7, 1000):
            monkeypatch.setattr(huffman_codes, "_PIECE", size)
            np.testing.assert_array_equal(jpeg_lossless.decode(stream), pixels)

    @given(st.data(), st.sampled_from(PREDICTORS), st.integers(2, 16))
    @settings(deadline=None)
    def test_whatever_the_pixels(self, data, predictor, bits):
        shape = st.tuples(st.integers(1, 5), st.integers(1, 5), st.sampled_from([1, 3]))
        values = st.integers(0, (1 << bits) - 1)
        pixels = data.draw(arrays.arrays(np.uint16, shape, elements=values))
        np.testing.assert_array_equal(jpeg_lossless.decode(encode(pixels, bits, predictor)), pixels)


class TestFast:
    """What libjpeg-turbo decodes is taken if, and only if, the slow decoder would find the same."""

    @pytest.fixture
    def slowly(self, monkeypatch):
        """Return a decoder without libjpeg-turbo."""

        def decode(stream):
            with monkeypatch.context() as patched:
                patched.setattr(jpeg_lossless, "_fast", lambda *_: None)
                return outcome(stream)

        return decode

    @pytest.mark.parametrize("predictor", PREDICTORS)
    @pytest.mark.parametrize("options", [{}, {"shift": 2}, {"tables": 2}])
    def test_whole_streams(self, options, predictor, monkeypatch):
        monkeypatch.setattr(jpeg_lossless, "_strict", None)  # which so is not called
        pixels = smooth((23, 31, 3))
        shift = options.get("shift", 0)
        decoded = jpeg_lossless.decode(encode(pixels, 12, predictor, **options))
        np.testing.assert_array_equal(decoded, pixels >> shift << shift)

    @pytest.mark.parametrize("of", ["libjpeg", "ours"])
    def test_damaged_streams(self, of, slowly):
        """A code that is none, and data that end too early, libjpeg-turbo replaces by zeros."""
        pixels = smooth((60, 50, 1)) & 0xFFF
        stream = encode(pixels, 12)
        if of == "libjpeg":  # whose tables are made for the image, and have few codes that are none
            stream = imagecodecs.jpeg8_encode(
                pixels[..., 0], lossless=True, predictor=1, bitspersample=12
            )
        rng = np.random.default_rng(4)
        found = []
        for number in range(400):
            damaged = bytearray(stream)
            start = int(rng.integers(100, len(stream) - 2))
            if number % 4 == 0:
                damaged[start] ^= 1 << int(rng.integers(8))
            elif number % 4 == 1:
                del damaged[start : start + int(rng.integers(1, 9))]
            elif number % 4 == 2:
                damaged[start:start] = rng.bytes(int(rng.integers(1, 9)))
            else:
                damaged[start:-2] = b""
            found.append(outcome(bytes(damaged)))
            assert found[-1] == slowly(bytes(damaged))
        errors_found = sum(isinstance(one, str) for one in found)
        assert 150 < errors_found < 390  # there is something to notice, and not always


def outcome(stream):
    """Return the bytes of what is decoded, or what the error says."""
    try:
        return jpeg_lossless.decode(stream).tobytes()
    except errors.DecodeError as error:
        return f"{type(error).__name__}: {error}"


class TestInDicom:
    @pytest.mark.parametrize("syntax", [JPEGLossless, JPEGLosslessSV1])
    @pytest.mark.parametrize("dtype", ["u1", "u2", "i2"])
    def test_frames(self, dtype, syntax):
        bits = np.dtype(dtype).itemsize * 8
        stack = noise(bits, (3, 9, 13)).astype(f"u{bits // 8}").view(dtype)
        streams = [encode(frame.view(f"u{bits // 8}")[..., np.newaxis], bits) for frame in stack]
        image = decode(compressed(streams, stack, syntax))
        assert image.pixels.dtype == dtype
        np.testing.assert_array_equal(image.pixels, stack)

    def test_12_bits_with_a_sign(self):
        pixels = RNG.integers(-2048, 2048, (9, 13), np.int16)
        stream = encode((pixels.view(np.uint16) & 0xFFF)[..., np.newaxis], 12)
        image = decode(compressed([stream], pixels, JPEGLosslessSV1, BitsStored=12))
        np.testing.assert_array_equal(image.pixels[0], pixels)


class TestDamage:
    STREAM = encode(smooth(), 16)

    @pytest.mark.parametrize(
        ("stream", "error", "said"),
        [
            (STREAM[:8], errors.Truncated, "within its header"),
            (STREAM[:-40], errors.Truncated, "ends before its pixels do"),
            (STREAM[:-40] + STREAM[-2:], errors.CorruptImage, "data of its JPEG end before"),
            (STREAM[:2] + STREAM[-2:], errors.CorruptImage, "lacks samples"),
            (STREAM.replace(b"\xff\xc3", b"\xff\xc0"), errors.Unsupported, "not of the lossless"),
            (STREAM.replace(b"\xff\xc4", b"\xff\xfe"), errors.CorruptImage, "makes no sense"),
            (b"\xff\xd8" + STREAM[3:], errors.CorruptImage, "does not begin with a marker"),
        ],
    )
    def test_is_told(self, stream, error, said):
        with pytest.raises(error, match=said):
            jpeg_lossless.decode(stream)

    def test_a_table_with_more_codes_than_there_are(self):
        position = self.STREAM.index(b"\xff\xc4") + 5
        stream = self.STREAM[:position] + b"\x03" + self.STREAM[position + 1 :]
        with pytest.raises(errors.CorruptImage, match="a Huffman table"):
            jpeg_lossless.decode(stream)

    @given(st.data())
    @settings(deadline=None, max_examples=300)
    def test_of_any_kind_is_an_error_or_an_image(self, data):
        content = bytearray(self.STREAM)
        for _ in range(data.draw(st.integers(1, 4))):
            where = st.integers(2, 99) | st.integers(2, len(content) - 1)
            content[data.draw(where)] = data.draw(st.integers(0, 255))
        try:
            pixels = jpeg_lossless.decode(bytes(content))
        except errors.DecodeError:
            return
        assert pixels.ndim == 3
