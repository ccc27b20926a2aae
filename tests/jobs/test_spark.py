"""`-r spark` gives what `-r inline` gives: results, counters, errors, and nothing left behind."""

import gzip
import importlib.util
import json
import os
import shutil
import signal
import subprocess
import sys
import time

import pytest

from hdfs_tools.bundles.packing import pack
from hdfs_tools.bundles.record import Reference, reference_line
from tests.cluster.support import unavailable
from tests.jobs.test_changing_input import CHANGING, assert_no_result
from tests.support import JOBS, ROOT, png, rows_with_line_ends, run, scan, write_tree

SPARK = ["-r", "spark", "--spark-master", "local[2]"]
JAVA = os.path.join(os.environ["JAVA_HOME"], "bin/java") if "JAVA_HOME" in os.environ else "java"

pytestmark = pytest.mark.cluster

# A job with a mistake in one of its methods.
MISTAKEN = """
from mapreduce_jobs.core.jobs.image_job import ImageJob


class Mistaken(ImageJob):
    def configure_args(self):
        super().configure_args()
        self.add_passthru_arg("--mistake-in")

    def measure(self, image):
        return {"n": 1 // (self.options.mistake_in != "measure")}

    def merge(self, one, other):
        return {"n": 1 // (self.options.mistake_in != "merge")}


if __name__ == "__main__":
    Mistaken.run()
"""


@pytest.fixture(scope="module")
def spark():
    """What to run jobs on Spark with."""
    if importlib.util.find_spec("pyspark") is None:
        unavailable("spark", "Spark is not installed: pip install 'mapreduce-imaging[spark]'")
    if shutil.which(JAVA) is None:
        unavailable("spark", "Spark needs Java 17: install openjdk-17-jre-headless")
    return SPARK


@pytest.fixture
def both(spark, tmp_path):
    """Run a job on Spark and in the process, from a folder of its own; nothing may be left."""

    def run_both(name, *arguments, **kwargs):
        (tmp_path / "tmp").mkdir()
        (tmp_path / "cwd").mkdir()
        env = {"TMPDIR": str(tmp_path / "tmp")}
        command = [sys.executable, JOBS / f"{name}.py", *arguments]
        found = run(*command, *spark, cwd=tmp_path / "cwd", env=env, **kwargs)
        expected = run(*command, cwd=tmp_path / "cwd", **kwargs)
        assert os.listdir(tmp_path / "tmp") == os.listdir(tmp_path / "cwd") == []
        return found, expected

    return run_both


def assert_same(found, expected):
    assert (found.status, found.stderr) == (expected.status, expected.stderr)
    assert found.lines == expected.lines
    assert found.lines


def test_a_folder_of_good_and_broken_images_in_odd_names(both, collection):
    found, expected = both("edge_density", collection)
    assert_same(found, expected)
    assert found.status == 1
    assert "images failed: 1 ChecksumMismatch" in found.stderr


def test_bundle_manifest_glob_and_folder_in_groups(both, tmp_path, good_images):
    """The bundle and the manifest hold records and relative references."""
    names = sorted(good_images)
    four = [
        write_tree(tmp_path / f"given {part}", {name: good_images[name] for name in names[part::4]})
        for part in range(4)
    ]
    for folder, packed in zip(four, ["given.bundle", "given.manifest"], strict=False):
        own = {f"own {name}.png": png(scan(i)) for i, name in enumerate("abc")}
        pack(write_tree(tmp_path / f"own {packed}", own), tmp_path / "own.bundle")
        (tmp_path / "own.bundle").rename(folder / packed)
        with open(folder / packed, "ab") as file:
            inside = [name for name in names if os.path.lexists(folder / name)]
            file.writelines(reference_line(Reference(name)) for name in inside)
        if packed.endswith("manifest"):  # names of its own
            lines = (folder / packed).read_bytes().replace(b"own ", b"more ")
            (folder / packed).write_bytes(lines)
    inputs = [four[0] / "given.bundle", four[1] / "given.manifest", four[2], f"{four[3]}/**/*.png"]
    assert_same(*both("image_histogram", "--group-by", "folder", *inputs))


def test_images_that_are_made(both, collection):
    chain = "scale factor=0.5 | convolve kernel=outline result=scale | normalise bits=8"
    assert_same(*both("image_transform", "--ops", chain, collection))


def test_images_that_are_fused(both, tmp_path):
    pairs = {f"{i}-{kind}.png": png(scan(i)) for i in range(5) for kind in ("ct", "mr")}
    folder = write_tree(tmp_path / "pairs", pairs | {"alone-ct.png": png(scan(9))})
    options = ["--fuse", "mean", "--match", r"(.*)-(?:ct|mr)\.png"]
    assert_same(*both("image_transform", *options, folder))


