"""Comparison of the results of two checkouts of this project: every job, on several runners.

``python -m benchmarks.same_results BEFORE AFTER`` runs each case below with the code of both
checkouts, on the same input, and compares exit status, result lines and output directories byte for
byte; the order of lines is free. One line a case; exit status 1 if anything differs.
"""

import argparse
import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pydicom
from pydicom.data import get_testdata_file

from benchmarks import data
from examples.demo import SCANS
from tests.support import rows_with_line_ends, write_collection

__all__ = ["main"]

_RUNNERS = ("inline", "local", "spark", "hadoop")
_TIMEOUT = 1800  # seconds
_ENVIRONMENT = {"DEIDENTIFY_KEY": "a key of the comparison", "PYTHONUTF8": "1"}
_SERIES = Path(pydicom.__file__).parent / "data/test_files/dicomdirtests"
_CASES = {
    "words": "word_count {text}",
    "words-normalised": "word_count --normalise {text} {rows}",
    "histogram": "image_histogram {collection}",
    "histogram-directory": "image_histogram --group-by folder --range -1024 3071"
    " -o output {collection}",
    "histogram-modality": "image_histogram --values modality --group-by modality {demo}",
    "histogram-skip": "image_histogram --on-error skip {collection}",
    "edges": "edge_density {collection}",
    "edges-canny": "edge_density --detector canny --to-8bit minmax {collection}",
    "edges-all": "edge_density --group-by all --threshold 400 {demo}",
    "profile": "collection_profile {collection}",
    "profile-sums": "collection_profile --keep-sums --on-error skip {demo}",
    "profile-merged": "collection_profile --merge-into {=profile-sums} --on-error skip"
    " {collection}",
    "clean": "clean {collection}",
    "clean-kept": "clean --on-error skip --min-sharpness 1 --output kept {collection}",
    "headers": "dicom_headers {demo} {series}",
    "headers-where": """dicom_headers --where "Modality == 'CT' and SliceThickness <= 5" {demo}""",
    "transform": "image_transform --ops"
    " 'scale factor=0.5 | rotate angle=30 | gaussian sigma=1.5' {collection}",
    "transform-png": "image_transform --ops 'normalise bits=8 | canny low=60 high=150'"
    " --format png -o output {collection}",
    "transform-display": "image_transform --values display --ops 'normalise bits=8' {demo}",
    "transform-stack": "image_transform --stack {series}",
    "histogram-bundle": "image_histogram {=transform}",
    "segment": "segment_collection --k 3 --values modality {demo}/ct",
    "segment-exact": "segment_collection --exact --k 3 --model rgb {demo}/us",
    "segment-labels": "segment_collection --means {=segment} --values modality {demo}/mr",
    "recognise": "recognise --labels folder --features moments,binary-patterns"
    " --to-8bit minmax {demo}",
    "recognise-model": "recognise --model {=recognise} {collection}",
    "regression": "linear_regression --features x0,x1,x2 --target y {table}",
    "regression-ridge": "linear_regression --features x0,x1 --target y --ridge 0.5 {table}",
    "aggregate-rows": "aggregate --fields x --by key {rows}",
    "aggregate-results": "aggregate --fields density,mean_gradient --group-by folder {=edges}",
    "deidentify": "deidentify {collection}",
    "deidentify-retain": "deidentify --retain dates --keep-names -o output {series}",
    "deidentify-check": "deidentify --check {demo}",
    "deidentify-names": "deidentify --list-names {series}",
}
"""Commands of jobs, each after those whose results it reads.

`{collection}` and the like are the inputs; `{=NAME}` is the file of results of another case, by the
same checkout on the same runner; `-o output` is in the case's own directory.
"""
_ONLY_HERE = ("segment-exact", "deidentify-names")
"""What runs on this machine alone: with the inline and the local runner."""


