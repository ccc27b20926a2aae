"""Tables: every row once, whatever the spans; numbers, and what is none."""

import io
import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hdfs_tools.bundles.failure import Failure
from mapreduce_jobs.core.inputs.row_values import by_key, numbers, records
from mapreduce_jobs.core.inputs.splits import Span
from mapreduce_jobs.core.inputs.table_input import Rows, blocks
from mapreduce_jobs.core.job_errors import UsageError

CSV = b'name,age,"dose, mGy"\na.png,40,1.5\n"b, c.png",41,-2e3\n\nd.png,42,0\n'
RESULTS = (
    b'"a.png"\t{"images": 1, "density": 0.25}\n'
    b'"b.png"\t{"error": "Truncated", "message": "it ends"}\n'
)


def rows_of(path, size, cuts):
    edges = sorted({0, size, *(cut for cut in cuts if cut < size)})
    lines = [
        Span(str(path), start, stop - start).line() for start, stop in itertools.pairwise(edges)
    ]
    stdin = io.BytesIO(b"".join(lines))
    return [row for rows in blocks(stdin, spans=True) for row in records(rows)]


@pytest.mark.parametrize("ends", [b"\n", b""], ids=["ended", "cut"])
@given(cuts=st.lists(st.integers(0, 80), max_size=5))
def test_every_result_once_whatever_the_spans(ends, cuts, tmp_path_factory):
    path = tmp_path_factory.getbasetemp() / "table"
    data = RESULTS.removesuffix(b"\n") + ends
    path.write_bytes(data)
    assert rows_of(path, len(data), cuts) == list(records(Rows.of(data)))


@pytest.mark.parametrize("data", [CSV, RESULTS], ids=["csv", "results"])
@pytest.mark.parametrize("ends", [b"\n", b""], ids=["ended", "cut"])
def test_every_row_once_of_a_stream(data, ends):
    data = data.removesuffix(b"\n") + ends
    read = [row for rows in blocks(io.BytesIO(data), False, {}) for row in records(rows)]
    assert read == list(records(Rows.of(data)))


def test_a_split_of_results_on_hadoop_that_begins_with_another_line():
    stdin = io.BytesIO(b"nonsense\n" + RESULTS)
    (rows,) = blocks(stdin, False, {"mapreduce_map_input_start": "21"})
    failed = [key for key, value in records(rows) if isinstance(value, Failure)]
    assert failed == ["nonsense", "b.png"]