def test_provenance(spark, collection, tmp_path):
    """Its checksums and counters are those of the process, also after several steps."""
    told = []
    for options in (spark, []):
        command = [sys.executable, JOBS / "clean.py", "--provenance", "run.json", *options]
        assert run(*command, collection, cwd=tmp_path).status == 1
        told.append(json.loads((tmp_path / "run.json").read_bytes())["provenance"])
    assert told[0]["input"]["checksum"]
    for key in ("input", "counters", "output"):
        assert told[0][key] == told[1][key]


def test_an_earlier_result(both, collection, good_folder, tmp_path):
    options = ["--group-by", "folder", "--keep-sums"]
    ran = run(sys.executable, JOBS / "collection_profile.py", *options, good_folder)
    (tmp_path / "earlier").write_bytes(ran.stdout)
    options = ["--group-by", "folder", "--merge-into", tmp_path / "earlier"]
    assert_same(*both("collection_profile", *options, collection / "broken"))


def test_standard_input(both, good_folder, tmp_path):
    pack(good_folder, tmp_path / "all.bundle")
    stdin = (tmp_path / "all.bundle").read_bytes()
    stdin += reference_line(Reference(f"{good_folder}/./ct/small.dcm").within("/")) + b"/nowhere\n"
    stdin = b"".join(line for line in stdin.splitlines(True) if not line.startswith(b"ct/small"))
    many = ["-D", "mapreduce.job.maps=5", "-D", "mapreduce.job.reduces=3"]
    assert_same(*both("edge_density", "--group-by", "all", *many, stdin=stdin))


def test_words(both, tmp_path):
    texts = tmp_path / "texts"
    texts.mkdir()
    text = (ROOT / "README.md").read_bytes() + b"\xff\xfe\rGr\xc3\xb6\xc3\x9fe " + b"long" * 99999
    (texts / "a.txt").write_bytes(text * 3)
    (texts / "b.txt.gz").write_bytes(gzip.compress(text))
    assert_same(*both("word_count", "--normalise", texts))


def test_rows_of_a_table_with_line_ends_in_cells(both, tmp_path):
    (tmp_path / "t.csv").write_bytes(rows_with_line_ends(3000) + b'last,"5\n')
    options = ["--fields", "x", "-D", "mapreduce.job.maps=5"]
    found, expected = both("aggregate", *options, tmp_path / "t.csv")
    assert_same(found, expected)
    assert found.status == 1
    assert b'"rows": 3000' in found.stdout


class TestInputThatChanges:
    @pytest.fixture
    def changing(self, spark, tmp_path):
        """Run a job on Spark that changes a bundle of twelve images; return how it ended."""
        image = png(scan(0, (8, 8)))
        path = tmp_path / "scans.bundle"
        pack(write_tree(tmp_path / "scans", {f"{n}.png": image for n in range(12)}), path)
        script = tmp_path / "changing.py"
        script.write_text(CHANGING.format(module="image_histogram", name="ImageHistogram"))

        def run_job(when, *options):
            change = f"{when},{path},{path.stat().st_size // 12 * 10}"
            return path, run(sys.executable, script, *spark, *options, path, env={"CHANGE": change})

        return run_job

    def test_what_became_shorter(self, changing, tmp_path):
        path, ran = changing("before")
        assert_no_result(ran, path, "it became shorter while it was read", tmp_path)

    @pytest.mark.parametrize("place", [None, "{}/out", "file://{}/out"])
    def test_what_changed_when_it_had_been_read(self, changing, tmp_path, place):
        path, ran = changing("after", *(["-o", place.format(tmp_path)] if place else []))
        assert_no_result(ran, path, "changed while the job ran", tmp_path)


def test_an_output_folder(spark, job, good_folder, tmp_path):
    words = ("edge_density", *spark, "-o", "o ut%", good_folder)
    ran = job(*words)
    assert (ran.status, ran.stdout, ran.stderr) == (0, b"", "")
    parts = sorted((tmp_path / "o ut%").glob("part-*"))
    counts = [len(part.read_bytes().splitlines()) for part in parts]
    lines = sorted(line for part in parts for line in part.read_bytes().splitlines())
    assert lines == job("edge_density", good_folder).lines
    assert len(counts) == 2  # a task a core
    assert min(counts) > max(counts) // 2
    assert (tmp_path / "o ut%" / "_SUCCESS").exists()
    again = job(*words)
    assert again.status == 2
    assert again.stderr.endswith("/o ut%: the output directory exists already\n")
    assert os.listdir(tmp_path) == ["o ut%"]


