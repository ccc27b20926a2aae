"""Results as CSV, Parquet and npz: what other programs read is what jobs have written."""

import csv
import json
import math
import re
import sys
import tracemalloc

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mapreduce_jobs.core.job_errors import UsageError
from mapreduce_jobs.core.results.kinds import SCHEMA, type_in
from mapreduce_jobs.core.results.protocols import JSONLineProtocol
from mapreduce_jobs.viewing.lines import Line, result_lines
from mapreduce_jobs.viewing.tables.columns import flat, written
from mapreduce_jobs.viewing.tables.save import save
from tests.support import ROOT, run

HOSTILE = [
    "plain.png",
    'quo"te, comma;.png',
    "new\nline\r\nand return\r.png",
    "胸部/左.png",
    "=HYPERLINK(1)",
    "@x",
    "NA",
    "null",
    "007",
    "1e5",
    "true",
    "-",
    " blank ",
    "<script>alert(1)</script>",
    "\u202eright to left",
    "'apostrophe",
    "x" * 4000,
    "[1, 2]",
    "#comment",
    "tab\there",
    "back\\slash",
]

# Before pandas 3.1, the default may be off in the last digit.
_VERSION = tuple(map(int, pd.__version__.split(".")[:2]))
EXACT = {"float_precision": "round_trip"} if _VERSION < (3, 1) else {}


def read_csv(path):
    """Read with pandas, as docs/results.md says."""
    return pd.read_csv(
        path,
        dtype={"key": "string"},
        dtype_backend="numpy_nullable",
        **EXACT,
        keep_default_na=False,
        na_values=[""],
    )


def write(folder, lines):
    """Write lines as a job does."""
    path = folder / "result.jsonl"
    protocol = JSONLineProtocol()
    path.write_bytes(b"".join(protocol.write(key, value) + b"\n" for key, value in lines))
    return str(path)


@pytest.fixture
def converted(tmp_path):
    """Save lines in a format; return the path of the file."""

    def convert(lines, file_format, kind=None):
        output = tmp_path / f"saved.{file_format}"
        save([write(tmp_path, lines)], file_format, str(output), kind)
        return output

    return convert


@pytest.fixture
def results_command(tmp_path):
    """Run the command in the test's folder."""
    return lambda *words, **others: run(
        sys.executable, ROOT / "mapreduce_jobs/results.py", *words, cwd=tmp_path, **others
    )


def plain(value):
    """Return what pandas or numpy hold as JSON has it."""
    if value is None or value is pd.NA or value is pd.NaT:
        return None
    if isinstance(value, np.ndarray):
        return [plain(one) for one in value]
    value = value.item() if isinstance(value, np.generic) else value
    return None if isinstance(value, float) and math.isnan(value) else value


EDGES = {
    "a.png": {"images": 1, "pixels": 2**53 + 1, "edge_pixels": 3, "density": 0.1},
    "b.png": {"images": 1, "pixels": 4, "edge_pixels": 2, "density": 5e-324, "unit": "HU"},
}
LINES = [
    *(
        (key, {**value, "mean_gradient": 1.0, "detector": "gradient"})
        for key, value in EDGES.items()
    ),
    ("c.png", {"error": "EmptyFile", "message": "the file is empty"}),
]


