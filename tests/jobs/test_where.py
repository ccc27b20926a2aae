"""--where and --group-by in jobs: which images are measured, counted apart, and put together."""

import collections
import io
import json
import sys

import pydicom
import pytest

from hdfs_tools import connect
from hdfs_tools.bundles.packing import pack
from hdfs_tools.bundles.record import bundle_line
from mapreduce_jobs.edge_density import EdgeDensity
from tests.support import JOBS, dicom, png, results, run, scan, write_tree

PARTS = ("CHEST", "HEAD", "")


def slice_of(number):
    """Return a CT or MR slice: two patients, a study each, two series a study."""
    dataset = pydicom.dcmread(io.BytesIO(dicom("CT_small.dcm")))
    dataset.Modality = "CT" if number < 8 else "MR"
    dataset.SliceThickness = f"{1 + number % 4 / 2}"
    dataset.PatientID = f"patient {number % 2}"
    dataset.StudyInstanceUID = f"1.2.{number % 2}"
    dataset.SeriesInstanceUID = f"1.2.{number % 2}.{number // 8}"
    dataset.BodyPartExamined = PARTS[number % 3]
    file = io.BytesIO()
    dataset.save_as(file)
    return file.getvalue()


@pytest.fixture(scope="module")
def images():
    return {f"{number // 4}/{number:02}.dcm": slice_of(number) for number in range(12)} | {
        "photo.png": png(scan(1)),
        "report.dcm": dicom("reportsi.dcm"),
    }


@pytest.fixture(scope="module")
def folder(tmp_path_factory, images):
    return write_tree(tmp_path_factory.mktemp("scans"), images)


@pytest.fixture(scope="module")
def everything(folder):
    ran = run(sys.executable, JOBS / "edge_density.py", folder)
    return results(ran)


class TestWhere:
    def test_only_what_fits_is_measured(self, job, folder, everything):
        where = "Modality == 'CT' and SliceThickness <= 1.5"
        ran = job("edge_density", "--where", where, folder)
        assert ran.status == 0
        assert ran.stderr == "10 of 14 images excluded by --where\n"
        names = [f"{number // 4}/{number:02}.dcm" for number in range(8) if number % 4 < 2]
        assert results(ran) == {name: everything[name] for name in names}

    def test_what_has_no_header_lacks_every_element(self, job, folder):
        assert list(results(job("edge_density", "--where", "Modality == None", folder))) == [
            "photo.png"
        ]

    def test_nothing_fits(self, job, folder):
        ran = job("edge_density", "--where", "Modality == 'XA'", folder)
        assert (ran.status, ran.stdout) == (0, b"")
        assert ran.stderr == "14 of 14 images excluded by --where\n"

    def test_everything_fits(self, job, folder, everything):
        ran = job("edge_density", "--where", "Modality == None or Modality != None", folder)
        assert (ran.status, results(ran)) == (1, everything)
        assert ran.stderr == "1 of 14 images failed: 1 NoPixels\n"

    def test_pixels_of_what_does_not_fit_are_not_looked_at(self, job, images, tree, tmp_path):
        files = {"ct.dcm": images["0/00.dcm"][:9000], "mr.dcm": images["2/08.dcm"][:9000]}
        ran = job("edge_density", "--where", "Modality == 'MR'", tree(tmp_path / "cut", files))
        assert {name: value["error"] for name, value in results(ran).items()} == {
            "mr.dcm": "Truncated"
        }

    def test_a_header_that_cannot_be_read_is_an_error_record(self, job, tree, tmp_path, images):
        files = {
            "cut.dcm": images["0/00.dcm"][:2000],
            "empty.dcm": b"",
            "text.dcm": b"The patient was seen.",
            "fits.dcm": images["0/00.dcm"],
            "other.dcm": images["2/08.dcm"],
        }
        ran = job("edge_density", "--where", "Modality == 'CT'", tree(tmp_path / "files", files))
        found = results(ran)
        assert ran.status == 1
        assert {name: value.get("error") for name, value in found.items()} == {
            "cut.dcm": "Truncated",
            "empty.dcm": "EmptyFile",
            "fits.dcm": None,
            "text.dcm": "UnknownFormat",
        }
        assert ran.stderr.splitlines() == [
            "1 of 5 images excluded by --where",
            "3 of 5 images failed: 1 EmptyFile, 1 Truncated, 1 UnknownFormat",
        ]

    def test_a_bundle_and_hdfs(self, job, folder, images, everything, tmp_path):
        where = ("--where", "BodyPartExamined == 'CHEST' and Modality != 'SR'")
        names = [f"{number // 4}/{number:02}.dcm" for number in range(0, 12, 3)]
        expected = {name: everything[name] for name in names}
        pack(folder, tmp_path / "all.bundle")
        assert results(job("edge_density", *where, tmp_path / "all.bundle")) == expected
        url = (tmp_path / "store").as_uri()
        for name, data in images.items():
            connect(url).write(f"/scans/{name}", data)
        ran = job("edge_density", *where, "hdfs:///scans", env={"HDFS_URL": url})
        assert (ran.status, results(ran)) == (0, expected)

    def test_transform_and_headers_take_it_too(self, job, folder):
        where = ("--where", "SliceThickness == 2.5 and Modality == 'MR'")
        assert results(job("dicom_headers", "--tags", "Modality", *where, folder)) == {
            "2/11.dcm": {"Modality": "MR"}
        }
        ran = job("image_transform", "--ops", "invert", *where, folder)
        assert [line.split(b"\t")[0] for line in ran.lines] == [b"2/11.dcm.tiff"]

    def test_counters(self, images):
        lines = [bundle_line(name, data) for name, data in images.items()]
        job = EdgeDensity(["--mapper", "--where", "Modality == 'CT'"])
        job.sandbox(stdin=io.BytesIO(b"".join(lines)))
        job.run_mapper()
        written = job.stderr.getvalue().decode().replace("reporter:counter:images,", "").split()
        counted = collections.Counter()
        for name, amount in (line.split(",") for line in written):
            counted[name] += int(amount)
        assert counted == {"read": 14, "excluded": 6, "measured": 8}


