"""Work of the peers on one image: the functions of `mapreduce_jobs.imaging`, as the jobs do."""

import json
import os
import sys
from collections.abc import Callable
from multiprocessing import Pool
from typing import Any

import cv2

from mapreduce_jobs.imaging.decode import decode
from mapreduce_jobs.imaging.image import Image
from mapreduce_jobs.imaging.measures.edges import gradient_edges
from mapreduce_jobs.imaging.measures.histogram import bins_of, histogram

__all__ = ["histogram_of", "image_line", "line", "measure", "names", "one_core", "write_lines"]

_CHUNK = 16  # images handed to a process at once

# The jobs' defaults.
_BINS = 256
_THRESHOLD = 100.0


def histogram_of(image: Image) -> dict[str, Any]:
    """Return what `image_histogram` knows of an image."""
    bins = bins_of(image, _BINS)
    pixels, counts = histogram(image, bins)
    return {
        "images": 1,
        "pixels": pixels,
        "bins": {"start": bins.start, "stop": bins.stop, "count": bins.count},
        "counts": {channel: counted.tolist() for channel, counted in counts.items()},
    }


def _edges(image: Image) -> dict[str, Any]:
    edges = gradient_edges(image, _THRESHOLD)
    return {
        "images": 1,
        "pixels": edges.pixels,
        "edge_pixels": edges.edge_pixels,
        "density": edges.edge_pixels / edges.pixels,
        "mean_gradient": float(edges.gradient_sum / edges.pixels),
        "detector": "gradient",
        "threshold": _THRESHOLD,
    }


_MEASURES: dict[str, Callable[[Image], dict[str, Any]]] = {
    "histogram": histogram_of,
    "edges": _edges,
}


def one_core() -> None:
    """Keep to one core, as the jobs do: the others have processes of their own."""
    cv2.setNumThreads(1)


def names(directory: str) -> list[str]:
    """Return the names of the images of a directory."""
    return sorted(os.listdir(directory))


def write_lines(line_of: Callable[[str], str], directory: str, tasks: str) -> None:
    """Write a line for each image of a directory, as they come from a bare Pool."""
    with Pool(int(tasks), one_core) as pool:
        for found in pool.imap_unordered(line_of, names(directory), _CHUNK):
            sys.stdout.write(f"{found}\n")


def measure(job: str, data: bytes) -> dict[str, Any]:
    """Return what a job knows of one image.

    Parameters
    ----------
    job : {"histogram", "edges"}
        What to measure.
    data : bytes
        The image's file.
    """
    return _MEASURES[job](decode(data))


def image_line(job: str, directory: str, name: str) -> str:
    """Return the line of results of one image, without the line end.

    Parameters
    ----------
    job : {"histogram", "edges"}
        What to measure.
    directory, name : str
        Where the image is.
    """
    with open(os.path.join(directory, name), "rb") as file:
        return line(name, measure(job, file.read()))


def line(name: str, value: dict[str, Any]) -> str:
    """Return a line of results, without the line end."""
    return f"{json.dumps(name, ensure_ascii=False)}\t{json.dumps(value, ensure_ascii=False)}"
