"""Code that every runner shares: the number of tasks, a directory of results that is whole."""

import os
import re
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from hdfs_tools.copying.whole_files import whole_directory
from hdfs_tools.errors import Exists
from mapreduce_jobs.core.inputs.task_files import TaskFiles
from mapreduce_jobs.core.job_errors import UsageError

__all__ = ["NAMELESS", "Plan", "end_of", "is_words", "requested_tasks", "whole_output"]

NAMELESS = (
    r"invalid null input: name|basedir must be absolute: \?",
    "Java finds no name for the user that this process runs as: he needs an entry in /etc/passwd,"
    " or nss_wrapper",
)
"""What Java says of a user without a name, as a pattern and in a sentence."""

# Assigns a job's input to its tasks.
Plan = Callable[[TaskFiles], None]


def requested_tasks(jobconf: dict[str, Any], kind: str) -> int | None:
    """Return the number of map or reduce tasks that the user asks for, if he does."""
    name = f"mapreduce.job.{kind}"
    requested = jobconf.get(name)
    if requested is None:
        return None
    if not re.fullmatch(r"[1-9]\d{0,2}", str(requested)):
        raise UsageError(f"-D {name}={requested}: must be a whole number from 1 to 999")
    return int(requested)


@contextmanager
def whole_output(directory: str) -> Iterator[str]:
    """Give a directory of results its name when all is well, and remove it when not.

    Parameters
    ----------
    directory : str
        Absolute path; it must not exist.

    Yields
    ------
    str
        Where to write until then.
    """
    try:
        with whole_directory(directory) as made:
            yield made
            open(os.path.join(made, "_SUCCESS"), "wb").close()
    except Exists:
        raise UsageError(f"{directory}: the output directory exists already") from None


def is_words(line: str) -> bool:
    """Return whether a line is what a task says: no counters, no echo of the shell."""
    return not line.startswith(("reporter:", "+ "))


def end_of(what: str, status: int) -> str:
    """Say how a process ended that said nothing itself.

    >>> end_of("mapper", 3), end_of("sort", -9)
    ('a mapper ended with exit status 3', 'a sort was ended by SIGKILL')
    """
    if status < 0:
        return f"a {what} was ended by {signal.Signals(-status).name}"
    return f"a {what} ended with exit status {status}"
