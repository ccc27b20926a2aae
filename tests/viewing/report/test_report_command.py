"""The command report as people type it: what it writes, what it shows, what it says is wrong."""

import base64
import io
import json
import os
import sys

import numpy as np
import pytest
from PIL import Image as PillowImage

from tests.support import JOBS, dicom, png, run, scan, write_tree
from tests.viewing.documents import Document, check_whole


@pytest.fixture
def report(job, tmp_path):
    """Run the command in the test's folder."""
    return lambda *arguments, **kwargs: job("report", *arguments, cwd=tmp_path, **kwargs)


@pytest.fixture
def scans(tmp_path):
    """A folder of images, and the edge densities of these."""
    files = {f"{n}.png": png(scan(n, (48, 64))) for n in range(8)}
    files["ct.dcm"] = dicom("CT_small.dcm")
    write_tree(tmp_path / "scans", files)
    ran = run(sys.executable, JOBS / "edge_density.py", tmp_path / "scans")
    (tmp_path / "edges.jsonl").write_bytes(ran.stdout)
    return files


def page(tmp_path, name="page.html"):
    found = Document((tmp_path / name).read_text(encoding="utf-8"))
    check_whole(found)
    return found


def test_a_page_is_written_and_nothing_is_said(report, scans, tmp_path):
    ran = report("edges.jsonl", "-o", "page.html")
    assert (ran.status, ran.stdout, ran.stderr) == (0, b"", "")
    found = page(tmp_path)
    assert found.root.one("h1").text == "Results: edges.jsonl"
    assert found.sections == ["overview", "edges"]
    assert {path.name for path in tmp_path.iterdir()} == {"edges.jsonl", "page.html", "scans"}


def test_results_come_from_standard_input_too(report, scans, tmp_path):
    ran = report("-", "-o", "page.html", "--title", "Scans of May", stdin=b'"a"\t3\n')
    assert (ran.status, ran.stderr) == (0, "")
    assert page(tmp_path).root.one("h1").text == "Scans of May"


def test_images_that_are_pointed_out_are_shown(report, scans, tmp_path):
    assert report("edges.jsonl", "-o", "page.html", "--images", "scans").status == 0
    images = page(tmp_path).section("edges").all("img")
    assert {image.attributes["alt"] for image in images} == set(scans)
    (shown,) = {i.attributes["src"] for i in images if i.attributes["alt"] == "3.png"}
    data = base64.b64decode(shown.partition(",")[2])
    pixels = np.asarray(PillowImage.open(io.BytesIO(data)).convert("L")).astype(int)
    assert pixels.shape == (48, 64)
    assert np.abs(pixels - scan(3, (48, 64))).max() <= 2  # WebP by way of colour


def test_an_image_that_cannot_be_shown_is_named(report, scans, tmp_path):
    (tmp_path / "scans/3.png").write_bytes(b"\x89PNG")
    (tmp_path / "scans/4.png").unlink()
    ran = report("edges.jsonl", "-o", "page.html", "--images", "scans")
    assert ran.status == 1
    assert "3.png: UnknownFormat" in ran.stderr or "3.png: Truncated" in ran.stderr
    assert "4.png: not among --images" in ran.stderr
    assert "2 of 9 images cannot be shown" in ran.stderr
    missing = [node.text for node in page(tmp_path).root.all("span", css="missing")]
    assert "not among the images given" in missing


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["edges.jsonl", "-o", "page.pdf"], "-o page.pdf: must end with .html"),
        (["edges.jsonl", "-o", "no/page.html"], "-o no/page.html: there is no directory no"),
        (["nothing.jsonl", "-o", "page.html"], "nothing.jsonl"),
        (["scans", "-o", "page.html"], "scans: a directory without part files"),
        (["scans/ct.dcm", "-o", "page.html"], "scans/ct.dcm, line 1: is no line of a job's result"),
        (["old.html", "-o", "old.html"], "-o old.html: is what is to be read"),
        (["edges.jsonl", "-o", "page.html", "--images", "other"], "none of the images"),
        (["edges.jsonl", "-o", "page.html", "--images", "nowhere"], "nowhere"),
        (["edges.jsonl", "-o", "folder.html"], "-o folder.html: is a directory"),
        (["damaged", "-o", "page.html"], "damaged: the line of a.png looks like one of edge"),
    ],
)
def test_wrong_usage_is_a_sentence(report, scans, tmp_path, arguments, says):
    write_tree(tmp_path / "other", {"x.png": png(scan(1))})
    (tmp_path / "old.html").write_text('"a"\t3\n')
    (tmp_path / "folder.html").mkdir()
    value = {"edge_pixels": 1, "density": 2.0, "detector": "x", "mean_gradient": 1}
    (tmp_path / "damaged").write_text(f'"a.png"\t{json.dumps(value)}\n')
    ran = report(*arguments)
    assert ran.status == 2, ran.stderr
    assert says in ran.stderr
    assert ran.stderr.startswith("report: ")
    assert ran.stderr.count("\n") == 1
    assert not (tmp_path / "page.html").exists()
    assert (tmp_path / "old.html").read_text() == '"a"\t3\n'
    assert not [name for name in os.listdir(tmp_path) if "tmp" in name.lower()]


def test_a_page_that_cannot_be_written_leaves_nothing(tmp_path, without_privileges):
    (tmp_path / "result").write_text('"a"\t3\n')
    (tmp_path / "locked").mkdir(mode=0o555)
    command = [*without_privileges, sys.executable, "-m", "mapreduce_jobs.report"]
    ran = run(*command, "result", "-o", "locked/page.html", cwd=tmp_path)
    assert ran.status == 1
    assert "Permission denied" in ran.stderr
    assert list((tmp_path / "locked").iterdir()) == []


@pytest.mark.parametrize(
    ("package", "brings"), [("matplotlib", ""), ("jinja2", "markupsafe"), ("jinja2", "matplotlib")]
)
def test_a_missing_extra_is_named(scans, tmp_path, package, brings):
    code = (
        f"import sys; sys.modules['{package}'] = sys.modules['{brings}'] = None;"
        "sys.argv[0] = 'report'; from mapreduce_jobs.report import main; main()"
    )
    ran = run(sys.executable, "-c", code, "edges.jsonl", "-o", "page.html", cwd=tmp_path)
    assert ran.status == 2
    assert f"needs {package}" in ran.stderr
    assert "pip install 'mapreduce-imaging[plots]'" in ran.stderr
    assert ran.stderr.count("\n") == 1
    assert not (tmp_path / "page.html").exists()