class TestWhatProgramsRead:
    def test_csv_is_what_a_person_would_write(self, converted):
        assert converted(LINES, "csv").read_text() == (
            "key,images,pixels,edge_pixels,density,mean_gradient,detector,unit\n"
            "a.png,1,9007199254740993,3,0.1,1.0,gradient,\n"
            "b.png,1,4,2,5e-324,1.0,gradient,HU\n"
        )

    def test_pandas_reads_csv_with_the_right_types(self, converted):
        table = pd.read_csv(converted(LINES, "csv"))
        assert table.dtypes.map(str).to_dict() | {"key": "", "detector": "", "unit": ""} == {
            "key": "",
            "images": "int64",
            "pixels": "int64",
            "edge_pixels": "int64",
            "density": "float64",
            "mean_gradient": "float64",
            "detector": "",
            "unit": "",
        }
        assert table["pixels"].tolist() == [2**53 + 1, 4]

    def test_pandas_reads_parquet(self, converted):
        table = pd.read_parquet(converted(LINES, "parquet"))
        assert table["pixels"].tolist() == [2**53 + 1, 4]
        assert table["density"].tolist() == [0.1, 5e-324]
        assert pq.read_schema(converted(LINES, "parquet")).metadata[b"kind"] == b"edges"

    def test_numpy_reads_npz(self, converted):
        arrays = np.load(converted(LINES, "npz"), allow_pickle=False)
        assert arrays["edges.key"].tolist() == ["a.png", "b.png"]
        assert arrays["edges.pixels"].tolist() == [2**53 + 1, 4]
        assert arrays["edges.pixels"].dtype == np.int64
        assert arrays["edges.density"].tolist() == [0.1, 5e-324]
        assert arrays["edges.unit"].tolist() == ["", "HU"]
        assert arrays["edges.unit:missing"].tolist() == [True, False]
        assert "edges.pixels:missing" not in arrays
        assert arrays["error.message"].tolist() == ["the file is empty"]

    @pytest.mark.parametrize("file_format", ["csv", "parquet"])
    def test_histograms_are_lists(self, tmp_path, file_format, printed):
        output = tmp_path / f"histogram.{file_format}"
        save([str(printed["histogram"])], file_format, str(output))
        if file_format == "csv":
            table = read_csv(output)
            counts = table["counts.grey"].map(json.loads)
        else:
            table = pd.read_parquet(output)
            counts = table["counts.grey"].map(list)
        lines = {
            line.key: line.value
            for line in result_lines([str(printed["histogram"])])
            if line.kind == "histogram"
        }
        assert dict(zip(table["key"], counts, strict=True)) == {
            key: value["counts"]["grey"] for key, value in lines.items()
        }
        assert table["bins.start"].tolist() == [value["bins"]["start"] for value in lines.values()]

    def test_histograms_with_the_same_bins_are_a_matrix(self, converted):
        def histogram(*counts):
            bins = {"start": 0, "stop": len(counts), "count": len(counts)}
            return {"images": 1, "pixels": sum(counts), "bins": bins, "counts": {"grey": [*counts]}}

        same = [("a", histogram(1, 2, 3)), ("b", histogram(4, 5, 6))]
        arrays = np.load(converted(same, "npz"))
        assert arrays["histogram.counts.grey"].tolist() == [[1, 2, 3], [4, 5, 6]]
        assert arrays["histogram.bins.stop"].dtype == np.float64
        arrays = np.load(converted([*same, ("c", histogram(7))], "npz"))
        assert arrays["histogram.counts.grey"].tolist() == [1, 2, 3, 4, 5, 6, 7]
        assert arrays["histogram.counts.grey:offsets"].tolist() == [0, 3, 6, 7]

    @pytest.mark.parametrize("file_format", ["csv", "parquet", "npz"])
    def test_hostile_texts_are_texts(self, converted, file_format):
        lines = [(text, {"value": text}) for text in HOSTILE]
        output = converted(lines, file_format)
        if file_format == "npz":
            arrays = np.load(output)
            keys, values = arrays["other.key"].tolist(), arrays["other.value"].tolist()
        else:
            table = read_csv(output) if file_format == "csv" else pd.read_parquet(output)
            keys, values = table["key"].tolist(), table["value"].tolist()
        assert keys == values == HOSTILE

    @pytest.mark.parametrize("file_format", ["csv", "parquet", "npz"])
    def test_what_is_no_text_in_a_file_is_an_escape(self, converted, file_format):
        output = converted([("a\udcff\0.png", {"x\udcff": "\ud800"})], file_format)
        if file_format == "npz":
            arrays = np.load(output)
            found = {name: values.tolist() for name, values in arrays.items()}
            assert found == {"other.key": ["a\\udcff\\x00.png"], "other.x\\udcff": ["\\ud800"]}
            return
        table = read_csv(output) if file_format == "csv" else pd.read_parquet(output)
        assert table.to_dict("records") == [{"key": "a\\udcff\\x00.png", "x\\udcff": "\\ud800"}]