def in_process(*words):
    """Return the results of a job that is run here: quicker than a process."""
    job = EdgeDensity(["--no-conf", "--on-error", "skip", *map(str, words)])
    job.sandbox()
    job.run_job()
    pairs = [line.decode().split("\t") for line in job.stdout.getvalue().splitlines()]
    return {json.loads(key): json.loads(value) for key, value in pairs}


class TestGroups:
    @pytest.mark.parametrize(
        ("group", "sizes"),
        [
            ("modality", {"CT": 8, "MR": 4, None: 1}),
            ("patient", {"patient 0": 6, "patient 1": 6, None: 1}),
            ("study", {"1.2.0": 6, "1.2.1": 6, None: 1}),
            ("series", {"1.2.0.0": 4, "1.2.0.1": 2, "1.2.1.0": 4, "1.2.1.1": 2, None: 1}),
            ("body-part", {"CHEST": 4, "HEAD": 4, None: 5}),
        ],
    )
    def test_by_an_element(self, folder, everything, group, sizes):
        """None, in JSON null, is of images without the element: no value can be the same."""
        found = in_process("--group-by", group, folder)
        assert {key: value["images"] for key, value in found.items()} == sizes
        edges = sum(value["edge_pixels"] for value in found.values())
        assert edges == sum(value.get("edge_pixels", 0) for value in everything.values())

    def test_in_tasks(self, job, folder):
        ran = job("edge_density", "--group-by", "series", "-r", "local", folder)
        assert ran.status == 1
        found = results(ran)
        assert found.pop("report.dcm")["error"] == "NoPixels"
        assert found == in_process("--group-by", "series", folder)

    def test_several_values_and_a_value_that_looks_like_none(self, tree, tmp_path, images):
        modality = b"\x08\x00\x60\x00CS\x02\x00CT"
        files = {
            f"{number}.dcm": images["0/00.dcm"].replace(modality, other)
            for number, other in enumerate(
                [b"", modality[:6] + b"\x04\x00null", modality[:6] + b"\x06\x00CT\\MR "]
            )
        }
        found = in_process("--group-by", "modality", tree(tmp_path / "odd", files))
        assert {key: value["images"] for key, value in found.items()} == {
            None: 1,
            "null": 1,
            "CT\\MR": 1,
        }

    def test_of_what_fits(self, folder):
        found = in_process("--group-by", "modality", "--where", "SliceThickness < 2", folder)
        assert {key: value["images"] for key, value in found.items()} == {"CT": 4, "MR": 2}


class TestValues:
    def test_hounsfield_units(self, job, folder):
        options = ("--range", "-2000", "4000", "--bins", "6000")
        grey = {}
        for values in ("stored", "modality"):
            ran = job("image_histogram", "--values", values, *options, folder / "0" / "00.dcm")
            (found,) = results(ran).values()
            grey[values] = found["counts"]["grey"]
        assert grey["stored"][1024:] == grey["modality"][:-1024]  # slope 1, intercept −1024

    @pytest.mark.parametrize(
        ("words", "said"),
        [
            (["--window", "2"], "--window: only --values display has windows"),
            (["--values", "display", "--window", "0"], "--window: must be 1 or more"),
            (["--where", "Modalty == 'CT'"], "--where: at character 1: 'Modalty' is no DICOM key"),
            (["--where", "Rows > '5'"], "--where: at character 8: Rows is a number, and '5' is"),
            (["--where", "(" * 10_000], "--where: at character 51: more than 50 parentheses"),
            (["--where", ""], "--where: at character 1: the end is not expected"),
        ],
    )
    def test_wrong_usage(self, job, folder, words, said):
        ran = job("image_transform", *words, folder)
        assert (ran.status, ran.stdout) == (2, b"")
        assert ran.stderr.startswith(f"image_transform: {said}")
        assert ran.stderr.count("\n") == 1
