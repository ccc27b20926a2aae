"""Slices of a series become a volume in the order in which they lie in the patient."""

import io
import re
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian
from scipy.spatial.transform import Rotation

from mapreduce_jobs.imaging.dicom.header import read_header
from mapreduce_jobs.imaging.dicom.slice_position import KEYWORDS, SlicePosition, slice_position_of
from mapreduce_jobs.imaging.dicom.volume import Slice, partition, volume
from mapreduce_jobs.imaging.errors import CorruptImage, UnsuitableImage
from mapreduce_jobs.imaging.image import Image
from tests.support import scan

AXIAL = [1.0, 0, 0, 0, 1, 0]
SAGITTAL = [0.0, 1, 0, 0, 0, -1]
CORONAL = [1.0, 0, 0, 0, 0, -1]
ROTATION = Rotation.from_euler("xyz", [20, -30, 50], degrees=True).as_matrix()
OBLIQUE = [*ROTATION[:, 0], *ROTATION[:, 1]]


def dicom_slice(pixels, series="1.2.3", **elements):
    """Return a slice as a scanner would write it; None leaves an element out."""
    meta = FileMetaDataset()
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    meta.MediaStorageSOPClassUID = "1.2.840.10008.5.1.4.1.1.2"
    meta.MediaStorageSOPInstanceUID = "1.2.3.4"
    dataset = FileDataset("", {}, file_meta=meta, preamble=bytes(128))
    dataset.Modality = "CT"
    dataset.SeriesInstanceUID = series
    dataset.Rows, dataset.Columns = pixels.shape[-2:]
    dataset.NumberOfFrames = len(pixels) if pixels.ndim == 3 else None
    dataset.SamplesPerPixel, dataset.PhotometricInterpretation = 1, "MONOCHROME2"
    dataset.BitsAllocated = dataset.BitsStored = 8 * pixels.dtype.itemsize
    dataset.HighBit = dataset.BitsStored - 1
    dataset.PixelRepresentation = int(pixels.dtype.kind == "i")
    dataset.PixelSpacing = [0.5, 0.7]
    dataset.PixelData = pixels.tobytes()
    for name, value in elements.items():
        if value is None:
            del dataset[name]
        else:
            setattr(dataset, name, value)
    file = io.BytesIO()
    dataset.save_as(file)
    return file.getvalue()


def as_text(numbers):
    """Return decimal strings, which have 16 characters at most (PS3.5 6.2)."""
    return [f"{number:.10f}"[:16] for number in numbers]


def slices_at(positions, orientation=AXIAL, **more):
    """Return slices whose one pixel is their number, along z."""
    return [
        Slice(
            f"{index}.dcm",
            Image(np.full((1, 1, 1), index, np.int16), 16, **more),
            SlicePosition(orientation, [0.0, 0.0, float(z)], number=float(index)),
        )
        for index, z in enumerate(positions)
    ]


def order_of(image):
    return image.pixels.ravel().tolist()