class TestTypes:
    """A column has one type, that all values have; what has several is JSON."""

    @pytest.mark.parametrize(
        ("values", "expected"),
        [
            ([1, None, -(2**63)], "int64"),
            ([2**64 - 1, 0], "uint64"),
            ([2**64], "json"),
            ([-1, 2**63], "json"),
            ([1, 0.5], "float64"),
            ([2**53 + 1, 0.5], "json"),
            ([True, False, None], "bool"),
            ([True, 1], "json"),
            (["a", None], "text"),
            (["a", 1], "json"),
            ([None], "text"),
            ([[1, 2], [], None], "list[int64]"),
            ([[1, 2], 3], "list[int64]"),
            ([[0.5], [1]], "list[float64]"),
            ([["a"]], "list[text]"),
            ([["a"], [1]], "json"),
            ([[[1]]], "json"),
            ([[{"a": 1}]], "json"),
            ([[None]], "json"),
        ],
    )
    @pytest.mark.parametrize("file_format", ["csv", "parquet", "npz"])
    def test_of_a_column(self, converted, values, expected, file_format):
        output = converted([("k", {"x": value, "y": 1}) for value in values], file_format)
        wanted = [
            [v] if "list" in expected and v not in (None, []) and not isinstance(v, list) else v
            for v in values
        ]
        if file_format == "npz":
            arrays = np.load(output)
            found = arrays["other.x"]
            if "other.x:offsets" in arrays:
                found = np.split(found, arrays["other.x:offsets"][1:-1])
            missing = arrays.get("other.x:missing", [False] * len(values))
            found = [None if lost else plain(v) for v, lost in zip(found, missing, strict=True)]
        elif file_format == "csv":
            table = pd.read_csv(
                output, dtype={"x": "string"}, keep_default_na=False, na_values=[""]
            )
            found = [plain(v) for v in table["x"]]
            if expected != "text":
                found = [None if v is None else json.loads(v) for v in found]
        else:
            column = pq.read_table(output)["x"]
            found = column.to_pylist()
            arrow = {"float64": "double", "text": "string", "json": "string"}
            inner = expected.removeprefix("list[").removesuffix("]")
            assert arrow.get(inner, inner) in str(column.type)
            assert ("list" in str(column.type)) == ("list" in expected)
        if expected == "json" and file_format != "csv":
            found = [None if v is None else json.loads(v) for v in found]
        assert found == wanted

    def test_what_jobs_print_has_the_type_that_is_documented(self, printed):
        text = (ROOT / "docs/results.md").read_text(encoding="utf-8")
        documented = dict(re.findall(r"^## `(\w+)`(.*?)(?=^## )", text + "## ", re.M | re.S))
        assert list(documented) == list(SCHEMA)
        for kind, columns in SCHEMA.items():
            rows = re.findall(r"^\| `([^`]+)` \| ([^|]+?) \|", documented[kind], re.M)
            assert dict(rows) == columns
        for path in printed.values():
            for line in result_lines([str(path)]):
                if SCHEMA[line.kind]:
                    unknown = [
                        name for name in flat(line) if type_in(SCHEMA[line.kind], name) is None
                    ]
                    assert unknown == [], line.kind

    def test_a_column_without_values_has_its_type_all_the_same(self, converted):
        lines = [("a", {"kept": True, "reasons": [], "clipped": None, "contrast": 1})]
        schema = pq.read_schema(converted(lines, "parquet"))
        assert {field.name: str(field.type) for field in schema} == {
            "key": "string",
            "kept": "bool",
            "reasons": "list<element: string>",
            "clipped": "double",
            "contrast": "double",
        }


