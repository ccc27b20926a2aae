"""Slices of a series become a volume in the order in which they lie in the patient."""

import io
from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian
from scipy.spatial.transform import Rotation

from mapreduce_jobs.imaging.dicom.header import read_header
from mapreduce_jobs.imaging.dicom.series.partition import partition
from mapreduce_jobs.imaging.dicom.series.slice_position import SlicePosition, slice_position_of
from mapreduce_jobs.imaging.dicom.series.slices import Slice
from mapreduce_jobs.imaging.dicom.series.volume import volume, volumes
from mapreduce_jobs.imaging.errors import CorruptImage, UnsuitableImage
from mapreduce_jobs.imaging.image import Image
from tests.imaging.dicoms import item
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
            place = slice_position_of(read_header(io.BytesIO(data)))
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


class TestWhatDoesNotBelongTogether:
    @pytest.mark.parametrize(
        "odd",
        [
            Image(scan(1, (4, 6))[None], 8),
            Image(scan(1, (5, 5))[None], 8),
            Image(scan(1, (4, 5))[None], 8, "HU"),
            Image(scan(1, (4, 5))[None], 8, spacing=(1, 1)),
            Image(np.zeros((1, 4, 5, 3), "u1"), 8),
            Image(np.zeros((3, 4, 5), "u1"), 8),
        ],
    )
    def test_another_size_unit_or_spacing_is_a_volume_of_its_own(self, odd):
        """A localizer, a reconstruction of another matrix; an image of frames is one already."""
        good = Image(scan(1, (4, 5))[None], 8)
        made = [
            Slice(f"{index}.dcm", image, SlicePosition(AXIAL, [0, 0, float(index)]))
            for index, image in enumerate((good, odd, good))
        ]
        images, others = volumes(made)
        assert not others
        assert [image.notes["slices"] for image in images] == [["0.dcm", "2.dcm"], ["1.dcm"]]
        assert [image.notes["part"] for image in images] == [
            {"number": 1, "of": 2},
            {"number": 2, "of": 2},
        ]
        assert images[1].pixels.shape == odd.pixels.shape
        with pytest.raises(UnsuitableImage, match="slices of 2 volumes"):
            volume(made)

    def test_nearly_the_same_spacing_is_the_same(self):
        spacings = [(0.5, 0.7), (0.504, 0.703), (0.506, 0.7)]  # 1 % of 0.5 is 0.005
        made = [
            replace(one, image=replace(one.image, spacing=spacing))
            for one, spacing in zip(slices_at([0, 1, 2]), spacings, strict=True)
        ]
        assert [len(part) for part in partition(made)[0]] == [2, 1]

    def test_each_image_of_frames_is_a_volume_by_itself(self):
        stacks = [Image(np.full((3, 4, 5), level, "u1"), 8) for level in (1, 2)]
        made = [Slice(f"{index}", image, SlicePosition()) for index, image in enumerate(stacks)]
        images, others = volumes(made)
        assert not others
        assert [image.pixels.max() for image in images] == [1, 2]

    def test_each_of_them_is_divided_by_itself(self):
        """Two echoes of one matrix, and one of another, at the same places."""
        made = divided([0, 5, 0, 5, 0, 5], EchoNumbers=["1", "1", "2", "2", "1", "1"])
        made[4:] = [
            replace(one, image=Image(np.zeros((1, 8, 8), np.int16), 16)) for one in made[4:]
        ]
        parts, _ = partition(made)
        assert [[one.name[0] for one in part] for part in parts] == [
            ["0", "1"],
            ["4", "5"],
            ["2", "3"],
        ]

    def test_a_slice_without_position_where_others_have_one(self):
        made = slices_at([0, 1, 2])
        lost = [
            Slice(f"lost-{index}", one.image, SlicePosition(number=float(index)))
            for index, one in enumerate([*made, *made])
        ]
        (belonging,), others = partition([*lost, *made])
        assert [one.name for one in belonging] == ["0.dcm", "1.dcm", "2.dcm"]
        assert {str(why) for _, why in others} == {
            "it has no position in space (Image Position (Patient) and Image Orientation"
            " (Patient)), which 0.dcm of its series has"
        }

    def test_but_where_those_of_another_size_have_one(self):
        """A screenshot in the series of a scan: it is ordered by its number."""
        shots = [
            Slice(
                f"shot-{index}", Image(scan(index, (9, 9))[None], 8), SlicePosition(number=-index)
            )
            for index in (1, 2)
        ]
        images, others = volumes([*shots, *slices_at([0, 1, 2])])
        assert not others
        assert [image.notes["order"] for image in images] == ["position", "number"]
        assert images[1].notes["slices"] == ["shot-2", "shot-1"]

    def test_an_image_of_several_frames_alone_is_a_volume_already(self):
        stack = Image(np.arange(12, dtype=np.uint8).reshape(3, 2, 2), 8, notes={"otsu": 3})
        image = volume([Slice("a", stack, SlicePosition())])
        np.testing.assert_array_equal(image.pixels, stack.pixels)
        assert image.notes == {"otsu": 3, "slices": ["a"]}

    def test_nothing(self):
        assert partition([]) == ([], [])
        with pytest.raises(UnsuitableImage, match="no slices"):
            volume([])


