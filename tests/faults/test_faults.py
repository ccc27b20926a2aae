"""Disks that have no room: whatever writes is whole, or is not there and says so.

``FAULTS=500 pytest tests/faults`` tries 500 faults in place of some each; the seeds are the
numbers, so a failure comes again.
"""

import base64
import json
import os
import random
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from hdfs_tools import connect
from tests.faults.disks import disk, kinds
from tests.support import JOBS, ROOT, dicom, png, scan, write_tree

FAULTS = int(os.environ.get("FAULTS", "32"))
FILES = 24


@dataclass(frozen=True)
class Given:
    """What there is before a fault; not to be written to."""

    folder: Path

    @property
    def files(self) -> dict[str, bytes]:
        return tree_of(self.folder / "files")


@pytest.fixture(scope="module")
def given(tmp_path_factory):
    """Files of many sizes, images, a bundle, a store and a result."""
    folder = tmp_path_factory.mktemp("given")
    rng = np.random.default_rng(1)
    sizes = [0, 1, 4096, 8192, *rng.integers(2, 40_000, FILES - 4)]
    write_tree(
        folder / "files",
        {f"{number % 3}/file-{number:02d}": rng.bytes(size) for number, size in enumerate(sizes)},
    )
    images = {f"{number % 2}/{number}.png": png(scan(number, (24, 32))) for number in range(6)}
    write_tree(folder / "images", images | {"0/ct.dcm": dicom("CT_small.dcm")})
    (folder / "table.csv").write_text(
        "name,x,y\n" + "".join(f"r{i},{i},{i * i}\n" for i in range(400))
    )
    (folder / "files.bundle").write_bytes(bundle_of(tree_of(folder / "files")))
    (folder / "key").write_bytes(b"0123456789abcdef" * 4)
    connect(f"file://{folder}/store").copy_from_local(folder / "files", "/files")
    with open(folder / "result.jsonl", "wb") as result:
        command = [sys.executable, JOBS / "image_histogram.py", folder / "images"]
        subprocess.run(command, stdout=result, check=True)
    return Given(folder)


def tree_of(folder: Path) -> dict[str, bytes]:
    """Return what a folder holds, without what is hidden."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
        and not any(part.startswith(".") for part in path.relative_to(folder).parts)
    }


def bundle_of(files: dict[str, bytes]) -> bytes:
    return b"".join(
        f"{name}\t{base64.b64encode(data).decode()}\n".encode() for name, data in files.items()
    )


# What is run. Each begins with an empty folder, and ends with a look at what is in it.


@dataclass(frozen=True)
class Case:
    """A command that writes into a folder."""

    words: Callable[[Given, Path], list[object]]
    outputs: Callable[[Path], dict[str, bytes]]
    """What has a final name in the folder."""
    stdout: bool = False
    """Whether standard output goes to a file in the folder."""
    each: bool = False
    """Whether some of the outputs may be there when it fails, and those that are not are named."""
    environment: Callable[[Given, Path], dict[str, str]] = lambda given, out: {}


def tools(*words: object) -> list[object]:
    return [sys.executable, "-m", "hdfs_tools", *words]


def module(name: str, *words: object) -> list[object]:
    return [sys.executable, "-m", f"mapreduce_jobs.{name}", *words]


def under(name: str) -> Callable[[Path], dict[str, bytes]]:
    """Return what looks at a file or folder that may be missing."""

    def look(out: Path) -> dict[str, bytes]:
        path = out / name
        return (
            tree_of(path) if path.is_dir() else {name: path.read_bytes()} if path.exists() else {}
        )

    return look


def in_store(out: Path) -> dict[str, bytes]:
    return under("store/files")(out)


def result_of(out: Path) -> dict[str, bytes]:
    """Return a job's result, in one piece and sorted, however it was split."""
    folder = out / "result"
    if not folder.exists():
        return {}
    assert (folder / "_SUCCESS").exists()
    parts = (part.read_bytes() for part in sorted(folder.glob("part-*")))
    return {"result": b"".join(sorted(b"".join(parts).splitlines(keepends=True)))}


def lines_of(out: Path) -> dict[str, bytes]:
    """Return the lines of a job's result; their order is that of a directory's entries."""
    return {"lines": b"".join(sorted((out / "stdout").read_bytes().splitlines(keepends=True)))}


def job_to_folder(name: str, *words: str, data: str = "images") -> Case:
    return Case(
        lambda given, out: [
            sys.executable,
            JOBS / f"{name}.py",
            *words,
            "-o",
            out / "result",
            given.folder / data,
        ],
        result_of,
    )


def job_to_file(name: str, *words: str, data: str = "images") -> Case:
    return Case(
        lambda given, out: [
            sys.executable,
            JOBS / f"{name}.py",
            *(word.replace("GIVEN", str(given.folder)) for word in words),
            given.folder / data,
        ],
        lines_of,
        stdout=True,
    )


def saved(ending: str) -> Case:
    return Case(
        lambda given, out: module(
            "results", given.folder / "result.jsonl", "--save", ending, "-o", out / f"x.{ending}"
        ),
        under(f"x.{ending}"),
    )