SCALARS = (
    st.integers(-(2**63), 2**63 - 1),
    st.floats(allow_nan=False, allow_infinity=False),
    st.booleans(),
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1),
)
VALUES = [*SCALARS, *(st.lists(scalar, min_size=1, max_size=4) for scalar in SCALARS)]
KEYS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1)


round_trip = settings(
    deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60
)


@st.composite
def tables(draw):
    """Rows of an own job: of each column the values are of one type, or are not there."""
    kinds = draw(st.lists(st.sampled_from(VALUES), min_size=1, max_size=4))
    row = st.fixed_dictionaries(
        {}, optional={f"column {number}": kind for number, kind in enumerate(kinds)}
    )
    return draw(st.lists(st.tuples(KEYS, row), min_size=1, max_size=6))


class TestRoundTrips:
    """Values → lines of a result → a file → what another program reads: the same values."""

    @round_trip
    @given(lines=tables())
    def test_csv(self, lines, converted):
        table = read_csv(converted(lines, "csv"))
        assert table["key"].tolist() == [key for key, _ in lines]
        for name in list(table)[1:]:
            for found, (_, row) in zip(table[name], lines, strict=True):
                wanted = row.get(name)
                if isinstance(wanted, list):
                    found = json.loads(found)
                elif isinstance(wanted, str) or wanted == -(1 << 63):
                    continue  # pandas may take a column of texts for numbers, and this for none
                assert plain(found) == wanted

    @round_trip
    @given(lines=tables())
    def test_csv_by_the_standard_library(self, lines, converted):
        with open(converted(lines, "csv"), encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file, strict=True))
        for found, (key, row) in zip(rows, lines, strict=True):
            assert found["key"] == key
            for name, text in found.items():
                wanted = key if name == "key" else row.get(name)
                if isinstance(wanted, str):
                    assert text == wanted
                else:
                    assert (json.loads(text) if text else None) == wanted

    @round_trip
    @given(lines=tables())
    def test_parquet(self, lines, converted):
        table = pq.read_table(converted(lines, "parquet"))
        columns = {name for _, row in lines for name in row}
        assert table.to_pylist() == [
            {"key": key, **{name: row.get(name) for name in table.column_names[1:]}}
            for key, row in lines
        ]
        assert set(table.column_names) == {"key", *columns}

    @round_trip
    @given(lines=tables())
    def test_npz(self, lines, converted):
        arrays = dict(np.load(converted(lines, "npz"), allow_pickle=False))
        kinds = {name.partition(".")[0] for name in arrays}
        for kind in kinds:
            for name in [name for name in arrays if re.fullmatch(rf"{kind}\.column \d", name)]:
                values = arrays[name]
                if f"{name}:offsets" in arrays:
                    values = np.split(values, arrays[f"{name}:offsets"][1:-1])
                lost = arrays.get(f"{name}:missing", [False] * len(values))
                found = [None if no else plain(v) for v, no in zip(values, lost, strict=True)]
                assert found == [row.get(name.partition(".")[2]) for _, row in lines]


