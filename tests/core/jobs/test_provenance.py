"""--provenance: what a researcher needs to cite a run and to repeat it, and no secret."""

import configparser
import hashlib
import json
import os
import platform
import re
import sys
from datetime import UTC, datetime, timedelta

import pytest

from hdfs_tools import connect
from hdfs_tools.bundles.packing import pack
from mapreduce_jobs.core.jobs.provenance import PACKAGES
from mapreduce_jobs.core.options.secrecy import without_secrets, words_without_secrets
from tests.support import JOBS, ROOT, png, run, scan

TEXT = b"one two two\n" * 1000


@pytest.fixture
def told(job, tmp_path):
    """Run a job with --provenance; return the process and what the file holds."""

    def run_job(name, *arguments, **kwargs):
        file = tmp_path / "run.json"
        file.unlink(missing_ok=True)
        ran = job(name, "--provenance", "run.json", *arguments, **kwargs)
        assert file.exists(), ran.stderr
        found = json.loads(file.read_bytes())
        assert list(found) == ["provenance"]
        assert not list(tmp_path.glob("run.json.*"))
        return ran, found["provenance"]

    return run_job


def sha256_of_lines(ran):
    return hashlib.sha256(b"".join(line + b"\n" for line in ran.lines)).hexdigest()


class TestWhatIsTold:
    def test_of_a_run(self, told, tmp_path, tree):
        tree(tmp_path / "scans", {"a/1.png": png(scan(1)), "a/2.png": png(scan(2)), "b.png": b""})
        before = datetime.now(UTC) - timedelta(seconds=1)
        ran, found = told("image_histogram", "-r", "local", "--group-by", "folder", "scans")
        assert ran.status == 1
        assert list(found) == [
            "job", "command", "runner", "options", "files", "versions", "input", "counters",
            "started", "seconds", "output",
        ]  # fmt: skip
        assert found["job"] == "image_histogram"
        assert found["command"] == [
            sys.executable, str(JOBS / "image_histogram.py"), "--provenance", "run.json",
            "-r", "local", "--group-by", "folder", "scans",
        ]  # fmt: skip
        assert found["runner"] == "local"
        options = found["options"]
        assert (options["group-by"], options["bins"], options["model"]) == ("folder", 256, "grey")
        assert {"provenance", "sum-up-input", "runner"} & options.keys() == set()
        assert found["versions"]["python"] == platform.python_version()
        assert {"mapreduce-imaging", "mrjob", "numpy", "pydicom"} <= found["versions"].keys()
        assert found["input"]["arguments"] == ["scans"]
        assert found["input"]["images"] == 3
        assert found["counters"] == {
            "images": {"failed": 1, "failed: EmptyFile": 1, "measured": 2, "read": 3}
        }
        assert ran.stderr == "1 of 3 images failed: 1 EmptyFile\n"
        started = datetime.fromisoformat(found["started"].replace("Z", "+00:00"))
        assert before <= started <= datetime.now(UTC)
        assert 0 < found["seconds"] < 300
        assert found["output"] == {"lines": 2, "sha256": sha256_of_lines(ran)}

    def test_the_command_can_be_run_again(self, told, tmp_path, tree):
        tree(tmp_path / "scans", {"1.png": png(scan(1))})
        ran, found = told("edge_density", "--threshold", "50", "scans")
        again = run(*found["command"], cwd=tmp_path)
        assert again.stdout == ran.stdout
        second = json.loads((tmp_path / "run.json").read_bytes())["provenance"]
        for moving in ("started", "seconds"):
            found.pop(moving), second.pop(moving)
        assert second == found

    def test_results_in_a_folder_are_summed_up_too(self, told, tmp_path, tree):
        tree(tmp_path / "scans", {f"{i}.png": png(scan(i)) for i in range(5)})
        shown, here = told("edge_density", "scans")
        ran, found = told("edge_density", "-r", "local", "-o", "out", "scans")
        assert ran.stdout == b""
        assert found["output"] == here["output"] == {"lines": 5, "sha256": sha256_of_lines(shown)}

    def test_counters_of_all_steps(self, told, tmp_path, tree):
        tree(tmp_path / "scans", {"1.png": png(scan(1)), "2.png": png(scan(1)), "x.png": b""})
        ran, found = told("clean", "scans")
        images = found["counters"]["images"]
        assert (images["read"], images["kept"], images["rejected"]) == (3, 1, 1)
        assert "1 of 2 images rejected: 1 duplicate\n" in ran.stderr

    def test_files_that_options_name(self, told, tmp_path, tree):
        tree(tmp_path, {"rows.csv": b"name,x\na,1\nb,2\n", "more.csv": b"name,y\na,3\nb,4\n"})
        _, found = told("aggregate", "--fields", "x,y", "--join", "more.csv", "rows.csv")
        data = (tmp_path / "more.csv").read_bytes()
        assert found["files"] == {"join": hashlib.sha256(data).hexdigest()}

    def test_names_that_are_not_utf_8(self, told, tmp_path, tree):
        tree(tmp_path, {"not-utf-8-\udcff.png": png(scan(1))})
        _, found = told(
            "edge_density", os.fsencode("not-utf-8-\udcff.png").decode(errors="surrogateescape")
        )
        assert found["input"]["arguments"] == ["not-utf-8-\udcff.png"]


