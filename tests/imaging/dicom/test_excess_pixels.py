"""Pixels that the header leaves out are an error with both numbers; padding is none."""

import io

import imagecodecs
import numpy as np
import pydicom
import pytest
from pydicom.encaps import encapsulate, encapsulate_extended, generate_frames
from pydicom.uid import (
    ExplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    JPEGLosslessSV1,
    JPEGLSLossless,
    RLELossless,
)

from mapreduce_jobs.imaging import errors
from mapreduce_jobs.imaging.decode import decode
from mapreduce_jobs.privacy.pixels.burned_in import blank
from mapreduce_jobs.privacy.pixels.rectangle import Rectangle
from tests.imaging.dicoms import FOLDER, compressed, dicom_of, file_of, header_of
from tests.imaging.lossless import encode as encode_lossless
from tests.support import dicom

STACK = np.stack([np.full((6, 8), level, np.uint8) for level in (10, 20, 30)])
STACK[:, 1:4, 2:5] += 5
LARGE = STACK.repeat(8, 1).repeat(8, 2)
SYNTAXES = [
    RLELossless,
    JPEG2000Lossless,
    JPEGLosslessSV1,
    JPEGLSLossless,
]


def frames_of(stack, syntax):
    """Return each frame compressed."""
    if syntax == JPEGLosslessSV1:
        return [encode_lossless(frame[..., np.newaxis], 8) for frame in stack]
    if syntax == JPEGLSLossless:
        return [imagecodecs.jpegls_encode(frame) for frame in stack]
    dataset = header_of(stack)
    dataset.file_meta = pydicom.dataset.FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset.compress(syntax)
    return list(generate_frames(dataset.PixelData, number_of_frames=len(stack)))


def file_with(data, syntax, like, **elements):
    dataset = header_of(like, **elements)
    dataset.PixelData = data
    dataset["PixelData"].is_undefined_length = True
    return file_of(dataset, syntax)


class TestNative:
    @pytest.mark.parametrize(
        ("elements", "said"),
        [
            (
                {"NumberOfFrames": 1},
                "144 bytes of pixels, those of 3 frames, .* says 48: 1 × 6 × 8",
            ),
            ({"NumberOfFrames": None}, "those of 3 frames, and the header says 48: 1 × 6 × 8"),
            ({"NumberOfFrames": 2}, "those of 3 frames, and the header says 96: 2 × 6 × 8"),
            ({"Rows": 4}, "holds 144 bytes of pixels, and the header says 96: 3 × 4 × 8"),
            ({"Columns": 7}, "holds 144 bytes of pixels, and the header says 126: 3 × 6 × 7"),
        ],
    )
    def test_a_header_that_says_too_little(self, elements, said):
        with pytest.raises(errors.CorruptImage, match=said):
            decode(dicom_of(STACK, **elements))

    @pytest.mark.parametrize(
        ("padding", "is_read"),
        [
            (b"\0" * 46, True),  # less than a frame
            (b"\0" * 48, False),  # which may be a black one
            (b"\0\0\1\0", False),
        ],
    )
    def test_zeros_that_are_less_than_a_frame_are_padding(self, padding, is_read):
        dataset = header_of(STACK)
        dataset.PixelData += padding
        if is_read:
            np.testing.assert_array_equal(decode(file_of(dataset)).pixels, STACK)
        else:
            with pytest.raises(errors.CorruptImage, match=f"holds {144 + len(padding)} bytes"):
                decode(file_of(dataset))

    def test_zeros_among_the_pixels_are_none(self):
        dataset = header_of(np.zeros((6, 8), np.uint8))
        dataset.PixelData += b"\0\1"
        with pytest.raises(errors.CorruptImage, match="holds 50 bytes of pixels"):
            decode(file_of(dataset))

    def test_a_byte_that_makes_the_length_even_may_be_any(self):
        dataset = header_of(STACK[0, :3, :3])
        dataset.PixelData = dataset.PixelData[:9] + b" "
        np.testing.assert_array_equal(decode(file_of(dataset)).pixels, STACK[:1, :3, :3])

    def test_a_real_file_with_padding(self):
        """Whose pixels pydicom has as 64 × 64 of 16 bits, and 128 zeros."""
        assert len(pydicom.dcmread(FOLDER / "test_files/MR_small_padded.dcm").PixelData) == 8320
        expected = decode(dicom("MR_small.dcm")).pixels
        np.testing.assert_array_equal(decode(dicom("MR_small_padded.dcm")).pixels, expected)

    def test_overwriting_burned_in_text_leaves_no_frame_out_either(self):
        dataset = pydicom.dcmread(io.BytesIO(dicom_of(STACK, NumberOfFrames=2)))
        with pytest.raises(errors.CorruptImage, match="those of 3 frames"):
            blank(dataset, [Rectangle(left=0, top=0, width=2, height=1)])


