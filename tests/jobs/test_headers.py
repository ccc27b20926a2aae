"""A catalogue of headers: what is listed, from wherever the images are, and never their pixels."""

import io
import json
import sys

import pydicom
import pytest

from hdfs_tools import connect
from hdfs_tools.bundles.packing import pack
from hdfs_tools.bundles.record import Reference, bundle_line, reference_line
from mapreduce_jobs.dicom_headers import _DEFAULT
from tests.support import JOBS, dicom, png, results, run, scan, write_tree

FILES = {
    "ct/1.dcm": "CT_small.dcm",
    "ct/jpeg2000.dcm": "693_J2KI.dcm",
    "mr/big endian.dcm": "MR_small_bigendian.dcm",
    "seg/enhanced.dcm": "liver_1frame.dcm",
    "deflated": "image_dfl.dcm",
    "report.dcm": "reportsi.dcm",
    "плани/план.dcm": "rtplan.dcm",
    "us.dcm": "examples_ybr_color.dcm",
}


@pytest.fixture(scope="module")
def images():
    return {name: dicom(source) for name, source in FILES.items()}


@pytest.fixture(scope="module")
def folder(tmp_path_factory, images):
    return write_tree(tmp_path_factory.mktemp("dicom"), images)


@pytest.fixture(scope="module")
def expected(folder):
    ran = run(sys.executable, JOBS / "dicom_headers.py", folder)
    assert (ran.status, ran.stderr) == (0, "")
    return ran.lines


class TestWhatIsListed:
    def test_by_default_nothing_that_names_a_patient(self, job, folder, images):
        found = results(job("dicom_headers", folder))
        assert list(found) == sorted(images, key=str.encode)
        for name, data in images.items():
            dataset = pydicom.dcmread(io.BytesIO(data), stop_before_pixels=True)
            assert list(found[name]) == list(_DEFAULT)
            assert found[name]["SOPInstanceUID"] == dataset.SOPInstanceUID
            assert found[name]["TransferSyntaxUID"] == dataset.file_meta.TransferSyntaxUID
            assert found[name]["Rows"] == dataset.get("Rows")
        text = json.dumps(found)
        assert not [name for name in _DEFAULT if name.startswith(("Patient", "Other"))]
        assert not [secret for secret in ("CompressedSamples", "1CT1", "Doe") if secret in text]

    def test_the_tags_that_are_given_in_their_order(self, job, folder):
        tags = "SliceThickness, Modality,PixelSpacing,InstanceNumber,PatientWeight,ProtocolName"
        found = results(job("dicom_headers", "--tags", tags, folder / "ct" / "1.dcm"))
        assert list(*found.values()) == tags.replace(" ", "").split(",")
        assert list(found.values()) == [
            {
                "SliceThickness": 5.0,
                "Modality": "CT",
                "PixelSpacing": [0.661468, 0.661468],
                "InstanceNumber": 1,
                "PatientWeight": 0.0,
                "ProtocolName": None,
            }
        ]

    def test_in_sequences(self, job, folder):
        tag = "OtherPatientIDsSequence.PatientID"
        found = results(job("dicom_headers", "--tags", tag, folder))
        assert found["ct/1.dcm"] == {tag: ["ABCD1234", "1234ABCD"]}
        assert found["us.dcm"] == {tag: None}

    def test_all(self, job, folder):
        found = results(job("dicom_headers", "--tags", "all", folder))
        assert found["ct/1.dcm"]["PatientName"] == "CompressedSamples^CT1"
        assert found["ct/1.dcm"]["0009,1001"] == "GE_GENESIS_FF"
        shared = found["seg/enhanced.dcm"]["SharedFunctionalGroupsSequence"]
        assert shared[0]["PixelMeasuresSequence"][0]["SliceThickness"] == 1.0
        assert not [name for header in found.values() for name in header if "PixelData" in name]

    def test_images_without_a_header_and_what_is_broken(self, job, tree, tmp_path, images):
        files = {
            "a.png": png(scan(1)),
            "cut.dcm": images["ct/1.dcm"][:3000],
            "empty.dcm": b"",
            "good.dcm": images["ct/1.dcm"][:7000],  # cut in its pixels
            "text.dcm": b"The patient was seen.",
        }
        ran = job("dicom_headers", tree(tmp_path / "files", files))
        found = results(ran)
        assert ran.status == 1
        assert {name: value.get("error") for name, value in found.items()} == {
            "a.png": "NotDicom",
            "cut.dcm": "Truncated",
            "empty.dcm": "EmptyFile",
            "good.dcm": None,
            "text.dcm": "UnknownFormat",
        }
        assert ran.stderr.startswith("4 of 5 images failed: 1 EmptyFile, 1 NotDicom, 1 Truncated")

    def test_values_that_pydicom_warns_of_are_not_shown_on_the_way(self, job, tmp_path, images):
        dataset = pydicom.dcmread(io.BytesIO(images["ct/1.dcm"]))
        changed = images["ct/1.dcm"].replace(b"0.661468\\0.661468", b"secret 66\\.661468")
        assert changed != images["ct/1.dcm"], dataset.PixelSpacing
        (tmp_path / "odd.dcm").write_bytes(changed)
        ran = job("dicom_headers", "--tags", "PixelSpacing", tmp_path)
        assert (ran.status, ran.stderr) == (0, "")
        assert results(ran) == {"odd.dcm": {"PixelSpacing": ["secret 66", 0.661468]}}


