"""The command compare on two images: the picture, the page, and what is black and white."""

import io
import re

import numpy as np
import pydicom
import pytest
from PIL import Image as PillowImage
from pydicom.pixels import apply_windowing

from mapreduce_jobs.imaging.encode import encode
from mapreduce_jobs.imaging.image import Image
from tests.support import dicom, png, scan, write_tree
from tests.viewing.pages import MARGIN, Page, figure_panel


@pytest.fixture
def two(tmp_path):
    """An original of 300 × 480 pixels and what was made of it, each with pixels of all levels."""
    original = scan(1, (300, 480))
    (tmp_path / "scan.png").write_bytes(png(original))
    (tmp_path / "inverted.png").write_bytes(png(255 - original))
    return original


class TestFigure:
    """The picture of two images, as papers print it."""

    def test_holds_the_pixels_of_both(self, compare, two, tmp_path):
        ran = compare("scan.png", "inverted.png", "-o", "figure.png")
        assert (ran.status, ran.stdout, ran.stderr) == (0, b"", "")
        top = MARGIN + 32  # two lines of 16 pixels
        left = figure_panel(tmp_path / "figure.png", MARGIN, top, two.shape)
        right = figure_panel(tmp_path / "figure.png", 2 * MARGIN + 480, top, two.shape)
        assert (left == two).all()
        assert (right == 255 - two).all()

    def test_difference_is_the_third(self, compare, two, tmp_path):
        compare("scan.png", "inverted.png", "--layout", "difference", "-o", "figure.png")
        wide = np.abs(two.astype(int) - (255 - two))
        panel = figure_panel(tmp_path / "figure.png", 3 * MARGIN + 960, MARGIN + 32, two.shape)
        assert (panel == np.rint(wide / wide.max() * 255)).all()

    def test_small_images_are_enlarged_pixel_by_pixel(self, compare, tmp_path):
        pixels = scan(2, (60, 100))
        (tmp_path / "a.png").write_bytes(png(pixels))
        assert compare("a.png", "a.png", "-o", "figure.png").status == 0
        panel = figure_panel(tmp_path / "figure.png", MARGIN, MARGIN + 32, (300, 500))
        assert (panel == np.kron(pixels, np.ones((5, 5), np.uint8))).all()

    def test_titles_stand_above(self, compare, two, tmp_path):
        drawn = []
        for titles in ((), ("--titles", "", ""), ("--titles", "$\\frac{1}{2}$", "<b>&amp;</b>")):
            assert compare("scan.png", "inverted.png", *titles, "-o", "f.png").stderr == ""
            with PillowImage.open(tmp_path / "f.png") as figure:
                drawn.append(np.asarray(figure.convert("L").crop((0, 0, 1032, MARGIN + 30))))
        named, untitled, odd = drawn
        assert untitled.min() == 255
        assert named.min() < 100
        assert odd.min() < 100

    def test_any_name_is_drawn(self, compare, tmp_path):
        for name in ("胸部\u202e.png", "a" * 240 + ".png", "new\nline\udcff.png"):
            write_tree(tmp_path, {name: png(scan(1))})
            ran = compare(name, name, "-o", "figure.png")
            assert (ran.status, ran.stderr) == (0, "")


