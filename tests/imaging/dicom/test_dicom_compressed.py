"""Compressed DICOM: each transfer syntax by one decoder, and a true reason where that cannot be."""

import io
import tracemalloc

import cv2
import imagecodecs
import numpy as np
import pydicom
import pytest
from PIL import Image as PillowImage
from pydicom.encaps import encapsulate, generate_frames
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRLittleEndian,
    HTJ2KLossless,
    JPEGBaseline8Bit,
    JPEGExtended12Bit,
    JPEGLSLossless,
    RLELossless,
)

from mapreduce_jobs.imaging import errors
from mapreduce_jobs.imaging.decode import decode
from tests.imaging.dicoms import (
    FOLDER,
    compressed,
    deflated,
    dicom_of,
    elements_of,
    file_of,
    header_of,
)
from tests.support import dicom

RGB = {"SamplesPerPixel": 3, "PhotometricInterpretation": "RGB", "PlanarConfiguration": 0}
LEVELS = np.random.default_rng(5).integers(0, 256, (40, 30), np.uint8)
JPEG = bytes(cv2.imencode(".jpg", LEVELS)[1])


def frames_of(name):
    """Return a file's dataset and compressed frames."""
    dataset = pydicom.dcmread(FOLDER / "test_files" / name)
    return dataset, list(generate_frames(dataset.PixelData, number_of_frames=1))


def jpeg_ls_of(planes) -> bytes:
    """Return the JPEG-LS whose scans are those of planes of grey levels."""
    starts = [plane.index(b"\xff\xda") for plane in planes]
    frame = planes[0].index(b"\xff\xf7")
    size = planes[0][frame + 4 : frame + 9]  # bits, rows, columns
    header = b"\xff\xf7\0\x11" + size + b"\3\1\x11\0\2\x11\0\3\x11\0"
    scans = [
        plane[start : start + 5] + bytes([number]) + plane[start + 6 : -2]
        for number, (plane, start) in enumerate(zip(planes, starts, strict=True), 1)
    ]
    return b"\xff\xd8" + header + b"".join(scans) + b"\xff\xd9"


def with_frames(dataset, frames) -> bytes:
    dataset.PixelData = encapsulate(frames)
    return file_of(dataset, dataset.file_meta.TransferSyntaxUID)


