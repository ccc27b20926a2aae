"""What the user may name as input, and how images are then called."""

import os

import pytest

from hdfs_tools.bundles.record import bundle_line, parse_line
from mapreduce_jobs.core.inputs.assignment import assign_images, assign_texts
from mapreduce_jobs.core.inputs.splits import record_lines
from mapreduce_jobs.core.inputs.task_files import TaskFiles
from mapreduce_jobs.core.job_errors import UsageError


@pytest.fixture
def names(tmp_path, monkeypatch):
    """Deal inputs and return what each image is called, sorted, and their number."""
    monkeypatch.chdir(tmp_path)

    def deal(*inputs, stdin=(), tasks=3):
        folder = tmp_path / "dealt"
        folder.mkdir()
        with TaskFiles(str(folder), tasks) as files:
            assign_images(list(inputs), stdin, files)
        found = []
        for path in files.paths():
            with open(path, "rb") as lines:
                for line in record_lines(lines, "/", spans=True):
                    item = parse_line(line)
                    item.read()
                    found.append(item.name)
        return sorted(found), files.images

    return deal


@pytest.fixture
def scans(tmp_path, tree):
    return tree(tmp_path / "scans", {"a.png": b"1", "ct/b.dcm": b"2", "ct/c": b"3"})


class TestNames:
    def test_in_a_folder_by_the_path_in_it(self, names, scans):
        assert names("scans") == (["a.png", "ct/b.dcm", "ct/c"], 3)

    def test_in_a_folder_however_it_is_written(self, names, scans):
        for written in ("scans/", "./scans", str(scans), scans.as_uri(), "scans/../scans"):
            found, _ = names(written)
            os.rename("dealt", f"dealt {len(os.listdir())}")
            assert found == ["a.png", "ct/b.dcm", "ct/c"]

    def test_by_itself_as_written(self, names, scans):
        assert names("scans/a.png", f"{scans}/ct/c")[0] == sorted(
            [f"{scans}/ct/c"[1:], "scans/a.png"]
        )

    def test_by_a_glob_as_the_shell_would_write_it(self, names, scans):
        assert names("scans/*.png")[0] == ["scans/a.png"]

    def test_a_folder_that_a_glob_finds_is_read_once(self, names, scans):
        expected = ["scans/a.png", "scans/ct/b.dcm", "scans/ct/c"]
        assert names("scans/**")[0] == expected

    def test_a_name_with_glob_characters_is_itself(self, names, tmp_path):
        (tmp_path / "a[1]*.png").write_bytes(b"1")
        assert names("a[1]*.png")[0] == ["a[1]*.png"]

    def test_in_a_manifest_relative_to_it(self, names, scans):
        (scans / "some.manifest").write_bytes(b"ct/b.dcm\r\n\n./a.png\n")
        assert names("scans/some.manifest") == (["a.png", "ct/b.dcm"], 2)

    def test_in_a_text_file_that_the_user_names(self, names, scans):
        (scans / "list.txt").write_bytes(b"a.png\n")
        assert names("scans/list.txt")[0] == ["a.png"]
        os.rename("dealt", "dealt before")
        assert "list.txt" in names("scans")[0]  # found in a folder, it is an image or an error

    def test_in_a_list_made_by_find(self, names, scans):
        (scans / "100%41.png").write_bytes(b"4")
        listed = [b"scans/100%41.png\n", b"./scans/a.png\n", os.fsencode(scans) + b"/ct/c\n"]
        found, count = names("-", stdin=listed)
        assert found == sorted([f"{scans}/ct/c"[1:], "scans/100%41.png", "scans/a.png"])
        assert count == 3

    def test_after_a_byte_order_mark(self, names, scans):
        (scans / "list.txt").write_bytes(b"\xef\xbb\xbfa.png\n")
        assert names("scans/list.txt")[0] == ["a.png"]

    def test_standard_input_is_the_default(self, names, scans):
        assert names(stdin=[b"scans/a.png"])[0] == ["scans/a.png"]

    def test_in_bundles_by_their_records(self, names, scans):
        (scans / "more.bundle").write_bytes(bundle_line("x", b"4") + b"a.png\n")
        (scans / "out").mkdir()
        (scans / "out" / "part-00000").write_bytes(bundle_line("y", b"5"))
        (scans / "out" / "_SUCCESS").write_bytes(b"")
        (scans / "out" / ".part-00000.crc").write_bytes(b"crc")
        found, count = names("scans")
        assert found == sorted(["a.png", "a.png", "ct/b.dcm", "ct/c", "x", "y"])
        assert count is None

    def test_records_and_references_mixed_on_standard_input(self, names, scans):
        lines = [bundle_line("x", b"4"), b"scans/a.png\n", bundle_line("y", b"5"), b"scans/ct/c"]
        assert names("-", stdin=lines)[0] == ["scans/a.png", "scans/ct/c", "x", "y"]

    def test_links_are_followed_and_rings_end(self, names, scans):
        (scans / "link.png").symlink_to("a.png")
        (scans / "linked").symlink_to("ct")
        assert names("scans")[0] == [
            "a.png", "ct/b.dcm", "ct/c", "link.png", "linked/b.dcm", "linked/c",
        ]  # fmt: skip


class TestTheSameTwice:
    def test_a_bundle_named_twice_is_read_once(self, names, tree, tmp_path):
        tree(tmp_path, {"d/sub/x.bundle": bundle_line("x", b"1")})
        assert names("d/**", "d", "d/sub/x.bundle")[0] == ["x"]

    def test_an_image_named_twice_is_read_once(self, names, scans):
        assert names("scans", str(scans), "scans")[0] == ["a.png", "ct/b.dcm", "ct/c"]

    def test_two_images_of_one_name_are_an_error(self, names, scans, tree, tmp_path):
        tree(tmp_path / "others", {"a.png": b"another"})
        with pytest.raises(UsageError, match=r"others/a\.png.*same name, a\.png.*directory above"):
            names("scans", "others")


class TestWrongInput:
    @pytest.mark.parametrize(
        ("given", "said"),
        [
            ("nowhere", "nowhere: no such file or directory"),
            ("no*where", r"no\*where: no file matches"),
            ("s3://bucket/data", "s3://bucket/data: only files of this machine and of HDFS"),
            ("webhdfs://localhost:1/data", "localhost:1: no answer .connection refused"),
            ("gone.manifest", "no such file"),
            ("dangling.bundle", "dangling.bundle: No such file"),
        ],
    )
    def test_is_named(self, names, tmp_path, given, said):
        (tmp_path / "dangling.bundle").symlink_to("nowhere")
        with pytest.raises(UsageError, match=said):
            names(given)

    @pytest.mark.parametrize("second", [b"\x1a\n", b"\0\0\0\rIHDR", b"\0\t\0"])
    def test_an_image_on_standard_input(self, names, second):
        with pytest.raises(UsageError, match="standard input: not record lines"):
            names("-", stdin=[b"\x89PNG\r\n", second, b"\0\0"])

    def test_text_that_is_not_there(self, tmp_path):
        with TaskFiles(str(tmp_path), 1) as files, pytest.raises(UsageError, match="nowhere"):
            assign_texts([str(tmp_path / "nowhere")], [], files)
