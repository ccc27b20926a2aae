"""Every job sniffs an image once and parses its header once."""

import collections
import io

import pydicom.filereader
import pytest

from hdfs_tools.bundles.record import bundle_line
from mapreduce_jobs.collection_profile import CollectionProfile
from mapreduce_jobs.deidentify import Deidentify
from mapreduce_jobs.dicom_headers import DicomHeaders
from mapreduce_jobs.edge_density import EdgeDensity
from mapreduce_jobs.image_transform import ImageTransform
from mapreduce_jobs.imaging.dicom import header
from mapreduce_jobs.imaging.formats import file_formats
from mapreduce_jobs.viewing.display_range import picture
from tests.support import dicom, png, scan

WHERE = ("--where", "Modality in ('CT', 'MR') or Modality == None")
IMAGES = {
    "ct.dcm": dicom("CT_small.dcm"),
    "mr.dcm": dicom("MR_small.dcm"),
    "compressed.dcm": dicom("JPEG2000.dcm"),
    "implicit.dcm": dicom("MR_small_implicit.dcm"),
    "photo.png": png(scan(1)),
}


@pytest.fixture
def calls(monkeypatch):
    """Count sniffing and parsing."""
    counted = collections.Counter()

    def count(module, name):
        function = getattr(module, name)

        def counting(*args, **kwargs):
            counted[name] += 1
            return function(*args, **kwargs)

        monkeypatch.setattr(module, name, counting)

    count(file_formats, "sniff")
    count(header, "read_partial")
    count(pydicom.filereader, "read_partial")  # which dcmread calls
    return counted


@pytest.mark.parametrize(
    ("job", "options"),
    [
        (EdgeDensity, ()),
        (EdgeDensity, WHERE),
        (EdgeDensity, ("--group-by", "series")),
        (EdgeDensity, (*WHERE, "--group-by", "modality", "--values", "modality")),
        (ImageTransform, ("--ops", "invert")),
        (ImageTransform, ("--stack",)),
        (ImageTransform, ("--stack", *WHERE)),
        (CollectionProfile, ()),
        (CollectionProfile, ("--group-by", "modality")),
        (DicomHeaders, WHERE),
        (Deidentify, ("--check",)),
        (Deidentify, WHERE),
        (Deidentify, ("--clean", "pixels", "--find-text")),
    ],
)
def test_jobs(job, options, calls, tmp_path):
    if job is Deidentify and "--check" not in options:
        (tmp_path / "key").write_bytes(b"not a secret, only an example")
        options = (*options, "--key-file", str(tmp_path / "key"))
    task = job(["--mapper", *options])
    task.sandbox(stdin=io.BytesIO(b"".join(bundle_line(*image) for image in IMAGES.items())))
    task.run_mapper()
    assert calls == {"sniff": len(IMAGES), "read_partial": len(IMAGES) - 1}


@pytest.mark.parametrize("name", IMAGES)
def test_pictures_of_reports_and_comparisons(name, calls):
    picture(IMAGES[name], 1 << 20)
    assert (calls["sniff"], calls["read_partial"]) == (1, int(name != "photo.png"))
