"""The command compare on folders, bundles and what jobs make; and what it refuses."""

import json
import re
import sys

import numpy as np
import pytest
from PIL import Image as PillowImage

from hdfs_tools.bundles.record import bundle_line
from tests.support import ROOT, png, run, scan, write_tree
from tests.viewing.pages import MARGIN, Page, pixels_of


class TestCollection:
    """Folders, bundles, and what jobs make of them."""

    def test_are_paired_by_name(self, compare, job, good_folder, tmp_path):
        ran = job("image_transform", "--ops", "invert", "--format", "tiff", good_folder)
        (tmp_path / "inverted.bundle").write_bytes(ran.stdout)
        ran = compare(good_folder, "inverted.bundle", "-o", "page.html")
        assert (ran.status, ran.stderr) == (0, "")
        page = Page(tmp_path / "page.html")
        count = sum(path.is_file() for path in good_folder.rglob("*"))
        assert page.tags.count("template") == count
        assert {"ct/small.dcm", "png/deep.png", "tiff/wrong-name.png", "胸部/左.png"} <= {
            *page.names
        }
        assert "new\\nline.png" in page.names

    def test_a_jobs_output_folder(self, compare, job, tmp_path):
        write_tree(tmp_path / "scans", {f"{i}.png": png(scan(i)) for i in range(9)})
        made = ("-r", "local", "-o", tmp_path / "made", "scans")
        assert job("image_transform", "--ops", "invert", *made).status == 0
        assert compare("scans", "made", "-o", "page.html").status == 0
        assert Page(tmp_path / "page.html").tags.count("template") == 9

    def test_of_globs_the_folder_does_not_count(self, compare, tmp_path):
        files = {f"{folder}/{i}.png": png(scan(i)) for folder in ("a", "b/c") for i in range(3)}
        write_tree(tmp_path, files)
        assert compare("a/*.png", "b/c/*.png", "-o", "page.html").status == 0

    def test_on_hdfs(self, compare, tmp_path):
        files = {f"{i}.png": png(scan(i)) for i in range(2)}
        write_tree(tmp_path / "store/scans", files)
        write_tree(tmp_path / "scans", files)
        ran = compare(
            "scans", "hdfs:///scans", "-o", "a.html", env={"HDFS_URL": f"file://{tmp_path}/store"}
        )
        assert (ran.status, ran.stderr) == (0, "")

    def test_standard_input(self, compare, tmp_path):
        write_tree(tmp_path / "scans", {"1.png": png(scan(1)), "2.png": png(scan(2))})
        lines = bundle_line("1.png", png(scan(3))) + bundle_line("2.png", png(scan(4)))
        assert compare("scans", "-", "-o", "sheet.png", stdin=lines).status == 0

    def test_what_fails_or_is_alone_is_in_it_by_name(self, compare, job, tmp_path):
        good = {f"{i}.png": png(scan(i)) for i in range(3)}
        write_tree(tmp_path / "scans", {**good, "empty.png": b"", "alone.png": png(scan(8))})
        ran = job("image_transform", "--ops", "invert", "scans")
        lines = [line for line in ran.stdout.splitlines(True) if not line.startswith(b"alone")]
        (tmp_path / "made.bundle").write_bytes(b"".join(lines) + bundle_line("new.png", b"?"))
        for output in ("page.html", "sheet.png"):
            ran = compare("scans", "made.bundle", "-o", output)
            assert ran.status == 1
            assert ran.stderr.splitlines() == [
                "compare: empty.png: EmptyFile: the file is empty",
                "compare: alone.png: NoPartner: the second location has no image of this name",
                "compare: new.png: NoPartner: the first location has no image of this name",
                "compare: 3 of 6 cannot be compared",
            ]
        page = Page(tmp_path / "page.html")
        assert page.tags.count("template") == 3
        assert {"empty.png", "alone.png", "new.png"} <= {*page.names}
        assert "the file is empty" in page.text

    def test_only_the_first_are_in_full_size(self, compare, tmp_path):
        files = {f"{i:02}.png": png(scan(i, (300, 300))) for i in range(14)}
        write_tree(tmp_path / "a", files)
        compare("a", "a", "-o", "page.html")
        page = Page(tmp_path / "page.html")
        assert "The first 12 open in full size, the others as thumbnails" in page.text
        sizes = [pixels_of(image["src"]).shape[0] for image in page.images if "src" in image]
        assert (sizes.count(300), sizes.count(192)) == (24, 28)

    def test_as_a_picture(self, compare, tmp_path):
        files = {f"{i}.png": png(np.full((192, 192), 40 * i, np.uint8)) for i in range(1, 5)}
        write_tree(tmp_path / "a", files)
        assert compare("a", "a", "-o", "sheet.png").status == 0
        with PillowImage.open(tmp_path / "sheet.png") as sheet:
            pixels = np.asarray(sheet.convert("L"))
        assert pixels.shape[1] == MARGIN + 1 * (392 + MARGIN)
        for value in (40, 80, 120, 160):
            assert np.count_nonzero(pixels == value) >= 2 * 192 * 192


