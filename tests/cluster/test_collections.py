"""Jobs over whole collections on a real cluster: the lines that they give in one process."""

import bz2
import gzip

import numpy as np
import pytest

from hdfs_tools.bundles.packing import pack
from tests.jobs.test_changing_input import CHANGING, assert_no_result
from tests.support import png, rows_with_line_ends, write_tree


@pytest.fixture(scope="module")
def labelled(tmp_path_factory):
    """Two classes of images, a folder each, and their ages."""
    folder = tmp_path_factory.mktemp("labelled")
    rng = np.random.default_rng(1)
    images = {
        f"{name}/{number}.png": png(np.uint8(np.clip(rng.normal(mean, 9, (24, 24)), 0, 255)))
        for name, mean in (("bright", 190), ("dark", 60))
        for number in range(6)
    }
    write_tree(folder, {**images, "dark/same.png": images["dark/0.png"], "dark/bad.png": b"x"})
    return folder


COMMANDS = {
    "dicom_headers": ["--tags", "Modality,Rows"],
    "collection_profile": ["--group-by", "folder"],
    "clean": ["--min-sharpness", "1"],
    "segment_collection": ["--k", "2"],
    "recognise": ["--labels", "folder", "--features", "moments,edges", "--folds", "3"],
}


@pytest.mark.parametrize("name", COMMANDS)
def test_as_in_one_process(in_one_jvm, job, labelled, name):
    options = [*COMMANDS[name], labelled]
    here = job(name, *options)
    assert len(here.lines) > 1
    there = in_one_jvm(name, "-D", "mapreduce.job.maps=3", *options)
    assert there.lines == here.lines, there.stderr
    assert (there.status, there.stderr) == (here.status, here.stderr)


def test_rounds_over_the_pixels_are_a_job_each(in_one_jvm, job, tmp_path):
    rng = np.random.default_rng(2)
    images = {f"{n}.png": png(rng.integers(0, 256, (40, 40, 3), np.uint8)) for n in range(4)}
    folder = write_tree(tmp_path / "colours", {**images, "bad.png": b"x"})
    options = ["--k", "3", "--model", "rgb", "--exact", "--iterations", "1", folder]
    here = job("segment_collection", *options)
    assert b'"rounds": 1' in here.stdout
    there = in_one_jvm("segment_collection", *options)
    assert there.lines == here.lines, there.stderr
    assert (there.status, there.stderr) == (here.status, here.stderr)


@pytest.mark.parametrize(
    ("name", "options", "is_on_hdfs"),
    [
        ("edge_density", ["--group-by", "folder"], True),
        ("recognise", ["--labels", "folder"], False),
    ],
)
def test_an_earlier_result_grows(
    in_one_jvm, job, labelled, hdfs, tmp_path, name, options, is_on_hdfs
):
    """From a result in a folder of HDFS and one on this machine."""
    first, second = tmp_path / "first", tmp_path / "second"
    for number, path in enumerate(sorted(labelled.rglob("*.png"))):
        to = (second if number % 3 else first) / path.relative_to(labelled)
        to.parent.mkdir(parents=True, exist_ok=True)
        to.write_bytes(path.read_bytes())
    expected = job(name, "--keep-sums", *options, labelled)
    (tmp_path / "earlier.txt").write_bytes(job(name, "--keep-sums", *options, first).stdout)
    hdfs.write(f"/earlier/{name}/part-00000", (tmp_path / "earlier.txt").read_bytes())
    earlier = f"hdfs:///earlier/{name}" if is_on_hdfs else tmp_path / "earlier.txt"
    there = in_one_jvm(name, *options, "--merge-into", earlier, second)
    assert there.lines == expected.lines, there.stderr


def test_counts_of_words_grow(in_one_jvm, job, tmp_path):
    texts = write_tree(tmp_path, {"1.txt": b"to be\n" * 999, "2.txt": b"or not to be\n" * 9})
    (tmp_path / "words").write_bytes(job("word_count", texts / "1.txt").stdout)
    there = in_one_jvm("word_count", "--merge-into", tmp_path / "words", texts / "2.txt")
    assert there.lines == [b'"be"\t1008', b'"not"\t9', b'"or"\t9', b'"to"\t1008'], there.stderr


def test_rows_of_results_are_summed_up(in_one_jvm, job, labelled, tmp_path):
    (tmp_path / "edges.txt").write_bytes(job("edge_density", labelled).stdout)
    options = ["--fields", "density,mean_gradient", "--group-by", "folder", tmp_path / "edges.txt"]
    here = job("aggregate", *options)
    there = in_one_jvm("aggregate", "-D", "mapreduce.job.maps=3", *options)
    assert len(here.lines) == 3
    assert there.lines == here.lines, there.stderr


def test_headers_on_hdfs_are_read_without_the_pixels(in_one_jvm, in_process, on_hdfs):
    options = ["--where", "Modality != None and Rows >= 64", "--tags", "Modality,Rows", on_hdfs]
    here = in_process("dicom_headers", *options)
    there = in_one_jvm("dicom_headers", *options)
    assert len(here.lines) > 1
    assert there.lines == here.lines, there.stderr
    assert there.stderr == here.stderr


