"""On real HDFS, YARN and MapReduce, jobs give the lines that they give in one process."""

import bz2
import gzip
import json
import re
import subprocess
import zlib
from pathlib import Path

import cv2
import numpy as np
import pytest

from hdfs_tools.bundles.packing import pack
from hdfs_tools.bundles.record import Reference, bundle_line, reference_line
from tests.cluster.support import CLUSTER
from tests.jobs.test_word_count import text
from tests.support import JOBS, ODD_NAMES, ROOT, on_a_terminal, png, run, scan, write_tree


def same(there, here):
    """Compare a run on the cluster with one in this process."""
    assert there.lines == here.lines, there.stderr
    assert (there.status, there.stderr) == (here.status, here.stderr)


class TestLocalInput:
    def test_a_folder_with_odd_names_and_broken_images(self, on_cluster, job, collection):
        here = job("image_histogram", collection)
        assert b'"error": "FileNotFoundError"' in here.stdout
        assert len(here.lines) > 40
        same(on_cluster("image_histogram", collection), here)

    def test_a_bundle_merged_into_one(self, on_cluster, job, good_folder, tmp_path):
        pack(good_folder, tmp_path / "good.bundle")
        arguments = ["--group-by", "all", "good.bundle"]
        here = job("edge_density", *arguments)
        same(on_cluster("edge_density", "-D", "mapreduce.job.maps=3", *arguments), here)

    def test_a_list_on_standard_input(self, in_one_jvm, job, good_folder, good_images):
        references = [Reference(name).within(str(good_folder)) for name in good_images]
        stdin = b"".join(map(reference_line, references))
        here = job("edge_density", stdin=stdin)
        same(in_one_jvm("edge_density", "-D", "mapreduce.job.maps=1", stdin=stdin), here)

    def test_nothing(self, in_one_jvm, tmp_path):
        (tmp_path / "empty").mkdir()
        ran = in_one_jvm("image_histogram", "empty")
        assert (ran.status, ran.stdout) == (0, b"")
        assert ran.stderr == "no images in the input\n"


def test_provenance_tells_the_same_checksums(in_one_jvm, in_process, on_hdfs, tmp_path):
    """Of input and output; what was counted there is told too."""

    def told():
        return json.loads((tmp_path / "run.json").read_bytes())["provenance"]

    arguments = ["--provenance", "run.json", "--group-by", "folder", on_hdfs]
    ran = in_process("image_histogram", *arguments)
    here = told()
    same(in_one_jvm("image_histogram", "-D", "mapreduce.job.maps=3", *arguments), ran)
    there = told()
    assert there["runner"] == "hadoop"
    assert here["input"]["checksum"]
    for key in ("input", "output", "options"):
        assert there[key] == here[key]
    assert there["counters"]["images"] == here["counters"]["images"]
    assert "provenance" not in there["counters"]
    assert "Map-Reduce Framework" in there["counters"]


def test_a_terminal_shows_how_far_it_is(running, on_hdfs, tmp_path):
    script = JOBS / "clean.py"
    shown, status = on_a_terminal(script, *running.options, on_hdfs, cwd=tmp_path)
    assert status == 1
    assert re.search("step 1 of 2, map .*step 2 of 2, map", shown, re.DOTALL)
    assert re.search(r"\d+/\d+ images", shown)


@pytest.fixture(scope="module")
def large():
    """30 MB and 72 MB of pixels."""
    return {
        name: bytes(cv2.imencode(".bmp", np.tile(scan(1, (100, 100)), (side, side)))[1])
        for name, side in (("large.bmp", 55), ("huge.bmp", 85))
    }