CASES = {
    "get": Case(
        lambda given, out: tools("get", "/files", out / "files"),
        under("files"),
        each=True,
        environment=lambda given, out: {"HDFS_URL": f"file://{given.folder}/store"},
    ),
    "put": Case(
        lambda given, out: tools("put", given.folder / "files", "/files"),
        in_store,
        each=True,
        environment=lambda given, out: {"HDFS_URL": f"file://{out}/store"},
    ),
    "cat": Case(
        lambda given, out: tools("cat", "/files/*/*"),
        under("stdout"),
        stdout=True,
        environment=lambda given, out: {"HDFS_URL": f"file://{given.folder}/store"},
    ),
    "pack": Case(
        lambda given, out: tools("pack", given.folder / "files", out / "x.bundle"),
        under("x.bundle"),
    ),
    "pack into parts": Case(
        lambda given, out: tools("pack", "--size", "64k", given.folder / "files", out / "parts"),
        under("parts"),
    ),
    "unpack": Case(
        lambda given, out: tools("unpack", given.folder / "files.bundle", out / "files"),
        under("files"),
        each=True,
    ),
    "histogram": job_to_folder("image_histogram"),
    "edges, local": job_to_folder("edge_density", "-r", "local", "-D", "mapreduce.job.maps=3"),
    "words": job_to_folder("word_count", "-r", "local", data="result.jsonl"),
    "table": job_to_folder("aggregate", "--fields", "x,y", data="table.csv"),
    "regression": job_to_folder(
        "linear_regression", "--features", "x", "--target", "y", "-r", "local", data="table.csv"
    ),
    "headers": job_to_folder("dicom_headers", "--on-error", "skip"),
    "profile": job_to_folder("collection_profile"),
    "classes": job_to_folder("segment_collection", "--k", "2"),
    "recognise": job_to_folder("recognise", "--labels", "folder", "--on-error", "skip"),
    "provenance": Case(
        lambda given, out: [
            *(sys.executable, JOBS / "image_histogram.py", "--provenance", out / "run.json"),
            given.folder / "images",
        ],
        lambda out: {
            name: str(sorted(json.loads(data)["provenance"])).encode()
            for name, data in under("run.json")(out).items()
        },
    ),
    "transform": job_to_file("image_transform", "--ops", "flip axis=horizontal"),
    "transform, local": job_to_file("image_transform", "-r", "local", "--ops", "invert"),
    "deidentify": job_to_file("deidentify", "--key-file", "GIVEN/key"),
    "clean": job_to_file("clean", "-r", "local"),
    "csv": saved("csv"),
    "parquet": saved("parquet"),
    "npz": saved("npz"),
    "report": Case(
        lambda given, out: module("report", given.folder / "result.jsonl", "-o", out / "x.html"),
        under("x.html"),
    ),
    "compare": Case(
        lambda given, out: module(
            "compare",
            given.folder / "images/0/0.png",
            given.folder / "images/0/2.png",
            "-o",
            out / "x.html",
        ),
        under("x.html"),
    ),
}


def run(case: Case, given: Given, out: Path, environment: dict, before=None):
    (out / ".tmp").mkdir()
    env = {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        **case.environment(given, out),
        **environment,
        "TMPDIR": str(out / ".tmp"),
    }
    stdout = open(out / "stdout", "wb") if case.stdout else subprocess.DEVNULL  # noqa: SIM115
    try:
        return subprocess.run(
            [str(word) for word in case.words(given, out)],
            stdin=subprocess.DEVNULL,
            stdout=stdout,
            stderr=subprocess.PIPE,
            env=env,
            preexec_fn=before,
            cwd=ROOT,
            timeout=120,
        )
    finally:
        if case.stdout:
            stdout.close()


@pytest.fixture(scope="module")
def expected(given, tmp_path_factory):
    """What each case writes where there is room."""
    known = {}

    def of(name: str) -> dict[str, bytes]:
        if name not in known:
            out = tmp_path_factory.mktemp("expected")
            ran = run(CASES[name], given, out, {})
            assert ran.returncode == 0, ran.stderr.decode()
            known[name] = CASES[name].outputs(out)
            assert known[name]
        return known[name]

    return of


def test_what_is_expected_is_what_was_given(given, expected):
    assert expected("get") == expected("put") == expected("unpack") == given.files
    assert expected("pack") == {"x.bundle": bundle_of(given.files)}
    assert b"".join(expected("pack into parts").values()) == bundle_of(given.files)
    assert expected("cat") == {"stdout": b"".join(given.files.values())}
    (edges,) = expected("edges, local").values()
    assert len(edges.splitlines()) == len(tree_of(given.folder / "images"))
    (words,) = expected("words").values()
    assert json.loads(words.splitlines()[0].partition(b"\t")[2]) >= 1


@pytest.mark.parametrize("seed", range(FAULTS))
def test_status_0_means_that_all_is_there(given, expected, tmp_path, seed):
    rng = random.Random(seed)
    name = list(CASES)[seed % len(CASES)]
    case, whole = CASES[name], expected(name)
    kind = rng.choice(kinds())
    size = sum(map(len, whole.values()))
    most = max(map(len, whole.values())) if kind == "limit" else size
    room = int(most * rng.uniform(0, 1.3)) + rng.choice([0, 0, 4096, 65536])
    out = tmp_path / "out"
    with disk(kind, out, room, seed) as full:
        ran = run(case, given, out, full.environment, full.before)
        said = ran.stderr.decode(errors="replace")
        there = case.outputs(out)
        temporary = [str(path) for path in out.rglob("*._COPYING_")]
    where = f"{name} on a disk of kind {kind!r} with room for {room} of {size} bytes:\n{said}"
    assert "Traceback" not in said, where
    if ran.returncode == 0:
        assert there == whole, where
        return
    assert said.strip(), where
    assert not temporary, where
    if case.each:
        assert all(whole[path] == data for path, data in there.items()), where
        missing = [path for path in whole if path not in there]
        assert missing, where
        named = [path for path in missing if os.path.basename(path) in said]
        begun = bool(there) or "out/store: " not in said  # else there is no room for a store
        assert named == missing or not begun, where
    elif not case.stdout:  # the shell has made that one
        assert not there, where
