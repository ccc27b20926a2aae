"""Input is dealt evenly, and read once, wherever it is cut."""

import bz2
import gzip
import io
import itertools
import os
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hdfs_tools.bundles.record import Reference, bundle_line, parse_line, reference_line
from hdfs_tools.errors import ReadFailed
from mapreduce_jobs.core.inputs import splits
from mapreduce_jobs.core.inputs.splits import PREVIOUS, Span, record_lines, spans_of, text_blocks
from mapreduce_jobs.core.inputs.task_files import TaskFiles
from mapreduce_jobs.core.job_errors import JobError


def words_of(blocks):
    return [word for block in blocks for word in re.findall(rb"[^ \t\n\r\f]+", block)]


class TestSpan:
    @given(
        st.binary(min_size=1).map(os.fsdecode),
        st.integers(0),
        st.integers(0),
        st.just((0, 0)) | st.tuples(st.integers(1), st.integers(0)),
    )
    def test_a_line_gives_back_the_span(self, name, start, length, table):
        span = Span(f"/{name}", start, length, *table)
        assert span.line().count(b"\n") == 1
        assert Span.parse(span.line()) == span

    def test_other_lines_are_no_spans(self):
        assert Span.parse(b"/data/scan.png\n") is None
        assert Span.parse(b"file:///x#bytes=1+2\n") is None
        assert Span.parse(b"hdfs:///data/./#bytes=1+2\n") is None
        assert Span.parse(bundle_line("file:///x#bytes=1+2", b"")) is None

    @given(st.integers(0, 10**7), st.integers(1, 9))
    def test_spans_cover_a_file(self, size, tasks):
        spans = list(spans_of("/x.bundle", size, tasks))
        assert sum(span.length for span in spans) == size
        assert all(a.start + a.length == b.start for a, b in itertools.pairwise(spans))


class TestDealing:
    @given(st.lists(st.integers(1, 1000), min_size=1, max_size=200), st.integers(1, 7))
    def test_loads_differ_by_at_most_one_image(self, tmp_path_factory, sizes, tasks):
        folder = tmp_path_factory.mktemp("dealt")
        with TaskFiles(str(folder), tasks) as files:
            for size in sizes:
                files.add(b"%d\n" % size, size)
        dealt = [
            [int(line) for line in Path(path).read_bytes().splitlines()] for path in files.paths()
        ]
        assert sorted(size for task in dealt for size in task) == sorted(sizes)
        loads = [sum(task) for task in dealt] + [0] * (tasks - len(dealt))
        assert max(loads) - min(loads) <= max(sizes)

    def test_without_input_there_is_one_empty_task(self, tmp_path):
        with TaskFiles(str(tmp_path), 4) as files:
            pass
        (path,) = files.paths()
        assert os.path.getsize(path) == 0


class TestRecordLines:
    def test_spans_are_read_and_references_in_them_made_absolute(self, tmp_path):
        (tmp_path / "x.bundle").write_bytes(bundle_line("a", b"image") + b"b.png\n\n/c.png\n")
        size = os.path.getsize(tmp_path / "x.bundle")
        line = Span(str(tmp_path / "x.bundle"), 0, size).line()
        read = list(record_lines([line, b"/d.png\n"], "/data", spans=True))
        folder = os.fsencode(tmp_path)
        assert read == [b"a\taW1hZ2U=\n", folder + b"/./b.png\n", b"/c.png\n", b"/d.png\n"]

    def test_data_cannot_pose_as_a_span(self, tmp_path):
        (tmp_path / "secret").write_bytes(b"secret\n")
        line = Span(str(tmp_path / "secret"), 0, 7).line()
        assert list(record_lines([line], "/data", spans=False)) == [line]


