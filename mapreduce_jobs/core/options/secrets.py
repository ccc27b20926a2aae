"""A secret of the user's: where it comes from, and how it is kept for the tasks of a job."""

import os
import stat
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from mapreduce_jobs.core.job_errors import UsageError

__all__ = ["private_file", "read_secret"]


def read_secret(path: str | None, variable: str, say: Callable[[str], None]) -> bytes:
    """Return a secret from a file, else from a variable of the environment.

    Parameters
    ----------
    path : str, optional
        The file, as ``--key-file`` names it.
    variable : str
        The variable.
    say : callable
        Receives a warning if others can read the file.

    Raises
    ------
    UsageError
        The file cannot be read, or neither is given: how to make a secret.
    """
    if path is None:
        if variable in os.environ:
            return os.fsencode(os.environ[variable])
        raise UsageError(
            "a key is needed, which only you have: make one with 'openssl rand -hex 32 > key', and"
            f" give it as --key-file key, or in the variable {variable}"
        )
    try:
        with open(path, "rb") as file:
            secret = file.read()
            mode = os.fstat(file.fileno()).st_mode
    except OSError as error:
        raise UsageError(f"--key-file: {path}: {error.strerror}") from None
    if mode & (stat.S_IRWXG | stat.S_IRWXO):
        say(f"{path}: others can read this key; it is yours alone after: chmod 600")
    return secret


@contextmanager
def private_file(name: str, data: bytes) -> Iterator[str]:
    """Keep bytes in a file that only this user can read, for as long as it is needed.

    Parameters
    ----------
    name : str
        What the file is called, in a directory of its own.
    data : bytes
        What is in it.

    Yields
    ------
    str
        Its path.
    """
    with tempfile.TemporaryDirectory(prefix="job-") as directory:
        path = os.path.join(directory, name)
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(data)
        yield path
