"""The job that removes what tells who the patient is: from files, names, errors, everywhere."""

import base64
import io
import json
import os
import struct
import sys
from pathlib import Path

import numpy as np
import pydicom
import pytest
from PIL import Image as PillowImage
from PIL.PngImagePlugin import PngInfo
from pydicom.filebase import DicomBytesIO

from hdfs_tools.bundles.record import Record, parse_line
from mapreduce_jobs.imaging.decode import decode
from tests.privacy.support import PLANTED, image, written
from tests.support import JOBS, dicom, run, scan, write_tree

KEY = "0123456789abcdef0123456789abcdef"
SIGNS = [PLANTED, "Beeblebrox", "Z-4712", "19520311", "betelgeuse", KEY]


def records(ran):
    """Return the images of a result, by name."""
    lines = (line for line in ran.stdout.splitlines() if not line.startswith(b'"'))
    items = map(parse_line, lines)
    return {item.name: item.read() for item in items if isinstance(item, Record)}


def told(ran):
    """Return what a result says of images, by name: audits, errors, findings."""
    lines = [line.decode() for line in ran.stdout.splitlines() if line.startswith(b'"')]
    return {json.loads(key): json.loads(value) for key, value in (x.split("\t") for x in lines)}


def assert_silent(ran, *also):
    """Nothing that was planted is in what a job writes, in base64 or not."""
    everything = ran.stdout + ran.stderr.encode() + b"".join(records(ran).values())
    for sign in (*SIGNS, *also):
        for form in (sign, sign.upper(), sign.lower()):
            assert form.encode() not in everything
            assert base64.b64encode(form.encode()) not in everything


def damaged():
    """Return a file with a sequence that is none."""
    sequence = struct.pack("<HH2sxxL", 0x0008, 0x1140, b"SQ", len(PLANTED)) + PLANTED.encode()
    return written(image(PatientBirthDate="19520311")) + sequence


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    dataset = image(
        PatientBirthDate="19520311",
        InstitutionName="Hospital of Betelgeuse",
        ImageComments=f"{PLANTED} was seen on 19520311",
        StudyDate="20240301",
    )
    other = image(SOPInstanceUID="1.2.826.0.1.99", StudyDate="20240311")
    files = {
        "Zaphod Beeblebrox/one.dcm": written(dataset, preamble=f"{PLANTED:128}".encode()),
        "Zaphod Beeblebrox/same again.dcm": written(dataset),
        "Zaphod Beeblebrox/two.dcm": written(other),
        "ct/small.dcm": dicom("CT_small.dcm"),
        "us/colour": dicom("examples_rgb_color.dcm"),
        "broken/Zaphod.dcm": damaged(),
        "broken/Z-4712.dcm": written(dataset)[:-2],
        "broken/empty of Zaphod.png": b"",
        "broken/betelgeuse.txt": b"Zaphod Beeblebrox, *19520311",
    }
    return write_tree(tmp_path_factory.mktemp("scans"), files)


def deidentified(folder, *options, key=KEY):
    return run(
        sys.executable, JOBS / "deidentify.py", *options, folder, env={"DEIDENTIFY_KEY": key}
    )


@pytest.fixture(scope="module")
def made(folder):
    return deidentified(folder)


class TestTheResult:
    def test_every_image_is_there_once(self, made, folder):
        given = sum(len(files) for _, _, files in os.walk(folder))
        errors = [value for value in told(made).values() if "error" in value]
        assert len(records(made)) + len(errors) == given
        assert made.status == 1
        assert f"{len(errors)} of {given} images failed" in made.stderr

    @pytest.mark.parametrize("runner", ["inline", "local"])
    def test_nothing_is_left_anywhere(self, folder, runner):
        ran = deidentified(folder, "-r", runner)
        assert_silent(ran)
        assert "Traceback" not in ran.stderr

    def test_the_same_bytes_whatever_runs_it(self, made, folder, job, tmp_path):
        (tmp_path / "my key").write_text(f"{KEY}\n")
        tasks = ["-r", "local", "-D", "mapreduce.job.maps=5"]
        assert deidentified(folder, *tasks).lines == made.lines
        assert job("deidentify", "--key-file", "my key", folder).lines == made.lines

    def test_another_key_has_nothing_in_common(self, made, folder):
        other = deidentified(folder, key="another key of the tests")
        names = [{part for name in told(ran) for part in name.split("/")} for ran in (made, other)]
        assert not names[0] & names[1]
        for keyword in ("PatientID", "SOPInstanceUID", "StudyInstanceUID"):
            values = [
                {str(pydicom.dcmread(DicomBytesIO(data))[keyword].value) for data in made_by}
                for made_by in (records(made).values(), records(other).values())
            ]
            assert not values[0] & values[1]

    def test_names_are_patient_study_series_file(self, made):
        parts = [name.split("/") for name in records(made)]
        assert {len(part) for part in parts} == {4}
        patients = [part[0] for part in parts]
        assert sorted(map(patients.count, set(patients))) == [1, 1, 3]
        assert all(name.endswith(".dcm") for name in records(made))

    def test_images_are_read_by_other_jobs(self, made, job, folder, tmp_path):
        (tmp_path / "clean.bundle").write_bytes(made.stdout)
        histograms = job("image_histogram", tmp_path / "clean.bundle")
        before = job("image_histogram", folder / "ct", folder / "us")
        counts = [
            sorted(json.dumps(value) for value in told(ran).values() if "counts" in value)
            for ran in (histograms, before)
        ]
        assert set(counts[1]) <= set(counts[0])
        assert len(told(histograms)) == len(told(made))

    def test_files_that_are_written(self, made, command, tmp_path):
        (tmp_path / "clean.bundle").write_bytes(made.stdout)
        command(sys.executable, "-m", "hdfs_tools", "unpack", "clean.bundle", "out", cwd=tmp_path)
        written_names = {
            str(path.relative_to(tmp_path / "out"))
            for path in Path(tmp_path / "out").rglob("*")
            if path.is_file()
        }
        assert written_names == set(records(made))


