"""Words are counted as Hadoop's own example counts them, or as people read them."""

import gzip
import json
import random
import re
from collections import Counter

import pytest

from mapreduce_jobs import word_count
from mapreduce_jobs.word_count import WordCount

SEPARATORS = [" ", "\n", "\t", "\r\n", "\f", "  "]
WORDS = ["scan", "Scan", "scan,", "胸部", "Größe", "e\u0301", "a\u00a0b", "a\vb", '"x"', "\\", "🩻"]


def text(seed: int, count: int) -> bytes:
    source = random.Random(seed)
    pieces = (source.choice(WORDS) + source.choice(SEPARATORS) for _ in range(count))
    return "".join(pieces).encode()


def hadoop_words(content: bytes) -> Counter:
    """Return the tokens of java.util.StringTokenizer, counted."""
    return Counter(re.findall(r"[^ \t\n\r\f]+", content.decode("utf-8", "replace")))


def counted(ran) -> dict:
    assert (ran.status, ran.stderr) == (0, "")
    pairs = [line.decode().split("\t") for line in ran.stdout.splitlines()]
    counts = {json.loads(word): int(count) for word, count in pairs}
    assert len(counts) == len(pairs)
    return counts


class TestRunners:
    def test_files_folders_globs_and_standard_input(self, job, tmp_path, tree):
        first, second = text(1, 4000), text(2, 3000)
        tree(tmp_path / "texts", {"a.txt": first, "b/c.txt": second})
        expected = hadoop_words(first) + hadoop_words(second)
        for given in (["texts"], ["texts/a.txt", "texts/b"], ["texts/**/*.txt"]):
            assert counted(job("word_count", *given)) == expected
        for given in ([], ["-"]):
            ran = job("word_count", *given, stdin=first)
            assert counted(ran) == hadoop_words(first)

    @pytest.mark.parametrize("runner", ["inline", "local"])
    def test_compressed(self, job, tmp_path, runner):
        content = text(3, 5000)
        (tmp_path / "text.gz").write_bytes(gzip.compress(content))
        ran = job("word_count", "-r", runner, "text.gz")
        assert counted(ran) == hadoop_words(content)

    @pytest.mark.parametrize("runner", ["inline", "local"])
    def test_damaged_compressed_text(self, job, tmp_path, runner):
        (tmp_path / "text.gz").write_bytes(gzip.compress(text(3, 5000))[:-9])
        ran = job("word_count", "-r", runner, "text.gz")
        assert ran.status == 1
        assert ran.stderr.startswith(f"word_count: {tmp_path}/text.gz: cannot be read: ")
        assert ran.stderr.count("\n") == 1

    def test_no_text(self, job, tmp_path):
        (tmp_path / "empty.txt").write_bytes(b"")
        assert counted(job("word_count", "empty.txt")) == {}


@pytest.mark.parametrize("tasks", [1, 7])
def test_any_number_of_tasks(job, tmp_path, tasks):
    content = text(4, 20_000)
    (tmp_path / "text.txt").write_bytes(content)
    ran = job(
        "word_count", "-r", "local", "-D", f"mapreduce.job.maps={tasks}",
        "-D", "mapreduce.job.reduces=3", "text.txt",
    )  # fmt: skip
    assert counted(ran) == hadoop_words(content)


def test_one_line_of_any_length(job, tmp_path):
    """Twelve megabytes without a line end, in blocks."""
    (tmp_path / "line.txt").write_bytes(b"brain chest " * 1_000_000)
    ran = job("word_count", "line.txt")
    assert counted(ran) == {"brain": 1_000_000, "chest": 1_000_000}


def test_bytes_that_are_not_utf_8_are_replaced_as_by_java(job):
    assert counted(job("word_count", stdin=b"a\xffb caf\xe9")) == {"a\ufffdb": 1, "caf\ufffd": 1}


def test_normalised(job):
    content = "Scan, SCAN; scan's Größe GRÖSSE e\u0301t\u00e9 हिन्दी हिन्दी 3T x_y".encode()
    assert counted(job("word_count", "--normalise", stdin=content)) == {
        "scan": 3,
        "s": 1,
        "grösse": 2,
        "été": 1,
        "हिन्दी": 2,
        "3t": 1,
        "x_y": 1,
    }


class TestTasks:
    def test_a_combiner_runs(self):
        (step,) = WordCount([]).steps()
        assert step.description()["combiner"] == {"type": "script"}
        lines = b"a\t2\na\t3\nb\t1\n"
        job = WordCount(["--combiner"])
        job.sandbox(stdin=lines.splitlines(keepends=True))
        job.run_combiner()
        assert job.stdout.getvalue() == b"a\t5\nb\t1\n"

    def test_many_different_words_are_handed_on_early(self, monkeypatch):
        monkeypatch.setattr(word_count, "_MAX_WORDS", 2)
        job = WordCount(["--mapper"])
        job.mapper_init()
        assert list(job.mapper(None, b"a b")) == []
        assert sorted(job.mapper(None, b"c a")) == [(b"a", 2), (b"b", 1), (b"c", 1)]
        assert list(job.mapper_final()) == []
