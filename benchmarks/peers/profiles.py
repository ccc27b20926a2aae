"""Other profiles of a collection: ``python -m benchmarks.peers.profiles WHO DIRECTORY TASKS``.

WHO is ``pool``, ``dask`` or ``spark``. Each measures images by the same functions that the job
calls, collects the numbers, and makes their means by `math.fsum` and quantiles by NumPy.
"""

import json
import math
import os
import sys
from collections.abc import Iterable, Iterator
from functools import partial
from multiprocessing import Pool

import numpy as np

from benchmarks.peers.images import names, one_core
from mapreduce_jobs.imaging.decode import decode
from mapreduce_jobs.imaging.measures.quality import quality

_CHUNK = 16  # images handed to a process at once
_PARTITIONS_A_TASK = 4

Known = tuple[int, int, dict[str, float | None]]


def known_of(directory: str, name: str) -> Known:
    """Return pixels, bytes and measures of an image."""
    with open(os.path.join(directory, name), "rb") as file:
        data = file.read()
    image = decode(data)
    return math.prod(image.pixels.shape[:3]), len(data), quality(image).measures


def summary(found: Iterable[Known]) -> str:
    """Return the line of results of all images, with the line end."""
    images = pixels = size = 0
    numbers: dict[str, list[float]] = {}
    for count, length, measures in found:
        images, pixels, size = images + 1, pixels + count, size + length
        for name, value in measures.items():
            if value is not None:
                numbers.setdefault(name, []).append(value)
    of = {
        name: {"mean": math.fsum(values) / len(values), "median": float(np.median(values))}
        for name, values in numbers.items()
    }
    return (
        f'"all"\t{json.dumps({"images": images, "pixels": pixels, "bytes": size, "quality": of})}\n'
    )


def _by_pool(directory: str, tasks: int) -> str:
    with Pool(tasks, one_core) as pool:
        return summary(pool.imap_unordered(partial(known_of, directory), names(directory), _CHUNK))


def _by_dask(directory: str, tasks: int) -> str:
    import dask.bag

    images = dask.bag.from_sequence(names(directory))
    found = images.map(partial(known_of, directory)).compute(
        scheduler="processes", num_workers=tasks, initializer=one_core
    )
    return summary(found)


def _by_spark(directory: str, tasks: int) -> str:
    from pyspark import SparkContext

    from benchmarks.peers.spark import local_conf

    def measure(part: Iterable[str]) -> Iterator[Known]:
        one_core()
        return (known_of(directory, name) for name in part)

    with SparkContext(conf=local_conf(tasks)) as context:
        images = context.parallelize(names(directory), tasks * _PARTITIONS_A_TASK)
        return summary(images.mapPartitions(measure).collect())


def main() -> None:
    """Write the result."""
    who, directory, tasks = sys.argv[1:]
    by = {"pool": _by_pool, "dask": _by_dask, "spark": _by_spark}[who]
    sys.stdout.write(by(directory, int(tasks)))


if __name__ == "__main__":
    main()
