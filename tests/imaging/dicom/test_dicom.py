"""DICOM files give the values that pydicom gives, or an error that says why not."""

import warnings
from pathlib import Path

import numpy as np
import pydicom
import pytest
import SimpleITK
from pydicom.pixels import apply_color_lut, apply_modality_lut, apply_voi_lut
from pydicom.uid import JPEGExtended12Bit, JPEGLosslessSV1

from mapreduce_jobs.imaging import errors
from mapreduce_jobs.imaging.decode import decode
from tests.imaging.dicoms import FILES, FOLDER, compressed, dicom_of, file_of, header_of, item
from tests.imaging.lossless import encode as encode_lossless
from tests.support import dicom, scan

# Of pydicom's files those that are no whole image: why, in words that the reason has in it.
REASONS = {
    "charset_files/FileInfo.txt": "text",
    "charset_files/chrJapMulti.dcm": "ends before its pixels do (Computed Radiography Image",
    "charset_files/chrJapMultiExplicitIR6.dcm": "ends before its pixels do",
    "charset_files/chrKoreanMulti.dcm": "ends before its pixels do",
    "charset_files/chrSQEncoding.dcm": "holds no pixels (MR Image Storage)",
    "charset_files/chrSQEncoding1.dcm": "holds no pixels (MR Image Storage)",
    "test_files/ExplVR_BigEndNoMeta.dcm": "holds no pixels (RT Ion Plan Storage)",
    "test_files/ExplVR_LitEndNoMeta.dcm": "holds no pixels (RT Ion Plan Storage)",
    "test_files/JPEG2000-embedded-sequence-delimiter.dcm": "the header says 1024 × 256",
    "test_files/MR_truncated.dcm": "ends before its pixels do",
    "test_files/README.txt": "text",
    "test_files/UN_sequence.dcm": "holds no pixels (CT Image Storage)",
    "test_files/badVR.dcm": "Number of Frames (0028,0008) is no whole number: 1A",
    "test_files/crayons.icc": "unknown",
    "test_files/dicomdirtests/README.txt": "text",
    "test_files/dicomdirtests/TINY_ALPHA/README": "text",
    "test_files/empty_charset_LEI.dcm": "holds no pixels",
    "test_files/meta_missing_tsyntax.dcm": "no Rows (0028,0010), Columns (0028,0011), Bits",
    "test_files/nested_priv_SQ.dcm": "no Rows (0028,0010), Columns (0028,0011), Bits",
    "test_files/no_meta.dcm": "unknown",
    "test_files/no_meta_group_length.dcm": "holds no pixels (RT Image Storage)",
    "test_files/priv_SQ.dcm": "holds no pixels (MR Image Storage)",
    "test_files/reportsi.dcm": "holds no pixels (Basic Text SR Storage)",
    "test_files/reportsi_with_empty_number_tags.dcm": "holds no pixels (Basic Text SR Storage)",
    "test_files/rtplan.dcm": "holds no pixels (RT Plan Storage)",
    "test_files/rtplan.dump": "text",
    "test_files/rtplan_truncated.dcm": "ends within its header",
    "test_files/rtstruct.dcm": "holds no pixels (RT Structure Set Storage)",
    "test_files/rtstruct.dump": "text",
    "test_files/test-SR.dcm": "holds no pixels (Comprehensive SR Storage)",
    "test_files/test1.json": "text",
    "test_files/test_PN.json": "text",
    "test_files/waveform_ecg.dcm": "holds no pixels (12-lead ECG Waveform Storage)",
    "test_files/zipMR.gz": "gzip",
}
REASONS |= dict.fromkeys([name for name in FILES if "DICOMDIR" in name], "Media Storage Directory")
REASONS |= dict.fromkeys([name for name in FILES if "TINY_ALPHA/PT" in name], "holds no pixels (CT")
IMAGES = [name for name in FILES if name not in REASONS]


def content(name) -> bytes:
    return Path(FOLDER / name).read_bytes()