class TestWhichLines:
    def test_errors_lie_beside(self, converted):
        output = converted(LINES, "csv")
        assert output.with_name("saved.errors.csv").read_text() == (
            "key,error,message\nc.png,EmptyFile,the file is empty\n"
        )

    def test_errors_of_an_earlier_result_do_not_stay(self, converted):
        output = converted(LINES, "csv")
        converted(LINES[:2], "csv")
        assert output.with_name("saved.errors.csv").read_text() == "key,error,message\n"

    def test_without_errors_nothing_lies_beside(self, converted):
        output = converted(LINES[:2], "parquet")
        assert [path.name for path in output.parent.glob("saved*")] == ["saved.parquet"]

    def test_errors_alone(self, converted):
        assert len(read_csv(converted(LINES, "csv", "error"))) == 1
        assert len(read_csv(converted(LINES[2:], "csv"))) == 1

    def test_one_of_several_kinds(self, results_command, tmp_path, printed):
        ran = results_command(
            printed["model"], printed["provenance"], "--save", "csv", "-o", "m.csv"
        )
        assert (ran.status, ran.stderr) == (
            2,
            "results: the results hold model (1), evaluation (1), provenance (1), and a file of csv"
            " one of these: choose with --kind\n",
        )
        assert not (tmp_path / "m.csv").exists()
        words = [printed["model"], printed["provenance"], "--save", "csv", "-o", "m.csv"]
        ran = results_command(*words, "--kind", "evaluation")
        assert (ran.status, ran.stderr) == (
            0,
            "m.csv: evaluation (1)\n"
            "left out: model (1), which --kind model saves\n"
            "left out: provenance (1), which --kind provenance saves\n",
        )
        (accuracy,) = read_csv(tmp_path / "m.csv")["accuracy"]
        (line,) = (one for one in result_lines([str(printed["model"])]) if one.kind == "evaluation")
        assert accuracy == line.value["accuracy"]

    def test_npz_holds_all(self, results_command, tmp_path, printed):
        ran = results_command(
            printed["edges"], printed["provenance"], "--save", "npz", "-o", "a.npz"
        )
        assert (ran.status, ran.stderr) == (0, "a.npz: edges (3), provenance (1), error (1)\n")
        with np.load(tmp_path / "a.npz") as arrays:
            assert arrays["provenance.provenance.job"].tolist() == ["edge_density"]

    @pytest.mark.parametrize("file_format", ["csv", "parquet", "npz"])
    def test_every_kind_of_line_of_every_job(self, tmp_path, printed, file_format):
        for name, path in printed.items():
            lines = list(result_lines([str(path)]))
            for kind in {line.kind for line in lines}:
                output = tmp_path / f"{name}.{kind}.{file_format}"
                save([str(path)], file_format, str(output), kind)
                rows = [flat(line) for line in lines if line.kind == kind]
                if file_format == "npz":
                    keys = np.load(output)[f"{kind}.key"].tolist()
                    assert keys == [written(row["key"] or "") for row in rows]
                else:
                    read = pd.read_parquet if file_format == "parquet" else read_csv
                    table = read(output)
                    assert set(table) == {field for row in rows for field in row}
                    assert [plain(key) for key in table["key"]] == [row["key"] for row in rows]


