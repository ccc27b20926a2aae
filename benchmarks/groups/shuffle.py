"""Bytes that travel from map tasks to reduce tasks."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from benchmarks import data
from benchmarks.declare import ROOT, Settings
from benchmarks.errors import BenchmarkError
from benchmarks.runner import say
from hdfs_tools.bundles.record import Reference, reference_line

__all__ = ["NOTES", "sections"]

NOTES = """\
- One map task over all images, as Hadoop streaming runs it: `python JOB.py --mapper`, `sort`,
  `python JOB.py --combiner`, and how much each writes. An image is 512×512 pixels of 8 bits; its
  decoded pixels are 262,144 bytes.
"""

_SIZES = (10, 100, 1_000)
_JOBS = {
    "image_histogram": ("--group-by", "all"),
    "edge_density": ("--group-by", "all"),
    "collection_profile": (),
    "segment_collection": ("--k", "3"),
}
_NO_COMBINER = "segment_collection"  # it adds up in the mapper


def sections(settings: Settings) -> Iterator[str]:
    """Run each job's mapper and combiner; yield one table."""
    lines = [
        "## From map to reduce",
        "",
        "| job | images | of the mapper, bytes an image | of the combiner, bytes a task |",
        "|---|--:|--:|--:|",
    ]
    for job, options in _JOBS.items():
        for count in _SIZES:
            say(f"shuffle: {job}, {count} images")
            mapped, combined = _written(job, options, count, settings)
            lines.append(f"| `{job}` | {count:,} | {mapped / count:,.0f} | {combined:,} |")
    yield "\n".join(lines) + "\n"


def _written(job: str, options: tuple[str, ...], count: int, settings: Settings) -> tuple[int, int]:
    """Return the bytes that a map task writes, and what is left of them behind the combiner."""
    directory = data.image_directory(settings.data, count, 8)
    references = (reference_line(Reference(str(path))) for path in sorted(directory.iterdir()))
    command = [sys.executable, str(ROOT / f"mapreduce_jobs/{job}.py"), "--step-num=0", *options]
    mapped = _run([*command, "--mapper"], b"".join(references))
    if job == _NO_COMBINER:
        return len(mapped), len(mapped)
    ordered = b"".join(sorted(mapped.splitlines(keepends=True)))
    return len(mapped), len(_run([*command, "--combiner"], ordered))


def _run(command: list[str], stdin: bytes) -> bytes:
    ran = subprocess.run(command, input=stdin, capture_output=True, cwd=Path(ROOT))
    if ran.returncode:
        words = ran.stderr.decode(errors="replace").strip().splitlines()[-1:]
        raise BenchmarkError(f"{' '.join(command)}: {' '.join(words)}")
    return ran.stdout
