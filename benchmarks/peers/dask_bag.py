"""Dask bag, processes: ``python -m benchmarks.peers.dask_bag JOB DIRECTORY TASKS START``.

START is how processes begin: ``spawn``, Dask's default, or ``fork``, a setting of Dask that saves
importing everything anew.
"""

import sys
from functools import partial

import dask.bag
import dask.config

from benchmarks.peers.images import image_line, names, one_core


def main() -> None:
    """Write the results when all are there, as `compute` gives them."""
    job, directory, tasks, start = sys.argv[1:]
    images = dask.bag.from_sequence(names(directory))
    with dask.config.set({"multiprocessing.context": start}):
        lines = images.map(partial(image_line, job, directory)).compute(
            scheduler="processes", num_workers=int(tasks), initializer=one_core
        )
    sys.stdout.writelines(f"{line}\n" for line in lines)


if __name__ == "__main__":
    main()
