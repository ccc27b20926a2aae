"""Messages on files that fail: the kind of failure, and nothing of their content."""

import os
import sys
import traceback

from hdfs_tools.errors import HdfsToolsError, ReadFailed
from mapreduce_jobs.core.job_errors import words_of
from mapreduce_jobs.imaging.errors import ImagingError, MissingExtra

__all__ = ["Refusal", "UnexpectedRefusal", "refusal", "traceback_without_values"]

_UNEXPECTED = "an error in the job itself; where, but not of what image, is in the task's log"


class Refusal(ImagingError):
    """A failure described in words that do not depend on the file.

    Parameters
    ----------
    kind : str
        The class of the original error.
    message : str
        One sentence.
    """

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind


class UnexpectedRefusal(Exception):
    """The same of an error that no file should cause."""

    def __init__(self, kind: str) -> None:
        super().__init__(_UNEXPECTED)
        self.kind = kind


def refusal(error: Exception) -> Exception:
    """Return what may be said of an error: messages of libraries quote what they fail on.

    Examples
    --------
    >>> from mapreduce_jobs.imaging.errors import CorruptImage
    >>> said = refusal(CorruptImage("Invalid value for VR PN: 'Smith^John'"))
    >>> said.kind, str(said)
    ('CorruptImage', 'the content is damaged')
    >>> str(refusal(FileNotFoundError(2, "No such file or directory", "/smith/john.dcm")))
    'No such file or directory'
    """
    kind = type(error).__name__
    if isinstance(error, MissingExtra):
        return Refusal(kind, str(error))  # a sentence of ours, about this installation
    if isinstance(error, ReadFailed):  # what it says comes from a line of the input
        known = {one.__name__: one for one in _kinds(ImagingError, HdfsToolsError, OSError)}
        original = known.get(error.kind, ReadFailed)
        return Refusal(original.__name__, _described(original))
    if isinstance(error, MemoryError):
        return Refusal(*words_of(error))
    if isinstance(error, OSError) and error.errno:
        return Refusal(kind, os.strerror(error.errno))
    if isinstance(error, ImagingError | HdfsToolsError | OSError):
        return Refusal(kind, _described(type(error)))
    return UnexpectedRefusal(kind)


def _kinds(*roots: type[Exception]) -> list[type[Exception]]:
    found = list(roots)
    for kind in found:
        found += kind.__subclasses__()
    return found


def _described(kind: type[Exception]) -> str:
    """Return the first sentence of the documentation of an error's class."""
    sentence = (kind.__doc__ or "it cannot be read").strip().splitlines()[0].rstrip(".")
    return sentence[:1].lower() + sentence[1:]


def traceback_without_values() -> str:
    """Return where the exception being handled came from: lines of code and its class."""
    kind, _, trace = sys.exc_info()
    where = "".join(traceback.format_tb(trace))
    return f"Traceback (most recent call last):\n{where}{kind.__name__ if kind else ''}"
