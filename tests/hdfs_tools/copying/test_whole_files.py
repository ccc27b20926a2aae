"""Files and directories of this machine: whole under their names, or not there."""

import os
import stat
import subprocess
import sys

import pytest

from hdfs_tools.copying.whole_files import WholeFile, whole_directory, write_whole
from hdfs_tools.errors import Corrupt, Exists, IsADirectory, NotARegularFile


@pytest.fixture
def path(tmp_path):
    (tmp_path / "here").mkdir()
    return str(tmp_path / "here" / "a.png")


def names(path):
    return os.listdir(os.path.dirname(path))


def write_file(path, overwrite=True, then=lambda: None):
    """Write a file; do something else before it has its name."""
    with WholeFile(path, overwrite) as file:
        file.write(b"half")
        file._file.flush()
        then()


def make_directory(path, then):
    """Make a directory; do something else before it has its name."""
    with whole_directory(path) as made:
        os.mkdir(made)
        then()


def fail():
    raise RuntimeError("no more")


class TestFiles:
    def test_have_their_name_when_the_block_has_ended(self, path):
        with WholeFile(path) as file:
            file.write(b"one ")
            file.write(memoryview(b"two"))
            assert file.tell() == 7
            assert not os.path.exists(path)
        with open(path, "rb") as written:
            assert written.read() == b"one two"
        assert names(path) == ["a.png"]
        umask = os.umask(0)
        os.umask(umask)
        assert stat.S_IMODE(os.stat(path).st_mode) == 0o666 & ~umask

    def test_are_not_there_after_an_error(self, path):
        with pytest.raises(RuntimeError, match="no more"):
            write_file(path, then=fail)
        assert names(path) == []

    def test_that_are_there_stay_as_they_are_after_an_error(self, path):
        write_whole(path, b"before")
        with pytest.raises(RuntimeError, match="no more"):
            write_file(path, then=fail)
        with open(path, "rb") as file:
            assert file.read() == b"before"
        write_whole(path, b"after")
        with open(path, "rb") as file:
            assert file.read() == b"after"

    @pytest.mark.parametrize(
        ("damage", "said"),
        [
            (lambda file: file.truncate(3), "3 of 4 bytes are on the disk"),
            (lambda file: os.pwrite(file.fileno(), b"H", 0), "not what was written"),
            (lambda file: os.pwrite(file.fileno(), b"!", 4), "5 of 4 bytes are on the disk"),
        ],
    )
    def test_get_no_name_where_the_disk_holds_something_else(self, path, damage, said):
        def by_others():
            (name,) = names(path)
            with open(os.path.join(os.path.dirname(path), name), "r+b") as file:
                damage(file)

        with pytest.raises(Corrupt, match=said) as error:
            write_file(path, then=by_others)
        assert error.value.filename == path
        assert names(path) == []

    def test_do_not_replace_what_appeared_meanwhile(self, path):
        with pytest.raises(Exists):
            write_file(path, False, lambda: write_whole(path, b"theirs"))
        with open(path, "rb") as found:
            assert found.read() == b"theirs"
        assert names(path) == ["a.png"]
        with pytest.raises(Exists):
            WholeFile(path, overwrite=False)

    def test_do_not_replace_devices_and_directories(self, path):
        os.mkfifo(path)
        with pytest.raises(NotARegularFile, match="device"):
            write_whole(path, b"")
        with pytest.raises(IsADirectory):
            write_whole(os.path.dirname(path), b"")
        assert stat.S_ISFIFO(os.stat(path).st_mode)

    def test_tell_the_name_of_the_file_and_not_of_the_temporary_one(self, path):
        script = (
            "import resource, sys; from hdfs_tools.copying.whole_files import write_whole;"
            "resource.setrlimit(resource.RLIMIT_FSIZE, (5000, 5000));"
            "write_whole(sys.argv[1], b'x' * 5001)"
        )
        ran = subprocess.run([sys.executable, "-c", script, path], capture_output=True, text=True)
        assert ran.stderr.endswith(f"OSError: [Errno 27] File too large: {path!r}\n")
        assert names(path) == []


class TestDirectories:
    def test_have_their_name_when_the_block_has_ended(self, path):
        with whole_directory(path) as made:
            os.mkdir(made)
            write_whole(f"{made}/x", b"1")
            assert not os.path.exists(path)
        assert (names(path), os.listdir(path)) == (["a.png"], ["x"])

    def test_are_not_there_after_an_error(self, path):
        with pytest.raises(RuntimeError, match="no more"):
            make_directory(path, fail)
        assert names(path) == []

    @pytest.mark.parametrize(
        "appears",
        [
            lambda path: write_whole(path, b""),
            os.mkdir,
            lambda path: (os.mkdir(path), write_whole(f"{path}/theirs", b"")),
        ],
        ids=["file", "empty directory", "directory"],
    )
    def test_do_not_replace_what_appeared_meanwhile(self, path, appears):
        with pytest.raises(Exists):
            make_directory(path, lambda: appears(path))
        assert names(path) == ["a.png"]
        with pytest.raises(Exists):
            make_directory(path, pytest.fail)

    def test_are_made_where_nobody_else_makes_one(self, path):
        with whole_directory(path) as one, whole_directory(f"{path}.2") as other:
            assert os.path.dirname(one) != os.path.dirname(other)
            os.mkdir(one)
            os.mkdir(other)
        assert sorted(names(path)) == ["a.png", "a.png.2"]


def test_standard_output_is_written_as_a_whole_also_without_a_buffer(tmp_path):
    # Linux writes at most 2,147,479,552 bytes at once.
    script = (
        "import sys; from hdfs_tools.streams import buffer_output; buffer_output();"
        "sys.stdout.buffer.write(bytes((1 << 31) + 7)); sys.stdout.flush()"
    )
    with open(tmp_path / "out", "wb") as file:
        subprocess.run(
            [sys.executable, "-c", script],
            stdout=file,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
            check=True,
        )
    assert (tmp_path / "out").stat().st_size == (1 << 31) + 7
    (tmp_path / "out").unlink()


def test_standard_error_too_or_it_fails(tmp_path):
    """What tasks of jobs have counted goes by it."""
    script = (
        "import resource, sys; from hdfs_tools.streams import buffer_output; buffer_output();"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000));"
        "sys.stderr.buffer.write(bytes(2000)); sys.stderr.flush()"
    )
    with open(tmp_path / "said", "wb") as file:
        ran = subprocess.run(
            [sys.executable, "-c", script],
            stderr=file,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
        )
    assert ran.returncode != 0