class TestChecksumOfTheInput:
    @pytest.fixture
    def whole(self, told, collection):
        return told("image_histogram", collection)[1]["input"]

    def test_is_the_same_in_every_runner_for_any_number_of_tasks(self, told, collection, whole):
        assert re.fullmatch("[0-9a-f]{64}", whole["checksum"])
        for options in (["-r", "local"], ["-r", "local", "-D", "mapreduce.job.maps=7"]):
            _, found = told("image_histogram", *options, "--group-by", "all", collection)
            assert found["input"] == whole

    def test_is_the_same_for_a_bundle(self, told, tmp_path, good_folder):
        _, folder = told("edge_density", good_folder)
        pack(good_folder, tmp_path / "good.bundle")
        assert (
            told("edge_density", "good.bundle")[1]["input"]["checksum"]
            == (folder["input"]["checksum"])
        )

    def test_is_the_same_on_hdfs(self, told, tmp_path, tree):
        files = {"胸部/ö 1.png": png(scan(1)), "100%.png": png(scan(2)), "broken/b.png": b""}
        tree(tmp_path / "scans", files)
        fs = connect(f"file://{tmp_path}/store")
        fs.copy_from_local(tmp_path / "scans", "/scans")
        url = {"HDFS_URL": f"file://{tmp_path}/store"}
        _, here = told("edge_density", "scans")
        for options in ([], ["--group-by", "modality"]):  # headers are read first, then the rest
            _, there = told("edge_density", *options, "hdfs:///scans", env=url)
            assert there["input"] == {**here["input"], "arguments": ["hdfs:///scans"]}

    def test_shows_any_change(self, told, tmp_path, tree):
        checksums = set()
        for files in (
            {"a.png": png(scan(1)), "b.png": png(scan(2))},
            {"a.png": png(scan(2)), "b.png": png(scan(1))},
            {"a.png": png(scan(1)), "c.png": png(scan(2))},
            {"a.png": png(scan(1)), "b.png": png(scan(2)) + b"\0"},
            {"a.png": png(scan(1))},
        ):
            folder = tree(tmp_path / f"scans {len(checksums)}", files)
            checksums.add(told("edge_density", folder)[1]["input"]["checksum"])
        assert len(checksums) == 5

    def test_is_of_what_where_selects(self, told, good_folder):
        _, found = told("edge_density", "--where", "Modality == 'CT'", good_folder)
        images = found["counters"]["images"]
        chosen = images["read"] - images["excluded"]
        assert 0 < chosen < images["read"] == found["input"]["images"]
        assert found["input"]["checksum_of"] == f"names and bytes of images: {chosen}"

    def test_is_none_where_headers_alone_are_read(self, told, good_folder):
        _, found = told("dicom_headers", good_folder)
        assert found["input"]["checksum"] is None
        assert found["input"]["checksum_of"].startswith("nothing: ")

    def test_of_texts(self, told, tmp_path, tree):
        tree(tmp_path / "texts", {"a.txt": TEXT, "b.txt": TEXT[:300], "empty.txt": b""})
        _, found = told("word_count", "texts")
        assert (found["input"]["images"], found["input"]["files"]) == (None, 3)
        (tmp_path / "texts/a.txt").rename(tmp_path / "texts/renamed.txt")
        assert told("word_count", "-r", "local", "texts")[1]["input"] == found["input"]
        _, piped = told("word_count", stdin=TEXT)
        _, named = told("word_count", "texts/renamed.txt")
        assert piped["input"]["checksum"] == named["input"]["checksum"]
        assert found["input"]["checksum"] != named["input"]["checksum"]

    def test_of_rows(self, told, tmp_path):
        (tmp_path / "rows.csv").write_bytes(b"name,x\na,1\nb,none\n")
        ran, found = told("aggregate", "--fields", "x", "rows.csv")
        assert (found["input"]["rows"], found["input"]["files"]) == (2, 1)
        assert ran.stderr == "1 of 2 rows failed: 1 BadRow\n"

    def test_texts_on_hdfs_are_not_read_twice(self, told, tmp_path):
        connect(f"file://{tmp_path}/store").write("/a.txt", TEXT)
        url = {"HDFS_URL": f"file://{tmp_path}/store"}
        _, found = told("word_count", "hdfs:///a.txt", env=url)
        assert found["input"]["checksum"] is None
        assert "HDFS" in found["input"]["checksum_of"]


