"""A bare Pool, making images: ``python -m benchmarks.peers.pool_transform CHAIN DIRECTORY N``."""

import os
import sys
from functools import partial
from multiprocessing import Pool

from benchmarks.peers.images import names, one_core
from hdfs_tools.bundles.record import bundle_line
from mapreduce_jobs.imaging.decode import decode
from mapreduce_jobs.imaging.encode import encode
from mapreduce_jobs.imaging.pipelines.pipeline import Pipeline

_CHUNK = 16  # images handed to a process at once


def main() -> None:
    """Write bundle records as they come."""
    chain, directory, tasks = sys.argv[1:]
    transform = partial(image_line, Pipeline.parse(chain), directory)
    with Pool(int(tasks), one_core) as pool:
        for line in pool.imap_unordered(transform, names(directory), _CHUNK):
            sys.stdout.buffer.write(line)


def image_line(pipeline: Pipeline, directory: str, name: str) -> bytes:
    """Return the bundle record of what a chain makes of an image."""
    with open(os.path.join(directory, name), "rb") as file:
        image = pipeline(decode(file.read()))
    return bundle_line(name, encode(image, "png"))


if __name__ == "__main__":
    main()
