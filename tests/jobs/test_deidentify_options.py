"""The key and the options of the job that removes what tells who the patient is."""

import sys

import numpy as np
import pydicom
import pytest
from pydicom.filebase import DicomBytesIO

from hdfs_tools.bundles.record import Record, parse_line
from mapreduce_jobs import deidentify as job_module
from mapreduce_jobs.privacy.settings import CLEAN, RETAIN
from tests.privacy.support import image, written
from tests.support import JOBS, dicom, run, write_tree

KEY = "0123456789abcdef0123456789abcdef"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    files = {
        "hospital/one.dcm": written(
            image(
                PatientBirthDate="19520311",
                InstitutionName="Hospital of Betelgeuse",
                StudyDate="20240301",
            )
        ),
        "hospital/two.dcm": written(image(SOPInstanceUID="1.2.826.0.1.99", StudyDate="20240311")),
        "ct/small.dcm": dicom("CT_small.dcm"),
    }
    return write_tree(tmp_path_factory.mktemp("scans"), files)


def deidentified(folder, *options):
    return run(
        sys.executable, JOBS / "deidentify.py", *options, folder, env={"DEIDENTIFY_KEY": KEY}
    )


def datasets(ran):
    """Return the images of a result."""
    items = (parse_line(line) for line in ran.stdout.splitlines() if not line.startswith(b'"'))
    return [
        pydicom.dcmread(DicomBytesIO(item.read())) for item in items if isinstance(item, Record)
    ]


class TestTheKey:
    def test_there_must_be_one(self, job, folder):
        ran = job("deidentify", folder)
        assert (ran.status, ran.stdout) == (2, b"")
        assert "openssl rand -hex 32 > key" in ran.stderr

    @pytest.mark.parametrize("text", ["", "too short\n", "fifteen bytes.."])
    def test_of_16_bytes(self, job, folder, tmp_path, text):
        (tmp_path / "key").write_text(text)
        ran = job("deidentify", "--key-file", "key", folder)
        assert (ran.status, ran.stdout) == (2, b"")
        assert "--key-file: the key has" in ran.stderr

    def test_a_file_that_is_not_there(self, job, folder):
        ran = job("deidentify", "--key-file", "nowhere", folder)
        assert ran.status == 2
        assert "--key-file: nowhere: No such file or directory" in ran.stderr

    def test_that_others_can_read(self, job, folder, tmp_path):
        (tmp_path / "key").write_text(KEY)
        (tmp_path / "key").chmod(0o644)
        ran = job("deidentify", "--key-file", "key", folder / "ct")
        assert ran.status == 0
        assert "key: others can read this key" in ran.stderr
        (tmp_path / "key").chmod(0o600)
        assert job("deidentify", "--key-file", "key", folder / "ct").stderr == ""

    @pytest.mark.parametrize("runner", ["inline", "local"])
    def test_is_nowhere(self, folder, tmp_path, runner):
        """Not in what is logged, nor in a command, nor left behind."""
        (tmp_path / "tmp").mkdir()
        ran = run(
            sys.executable,
            JOBS / "deidentify.py",
            *("--verbose", "-r", runner, folder / "ct"),
            env={"DEIDENTIFY_KEY": KEY, "TMPDIR": str(tmp_path / "tmp")},
        )
        assert ran.status == 0
        assert KEY not in ran.stderr
        assert not list((tmp_path / "tmp").iterdir())


class TestOptions:
    def test_dates_are_shifted_by_the_same_days(self, folder):
        made = datasets(deidentified(folder / "hospital", "--shift-dates"))
        dates = [
            np.datetime64(f"{date[:4]}-{date[4:6]}-{date[6:]}")
            for date in sorted(str(dataset.StudyDate) for dataset in made)
        ]
        assert dates[1] - dates[0] == np.timedelta64(10, "D")
        assert dates[0] < np.datetime64("2024-03-01")

    def test_what_is_retained(self, folder):
        made = datasets(deidentified(folder / "hospital", "--retain", "dates,institution,uids"))
        (one,) = (dataset for dataset in made if "InstitutionName" in dataset)
        assert one.InstitutionName == "Hospital of Betelgeuse"
        assert one.StudyDate == "20240301"
        assert one.SOPInstanceUID == "1.2.826.0.1.1"
        assert not one.PatientBirthDate

    def test_rules_of_ones_own(self, folder, tmp_path):
        (tmp_path / "our rules.yaml").write_text(
            "- {name: banner, when: Modality == 'CT', rectangles: [[0, 0, 128, 4]]}\n"
        )
        rules = ("--clean", "pixels", "--pixel-rules", tmp_path / "our rules.yaml")
        for runner in ("inline", "local"):
            (made,) = datasets(deidentified(folder / "ct", "-r", runner, *rules))
            assert len(np.unique(made.pixel_array[:4])) == 1
            assert len(np.unique(made.pixel_array[4:])) > 1

    def test_that_the_help_names_are_those_there_are(self):
        assert (job_module._RETAIN, job_module._CLEAN) == (RETAIN, CLEAN)

    @pytest.mark.parametrize(
        ("options", "message"),
        [
            (["--retain", "names"], "--retain: names: must be of uids, device,"),
            (["--clean", "faces"], "--clean: faces: must be of descriptors,"),
            (["--retain", "dates", "--shift-dates"], "--shift-dates: does not go with"),
            (["--find-text"], "--find-text: needs --clean pixels"),
            (["--pixel-rules", "x"], "--pixel-rules: needs --clean pixels"),
            (["--list-names", "--check"], "--list-names: does not go with --check"),
            (["--list-names", "-r", "hadoop"], "names stay on this machine"),
            (["--values", "display"], "--values: pixels pass through"),
            (["--clean", "pixels", "--pixel-rules", "x"], "x: No such file or directory"),
            (["--clean", "pixels", "--pixel-rules", "/dev/null"], "--pixel-rules: /dev/null: "),
        ],
    )
    def test_that_are_refused(self, folder, options, message):
        ran = deidentified(folder, *options)
        assert (ran.status, ran.stdout) == (2, b"")
        assert message in ran.stderr
