"""pydicom in a bare Pool: ``python -m benchmarks.peers.pool_headers TAGS DIRECTORY TASKS``."""

import sys
from functools import partial
from multiprocessing import Pool

from benchmarks.peers.headers import line_of_file
from benchmarks.peers.images import names

_CHUNK = 16  # files handed to a process at once


def main() -> None:
    """Write the results as they come."""
    tags, directory, tasks = sys.argv[1:]
    with Pool(int(tasks)) as pool:
        described = partial(line_of_file, tags.split(","), directory)
        for line in pool.imap_unordered(described, names(directory), _CHUNK):
            sys.stdout.write(f"{line}\n")


if __name__ == "__main__":
    main()