@pytest.mark.parametrize("syntax", SYNTAXES)
class TestCompressed:
    @pytest.mark.parametrize("said", [None, 1, 2])
    @pytest.mark.parametrize("table", ["basic", "extended", "none"])
    def test_more_frames_than_the_header_says(self, syntax, table, said):
        frames = frames_of(LARGE, syntax)
        offsets = {}
        if table == "extended":
            data, positions, lengths = encapsulate_extended(frames)
            offsets = {"ExtendedOffsetTable": positions, "ExtendedOffsetTableLengths": lengths}
        else:
            data = encapsulate(frames, has_bot=table == "basic")
        whole = file_with(data, syntax, LARGE, **offsets)
        np.testing.assert_array_equal(decode(whole).pixels, LARGE)
        short = file_with(data, syntax, LARGE, NumberOfFrames=said, **offsets)
        with pytest.raises(errors.CorruptImage, match=f"3 frames, and the header says {said or 1}"):
            decode(short)

    def test_that_no_table_has(self, syntax):
        """A table of one frame, and three in the file."""
        frames = frames_of(LARGE, syntax)
        data = encapsulate(frames, has_bot=False)
        data = b"\xfe\xff\x00\xe0\x04\0\0\0\0\0\0\0" + data[8:]
        with pytest.raises(errors.CorruptImage, match="holds 3 frames, and the header says 1"):
            decode(file_with(data, syntax, LARGE[0]))

    def test_a_table_of_more_frames_than_there_are(self, syntax):
        frames = frames_of(LARGE[:1], syntax)
        data, positions, lengths = encapsulate_extended(frames)
        offsets = {
            "ExtendedOffsetTable": positions * 2,
            "ExtendedOffsetTableLengths": lengths * 2,
        }
        with pytest.raises(errors.CorruptImage, match="holds 2 frames, and the header says 1"):
            decode(file_with(data, syntax, LARGE[0], **offsets))

    @pytest.mark.parametrize("rows", [40, 47])
    def test_rows_that_the_header_leaves_out(self, syntax, rows):
        data = compressed(frames_of(LARGE[:1], syntax), LARGE[0], syntax, Rows=rows)
        said = rf"frame 1 has 48 .*, and the header says {rows}"
        with pytest.raises(errors.CorruptImage, match=said):
            decode(data)


@pytest.mark.parametrize("syntax", [JPEG2000Lossless, *SYNTAXES[2:]])
def test_a_frame_in_several_fragments_is_one(syntax):
    (frame,) = frames_of(LARGE[:1], syntax)
    data = encapsulate([frame], fragments_per_frame=3, has_bot=False)
    np.testing.assert_array_equal(decode(file_with(data, syntax, LARGE[0])).pixels[0], LARGE[0])
    with pytest.raises(errors.CorruptImage, match="holds 2 frames, and the header says 1"):
        decode(compressed([frame + frame], LARGE[0], syntax))


@pytest.mark.parametrize("count", [1, 65, 200, 5000])
@pytest.mark.parametrize("syntax", [JPEGBaseline8Bit, *SYNTAXES[1:]])
def test_zeros_behind_a_frame_are_padding_however_many(syntax, count):
    if syntax == JPEGBaseline8Bit:
        data = dicom("SC_rgb_jpeg_dcmtk.dcm")
        dataset = pydicom.dcmread(FOLDER / "test_files/SC_rgb_jpeg_dcmtk.dcm")
        (frame,) = generate_frames(dataset.PixelData, number_of_frames=1)
        dataset.PixelData = encapsulate([frame.rstrip(b"\0") + bytes(count)])
        padded = file_of(dataset, syntax)
    else:
        (frame,) = frames_of(LARGE[:1], syntax)
        data = dicom_of(LARGE[0])
        padded = compressed([frame.rstrip(b"\0") + bytes(count)], LARGE[0], syntax)
    np.testing.assert_array_equal(decode(padded).pixels, decode(data).pixels)


@pytest.mark.parametrize("syntax", SYNTAXES[1:])
def test_zeros_in_place_of_the_rest_of_a_frame_are_not(syntax):
    (frame,) = frames_of(LARGE[:1], syntax)
    cut = frame.rstrip(b"\0")[:-6] + bytes(500)
    with pytest.raises((errors.Truncated, errors.CorruptImage)):
        decode(compressed([cut], LARGE[0], syntax))