class TestFrames:
    @pytest.mark.parametrize(
        "name",
        [
            "SC_rgb_jpeg_dcmtk.dcm",
            "SC_rgb_jpeg_gdcm.dcm",
            "MR_small_jpeg_ls_lossless.dcm",
            "JPEGLSNearLossless_16.dcm",
            "MR_small_jp2klossless.dcm",
            "MR_small_RLE.dcm",
            "JPGExtended.dcm",
        ],
    )
    def test_cut_anywhere_is_no_image(self, name):
        """CharLS would never end on some of these."""
        dataset, (frame,) = frames_of(name)
        assert decode(with_frames(dataset, [frame])).pixels.size
        for tenth in range(1, 10):
            with pytest.raises((errors.Truncated, errors.CorruptImage)):
                decode(with_frames(dataset, [frame[: len(frame) * tenth // 10]]))

    def test_missing(self):
        stack = np.stack([LEVELS] * 3)
        data = compressed([JPEG] * 3, stack, JPEGBaseline8Bit)
        assert decode(data).pixels.shape == (3, 40, 30)
        with pytest.raises(errors.Truncated, match="it holds 2 of 3 frames"):
            decode(compressed([JPEG] * 2, stack, JPEGBaseline8Bit))

    def test_of_any_size_that_is_allowed(self, monkeypatch):
        monkeypatch.setattr(PillowImage, "MAX_IMAGE_PIXELS", 10)
        data = compressed([JPEG] * 2, np.stack([LEVELS] * 2), JPEGBaseline8Bit)
        assert decode(data, max_pixels=2400).pixels.shape == (2, 40, 30)
        with pytest.raises(errors.TooManyPixels):
            decode(data, max_pixels=2399)

    @pytest.mark.parametrize("name", ["SC_rgb_jpeg_dcmtk.dcm", "MR_small_jp2klossless.dcm"])
    def test_of_another_size_than_the_header_says(self, name):
        """A small header is no way round --max-pixels."""
        dataset, frames = frames_of(name)
        said = f"has {dataset.Rows} × {dataset.Columns} pixels, and the header says 8 × 9"
        dataset.Rows, dataset.Columns = 8, 9
        with pytest.raises(errors.CorruptImage, match=said):
            decode(with_frames(dataset, frames))

    def test_of_other_samples_than_the_header_says(self):
        frame = bytes(cv2.imencode(".jpg", np.dstack([LEVELS] * 3))[1])
        with pytest.raises(errors.CorruptImage, match="has 3 × 8 bits a pixel, and the header"):
            decode(compressed([frame], LEVELS, JPEGBaseline8Bit))

    def test_a_file_that_ends_within_them(self):
        data = dicom("MR_small_RLE.dcm")
        with pytest.raises(
            errors.Truncated, match=r"ends before its pixels do \(MR Image Storage\)"
        ):
            decode(data[: len(data) // 2])

    def test_that_are_no_such_codestream(self):
        with pytest.raises(errors.CorruptImage, match="frame 1 is damaged: it does not begin as"):
            decode(compressed([b"DOE^JOHN" * 9], LEVELS, JPEGBaseline8Bit))


class TestDecoders:
    @pytest.mark.parametrize(
        ("syntax", "said"),
        [
            ("1.2.840.10008.1.2.4.102", "MPEG-4 AVC/H.264 High Profile / Level 4.1"),
            ("1.2.826.0.1.99", "its transfer syntax, 1.2.826.0.1.99, cannot be decoded"),
        ],
    )
    def test_a_transfer_syntax_that_there_is_none_for(self, syntax, said):
        with pytest.raises(errors.Unsupported) as raised:
            decode(self.of_syntax(syntax))
        assert said in str(raised.value)

    def of_syntax(self, syntax):
        data = compressed([JPEG], LEVELS, HTJ2KLossless)
        return data.replace(
            HTJ2KLossless.encode(), syntax.encode().ljust(len(HTJ2KLossless), b"\0")
        )

    def test_jpeg_of_12_bits(self):
        """Two pixels whose values pydicom's own tests have, by pylibjpeg-libjpeg."""
        (pixels,) = decode(dicom("JPGExtended.dcm")).pixels
        assert (pixels[420, 140], pixels[230, 120]) == (244, 95)

    def test_jpeg_extended_of_8_bits(self):
        data = compressed([JPEG], LEVELS, JPEGExtended12Bit)
        np.testing.assert_array_equal(
            decode(data).pixels[0], cv2.imdecode(np.frombuffer(JPEG, np.uint8), 0)
        )

    @pytest.mark.parametrize("dtype", ["u1", "u2", "i2"])
    def test_htj2k(self, dtype):
        levels = (LEVELS.astype(np.int16) - 99 * (dtype == "i2")).astype(dtype)
        data = compressed([imagecodecs.htj2k_encode(levels)], levels, HTJ2KLossless)
        np.testing.assert_array_equal(decode(data).pixels[0], levels)

    @pytest.mark.parametrize("bits", [8, 16])
    def test_jpeg_ls_of_planes(self, bits):
        """A scan for each sample, as DCMTK writes it."""
        colour = np.random.default_rng(3).integers(0, 1 << bits, (3, 3, 3), f"u{bits // 8}")
        planes = [imagecodecs.jpegls_encode(np.ascontiguousarray(colour[..., n])) for n in range(3)]
        data = compressed([jpeg_ls_of(planes)], colour[..., 0], JPEGLSLossless, **RGB)
        np.testing.assert_array_equal(decode(data).pixels[0], colour)

    def test_rle_of_several_frames_and_a_reason_in_one_line(self):
        stack = np.stack([LEVELS, 255 - LEVELS])
        dataset = header_of(stack)
        dataset.file_meta = pydicom.dataset.FileMetaDataset()
        dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
        dataset.compress(RLELossless)
        data = file_of(dataset, RLELossless)
        np.testing.assert_array_equal(decode(data).pixels, stack)
        # Segments of RLE are counted in its first word.
        damaged = data.replace(b"\1\0\0\0\x40\0\0\0", b"\7\0\0\0\x40\0\0\0")
        with pytest.raises(errors.CorruptImage, match="frame 1 has 7 segments of RLE") as raised:
            decode(damaged)
        assert "\n" not in str(raised.value)


class TestDeflated:
    WHOLE = elements_of(dicom_of(LEVELS))

    def test_equals_what_is_not(self):
        np.testing.assert_array_equal(decode(deflated(self.WHOLE)).pixels[0], LEVELS)

    def test_cut(self):
        data = deflated(self.WHOLE)
        for tenth in range(6, 10):
            with pytest.raises(errors.Truncated, match="before its compressed elements do"):
                decode(data[: len(data) * tenth // 10])

    def test_damaged(self):
        data = deflated(self.WHOLE)
        start = 144 + int.from_bytes(data[140:144], "little")
        with pytest.raises(errors.CorruptImage, match="its elements cannot be inflated"):
            decode(data[:start] + b"\xff" + data[start + 1 :])  # no kind of block

    def test_a_bomb_is_inflated_no_further_than_its_header_says(self):
        """600 MB of zeros behind the pixels, in less than one."""
        bomb = deflated(self.WHOLE, zeros=600 << 20)
        assert len(bomb) < 1 << 20
        tracemalloc.start()
        try:
            with pytest.raises(errors.CorruptImage, match="inflate to more than its header says"):
                decode(bomb)
            assert tracemalloc.get_traced_memory()[1] < 400 << 20
        finally:
            tracemalloc.stop()

    def test_more_pixels_than_the_limit_are_not_inflated(self):
        large = np.zeros((9000, 9000), np.uint8)
        with pytest.raises(errors.TooManyPixels):
            decode(deflated(elements_of(dicom_of(large))), max_pixels=1000)

    def test_larger_than_any_header(self):
        """The header tells how much there is to come."""
        large = np.zeros((9000, 9000), np.uint8)
        large[-1, -1] = 7
        image = decode(deflated(elements_of(dicom_of(large))))
        assert image.pixels.shape == (1, 9000, 9000)
        assert image.pixels[0, -1, -1] == 7


class TestReasons:
    """Bytes of a damaged header may be a patient's name: no reason shows them."""

    @pytest.mark.parametrize(
        "keyword", ["PhotometricInterpretation", "SOPClassUID", "RescaleSlope"]
    )
    def test_values_are_not_shown(self, keyword):
        value = {"RescaleSlope": "1.2525"}.get(keyword, "MONOCHROME2")
        dataset = header_of(LEVELS, RescaleSlope=1.2525)
        if keyword == "SOPClassUID":
            del dataset.PixelData, dataset.Rows
            value = str(dataset.SOPClassUID)
        data = file_of(dataset).replace(
            value.encode(), b"Doe^Jo\n\0"[: len(value)].ljust(len(value))
        )
        with pytest.raises(errors.DecodeError) as raised:
            decode(data, values="modality")
        assert "Doe" not in str(raised.value)
        assert str(raised.value).isprintable()


def test_deflated_files_here_are_what_pydicom_reads():
    data = deflated(elements_of(dicom_of(LEVELS)))
    dataset = pydicom.dcmread(io.BytesIO(data))
    assert dataset.file_meta.TransferSyntaxUID == DeflatedExplicitVRLittleEndian
    np.testing.assert_array_equal(dataset.pixel_array, LEVELS)
