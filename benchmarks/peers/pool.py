"""A bare multiprocessing Pool: ``python -m benchmarks.peers.pool JOB DIRECTORY TASKS``."""

import sys
from functools import partial

from benchmarks.peers.images import image_line, write_lines


def main() -> None:
    """Write the results as they come."""
    job, directory, tasks = sys.argv[1:]
    write_lines(partial(image_line, job, directory), directory, tasks)


if __name__ == "__main__":
    main()
