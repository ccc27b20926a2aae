"""What a terminal shows of a running job; a pipe shows nothing of it."""

import re

import pytest

from hdfs_tools.bundles.packing import pack
from mapreduce_jobs.core.inputs.input_files import InputFile
from mapreduce_jobs.core.inputs.splits import Span
from mapreduce_jobs.core.inputs.task_files import TaskFiles
from mapreduce_jobs.core.runners.progress import LoggedCounters, Pace, Progress, status_of, words_of
from tests.support import JOBS, on_a_terminal, png, scan


@pytest.fixture
def shown(tmp_path):
    """Run a job on a terminal; return its exit status and what was shown, without control codes."""

    def run_job(name, *arguments):
        text, status = on_a_terminal(JOBS / f"{name}.py", *arguments, cwd=tmp_path)
        return status, re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", text)

    return run_job


@pytest.fixture
def images(tmp_path, tree):
    """A folder of 300 images, of which one is broken."""
    image = png(scan(0, (900, 900)))
    return tree(tmp_path / "scans", {f"{i}.png": image if i else b"" for i in range(300)})


@pytest.fixture
def table(tmp_path):
    """A table of 400,000 rows, of which four are no numbers."""
    with open(tmp_path / "table.csv", "w") as file:
        file.write("name,x,y\n")
        for i in range(400_000):
            file.write(f"{i},{i % 7},{i % 13 if i % 100_000 else 'none'}\n")
    return tmp_path / "table.csv"


class TestImages:
    @pytest.mark.parametrize("runner", ["inline", "local"])
    def test_a_folder(self, shown, images, runner):
        one_task = ["-D", "mapreduce.job.maps=1"]  # so that there is time to see it
        status, text = shown("edge_density", "-r", runner, *one_task, images)
        assert status == 1
        assert re.search(r"map \S+\s+\d+/300 images, [\d.]+ images/s", text)
        assert re.search(r"1 failed, 0:00:\d\d left", text)

    def test_a_bundle_whose_number_of_images_is_not_known(self, shown, images):
        bundle = images.parent / "scans.bundle"
        pack(images, bundle)
        status, text = shown("edge_density", bundle)
        assert status == 1
        assert re.search(r"\d+ images, [\d.]+ images/s, (1 failed, )?\d+ %", text)
        assert "/300" not in text

    def test_a_job_of_several_steps(self, shown, tmp_path, tree):
        """There are many images, so that there is time to see the later steps."""
        images = tree(tmp_path / "many", {f"{i}.png": png(scan(i, (16, 16))) for i in range(800)})
        status, text = shown("clean", "-r", "local", "--near-distance", "10", images)
        assert status == 0
        assert "step 1 of 4, map" in text
        later = re.search(r"step [234] of 4, (map|reduce)", text)  # each of them is short
        assert later
        assert "left" not in text[later.start() :]  # nobody knows


class TestText:
    def test_rows(self, shown, table):
        status, text = shown("aggregate", "--fields", "x,y", table)
        assert status == 1
        assert re.search(r"map \S+\s+[\d,]+ rows, [\d,]+ rows/s, \d failed, \d+ %", text)
        assert re.search(r"0:00:\d\d left", text)

    def test_words_are_not_counted_as_items(self, shown, table):
        status, text = shown("word_count", "-r", "local", table)
        assert status == 0
        assert re.search(r"map \S*\s+\d+ %", text)
        assert "reduce" in text


def test_nothing_where_there_is_no_terminal(job, images):
    ran = job("edge_density", images)
    assert (ran.status, ran.stderr) == (1, "1 of 300 images failed: 1 EmptyFile\n")


def test_quiet(shown, images):
    assert shown("edge_density", "--quiet", images) == (1, "")


def test_waiting_for_standard_input_is_said(tmp_path):
    text, status = on_a_terminal(JOBS / "edge_density.py", cwd=tmp_path, stdin_is_terminal=True)
    assert status == 0
    assert "reading standard input" in text


class TestWords:
    @pytest.mark.parametrize(
        ("state", "rate", "left", "words"),
        [
            (Progress("map", 0, 0, 9), 0.0, None, "0/9 images"),
            (
                Progress("map", 3, 1, 9),
                1.5,
                4.2,
                "3/9 images, 1.5 images/s, 1 failed, 0:00:04 left",
            ),
            (Progress("map", 3), 0.0, None, "3 images"),
            (Progress("map", 3, share=1.07), 0.0, None, "3 images, 100 %"),
            (Progress("reduce", 9, 2, 9, is_reading=False), 4.0, None, "9/9 images, 2 failed"),
        ],
    )
    def test_what_is_known_is_said(self, state, rate, left, words):
        assert words_of(state, "images", rate, left) == words

    @pytest.mark.parametrize(
        ("state", "done"),
        [
            (Progress("map", 3, total=12), 0.25),
            (Progress("map", 3, total=None), None),
            (Progress("map", 3, share=0.5), 0.5),
            (Progress("map", 13, total=12), 1.0),
            (Progress("reduce", 12, total=12, is_reading=False), None),
        ],
    )
    def test_how_much_is_done(self, state, done):
        assert state.done == done

    def test_the_pace_is_that_of_the_last_looks(self):
        pace = Pace()
        for second in range(100):
            at_first = pace.at(second, second * 10)
        assert at_first == 10
        for second in range(100, 200):
            later = pace.at(second, 1000 + (second - 100) * 30)
        assert later == 30


def test_logs_are_read_once_and_only_whole_lines(tmp_path):
    log = tmp_path / "stderr"
    log.write_bytes(
        b"reporter:counter:rows,read,5\nreporter:counter:images,read,9\nsomething\n"
        b"reporter:counter:rows,failed,1\nreporter:counter:rows,failed: BadRow,1\n"
        + f"reporter:status:{status_of(700)}\n".encode()
        + b"reporter:counter:rows,read,2"
    )
    counters = LoggedCounters(lambda: [str(log), str(tmp_path / "gone")], "rows")
    assert counters.now() == (5, 1, 700)
    with log.open("ab") as file:
        file.write(b"0\n" + f"reporter:status:{status_of(900)}\n".encode())
    assert counters.now() == counters.now() == (25, 1, 900)


class TestSize:
    """How much there is to read can be told where tasks read it line by line."""

    @pytest.fixture
    def files(self, tmp_path):
        with TaskFiles(str(tmp_path), 1) as files:
            yield files

    def test_bundles_and_spans(self, files):
        files.add_records(InputFile("/x.bundle", 100, 0))
        files.add_span(Span("/y.bundle", 10, 20))
        assert (files.size, files.texts, files.images) == (120, [], None)

    def test_texts(self, files):
        files.add_text(InputFile("/a.txt", 30, 0))
        files.add_text(InputFile("hdfs:///b.txt", 40, 0))
        assert (files.size, files.texts) == (70, ["/a.txt", "hdfs:///b.txt"])

    def test_a_compressed_text_holds_more_than_its_size(self, files):
        files.add_text(InputFile("/a.txt", 30, 0))
        files.add_text(InputFile("/b.txt.gz", 10, 0))
        assert files.size is None

    def test_an_image_in_a_file_of_its_own_is_not_in_the_lines(self, files):
        files.add_image(b"/a.png\n", 5000)
        assert (files.size, files.images) == (None, 1)
        files.add_records(InputFile("/x.bundle", 100, 0))
        assert (files.size, files.images) == (None, None)

    def test_what_is_passed_through_is_not_read(self, files):
        files.add(b"\tearlier\t...", 12)
        assert (files.size, files.images) == (None, 0)
