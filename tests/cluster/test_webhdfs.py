"""The HDFS client on real HDFS."""

import os
import signal

import pytest

from hdfs_tools import connect
from hdfs_tools.errors import InvalidPath, IsADirectory, SafeMode, Unreachable
from tests.support import ODD_NAMES

UNICODE_NAMES = [name for name in ODD_NAMES if name.isascii() or name.isprintable()]
MORE_NAMES = ["semi;colon", "a&b=c+d", "  blanks ", "u\u0308 in two", "\u00fc in one", "~tilde"]


@pytest.fixture(scope="module")
def names():
    return [name for name in UNICODE_NAMES if "\udcff" not in name] + MORE_NAMES


@pytest.fixture(scope="module")
def folder(hdfs, names):
    """A folder with a file under each odd name, holding the name."""
    for name in names:
        hdfs.write(f"/odd/{name}", name.encode() * 10)
    return "/odd"


class TestNames:
    def test_come_back_as_they_were(self, hdfs, folder, names):
        found = [entry.path.removeprefix("/odd/") for entry in hdfs.walk(folder)]
        assert sorted(found) == sorted(names)

    def test_are_read(self, hdfs, folder, names):
        for name in names:
            assert hdfs.read(f"{folder}/{name}") == name.encode() * 10
            assert hdfs.stat(f"{folder}/{name}").size == len(name.encode()) * 10

    def test_that_hdfs_does_not_have(self, hdfs):
        with pytest.raises(InvalidPath, match="Invalid path name"):
            hdfs.write("/odd/a:b", b"")

    def test_match_patterns(self, hdfs, folder):
        def found(pattern):
            return [entry.path.removeprefix("/odd/") for entry in hdfs.glob(f"/o*/{pattern}")]

        assert found("*[[]1].png") == ["star*[1].png"]
        assert found("{semi,no}?*") == ["no-extension", "semi;colon"]
        assert found("**/deep.png") == ["a/b/c/d/e/f/g/h/deep.png"]
        assert found("nothing*") == []
        assert found("no-extension/*") == []


class TestReading:
    def test_from_a_position_on(self, hdfs):
        data = os.urandom(3_000_000)
        hdfs.write("/reading/large", data)
        assert hdfs.read("/reading/large") == data
        with hdfs.open("/reading/large", 1_234_567) as file:
            assert file.read(10) == data[1_234_567:1_234_577]
            assert file.read() == data[1_234_577:]
        assert b"".join(hdfs.chunks("/reading/large", len(data))) == b""

    def test_what_is_not_a_file(self, hdfs, folder):
        with pytest.raises(IsADirectory):
            hdfs.read(folder)
        with pytest.raises(FileNotFoundError):
            hdfs.read("/odd/nothing")
        with pytest.raises(FileNotFoundError):
            list(hdfs.list("/nowhere"))

    def test_of_another(self, running, hdfs):
        hdfs.write("/private/file", b"x")
        hdfs.chmod("/private", 0o700)
        mallory = connect_as("mallory", running)
        with pytest.raises(PermissionError):
            mallory.read("/private/file")
        with pytest.raises(PermissionError):
            mallory.exists("/private/file")


def connect_as(user, running):
    from hdfs_tools.webhdfs.client import connect_to

    return connect_to(running.description["hdfs_url"], user)


class TestWriting:
    def test_of_what_is_there_is_refused(self, hdfs):
        hdfs.write("/writing/twice", b"one")
        with pytest.raises(FileExistsError):
            hdfs.write("/writing/twice", b"two")
        assert hdfs.read("/writing/twice") == b"one"

    def test_that_fails_leaves_nothing(self, hdfs):
        def half():
            yield b"x" * 100_000
            raise RuntimeError("the source fails")

        with pytest.raises(RuntimeError, match="the source fails"):
            hdfs.write("/half/file", half)
        assert not hdfs.exists("/half") or list(hdfs.walk("/half")) == []

    def test_piece_by_piece(self, hdfs):
        assert hdfs.write("/writing/pieces", lambda: (b"ab" for _ in range(1000))) == 2000
        assert hdfs.read("/writing/pieces") == b"ab" * 1000

    def test_in_safe_mode(self, running, hdfs):
        hasty = connect(hdfs.url, patience=1)
        assert running.hadoop("dfsadmin", "-safemode", "enter").status == 0
        try:
            with pytest.raises(SafeMode):
                hasty.write("/writing/safe", b"")
        finally:
            running.hadoop("dfsadmin", "-safemode", "leave")

    def test_many_files_are_listed_page_by_page(self, hdfs):
        hdfs.mkdir("/many")
        for number in range(1100):
            hdfs.mkdir(f"/many/{number}")
        assert len({entry.path for entry in hdfs.list("/many")}) == 1100


class TestNodesThatDoNotAnswer:
    def test_a_data_node_that_dies_is_read_round(self, running, hdfs):
        hdfs.write("/nodes/file", b"still here" * 1000)
        os.kill(running.pid("datanode-2"), signal.SIGKILL)
        try:
            for _ in range(20):
                assert hdfs.read("/nodes/file") == b"still here" * 1000
            hdfs.write("/nodes/another", b"also")
            assert hdfs.read("/nodes/another") == b"also"
        finally:
            running.up()

    def test_no_name_node(self):
        with pytest.raises(Unreachable, match=r"localhost:1: no answer \(connection refused\)"):
            connect("http://localhost:1", patience=0.5).stat("/")

    def test_one_of_two_name_nodes(self, running):
        both = connect(f"http://localhost:1;{running.description['hdfs_url']}")
        assert both.stat("/").is_directory