def divided(positions, **divisions):
    """Return slices at these positions, each with the values of elements that divide a series."""
    return [
        Slice(
            f"{index}.dcm",
            one.image,
            replace(
                one.position,
                divisions={name: values[index] for name, values in divisions.items()},
            ),
        )
        for index, one in enumerate(slices_at(positions))
    ]


class TestSeveralVolumesOfOneSeries:
    def orders(self, made):
        images, others = volumes(made)
        assert not others
        return [order_of(image) for image in images], [image.notes.get("part") for image in images]

    def test_planes_of_a_localizer(self):
        for one, other in combinations([AXIAL, SAGITTAL, CORONAL, OBLIQUE], 2):
            made = [*slices_at([1, 2], one), *slices_at([1, 2, 3], other)]
            made = [Slice(f"{index}", s.image, s.position) for index, s in enumerate(made)]
            images, others = volumes(made)
            names = [sorted(image.notes["slices"]) for image in images]
            assert names == [["0", "1"], ["2", "3", "4"]]
            assert [image.notes["part"] for image in images] == [
                {"number": 1, "of": 2},
                {"number": 2, "of": 2},
            ]
            assert not others

    @pytest.mark.parametrize(
        "element",
        [
            "TemporalPositionIdentifier",
            "TemporalPositionIndex",
            "EchoNumbers",
            "EchoTime",
            "EffectiveEchoTime",
            "DiffusionBValue",
            "ImageType",
            "FrameType",
            "AcquisitionNumber",
            "FrameAcquisitionNumber",
            "TriggerTime",
            "NominalCardiacTriggerDelayTime",
        ],
    )
    def test_slices_at_the_same_places_that_differ(self, element):
        """Of three places two echoes each, in the order in which scanners number them."""
        made = divided([0, 0.00002, 5, 5, 10, 10], **{element: ["a", "b"] * 3})
        orders, parts = self.orders(made)
        assert orders == [[0, 2, 4], [1, 3, 5]]
        assert parts == [
            {"number": 1, "of": 2, element: "a"},
            {"number": 2, "of": 2, element: "b"},
        ]

    def test_by_two_elements(self):
        echoes, times = ["1", "2"] * 6, ["1", "1", "2", "2", "3", "3"] * 2
        made = divided([0] * 6 + [5] * 6, EchoNumbers=echoes, TemporalPositionIdentifier=times)
        orders, parts = self.orders(made)
        assert orders == [[index, index + 6] for index in range(6)]
        assert parts == [
            {
                "number": 2 * time + echo + 1,
                "of": 6,
                "TemporalPositionIdentifier": str(time + 1),
                "EchoNumbers": str(echo + 1),
            }
            for time in range(3)
            for echo in range(2)
        ]

    def test_stacks_lie_apart(self):
        orders, parts = self.orders(divided([0, 5, 100, 105], StackID=["1", "1", "2", "2"]))
        assert orders == [[0, 1], [2, 3]]
        assert [part["StackID"] for part in parts] == ["1", "2"]

    @pytest.mark.parametrize(
        ("positions", "values"),
        [
            ([0, 5, 10, 15], ["1", "2", "3", "4"]),  # an acquisition a slice
            ([0, 5, 10, 15], ["1", "1", "2", "2"]),  # in two passes, one behind the other
            ([0, 5, 5, 10], ["1", "2", "3", "4"]),  # one slice made anew
        ],
    )
    def test_what_acquisition_numbers_do_not_divide(self, positions, values):
        orders, parts = self.orders(divided(positions, AcquisitionNumber=values))
        assert (orders, parts) == ([[0, 1, 2, 3]], [None])

    def test_one_of_them_that_cannot_be_made_is_told_for_its_slices(self):
        made = divided([0, 0, 5, 5], EchoNumbers=["1", "2"] * 2)
        made[3] = replace(made[3], rescale=(2.0, 0.0))
        images, others = volumes(made)
        assert [order_of(image) for image in images] == [[0, 2]]
        assert [one.name for one, _ in others] == ["1.dcm", "3.dcm"]