class TestWhereverTheImagesAre:
    @pytest.mark.parametrize("tasks", [1, 3])
    def test_local(self, job, folder, expected, tasks):
        ran = job("dicom_headers", "-r", "local", "-D", f"mapreduce.job.maps={tasks}", folder)
        assert (ran.status, ran.lines) == (0, expected)

    def test_a_bundle(self, job, folder, expected, tmp_path):
        pack(folder, tmp_path / "all.bundle")
        assert job("dicom_headers", tmp_path / "all.bundle").lines == expected

    def test_a_manifest_with_references_and_a_record(self, job, folder, images, expected):
        names = sorted(images)
        lines = [reference_line(Reference(name).within(str(folder))) for name in names]
        lines[2] = bundle_line(names[2], images[names[2]])
        assert job("dicom_headers", stdin=b"".join(lines)).lines == expected

    def test_hdfs(self, job, images, expected, tmp_path):
        url = (tmp_path / "store").as_uri()
        for name, data in images.items():
            connect(url).write(f"/scans/{name}", data)
        ran = job("dicom_headers", "hdfs:///scans", env={"HDFS_URL": url})
        assert (ran.status, ran.lines) == (0, expected)

    def test_damage_behind_the_header_of_a_record_is_not_met(self, job, images):
        """The header is within the first 64 kB, of half a megabyte."""
        whole = bundle_line("us.dcm", images["us.dcm"])
        damaged = whole[:-50] + b"*" + whole[-49:]
        assert job("dicom_headers", stdin=damaged).status == 0
        assert results(job("image_histogram", stdin=damaged))["us.dcm"]["error"] == "CorruptRecord"
        damaged = whole[:500] + b"*" + whole[501:]
        assert results(job("dicom_headers", stdin=damaged))["us.dcm"]["error"] == "CorruptRecord"


class TestUsage:
    @pytest.mark.parametrize(
        ("words", "said"),
        [
            (["--tags", "Modality,Rowz"], "--tags: 'Rowz' is no DICOM keyword: did you mean Rows?"),
            (["--tags", ""], "--tags: '' is no DICOM keyword"),
            (["--tags", "PixelData"], "PixelData is no part of the header, which ends before the"),
            (["--tags", "Modality.Rows"], "Modality is no sequence, so nothing lies in it"),
        ],
    )
    def test_what_is_no_element(self, job, folder, words, said):
        ran = job("dicom_headers", *words, folder)
        assert (ran.status, ran.stdout) == (2, b"")
        assert ran.stderr.startswith("dicom_headers: ")
        assert said in ran.stderr
        assert ran.stderr.count("\n") == 1

    def test_help_offers_nothing_about_pixels(self, job):
        text = job("dicom_headers", "--help").stdout.decode()
        assert "--tags" in text
        assert "--max-pixels" not in text
        assert "--window" not in text
