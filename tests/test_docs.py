"""README, docs/, help and examples say what is so."""

import json
import re
import runpy
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from mapreduce_jobs.imaging.decode import decode
from tests.jobs.test_spark import spark
from tests.support import JOBS, ROOT, png, run, scan, write_tree

__all__ = ["spark"]

README = (ROOT / "README.md").read_text(encoding="utf-8")
NAMES = sorted(path.stem for path in JOBS.glob("*.py") if path.stem != "__init__")
COMMAND_NAMES = [name for name in NAMES if "\ndef main(" in (JOBS / f"{name}.py").read_text()]
JOB_NAMES = [name for name in NAMES if name not in COMMAND_NAMES]


OPTIONS = (ROOT / "docs/options.md").read_text(encoding="utf-8")
# Those of HDFS and Hadoop are run in tests/hdfs_tools and tests/cluster.
PAGES = sorted(
    path.relative_to(ROOT).as_posix()
    for path in [ROOT / "README.md", *ROOT.glob("docs/*.md")]
    if path.stem not in ("hdfs", "hadoop", "spark") and "```console" in path.read_text("utf-8")
)
SPARK_PAGE = "docs/spark.md"


def commands(text: str) -> list[str]:
    """Return the commands of a page's console blocks."""
    blocks = re.findall(r"^```console\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    lines = [
        line.partition("  #")[0].strip()
        for block in blocks
        for line in block.replace("\\\n", "").splitlines()
    ]
    return [line for line in lines if line]


def section(title: str) -> str:
    """Return a section of the README."""
    (found,) = re.findall(rf"^## {title}\n(.*?)(?=^## )", README, re.MULTILINE | re.DOTALL)
    return found


@pytest.fixture
def clone(tmp_path: Path, good_folder: Path) -> Path:
    """A folder that looks like a clone with a user's scans in it."""
    ours = (
        "mapreduce_jobs",
        "hdfs_tools",
        "examples",
        "docs",
        "README.md",
        "Makefile",
        "setup.cfg",
    )
    for name in ours:
        (tmp_path / name).symlink_to(ROOT / name)
    shutil.copytree(good_folder, tmp_path / "scans")
    write_tree(tmp_path / "scans/pairs", {"1-ct.png": png(scan(1)), "1-mr.png": png(scan(2))})
    return tmp_path


SETTING_UP = ("make ", "python3 -m venv", ". .venv/bin/activate", "pip install")
ON_A_CLUSTER = section("A Hadoop or Spark cluster")  # tests/cluster/test_readme.py runs this


@pytest.mark.parametrize("page", PAGES)
def test_every_command_of_a_page_runs(clone, page):
    run_commands(clone, page)
    if page == "README.md":
        for copy in ("fetched", "store/data/scans"):
            assert (clone / copy / "ct" / "small.dcm").exists()


def test_every_command_of_the_page_of_spark_runs(clone, spark):
    run_commands(clone, SPARK_PAGE)


