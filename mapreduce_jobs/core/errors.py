"""Errors of running a job, one root.

::

    JobError
     ├── UsageError     what was asked for cannot be done: exit status 2
     └── ImageFailed    an image failed under ``--on-error fail``: exit status 1
"""


class JobError(Exception):
    """Root of the errors that end a job; the message is a sentence for its user."""

    exit_status = 1


class UsageError(JobError):
    """What was asked for cannot be done: a path that is not there, options that exclude others."""

    exit_status = 2


class ImageFailed(JobError):
    """An image failed and the job was told to stop then."""
