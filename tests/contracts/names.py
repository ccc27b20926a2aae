"""Names of files and folders."""

import pytest
from hypothesis import given

from hdfs_tools.errors import InvalidPath, NotFound
from tests.contracts.renaming import NAMES
from tests.contracts.support import FEW, fresh_folder, names

ODD = [
    " ",
    "  blanks  ",
    "semi;colon",
    "a&b=c+d",
    "100%",
    "%41",
    "#LATEST",
    "question?",
    "star*[1]{a,b}",
    "back\\slash",
    "quote'\"",
    "~tilde",
    "...",
    "-",
    "tab\there",
    "new\nline",
    "ü in one",
    "u\u0308 in two",
    "\U0001f4a1",
    "漢字",
    "x" * 255,
    "é" * 127,
]


class TestNames:
    @pytest.mark.parametrize("name", ODD)
    def test_come_back_as_they_were(self, fs, folder, name):
        fs.write(f"{folder}/{name}", b"1")
        assert names(fs, folder) == [name]
        assert fs.stat(f"{folder}/{name}").size == 1
        assert fs.read(f"{folder}/{name}") == b"1"
        fs.rename(f"{folder}/{name}", f"{folder}/a")
        fs.mkdir(f"{folder}/{name}")
        assert sorted(names(fs, folder)) == sorted([name, "a"])
        assert fs.delete(f"{folder}/{name}") is True

    @FEW
    @given(NAMES, NAMES)
    def test_any_two_are_two_files(self, fs, one, other):
        folder = fresh_folder(fs)
        fs.write(f"{folder}/{one}", b"1")
        fs.write(f"{folder}/{other}", b"2", overwrite=True)
        assert sorted(names(fs, folder)) == sorted({one, other})
        assert fs.read(f"{folder}/{other}") == b"2"

    @pytest.mark.parametrize("name", ["a:b", ":", ".", "..", "x//y", "../x", "x/./y", "x" * 256])
    def test_that_cannot_be(self, fs, folder, name):
        fs.write(f"{folder}/a", b"1")
        with pytest.raises(InvalidPath):
            fs.write(f"{folder}/{name}", b"1")
        with pytest.raises(InvalidPath):
            fs.mkdir(f"{folder}/{name}")
        with pytest.raises(InvalidPath):
            fs.rename(f"{folder}/a", f"{folder}/{name}")
        assert names(fs, folder) == ["a"]

    @pytest.mark.parametrize("name", ["a:b", ".", "..", "../x", "x" * 256, "\udcff"])
    def test_that_cannot_be_are_just_not_there(self, fs, folder, name):
        with pytest.raises(NotFound):
            fs.stat(f"{folder}/{name}")
        assert not fs.exists(f"{folder}/{name}")
        assert fs.delete(f"{folder}/{name}") is False

    def test_are_unicode(self, fs, folder):
        with pytest.raises(InvalidPath):
            fs.write(f"{folder}/\udcff", b"1")
        with pytest.raises(InvalidPath):
            fs.mkdir(f"{folder}/\udcff")

    def test_that_are_reserved(self, fs):
        with pytest.raises(InvalidPath):
            fs.mkdir("/.reserved/a")
