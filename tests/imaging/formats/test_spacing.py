"""Pixel spacing: read from each format's own place for it, and written there again."""

import io
import struct
import zlib

import numpy as np
import pydicom
import pytest
import tifffile
from PIL import Image as PillowImage
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from mapreduce_jobs.imaging.decode import decode
from mapreduce_jobs.imaging.encode import encode
from mapreduce_jobs.imaging.formats.spacing import spacing_of, whole_density
from mapreduce_jobs.imaging.image import Image
from tests.support import dicom

LEVELS = np.indices((20, 30)).sum(axis=0).astype(np.uint8)


def pillow(kind, orientation=None, **options) -> bytes:
    picture = PillowImage.fromarray(LEVELS)
    if orientation:
        exif = picture.getexif()
        exif[274] = orientation
        options["exif"] = exif
    file = io.BytesIO()
    picture.save(file, kind, **options)
    return file.getvalue()


def tiff(**options) -> bytes:
    file = io.BytesIO()
    tifffile.imwrite(file, LEVELS, **options)
    return file.getvalue()


def png(across, down, unit) -> bytes:
    chunk = b"pHYs" + struct.pack(">IIB", across, down, unit)
    whole = pillow("PNG")
    crc = zlib.crc32(chunk).to_bytes(4, "big")
    return whole[:33] + (9).to_bytes(4, "big") + chunk + crc + whole[33:]


def jpeg(unit, across, down) -> bytes:
    whole = pillow("JPEG")
    assert whole[6:11] == b"JFIF\0"
    return whole[:13] + struct.pack(">BHH", unit, across, down) + whole[18:]


def dicom_with(name="CT_small.dcm", **elements) -> bytes:
    dataset = pydicom.dcmread(io.BytesIO(dicom(name)))
    for keyword in ("PixelSpacing", "ImagerPixelSpacing", "NominalScannedPixelSpacing"):
        if keyword in dataset:
            del dataset[keyword]
    for keyword, value in elements.items():
        setattr(dataset, keyword, value)
    file = io.BytesIO()
    dataset.save_as(file)
    return file.getvalue()


class TestRaster:
    @pytest.mark.parametrize(
        ("data", "expected"),
        [
            (png(2000, 4000, 1), (0.25, 0.5)),
            (png(2000, 4000, 0), None),  # an aspect, not a length
            (png(0, 4000, 1), None),
            (jpeg(1, 127, 254), (0.1, 0.2)),
            (jpeg(2, 20, 40), (0.25, 0.5)),
            (jpeg(0, 20, 40), None),
            (jpeg(2, 0, 40), None),
            (tiff(resolution=(20, 40), resolutionunit="CENTIMETER"), (0.25, 0.5)),
            (tiff(resolution=(127, 254), resolutionunit="INCH"), (0.1, 0.2)),
            (tiff(resolution=(20, 40), resolutionunit="NONE"), None),
            (tiff(resolution=((0, 1), (40, 1)), resolutionunit="CENTIMETER"), None),
            (pillow("GIF"), None),
        ],
    )
    def test_density_becomes_spacing(self, data, expected):
        assert decode(data).spacing == (expected and pytest.approx(expected))

    def test_a_tiff_without_a_unit_counts_inches(self):
        """As TIFF 6.0 has it on page 38."""
        data = bytearray(tiff(resolution=(127, 254), resolutionunit="CENTIMETER"))
        entry = data.index(struct.pack("<HHI", 296, 3, 1))
        data[entry : entry + 2] = struct.pack("<H", 297)  # PageNumber, which does not matter
        assert decode(bytes(data)).spacing == pytest.approx((0.1, 0.2))

    @pytest.mark.parametrize("orientation", range(1, 9))
    @pytest.mark.parametrize("kind", ["PNG", "JPEG", "TIFF"])
    def test_turns_with_the_image(self, kind, orientation):
        # Pillow writes inches only: 254 across and 127 down are 0.1 mm and 0.2 mm.
        image = decode(pillow(kind, orientation, dpi=(254, 127)))
        is_turned = image.pixels.shape[1:] == (30, 20)
        assert is_turned == (orientation > 4)
        expected = (0.1, 0.2) if is_turned else (0.2, 0.1)
        assert image.spacing == pytest.approx(expected, rel=1e-3)