def _inputs(directory: Path) -> dict[str, str]:
    """Write what cases read; return the paths by name."""
    demo = directory / "demo"
    for name, source in SCANS.items():
        (demo / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(str(get_testdata_file(source, download=False)), demo / name)
    (directory / "rows.csv").write_bytes(rows_with_line_ends(2000))
    inputs = {
        "demo": demo,
        "series": shutil.copytree(_SERIES, directory / "series"),
        "collection": write_collection(directory / "collection"),
        "text": data.text_file(directory, 1),
        "table": data.table_file(directory, 5000),
        "rows": directory / "rows.csv",
    }
    return {name: str(path) for name, path in inputs.items()}


@dataclass(frozen=True)
class _Checkout:
    root: Path
    python: str
    results: Path

    def run(
        self, case: str, runner: str, options: Sequence[str], inputs: dict[str, str]
    ) -> dict[str, Any]:
        """Run a case; return all that is compared of it."""
        directory = self.results / runner / case
        directory.mkdir(parents=True)
        of_others = {f"={name}": f"../{name}/{_result(name)}" for name in _CASES}
        name, *words = shlex.split(_CASES[case])
        words = [word.format_map({**inputs, **of_others}) for word in words]
        job = self.root / "mapreduce_jobs" / f"{name}.py"
        with (
            open(directory / _result(case), "wb") as stdout,
            open(directory / "stderr", "wb") as stderr,
        ):
            status = subprocess.run(
                [self.python, job, "-r", runner, *options, *words],
                stdin=subprocess.DEVNULL,
                stdout=stdout,
                stderr=stderr,
                cwd=directory,
                env={**os.environ, **_ENVIRONMENT, "PYTHONPATH": str(self.root)},
                timeout=_TIMEOUT,
            ).returncode
        output = directory / "output"
        files = sorted(path for path in output.rglob("*") if path.is_file())
        parts = [path for path in files if path.name.startswith("part-")]
        return {
            "exit status": status,
            "result lines": _lines([directory / _result(case)]),
            "lines of -o": _lines(parts),
            "files of -o": [str(path.relative_to(output)) for path in files],
        }


def _result(case: str) -> str:
    """Return the name of the file of a case's results; bundles are known by theirs."""
    return "result.bundle" if _CASES[case].startswith("image_transform ") else "result.jsonl"


def _lines(files: Sequence[Path]) -> list[bytes]:
    return sorted(line for path in files for line in path.read_bytes().splitlines(keepends=True))


def main(argv: Sequence[str] | None = None) -> int:
    """Compare two checkouts; return 1 if anything differs."""
    options = _options(argv)
    shutil.rmtree(options.output, ignore_errors=True)
    inputs = _inputs(options.output / "inputs")
    before, after = (
        _Checkout(root, _python(root, options.python), options.output / name)
        for name, root in (("before", options.before), ("after", options.after))
    )
    differing = 0
    for runner in options.runners:
        more = ("-c", str(options.mrjob_conf)) if runner == "hadoop" else ()
        for case in options.only or _CASES:
            if case in _ONLY_HERE and runner not in _RUNNERS[:2]:
                continue
            one, other = (each.run(case, runner, more, inputs) for each in (before, after))
            differ = [what for what in one if one[what] != other[what]]
            lines = sum(len(one[what]) for what in ("result lines", "lines of -o"))
            if not lines and not differ:
                differ = ["no results at all"]
            outcome = f"DIFFERS: {', '.join(differ)}" if differ else f"same, {lines} lines"
            print(f"{runner:7} {case:20} exit {one['exit status']}  {outcome}", flush=True)
            differing += bool(differ)
    if differing:
        print(f"{differing} cases differ; their results are in {options.output}", file=sys.stderr)
    return int(bool(differing))


def _python(root: Path, chosen: str | None) -> str:
    own = root / ".venv" / "bin" / "python"
    return chosen or str(own if own.exists() else sys.executable)


def _options(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.same_results", description=__doc__.partition("\n")[0]
    )
    for name in ("before", "after"):
        parser.add_argument(
            name, type=lambda text: Path(text).resolve(), metavar=name.upper(), help="a checkout"
        )
    parser.add_argument(
        "--runners", nargs="+", choices=_RUNNERS, default=_RUNNERS[:2], help="default: inline local"
    )
    parser.add_argument(
        "--only", nargs="+", choices=_CASES, metavar="CASE",
        help="which cases, after those whose results they read (default: all)",
    )  # fmt: skip
    parser.add_argument(
        "--python", help="for both (default: that of .venv in each checkout, else this one)"
    )
    parser.add_argument(
        "--mrjob-conf", type=Path, default=Path("hadoop-docker/mrjob.conf"), metavar="FILE",
        help="of the cluster for hadoop (default: %(default)s)",
    )  # fmt: skip
    parser.add_argument(
        "--output", type=Path, default=Path("bench-output/same-results"), metavar="DIRECTORY",
        help="where input and results are written; what is there goes (default: %(default)s)",
    )  # fmt: skip
    options = parser.parse_args(argv)
    for root in (options.before, options.after):
        if not (root / "mapreduce_jobs").is_dir():
            parser.error(f"{root}: not a checkout of this project: mapreduce_jobs/ is not there")
    options.output, options.mrjob_conf = options.output.resolve(), options.mrjob_conf.resolve()
    return options


if __name__ == "__main__":
    sys.exit(main())
