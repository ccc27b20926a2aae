"""A bare multiprocessing Pool: ``python -m benchmarks.peers.pool JOB DIRECTORY TASKS``."""

import sys
from functools import partial
from multiprocessing import Pool

from benchmarks.peers.images import image_line, names, one_core

_CHUNK = 16  # images handed to a process at once


def main() -> None:
    """Write the results as they come."""
    job, directory, tasks = sys.argv[1:]
    with Pool(int(tasks), one_core) as pool:
        measure = partial(image_line, job, directory)
        for line in pool.imap_unordered(measure, names(directory), _CHUNK):
            sys.stdout.write(f"{line}\n")


if __name__ == "__main__":
    main()
