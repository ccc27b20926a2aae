"""The same bytes in, the same sorted lines out: whatever runs the job, however it is given."""

import os
import sys

import pytest

from hdfs_tools.bundles.packing import pack
from hdfs_tools.bundles.record import Reference, parse_line, reference_line
from tests.support import JOBS, run

IMAGE_JOBS = ["image_histogram", "edge_density"]


@pytest.fixture(scope="module")
def expected(good_folder):
    """Sorted lines of each job over the good folder, by the inline runner."""

    lines = {}
    for name in IMAGE_JOBS:
        ran = run(sys.executable, JOBS / f"{name}.py", good_folder)
        assert ran.status == 0, ran.stderr
        lines[name] = ran.lines
    return lines


@pytest.fixture(scope="module")
def given(good_folder, good_images, tmp_path_factory):
    """The same images as a folder, bundles and manifests."""
    folder = tmp_path_factory.mktemp("given")
    pack(good_folder, folder / "all.bundle")
    references = [Reference(name) for name in sorted(good_images)]
    manifest = good_folder.parent / "good.manifest"
    manifest.write_bytes(
        b"".join(reference_line(ref.within(str(good_folder))) for ref in references)
    )
    records = (folder / "all.bundle").read_bytes().splitlines(keepends=True)
    # Every second image as a record, the others as references.
    mixed = b"".join(
        reference_line(Reference(name).within(str(good_folder))) if i % 2 else line
        for i, (name, line) in enumerate(
            sorted(zip(sorted(good_images), sorted(records, key=_name), strict=True))
        )
    )
    (folder / "mixed.manifest").write_bytes(mixed)
    return {
        "folder": good_folder,
        "bundle": folder / "all.bundle",
        "manifest": manifest,
        "mixed manifest": folder / "mixed.manifest",
    }


def _name(line):
    return parse_line(line).name


class TestRunnersAndInputs:
    @pytest.mark.parametrize(
        ("name", "kind", "tasks"),
        [
            ("edge_density", "folder", None),
            ("edge_density", "folder", 1),
            ("image_histogram", "folder", 7),
            ("image_histogram", "bundle", 2),
            ("edge_density", "bundle", 7),
            ("edge_density", "manifest", 7),
            ("image_histogram", "mixed manifest", 2),
        ],
    )
    def test_local(self, job, expected, given, name, kind, tasks):
        told = [] if tasks is None else ["-D", f"mapreduce.job.maps={tasks}"]
        ran = job(name, "-r", "local", *told, given[kind])
        assert (ran.status, ran.stderr) == (0, "")
        assert ran.lines == expected[name]

    @pytest.mark.parametrize("name", IMAGE_JOBS)
    @pytest.mark.parametrize("kind", ["bundle", "manifest", "mixed manifest"])
    def test_inline(self, job, expected, given, name, kind):
        assert job(name, given[kind]).lines == expected[name]

    @pytest.mark.parametrize(
        ("name", "runner"), [("edge_density", "inline"), ("image_histogram", "local")]
    )
    @pytest.mark.parametrize("kind", ["bundle", "manifest", "mixed manifest"])
    def test_standard_input(self, job, expected, given, name, kind, runner):
        stdin = given[kind].read_bytes()
        assert job(name, "-r", runner, stdin=stdin).lines == expected[name]

    def test_a_dash_is_standard_input(self, job, expected, given):
        ran = job("edge_density", "-", stdin=given["bundle"].read_bytes())
        assert ran.lines == expected["edge_density"]

    @pytest.mark.parametrize("name", IMAGE_JOBS)
    def test_python_m(self, command, expected, given, name, tmp_path):
        command_line = (sys.executable, "-m", f"mapreduce_jobs.{name}", given["folder"])
        assert command(*command_line, cwd=tmp_path).lines == expected[name]

    def test_in_the_folder_itself(self, job, expected, good_folder):
        assert job("edge_density", ".", cwd=good_folder).lines == expected["edge_density"]

    def test_a_list_by_find(self, command, job, expected, good_folder, good_images):
        """Of the names that a line can hold as they are."""
        listed = command("find", ".", "-type", "f", cwd=good_folder).stdout
        sane = [line for line in listed.splitlines() if not set(line) & set(b"\t\r%")]
        lines = job("edge_density", stdin=b"\n".join(sane), cwd=good_folder).lines
        whole = [line for line in lines if b'"error"' not in line]
        odd = sum(any(c in image for c in "\t\r%\n") for image in good_images)
        assert len(whole) == len(good_images) - odd
        assert set(whole) <= set(expected["edge_density"])

    @pytest.mark.parametrize("name", IMAGE_JOBS)
    def test_one_line_an_image(self, expected, good_images, name):
        assert len(expected[name]) == len(good_images)


@pytest.mark.parametrize(
    ("name", "group"), [("image_histogram", "folder"), ("edge_density", "all")]
)
def test_groups_are_merged_exactly_whatever_the_tasks(job, good_folder, given, name, group):
    one = job(name, "--group-by", group, good_folder)
    assert (one.status, one.stderr) == (0, "")
    for tasks, reduces in [(1, 1), (7, 3)]:
        ran = job(
            name, "--group-by", group, "-r", "local", "-D", f"mapreduce.job.maps={tasks}",
            "-D", f"mapreduce.job.reduces={reduces}", given["bundle"],
        )  # fmt: skip
        assert ran.lines == one.lines


def test_results_in_an_output_folder(job, expected, good_folder, tmp_path):
    for runner in ("inline", "local"):
        ran = job("edge_density", "-r", runner, "-o", f"out/{runner}", good_folder)
        assert (ran.status, ran.stdout) == (0, b"")
        parts = sorted((tmp_path / "out" / runner).glob("part-*"))
        lines = sorted(line for part in parts for line in part.read_bytes().splitlines())
        assert lines == expected["edge_density"]
        assert (tmp_path / "out" / runner / "_SUCCESS").exists()
        assert os.listdir(tmp_path / "out")[-1:] != ["partial"]
    again = job("edge_density", "-o", "out/local", good_folder)
    assert again.status == 2
    assert "out/local: the output directory exists already" in again.stderr
