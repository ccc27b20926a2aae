"""hdfs-tools as it is typed."""

import os
import sys

import pytest


@pytest.fixture
def hdfs_tools(command, tmp_path):
    return lambda *words: command(sys.executable, "-m", "hdfs_tools", *words, cwd=tmp_path)


def test_pack_and_unpack(hdfs_tools, tmp_path, tree):
    tree(tmp_path, {"scans/ct/1.dcm": b"one", "scans/2.png": b"two"})
    packed = hdfs_tools("pack", "scans", "scans.bundle")
    assert (packed.status, packed.stderr) == (0, "scans.bundle: 2 images\n")
    unpacked = hdfs_tools("unpack", "scans.bundle", "copy")
    assert (unpacked.status, unpacked.stderr) == (0, "copy: 2 images\n")
    assert (tmp_path / "copy/ct/1.dcm").read_bytes() == b"one"


def test_a_failure_is_a_sentence(hdfs_tools, tmp_path):
    (tmp_path / "x.bundle").write_bytes(b"../x.png\tAAAA\n")
    (tmp_path / "pipes").mkdir()
    os.mkfifo(tmp_path / "pipes" / "p")
    for words, said in [
        (("pack", "nowhere", "y.bundle"), "nowhere: No such file or directory"),
        (("pack", "x.bundle", "x.bundle"), "x.bundle: File exists"),
        (("pack", "pipes", "y.bundle"), "pipes/p: a pipe, socket or device"),
        (("unpack", "nowhere", "made"), "nowhere: No such file or directory"),
        (("unpack", "x.bundle", "copy"), "'../x.png': not a name of a file in the directory"),
    ]:
        ended = hdfs_tools(*words)
        assert ended.status == 1
        assert said in ended.stderr
        assert "Traceback" not in ended.stderr
    assert not (tmp_path / "made").exists()


def test_wrong_usage(hdfs_tools):
    assert hdfs_tools("launder").status == 2
    assert hdfs_tools().status == 2
    assert hdfs_tools("--version").stdout.strip()
