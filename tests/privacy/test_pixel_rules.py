"""Rules tell where text is in the pixels: those of this project, and a site's own."""

import io
import json

import numpy as np
import pydicom
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from pydicom.dataset import Dataset

from mapreduce_jobs.imaging.errors import BadParameter, CorruptImage, OutsideImage
from mapreduce_jobs.privacy.pixels.burned_in import Rectangle, Rules, blank
from mapreduce_jobs.privacy.pixels.rectangle import around
from tests.support import dicom


def read(data):
    return pydicom.dcmread(io.BytesIO(data))


@given(
    st.lists(st.builds(Rectangle, *[st.integers(0, 9)] * 2, *[st.integers(1, 9)] * 2), max_size=5)
)
def test_around_is_everything_else_once(kept):
    covered = np.zeros((10, 10), int)
    for one in kept:
        covered[one.top : one.top + one.height, one.left : one.left + one.width] = 1
    for one in around(kept, 10, 10):
        covered[one.top : one.top + one.height, one.left : one.left + one.width] += 1
    assert (covered == 1).all()


def ultrasound(*regions, rows=480, columns=640):
    """Return a header with regions, each (format, left, top, last column, last row)."""
    dataset = Dataset()
    dataset.Modality, dataset.Rows, dataset.Columns = "US", rows, columns
    dataset.SequenceOfUltrasoundRegions = []
    for kind, left, top, right, bottom in regions:
        region = Dataset()
        region.RegionSpatialFormat = kind
        region.RegionLocationMinX0, region.RegionLocationMinY0 = left, top
        region.RegionLocationMaxX1, region.RegionLocationMaxY1 = right, bottom
        dataset.SequenceOfUltrasoundRegions.append(region)
    return dataset


class TestDefaultRules:
    def test_around_the_regions_of_ultrasound(self):
        header = ultrasound((1, 100, 40, 539, 439), (5, 0, 0, 99, 479))
        found = Rules.default().rectangles(header)
        assert [str(one) for one in found] == [
            "[0, 0, 640, 40]",
            "[0, 40, 100, 400]",
            "[540, 40, 100, 400]",
            "[0, 440, 640, 40]",
        ]

    @pytest.mark.parametrize(
        "header",
        [
            ultrasound(),
            ultrasound((1, 0, 0, 639, 479)),  # all of it
            ultrasound((1, 100, 40, 1000, 439)),  # of a larger image
            ultrasound((5, 0, 0, 99, 479)),  # graphics alone
            read(dicom("CT_small.dcm")),
            read(dicom("examples_palette.dcm")),  # was cut after its header was made
        ],
    )
    def test_where_nothing_is_known(self, header):
        assert Rules.default().rectangles(header) == []

    def test_a_region_that_is_none(self):
        with pytest.raises(CorruptImage, match="Sequence of Ultrasound Regions"):
            Rules.default().rectangles(ultrasound((1, 300, 40, 100, 439)))

    def test_the_picture_stays(self):
        dataset = read(dicom("examples_rgb_color.dcm"))
        regions = ultrasound((1, 80, 30, 239, 209)).SequenceOfUltrasoundRegions
        dataset.SequenceOfUltrasoundRegions = regions
        old = dataset.pixel_array.copy()
        blank(dataset, Rules.default().rectangles(dataset))
        picture = np.s_[30:210, 80:240]
        np.testing.assert_array_equal(dataset.pixel_array[picture], old[picture])
        assert dataset.pixel_array.sum() == old[picture].sum()


RULES = [
    {"name": "banner", "when": "Modality == 'CT'", "rectangles": [[0, 0, 512, 20]]},
    {"name": "corner", "when": "Rows == 128", "rectangles": [[-30, -10, 30, 10]]},
]


class TestRulesFile:
    @pytest.mark.parametrize("write", [yaml.safe_dump, json.dumps])
    def test_every_rule_that_is_for_an_image_holds(self, write):
        rules = Rules.parse(write(RULES))
        found = rules.rectangles(read(dicom("CT_small.dcm")))
        assert [str(one) for one in found] == ["[0, 0, 128, 20]", "[98, 118, 30, 10]"]
        assert rules.rectangles(read(dicom("MR_small.dcm"))) == []

    def test_a_rule_for_other_sizes_is_named(self):
        text = "[{name: banner, when: Rows > 0, rectangles: [[0, 300, 9, 9]]}]"
        with pytest.raises(OutsideImage, match=r"rule banner: .* 128 rows .* Rows and Columns"):
            Rules.parse(text).rectangles(read(dicom("CT_small.dcm")))

    @pytest.mark.parametrize(
        ("text", "said"),
        [
            ("", "line 1: a list of rules"),
            ("name: a", "line 1: a list of rules"),
            ("- a", "line 1: a rule is expected"),
            ("- name: a\n  when: [", "line 2: "),
            ("# none\n- when: Rows > 1", "line 2: the rule has no name"),
            ("- name: a\n  name: b", "line 2: name stands there twice"),
            ("- name: a\n  colour: b", "line 2: rule a: colour is not one of name, when"),
            ("- name: a", "line 1: rule a: a condition is missing"),
            ("- name: a\n  when: Rows > 1", "line 1: rule a: rectangles are missing"),
            ("- name: a\n  when: Rows >\n  rectangles: []", "line 2: rule a: when: at character"),
            ("- name: a\n  when: Rows > 1\n  rectangles: []", "line 3: rule a: rectangles: a list"),
            ("- name: a\n  when: Rows > 1\n  rectangles: [[1, 2, 3]]", "line 3: rule a: .* is not"),
            ("- name: a\n  when: Rows > 1\n  rectangles: [[1, 2, 3.5, 4]]", "whole pixels"),
            ("- name: a\n  when: Rows > 1\n  rectangles: [[1, 2, 0, 4]]", "at least one pixel"),
            ("- name: a\n  when: Rows > 1\n  outside: all", "line 3: rule a: outside: all: must"),
            ("- name: 2023-02-30", "line 1|day"),
            ("[" * 5000, "nested"),
        ],
    )
    def test_what_is_wrong_is_told_with_its_line(self, text, said):
        with pytest.raises(BadParameter, match=said):
            Rules.parse(text)
