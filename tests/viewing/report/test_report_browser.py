"""The page of a report in a real browser, as a desktop and a phone show it."""

import json

import pytest

from mapreduce_jobs.viewing.page import safe
from mapreduce_jobs.viewing.report.gather import gathered
from tests.viewing.browser import EVERY_LOOK, expect, overflow
from tests.viewing.documents import Document, table
from tests.viewing.lines import edges, histogram, line
from tests.viewing.report.test_report_hostile import HOSTILE, every_kind

every_look = pytest.mark.parametrize(("device", "scheme"), EVERY_LOOK)
DENSITIES = [round((n * 37) % 101 / 101, 4) for n in range(101)]


@pytest.fixture
def page_of(tmp_path):
    """Write the page of lines of results, and return its path."""

    def written(lines, title="Report"):
        (tmp_path / "result").write_text("".join(lines), encoding="utf-8")
        path = tmp_path / "page.html"
        path.write_text(gathered([str(tmp_path / "result")]).html(title), encoding="utf-8")
        return path

    return written


@pytest.fixture(scope="module")
def whole(printed, tmp_path_factory):
    """The page of what every job prints."""
    path = tmp_path_factory.mktemp("whole") / "page.html"
    text = gathered([str(place) for place in printed.values()]).html("All results")
    path.write_text(text, encoding="utf-8")
    return path


@pytest.fixture
def densities(page_of):
    """The page of 101 edge densities."""
    return page_of(line(f"{n:03}.png", edges(one, 10**6)) for n, one in enumerate(DENSITIES))


def names(page):
    return page.locator(".rows tbody th").all_inner_texts()


@every_look
def test_all_of_it_fits_any_screen(open_page, screenshot, whole, device, scheme):
    page = open_page(whole, device, scheme)
    screenshot(page, f"report-{device}-{scheme}", full_page=False)
    assert overflow(page) == 0
    for summary in page.locator("summary").all():
        summary.click()
    assert overflow(page) == 0
    charts = page.locator("svg.chart:visible")
    assert charts.count() > 15
    ink = page.evaluate("getComputedStyle(document.body).color")
    letters = charts.first.locator("text").first
    assert letters.evaluate("one => getComputedStyle(one).fill") == ink
    for chart in charts.all():
        box = chart.bounding_box()
        assert box["width"] > 200
        assert box["height"] > 50


def test_rows_are_as_they_were_before_scripts_ran(open_page, whole):
    """What is written by Python and what is drawn by the script agree to the letter."""
    page = open_page(whole)
    before = Document(whole.read_text(encoding="utf-8"))
    tables = before.root.all("div", css="rows")
    assert len(tables) == page.locator(".rows").count() > 10
    for place, one in enumerate(tables):
        drawn = page.locator(f"#rows-{place} tbody tr")
        expected = table(one, one.one("caption").text)[1:]
        got = [[" ".join(cell.split()) for cell in row.locator("th, td").all_text_contents()]
               for row in drawn.all()]  # fmt: skip
        assert got == expected
        expected_sparks = [
            path.attributes["d"] for svg in one.all("svg") for path in svg.all("path")
        ]
        sparks = page.locator(f"#rows-{place} svg path")
        assert [path.get_attribute("d") for path in sparks.all()] == expected_sparks


def test_numbers_are_written_alike_by_both(open_page, page_of):
    values = [0.1, 0.00099995, 0.001, 999.95, 999.995, 1234.5, 99999.5, 999999.4, 1e6, 1e7, 1.5e300]
    values += [-value for value in values] + [2**53 - 1, 2**53 + 1, -(2**60), 0, 0.5, 2.5, 1e-300]
    path = page_of(line(f"{n:02}", {"x": value, "pad": 1}) for n, value in enumerate(values))
    page = open_page(path)
    expect(page.locator(".rows tbody tr")).to_have_count(15)
    script = page.locator(".rows tbody td:last-child").all_inner_texts()
    page.get_by_role("button", name="Next").click()
    script += page.locator(".rows tbody td:last-child").all_inner_texts()
    from mapreduce_jobs.viewing.report.number_formats import number_text, rounded

    shown = [rounded(value) for value in values]
    assert len(script) == len(values[:30])
    for text, short, value in zip(script, shown, values, strict=False):
        assert text == number_text(value if isinstance(short, str) else short)