def test_rows_on_hdfs(in_one_jvm, in_process, hdfs, tmp_path):
    """With the first line of a file in the first of its splits alone."""
    rows = [(n, n % 7, n * n % 11, 3 * (n % 7) - n * n % 11 + n / 1000) for n in range(2000)]
    text = "name,a,b,y\n" + "".join(",".join(map(str, row)) + "\n" for row in rows)
    hdfs.write("/tables/rows.csv", text.encode())
    options = ["--features", "a,b", "--target", "y"]
    here = in_process("linear_regression", *options, "hdfs:///tables/rows.csv")
    there = in_one_jvm(
        "linear_regression", "-D", "mapreduce.job.maps=5", *options, "hdfs:///tables/rows.csv"
    )
    assert b'"rows": 2000' in here.stdout
    assert there.lines == here.lines, there.stderr
    (tmp_path / "local.csv").write_text(text)
    (tmp_path / "more.csv").write_text("name,c\n" + "".join(f"{n},{n % 5}\n" for n in range(2000)))
    options = ["--features", "a,b,c", "--target", "y", "--join", tmp_path / "more.csv"]
    here = in_process("linear_regression", *options, tmp_path / "local.csv")
    there = in_one_jvm("linear_regression", *options, tmp_path / "local.csv")
    assert there.lines == here.lines, there.stderr


def test_rows_of_tables_with_line_ends_in_cells(in_one_jvm, in_process, hdfs, tmp_path):
    """Here and on HDFS, compressed or not, beside results, which Hadoop reads itself."""
    table = rows_with_line_ends(3000) + b'last,"5\n'
    (tmp_path / "local.csv").write_bytes(table)
    (tmp_path / "local.csv.gz").write_bytes(gzip.compress(table))
    (tmp_path / "results.jsonl").write_bytes(b'"a"\t{"x": 1}\n' * 99)
    hdfs.write("/cells/of # 100%/t.csv", table)
    hdfs.write("/cells/t.csv.bz2", bz2.compress(table))
    inputs = [
        [tmp_path / "local.csv", tmp_path / "results.jsonl"],
        ["hdfs:///cells"],
        [tmp_path / "local.csv.gz"],
    ]
    for given, rows in zip(inputs, (3099, 6000, 3000), strict=True):
        options = ["--fields", "x", *given]
        here = in_process("aggregate", *options)
        assert b'"rows": %d' % rows in here.stdout
        there = in_one_jvm("aggregate", "-D", "mapreduce.job.maps=5", *options)
        assert there.lines == here.lines, there.stderr
        assert (there.status, there.stderr) == (1, here.stderr)


# A job that changes a file on HDFS when it has read its input.
CHANGING_HDFS = """
from hdfs_tools.connecting import locate
from mapreduce_jobs.image_histogram import ImageHistogram


class Changing(ImageHistogram):
    def task_lines(self, spans):
        yield from super().task_lines(spans)
        locate("hdfs:///").write("/changing/scans.bundle", b"", overwrite=True)


if __name__ == "__main__":
    Changing.run()
"""


class TestInputThatChanges:
    @pytest.fixture
    def bundle(self, labelled, tmp_path):
        pack(labelled / "bright", tmp_path / "scans.bundle")
        return tmp_path / "scans.bundle"

    def test_on_hdfs_where_hadoop_reads_it(self, in_one_jvm, hdfs, bundle, tmp_path):
        (tmp_path / "changing.py").write_text(CHANGING_HDFS)
        for options in ([], ["-o", "hdfs:///changed"]):
            hdfs.write("/changing/scans.bundle", bundle.read_bytes(), overwrite=True)
            ran = in_one_jvm(
                tmp_path / "changing.py",
                *("-D", "mapreduce.job.maps=1", *options, "hdfs:///changing/scans.bundle"),
            )
            assert_no_result(
                ran, "hdfs:///changing/scans.bundle", "changed while the job ran", tmp_path
            )
            assert not hdfs.exists("/changed")

    def test_here(self, in_one_jvm, bundle, tmp_path):
        """The tasks of this cluster run here, too."""
        script = tmp_path / "changing.py"
        script.write_text(CHANGING.format(module="image_histogram", name="ImageHistogram"))
        ran = in_one_jvm(script, "--cmdenv", f"CHANGE=after,{bundle},0", bundle)
        assert_no_result(ran, bundle, "changed while the job ran", tmp_path)


def test_slices_of_a_series(on_cluster, job, good_folder):
    options = ["--stack", "--values", "modality", good_folder / "ct"]
    here = job("image_transform", *options)
    there = on_cluster("image_transform", "-D", "mapreduce.job.reduces=2", *options)
    assert there.lines == here.lines, there.stderr


class TestKey:
    """A key reaches every task, and nothing else."""

    def test_de_identified_as_in_one_process(self, on_cluster, job, good_folder, tmp_path):
        (tmp_path / "secret.key").write_text("an example of a secret, no real one\n")
        options = ["--key-file", tmp_path / "secret.key", good_folder]
        here = job("deidentify", *options)
        there = on_cluster("deidentify", "-D", "mapreduce.job.maps=3", *options)
        assert len(here.lines) > 10
        assert there.lines == here.lines, there.stderr
        assert (there.status, there.stderr) == (here.status, here.stderr)

    def test_from_a_variable(self, in_one_jvm, running, job, good_folder, tmp_path):
        secret = {"DEIDENTIFY_KEY": "an example of a secret, no real one"}
        here = job("deidentify", good_folder / "ct", env=secret)
        there = in_one_jvm("deidentify", good_folder / "ct", env=secret)
        assert there.lines == here.lines, there.stderr
        logs = [path for path in (running.folder / "logs").rglob("*") if path.is_file()]
        assert logs
        for path in logs:
            assert secret["DEIDENTIFY_KEY"].encode() not in path.read_bytes(), path