def by_pydicom(name):
    """Return a dataset and its pixels, colour in RGB; of 12-bit JPEG by SimpleITK."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of oddities in these files
        dataset = pydicom.dcmread(FOLDER / name)
        if dataset.file_meta.TransferSyntaxUID == JPEGExtended12Bit:
            return dataset, SimpleITK.GetArrayFromImage(SimpleITK.ReadImage(FOLDER / name))
        pixels = dataset.pixel_array
    if dataset.PhotometricInterpretation == "PALETTE COLOR":
        pixels = apply_color_lut(pixels, dataset)
    return dataset, pixels


def displayed(values, dataset, bits):
    """Return what pydicom's window makes of values, from the range it has there to 0 … 2^bits − 1.

    The range is that of the bits stored, rescaled; MONOCHROME1 is not inverted by pydicom.
    """
    top = 2**dataset.BitsStored - 1
    low = -(2 ** (dataset.BitsStored - 1)) if dataset.PixelRepresentation else 0
    slope = float(dataset.get("RescaleSlope", 1))
    start = low * slope + float(dataset.get("RescaleIntercept", 0))
    levels = (apply_voi_lut(values, dataset) - start) / (top * slope) * (2**bits - 1)
    return 2**bits - 1 - levels if dataset.PhotometricInterpretation == "MONOCHROME1" else levels


class TestEveryFileOfPydicom:
    @pytest.mark.parametrize("name", REASONS)
    def test_why_it_is_no_image(self, name):
        with pytest.raises(errors.DecodeError) as raised:
            decode(content(name))
        assert REASONS[name] in str(raised.value)
        assert "\n" not in str(raised.value)

    @pytest.mark.parametrize("name", IMAGES)
    def test_stored_values(self, name):
        image = decode(content(name))
        dataset, expected = by_pydicom(name)
        assert image.pixels.dtype == expected.dtype.newbyteorder("=")
        assert len(image.pixels) == int(dataset.get("NumberOfFrames", 1))
        assert image.bits == dataset.BitsStored or "palette" in name
        np.testing.assert_array_equal(image.pixels.reshape(expected.shape), expected)

    @pytest.mark.parametrize("name", IMAGES)
    def test_what_they_mean_and_how_they_look(self, name):
        data = content(name)
        meant, shown = (decode(data, values=values) for values in ("modality", "display"))
        dataset, stored = by_pydicom(name)
        if meant.is_colour:
            assert meant.unit == shown.unit == "stored"
            for image in (meant, shown):
                np.testing.assert_array_equal(image.pixels.reshape(stored.shape), stored)
            return
        expected = apply_modality_lut(stored, dataset)
        doses = stored * float(dataset.get("DoseGridScaling", 1))  # which pydicom leaves to others
        meaning = doses if dataset.get("Modality") == "RTDOSE" else expected
        np.testing.assert_array_equal(meant.pixels.reshape(meaning.shape), meaning)
        units = {"CT": "HU", "CR": "OD", "RTDOSE": "RELATIVE"}
        assert meant.unit == units.get(dataset.get("Modality"), "stored")
        assert shown.unit == "display"
        assert shown.bits == min(dataset.BitsStored, 16)
        assert shown.pixels.dtype == (np.uint8 if shown.bits <= 8 else np.uint16)
        if dataset.get("WindowWidth") is None:
            low, high = float(expected.min()), float(expected.max())
            levels = (expected - low) / ((high - low) or 1) * (2**shown.bits - 1)
        else:
            levels = displayed(expected, dataset, shown.bits)
        assert np.abs(shown.pixels.reshape(levels.shape) - levels).max() <= 0.5 + 1e-6


class TestFiles:
    def test_a_preamble_that_is_a_tiff_header_changes_nothing(self):
        data = dicom("CT_small.dcm")
        assert data.startswith(b"II*\0")  # as PS3.10 allows
        assert decode(data).pixels.shape == (1, 128, 128)

    def test_without_preamble(self):
        data = dicom("MR_small_implicit.dcm")
        np.testing.assert_array_equal(decode(data[132:]).pixels, decode(data).pixels)

    def test_without_a_transfer_syntax(self):
        """As they were written before there were such: by what the elements look like."""
        data = dicom("MR_small.dcm")
        end = 144 + int.from_bytes(data[140:144], "little")
        np.testing.assert_array_equal(decode(data[end:]).pixels, decode(data).pixels)

    @pytest.mark.parametrize(
        ("keyword", "value", "said"),
        [
            ("Rows", None, "the header has no Rows (0028,0010) (CT Image Storage)"),
            ("PhotometricInterpretation", "", "no Photometric Interpretation (0028,0004)"),
            ("NumberOfFrames", 0, "its Number of Frames (0028,0008) is 0"),
            ("PixelRepresentation", None, "Pixel Representation"),
            ("PhotometricInterpretation", "PURPLE", "PURPLE"),
            ("BitsStored", 17, "its Bits Stored (0028,0101) is 17, of 16 that are allocated"),
        ],
    )
    def test_a_header_that_lacks_something(self, keyword, value, said):
        dataset = header_of(np.zeros((3, 4), np.uint16))
        delattr(dataset, keyword) if value is None else setattr(dataset, keyword, value)
        with pytest.raises(errors.CorruptImage) as raised:
            decode(file_of(dataset))
        assert said in str(raised.value)

    def test_a_number_of_hundreds_of_digits_is_not_in_the_message(self):
        data = dicom_of(np.zeros((1, 3, 4), np.uint16), NumberOfFrames="12345678")
        with pytest.raises(errors.CorruptImage) as raised:
            decode(data.replace(b"12345678", b"1e308   "))
        assert str(raised.value) == "DICOM: its Number of Frames (0028,0008) is unreadable"

    def test_more_bits_stored_than_allocated_of_a_codestream(self):
        pixels = scan(1, (8, 8), np.uint16)
        codestream = encode_lossless(pixels[..., np.newaxis], 16)
        data = compressed([codestream], pixels, JPEGLosslessSV1, BitsStored=12589)
        with pytest.raises(errors.CorruptImage, match="is 12589, of 16 that are allocated"):
            decode(data)

    def test_pixels_of_a_kind_that_there_is_none(self):
        data = dicom("CT_small.dcm")
        start = data.rindex(b"\xe0\x7f\x10\x00") + 4
        with pytest.raises(errors.CorruptImage, match="the pixels cannot be read: Unknown Value"):
            decode(data[:start] + b"Oe" + data[start + 2 :])

    @pytest.mark.parametrize(
        ("own", "spacing"), [([[2, 1], [2, 1]], (2, 1)), ([[2, 1], [3, 1]], None)]
    )
    def test_spacing_of_frames(self, own, spacing):
        groups = [item(PixelMeasuresSequence=[item(PixelSpacing=each)]) for each in own]
        stack = np.zeros((2, 3, 4), np.uint8)
        assert decode(dicom_of(stack, PerFrameFunctionalGroupsSequence=groups)).spacing == spacing

    @pytest.mark.parametrize("dtype", ["f4", "f8"])
    def test_floats(self, dtype):
        pixels = np.random.default_rng(1).normal(0, 300, (2, 3, 4)).astype(dtype)
        pixels[0, 0, 0] = np.nan
        image = decode(dicom_of(pixels))
        assert (image.pixels.dtype, image.bits) == (dtype, pixels.dtype.itemsize * 8)
        np.testing.assert_array_equal(image.pixels, pixels)
        shown = decode(dicom_of(pixels), values="display").pixels
        assert (shown.min(), shown.max(), shown[0, 0, 0]) == (0, 65535, 0)

    def test_the_bits_above_those_stored_do_not_count(self):
        """Older files hold an overlay there (PS3.5, 8.1.1)."""
        pixels = np.uint16([[0xF123, 0x0FFF]])
        image = decode(dicom_of(pixels, BitsStored=12))
        assert image.pixels.tolist() == [[[0x123, 0xFFF]]]

    @pytest.mark.parametrize("kind", ["YBR_PARTIAL_420", "YBR_FULL"])
    def test_colour_that_cannot_be_converted(self, kind):
        pixels = np.zeros((4, 12), np.uint16)
        elements = {"Columns": 4, "SamplesPerPixel": 3, "PlanarConfiguration": 0}
        with pytest.raises(errors.Unsupported, match=f"colour of the kind {kind}"):
            decode(dicom_of(pixels, PhotometricInterpretation=kind, **elements))

    @pytest.mark.parametrize("given", [{"values": "hounsfield"}, {"window": 0}])
    def test_values_that_there_are_not(self, given):
        with pytest.raises(errors.BadParameter):
            decode(dicom("CT_small.dcm"), **given)
