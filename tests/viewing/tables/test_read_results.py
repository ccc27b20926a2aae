"""Results in a notebook: tables that show themselves; what names and texts hold is text."""

import builtins
import re
from html.parser import HTMLParser

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mapreduce_jobs.core.job_errors import UsageError
from mapreduce_jobs.core.results.protocols import JSONLineProtocol
from mapreduce_jobs.viewing import read_results, result_lines

ALLOWED = {"p", "table", "caption", "b", "small", "thead", "tbody", "tr", "th", "td", "bdi", "img"}


class Elements(HTMLParser):
    """The elements of a piece of HTML, with their attributes, and its text."""

    def __init__(self, text):
        super().__init__()
        self.found, self.attributes, self.text = [], [], ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attributes):
        self.found.append(tag)
        self.attributes += attributes

    def handle_data(self, data):
        self.text += data


@pytest.fixture
def read(tmp_path):
    """Read lines that a job could have written."""

    def read_lines(*lines):
        path = tmp_path / "result.jsonl"
        path.write_bytes(b"".join(JSONLineProtocol().write(*line) + b"\n" for line in lines))
        return read_results(path)

    return read_lines


def edges(density, **more):
    return {"edge_pixels": 1, "density": density, "detector": "gradient", **more}


class TestResults:
    def test_are_tables_by_kind(self, printed):
        results = read_results(printed["edges"], str(printed["histogram"]))
        assert results.kinds == list(results) == ["error", "edges", "histogram"]
        assert len(results) == 3
        assert "edges" in results
        assert {kind: len(table) for kind, table in results.items()} == {
            "error": 2,
            "edges": 3,
            "histogram": 3,
        }

    def test_a_kind_that_is_not_there_is_answered_with_those_that_are(self, read):
        with pytest.raises(KeyError, match=r"there is no line of edges: the results hold word"):
            read(("a", 1))["edges"]
        with pytest.raises(KeyError, match=r"word has no column density: it has key, count"):
            read(("a", 1))["word"].to_numpy("density")

    def test_rows_are_what_is_written(self, printed):
        for name in ("edges", "profile", "headers", "regression", "decision"):
            results = read_results(printed[name])
            lines = [line for line in result_lines([str(printed[name])]) if line.kind != "error"]
            (table,) = (table for kind, table in results.items() if kind != "error")
            for row, line in zip(table.rows(), lines, strict=True):
                assert row["key"] == line.key
                assert list(row) == list(table.columns)
                for field, value in line.value.items():
                    if not isinstance(value, dict):
                        assert row[field] == value or row[field] == [value]

    def test_representation(self, read):
        failed = {"error": "EmptyFile", "message": "the file is empty"}
        results = read(("a", edges(0.5)), ("b", failed), ("c", failed))
        assert repr(results) == (
            "edges: 1 row × 4 columns: key, edge_pixels, density, detector\n"
            "error: 2 rows × 3 columns: key, error, message\n"
            "failed: 2 EmptyFile"
        )
        assert repr(read()) == "no lines"
        many = read(("a", {f"f{number}": 1 for number in range(20)}))
        assert repr(many["other"]).endswith("f9, f10, … 9 more")

    def test_what_is_no_result_is_named(self, tmp_path):
        (tmp_path / "x").write_text("a,b\n")
        with pytest.raises(UsageError, match=r"x, line 1: is no line of a job's result"):
            read_results(tmp_path / "x")


class TestArrays:
    def test_of_numbers(self, read):
        table = read(("a", {"n": 2**53 + 1, "x": 1}), ("b", {"n": 1, "x": 0.5}))["other"]
        assert table.to_numpy("n").tolist() == [2**53 + 1, 1]
        assert (table.to_numpy("n").dtype, table.to_numpy("x").dtype) == (np.int64, np.float64)

    def test_of_numbers_that_are_not_there(self, read):
        table = read(("a", {"n": 1, "x": 0.5, "t": "u"}), ("b", {"n": None, "x": None}))["other"]
        counts = table.to_numpy("n")
        assert (counts[0], counts[1] is np.ma.masked) == (1, True)
        np.testing.assert_array_equal(table.to_numpy("x"), [0.5, np.nan])
        assert table.to_numpy("t").tolist() == ["u", None]

    def test_of_lists(self, read):
        table = read(("a", {"x": [1, 2], "y": [1]}), ("b", {"x": [3, 4], "y": [2, 3]}))["other"]
        assert table.to_numpy("x").tolist() == [[1, 2], [3, 4]]
        assert [values.tolist() for values in table.to_numpy("y")] == [[1], [2, 3]]

    def test_a_histogram_adds_up_to_its_pixels(self, printed):
        table = read_results(printed["histogram"])["histogram"]
        sums = [counts.sum() for counts in table.to_numpy("counts.grey")]
        assert sums == table.to_numpy("pixels").tolist()