class TestDicom:
    @pytest.mark.parametrize(
        ("elements", "expected"),
        [
            ({"PixelSpacing": [0.5, 0.75]}, (0.5, 0.75)),
            ({"ImagerPixelSpacing": [0.2, 0.1]}, (0.2, 0.1)),
            ({"NominalScannedPixelSpacing": [0.3, 0.4]}, (0.3, 0.4)),
            ({"PixelSpacing": [0.5, 0.75], "ImagerPixelSpacing": [0.2, 0.1]}, (0.5, 0.75)),
            ({"PixelSpacing": [0, 0.75], "ImagerPixelSpacing": [0.2, 0.1]}, (0.2, 0.1)),
            ({"PixelSpacing": [-0.5, 0.75]}, None),
            ({"PixelSpacing": [0.5]}, None),
            ({"PixelSpacing": None}, None),
            ({}, None),
        ],
    )
    def test_rows_then_columns(self, elements, expected):
        assert decode(dicom_with(**elements)).spacing == expected

    def test_text_is_none(self):
        data = dicom_with(PixelSpacing=[0.5, 0.75]).replace(b"0.5\\0.75", b"half\\few")
        assert decode(data).spacing is None

    @pytest.mark.parametrize("name", ["CT_small.dcm", "MR_small_bigendian.dcm", "MR_small_RLE.dcm"])
    def test_of_real_files(self, name):
        dataset = pydicom.dcmread(io.BytesIO(dicom(name)))
        assert decode(dicom(name)).spacing == tuple(map(float, dataset.PixelSpacing))

    def test_of_what_frames_share(self):
        measures, groups = Dataset(), Dataset()
        measures.PixelSpacing = [0.5, 0.75]
        groups.PixelMeasuresSequence = Sequence([measures])
        data = dicom_with(SharedFunctionalGroupsSequence=Sequence([groups]))
        assert decode(data).spacing == (0.5, 0.75)
        for broken in (Sequence([Dataset()]), Sequence([])):
            assert decode(dicom_with(SharedFunctionalGroupsSequence=broken)).spacing is None


class TestWritten:
    SPACINGS = ((0.661468, 0.7), (1.0, 1.0), (5, 3), (0.000253, 0.0005), (0.1, 40.0))

    @pytest.mark.parametrize("spacing", SPACINGS)
    def test_tiff_is_exact_but_for_the_last_bits(self, spacing):
        image = Image(LEVELS[np.newaxis], 8, spacing=spacing)
        assert decode(encode(image, "tiff")).spacing == pytest.approx(spacing, rel=1e-15)

    @pytest.mark.parametrize("spacing", SPACINGS)
    @pytest.mark.parametrize(
        ("format", "tolerance"), [("jp2", 1e-7), ("png", 5e-3), ("jpeg", 5e-3)]
    )
    def test_others_are_near_or_say_nothing(self, format, tolerance, spacing):
        image = Image(LEVELS[np.newaxis], 8, spacing=spacing)
        back = decode(encode(image, format)).spacing
        if format != "jpeg":
            assert back is not None or 40.0 in spacing
        assert back is None or back == pytest.approx(spacing, rel=tolerance)

    def test_a_jpeg_takes_the_unit_that_says_it_better(self):
        for spacing, unit in (((25.4 / 96, 25.4 / 96), 1), ((0.2, 0.25), 2)):
            data = encode(Image(LEVELS[np.newaxis], 8, spacing=spacing), "jpeg")
            assert data[13] == unit
            assert decode(data).spacing == pytest.approx(spacing)

    def test_no_spacing(self):
        for format in ("png", "tiff", "jpeg", "jp2", "webp"):
            assert decode(encode(Image(LEVELS[np.newaxis], 8), format)).spacing is None

    def test_others_read_it(self):
        image = Image(LEVELS[np.newaxis], 8, spacing=(0.25, 0.5))
        for format in ("png", "tiff", "jpeg", "jp2"):
            picture = PillowImage.open(io.BytesIO(encode(image, format)))
            assert picture.info["dpi"] == pytest.approx((25.4 / 0.5, 25.4 / 0.25), rel=1e-3)


@pytest.mark.parametrize(
    "bad", [(0, 1), (1, -2), (float("nan"), 1), (1, float("inf")), ("few", 1), (None, 1)]
)
def test_what_no_spacing_can_be(bad):
    assert spacing_of(*bad) is None


def test_a_density_that_would_be_wrong_is_left_out():
    assert whole_density(10, (0.1, 0.099), 65535) == (101, 100)  # 101.01 is near
    assert whole_density(10, (0.7, 0.7), 65535) is None  # 14.3 is not 14
    assert whole_density(10, (0.0001, 0.0001), 65535) is None