class TestCommand:
    def test_from_standard_input_to_a_file(self, results_command, tmp_path, printed):
        text = printed["edges"].read_bytes()
        ran = results_command("-", "--save", "csv", "-o", "e.csv", stdin=text)
        assert (ran.status, ran.stdout) == (0, b"")
        assert ran.stderr == "e.csv: edges (3)\ne.errors.csv: error (1)\n"
        assert len(read_csv(tmp_path / "e.csv")) == 3

    @pytest.mark.parametrize(
        ("words", "sentence"),
        [
            (["none.jsonl", "-o", "x.csv"], "none.jsonl: no such file or directory"),
            (["a.jsonl", "-o", "no/x.csv"], "-o no/x.csv: there is no directory no"),
            (["a.jsonl", "-o", "."], "-o .: is a directory"),
            (["a.jsonl", "-o", "a.jsonl"], "-o a.jsonl: is what is to be read"),
            (["empty", "-o", "x.csv"], "there is no line in the results"),
            (["bad.csv", "-o", "x.csv"], "bad.csv, line 1: is no line of a job's result"),
            (
                ["a.jsonl", "-o", "x.csv", "--kind", "edges"],
                "--kind edges: there is none in the results, which hold word (1)",
            ),
        ],
    )
    def test_what_cannot_be_done_is_one_sentence(self, results_command, tmp_path, words, sentence):
        (tmp_path / "a.jsonl").write_text('"a"\t1\n')
        (tmp_path / "bad.csv").write_text("image,density\n")
        (tmp_path / "empty").touch()
        before = sorted(path.name for path in tmp_path.iterdir())
        ran = results_command(*words, "--save", "csv")
        assert (ran.status, ran.stderr) == (2, f"results: {sentence}\n")
        assert sorted(path.name for path in tmp_path.iterdir()) == before

    def test_what_is_there_stays_until_the_whole_is_written(self, results_command, tmp_path):
        (tmp_path / "x.csv").write_text("before")
        ran = results_command("-", "--save", "csv", "-o", "x.csv", stdin=b'"a"\t1\nbad\n')
        assert (ran.status, ran.stderr) == (
            2,
            "results: standard input, line 2: is no line of a job's result\n",
        )
        assert (tmp_path / "x.csv").read_text() == "before"
        assert list(tmp_path.iterdir()) == [tmp_path / "x.csv"]

    def test_a_package_that_is_missing_is_named(self, results_command, tmp_path):
        (tmp_path / "pyarrow").mkdir()
        (tmp_path / "pyarrow/__init__.py").write_text("raise ImportError")
        ran = results_command(
            "-", "--save", "parquet", "-o", "x.parquet", env={"PYTHONPATH": str(tmp_path)}
        )
        assert (ran.status, ran.stderr) == (
            2,
            "results: --save parquet: writing Parquet needs pyarrow, which is not installed:"
            " pip install 'mapreduce-imaging[parquet]'\n",
        )

    def test_what_is_written_twice_is_the_same(self, tmp_path, printed):
        for file_format in ("csv", "parquet", "npz"):
            outputs = [tmp_path / f"{number}.{file_format}" for number in range(2)]
            for output in outputs:
                save([str(printed["histogram"])], file_format, str(output))
            assert outputs[0].read_bytes() == outputs[1].read_bytes()


class TestMemory:
    def histograms(self, tmp_path, count):
        bins = {"start": 0, "stop": 256, "count": 256}
        value = {"images": 1, "pixels": 32640, "bins": bins, "counts": {"grey": [*range(256)]}}
        return write(tmp_path, [("a.png", value)] * count)

    def test_csv_takes_no_more_for_more_lines(self, tmp_path):
        histograms = self.histograms(tmp_path, 2_000)
        tracemalloc.start()
        try:
            save([histograms], "csv", str(tmp_path / "x.csv"))
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
        assert peak < 1 << 20
        assert (tmp_path / "x.csv").stat().st_size > 2 << 20

    def test_parquet_holds_a_row_group(self, tmp_path):
        histograms = self.histograms(tmp_path, 5_000)
        save([histograms], "parquet", str(tmp_path / "x.parquet"))
        metadata = pq.ParquetFile(tmp_path / "x.parquet").metadata
        assert (metadata.num_rows, metadata.num_row_groups) == (5_000, 2)
        assert metadata.row_group(0).num_rows * 256 < 1.1 * (1 << 20)


def test_a_text_that_would_make_an_array_of_gigabytes_is_refused(tmp_path):
    lines = [("a", {"text": "x" * 3_000_000}), *((str(n), {"text": "y"}) for n in range(100))]
    with pytest.raises(UsageError, match=r"other.text: its longest text has 3,000,000 characters"):
        save([write(tmp_path, lines)], "npz", str(tmp_path / "x.npz"))
    assert not (tmp_path / "x.npz").exists()


def test_columns_are_named_as_fields_are_nested():
    line = Line("a", "other", {"a": {"b": {"c": 1}}, "a.b.c": 2, "a.b": {"c": 3}, "empty": {}})
    assert flat(line) == {"key": "a", "a.b.c": 1, "a.b.c (2)": 2, "a.b.c (3)": 3}
