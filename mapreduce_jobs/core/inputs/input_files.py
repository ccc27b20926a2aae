"""Files that tasks read in parts, as they were when the job was planned."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hdfs_tools.errors import HdfsToolsError
from hdfs_tools.location import Location
from mapreduce_jobs.core.inputs.named_inputs import Entries
from mapreduce_jobs.core.job_errors import JobError, words_of

if TYPE_CHECKING:
    from hdfs_tools.copying.trees import Entry

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
        When it was changed, in seconds since 1970.
    """

    location: str
    size: int
    modified: float

    @classmethod
    def at(cls, path: str) -> "InputFile":
        """Return a file as it is now; an OSError says why not."""
        location = Location.of(path)
        return cls.of(location, location.entry())

    @classmethod
    def of(cls, location: Location, entry: "Entry") -> "InputFile":
        """Return a file of which the size and the time are known."""
        return cls(location.uri, entry.size, entry.modified)


def check_unchanged(files: Iterable[InputFile]) -> None:
    """Raise `JobError` if a file is not there any more, or has another size or time."""
    entries = Entries()
    for file in files:
        if file != _now(file, entries):
            raise JobError(
                f"{file.location}: changed while the job ran; its result is not kept: run it again"
            )


def _now(file: InputFile, entries: Entries) -> InputFile | None:
    """Return a file as it is now; None where it is not there any more."""
    try:
        found = entries.of(file.location)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, HdfsToolsError) as error:
        words = words_of(error)[1]
        raise JobError(f"{file.location}: nobody can say if it changed: {words}") from None
    return InputFile(file.location, found.size, found.modified) if found else None