class TestSecrets:
    @pytest.mark.parametrize(
        "written", [["--key-file", "p4th"], ["--key-file=p4th"], ["--key", "p4th"]]
    )
    def test_of_deidentify(self, told, tmp_path, tree, written):
        tree(tmp_path, {"scans/1.png": png(scan(1)), "p4th": b"0123456789abcdef" * 2})
        (tmp_path / "p4th").chmod(0o600)
        _, found = told("deidentify", *written, "scans")
        text = json.dumps(found)
        assert "p4th" not in text
        assert "0123456789abcdef" not in text
        assert hashlib.sha256(b"0123456789abcdef" * 2).hexdigest() not in text
        assert found["options"]["key-file"] == "…"

    def test_of_the_environment(self, told, tmp_path, tree):
        tree(tmp_path, {"scans/1.png": png(scan(1))})
        _, found = told("deidentify", "scans", env={"DEIDENTIFY_KEY": "s3cret" * 5})
        assert "s3cret" not in json.dumps(found)

    @pytest.mark.parametrize(
        ("word", "shown"),
        [
            ("http://me:pass@nn:9870/a", "http://…@nn:9870/a"),
            ("http://a:b@one;http://c:d@two", "http://…@one;http://…@two"),
            ("hdfs://me@nn/scans", "hdfs://me@nn/scans"),
            ("hdfs://nn:8020/a@b.dcm", "hdfs://nn:8020/a@b.dcm"),
            ("--cmdenv=AWS_SECRET_KEY=a b", "--cmdenv=AWS_SECRET_KEY=…"),
            ("trustStorePassword=x", "trustStorePassword=…"),
            ("monkey=0.5,donkey=0.5", "monkey=0.5,donkey=0.5"),
            ("--group-by=folder", "--group-by=folder"),
            ("KeyObjectSelection == 'a'", "KeyObjectSelection == 'a'"),
        ],
    )
    def test_in_a_word(self, word, shown):
        assert without_secrets(word) == shown
        assert words_without_secrets([word], ["--group-by", "--cmdenv"]) == [shown]


class TestPlaces:
    @pytest.mark.parametrize(
        ("place", "said"),
        [
            ("nowhere/run.json", "there is no directory"),
            ("scans", "is a directory"),
            ("pipe", "is not a file"),
            ("hdfs:///run.json", "must be a file on this machine"),
            ("x" * 300, "cannot be written"),
        ],
    )
    def test_what_cannot_be_written_is_said_before_the_job_runs(
        self, job, tmp_path, tree, place, said
    ):
        tree(tmp_path, {"scans/1.png": png(scan(1))})
        os.mkfifo(tmp_path / "pipe")
        ran = job("edge_density", "--provenance", place, "scans")
        assert (ran.status, ran.stdout) == (2, b"")
        assert ran.stderr.startswith(f"edge_density: --provenance: {place}: ")
        assert said in ran.stderr
        assert ran.stderr.count("\n") == 1

    def test_a_folder_that_may_not_be_written(self, without_privileges, tmp_path, tree):
        tree(tmp_path, {"scans/1.png": png(scan(1))})
        (tmp_path / "locked").mkdir(mode=0o500)
        words = [
            sys.executable,
            JOBS / "edge_density.py",
            "--provenance",
            "locked/run.json",
            "scans",
        ]
        ran = run(*without_privileges, *words, cwd=tmp_path)
        assert ran.status == 2
        assert "Permission denied" in ran.stderr

    def test_the_result_itself(self, tmp_path, tree):
        tree(tmp_path, {"scans/1.png": png(scan(1))})
        words = f"{sys.executable} {JOBS / 'edge_density.py'} --provenance r.json scans > r.json"
        ran = run("sh", "-c", words, cwd=tmp_path)
        assert ran.status == 2
        assert "standard output" in ran.stderr

    def test_a_job_that_fails_leaves_none(self, job, tmp_path, tree):
        tree(tmp_path, {"scans/1.png": b""})
        ran = job("edge_density", "--on-error", "fail", "--provenance", "run.json", "scans")
        assert ran.status == 1
        assert os.listdir(tmp_path) == ["scans"]

    def test_what_was_there_before_is_replaced(self, told, tmp_path, tree):
        tree(tmp_path, {"scans/1.png": png(scan(1)), "other.json": b"old"})
        (tmp_path / "link.json").symlink_to("other.json")
        run(
            sys.executable,
            JOBS / "edge_density.py",
            "--provenance",
            "link.json",
            "scans",
            cwd=tmp_path,
        )
        assert (tmp_path / "link.json").is_symlink()
        assert "provenance" in json.loads((tmp_path / "other.json").read_bytes())


def test_every_package_that_results_may_depend_on_is_listed():
    config = configparser.ConfigParser()
    config.read(ROOT / "setup.cfg")
    extras = config["options.extras_require"]
    lines = config["options"]["install_requires"].splitlines()
    for extra in set(extras) - {"test", "lint", "bench", "docs"}:
        lines += extras[extra].splitlines()
    names = {re.split(r"[\[<>=; ]", line)[0] for line in lines if line and not line.startswith("#")}
    # They run, bring and show: no number of a result comes from them.
    others = {"setuptools", "standard-pipes", "hdfs", "requests", "requests-kerberos", "rich"}
    others |= {"google-crc32c", "jinja2", "matplotlib", "pyarrow", "backports.zstd"}
    assert names - others == set(PACKAGES)