class TestTheType:
    @pytest.mark.parametrize(
        ("dtypes", "expected", "bits"),
        [
            (["int16", "int16"], "int16", 16),
            (["int16", "int32"], "int32", 32),
            (["uint16", "int16"], "int32", 32),
            (["int16", "float64"], "float64", 64),
            (["uint8", "uint16"], "uint16", 16),
            (["int32", "uint32"], "float64", 64),
            (["int32", "float32"], "float64", 64),
        ],
    )
    def test_it_holds_the_values_of_all(self, dtypes, expected, bits):
        limits = [
            (np.iinfo if np.dtype(dtype).kind in "iu" else np.finfo)(dtype).max for dtype in dtypes
        ]
        made = [
            Slice(
                f"{index}",
                Image(np.full((1, 1, 1), limit, dtype), np.dtype(dtype).itemsize * 8),
                SlicePosition(AXIAL, [0, 0, float(index)]),
            )
            for index, (dtype, limit) in enumerate(zip(dtypes, limits, strict=True))
        ]
        image = volume(made)
        assert (image.pixels.dtype, image.bits) == (expected, bits)
        assert image.pixels.ravel().tolist() == limits

    def test_stored_values_of_different_slopes_are_not_mixed(self):
        made = [
            replace(one, rescale=rescale)
            for one, rescale in zip(slices_at([0, 1]), [(1.0, 0.0), (0.4, 0.0)], strict=True)
        ]
        with pytest.raises(
            UnsuitableImage, match=r"different slopes or intercepts.*stack modality"
        ):
            volume(made)
        meant = [replace(one, image=replace(one.image, unit="BQML")) for one in made]
        assert order_of(volume(meant)) == [0, 1]


@pytest.mark.parametrize(("tilt", "noted"), [(0, None), (17.5, 17.5), (-12, 12.0)])
def test_the_tilt_of_a_gantry_is_noted(tilt, noted):
    """Corners go along the table; slices lean towards it, about the axis of their rows."""
    radians = np.radians(tilt)
    leaning = [1, 0, 0, 0, np.cos(radians), np.sin(radians)]
    made = [
        Slice(f"{z}", Image(np.zeros((1, 2, 2), np.int16), 16), SlicePosition(leaning, [0, 0, z]))
        for z in (0.0, 5.0, 10.0)
    ]
    assert volume(made).notes.get("tilt") == noted


def test_slices_at_the_same_place_have_no_tilt():
    image = Image(np.zeros((1, 2, 2), np.int16), 16)
    made = [Slice(f"{x}", image, SlicePosition(AXIAL, [x, 0.0, 0.0])) for x in (0.0, 5.0)]
    assert "tilt" not in volume(made).notes


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


def test_in_functional_groups():
    """Of the enhanced kind, one frame a file (PS3.3 C.7.6.16.2)."""
    header = Dataset()
    shared, own = Dataset(), Dataset()
    shared.PlaneOrientationSequence = [item(ImageOrientationPatient=as_text(AXIAL))]
    own.PlanePositionSequence = [item(ImagePositionPatient=["1", "2", "3"])]
    own.FrameContentSequence = [item(StackID="A", TemporalPositionIndex=4)]
    header.SharedFunctionalGroupsSequence = [shared]
    header.PerFrameFunctionalGroupsSequence = [own]
    found = slice_position_of(header)
    assert (found.orientation, found.position) == (AXIAL, [1, 2, 3])
    assert found.divisions == {"StackID": "A", "TemporalPositionIndex": "4"}


def test_a_position_without_an_orientation_is_none():
    header = Dataset()
    header.ImagePositionPatient, header.InstanceNumber = ["0", "0", "1"], "7"
    assert slice_position_of(header) == SlicePosition(number=7)
