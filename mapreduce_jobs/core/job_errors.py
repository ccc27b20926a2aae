"""Errors of running a job, one root.

::

    JobError
     ├── UsageError        what was asked for cannot be done: exit status 2
     ├── UnwritableResult  what a job returned is nothing that JSON holds: exit status 1
     └── ItemFailed        an image or row failed under ``--on-error fail``: exit status 1
"""

from hdfs_tools.ending import CommandError

__all__ = ["ItemFailed", "JobError", "UnwritableResult", "UsageError", "words_of"]


class JobError(CommandError):
    """Root of the errors that end a job; the message is a sentence for its user."""


class UsageError(JobError):
    """What was asked for cannot be done: a path that is not there, options that exclude others."""

    exit_status = 2


class UnwritableResult(JobError):
    """What a job returned is nothing that JSON holds; the message says which part of it."""


class ItemFailed(JobError):
    """An image or row failed, and --on-error fail stops the job."""


def words_of(error: Exception) -> tuple[str, str]:
    """Return the kind and the message of an error, the same on every machine.

    >>> words_of(FileNotFoundError(2, "No such file or directory", "/home/me/a.png"))
    ('FileNotFoundError', 'No such file or directory')
    """
    if isinstance(error, MemoryError):  # libraries have subclasses, and words of their own
        return "MemoryError", "there is not enough memory for it"
    kind = getattr(error, "kind", type(error).__name__)
    if isinstance(error, OSError) and error.strerror:
        return kind, error.strerror
    return kind, str(error) or kind