class TestGreyLevels:
    """What is black and what is white."""

    def test_are_those_of_the_window_in_the_header(self, compare, tmp_path):
        (tmp_path / "mr.dcm").write_bytes(dicom("MR_small.dcm"))
        header = pydicom.dcmread(tmp_path / "mr.dcm")
        assert (header.WindowCenter, header.WindowWidth) == (600, 1600)
        assert compare("mr.dcm", "mr.dcm", "-o", "page.html").status == 0
        page = Page(tmp_path / "page.html")
        expected = apply_windowing(header.pixel_array, header)  # by pydicom, in int16's range
        least, greatest = -(2**15), 2**15 - 1
        expected = (expected - least) / (greatest - least) * 255
        assert np.abs(page.pixels(0) - expected).max() <= 0.51
        assert "Black is −200, white 1399: the header's window." in page.text

    def test_of_the_window_in_the_unit_of_the_values(self, compare, tmp_path):
        (tmp_path / "ct.dcm").write_bytes(dicom("693_J2KI.dcm"))
        header = pydicom.dcmread(tmp_path / "ct.dcm")
        centre, width = header.WindowCenter, header.WindowWidth
        low, high = centre - 0.5 - (width - 1) / 2, centre - 0.5 + (width - 1) / 2
        levels = []
        for values in ("stored", "modality"):
            compare("ct.dcm", "ct.dcm", "--values", values, "-o", "page.html")
            page = Page(tmp_path / "page.html")
            levels.append(page.pixels(0))
            shift = header.RescaleIntercept if values == "stored" else 0
            unit = "" if values == "stored" else " HU"
            ends = [f"{end - shift:.6g}{unit}".replace("-", "−") for end in (low, high)]
            assert f"Black is {ends[0]}, white {ends[1]}" in page.text
        assert (levels[0] == levels[1]).all()

    def test_without_a_window_half_a_percent_at_each_end_is_cut(self, compare, tmp_path):
        pixels = np.arange(1000, 3000, dtype=np.uint16).reshape(40, 50)
        (tmp_path / "a.png").write_bytes(png(pixels))
        compare("a.png", "a.png", "-o", "page.html")
        page = Page(tmp_path / "page.html")
        assert "Black is 1009, white 2989: 0.5th to 99.5th percentile." in page.text
        exact = np.clip((pixels - 1009.0) / 1980, 0, 1) * 255
        assert np.abs(page.pixels(0) - exact).max() <= 0.5 + 1e-9

    def test_are_the_same_in_both_so_that_equal_values_look_equal(self, compare, job, tmp_path):
        (tmp_path / "ct.dcm").write_bytes(dicom("CT_small.dcm"))
        ran = job("image_transform", "--ops", "gaussian sigma=2", "--format", "tiff", "ct.dcm")
        (tmp_path / "smooth.bundle").write_bytes(ran.stdout)
        compare("ct.dcm", "smooth.bundle", "-o", "page.html")
        page = Page(tmp_path / "page.html")
        assert "Both are shown in the same way: equal values look equal." in page.text
        one, other = (values[0, ..., 0].astype(int) for values in page.values)
        for value in set(one.flat) & set(other.flat):
            shown = {*page.pixels(0)[one == value].flat, *page.pixels(1)[other == value].flat}
            assert len(shown) == 1

    def test_are_each_its_own_where_values_mean_different_things(self, compare, tmp_path):
        deep = scan(3, dtype=np.uint16)
        (tmp_path / "a.png").write_bytes(png(deep))
        (tmp_path / "b.png").write_bytes(png((deep > 30_000).astype(np.uint8) * 255))
        compare("a.png", "b.png", "-o", "page.html")
        page = Page(tmp_path / "page.html")
        assert "Each is shown in its own way" in page.text
        assert "uint16, uint8" in page.text
        assert set(page.pixels(1).flat) == {0, 255}

    def test_labels_are_stretched(self, compare, job, tmp_path):
        (tmp_path / "a.png").write_bytes(png(scan(4)))
        ran = job("image_transform", "--ops", "components", "a.png", "--format", "png")
        assert ran.status == 0, ran.stderr
        (tmp_path / "classes.png").write_bytes(png(np.repeat(np.uint8([[0, 1, 2, 3]]), 9, 0)))
        compare("a.png", "classes.png", "-o", "page.html")
        page = Page(tmp_path / "page.html")
        assert set(page.pixels(1).flat) == {0, 85, 170, 255}
        assert "Black is 0, white 3: its few levels." in page.text
        assert set(page.values[1].flat) == {0, 1, 2, 3}

    def test_of_monochrome1_are_inverted(self, compare, tmp_path):
        header = pydicom.dcmread(io.BytesIO(dicom("MR_small.dcm")))
        plain = io.BytesIO()
        header.save_as(plain)
        header.PhotometricInterpretation = "MONOCHROME1"
        header.save_as(tmp_path / "inverted.dcm")
        (tmp_path / "plain.dcm").write_bytes(plain.getvalue())
        for name in ("plain", "inverted"):
            compare(f"{name}.dcm", f"{name}.dcm", "-o", f"{name}.html")
        plain_page, inverted = (Page(tmp_path / f"{name}.html") for name in ("plain", "inverted"))
        assert (inverted.pixels(0) == 255 - plain_page.pixels(0)).all()
        assert "Black is 1399, white −200" in inverted.text


