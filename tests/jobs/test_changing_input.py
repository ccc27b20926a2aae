"""Input that changes while a job runs: it ends in a sentence, and without a result."""

import gzip
import os
import sys

import pytest

from hdfs_tools import connect
from hdfs_tools.bundles.packing import pack
from tests.support import JOBS, png, run, scan, write_tree

# A job whose tasks change a file of its input before they read, or after.
CHANGING = """
import os

from mapreduce_jobs.{module} import {name} as Base


class Changing(Base):
    def task_lines(self, spans):
        when, path, size = os.environ["CHANGE"].split(",")
        if when == "before":
            os.truncate(path, int(size))
        yield from super().task_lines(spans)
        if when == "after":
            with open(path, "ab") as file:
                file.write(b"x")
        if when == "gone":
            os.unlink(path)


if __name__ == "__main__":
    Changing.run()
"""

OPTIONS = {"table": ["--fields", "x"], "results": ["--fields", "x"]}
JOBS_OF = {"bundle": ("image_histogram", "ImageHistogram"), "text": ("word_count", "WordCount")}
LINES = {"table": b"name,x\n" + b"a,1\n" * 120, "results": b'"a"\t{"x": 1}\n' * 120}


@pytest.fixture
def given(tmp_path):
    """A file of 120 items, what is asked of it, and the job that changes it."""

    def make(kind):
        path = tmp_path / f"input.{kind}"
        if kind == "bundle":
            image = png(scan(0, (8, 8)))
            pack(write_tree(tmp_path / "scans", {f"{n}.png": image for n in range(120)}), path)
        else:
            path.write_bytes(LINES.get(kind, b"to be or not\n" * 120))
        module, name = JOBS_OF.get(kind, ("aggregate", "Aggregate"))
        (tmp_path / "changing.py").write_text(CHANGING.format(module=module, name=name))
        return path, [sys.executable, tmp_path / "changing.py", *OPTIONS.get(kind, [])]

    return make


def at_a_line_s_end(path):
    """Return where five sixths of a file's lines end."""
    lines = path.read_bytes().splitlines(keepends=True)
    return sum(map(len, lines[: len(lines) * 5 // 6]))


def assert_no_result(ran, path, sentence, tmp_path):
    assert ran.status == 1
    assert ran.stdout == b""
    assert f"{path}: {sentence}" in ran.stderr
    assert "Traceback" not in ran.stderr
    assert [name for name in os.listdir(tmp_path) if name.startswith("out")] == []


@pytest.mark.parametrize("runner", ["inline", "local"])
@pytest.mark.parametrize("kind", ["bundle", "table", "results", "text"])
class TestOnThisMachine:
    def test_what_became_shorter(self, given, tmp_path, kind, runner):
        path, command = given(kind)
        change = {"CHANGE": f"before,{path},{at_a_line_s_end(path)}"}
        ran = run(*command, "-r", runner, path, env=change, cwd=tmp_path)
        assert_no_result(ran, path, "it became shorter while it was read", tmp_path)

    def test_what_changed_when_it_had_been_read(self, given, tmp_path, kind, runner):
        path, command = given(kind)
        for options in ([], ["-o", tmp_path / "out"]):
            ran = run(
                *command,
                "-r",
                runner,
                *options,
                path,
                env={"CHANGE": f"after,{path},0"},
                cwd=tmp_path,
            )
            assert_no_result(ran, path, "changed while the job ran", tmp_path)

    def test_what_stays_as_it_is(self, given, tmp_path, kind, runner):
        path, command = given(kind)
        ran = run(*command, "-r", runner, path, env={"CHANGE": "never,-,0"}, cwd=tmp_path)
        assert ran.status == 0
        assert ran.stdout


def test_what_is_gone(given, tmp_path):
    path, command = given("text")
    ran = run(*command, path, env={"CHANGE": f"gone,{path},0"})
    assert_no_result(ran, path, "changed while the job ran", tmp_path)


def test_a_list_that_holds_images_itself(given, tmp_path):
    """It is read by tasks, too; one that only names them is not."""
    path, command = given("bundle")
    listed = path.rename(tmp_path / "scans.manifest")
    ran = run(*command, listed, env={"CHANGE": f"after,{listed},0"})
    assert_no_result(ran, listed, "changed while the job ran", tmp_path)
    listed.write_text(f"{tmp_path}/scans/1.png\n")
    assert run(*command, listed, env={"CHANGE": f"after,{listed},0"}).status == 0


def test_on_hdfs(tmp_path, given):
    """Of many in a directory, too, of which one is new."""
    url = (tmp_path / "store").as_uri()
    storage = connect(url)
    for number in range(30):
        storage.write(f"/texts/{number}.txt", b"to be\n")
    _, command = given("text")
    stored = tmp_path / "store" / "texts" / "29.txt"
    assert stored.read_bytes() == b"to be\n"
    env = {"HDFS_URL": url, "CHANGE": "never,-,0"}
    ran = run(*command, "hdfs:///texts", env=env)
    assert (ran.status, ran.lines) == (0, [b'"be"\t30', b'"to"\t30'])
    ran = run(*command, "hdfs:///texts", env={**env, "CHANGE": f"after,{stored},0"})
    assert_no_result(ran, "hdfs:///texts/29.txt", "changed while the job ran", tmp_path)


def test_compressed_text_that_ends_early(tmp_path):
    path = tmp_path / "words.txt.gz"
    path.write_bytes(gzip.compress(os.urandom(5000))[:-100])
    ran = run(sys.executable, JOBS / "word_count.py", path)
    assert_no_result(ran, path, "cannot be read", tmp_path)
