"""With rules or a detector of text, pixels are blanked, and the file says what was done."""

import cv2
import numpy as np
import pydicom
import pytest
from pydicom.filebase import DicomBytesIO

from mapreduce_jobs.imaging.decode import decode
from mapreduce_jobs.privacy.dicom.dataset import deidentify
from mapreduce_jobs.privacy.pixels.blanking import Blanking
from mapreduce_jobs.privacy.pixels.burned_in import Rules
from mapreduce_jobs.privacy.settings import Settings
from tests.privacy.support import KEY, image, written
from tests.support import dicom, scan

BANNER = Rules.parse("""
- name: banner
  when: Rows > 0
  rectangles: [[0, 0, 20, 5]]
""")
ASKED = Settings(clean={"pixels"})


def made_of(data, rules):
    done = deidentify(data, ASKED, KEY, Blanking(rules))
    return done.data, pydicom.dcmread(DicomBytesIO(done.data)), done.audit.result()


@pytest.mark.parametrize(
    "name",
    [
        "CT_small.dcm",
        "MR_small_bigendian.dcm",
        "MR_small_implicit.dcm",
        "MR_small_jp2klossless.dcm",
        "MR_small_RLE.dcm",
        "examples_rgb_color.dcm",
        "SC_rgb_rle_2frame.dcm",
        "image_dfl.dcm",
    ],
)
def test_a_rule_is_followed_and_the_file_says_so(name):
    before = decode(dicom(name)).pixels
    data, dataset, audit = made_of(dicom(name), BANNER)
    after = decode(data).pixels
    changed = (before != after).reshape(*before.shape[:3], -1).any((0, 3))
    changed[:5, :20] = False
    assert not changed.any()
    assert len(np.unique(after[:, :5, :20].reshape(-1, *after.shape[3:]), axis=0)) == 1
    assert (dataset.BurnedInAnnotation, dataset.PatientIdentityRemoved) == ("NO", "YES")
    codes = [item.CodeValue for item in dataset.DeidentificationMethodCodeSequence]
    assert codes == ["113100", "113101"]
    assert audit["pixels"] == "blanked"
    assert "blanked" in audit["review"][0]


def test_where_no_rule_is_for_an_image_nothing_is_changed_or_claimed():
    none = Rules.parse("[{name: never, when: Rows == 1, rectangles: [[0, 0, 1, 1]]}]")
    data = dicom("examples_rgb_color.dcm")
    made, dataset, audit = made_of(data, none)
    np.testing.assert_array_equal(decode(made).pixels, decode(data).pixels)
    assert dataset.PatientIdentityRemoved == "NO"
    assert audit["pixels"] == "unchanged"
    codes = [item.CodeValue for item in dataset.DeidentificationMethodCodeSequence]
    assert codes == ["113100"]


def test_text_that_is_found_is_blanked():
    secondary = {"SOPClassUID": "1.2.840.10008.5.1.4.1.1.7", "Rows": 200, "Columns": 400}
    plain = image(**secondary)
    plain[0x7FE00010].value = scan(1, (200, 400)).tobytes()
    shown = image(**secondary)
    pixels = scan(1, (200, 400))
    cv2.putText(pixels, "BEEBLEBROX 1952", (20, 60), cv2.FONT_HERSHEY_SIMPLEX, 1, 255, 2)
    shown[0x7FE00010].value = pixels.tobytes()
    finds = Blanking(Rules(()), find_text=True)
    results = [deidentify(written(one), ASKED, KEY, finds) for one in (plain, shown)]
    assert [done.audit.pixels for done in results] == ["unchanged", "blanked"]
    for done in results:  # what a detector finds, or not, is no proof
        assert not done.audit.identity_removed
        assert any("may hold text" in sentence for sentence in done.audit.result()["review"])
        assert pydicom.dcmread(DicomBytesIO(done.data)).PatientIdentityRemoved == "NO"
    (frame,) = decode(results[1].data).pixels
    text = pixels != scan(1, (200, 400))
    assert (frame[text] != pixels[text]).mean() > 0.9
    np.testing.assert_array_equal(frame[100:], pixels[100:])


def test_around_the_regions_of_ultrasound_is_blanked_and_no_proof():
    """What an operator wrote into the picture itself is still there."""
    echo = image(SOPClassUID="1.2.840.10008.5.1.4.1.1.6.1", Rows=100, Columns=120)
    echo[0x7FE00010].value = scan(1, (100, 120)).tobytes()
    region = pydicom.Dataset()
    region.RegionSpatialFormat = 1
    region.RegionLocationMinX0, region.RegionLocationMinY0 = 10, 20
    region.RegionLocationMaxX1, region.RegionLocationMaxY1 = 109, 99
    echo.SequenceOfUltrasoundRegions = [region]
    data, dataset, audit = made_of(written(echo), Rules.default())
    (frame,) = decode(data).pixels
    np.testing.assert_array_equal(frame[20:, 10:110], scan(1, (100, 120))[20:, 10:110])
    assert len(np.unique(frame[:20])) == 1
    assert audit["pixels"] == "blanked"
    assert dataset.PatientIdentityRemoved == "NO"
    assert "BurnedInAnnotation" not in dataset
