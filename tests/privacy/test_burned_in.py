"""Text is blanked where rules say, and no other pixel changes, as pydicom reads them."""

import io

import numpy as np
import pydicom
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom.dataset import FileDataset, FileMetaDataset
from pydicom.pixels import apply_color_lut
from pydicom.uid import (
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    RLELossless,
)

from mapreduce_jobs.imaging.errors import (
    CorruptImage,
    OutsideImage,
    Truncated,
    Unsupported,
)
from mapreduce_jobs.privacy.pixels.burned_in import Rectangle, blank
from tests.support import dicom

NATIVE = [
    "CT_small.dcm",
    "MR_small_bigendian.dcm",
    "MR_small_implicit.dcm",
    "ExplVR_BigEnd.dcm",  # 8 bits in words of the other order, planes of colour
    "SC_rgb_small_odd.dcm",
    "SC_rgb_small_odd_big_endian.dcm",
    "SC_ybr_full_422_uncompressed.dcm",
    "SC_rgb_jpeg_dcmd.dcm",
    "examples_palette.dcm",
    "examples_overlay.dcm",
    "liver_1frame.dcm",
    "liver_expb_1frame.dcm",
    "rtdose.dcm",
    "rtdose_expb.dcm",
    "image_dfl.dcm",
]
COMPRESSED = [
    "693_J2KI.dcm",
    "J2K_pixelrep_mismatch.dcm",
    "JPEGLSNearLossless_16.dcm",
    "MR_small_RLE.dcm",
    "SC_rgb_jpeg_gdcm.dcm",
    "SC_rgb_jpeg_app14_dcmd.dcm",
    "SC_rgb_rle_16bit_2frame.dcm",
    "SC_rgb_dcmtk_+eb+cy+s4.dcm",
    "examples_jpeg2k.dcm",
    "examples_ybr_color.dcm",
    "rtdose_rle.dcm",
]


def read(data):
    return pydicom.dcmread(io.BytesIO(data))


def written(dataset):
    file = io.BytesIO()
    dataset.save_as(file)
    return file.getvalue()


def frames(dataset):
    """Return what pydicom reads, frames × rows × columns × samples."""
    count = int(dataset.get("NumberOfFrames", 1) or 1)
    return dataset.pixel_array.reshape(count, dataset.Rows, dataset.Columns, -1)


def made(pixels, photometric="MONOCHROME2", syntax=ExplicitVRLittleEndian, **header):
    """Return a file of grey pixels, frames × rows × columns."""
    dataset = FileDataset("", {}, file_meta=FileMetaDataset())
    dataset.SOPClassUID = dataset.file_meta.MediaStorageSOPClassUID = "1.2.840.10008.5.1.4.1.1.7"
    dataset.SOPInstanceUID = dataset.file_meta.MediaStorageSOPInstanceUID = "2.25.1"
    dataset.file_meta.TransferSyntaxUID = syntax
    dataset.NumberOfFrames, dataset.Rows, dataset.Columns = pixels.shape
    dataset.SamplesPerPixel = 1
    dataset.BitsAllocated = dataset.BitsStored = pixels.dtype.itemsize * 8
    dataset.HighBit = dataset.BitsStored - 1
    dataset.PixelRepresentation = int(pixels.dtype.kind == "i")
    dataset.PhotometricInterpretation = photometric
    dataset.PixelData = pixels.tobytes()
    for keyword, value in header.items():
        setattr(dataset, keyword, value)
    dataset["PixelData"].VR = "OW"
    return dataset