class TestLargeImages:
    """Hadoop's own process, with a heap of 128 MB, takes input line by line."""

    def test_of_local_input_go_beside_the_lines(self, on_cluster, job, large, tmp_path):
        write_tree(tmp_path / "images", {"a/large.bmp": large["large.bmp"]})
        pack(tmp_path / "images", tmp_path / "x.bundle")
        another = cv2.imencode(".bmp", np.zeros((5000, 4000), np.uint8))[1].tobytes()
        (tmp_path / "same name.bundle").write_bytes(bundle_line("a/large.bmp", another))
        (tmp_path / "images/a/large.bmp").rename(tmp_path / "other.bmp")
        given = ["x.bundle", "same name.bundle", "other.bmp"]
        here = job("edge_density", *given)
        assert len(set(here.lines)) == 3
        same(on_cluster("edge_density", *given), here)

    def test_in_a_bundle_on_hdfs_want_a_larger_heap(self, on_cluster, hdfs, large):
        hdfs.write("/large/x.bundle", bundle_line("huge.bmp", large["huge.bmp"]))
        fewer = ["-D", "mapreduce.map.maxattempts=1"]
        ran = on_cluster("image_histogram", *fewer, "hdfs:///large/x.bundle")
        assert ran.status == 1
        assert "Java's memory does not hold a line of the input. Keep large" in ran.stderr
        more = re.findall(r"-D \S+=\S+", ran.stderr.splitlines()[1])
        words = [word for option in more for word in option.split()]
        assert on_cluster("image_histogram", *words, "hdfs:///large/x.bundle").status == 0

    def test_as_files_on_hdfs_want_only_pythons_memory(self, on_cluster, hdfs, large):
        hdfs.write("/large/files/huge.bmp", large["huge.bmp"])
        assert (
            on_cluster(
                "image_histogram", "-D", "mapreduce.map.memory.mb=1536", "hdfs:///large/files"
            ).status
            == 0
        )


def test_the_project_is_not_on_the_nodes(running):
    (python,) = re.findall(r'python_bin: "(.*)"', (running.folder / "mrjob.conf").read_text())
    assert run(python, "-c", "import mrjob, cv2", cwd="/").status == 0
    assert b"No module" in run(python, "-c", "import mapreduce_jobs", cwd="/").stderr.encode()


class TestInputOnHDFS:
    def test_a_folder(self, on_cluster, in_process, on_hdfs):
        here = in_process("edge_density", on_hdfs)
        names = "".join(line.decode() for line in here.lines)
        assert all(f'"{name}"' in names for name in ODD_NAMES if name.isalnum())
        same(on_cluster("edge_density", "-D", "mapreduce.job.maps=3", on_hdfs), here)

    def test_a_glob_by_folder(self, on_cluster, in_process, on_hdfs):
        arguments = ["--group-by", "folder", f"{on_hdfs}/{{ct,mr,u*}}/**"]
        here = in_process("image_histogram", *arguments)
        assert len(here.lines) == 3
        same(
            on_cluster(
                "image_histogram", "-D", "mapreduce.job.maps=2",
                "-D", "mapreduce.job.reduces=3", *arguments,
            ),
            here,
        )  # fmt: skip

    def test_a_bundle_that_refers_to_images_beside_it(
        self, in_one_jvm, in_process, hdfs, on_hdfs, good_folder, tmp_path
    ):
        pack(good_folder, tmp_path / "good.bundle")
        lines = (tmp_path / "good.bundle").read_bytes() + b"../images/ct/small.dcm\n"
        hdfs.write("/bundles/good.bundle", lines)
        here = in_process("image_histogram", "hdfs:///bundles/good.bundle")
        assert here.status == 0
        assert b'"images/ct/small.dcm"' in here.stdout
        same(
            in_one_jvm(
                "image_histogram", "-D", "mapreduce.job.maps=3", "hdfs:///bundles/good.bundle"
            ),
            here,
        )

    def test_a_manifest_and_what_hadoop_would_not_take(
        self, in_one_jvm, in_process, hdfs, on_hdfs, good_folder, tmp_path
    ):
        """Absolute and relative references, one to nothing; a bundle with an odd name."""
        hdfs.write(
            "/lists/all.manifest",
            b"/images/mr/small.dcm\n../images/100%25.png\n../images/nothing.png\n"
            b"hdfs:///images/us/rgb\n",
        )
        pack(good_folder / "ct", tmp_path / "ct.bundle")
        hdfs.write("/lists/_odd, name*.bundle", (tmp_path / "ct.bundle").read_bytes())
        arguments = ["hdfs:///lists/all.manifest", "hdfs:///lists/_odd, name*.bundle"]
        here = in_process("edge_density", *arguments)
        assert here.status == 1
        assert len(here.lines) == 6
        same(in_one_jvm("edge_density", *arguments), here)


