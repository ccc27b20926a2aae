"""What every runner shares: how many tasks, a directory of results that is there whole or not."""

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

__all__ = ["NAMELESS", "Plan", "end_of", "is_words", "told_tasks", "whole_output"]

NAMELESS = (
    r"invalid null input: name|basedir must be absolute: \?",
    "Java finds no name for the user that this process runs as: he needs an entry in /etc/passwd,"
    " or nss_wrapper",
)
"""What Java says of a user without a name, as a pattern and in a sentence."""

# Assigns a job's input to its tasks.
Plan = Callable[[TaskFiles], None]


def told_tasks(jobconf: dict[str, Any], kind: str) -> int | None:
    """Return the number of map or reduce tasks that the user asks for, if he does."""
    name = f"mapreduce.job.{kind}"
    told = jobconf.get(name)
    if told is None:
        return None
    if not re.fullmatch(r"[1-9]\d{0,2}", str(told)):
        raise UsageError(f"-D {name}={told}: must be a whole number from 1 to 999")
    return int(told)


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
        raise UsageError(f"{directory}: the output folder exists already") from None


def is_words(line: str) -> bool:
    """Tell what a task says from its counters and from the shell's echo."""
    return not line.startswith(("reporter:", "+ "))


def end_of(what: str, status: int) -> str:
    """Say how a process ended that said nothing itself.

    >>> end_of("mapper", 3), end_of("sort", -9)
    ('a mapper ended with exit status 3', 'a sort was ended by SIGKILL')
    """
    if status < 0:
        return f"a {what} was ended by {signal.Signals(-status).name}"
    return f"a {what} ended with exit status {status}"
