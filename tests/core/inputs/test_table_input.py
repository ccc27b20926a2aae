"""Tables are cut between rows: every row once, and known by its line, for any number of tasks."""

import bz2
import csv
import gzip
import io
from collections import Counter
from pathlib import Path
from unittest import mock

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hdfs_tools import connect
from hdfs_tools.bundles.failure import Failure
from hdfs_tools.errors import Changed
from mapreduce_jobs.core.inputs import splits, table_input
from mapreduce_jobs.core.inputs.input_files import InputFile
from mapreduce_jobs.core.inputs.row_values import by_key, records
from mapreduce_jobs.core.inputs.splits import Span
from mapreduce_jobs.core.inputs.table_input import Rows, RowsProtocol, assign_table, blocks
from mapreduce_jobs.core.inputs.task_files import TaskFiles
from mapreduce_jobs.core.job_errors import JobError, UsageError
from tests.core.inputs.test_csv_rows import CELLS, MESSES


@pytest.fixture(scope="module")
def read(tmp_path_factory):
    """Assign a table to tasks, read it there and return all rows."""

    def assign_and_read(file, tasks):
        folder = tmp_path_factory.mktemp("tasks")
        with TaskFiles(str(folder), tasks) as files:
            assign_table(file, files)
        rows = []
        for path in files.paths():
            for block in blocks(io.BytesIO(Path(path).read_bytes()), spans=True):
                wire = RowsProtocol().write(None, block).rstrip(b"\r\n")  # as mrjob hands it on
                rows += records(RowsProtocol().read(wire)[1])
        return rows

    return assign_and_read


def counted(rows):
    return Counter(map(repr, rows))


def table(path, data):
    path.write_bytes(data)
    return InputFile.at(str(path))


BLOCKS = st.sampled_from([1, 2, 5, 1 << 21])


@given(
    rows=st.lists(st.tuples(CELLS, CELLS, st.integers(-9, 9)), max_size=9),
    tasks=st.integers(1, 7),
    block=BLOCKS,
)
def test_any_text_in_cells(read, tmp_path_factory, rows, tasks, block):
    text = io.StringIO()
    csv.writer(text).writerows([("key", "te\nxt", "number"), *rows])
    file = table(tmp_path_factory.getbasetemp() / "t.csv", text.getvalue().encode())
    with mock.patch.object(table_input, "_BLOCK", block):
        found = read(file, tasks)
    expected = [(k, {"key": k, "te\nxt": text, "number": str(n)}) for k, text, n in rows]
    assert counted(found) == counted(expected)


@given(text=MESSES, tasks=st.integers(1, 7), block=BLOCKS)
def test_what_is_wrong_is_the_same_for_any_number_of_tasks(
    read, tmp_path_factory, text, tasks, block
):
    data = b"a,b\n" + text.encode()
    file = table(tmp_path_factory.getbasetemp() / "t.csv", data)
    with mock.patch.object(table_input, "_BLOCK", block):
        found = read(file, tasks)
    assert counted(found) == counted(records(Rows.of(data)))


def test_lines_are_numbered_from_the_file_s_first(read, tmp_path):
    lines = [f"{n},{n}" for n in range(3000)]
    for number in (7, 1500, 2999):
        lines[number - 2] = f'key {number},"open'
    file = table(tmp_path / "t.csv", "\r\n".join(["name,x", *lines]).encode())
    for tasks in (1, 3, 7):
        failed = [row for row in read(file, tasks) if isinstance(row[1], Failure)]
        assert sorted(failed) == [
            (f"key {number}", Failure("BadRow", f"line {number}: a quote is not closed"))
            for number in (1500, 2999, 7)
        ]


def test_tasks_get_about_the_same(tmp_path):
    file = table(tmp_path / "t.csv", b"a,b\n" + b'"1\n",2\n' * 10_000)
    with TaskFiles(str(tmp_path), 3) as files:
        assign_table(file, files)
    lines = b"".join(Path(path).read_bytes() for path in files.paths()).splitlines()
    spans = list(map(Span.parse, lines))
    assert 11 <= len(spans) <= 13
    lengths = [span.length for span in spans]
    assert sum(lengths) == 70_000
    assert sorted(lengths)[1] > 0.8 * max(lengths)  # all but the last


@pytest.mark.parametrize(("ending", "compress"), [(".gz", gzip.compress), (".bz2", bz2.compress)])
@pytest.mark.parametrize(
    "data", [b'a,b\n"1\n2",3\n', b'"a"\t{"x": 1}\n"b"\t{"x": 2}\n'], ids=["csv", "results"]
)
def test_compressed_tables(read, tmp_path, ending, compress, data):
    file = table(tmp_path / f"t{ending}", compress(data))
    assert counted(read(file, 3)) == counted(records(Rows.of(data)))


def test_on_hdfs(read, tmp_path, monkeypatch):
    monkeypatch.setenv("HDFS_URL", (tmp_path / "store").as_uri())
    data = b"name,x\n" + b"".join(b'"key\n%d",%d\n' % (n, n) for n in range(300))
    storage = connect()
    storage.write("/tables/of # 100%/t.csv", data)
    status = storage.stat("/tables/of # 100%/t.csv")
    file = InputFile("hdfs:///tables/of # 100%25/t.csv", status.size, status.modified)
    assert counted(read(file, 3)) == counted(records(Rows.of(data)))


class TestErrors:
    def test_a_first_row_that_is_none(self, read, tmp_path):
        file = table(tmp_path / "t.csv", b'name,"age\na,1\n')
        with pytest.raises(UsageError, match=r"t\.csv: line 1: a quote is not closed"):
            read(file, 1)
        with pytest.raises(UsageError, match=r"t\.csv: line 1: a quote is not closed"):
            by_key(str(tmp_path / "t.csv"))

    def test_a_row_of_the_file_to_join_is_named_by_its_line(self, tmp_path):
        (tmp_path / "t.csv").write_text('name,age\n"a\n",1\nb,"2\n')
        with pytest.raises(UsageError, match=r"t\.csv: b: line 4: a quote is not closed"):
            by_key(str(tmp_path / "t.csv"))

    def test_a_file_that_cannot_be_read(self, read, tmp_path):
        file = InputFile(str(tmp_path / "gone.csv"), 7, 0)
        with pytest.raises(UsageError, match=r"gone\.csv: cannot be read: No such file"):
            read(file, 1)

    @pytest.mark.parametrize("size", [0, 3, 12, 100])
    def test_a_table_that_became_shorter(self, tmp_path, size):
        file = table(tmp_path / "t.csv", b"name,x\n" + b"a,1\nb,2\n" * 99)
        with TaskFiles(str(tmp_path), 1) as files:
            assign_table(file, files)
        (path,) = files.paths()
        (tmp_path / "t.csv").write_bytes((tmp_path / "t.csv").read_bytes()[:size])
        with pytest.raises(JobError, match=r"t\.csv: it became shorter while it was read") as found:
            list(blocks(io.BytesIO(Path(path).read_bytes()), spans=True))
        assert isinstance(found.value.__cause__, Changed)

    def test_results_that_became_shorter(self, tmp_path):
        (tmp_path / "r").write_bytes(b'"a"\t{"x": 1}\n' * 8)  # of 9
        lines = b"".join(span.line() for span in splits.spans_of(f"{tmp_path}/r", 13 * 9, 2))
        with pytest.raises(JobError, match=r"r: it became shorter while it was read: \d+ of"):
            list(blocks(io.BytesIO(lines), spans=True))
