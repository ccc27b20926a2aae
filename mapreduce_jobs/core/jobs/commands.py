"""Code that the commands beside the jobs share: their end, and where they write."""

import logging
import os
import sys
from collections.abc import Callable, Iterable
from typing import NoReturn

from hdfs_tools.encoding import use_utf8
from hdfs_tools.ending import run
from mapreduce_jobs.core.job_errors import UsageError

__all__ = ["check_output", "is_standard_output", "run_command"]


def run_command(name: str, work: Callable[[], int]) -> NoReturn:
    """Do a command's work, and exit: what a user can cause ends in a sentence.

    Parameters
    ----------
    name : str
        The command, for the sentence.
    work : callable
        Returns the exit status.
    """
    use_utf8()
    logging.getLogger("matplotlib").setLevel(logging.ERROR)  # it warns where HOME is not writable
    sys.exit(run(name, work))


def check_output(output: str, inputs: Iterable[str]) -> None:
    """Raise `UsageError` if a file cannot be written to where ``-o`` says.

    Parameters
    ----------
    output : str
        What follows ``-o``.
    inputs : iterable of str
        What the command reads, and must not overwrite.
    """
    directory = os.path.dirname(output) or "."
    if not os.path.isdir(directory):
        raise UsageError(f"-o {output}: there is no directory {directory}")
    if os.path.isdir(output):
        raise UsageError(f"-o {output}: is a directory")
    for path in inputs:
        if os.path.exists(path) and os.path.exists(output) and os.path.samefile(path, output):
            raise UsageError(f"-o {output}: is what is to be read")


def is_standard_output(path: str) -> bool:
    """Return whether standard output goes to a file that is there."""
    try:
        return os.path.samestat(os.fstat(sys.stdout.fileno()), os.stat(path))
    except (OSError, ValueError, AttributeError):
        return False
