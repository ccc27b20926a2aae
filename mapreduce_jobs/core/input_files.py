"""Files that tasks read in parts, as they were when the job was planned."""

import os
from collections.abc import Iterable
from dataclasses import dataclass

from hdfs_tools.errors import HdfsToolsError
from hdfs_tools.uri import is_hdfs_uri
from mapreduce_jobs.core.errors import JobError, words_of
from mapreduce_jobs.core.places import StatusOnHDFS

__all__ = ["InputFile", "check_unchanged"]


@dataclass(frozen=True)
class InputFile:
    """A bundle, table or text.

    Attributes
    ----------
    location : str
        Absolute path, or URI of HDFS.
    size : int
        In bytes.
    modified : float
        When it was changed, in nanoseconds; of a file on HDFS in seconds.
    """

    location: str
    size: int
    modified: float

    @classmethod
    def at(cls, path: str) -> "InputFile":
        """Return a local file as it is now; an OSError says why not."""
        found = os.stat(path)
        return cls(os.path.abspath(path), found.st_size, found.st_mtime_ns)


def check_unchanged(files: Iterable[InputFile]) -> None:
    """Raise `JobError` if a file is not there any more, or has another size or time."""
    on_hdfs = StatusOnHDFS()
    for file in files:
        if file != _now(file, on_hdfs):
            raise JobError(
                f"{file.location}: changed while the job ran; its result is not kept: run it again"
            )


def _now(file: InputFile, on_hdfs: StatusOnHDFS) -> InputFile | None:
    """Return a file as it is now; None where it is not there any more."""
    try:
        if not is_hdfs_uri(file.location):
            return InputFile.at(file.location)
        found = on_hdfs.of(file.location)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, HdfsToolsError) as error:
        words = words_of(error)[1]
        raise JobError(f"{file.location}: nobody can say if it changed: {words}") from None
    return InputFile(file.location, found.size, found.modified) if found else None