class TestResults:
    def test_in_a_folder_on_hdfs(self, in_one_jvm, in_process, hdfs, on_hdfs):
        ran = in_one_jvm("edge_density", "-o", "results/edges", f"{on_hdfs}/ct")
        assert (ran.status, ran.stdout, ran.stderr) == (0, b"", "")
        user = subprocess.run(["id", "-un"], capture_output=True, text=True).stdout.strip()
        parts = [e for e in hdfs.list(f"/user/{user}/results/edges") if e.name[0] == "p"]
        lines = sorted(line for part in parts for line in hdfs.read(part.path).splitlines())
        assert lines == in_process("edge_density", f"{on_hdfs}/ct").lines
        assert hdfs.exists(f"/user/{user}/results/edges/_SUCCESS")
        again = in_one_jvm("edge_density", "-o", "results/edges", f"{on_hdfs}/ct")
        assert again.status == 2
        assert again.stderr.endswith("results/edges: the output directory exists already\n")
        assert len(again.stderr.splitlines()) == 1

    @pytest.mark.parametrize(
        ("codec", "ending"),
        [("DefaultCodec", ".deflate"), ("BZip2Codec", ".bz2"), ("SnappyCodec", ".snappy")],
    )
    def test_that_hadoop_compresses_are_read(
        self, in_one_jvm, in_process, hdfs, on_hdfs, codec, ending
    ):
        """By the next job, here and on the cluster."""
        output = f"hdfs:///compressed/{codec}"
        settings = "mapreduce.output.fileoutputformat.compress"
        compress = ["-D", f"{settings}=true"]
        compress += ["-D", f"{settings}.codec=org.apache.hadoop.io.compress.{codec}"]
        ops = ["--ops", "flip axis=both"]
        made = in_one_jvm("image_transform", *compress, *ops, "-o", output, f"{on_hdfs}/ct")
        assert made.status == 0, made.stderr
        names = [entry.name for entry in hdfs.list(f"/compressed/{codec}")]
        assert {name.endswith(ending) for name in names if name[0] == "p"} == {True}
        plain = in_process("image_transform", *ops, f"{on_hdfs}/ct")
        expected = in_process("edge_density", stdin=plain.stdout)
        here = in_process("edge_density", output)
        assert here.lines == expected.lines
        same(in_one_jvm("edge_density", output), here)

    def test_nothing_is_left_behind(self, hdfs):
        user = subprocess.run(["id", "-un"], capture_output=True, text=True).stdout.strip()
        assert list(hdfs.walk(f"/user/{user}/tmp")) == []


class TestTransform:
    OPS = "scale factor=0.5 | convolve kernel=0,1,0;1,-4,1;0,1,0 result=absolute | normalise bits=8"

    def test_a_chain_and_the_next_job(self, in_one_jvm, job, in_process, hdfs, collection):
        hdfs.delete("/transformed", recursive=True)
        here = job("image_transform", "--ops", self.OPS, collection)
        same(in_one_jvm("image_transform", "--ops", self.OPS, collection), here)
        options = ["--ops", self.OPS, "-o", "hdfs:///transformed"]
        assert in_one_jvm("image_transform", *options, collection).stdout == b""
        measured = in_process("edge_density", "hdfs:///transformed")
        assert len(measured.lines) == len(here.lines)
        same(in_one_jvm("edge_density", "hdfs:///transformed"), measured)

    def test_operations_from_a_file(self, in_one_jvm, job, good_folder, tmp_path):
        (tmp_path / "my ops.yaml").write_text("[{flip: {axis: both}}, median size=3]")
        arguments = ["--ops-file", "my ops.yaml", "--format", "tiff", good_folder]
        same(in_one_jvm("image_transform", *arguments), job("image_transform", *arguments))

    def test_fusion(self, on_cluster, job, tmp_path):
        pairs = {f"{i}-{kind}.png": png(scan(i)) for i in range(6) for kind in ("ct", "mr")}
        write_tree(tmp_path / "pairs", pairs | {"alone-ct.png": png(scan(9))})
        arguments = ["--fuse", "pyramid", "--match", r"(.*)-(?:ct|mr)\.png"]
        arguments += ["--register", "translation", tmp_path / "pairs"]
        here = job("image_transform", *arguments)
        assert (len(here.lines), here.status) == (7, 1)
        same(on_cluster("image_transform", "-D", "mapreduce.job.reduces=3", *arguments), here)