def test_stop_at_the_first_failure(both, tmp_path):
    write_tree(tmp_path / "scans", {"not-utf-8-\udcff.png": b"", "good.png": png(scan(0))})
    arguments = ("edge_density", "--on-error", "fail", tmp_path / "scans")
    found, expected = both(*arguments)
    assert found.stderr == expected.stderr
    assert found.stderr == ("edge_density: not-utf-8-\\udcff.png: EmptyFile: the file is empty\n")
    assert (found.status, found.stdout) == (1, b"")


@pytest.mark.parametrize(
    ("method", "said"),
    [
        ("measure", "19 images failed: 19 ZeroDivisionError\n"),
        ("merge", "ZeroDivisionError: integer division or modulo by zero\n"),
    ],
)
def test_a_mistake_in_a_job(spark, tmp_path, method, said):
    (tmp_path / "mistaken.py").write_text(MISTAKEN)
    write_tree(tmp_path / "scans", {f"{i}.png": png(scan(i)) for i in range(19)})
    words = ("--mistake-in", method, "--group-by", "all", "scans")
    ran = run(sys.executable, "mistaken.py", *spark, *words, cwd=tmp_path)
    assert ran.status == 1
    assert ran.stderr.endswith(said)
    assert ran.stderr.count("Traceback") == 1
    assert f", in {method}\n" in ran.stderr
    assert "\tat " not in ran.stderr
    assert " INFO " not in ran.stderr


@pytest.mark.parametrize("group", ["image", "all"])
def test_a_job_of_ones_own(both, tmp_path, group):
    """Its field named error, NumPy's numbers, and what it prints."""
    write_tree(tmp_path, {"own_job.py": (ROOT / "tests/own_job.py").read_bytes()})
    images = {f"{i}.png": png(scan(i)) for i in range(4)}
    folder = write_tree(tmp_path / "scans", {**images, "empty.png": b""})
    found, expected = both(tmp_path / "own_job", "--group-by", group, folder)
    assert (found.status, found.lines) == (1, expected.lines)
    assert sorted(found.stderr.splitlines()) == sorted(expected.stderr.splitlines())
    assert found.stderr.count("from a process\n") == 4


@pytest.mark.parametrize(("number", "status"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_an_interrupt_ends_spark(spark, good_folder, tmp_path, number, status):
    (tmp_path / "tmp").mkdir()
    job = subprocess.Popen(
        [sys.executable, JOBS / "edge_density.py", *spark, "-o", tmp_path / "out", good_folder],
        env={**os.environ, "TMPDIR": str(tmp_path / "tmp")},
        stderr=subprocess.PIPE,
        # What starts the tests may ignore interrupts, and so what they start.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    deadline = time.monotonic() + 60
    while not list(tmp_path.glob("tmp/*/spark/scratch/*")) and time.monotonic() < deadline:
        time.sleep(0.05)
    job.send_signal(number)
    _, said = job.communicate(timeout=60)
    assert job.returncode == status
    assert b"Traceback" not in said
    assert os.listdir(tmp_path) == ["tmp"]
    assert os.listdir(tmp_path / "tmp") == []
    running = subprocess.run(["ps", "-eo", "args"], capture_output=True, check=True).stdout
    assert str(tmp_path).encode() not in running


class TestUsage:
    """What is refused before Spark starts."""

    def test_no_spark(self, good_folder, tmp_path):
        code = (
            "import runpy, sys; sys.modules['pyspark'] = None;"
            f"sys.argv[0] = {str(JOBS / 'edge_density.py')!r};"
            "runpy.run_path(sys.argv[0], run_name='__main__')"
        )
        env = {"PATH": "/usr/bin:/bin", "SPARK_HOME": ""}
        ran = run(sys.executable, "-c", code, *SPARK, good_folder, cwd=tmp_path, env=env)
        assert (ran.status, ran.stderr) == (
            2,
            "edge_density: -r spark needs Spark, and there is none:"
            " pip install 'mapreduce-imaging[spark]'\n",
        )

    def test_no_java(self, spark, job, good_folder):
        ran = job("edge_density", *spark, good_folder, env={"JAVA_HOME": "/nowhere"})
        assert ran.status == 2
        assert ran.stderr.startswith(
            "edge_density: -r spark needs Java, and there is none in JAVA_HOME, /nowhere: install"
        )
        assert ran.stderr.count("\n") == 1

    def test_a_master_that_is_not_here(self, spark, job, good_folder):
        ran = job("edge_density", "-r", "spark", "--spark-master", "yarn", good_folder)
        assert ran.status == 2
        assert "--spark-master yarn: jobs run on Spark on one machine, local[N]" in ran.stderr

    def test_an_input_that_is_not_there(self, spark, job):
        ran = job("edge_density", *spark, "nowhere")
        assert (ran.status, ran.stderr) == (2, "edge_density: nowhere: no such file or directory\n")