@pytest.mark.parametrize("name", NATIVE + COMPRESSED)
def test_nothing_but_the_rectangles_changes(name):
    before = read(dicom(name))
    old = frames(before)
    columns, rows = before.Columns, before.Rows
    # The first of them has even columns, since YBR_FULL_422 shares colour between two.
    rectangles = [
        Rectangle(0, 0, max(columns // 4 * 2, 1), max(rows // 5, 1)),
        Rectangle(-2, -1, 100, 100),
    ]
    dataset = read(dicom(name))
    blank(dataset, rectangles)
    after = read(written(dataset))
    new = frames(after)
    mask = np.zeros((rows, columns), bool)
    for one in rectangles:
        inside = one.within(rows, columns)
        mask[inside.top :, inside.left :][: inside.height, : inside.width] = True
    np.testing.assert_array_equal(new[:, ~mask], old[:, ~mask])
    assert new.dtype == old.dtype
    assert (new[:, mask] == new[0, 0, 0]).all()
    if new.shape[-1] == 3:
        expected = (0, 0, 0)
    elif after.PhotometricInterpretation == "PALETTE COLOR":
        colours = apply_color_lut(np.arange(256, dtype=np.uint8), after)
        expected = int(colours.sum(axis=1).argmin())
        assert colours[expected].tolist() == [0, 0, 0]
    else:
        expected = old.min()
    assert (new[0, 0, 0] == expected).all()


@pytest.mark.parametrize("name", COMPRESSED)
def test_compressed_pixels_stay_decompressed(name):
    dataset = read(dicom(name))
    lossy = dataset.get("LossyImageCompression")
    blank(dataset, [Rectangle(0, 0, 5, 5)])
    after = read(written(dataset))
    assert after.file_meta.TransferSyntaxUID == ExplicitVRLittleEndian
    assert not after["PixelData"].is_undefined_length
    assert after.get("LossyImageCompression") == lossy
    if after.SamplesPerPixel == 3:
        assert (after.PhotometricInterpretation, after.PlanarConfiguration) == ("RGB", 0)


@pytest.mark.parametrize("name", ["CT_small.dcm", "MR_small_bigendian.dcm", "rtdose.dcm"])
def test_bytes_elsewhere_stay(name):
    dataset = read(dicom(name))
    data = dataset.PixelData
    blank(dataset, [Rectangle(3, 2, 4, 1)])
    assert dataset.file_meta.TransferSyntaxUID == read(dicom(name)).file_meta.TransferSyntaxUID
    size = dataset.BitsAllocated // 8
    start, frame = (2 * dataset.Columns + 3) * size, dataset.Rows * dataset.Columns * size
    for index in range(int(dataset.get("NumberOfFrames", 1))):
        place = slice(index * frame + start, index * frame + start + 4 * size)
        data = data[: place.start] + dataset.PixelData[place] + data[place.stop :]
    assert dataset.PixelData == data


class TestHowDarkItBecomes:
    def test_the_greatest_value_where_that_is_black(self):
        dataset = made(np.uint16([[[5, 6, 7], [8, 9, 4]]]), "MONOCHROME1")
        blank(dataset, [Rectangle(0, 0, 1, 2)])
        assert dataset.pixel_array.tolist() == [[9, 6, 7], [9, 9, 4]]

    def test_of_signed_values(self):
        dataset = made(np.int16([[[5, -600, 7]]]))
        blank(dataset, [Rectangle(0, 0, 1, 1)])
        assert dataset.pixel_array.tolist() == [[-600, -600, 7]]

    def test_of_signed_values_whose_sign_is_not_in_the_bits_above(self):
        dataset = made(np.uint16([[[0x0FFF, 0x0001]]]), BitsStored=12, HighBit=11)
        dataset.PixelRepresentation = 1
        blank(dataset, [Rectangle(1, 0, 1, 1)])
        assert np.frombuffer(dataset.PixelData, "<i2").tolist() == [0x0FFF, -1]

    def test_an_overlay_in_unused_bits_goes(self):
        dataset = made(np.uint16([[[0x8002, 0xF001, 0x1003]]]), BitsStored=12, HighBit=11)
        blank(dataset, [Rectangle(0, 0, 2, 1)])
        words = np.frombuffer(dataset.PixelData, "<u2").tolist()
        assert [hex(word) for word in words] == ["0x1", "0x1", "0x1003"]

    def test_values_in_the_upper_bits(self):
        dataset = made(np.uint16([[[0x0020, 0x0010, 0x0031]]]), BitsStored=12, HighBit=15)
        blank(dataset, [Rectangle(0, 0, 1, 1)])
        assert np.frombuffer(dataset.PixelData, "<u2").tolist() == [0x0010, 0x0010, 0x0031]

    @pytest.mark.parametrize("dtype", [np.float32, np.float64])
    def test_of_floats(self, dtype):
        dataset = made(np.array([[[1.5, np.nan, -np.inf, -2.5]]], dtype))
        keyword = {4: "FloatPixelData", 8: "DoubleFloatPixelData"}[np.dtype(dtype).itemsize]
        setattr(dataset, keyword, dataset.PixelData)
        del dataset.PixelData
        blank(dataset, [Rectangle(0, 0, 2, 1)])
        found = np.frombuffer(dataset[keyword].value, dtype).tolist()
        assert found == [-2.5, -2.5, -np.inf, -2.5]

    def test_of_a_palette_that_is_compressed(self):
        dataset = read(dicom("examples_palette.dcm"))
        expected = dataset.pixel_array.copy()
        dataset.compress(RLELossless, generate_instance_uid=False)
        blank(dataset, [Rectangle(10, 20, 30, 40)])
        expected[20:60, 10:40] = dataset.pixel_array[20, 10]
        np.testing.assert_array_equal(dataset.pixel_array, expected)
        assert dataset.PhotometricInterpretation == "PALETTE COLOR"


class TestWhatIsRefused:
    def test_a_rectangle_outside(self):
        with pytest.raises(OutsideImage, match="128 rows and 128 columns"):
            blank(read(dicom("CT_small.dcm")), [Rectangle(0, 200, 5, 5)])

    def test_pixels_that_are_missing(self):
        with pytest.raises(Truncated):
            blank(read(dicom("MR_truncated.dcm")), [Rectangle(0, 0, 5, 5)])

    def test_colour_that_is_not_known(self):
        dataset = made(np.zeros((1, 2, 6), np.uint8), "ARGB", SamplesPerPixel=4)
        dataset.PixelData = bytes(48)
        with pytest.raises(Unsupported, match="ARGB"):
            blank(dataset, [Rectangle(0, 0, 1, 1)])

    def test_a_transfer_syntax_that_is_not_known(self):
        dataset = made(np.zeros((1, 2, 6), np.uint8), syntax="1.2.3.4")
        with pytest.raises(Unsupported, match="transfer syntax"):
            blank(dataset, [Rectangle(0, 0, 1, 1)])

    @pytest.mark.parametrize("vr", ["US", "SS"])
    def test_a_palette_of_signed_indices(self, vr):
        """The darkest of -4 … 3 is -1."""
        dataset = made(np.int16([[[-4, 3, 0]]]), "PALETTE COLOR")
        for name in ("Red", "Green", "Blue"):
            said = [8, -4 if vr == "SS" else 65532, 8]
            dataset.add_new(f"{name}PaletteColorLookupTableDescriptor", vr, said)
            colours = bytes([90, 80, 70, 0, 60, 50, 40, 30])
            dataset.add_new(f"{name}PaletteColorLookupTableData", "OW", colours)
        blank(dataset, [Rectangle(0, 0, 2, 1)])
        assert np.frombuffer(dataset.PixelData, np.int16).tolist() == [-1, -1, 0]

    def test_a_palette_that_cannot_be_read(self):
        dataset = made(np.zeros((1, 2, 6), np.uint8), "PALETTE COLOR")
        with pytest.raises(CorruptImage, match="palette"):
            blank(dataset, [Rectangle(0, 0, 1, 1)])


def test_padding_behind_the_pixels_goes_and_anything_else_there_is_refused():
    dataset = made(np.full((1, 3, 3), 7, np.uint8))
    dataset.PixelData = bytes([7] * 9) + bytes(5)
    blank(dataset, [Rectangle(0, 0, 1, 1)])
    assert dataset.PixelData == bytes([7] * 9 + [0])
    dataset.PixelData = bytes([7] * 9) + b"SMITH^JOHN "
    with pytest.raises(CorruptImage, match="holds 20 bytes of pixels, and the header says 9"):
        blank(dataset, [Rectangle(0, 0, 1, 1)])


@given(st.data(), st.sampled_from([ExplicitVRLittleEndian, ExplicitVRBigEndian]))
def test_single_bits(data, syntax):
    """Frames of single bits do not begin with a byte."""
    count, rows, columns = (data.draw(st.integers(1, 5)) for _ in range(3))
    rng = np.random.default_rng(data.draw(st.integers(0, 99)))
    bits = rng.integers(0, 2, (count, rows, columns), np.uint8)
    dataset = made(bits, syntax=syntax, BitsAllocated=1, BitsStored=1, HighBit=0)
    dataset.PixelData = np.packbits(bits, bitorder="little").tobytes()
    dataset.PixelData += bytes(len(dataset.PixelData) % 2)
    left, top = data.draw(st.integers(0, columns - 1)), data.draw(st.integers(0, rows - 1))
    blank(dataset, [Rectangle(left, top, 2, 2)])
    bits[:, top : top + 2, left : left + 2] = 0
    np.testing.assert_array_equal(dataset.pixel_array.reshape(bits.shape), bits)