@pytest.fixture(scope="module")
def texts():
    """Texts of all kinds, by name."""
    return {
        "plain.txt": "Größe größe one two  two\r\nthree\f3\n".encode() * 99,
        "mark.txt": b"\xef\xbb\xbfmarked one",
        "sub/latin.txt": b"na\xefve caf\xe9\n",
        "sub/packed.gz": gzip.compress(b"packed one two\n" * 50),
        "sub/packed.bz2": bz2.compress(b"packed one two\n" * 50),
        "_hidden.txt": b"hidden one\n",
        "sub/.hidden": b"hidden two",
        "odd, name [1]*.txt": b"odd one",
        "empty": b"",
        "empty.gz": b"",
        "plain.deflate": zlib.compress(b"plain words\n"),
    }


class TestWordCount:
    def test_local_texts(self, on_cluster, job, texts, tmp_path):
        write_tree(tmp_path / "texts", texts)
        here = job("word_count", "texts")
        same(on_cluster("word_count", "-D", "mapreduce.job.reduces=3", "texts"), here)

    def test_texts_on_hdfs(self, in_one_jvm, job, hdfs, texts, tmp_path):
        write_tree(tmp_path / "texts", texts)
        for name, data in texts.items():
            hdfs.write(f"/texts/{name}", data)
        here = job("word_count", "--normalise", "texts")
        same(in_one_jvm("word_count", "--normalise", "hdfs:///texts"), here)

    def test_is_that_of_hadoops_own_example(self, running, in_one_jvm, hdfs):
        hdfs.write("/example/in", text(5, 20_000) + b" na\xefve caf\xe9 \xf0\x9f caf\xe9\n")
        jar = CLUSTER.parent / ".hadoop/lib/hadoop-mapreduce-examples-3.4.2.jar"
        ran = running.hadoop("jar", jar, "wordcount", "/example/in", "/example/out")
        assert ran.status == 0, ran.stderr
        lines = hdfs.read("/example/out/part-r-00000").decode().rstrip("\n").split("\n")
        theirs = {word: int(count) for word, count in (line.split("\t") for line in lines)}
        ours = in_one_jvm("word_count", "hdfs:///example/in")
        pairs = [line.decode().split("\t") for line in ours.lines]
        assert {json.loads(word): int(count) for word, count in pairs} == theirs
        assert theirs["na\ufffdve"] == 1


def test_a_job_of_ones_own(on_cluster, in_process, on_hdfs):
    script = Path(__file__).resolve().parents[2] / "examples" / "mean_intensity.py"
    here = in_process(script, "--group-by", "folder", on_hdfs)
    same(on_cluster(script, "--group-by", "folder", "-D", "mapreduce.job.reduces=3", on_hdfs), here)


@pytest.mark.parametrize("group", ["image", "all"])
def test_a_job_of_ones_own_with_a_field_error_that_prints(
    in_one_jvm, in_process, on_hdfs, tmp_path, group
):
    """What it prints is in the logs of its tasks."""
    script = write_tree(tmp_path, {"own_job.py": (ROOT / "tests/own_job.py").read_bytes()})
    options = [script / "own_job.py", "--group-by", group, on_hdfs]
    there, here = in_one_jvm(*options), in_process(*options)
    assert there.lines == here.lines, there.stderr
    assert there.status == here.status
    assert "from a process" not in there.stderr