class TestPage:
    """The page of two images."""

    def test_holds_the_values_themselves(self, compare, tmp_path):
        (tmp_path / "ct.dcm").write_bytes(dicom("CT_small.dcm"))
        (tmp_path / "us.dcm").write_bytes(dicom("examples_rgb_color.dcm"))
        floats = np.float32([[[0.1, np.nan], [-1e9, 2]]])
        (tmp_path / "floats.tiff").write_bytes(encode(Image(floats, 32), "tiff"))
        compare("ct.dcm", "us.dcm", "-o", "page.html")
        ct, us = Page(tmp_path / "page.html").values
        assert (ct[0, ..., 0] == pydicom.dcmread(tmp_path / "ct.dcm").pixel_array).all()
        assert (us[0] == pydicom.dcmread(tmp_path / "us.dcm").pixel_array).all()
        compare("floats.tiff", "ct.dcm", "-o", "page.html")
        found = Page(tmp_path / "page.html").values[0]
        assert found.dtype == np.float32
        assert np.array_equal(found[..., 0], floats, equal_nan=True)

    def test_says_what_differs(self, compare, tmp_path):
        one = scan(1)
        other = one.copy()
        other[3, 5:9] ^= 8
        (tmp_path / "a.png").write_bytes(png(one))
        (tmp_path / "b.png").write_bytes(png(other))
        compare("a.png", "b.png", "-o", "page.html")
        page = Page(tmp_path / "page.html")
        mean = f"{4 * 8 / one.size:.6g}"
        assert f"Values: 4 of 3,072 pixels differ; greatest difference 8, mean {mean}." in page.text
        assert set(np.argwhere(page.pixels(2))[:, 1]) == {5, 6, 7, 8}
        compare("a.png", "a.png", "-o", "page.html")
        page = Page(tmp_path / "page.html")
        assert "all 3,072 pixels are equal" in page.text
        assert len(page.images) == 2

    def test_has_a_histogram_of_each(self, compare, tmp_path):
        (tmp_path / "grey.png").write_bytes(png(scan(1)))
        (tmp_path / "colour.png").write_bytes(png(np.dstack([scan(1), scan(2), scan(3)])))
        compare("grey.png", "colour.png", "-o", "page.html")
        text = (tmp_path / "page.html").read_text()
        assert re.findall(r'<path class="(\w+)" d="M0,100', text) == [
            "grey",
            "red",
            "green",
            "blue",
        ]

    def test_shows_each_frame_of_few_and_the_middle_one_of_many(self, compare, tmp_path):
        for name, frames in (("few", 5), ("many", 70)):
            pixels = np.stack([np.full((8, 8), 3 * frame, np.uint8) for frame in range(frames)])
            (tmp_path / f"{name}.tiff").write_bytes(encode(Image(pixels, 8), "tiff"))
        compare("few.tiff", "few.tiff", "-o", "few.html")
        page = Page(tmp_path / "few.html")
        assert [int(page.pixels(frame)[0, 0]) for frame in range(5)] == [0, 64, 128, 191, 255]
        assert [frame for frame in range(5) if "hidden" not in page.images[frame]] == [2]
        compare("few.tiff", "many.tiff", "-o", "many.html")
        page = Page(tmp_path / "many.html")
        assert len(page.images) == 3  # of each the middle one, and what differs
        assert "frame 3 of 5." in page.text
        assert "frame 36 of 70." in page.text

    def test_asks_for_nothing_and_is_the_same_each_time(self, compare, two, tmp_path):
        for name in ("one.html", "other.html", "one.png", "other.png"):
            assert compare("scan.png", "inverted.png", "-o", name).status == 0
        for kind in ("html", "png"):
            assert (tmp_path / f"one.{kind}").read_bytes() == (
                tmp_path / f"other.{kind}"
            ).read_bytes()
        text = (tmp_path / "one.html").read_text()
        assert "default-src 'none'" in text or "default-src &#39;none&#39;" in text
        assert not re.search(r"https?://(?!www\.w3\.org/)", text)
