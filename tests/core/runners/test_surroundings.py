"""What a job says where it runs with too little, or in a locale that does not know its names."""

import json
import os
import shlex
import shutil
import sys

import pytest

from tests.support import JOBS, png, run, scan

LARGE = '''
import numpy
from mapreduce_jobs.core.jobs.image_job import ImageJob


class Large(ImageJob):
    """Needs more memory than there is for one image."""

    def measure(self, image):
        rows = image.pixels.shape[1]
        return {"rows": len(numpy.empty(1 << 60, numpy.uint8)) if rows == 11 else rows}


if __name__ == "__main__":
    Large.run()
'''
NO_PROCESSES = "no more processes or threads can be started: the limit is reached (see ulimit -u)\n"
NO_MEMORY = "there is not enough memory (see ulimit -v)\n"
NO_DOCSTRINGS = (
    "Python runs with PYTHONOPTIMIZE=2 or -OO, which leaves out the docstrings that are needed"
    " here; set it to 1 or unset it\n"
)


@pytest.fixture
def scans(tmp_path, tree):
    return tree(tmp_path / "scans", {f"{i}.png": png(scan(i, (10 + i, 12))) for i in range(4)})


def limited(limit, *command, before=(), **kwargs):
    """Run a command under a limit of the shell's."""
    words = shlex.join(map(str, command))
    return run(*before, "bash", "-c", f"ulimit {limit} && exec {words}", **kwargs)


@pytest.mark.parametrize("runner", ["inline", "local"])
class TestTooLittle:
    def test_memory_for_one_image(self, tmp_path, scans, runner):
        (tmp_path / "large.py").write_text(LARGE)
        ran = run(sys.executable, tmp_path / "large.py", "-r", runner, scans)
        assert (ran.status, ran.stderr) == (1, "1 of 4 images failed: 1 MemoryError\n")
        assert json.loads(ran.lines[1].split(b"\t")[1]) == {
            "error": "MemoryError",
            "message": "there is not enough memory for it",
        }

    @pytest.mark.skipif(sys.platform != "linux", reason="elsewhere ulimit -v is not heeded")
    def test_memory_at_all(self, scans, runner):
        job = [sys.executable, JOBS / "edge_density.py", "-r", runner, scans]
        ran = limited(f"-v {200 << 10}", *job)
        assert (ran.status, ran.stdout, ran.stderr) == (1, b"", f"edge_density: {NO_MEMORY}")


@pytest.mark.skipif(sys.platform != "linux", reason="sets a limit as only Linux has it")
@pytest.mark.parametrize("processes", [1, 3])
def test_too_few_processes(tmp_path, scans, processes):
    before = []
    if os.geteuid() == 0:  # for whom there is no limit
        setpriv = shutil.which("setpriv")
        assert setpriv, "as root, the test of limits needs setpriv (util-linux)"
        nobody, reads = ["--reuid=54321", "--clear-groups"], "+dac_read_search"
        before = [setpriv, *nobody, f"--inh-caps={reads}", f"--ambient-caps={reads}"]
    (tmp_path / "tmp").mkdir()
    (tmp_path / "tmp").chmod(0o777)
    four = ["--num-cores", "4", "-D", "mapreduce.job.maps=4"]
    job = [sys.executable, JOBS / "edge_density.py", "-r", "local", *four, scans]
    somebody = {"LOGNAME": "somebody", "HOME": "/", "TMPDIR": str(tmp_path / "tmp")}
    ran = limited(f"-u {processes}", *job, before=before, env=somebody)
    assert (ran.status, ran.stdout) == (1, b"")
    assert ran.stderr.startswith("edge_density: ")
    assert ran.stderr.endswith(NO_PROCESSES)
    assert len(ran.stderr.splitlines()) == 1
    assert os.listdir(tmp_path / "tmp") == []


class TestWithoutDocstrings:
    WITHOUT = {"PYTHONOPTIMIZE": "2", "PYTHONDONTWRITEBYTECODE": "1"}  # noqa: RUF012

    @pytest.mark.parametrize("words", [["--help"], ["--list-ops"], ["scans"]])
    def test_a_job_says_that_it_needs_them(self, job, words):
        ran = job("image_transform", *words, env=self.WITHOUT)
        assert (ran.status, ran.stdout) == (2, b"")
        assert ran.stderr == f"image_transform: {NO_DOCSTRINGS}"

    def test_so_does_a_pipeline(self):
        script = (
            "from mapreduce_jobs.imaging.pipelines.pipeline import Pipeline\n"
            "Pipeline.parse('flip axis=x')"
        )
        ran = run(sys.executable, "-c", script, env=self.WITHOUT)
        assert ran.status == 1
        assert ran.stderr.endswith(f"StrippedDocstrings: {NO_DOCSTRINGS}")


class TestAnotherLocale:
    ASCII = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}  # noqa: RUF012

    @pytest.fixture
    def names(self, tmp_path, tree):
        files = {"scäns/胸/ü.png": png(scan(1)), "scäns/a.png": png(scan(2))}
        tree(tmp_path, {**files, "some.manifest": "scäns/胸/ü.png\n".encode()})
        return tmp_path

    @pytest.mark.parametrize("runner", ["inline", "local"])
    @pytest.mark.parametrize("given", ["scäns", "scäns/胸/ü.png", "some.manifest"])
    def test_a_job_reads_the_same_names(self, names, job, runner, given):
        expected = job("edge_density", given)
        assert expected.status == 0
        ran = job("edge_density", "-r", runner, given, env=self.ASCII)
        assert (ran.status, ran.stderr, ran.lines) == (0, "", expected.lines)

    def test_hdfs_tools_writes_the_same_names(self, names):
        tools = [sys.executable, "-m", "hdfs_tools"]
        there = {"HDFS_URL": f"file://{names / 'store'}"}
        put = run(*tools, "put", "scäns", "/", cwd=names, env={**there, **self.ASCII})
        assert (put.status, put.stderr) == (0, "")
        listed = run(*tools, "ls", "-R", "-C", "/", env=there)
        assert listed.stdout.decode().split() == [
            "/scäns",
            "/scäns/a.png",
            "/scäns/胸",
            "/scäns/胸/ü.png",
        ]
        packed = run(*tools, "pack", "scäns", "a.bundle", cwd=names, env=self.ASCII)
        assert packed.status == 0
        again = run(*tools, "pack", "scäns", "b.bundle", cwd=names)
        assert again.status == 0
        assert (names / "a.bundle").read_bytes() == (names / "b.bundle").read_bytes()