def run_commands(clone: Path, page: str) -> None:
    """Run a page's commands in their order; what sets up is only checked to be there."""
    text = (ROOT / page).read_text(encoding="utf-8").replace(ON_A_CLUSTER, "")
    ours = Path(sys.executable).parent
    for block in re.findall(r"^```yaml\n(.*?)^```", text, re.MULTILINE | re.DOTALL):
        (clone / "rules.yaml").write_text(block)
    for line in commands(text):
        if line.startswith(SETTING_UP):
            continue
        ran = subprocess.run(
            ["bash", "-o", "pipefail", "-c", line],
            cwd=clone,
            env={
                "PATH": f"{ours}:/usr/bin:/bin",
                "HOME": str(clone),
                "HDFS_URL": f"file://{clone}/store",
            },
            capture_output=True,
        )
        # The odd names among the scans hold what a list by find and names on HDFS cannot.
        odd = line.startswith(("find", "hdfs-tools put"))
        assert ran.returncode in ((0, 1) if odd else (0,)), (line, ran.stderr)
        assert b"Traceback" not in ran.stderr
    blocks = re.findall(r"^```python\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    script = "".join(block for block in blocks if "__main__" not in block)
    subprocess.run([sys.executable, "-c", script], cwd=clone, check=True)


def test_commands_that_set_up():
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    used = {line.split()[1] for line in commands(README) if line.startswith("make ")}
    assert {"demo", "test", "cluster-up"} == used <= targets
    assert {"lint", "docs", "bench"} <= targets


@pytest.mark.parametrize("name", JOB_NAMES)
def test_every_job_is_in_the_readme_and_its_options_on_their_page(job, name):
    assert f"\n| `{name}` |" in README
    assert f"\n| `{name}` |" in OPTIONS
    shown = job(name, "--help").stdout.decode()
    own = set(re.findall(r"^  (--[a-z0-9-]+)", shown.split("--help", 1)[1], re.MULTILINE))
    assert own - set(re.findall(r"--[a-z0-9-]+", OPTIONS)) == set()


@pytest.mark.parametrize("name", COMMAND_NAMES)
def test_every_other_command_is_on_the_page_of_options(command, name):
    assert f"\n| `python -m mapreduce_jobs.{name} " in OPTIONS
    shown = command(sys.executable, "-m", f"mapreduce_jobs.{name}", "--help", cwd=ROOT)
    assert (shown.status, shown.stderr) == (0, "")
    assert "Traceback" not in shown.stdout.decode()


def test_the_page_of_operations_is_what_their_docstrings_say():
    """If not: python examples/gallery.py."""
    gallery = runpy.run_path(str(ROOT / "examples/gallery.py"))
    docs = ROOT / "docs"
    assert (docs / "operations.md").read_text(encoding="utf-8") == gallery["page"]()
    pictures = {path.stem for path in (docs / "operations").iterdir()}
    assert pictures == set(gallery["EXAMPLES"]) == set(gallery["OPERATIONS"])


def test_every_subcommand_has_help(command):
    shown = command(sys.executable, "-m", "hdfs_tools", "--help").stdout.decode()
    names = [path.stem for path in (ROOT / "hdfs_tools/commands").glob("[a-z]*.py")]
    for name in names:
        assert name in shown
        assert command(sys.executable, "-m", "hdfs_tools", name, "--help").status == 0


def test_the_example_is_that_of_its_page():
    page = (ROOT / "docs/own-job.md").read_text(encoding="utf-8")
    (block,) = re.findall(r"^```python\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    assert block in (ROOT / "examples/mean_intensity.py").read_text()


def test_the_example_counts_right(good_folder):
    script = ROOT / "examples/mean_intensity.py"
    ran = run(sys.executable, script, "-r", "local", "--group-by", "all", good_folder)
    (line,) = ran.lines
    each = run(sys.executable, script, good_folder)
    assert len(each.lines) > 10
    assert json.loads(line.split(b"\t")[1])["mean"] > 0


def test_the_demo(tmp_path):
    ran = run(sys.executable, ROOT / "examples/demo.py", cwd=tmp_path)
    assert ran.status == 0, ran.stderr
    shown = ran.stdout.decode()
    for name in ("ct/small.dcm", "mr/overlay.dcm", "us/rgb.dcm"):
        assert name in shown
    for name in ("histograms", "edges", "words"):
        lines = (tmp_path / f"demo-output/{name}.jsonl").read_text(encoding="utf-8").splitlines()
        assert all(json.loads(line.split("\t")[1]) for line in lines)
    for name in ("small", "overlay"):
        edges = (tmp_path / f"demo-output/edges/{name}.dcm.png").read_bytes()
        assert set(decode(edges).pixels.flat) == {0, 255}
    for line in re.findall(r"^\$ (.*)$", shown, re.MULTILINE):
        assert shlex.split(line)[0] == "python"


def test_help_is_fast_because_it_imports_nothing_heavy():
    """What an imaging library costs is paid by map tasks only."""
    for name in JOB_NAMES:
        code = (
            f"import sys; from mapreduce_jobs import {name};"
            "print(*({'numpy', 'cv2', 'PIL', 'pydicom', 'rich'} & set(sys.modules)))"
        )
        assert run(sys.executable, "-c", code).stdout == b"\n"