@every_look
def test_tables_sort_by_click_and_by_key(open_page, densities, device, scheme):
    page = open_page(densities, device, scheme)
    by_density = [f"{n:03}.png" for n in sorted(range(101), key=DENSITIES.__getitem__)]
    head = page.get_by_role("columnheader", name="density")
    button = head.get_by_role("button")
    button.click()
    assert head.get_attribute("aria-sort") == "ascending"
    assert names(page) == by_density[:15]
    button.focus()
    page.keyboard.press("Enter")
    assert head.get_attribute("aria-sort") == "descending"
    assert names(page) == by_density[::-1][:15]
    page.get_by_role("columnheader", name="image or group").get_by_role("button").press("Space")
    assert head.get_attribute("aria-sort") is None
    assert names(page) == [f"{n:03}.png" for n in range(15)]
    assert overflow(page) == 0


@every_look
def test_tables_filter_and_turn_pages(open_page, densities, device, scheme):
    page = open_page(densities, device, scheme)
    status = page.locator(".shown")
    assert status.inner_text() == "1–15 of 101"
    page.get_by_role("button", name="Next").click()
    assert (names(page)[0], status.inner_text()) == ("015.png", "16–30 of 101")
    page.get_by_role("button", name="Last").click()
    assert names(page) == [f"{n:03}.png" for n in range(90, 101)]
    assert page.get_by_role("button", name="Next").is_disabled()
    page.get_by_label("Filter").fill("7.PNG")
    assert names(page) == [f"{n}7.png" for n in ("00", "01", "02", "03", "04", "05")] + [
        f"{n}7.png" for n in ("06", "07", "08", "09")
    ]
    assert status.inner_text() == "1–10 of 10 (of 101)"
    assert not page.locator(".pager").is_visible()
    page.get_by_label("Filter").fill("nothing like it")
    assert status.inner_text() == "nothing found (of 101)"
    page.get_by_label("Filter").fill("")
    assert status.inner_text() == "1–15 of 101"


def test_counts_have_a_logarithmic_axis_on_demand(open_page, screenshot, page_of):
    page = open_page(page_of([line("a", histogram([100_000, 10, 1, 0, 5]))]))
    button = page.get_by_role("button", name="Logarithmic counts")
    assert page.locator("svg.chart:visible").count() == 1
    assert "(log)" not in page.locator("svg.chart:visible").text_content()
    button.press("Enter")
    assert button.get_attribute("aria-pressed") == "true"
    assert "pixels (log)" in page.locator("svg.chart:visible").text_content()
    assert page.locator("svg.chart:visible").count() == 1
    button.click()
    assert "(log)" not in page.locator("svg.chart:visible").text_content()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_light_and_dark_can_be_changed(open_page, densities, scheme):
    page = open_page(densities, "desktop", scheme)
    ground = "getComputedStyle(document.body).backgroundColor"
    colours = {"light": "rgb(252, 252, 251)", "dark": "rgb(20, 25, 28)"}
    (other,) = set(colours) - {scheme}
    assert page.evaluate(ground) == colours[scheme]
    page.get_by_role("button", name="Switch between light and dark").press("Enter")
    assert page.evaluate(ground) == colours[other]
    page.get_by_role("button", name="Switch between light and dark").click()
    assert page.evaluate(ground) == colours[scheme]


def test_keys_reach_everything_in_order(open_page, densities):
    page = open_page(densities)
    reached = []
    for _ in range(6):
        page.keyboard.press("Tab")
        reached.append(page.evaluate("document.activeElement.textContent.trim()"))
    assert reached[:2] == ["Skip to the content", "Dark"]
    page.locator(".skip").focus()
    assert page.locator(".skip").bounding_box()["x"] >= 0
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "content"


@every_look
def test_any_text_is_text(open_page, screenshot, page_of, device, scheme):
    """That nothing of it runs, or is asked for, is what `open_page` sees to."""
    lines = []
    for text in HOSTILE:
        for key, value in every_kind(text):
            lines.append(f"{json.dumps(key)}\t{json.dumps(value)}\n")
    page = open_page(page_of(lines, "".join(HOSTILE)[:300]), device, scheme)
    screenshot(page, f"report-hostile-{device}-{scheme}", full_page=False)
    assert overflow(page) == 0
    shown = page.locator("#edges .rows tbody th bdi").all_text_contents()
    assert sorted(shown) == sorted(map(safe, HOSTILE))
    titles = page.eval_on_selector_all("#edges .rows tbody bdi", "all => all.map(one => one.title)")
    assert titles == shown
    page.get_by_label("Filter").nth(3).fill("<img src=x")
    assert page.locator("img").count() == 0