class TestWrongUse:
    @pytest.mark.parametrize(
        ("arguments", "sentence"),
        [
            (["a.png", "b.png", "-o", "x.pdf"], "-o x.pdf: must end with .html or .png"),
            (["a.png", "none.png", "-o", "x.png"], "none.png: no such file or directory"),
            (["a.png", "b.png", "-o", "a.png"], "-o a.png: is what is to be read"),
            (["a.png", "b.png", "-o", "folder.png"], "-o folder.png: is a directory"),
            (["a.png", "b.png", "-o", "no/x.png"], "-o no/x.png: there is no directory no"),
            (
                ["a.png", "b.png", "-o", "x.html", "--layout", "pair"],
                "--layout: is of pictures; a page has all of it",
            ),
            (
                ["many", "many", "-o", "x.png", "--layout", "pair"],
                "--layout pair: there are 2 pairs; sheet shows them all",
            ),
            (
                ["many", "others", "-o", "x.png"],
                "no image of many has a partner in others: names are such as 1.png and 3.png",
            ),
            (["a.png", "empty", "-o", "x.png"], "empty: no image in it"),
            (["twice.bundle", "many", "-o", "x.png"], "twice.bundle: two images in it are named 1"),
            (
                ["a.png", "b.png", "-o", "x.png", "--layout", "difference"],
                "--layout difference: the images have not the same size",
            ),
            (
                ["a.png", "b.png", "-o", "x.png", "--window", "2"],
                "--window: only --values display has windows",
            ),
        ],
    )
    def test_is_a_sentence(self, compare, tmp_path, arguments, sentence):
        write_tree(tmp_path, {"a.png": png(scan(1)), "b.png": png(scan(2, (20, 20)))})
        write_tree(tmp_path / "many", {"1.png": png(scan(1)), "2.png": png(scan(2))})
        write_tree(tmp_path / "others", {"3.png": png(scan(1)), "4.png": png(scan(2))})
        (tmp_path / "empty").mkdir()
        (tmp_path / "folder.png").mkdir()
        (tmp_path / "twice.bundle").write_bytes(bundle_line("1", b"?") * 2)
        ran = compare(*arguments)
        assert (ran.status, ran.stderr) == (2, f"compare: {sentence}\n")
        assert not (tmp_path / "x.png").exists()

    def test_a_damaged_image_is_a_sentence(self, compare, tmp_path):
        write_tree(tmp_path, {"a.png": png(scan(1)), "cut.png": png(scan(2))[:99]})
        ran = compare("a.png", "cut.png", "-o", "x.html")
        assert ran.status == 1
        assert re.fullmatch(r"compare: a\.png: \w+: the second: PNG: .*\n", ran.stderr)
        assert sorted(path.name for path in tmp_path.iterdir()) == ["a.png", "cut.png"]

    @pytest.mark.parametrize(("missing", "output"), [("matplotlib", "x.png"), ("jinja2", "x.html")])
    def test_a_missing_extra_is_named(self, tmp_path, missing, output):
        write_tree(tmp_path, {"a.png": png(scan(1))})
        code = f"import sys; sys.modules[{missing!r}] = None; from mapreduce_jobs import compare;"
        ran = run(
            sys.executable,
            "-c",
            f"{code} sys.argv[1:] = ['a.png', 'a.png', '-o', {output!r}]; compare.main()",
            cwd=tmp_path,
            env={"PYTHONPATH": str(ROOT)},
        )
        assert ran.status == 2
        assert ran.stderr.endswith(": pip install 'mapreduce-imaging[plots]'\n")
        assert json.dumps(ran.stderr).count("\\n") == 1
