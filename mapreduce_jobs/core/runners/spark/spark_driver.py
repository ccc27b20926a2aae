"""The program that Spark runs: mrjob's own, with this project's way of running a task.

It is run by ``spark-submit``, and what is in it travels to Spark's Python processes.
"""

import json
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from mapreduce_jobs.core.job_errors import JobError
from mapreduce_jobs.core.runners.launcher import end_with_launcher
from mapreduce_jobs.core.runners.printing import print_to_standard_error

__all__ = ["FAILED", "main"]

FAILED = "mapreduce_imaging failed: "
"""What stands before a sentence (a JSON string) with which a task ends its job."""


def run_mapper(
    make_job: Callable[[str, int], Any], step_num: int, lines: Any, _with_paths: bool
) -> Any:
    """Do what mrjob's function of this name does, with an input of spans.

    Parameters
    ----------
    make_job : callable
        Makes the job's object for a kind of task and a step.
    step_num : int
        Number of the step.
    lines : pyspark.RDD
        In the first step, the lines of the task files; a partition is a file.
    _with_paths : bool
        Not used; mrjob's function has it.

    Returns
    -------
    pyspark.RDD
        What the mapper yields, as lines.
    """

    def task(partition: Iterable[Any]) -> Iterator[Any]:
        print_to_standard_error()
        job = make_job("mapper", step_num)
        if step_num == 0:
            job.sandbox(stdin=(line + b"\n" for line in partition), stderr=job.stderr)
            partition = (line.rstrip(b"\r\n") for line in job.first_lines(spans=True))
        return _lines(job, "mapper", job.map_pairs, partition)

    return lines.mapPartitions(task)


def run_reducer(
    make_job: Callable[[str, int], Any], step_num: int, lines: Any, num_reducers: int | None = None
) -> Any:
    """Do the same with the lines that tasks hand to a reducer, those of a key in one partition."""

    def task(partition: Iterable[Any]) -> Iterator[Any]:
        print_to_standard_error()
        job = make_job("reducer", step_num)
        return _lines(job, "reducer", job.reduce_pairs, partition)

    return lines.mapPartitions(task, preservesPartitioning=bool(num_reducers))


def _lines(
    job: Any, kind: str, run: Callable[[Iterable[Any], int], Iterable[Any]], lines: Iterable[Any]
) -> Iterator[Any]:
    """Iterate over what a task yields, as lines."""
    step_num = job.options.step_num
    read, write = job.pick_protocols(step_num, kind)
    pairs = map(read, lines) if read else lines
    try:
        for key, value in run(pairs, step_num):
            yield write(key, value) if write else (key, value)
    except JobError as error:
        # In ASCII: an error that holds part of a name in no known encoding ends the process.
        raise RuntimeError(FAILED + json.dumps(str(error))) from None


def main() -> None:
    """Run mrjob's program for Spark."""
    end_with_launcher()
    from mrjob.spark import harness  # it needs pyspark

    harness._run_mapper, harness._run_reducer = run_mapper, run_reducer
    harness.main()


if __name__ == "__main__":
    main()
