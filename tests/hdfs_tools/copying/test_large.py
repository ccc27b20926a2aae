"""Files and bundles of more than 2 and 4 GiB, there and back; they hold few bytes but zeros."""

import filecmp
import os
import shutil
import subprocess
import sys

import pytest

from tests.support import ROOT

pytestmark = pytest.mark.slow

GIB = 1 << 30


@pytest.fixture(autouse=True)
def room(tmp_path):
    """Leave no gigabytes behind."""
    yield
    shutil.rmtree(tmp_path)


def tools(*words, store):
    """Run hdfs-tools; return the most memory that it held, in bytes, and what it said."""
    script = (
        "import re, sys; from hdfs_tools.cli import main; status = main(sys.argv[1:]);"
        # Not the maximum of getrusage, in which whoever started the process is, too.
        "peak = re.search(r'VmHWM:\\s+(\\d+) kB', open('/proc/self/status').read())[1];"
        "print(int(peak) << 10, file=sys.stderr); sys.exit(status)"
    )
    ran = subprocess.run(
        [sys.executable, "-c", script, *map(str, words)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env={**os.environ, "HDFS_URL": f"file://{store}"},
    )
    *said, peak = ran.stderr.splitlines()
    return ran.returncode, int(peak), said


def sparse(path, size):
    """Write a file of zeros, with some other bytes at its end."""
    with open(path, "wb") as file:
        file.truncate(size)
        file.seek(size - 3)
        file.write(b"end")


@pytest.mark.parametrize("size", [2 * GIB + 5, 4 * GIB + 5])
def test_a_file(tmp_path, size):
    sparse(tmp_path / "large", size)
    for words in (["put", tmp_path / "large", "/large"], ["get", "/large", tmp_path / "copy"]):
        status, peak, said = tools(*words, store=tmp_path / "store")
        assert (status, said) == (0, [])
        assert peak < 150 << 20
    assert filecmp.cmp(tmp_path / "large", tmp_path / "copy", shallow=False)


def test_a_bundle(tmp_path):
    (tmp_path / "images").mkdir()
    for number in range(3):
        sparse(tmp_path / "images" / str(number), GIB + (GIB >> 3))
    bundle = tmp_path / "x.bundle"
    for words in (["pack", tmp_path / "images", bundle], ["unpack", bundle, tmp_path / "copy"]):
        status, peak, said = tools(*words, store=tmp_path / "store")
        assert status == 0, said
        assert peak < 250 << 20
    assert bundle.stat().st_size > 4 * GIB
    for number in range(3):
        one, other = tmp_path / "images" / str(number), tmp_path / "copy" / str(number)
        assert filecmp.cmp(one, other, shallow=False)


def test_an_image_that_no_bundle_holds(tmp_path):
    sparse(tmp_path / "large", 2 * GIB)
    status, _, said = tools("pack", tmp_path / "large", tmp_path / "x.bundle", store=tmp_path)
    assert status == 1
    assert said == [
        f"hdfs-tools pack: {tmp_path}/large: too large for a bundle, whose lines hold 1.5 GiB,"
        " as much as Hadoop reads: leave it a file of its own"
    ]
    assert not (tmp_path / "x.bundle").exists()
