"""Frames of the enhanced kind that lie at places of their own are slices of their series."""

import io

import numpy as np
import pytest
from pydicom.uid import generate_uid

from mapreduce_jobs.imaging.decode import decode_file
from mapreduce_jobs.imaging.dicom.header import read_header
from mapreduce_jobs.imaging.dicom.series.slices import Slice, by_file, series_of, slices_of
from mapreduce_jobs.imaging.dicom.series.volume import volumes
from mapreduce_jobs.imaging.errors import CorruptImage, UnsuitableImage
from tests.imaging.dicom.test_volume import AXIAL, SAGITTAL
from tests.imaging.dicoms import dicom_of, enhanced, file_of, item

# Frame k lies at 2.5 mm · HEIGHTS[k], and all its pixels are HEIGHTS[k].
HEIGHTS = [3, 0, 4, 1, 2]
FRAMES = np.stack([np.full((4, 5), height, np.int16) for height in HEIGHTS])


def at(heights):
    return [(-10, 20, 2.5 * height) for height in heights]


def slices(dataset, values="stored"):
    data = file_of(dataset)
    decoded = decode_file(data, values=values)
    return slices_of("a.dcm", decoded.image, read_header(io.BytesIO(data)))


def made(dataset):
    images, others = volumes(slices(dataset))
    assert not others
    return [image.pixels[:, 0, 0].tolist() for image in images], [image.notes for image in images]


class TestOrder:
    def test_along_the_normal_whatever_the_order_in_the_file(self):
        (order,), (notes,) = made(enhanced(FRAMES, at(HEIGHTS)))
        assert order == [0, 1, 2, 3, 4]
        assert notes == {
            "slices": [f"a.dcm frame {number}" for number in (2, 4, 5, 1, 3)],
            "order": "position",
            "positions": [0, 2.5, 5, 7.5, 10],
            "slice_spacing": 2.5,
            "gaps": [],
            "repeated": [],
            "orientation": AXIAL,
        }

    def test_gaps_and_the_tilt_of_a_gantry(self):
        """Frames go 1 mm aside each 2.5 mm, atan(1 / 2.5) is 21.8°; that at 2.5 mm is missing."""
        kept = [0, 1, 2, 4]
        positions = [(-10, 20 + height, 2.5 * height) for height in np.array(HEIGHTS)[kept]]
        _, (notes,) = made(enhanced(FRAMES[kept], positions))
        assert (notes["gaps"], notes["tilt"]) == ([[0, 5.0]], 21.8)

    def test_at_the_same_place_by_the_number_of_the_frame(self):
        heights = [1] + [0] * 11
        frames = np.arange(12, dtype=np.int16).reshape(12, 1, 1)
        (order,), (notes,) = made(enhanced(frames, at(heights)))
        assert order == [*range(1, 12), 0]
        assert notes["repeated"] == [*range(1, 11)]

    def test_what_frames_have_besides(self):
        """Padding and modality values of each frame; the spacing is that of all."""
        slopes = [{"PixelValueTransformationSequence": item(RescaleSlope=h + 1)} for h in HEIGHTS]
        for one in slopes:
            one["PixelValueTransformationSequence"].RescaleIntercept = 0
        dataset = enhanced(FRAMES, at(HEIGHTS), slopes, PixelPaddingValue=4)
        found = slices(dataset, "modality")
        assert [one.image.pixels[0, 0, 0] for one in found] == [12, 0, 20, 2, 6]
        assert [bool(one.image.padding.all()) for one in found] == [
            height == 4 for height in HEIGHTS
        ]
        assert {one.image.spacing for one in found} == {(0.5, 0.7)}
        assert [one.rescale for one in found] == [(height + 1, 0) for height in HEIGHTS]
        _, others = volumes(slices(dataset))
        (error,) = by_file(others)
        assert error[0] == "a.dcm"
        assert str(error[1]).startswith(
            "frames 1, 2, 3, 4, 5: the slices of its series have different slopes or intercepts"
        )