class TestOrder:
    @pytest.mark.parametrize("orientation", [AXIAL, SAGITTAL, CORONAL, OBLIQUE])
    def test_along_the_normal(self, orientation):
        """The corner goes aside from slice to slice, as of a tilted gantry: that is no matter."""
        row, column = np.array(orientation[:3]), np.array(orientation[3:])
        normal = np.cross(row, column)
        random = np.random.default_rng(4)
        pixels = random.integers(-1000, 1000, (9, 4, 5), np.int16)
        made = []
        for index, frame in enumerate(pixels):
            corner = [30, -20, 7] + 2.5 * index * normal + random.normal() * row + 3 * column
            data = dicom_slice(
                frame,
                ImageOrientationPatient=as_text(orientation),
                ImagePositionPatient=as_text(corner),
                InstanceNumber=random.integers(1000),
            )
            place = slice_position_of(read_header(io.BytesIO(data), KEYWORDS))
            made.append(Slice(f"{index}", Image(frame[np.newaxis], 16), place))
        random.shuffle(made)
        image = volume(made)
        np.testing.assert_array_equal(image.pixels, pixels)
        assert image.notes["order"] == "position"
        assert image.notes["slices"] == [f"{index}" for index in range(9)]
        assert image.notes["slice_spacing"] == pytest.approx(2.5, abs=1e-6)
        assert image.notes["gaps"] == image.notes["repeated"] == []
        np.testing.assert_allclose(image.notes["orientation"], orientation, atol=1e-9)
        start = np.dot([30, -20, 7], normal)
        np.testing.assert_allclose(image.notes["positions"], start + 2.5 * np.arange(9), atol=1e-5)

    def test_sagittal_slices_go_to_the_left_or_the_right_as_their_rows_and_columns_say(self):
        """(0, 1, 0) × (0, 0, −1) is (−1, 0, 0): from the left to the right."""
        made = [
            Slice(
                str(x),
                Image(np.full((1, 1, 1), x, np.int16), 16),
                SlicePosition(SAGITTAL, [x, 9, 9]),
            )
            for x in (10, -10, 0)
        ]
        assert order_of(volume(made)) == [10, 0, -10]
        assert volume(made).notes["positions"] == [-10, 0, 10]

    @given(st.permutations(slices_at([5, 0, 5, 2.5, 7.5, 20])))
    def test_the_order_in_which_they_come_does_not_matter(self, made):
        image = volume(made)
        assert order_of(image) == [1, 3, 0, 2, 4, 5]
        assert image.notes == volume(sorted(made, key=lambda one: one.name)).notes

    def test_without_positions_by_slice_location_then_by_number(self):
        pixels = [Image(np.full((1, 1, 1), index, np.int16), 16) for index in range(3)]
        locations = [SlicePosition(None, None, location, 1.0) for location in (3.0, -1.0, 1.0)]
        made = [Slice("a", image, place) for image, place in zip(pixels, locations, strict=True)]
        assert order_of(volume(made)) == [1, 2, 0]
        assert (volume(made).notes["order"], volume(made).notes["slice_spacing"]) == ("location", 2)
        numbers = [SlicePosition(None, None, None, number) for number in (3.0, 10.0, 2.0)]
        made = [Slice("a", image, place) for image, place in zip(pixels, numbers, strict=True)]
        assert order_of(volume(made)) == [2, 0, 1]
        assert volume(made).notes["order"] == "number"
        assert volume(made).notes["positions"] is volume(made).notes["slice_spacing"] is None

    def test_without_anything_there_is_no_order(self):
        made = [Slice(name, Image(np.zeros((1, 1, 1), "u1"), 8), SlicePosition()) for name in "ab"]
        with pytest.raises(UnsuitableImage, match=r"^a tells neither its position nor its number"):
            volume(made)


class TestWhatIsNoted:
    @pytest.mark.parametrize(
        ("positions", "spacing", "gaps", "repeated"),
        [
            ([0, 5, 10, 20, 25], 5, [[2, 10]], []),
            ([0, 5, 10.04, 15], 5, [], []),  # within 1 %
            ([0, 5, 10.06, 15], 5, [[1, 5.06], [2, 4.94]], []),
            ([0, 5, 5, 10], 5, [], [2]),
            ([3, 3, 3], None, [], [1, 2]),
            ([3], None, [], []),
        ],
    )
    def test_gaps_and_repetitions(self, positions, spacing, gaps, repeated):
        notes = volume(slices_at(positions)).notes
        found = notes["slice_spacing"], notes["gaps"], notes["repeated"]
        assert found == (spacing, gaps, repeated)

    def test_bits_spacing_unit_padding_and_notes_of_the_slices(self):
        made = slices_at([0, 1, 2], spacing=(0.5, 0.7), unit="HU")
        mask = np.ones((1, 1, 1), bool)
        images = [
            Image(made[0].image.pixels, 12, "HU", (0.5, 0.7), {"threshold": 3.0}, mask),
            Image(made[1].image.pixels, 16, "HU", (0.5, 0.7)),
        ]
        pair = [Slice(one.name, im, one.position) for one, im in zip(made[:2], images, strict=True)]
        image = volume([*pair, made[2]])
        assert (image.bits, image.unit, image.spacing) == (16, "HU", (0.5, 0.7))
        assert image.padding.ravel().tolist() == [True, False, False]
        assert image.notes["frames"] == [{"threshold": 3.0}, {}, {}]
        assert "frames" not in volume(made).notes
        assert volume(made).padding is None


