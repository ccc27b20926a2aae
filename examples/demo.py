"""Run the jobs over real medical images and show what comes out.

The images are test data of pydicom (MIT licence), which comes with this project: CT, MR and
ultrasound, grey, colour and palette, 8 to 16 bits, plain and JPEG 2000.
"""

import json
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from pydicom.data import get_testdata_file
from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table

from hdfs_tools.bundles.unpacking import unpack

OUTPUT = Path("demo-output")
JOBS = Path(__file__).resolve().parent.parent / "mapreduce_jobs"
SCANS = {
    "ct/small.dcm": "CT_small.dcm",
    "ct/jpeg2000.dcm": "693_J2KI.dcm",
    "mr/small.dcm": "MR_small.dcm",
    "mr/overlay.dcm": "examples_overlay.dcm",
    "us/rgb.dcm": "examples_rgb_color.dcm",
    "us/frames.dcm": "examples_ybr_color.dcm",
    "us/palette.dcm": "examples_palette.dcm",
}
LEFT: dict[str, Any] = {"image": "left", "histogram": "left"}
BARS = " ▁▂▃▄▅▆▇█"


def main() -> None:
    """Collect the images, run each job as a user would, and print a table."""
    console = Console()
    shutil.rmtree(OUTPUT, ignore_errors=True)
    scans = OUTPUT / "scans"
    for name, source in SCANS.items():
        target = scans / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(str(get_testdata_file(source, download=False)), target)
    console.print(f"{len(SCANS)} real medical images are in {scans}/\n")

    histograms = job(console, "image_histogram.py", [scans], "histograms.jsonl")
    canny = ["--detector", "canny", "--to-8bit", "minmax"]
    edges = job(console, "edge_density.py", [*canny, scans], "edges.jsonl")
    job(console, "word_count.py", [JOBS.parent / "README.md"], "words.jsonl")
    chain = ["--ops", "normalise bits=8 | canny low=60 high=150", "--format", "png"]
    bundle, pictures = OUTPUT / "edges.bundle", OUTPUT / "edges"
    run(console, [JOBS / "image_transform.py", *chain, scans / "mr"], bundle)
    unpack(bundle, pictures)
    console.print(f"  unpacked to {pictures}/\n")

    table = Table(box=SIMPLE, pad_edge=False, padding=(0, 1))
    for column in ("image", "pixels", "values", "histogram", "edges", "|∇I|"):
        table.add_column(column, no_wrap=True, justify=LEFT.get(column, "right"))
    for name in sorted(histograms):
        histogram, edge = histograms[name], edges[name]
        bins = histogram["bins"]
        table.add_row(
            name,
            f"{histogram['pixels']:,}",
            f"{bins['start']}…{bins['stop'] - 1}",
            sparkline(histogram["counts"]["grey"], 16),
            f"{edge['density']:.1%}",
            f"{edge['mean_gradient']:.1f}",
        )
    console.print(table)
    console.print("edges: pixels that Canny marks; |∇I|: mean gradient; both of 8-bit versions.")
    console.print(f"The results, one JSON line an image, are in {OUTPUT}/*.jsonl")
    console.print(f"Edges of the MR images, to look at, are in {pictures}/")
    console.print("Your own images: python mapreduce_jobs/image_histogram.py DIRECTORY")


def job(console: Console, name: str, arguments: list[Any], result: str) -> dict[str, Any]:
    """Run a job on all cores; return its result lines by key."""
    path = OUTPUT / result
    run(console, [JOBS / name, "-r", "local", *arguments], path)
    lines = path.read_text(encoding="utf-8").splitlines()
    console.print(f"  {len(lines)} lines\n")
    return {json.loads(key): json.loads(value) for key, value in (s.split("\t") for s in lines)}


def run(console: Console, arguments: list[Any], result: Path) -> None:
    """Show and run a command of this project, its standard output in a file."""
    words = [str(word) for word in arguments]
    shown = shlex.join(word.replace(f"{JOBS.parent}/", "") for word in words)
    console.print(f"$ python {shown} > {result}", style="bold", soft_wrap=True)
    with result.open("wb") as output:
        subprocess.run([sys.executable, *words], stdout=output, check=True)


def sparkline(counts: list[int], width: int) -> str:
    """Draw the used part of a histogram, the square root of each count as a bar."""
    used = [i for i, count in enumerate(counts) if count]
    part = counts[used[0] : used[-1] + 1]
    width = min(width, len(part))
    step = len(part) / width
    sums = [sum(part[round(i * step) : round((i + 1) * step)]) for i in range(width)]
    return "".join(BARS[round((total / max(sums)) ** 0.5 * (len(BARS) - 1))] for total in sums)


if __name__ == "__main__":
    main()