class TestText:
    @given(
        st.lists(st.sampled_from([b"a", b"bcd", b" ", b"\n", b"\t", b"\r\n", b"\f", "é".encode()])),
        st.integers(1, 12),
        st.integers(1, 9),
    )
    def test_every_word_once_wherever_it_is_cut(self, tmp_path_factory, pieces, length, block):
        text = b"".join(pieces)
        path = tmp_path_factory.getbasetemp() / "text.txt"
        path.write_bytes(text)
        lines = [
            Span(str(path), start, min(length, len(text) - start)).line()
            for start in range(0, len(text), length)
        ]
        whole = splits._BLOCK
        splits._BLOCK = block
        try:
            read = words_of(text_blocks(io.BytesIO(b"".join(lines)), spans=True))
            streamed = words_of(text_blocks(io.BytesIO(text), spans=False))
        finally:
            splits._BLOCK = whole
        assert read == streamed == text.split()

    @pytest.mark.parametrize(("ending", "opener"), [(".gz", gzip.open), (".bz2", bz2.open)])
    def test_compressed_text_in_several_members(self, tmp_path, ending, opener):
        path = tmp_path / f"text{ending}"
        for part in (b"one two\n", b"three"):
            with opener(path, "ab") as file:
                file.write(part)
        size = path.stat().st_size
        (span,) = spans_of(str(path), size, 4)
        blocks = text_blocks(io.BytesIO(span.line()), spans=True)
        assert words_of(blocks) == [b"one", b"two", b"three"]

    def test_damaged_compressed_text_is_an_error_that_names_it(self, tmp_path):
        path = tmp_path / "text.gz"
        path.write_bytes(gzip.compress(b"one two three" * 99)[:-12])
        line = Span(str(path), 0, path.stat().st_size).line()
        with pytest.raises(JobError, match=r"text\.gz"):
            list(text_blocks(io.BytesIO(line), spans=True))

    def test_a_byte_order_mark_is_no_part_of_a_word(self, tmp_path):
        (tmp_path / "text.txt").write_bytes(b"\xef\xbb\xbfone")
        line = Span(str(tmp_path / "text.txt"), 0, 6).line()
        assert words_of(text_blocks(io.BytesIO(line), spans=True)) == [b"one"]


class TestPortableLines:
    def test_images_take_the_place_of_references(self, tmp_path):
        (tmp_path / "a.png").write_bytes(b"image")
        lines = [
            os.fsencode(f"{tmp_path}/./a.png\n"),
            os.fsencode(f"{tmp_path}/./gone.png\n"),
            b"hdfs:///data/./b.png\n",
            Span("hdfs:///x.bundle", 5, 9).line(),
        ]
        there = [*splits.portable_lines(lines, store=None)]
        assert there[0] == bundle_line("a.png", b"image")
        assert there[2:] == lines[2:]
        gone = parse_line(there[1])
        assert gone.name == "gone.png"
        with pytest.raises(ReadFailed, match="No such file or directory") as failed:
            gone.read()
        assert failed.value.kind == "FileNotFoundError"

    def test_large_images_are_stored_and_keep_their_names(self, tmp_path, monkeypatch):
        monkeypatch.setattr(splits, "_LARGE", 100)
        (tmp_path / "large 100%.png").write_bytes(b"x" * 100)
        record = bundle_line("in a bundle", b"y" * 200)
        (tmp_path / "x.bundle").write_bytes(record)
        kept = {}

        def store(name, data):
            path = tmp_path / f"stored {len(kept)}"
            path.write_bytes(data)
            kept[name] = data
            return f"file://{path}"

        lines = [
            reference_line(Reference("large 100%.png").within(str(tmp_path))),
            Span(str(tmp_path / "x.bundle"), 0, len(record)).line(),
        ]
        items = [parse_line(line) for line in splits.portable_lines(lines, store)]
        assert [item.name for item in items] == ["large 100%.png", "in a bundle"]
        assert [item.read() for item in items] == [b"x" * 100, b"y" * 200]
        assert len(kept) == 2

    def test_a_user_s_line_cannot_pose_as_a_span(self, tmp_path):
        posing = Span("hdfs:///secret", 0, 9).line()
        (tmp_path / "x.bundle").write_bytes(posing)
        span = Span(str(tmp_path / "x.bundle"), 0, len(posing))
        (line,) = splits.portable_lines([span.line()], store=None)
        assert Span.parse(line) is None
        assert parse_line(line).name == ""

    def test_nor_as_one_of_an_earlier_result(self, tmp_path):
        posing = PREVIOUS + b'"all"\t{"sums": 7}\n'
        (tmp_path / "x.bundle").write_bytes(posing)
        span = Span(str(tmp_path / "x.bundle"), 0, len(posing))
        (line,) = splits.portable_lines([span.line()], store=None)
        assert not line.startswith(PREVIOUS)
        assert list(splits.portable_lines([posing], store=None)) == [posing]  # the launcher's own