class TestWhatDoesNotBelong:
    def belonging_and_others(self, *images, place=AXIAL):
        made = [
            Slice(f"{index}.dcm", image, SlicePosition(place, [0, 0, float(index)]))
            for index, image in enumerate(images)
        ]
        belonging, others = partition(made)
        assert len(belonging) + len(others) == len(images)
        return [one.name for one in belonging], {one.name: str(why) for one, why in others}

    @pytest.mark.parametrize(
        ("odd", "why"),
        [
            (
                Image(scan(1, (4, 6))[None], 8),
                "it has 4 × 6 pixels, 0.dcm of its series 4 × 5 pixels",
            ),
            (
                Image(scan(1, (4, 5))[None].astype("i2"), 8),
                "it has int16 numbers, 0.dcm .* uint8 num",
            ),
            (Image(scan(1, (4, 5))[None], 8, "HU"), "it has the unit HU, 0.dcm .* the unit stored"),
            (
                Image(scan(1, (4, 5))[None], 8, spacing=(1, 1)),
                "its pixel spacing is not that of 0.dcm",
            ),
            (Image(np.zeros((1, 4, 5, 3), "u1"), 8), "it has 4 × 5 colour pixels, 0.dcm"),
            (Image(np.zeros((3, 4, 5), "u1"), 8), "it has 3 frames, and so is no slice"),
        ],
    )
    def test_the_odd_one_is_told_why(self, odd, why):
        good = Image(scan(1, (4, 5))[None], 8)
        belonging, others = self.belonging_and_others(good, good, odd)
        assert (belonging, list(others)) == (["0.dcm", "1.dcm"], ["2.dcm"])
        assert re.match(why, others["2.dcm"])

    def test_which_a_volume_refuses(self):
        made = [*slices_at([3], SAGITTAL), *slices_at([0, 1, 2])[1:]]
        with pytest.raises(UnsuitableImage, match=r"^0.dcm: its orientation in space is not that"):
            volume(made)

    def test_the_most_that_are_alike_are_the_volume_of_as_many_the_first(self):
        small, large = (Image(scan(1, (side, side))[None], 8) for side in (4, 8))
        assert self.belonging_and_others(small, large, large)[0] == ["1.dcm", "2.dcm"]
        assert self.belonging_and_others(small, large, large, small)[0] == ["0.dcm", "3.dcm"]

    def test_planes_of_a_localizer_are_not_one_volume(self):
        for one, other in combinations([AXIAL, SAGITTAL, CORONAL, OBLIQUE, None], 2):
            made = [*slices_at([1, 2], one), *slices_at([1, 2, 3], other)]
            made = [Slice(f"{index}", s.image, s.position) for index, s in enumerate(made)]
            belonging, others = partition(made)
            assert [s.name for s in belonging] == ["2", "3", "4"]
            assert {str(why) for _, why in others} == {
                "its orientation in space is not that of 2 of its series"
            }

    def test_an_image_of_several_frames_alone_is_a_volume_already(self):
        stack = Image(np.arange(12, dtype=np.uint8).reshape(3, 2, 2), 8, notes={"otsu": 3})
        image = volume([Slice("a", stack, SlicePosition())])
        np.testing.assert_array_equal(image.pixels, stack.pixels)
        assert image.notes == {"otsu": 3, "slices": ["a"]}

    def test_nothing(self):
        assert partition([]) == ([], [])
        with pytest.raises(UnsuitableImage, match="no slices"):
            volume([])


@pytest.mark.parametrize(
    ("elements", "reason"),
    [
        ({"ImagePositionPatient": ["1", "2"]}, r"ImagePositionPatient is 1\\2, not 3 finite"),
        (
            {"ImageOrientationPatient": ["1", "0", "0", "1", "0", "0"]},
            "does not hold two directions",
        ),
        ({"ImageOrientationPatient": ["0"] * 6}, "does not hold two directions"),
    ],
)
def test_places_that_cannot_be(elements, reason):
    header = Dataset()
    header.ImageOrientationPatient, header.ImagePositionPatient = as_text(AXIAL), ["0", "0", "0"]
    for name, value in elements.items():
        setattr(header, name, value)
    with pytest.raises(CorruptImage, match=reason):
        slice_position_of(header)


def test_a_position_without_an_orientation_is_none():
    header = Dataset()
    header.ImagePositionPatient, header.InstanceNumber = ["0", "0", "1"], "7"
    assert slice_position_of(header) == SlicePosition(number=7)
