"""The command line of every job: names behind `--`, and the options that `--help` offers."""

import re
import sys

import pytest

from mapreduce_jobs.core.runners.mrjob_compat import RUNNERS
from tests.support import ROOT, png, scan, write_tree

CLOUDS = re.compile(r"\b(emr|ec2|aws|s3|dataproc|gce?s?|google|cloud)\b", re.IGNORECASE)


@pytest.fixture
def dashes(tmp_path):
    """A folder of names that look like options of mrjob, of a job, and like `--` itself."""
    images = {name: png(scan(n)) for n, name in enumerate(["-r.png", "--mapper", "--", "a.png"])}
    return write_tree(tmp_path, images)


@pytest.mark.parametrize("runner", ["inline", "local"])
def test_names_behind_two_dashes_are_no_options(job, dashes, runner):
    ran = job("edge_density", "-r", runner, "a.png", "--", "-r.png", "--mapper", "--")
    assert (ran.status, ran.stderr) == (0, "")
    assert ran.lines == job("edge_density", ".").lines
    assert [line.split(b"\t")[0] for line in ran.lines] == [
        *(b'"--"', b'"--mapper"', b'"-r.png"', b'"a.png"')
    ]


def test_a_text_behind_two_dashes(job, tmp_path):
    (tmp_path / "-q").write_text("word word\n")
    assert job("word_count", "--", "-q").stdout == b'"word"\t2\n'
    assert job("word_count", "--", stdin=b"word\n").stdout == b'"word"\t1\n'


def test_commands_take_names_behind_two_dashes(command, job, dashes):
    (dashes / "-result").write_bytes(job("edge_density", "a.png").stdout)
    (dashes / "-folder").mkdir()
    (dashes / "-folder/b.png").write_bytes(png(scan(9)))
    env = {"PYTHONPATH": str(ROOT)}
    for name, *words in (
        ("results", "--save", "csv", "-o", "r.csv", "--", "-result"),
        ("report", "-o", "r.html", "--", "-result"),
        ("compare", "-o", "c.html", "--", "-r.png", "--mapper"),
        ("watch", "--once", "--settle=0", "--", "-folder", "-state", "edge_density", "--low=1"),
    ):
        ran = command(sys.executable, "-m", f"mapreduce_jobs.{name}", *words, cwd=dashes, env=env)
        assert ran.status == 0, ran.stderr
    assert (dashes / "-state/batch-000001/result.txt").read_bytes().startswith(b'"b.png"\t')


@pytest.mark.parametrize("runner", [None, *RUNNERS])
def test_help_offers_what_there_is(job, runner):
    ran = job("image_histogram", "--help", *(["-r", runner] if runner else []))
    assert (ran.status, ran.stderr) == (0, "")
    offered = ran.stdout.decode()
    assert not CLOUDS.search(offered)
    assert ("--bins" in offered) == (runner is None)
    assert ("--py-files" in offered) == (runner is not None)
    assert ("--hadoop-streaming-jar" in offered) == (runner == "hadoop")


def test_every_option_of_a_runner_can_be_given(job, tmp_path):
    """Those that mrjob's runners know, but for the ones that are about clouds."""
    from mapreduce_jobs.core.runners.hadoop.hadoop_runner import HadoopRunner
    from mapreduce_jobs.core.runners.local import LocalRunner
    from mapreduce_jobs.core.runners.mrjob_compat import mrjob_options
    from mapreduce_jobs.word_count import WordCount

    known = {action.dest for action in WordCount(args=[]).arg_parser._actions}
    for runner in (HadoopRunner, LocalRunner):
        assert {
            name
            for name in runner.OPT_NAMES - known
            if mrjob_options._RUNNER_OPTS.get(name, {}).get("switches")
        } == set()
