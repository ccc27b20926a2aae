"""Paths that begin at the home directory, as those of commands do."""

import pytest

from hdfs_tools.errors import NotFound
from tests.contracts.support import tree


class TestRelativePaths:
    @pytest.fixture
    def home(self, fs):
        """The home directory, empty before and after."""
        fs.delete("relative", recursive=True)
        fs.mkdir("relative")
        yield fs.home()
        fs.delete("relative", recursive=True)

    def test_are_those_of_the_home_directory(self, fs, home):
        fs.write("relative/ct/1.dcm", b"one")
        assert tree(fs, f"{home}/relative") == {"ct": None, "ct/1.dcm": b"one"}
        assert fs.read("relative/ct/1.dcm") == b"one"
        assert fs.stat("relative/ct").path == f"{home}/relative/ct"
        assert [found.path for found in fs.list("relative/ct")] == [f"{home}/relative/ct/1.dcm"]
        assert [found.path for found in fs.walk("relative")] == [f"{home}/relative/ct/1.dcm"]
        assert [found.path for found in fs.glob("relative/*/1.*")] == [f"{home}/relative/ct/1.dcm"]
        assert fs.exists(path="relative/ct")
        with fs.open("./relative//ct/1.dcm", 1) as file:
            assert file.read() == b"ne"

    def test_of_what_is_changed(self, fs, home):
        fs.write(path="relative/a", source=b"1")
        fs.chmod("relative/a", 0o600)
        fs.set_xattr("relative/a", "user.site", b"berlin")
        fs.rename("relative/a", "relative/b")
        fs.rename(f"{home}/relative/b", target="relative/c")
        assert fs.stat(f"{home}/relative/c").permission == 0o600
        assert fs.xattrs("relative/c") == {"user.site": b"berlin"}
        assert fs.content_summary("relative").files == 1
        assert fs.delete("relative/c") is True
        with pytest.raises(NotFound) as error:
            fs.read("relative/c")
        assert error.value.filename == f"{home}/relative/c"

    def test_of_copies(self, fs, home, tmp_path):
        (tmp_path / "scans/ct").mkdir(parents=True)
        (tmp_path / "scans/ct/1.dcm").write_bytes(b"one")
        fs.copy_from_local(tmp_path / "scans", "relative/scans")
        assert tree(fs, f"{home}/relative/scans") == {"ct": None, "ct/1.dcm": b"one"}
        fs.copy_to_local("relative/scans", tmp_path / "back")
        assert (tmp_path / "back/ct/1.dcm").read_bytes() == b"one"
        assert fs.delete("relative/scans", recursive=True) is True
