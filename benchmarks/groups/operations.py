"""Operations on one image beside scikit-image, and what the steps of a transform cost."""

import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

import cv2
import numpy as np

from benchmarks import data
from benchmarks.declare import Settings
from benchmarks.errors import BenchmarkError
from benchmarks.runner import say
from hdfs_tools.bundles.record import bundle_line
from mapreduce_jobs.core.runners.memory import keep_freed_memory
from mapreduce_jobs.imaging.decode import decode
from mapreduce_jobs.imaging.encode import encode
from mapreduce_jobs.imaging.image import Image, Pixels
from mapreduce_jobs.imaging.pipelines.pipeline import Pipeline

__all__ = ["NOTES", "sections"]

NOTES = """\
- One process, one core; an 8-bit grey image of 512×512. Each operation and its peer take turns;
  times are medians. The results are compared: levels differ by no more than the table says.
"""

_CHAIN = "rotate angle=30 | gaussian sigma=1.5 | normalise"
_TURNS = 15
_IMAGES = 200

_Peer = Callable[[Pixels], Pixels]


def _peers() -> Iterator[tuple[str, str, _Peer, float]]:
    """Yield operations, the same by another library, and the most that levels may differ."""
    from scipy import ndimage
    from skimage import exposure, filters, morphology, transform

    laplacian = [[1, 1, 1], [1, -8, 1], [1, 1, 1]]
    square = np.ones((5, 5), np.uint8)
    yield (
        "gaussian sigma=2",
        "skimage.filters.gaussian",
        lambda x: filters.gaussian(x, 2, mode="mirror", preserve_range=True),
        0.51,
    )
    yield (
        "median size=5 border=edge",
        "skimage.filters.median",
        lambda x: filters.median(x, square, mode="nearest", behavior="ndimage"),
        0,
    )
    yield (
        "convolve kernel=laplacian8 result=float",
        "scipy.ndimage.convolve",
        lambda x: ndimage.convolve(x.astype(float), laplacian, mode="mirror"),
        1e-3,
    )
    yield (
        "erode size=5",
        "skimage.morphology.erosion",
        lambda x: morphology.erosion(x, square),
        0,
    )
    yield (
        "rotate angle=30",
        "skimage.transform.rotate",
        lambda x: transform.rotate(x, 30, preserve_range=True),
        1,
    )
    yield (
        "scale factor=0.5 interpolation=area",
        "skimage.transform.downscale_local_mean",
        lambda x: transform.downscale_local_mean(x, (2, 2)),
        0.51,
    )
    yield (
        "normalise method=percentile",
        "skimage.exposure.rescale_intensity",
        lambda x: exposure.rescale_intensity(
            x.astype(float), tuple(np.percentile(x, (1, 99))), (0, 255)
        ),
        0.51,
    )
    yield (
        "threshold method=otsu",
        "skimage.filters.threshold_otsu",
        lambda x: (x > filters.threshold_otsu(x)) * 255,
        0,
    )
    yield (
        "lowpass kind=butterworth cutoff=0.1",
        "skimage.filters.butterworth",
        lambda x: filters.butterworth(x.astype(float), 0.1, False, 2),
        0.51,
    )
    yield (
        "sharpen sigma=2 border=symmetric",
        "skimage.filters.unsharp_mask",
        lambda x: np.clip(filters.unsharp_mask(x, 2, 1, preserve_range=True), 0, 255),
        0.51,
    )


def sections(settings: Settings) -> Iterator[str]:
    """Yield the tables."""
    cv2.setNumThreads(1)
    keep_freed_memory()  # as tasks do; of peers as of ours
    yield _beside_peers()
    yield _steps(settings)


def _beside_peers() -> str:
    frame = data.scan(1, 8)
    lines = [
        "## Operations beside scikit-image and SciPy",
        "",
        "| operation | this project, ms | peer | peer, ms | ÷ peer | levels differ by |",
        "|---|--:|---|--:|--:|--:|",
    ]
    for text, name, peer, most in _peers():
        say(f"operations: {text}")
        chain, image = Pipeline.parse(text), Image(frame[np.newaxis], 8)
        difference = float(np.abs(chain(image).pixels[0].astype(float) - peer(frame)).max())
        if difference > most:
            raise BenchmarkError(f"{text}: differs from {name} by {difference} levels")
        ours, theirs = [], []
        for _ in range(_TURNS):
            ours.append(_milliseconds(chain, image))
            theirs.append(_milliseconds(peer, frame))
        mine, its = median(ours), median(theirs)
        times = f"{mine:.2f} | `{name}` | {its:.2f} | {mine / its:.2f}"
        lines.append(f"| `{text}` | {times} | {difference:.2g} |")
    return "\n".join(lines) + "\n"


def _steps(settings: Settings) -> str:
    """Return what each step of a transform costs, encoding apart."""
    say(f"operations: steps of {_CHAIN}")
    directory = data.image_directory(settings.data, min(_IMAGES, min(settings.images)), 8)
    files = [path.read_bytes() for path in sorted(Path(directory).iterdir())]
    chain = Pipeline.parse(_CHAIN)
    lines = ["## The steps of a transform", "", "| step | ms an image | kB |", "|---|--:|--:|"]

    def row(step: str, work: Callable[[Any], Any], items: list[Any]) -> list[Any]:
        done = [work(item) for item in items]
        times = [_milliseconds(work, item) for item in items]
        sizes = [len(item) / 1000 for item in done if isinstance(item, bytes)]
        size = f"{sum(sizes) / len(sizes):.0f}" if sizes else ""
        lines.append(f"| {step} | {median(times):.2f} | {size} |")
        return done

    images = row("decode PNG", decode, files)
    made = row(f"`{_CHAIN}`".replace("|", "\\|"), chain, images)
    for kind in ("png", "tiff", "jpeg", "jp2", "webp"):
        encoded = row(f"encode {kind}", partial(encode, format=kind), made)
        if kind == "png":
            row("record line (base64)", lambda item: bundle_line("name", item), encoded)
    return "\n".join(lines) + "\n"


def _milliseconds(work: Callable[[Any], object], item: Any) -> float:
    start = time.perf_counter()
    work(item)
    return (time.perf_counter() - start) * 1000