class TestTheAudit:
    def test_of_each_image(self, made):
        audits = [value["audit"] for value in told(made).values() if "audit" in value]
        assert len(audits) == len(records(made))
        small = next(audit for audit in audits if audit["private"] > 100)
        assert small["removed"]["OtherPatientIDsSequence"] == 1
        assert small["identity_removed"] is True

    def test_what_a_person_must_look_at(self, made):
        assert "1 of 9 images are to be looked at" in made.stderr
        audits = [value["audit"] for value in told(made).values() if "audit" in value]
        (colour,) = [audit for audit in audits if not audit["identity_removed"]]
        assert colour["review"] == [
            "pixels: the kind of image may hold text (by its SOP class), and BurnedInAnnotation is"
            " absent"
        ]


class TestErrors:
    def test_tell_a_kind_and_nothing_else(self, made):
        errors = {
            (value["error"], value["message"]) for value in told(made).values() if "error" in value
        }
        assert errors == {
            ("EmptyFile", "there are no bytes"),
            ("UnknownFormat", "the content is not an image of a kind that can be read"),
            ("CorruptImage", "the content is damaged"),
            ("Truncated", "the file ends before the image does"),
        }

    @pytest.mark.parametrize("runner", ["inline", "local"])
    def test_that_stop_the_job(self, folder, runner):
        ran = deidentified(folder, "-r", runner, "--on-error", "fail")
        assert (ran.status, ran.stdout) == (1, b"")
        assert_silent(ran)

    def test_of_the_job_itself_have_a_traceback_without_values(self, folder, tmp_path):
        (tmp_path / "mapreduce_jobs_broken.py").write_text(
            "import mapreduce_jobs.privacy.dicom.dataset as d\n"
            "from mapreduce_jobs.deidentify import Deidentify\n"
            "def broken(data, *others):\n"
            "    raise ArithmeticError(str(data))\n"
            "d.deidentify = broken\n"
            "class Broken(Deidentify):\n"
            "    pass\n"
            "if __name__ == '__main__':\n"
            "    Broken.run()\n"
        )
        ran = run(
            sys.executable,
            tmp_path / "mapreduce_jobs_broken.py",
            folder,
            env={"DEIDENTIFY_KEY": KEY},
        )
        assert "ArithmeticError" in ran.stderr
        assert ", in broken" in ran.stderr
        assert_silent(ran)

    def test_of_an_earlier_job_are_not_quoted(self, job, tmp_path):
        (tmp_path / "earlier.bundle").write_text(
            '"Zaphod.png"\t{"error": "Beeblebrox", "message": "Z-4712 19520311"}\n'
            '"b.png"\t{"error": "CorruptImage", "message": "betelgeuse"}\n'
        )
        ran = job("deidentify", "earlier.bundle", env={"DEIDENTIFY_KEY": KEY})
        assert {value["error"] for value in told(ran).values()} == {"ReadFailed", "CorruptImage"}
        assert_silent(ran)


class TestNames:
    def test_the_owner_of_the_key_finds_the_files(self, made, folder):
        listed = told(deidentified(folder, "--list-names"))
        for name in told(made):
            old = listed[name.rpartition("/")[2].removesuffix(".dcm")]
            assert (folder / old).exists()
        assert len(listed) == len(told(made))

    def test_that_are_kept(self, folder):
        ran = deidentified(folder / "ct", "--keep-names")
        assert set(records(ran)) == {"small.dcm"}


class TestCheck:
    def test_finds_attributes_and_shows_no_values(self, folder, job):
        ran = job("deidentify", "--check", folder / "Zaphod Beeblebrox")
        found = {finding["what"] for value in told(ran).values() for finding in value["findings"]}
        assert {"PatientName", "PatientBirthDate", "ImageComments", "preamble"} <= found
        assert ran.status == 0
        assert not any(value in ran.stdout for value in (b"Z-4712", b"1952", b"Hospital"))

    def test_finds_nothing_in_what_was_made(self, made, job, tmp_path):
        (tmp_path / "clean.bundle").write_bytes(made.stdout)
        ran = job("deidentify", "--check", "clean.bundle")
        kinds = [value.get("findings") for value in told(ran).values()]
        burned_in = [{"what": "pixels", "kind": "burned-in", "count": 1}]
        assert kinds.count([]) == len(records(made)) - 1
        assert kinds.count(burned_in) == 1


class TestOtherFormats:
    def test_lose_their_metadata_and_keep_their_pixels(self, tmp_path):
        said = PngInfo()
        said.add_text("Name", "Zaphod Beeblebrox")
        whole = io.BytesIO()
        PillowImage.fromarray(scan(1)).save(whole, "PNG", pnginfo=said)
        files = {"Zaphod/scan.PNG": whole.getvalue()}
        ran = deidentified(write_tree(tmp_path / "photos", files))
        assert ran.status == 0, ran.stderr
        ((name, data),) = records(ran).items()
        assert name.endswith(".png")
        assert_silent(ran)
        np.testing.assert_array_equal(decode(data).pixels[0], scan(1))
        (audit,) = told(ran).values()
        assert audit["audit"]["removed"] == ["tEXt"]
        assert audit["audit"]["identity_removed"] is False
        assert audit["audit"]["review"]
