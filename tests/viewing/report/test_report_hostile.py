"""Whatever names and texts hold, a report shows it as text, and is whole."""

import json

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from mapreduce_jobs.viewing.page import data_block, page, safe
from mapreduce_jobs.viewing.report.gather import gathered
from tests.viewing.documents import Document, check_whole, table

HOSTILE = [
    "<img src=x onerror=alert(1)>.png",
    "\"'`></script><script>alert(2)</script><!--",
    "</title></style></bdi><svg onload=alert(3)>",
    "\u202egnp.exe\u2066",
    "{{ 7 * 7 }}{% raw %}${7}",
    "$x^2$ $\\frac{",
    "a\0b\nc\td\x1b[31m\u2028\u2029\ufeff",
    "\udcff\ud800",
    "胸部/\u0645\u0631\u062d\u0628\u0627/é",
    "&lt;b&gt; &amp; ]]>",
    "x" * 4000,
    "",
]
texts = st.text(st.characters(), max_size=40) | st.sampled_from(HOSTILE)
SLOW = settings(
    max_examples=8,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


def every_kind(text):
    """Return a line of each kind of result, which has a text wherever it may have one."""
    box = {"mean": 1.0, "standard_deviation": 0.0, "minimum": 1.0, "maximum": 1.0, "sum": 1.0}
    box["quantiles"] = dict.fromkeys(("0.05", "0.25", "0.5", "0.75", "0.95"), 1.0)
    one = {"value": 1.0, "standard_error": 0.5}
    return [
        (text, {"error": text, "message": text}),
        (text, {"images": 1, "pixels": 3, "unit": text, "bins": {"start": 0, "stop": 2, "count": 2},
                "counts": {text: [1, 2]}}),
        (text, {"images": 1, "pixels": 2, "edge_pixels": 1, "density": 0.5, "mean_gradient": 1.0,
                "detector": text, "to_8bit": text, "unit": text}),
        (text, {"images": 1, "frames": 1, "pixels": 1, "bytes": 1, "decoded_bytes": 1,
                "types": {"format": text, "dimensions": text}, "quality": {text: 1.0, "snr": None},
                "undefined": {"snr": text}}),
        ("classes", {"k": 1, "seed": 0, "means": [1.0], "sizes": [1], "model": text,
                     "values": text}),
        ("model", {"model": text, "distribution": text, "features": [text], "values": text,
                   "classes": [{"class": text, "images": 1, "prior": 1.0}]}),
        ("evaluation", {"folds": 2, "images": 1, "accuracy": 1.0, "auc": 1.0,
                        "auc_of_class": {text: 1.0}, "confusion": {text: {text: 1}}}),
        (text, {"class": text, "posteriors": {text: 0.5, text + "2": 0.5}}),
        ("model", {"rows": 3, "target": text, "intercept": one, "residual_sum": 1.0,
                   "coefficients": {text + "1": one, text + "2": one}}),
        (text, {"rows": 1, "fields": {text: {**box, "histogram": [1, 2],
                                             "bins": {"start": 0, "stop": 1, "count": 2}}}}),
        (text, {"kept": False, "reasons": [text], "duplicate_of": text}),
        (text, {"Modality": text, "PatientName": [text, None]}),
        (text, {"Modality": text + "2", "PatientName": {text: text}}),
        (text, {"audit": {text: text, "more": {text: text}}}),
        (text, {"findings": [{"what": text, "kind": text, "count": 1}]}),
        (text, {text: text, "x": {text: [text]}}),
        (text, 3),
    ]  # fmt: skip


@SLOW
@given(texts)
@example(HOSTILE[0])
@example(HOSTILE[1])
@example(HOSTILE[2])
@example(HOSTILE[5])
@example(HOSTILE[6])
@example(HOSTILE[7])
@example(HOSTILE[10])
def test_text_is_text_everywhere(tmp_path, text):
    lines = [f"{json.dumps(key)}\t{json.dumps(value)}\n" for key, value in every_kind(text)]
    lines += [json.dumps({"provenance": {"job": text, text: text, "command": [text]}}) + "\n"]
    path = tmp_path / "result"
    path.write_text("".join(lines), encoding="utf-8")
    found = Document(gathered([str(path)]).html(text))
    check_whole(found)
    scripts = found.root.all("script")
    assert len(scripts) == 3  # the page's, the report's, the rows
    assert len(found.root.all("img")) == 0
    tags = {node.tag for node in found.root.all()}
    assert tags <= PLAIN | {"svg", "g", "path", "defs", "use", "text", "rect", "clippath"}, tags
    shown = " ".join(safe(text).split())
    assert found.root.one("title").text == found.root.one("h1").text == shown
    assert table(found.section("failures"), "Failures")[1][:3] == [shown] * 3
    assert safe(text) in found.rows["names"]
    found.html.encode()  # no lone surrogate is left


PLAIN = {
    *("html", "head", "meta", "link", "title", "style", "body", "script", "noscript"),
    *("a", "header", "h1", "h2", "h3", "h4", "bdi", "button", "main", "section", "nav", "p"),
    *("ul", "li", "dl", "div", "dt", "dd", "span", "label", "input", "figure", "figcaption"),
    *("table", "caption", "thead", "tbody", "tr", "th", "td", "details", "summary"),
}


@given(st.recursive(st.none() | st.integers() | texts, lambda one: st.lists(one, max_size=3)))
def test_data_for_scripts_is_what_it_was(value):
    block = data_block("x", value)
    assert "<" not in block[1:-1].removesuffix("</script").partition(">")[2]
    document = Document(f"<main>{block}</main>")
    (script,) = document.root.all("script")
    assert json.loads("".join(map(str, script.children))) == value
    assert str(block).encode()
    assert not any(letter in block for letter in "\u2028\u2029\u202e\u2066\0")


@given(texts)
def test_a_title_is_text(title):
    found = Document(page(title, data_block("x", title)))
    check_whole(found)
    assert found.root.one("title").text == " ".join(safe(title).split())


def test_a_script_cannot_end_its_element():
    with pytest.raises(ValueError, match="</script"):
        page("x", data_block("x", 1), scripts=['"</script>"'])


def test_colours_can_be_told_apart():
    """Texts have a contrast of 4.5 to their grounds, as WCAG 2 asks, light and dark."""
    import re

    from mapreduce_jobs.viewing.page import source

    for sheet in ("page.css", "report.css"):
        blocks = re.findall(r":root[^{]*\{([^}]*)\}", source(sheet))
        schemes = [dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6})", block)) for block in blocks]
        assert len(schemes) == 3
        assert schemes[1] == schemes[2]  # dark by the reader's setting, and by the button
        for colours, grounds in zip(schemes, GROUNDS, strict=False):
            for name, colour in colours.items():
                if name in ("ink", "muted", "accent", "bad"):
                    for ground in grounds:
                        assert contrast(colour, ground) >= 4.5, (name, colour, ground)
                elif name in ("red", "green", "blue"):
                    assert contrast(colour, grounds[0]) >= 3


GROUNDS = (("#fcfcfb", "#f3f4f3"), ("#14191c", "#1d2428"))  # --page and --panel


def contrast(one, other):
    def luminance(colour):
        channels = [int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5)]
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    low, high = sorted([luminance(one), luminance(other)])
    return (high + 0.05) / (low + 0.05)