class TestPandas:
    def test_types(self, read):
        lines = [("a", {"n": 2**60 + 1, "x": 1.5, "b": True, "l": [1], "d": [{"e": 1}]}), ("b", {})]
        table = read(*lines, ("\udcff", {"n": 3}))["other"].to_pandas()
        assert table.dtypes.map(str).to_dict() == {
            "key": "string",
            "n": "Int64",
            "x": "float64",
            "b": "boolean",
            "l": "object",
            "d": "object",
        }
        assert table["key"].tolist() == ["a", "b", "\\udcff"]
        assert table["n"].tolist() == [2**60 + 1, pd.NA, 3]
        assert table["d"].tolist() == [[{"e": 1}], None, None]

    def test_of_every_job(self, printed):
        for path in printed.values():
            for table in read_results(path).values():
                frame = table.to_pandas()
                assert list(frame) == list(table.columns)
                assert len(frame) == len(table)

    def test_missing(self, read, monkeypatch):
        found = builtins.__import__

        def without_pandas(name, *others):
            if name == "pandas":
                raise ImportError
            return found(name, *others)

        monkeypatch.setattr(builtins, "__import__", without_pandas)
        with pytest.raises(ImportError, match=r"which is not installed: pip install pandas"):
            read(("a", 1))["word"].to_pandas()


class TestHTML:
    def test_counts_first_rows_and_failures(self, read):
        failed = {"error": "EmptyFile", "message": "the file is empty"}
        results = read(*((f"{n}.png", edges(n / 10)) for n in range(7)), ("x.png", failed))
        html = Elements(results._repr_html_())
        assert "7 edges, 1 error" in html.text
        assert "failed: 1 EmptyFile" in html.text
        assert "4.png" in html.text
        assert "5.png" not in html.text
        assert "(2 more rows)" in html.text
        assert set(html.found) <= ALLOWED
        assert html.found.count("img") == 1
        assert dict(html.attributes)["alt"] == "How edge density is spread over 7 results"
        assert html.found.count("th") == 4

    def test_of_every_job(self, printed):
        charts = 0
        for path in printed.values():
            html = Elements(read_results(path)._repr_html_())
            assert set(html.found) <= ALLOWED
            charts += html.found.count("img")
        assert charts >= 3  # edges, histograms, quality of images

    def test_without_matplotlib_there_is_no_chart(self, read, monkeypatch):
        results = read(("a", edges(0.1)), ("b", edges(0.2)))
        found = builtins.__import__

        def without_matplotlib(name, *others):
            if name.startswith("matplotlib"):
                raise ImportError
            return found(name, *others)

        monkeypatch.setattr(builtins, "__import__", without_matplotlib)
        assert Elements(results._repr_html_()).found.count("img") == 0

    def test_of_a_table(self, read):
        table = read(("a", 1))["word"]
        html = Elements(table._repr_html_())
        assert html.text.split() == ["word", "keycount", "a1"]
        assert html.found.count("th") == html.found.count("td") == 2

    @pytest.mark.parametrize(
        "hostile",
        [
            "<script>alert(1)</script>",
            '"><img src=x onerror=alert(1)>',
            "</table></bdi>&lt;b&gt;",
            "\u202ertl\u2066",
            "a\0b\x1b[31m\n",
            "\ud800",
            "$\\frac{1}{0}$",
            "x" * 4000,
            "胸部",
        ],
    )
    def test_hostile_texts_are_text(self, read, hostile):
        bins = {"start": 0, "stop": 2, "count": 2}
        histogram = {"pixels": 3, "bins": bins, "counts": {"grey": [1, 2], hostile: [1]}}
        results = read(
            (hostile, edges(0.1)),
            ("b", edges(0.2)),
            (hostile, {hostile: hostile, "list": [hostile]}),
            (hostile, {"error": hostile, "message": hostile}),
            (hostile, histogram),
        )
        text = results._repr_html_()
        html = Elements(text)
        assert set(html.found) <= ALLOWED
        assert {name for name, _ in html.attributes} <= {"style", "scope", "alt", "src"}
        assert not re.search("[\0-\x09\x0b-\x1f\u202e\u2066\ud800]", text)
        assert len(re.sub('base64,[^"]*', "", text)) < 6_000
        repr(results).encode()
        assert len(repr(results)) < 6_000

    @settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(key=st.text(), field=st.text(), value=st.text() | st.lists(st.text()))
    def test_any_text(self, read, key, field, value):
        results = read((key, {field: value}), (key, {"error": key, "message": key}))
        html = Elements(results._repr_html_())
        assert html.found.count("table") == 1
        assert set(html.found) <= ALLOWED
        if key.isalnum() and len(key) < 60:
            assert key in html.text
