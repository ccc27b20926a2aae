"""The page of a comparison in a real browser, as a desktop and a phone show it."""

import re

import numpy as np
import pytest

from mapreduce_jobs.imaging.encode import encode
from mapreduce_jobs.imaging.image import Image
from tests.support import dicom, png, scan, write_tree
from tests.viewing.browser import EVERY_LOOK, expect, overflow

every_look = pytest.mark.parametrize(("device", "scheme"), EVERY_LOOK)
HOSTILE = {
    "markup": "<img src=x onerror=alert(1)>.png",
    "quotes": "\"'`><script>alert(2)</script>.png",
    "turned": "\u202egnp.exe\u2066.png",
    "template": "{{ 7 * 7 }}{% raw %}</template></dialog>.png",
}


@pytest.fixture
def page_of(job, tmp_path):
    """Write a page, and return its path."""

    def written(*arguments, status=0):
        ran = job("compare", *arguments, "-o", "page.html", cwd=tmp_path)
        assert ran.status == status, ran.stderr
        return tmp_path / "page.html"

    return written


@pytest.fixture
def pair(page_of, tmp_path):
    """The page of a CT and of what was made of it."""
    pixels = scan(1, (120, 200), np.uint16)
    write_tree(tmp_path, {"a.png": png(pixels), "b.png": png(pixels // 2)})
    return page_of("a.png", "b.png", "--titles", "Original", "Halved")


@pytest.fixture
def collection(page_of, tmp_path):
    """The page of a collection with all that may be in one: odd names, failures, real images."""
    files = {name: png(scan(seed)) for seed, name in enumerate(HOSTILE.values())}
    files["ct.dcm"] = dicom("CT_small.dcm")
    files["us.dcm"] = dicom("examples_rgb_color.dcm")
    files["x" * 200] = png(scan(5, (50, 400)))
    write_tree(tmp_path / "a", {**files, "cut.png": b"\x89PNG", "alone.png": png(scan(1))})
    write_tree(tmp_path / "b", {**files, "cut.png": b"\x89PNG"})
    return page_of("a", "b", status=1)


def transforms(page):
    """Return how all pictures are moved and enlarged: x and y in percent, and the factor."""
    found = page.eval_on_selector_all(".picture", "all => all.map(one => one.style.transform)")
    numbers = [tuple(map(float, re.findall(r"-?[\d.]+", text))) for text in found]
    assert len(set(numbers)) == 1, "pictures have come apart"
    return numbers[0]


def middle(page, index=0):
    pane = page.locator(".pane").nth(index)
    pane.scroll_into_view_if_needed()
    box = pane.bounding_box()
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


@every_look
def test_a_pair_fits_any_screen(open_page, screenshot, pair, device, scheme):
    page = open_page(pair, device, scheme)
    screenshot(page, f"compare-pair-{device}-{scheme}")
    assert overflow(page) == 0
    assert transforms(page) == (0, 0, 1)
    panes = [page.locator(".pane").nth(index).bounding_box() for index in (0, 1)]
    if device == "desktop":
        assert panes[0]["y"] == panes[1]["y"]
    else:
        assert panes[0]["x"] == panes[1]["x"]
    assert panes[0]["width"] == panes[1]["width"]


@every_look
def test_the_wheel_zooms_both_about_the_pointer(open_page, pair, device, scheme):
    page = open_page(pair, device, scheme)
    x, y = middle(page, 1)
    page.mouse.move(x, y)
    page.mouse.wheel(0, -400)
    expect(page.locator(".zoom")).not_to_have_text("100 %")
    left, top, scale = transforms(page)
    turned = 400 if device == "desktop" else 200  # Chromium divides by the pixel ratio
    assert scale == pytest.approx(np.exp(0.002 * turned), rel=1e-3)
    assert (left, top) == pytest.approx(((1 - scale) * 50, (1 - scale) * 50), abs=1)
    page.mouse.wheel(0, 1000)
    expect(page.locator(".zoom")).to_have_text("100 %")
    assert transforms(page) == (0, 0, 1)


@every_look
def test_keys_and_buttons_do_the_same(open_page, pair, device, scheme):
    page = open_page(pair, device, scheme)
    page.locator(".pane").first.focus()
    page.keyboard.press("+")
    assert transforms(page) == pytest.approx((-12.5, -12.5, 1.25))
    page.keyboard.press("ArrowRight")
    assert transforms(page) == pytest.approx((-22.5, -12.5, 1.25))
    page.keyboard.press("ArrowRight")
    assert transforms(page) == pytest.approx((-25, -12.5, 1.25))  # no further than its edge
    page.keyboard.press("ArrowUp")
    assert transforms(page) == pytest.approx((-25, -2.5, 1.25))
    page.keyboard.press("-")
    assert transforms(page) == pytest.approx((0, 0, 1))
    page.get_by_role("button", name="Zoom in").click()
    page.get_by_role("button", name="Zoom in").click()
    assert transforms(page)[2] == pytest.approx(1.5625)
    page.locator(".pane").nth(1).focus()
    page.keyboard.press("0")
    assert transforms(page) == (0, 0, 1)


def test_dragging_moves_both(open_page, pair):
    page = open_page(pair)
    for _ in range(4):
        page.get_by_role("button", name="Zoom in").click()
    left, top, scale = transforms(page)
    x, y = middle(page)
    width = page.locator(".pane").first.bounding_box()["width"]
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + width / 10, y)
    page.mouse.up()
    page.mouse.move(x, y)  # which moves nothing any more
    assert transforms(page) == pytest.approx((left + 10, top, scale), abs=0.3)


def test_two_fingers_pinch_both(open_page, pair):
    page = open_page(pair, "phone")
    x, y = middle(page)
    session = page.context.new_cdp_session(page)

    def touch(kind, *apart):
        points = [{"x": x + sign * apart[0], "y": y, "id": sign} for sign in (0, 1) if apart]
        points = [{**point, "x": x + (2 * point["id"] - 1) * apart[0]} for point in points]
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    touch("touchStart", 30)
    for apart in (40, 50, 60):
        touch("touchMove", apart)
    touch("touchEnd")
    assert transforms(page)[2] == pytest.approx(2, rel=0.1)


def test_the_values_under_the_pointer_are_read(open_page, pair):
    pixels = scan(1, (120, 200), np.uint16)
    page = open_page(pair)
    expect(page.locator(".pane.readable")).to_have_count(2)
    box = page.locator(".pane").first.bounding_box()
    for row, column in ((0, 0), (60, 100), (119, 199)):
        x = box["x"] + 1 + (column + 0.5) / 200 * (box["width"] - 2)
        page.mouse.move(x, box["y"] + 1 + (row + 0.5) / 120 * (box["height"] - 2))
        words = page.locator(".readout").inner_text().replace("\u2003", " ")
        value = pixels[row, column]
        assert words == (f"column {column}, row {row} Original: {value} Halved: {value // 2}")


def test_the_difference_is_shown_on_demand(open_page, screenshot, pair):
    page = open_page(pair)
    button = page.get_by_role("button", name="Difference")
    assert page.locator(".pane:visible").count() == 2
    button.click()
    assert button.get_attribute("aria-pressed") == "true"
    assert page.locator(".pane:visible").count() == 3
    page.get_by_role("button", name="Zoom in").click()
    assert transforms(page)[2] == 1.25
    screenshot(page, "compare-difference")
    assert overflow(page) == 0
    button.click()
    assert page.locator(".pane:visible").count() == 2


def test_the_slider_shows_the_same_frame_of_both(open_page, page_of, tmp_path):
    pixels = np.stack([np.full((8, 8), 9 * frame, np.uint8) for frame in range(5)])
    write_tree(tmp_path, {"a.tiff": encode(Image(pixels, 8), "tiff")})
    page = open_page(page_of("a.tiff", "a.tiff"))
    slider = page.get_by_role("slider", name="Frame")
    assert slider.input_value() == "3"
    slider.press("ArrowRight")
    assert page.locator(".frame").inner_text() == "4 of 5"
    assert page.locator(".pane img:visible").count() == 2
    expect(page.locator(".pane.readable")).to_have_count(2)
    page.locator(".pane").first.hover()
    words = page.locator(".readout").inner_text()
    assert re.search("A: 27\\s+B: 27", words)


@every_look
def test_a_collection_opens_pairs_in_a_dialog(open_page, screenshot, collection, device, scheme):
    page = open_page(collection, device, scheme)
    screenshot(page, f"compare-sheet-{device}-{scheme}")
    assert overflow(page) == 0
    pairs = page.locator("button.pair")
    pairs.nth(1).focus()
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog")
    assert dialog.locator(".count").inner_text() == f"2 of {pairs.count()}"
    expect(dialog.locator(".pane.readable")).to_have_count(2)
    screenshot(page, f"compare-dialog-{device}-{scheme}", full_page=False)
    assert overflow(page) == 0
    assert dialog.evaluate("one => one.scrollWidth - one.clientWidth") == 0
    dialog.locator(".pane").first.focus()
    page.keyboard.press("+")
    assert transforms(page)[2] == 1.25
    dialog.get_by_role("button", name="Next").click()
    assert dialog.locator(".count").inner_text() == f"3 of {pairs.count()}"
    assert transforms(page)[2] == 1
    page.keyboard.press("Escape")
    assert not dialog.is_visible()
    expect(pairs.nth(2)).to_be_focused()


def test_any_name_is_text(open_page, collection):
    """That nothing of it runs, or is asked for, is what `open_page` sees to."""
    page = open_page(collection)
    shown = page.locator("bdi.name").all_inner_texts()
    for kind, name in HOSTILE.items():
        if kind != "turned":
            assert name in shown
    assert "\\u202egnp.exe\\u2066.png" in shown
    for index in range(page.locator("button.pair").count()):
        page.locator("button.pair").nth(index).click()
        assert page.locator("dialog img[src='x']").count() == 0
        page.keyboard.press("Escape")
    failed = page.locator(".failed").all_inner_texts()
    assert any("alone.png" in text and "NoPartner" in text for text in failed)
    assert any("cut.png" in text for text in failed)
