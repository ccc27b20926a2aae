"""A task needs the job's file and the zip, and nothing of this project on its node."""

import os
import shutil
import site
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from hdfs_tools.bundles.record import bundle_line
from mapreduce_jobs.core.runners.shipping import write_package

JOBS = Path(__file__).resolve().parents[3] / "mapreduce_jobs"
OURS = ("__editable__", "mapreduce_", "hdfs_tools", "__pycache__")


@pytest.fixture(scope="module")
def node_python(tmp_path_factory):
    """A Python with this project's dependencies and without this project."""
    folder = tmp_path_factory.mktemp("node")
    dependencies = folder / "dependencies"
    dependencies.mkdir()
    for packages in site.getsitepackages():
        for entry in Path(packages).iterdir():
            if not entry.name.startswith(OURS) and not (dependencies / entry.name).exists():
                (dependencies / entry.name).symlink_to(entry)
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder / "venv"], check=True)
    (installed,) = (folder / "venv").glob("lib/python3*/site-packages")
    # addsitedir reads the .pth files there, by which setuptools brings distutils back.
    line = f"import site; site.addsitedir({str(dependencies)!r})"
    (installed / "dependencies.pth").write_text(line)
    return folder / "venv" / "bin" / "python"


@pytest.fixture
def node(tmp_path, node_python):
    """Run one map task as YARN would: the job's file a link into another folder."""
    cache, work = tmp_path / "filecache", tmp_path / "work"
    cache.mkdir()
    work.mkdir()
    shutil.copy(JOBS / "image_histogram.py", cache)
    (work / "image_histogram.py").symlink_to(cache / "image_histogram.py")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()

    def run(package, stdin):
        environment = {
            key: value for key, value in os.environ.items() if not key.startswith("PYTHON")
        }
        environment["PYTHONPATH"] = f"{package}{os.pathsep}{elsewhere}"
        return subprocess.run(
            [node_python, "image_histogram.py", "--step-num=0", "--mapper"],
            input=stdin,
            cwd=work,
            env=environment,
            capture_output=True,
        )

    return run


def test_a_task_runs_from_its_file_and_the_zip(node, tmp_path, good_images):
    write_package(tmp_path / "package.zip")
    ended = node(tmp_path / "package.zip", bundle_line("x.dcm", good_images["ct/small.dcm"]))
    assert ended.returncode == 0, ended.stderr.decode()
    assert ended.stdout.startswith(b'"x.dcm"\t{"images": 1, "pixels": 16384')


def test_without_the_zip_it_does_not(node, tmp_path, good_images):
    with zipfile.ZipFile(tmp_path / "package.zip", "w"):
        pass
    ended = node(tmp_path / "package.zip", bundle_line("x.dcm", good_images["ct/small.dcm"]))
    assert b"No module named" in ended.stderr
    assert ended.returncode != 0


def test_the_local_runner_ships_it(job, node_python, good_folder, tmp_path):
    """The tasks run with a Python that does not have the project."""
    here = job("edge_density", good_folder)
    assert here.status == 0, here.stderr
    there = job(
        "edge_density", "-r", "local", "--python-bin", node_python, good_folder,
        env={"PYTHONPATH": str(tmp_path)},
    )  # fmt: skip
    assert there.status == 0, there.stderr
    assert there.lines == here.lines


def test_the_same_sources_give_the_same_bytes(tmp_path):
    write_package(tmp_path / "a.zip")
    write_package(tmp_path / "b.zip")
    assert (tmp_path / "a.zip").read_bytes() == (tmp_path / "b.zip").read_bytes()
    with zipfile.ZipFile(tmp_path / "a.zip") as package:
        names = package.namelist()
        assert all(name.endswith((".py", ".csv", ".txt", ".yaml")) for name in names)
        assert "mapreduce_jobs/privacy/profile.csv" in names