class TestParts:
    @pytest.mark.parametrize(
        ("group", "keyword", "values"),
        [
            ("FrameContentSequence", "StackID", ["1", "2"]),
            ("FrameContentSequence", "TemporalPositionIndex", [1, 2]),
            ("FrameContentSequence", "FrameAcquisitionNumber", [1, 2]),
            ("MREchoSequence", "EffectiveEchoTime", [4.5, 90.0]),
            ("MRDiffusionSequence", "DiffusionBValue", [0.0, 1000.0]),
            ("MRImageFrameTypeSequence", "FrameType", ["A\\B", "A\\C"]),
            ("CardiacSynchronizationSequence", "NominalCardiacTriggerDelayTime", [10.0, 50.0]),
        ],
    )
    def test_frames_at_the_same_places_that_differ(self, group, keyword, values):
        groups = [{group: item(**{keyword: values[index % 2]})} for index in range(6)]
        frames = np.arange(6, dtype=np.int16).reshape(6, 1, 1)
        orders, notes = made(enhanced(frames, at([2, 2, 0, 0, 1, 1]), groups))
        assert orders == [[2, 4, 0], [3, 5, 1]]
        assert [found["part"] for found in notes] == [
            {"number": number + 1, "of": 2, keyword: str(values[number])} for number in range(2)
        ]

    def test_orientations(self):
        groups = [
            {"PlaneOrientationSequence": item(ImageOrientationPatient=orientation)}
            for orientation in (AXIAL, SAGITTAL, AXIAL)
        ]
        shared = {"PixelMeasuresSequence": item(PixelSpacing=[1, 1])}
        frames = np.arange(3, dtype=np.int16).reshape(3, 1, 1)
        orders, _ = made(enhanced(frames, at([1, 0, 0]), groups, shared))
        assert orders == [[2, 0], [1]]

    def test_several_files_of_one_series(self):
        """The frames of both, as those of a concatenation."""
        first, second = (
            slices(enhanced(FRAMES[:2], at([3, 0]))),
            slices(enhanced(FRAMES[2:], at([4, 1, 2]))),
        )
        second = [Slice("b.dcm", s.image, s.position, s.rescale, s.frame) for s in second]
        (image,), _ = volumes([*second, *first])
        assert image.notes["slices"] == [
            *("a.dcm frame 2", "b.dcm frame 2", "b.dcm frame 3", "a.dcm frame 1", "b.dcm frame 1")
        ]


class TestWhatStaysAsItIs:
    def stays(self, dataset):
        (one,) = slices(dataset)
        (image,) = volumes([one])[0]
        np.testing.assert_array_equal(image.pixels, FRAMES)
        assert (one.name, image.notes) == ("a.dcm", {"slices": ["a.dcm"]})

    def test_frames_without_positions(self):
        self.stays(enhanced(FRAMES, [None] * 5))

    def test_frames_at_one_place(self):
        self.stays(enhanced(FRAMES, at([1] * 5)))

    def test_frames_without_groups_of_their_own(self):
        dataset = enhanced(FRAMES, at(HEIGHTS), ImagePositionPatient=[0, 0, 0])
        del dataset.PerFrameFunctionalGroupsSequence
        self.stays(dataset)

    def test_a_single_frame_is_named_as_its_file(self):
        (one,) = slices(enhanced(FRAMES[:1], at([3])))
        assert (one.name, one.position.position) == ("a.dcm", [-10, 20, 7.5])


class TestWhatIsRefused:
    def test_a_frame_without_position_where_others_have_one(self):
        dataset = enhanced(FRAMES, [*at(HEIGHTS[:4]), None])
        (image,), others = volumes(slices(dataset))
        assert image.pixels[:, 0, 0].tolist() == [0, 1, 3, 4]
        ((file, error),) = by_file(others)
        assert file == "a.dcm"
        assert str(error).startswith("frame 5: it has no position in space")

    def test_fewer_groups_than_frames(self):
        dataset = enhanced(FRAMES, at(HEIGHTS))
        del dataset.PerFrameFunctionalGroupsSequence[3:]
        ((_, error),) = by_file(volumes(slices(dataset))[1])
        assert str(error).startswith("frames 4, 5: it has no position in space")

    def test_a_position_that_cannot_be(self):
        with pytest.raises(CorruptImage, match=r"ImagePositionPatient is 1.0\\2.0, not 3 finite"):
            slices(enhanced(FRAMES, [*at(HEIGHTS[:4]), (1, 2)]))

    def test_many_frames_are_counted(self):
        (one, *_) = slices(enhanced(FRAMES, at(HEIGHTS)))
        frames = [Slice("a", one.image, one.position, frame=number) for number in range(1, 9)]
        found = by_file([(frame, UnsuitableImage("odd")) for frame in frames])
        assert [(file, str(error)) for file, error in found] == [
            ("a", "frames 1, 2, 3, 4, 5 and 3 more: odd")
        ]


def test_pixel_spacings_of_their_own():
    """As of stacks of different fields of view: none is that of all."""
    groups = [
        {"PixelMeasuresSequence": item(PixelSpacing=[size, size])} for size in (1, 1, 2, 2, 2)
    ]
    shared = {"PlaneOrientationSequence": item(ImageOrientationPatient=AXIAL)}
    found = slices(enhanced(FRAMES, at(HEIGHTS), groups, shared))
    assert [one.image.spacing for one in found] == [(1, 1)] * 2 + [(2, 2)] * 3


def test_the_series():
    uid = generate_uid()
    header = read_header(io.BytesIO(dicom_of(FRAMES[0], SeriesInstanceUID=uid)))
    assert series_of(header) == uid
    with pytest.raises(UnsuitableImage, match="no Series Instance UID"):
        series_of(read_header(io.BytesIO(dicom_of(FRAMES[0]))))