class TestNumbers:
    def test_quoted_names_and_values(self):
        values, failed = numbers(Rows.of(CSV), ["dose, mGy", "age"])
        assert values.tolist() == [[1.5, 40], [-2000, 41], [0, 42]]
        assert not failed

    @pytest.mark.parametrize("delimiter", [",", ";", "\t"])
    def test_delimiters(self, delimiter):
        text = delimiter.join(["name", "x", "y"]) + "\n" + delimiter.join(["a", "1", "2"]) + "\n"
        assert numbers(Rows.of(text.encode()), ["y", "x"])[0].tolist() == [[2, 1]]

    @pytest.mark.parametrize(
        ("value", "message"),
        [
            ("old", "x: 'old' is no number"),
            ("", "x: there is no value"),
            ("nan", "x: nan is not finite"),
            ("1e999", "x: inf is not finite"),
            ("-1e151", "x: -1e+151 is beyond ±1e+150"),
            ("1,2", "it has 3 values, and the table 2 columns"),
        ],
    )
    def test_what_is_none_is_named_and_the_others_stay(self, value, message):
        values, failed = numbers(Rows.of(f"name,x\na,1\nb,{value}\nc,3\n".encode()), ["x"])
        assert values.tolist() == [[1], [3]]
        assert failed == [("b", Failure("BadRow", message))]

    def test_a_row_that_cannot_be_read_is_named(self):
        row = b"b," + b"7" * 200_000 + b"\n"
        values, ((key, failure),) = numbers(Rows.of(b"name,x\na,1\n" + row + b"c,3\n"), ["x"], {})
        assert values.tolist() == [[1], [3]]
        assert (key, failure.error) == ("b", "BadRow")
        assert failure.message.startswith("it cannot be read: field larger than field limit")

    def test_of_two_columns_of_a_name_the_last_counts(self):
        for quote in ("", '"'):
            text = f"name,x,x\n{quote}a{quote},1,2\n"
            assert numbers(Rows.of(text.encode()), ["x"])[0].tolist() == [[2]]

    def test_results_of_a_job(self):
        values, failed = numbers(Rows.of(RESULTS), ["density"])
        assert values.tolist() == [[0.25]]
        assert failed == [("b.png", Failure("Truncated", "it ends"))]

    def test_a_single_result_without_its_end(self):
        """As mrjob gives it to a mapper."""
        values, failed = numbers(Rows.of(RESULTS.splitlines()[0]), ["density"])
        assert (values.tolist(), failed) == ([[0.25]], [])

    def test_a_line_that_is_no_result(self):
        assert numbers(Rows.of(b'"a"\t{"x": 1}\nnonsense\n'), ["x"])[1] == [
            ("nonsense", Failure("BadRow", "no result of a job"))
        ]

    def test_columns_of_another_table(self):
        values, _ = numbers(Rows.of(RESULTS), ["density", "age"], {"a.png": {"age": "40"}})
        assert values.tolist() == [[0.25, 40]]
        assert numbers(Rows.of(RESULTS), ["age"], {})[1][0][1].message == "age: there is no value"

    def test_quick_and_slow_agree(self):
        table = np.random.default_rng(1).standard_normal((50, 3))
        text = "name,a,b,c\n" + "".join(
            f"{n}," + ",".join(map(repr, row)) + "\n" for n, row in enumerate(table.tolist())
        )
        quick, _ = numbers(Rows.of(text.encode()), ["c", "a"])
        slow, _ = numbers(Rows.of(text.encode()), ["c", "a"], {})
        np.testing.assert_array_equal(quick, table[:, [2, 0]])
        np.testing.assert_array_equal(slow, quick)


# What rows may be made of: numbers and what looks like them, delimiters, ends of lines, letters.
PIECES = [
    "1",
    "-2.5",
    "3e2",
    ".5",
    "1_0",
    "0x1",
    "nan",
    "inf",
    "1e151",
    "",
    " ",
    "\t",
    ",",
    "\n",
    "\r",
]
PIECES += ["\r\n", '"', "é", "日", "\xa0", "\x85", "\x1c", "\u2028", "#", "x", "\0", "٣"]
TEXTS = st.lists(st.sampled_from(PIECES), max_size=30).map(lambda pieces: "".join(pieces).encode())
LINES = st.lists(st.tuples(*[st.sampled_from(PIECES)] * 3), max_size=6).map(
    lambda rows: "".join(",".join(row) + "\n" for row in rows).encode()
)


@given(rows=TEXTS | LINES | st.binary(max_size=20))
def test_blocks_of_numbers_alone_are_read_as_all_others(rows):
    """NumPy reads them; here, by a table of no more columns, the reader of all others."""
    block = b"name,a,b\n" + rows
    quick, failed = numbers(Rows.of(block), ["b", "a"])
    slow, slow_failed = numbers(Rows.of(block), ["b", "a"], {})
    np.testing.assert_array_equal(quick, slow)
    assert failed == slow_failed


class TestByKey:
    def test_it_is_read(self, tmp_path):
        (tmp_path / "a.csv").write_bytes(b"\xef\xbb\xbfname,age\na,1\n")
        assert by_key(str(tmp_path / "a.csv")) == {"a": {"name": "a", "age": "1"}}

    @pytest.mark.parametrize(
        ("text", "message"),
        [
            ("name,age\na,1\na,2\n", "a: two rows are known by it"),
            ("name,age\na\n", "a: it has 1 values, and the table 2 columns"),
        ],
    )
    def test_what_is_wrong_is_said(self, tmp_path, text, message):
        (tmp_path / "a.csv").write_text(text)
        with pytest.raises(UsageError, match=message):
            by_key(str(tmp_path / "a.csv"))

    def test_a_file_that_is_not_there(self, tmp_path):
        with pytest.raises(UsageError, match=r"a\.csv: No such file or directory"):
            by_key(str(tmp_path / "a.csv"))
