"""Files of a directory that is watched, on this machine or on HDFS."""

from collections.abc import Iterator
from dataclasses import dataclass

from hdfs_tools.bundles.bundle import holds_records
from hdfs_tools.bundles.record import Reference, reference_line
from hdfs_tools.location import Location
from hdfs_tools.uri import encode_name
from mapreduce_jobs.core.inputs.assignment import is_by_product_of_jobs
from mapreduce_jobs.core.inputs.named_inputs import usage_errors, walk
from mapreduce_jobs.core.job_errors import UsageError

__all__ = ["File", "files_in", "is_unfinished"]

# How names end that copies have until they are whole.
_UNFINISHED = (".part", ".partial", ".filepart", ".crdownload", ".tmp", "._copying_")


@dataclass(frozen=True)
class File:
    """A file of a directory that is watched.

    Attributes
    ----------
    name : str
        Relative to the directory.
    uri : str
        Its absolute path, or its URI.
    size : int
        In bytes.
    modified : int
        When it was changed, in milliseconds since 1970.
    """

    name: str
    uri: str
    size: int
    modified: int

    @property
    def is_bundle(self) -> bool:
        """Whether it holds many images."""
        return holds_records(self.name)

    def reference(self) -> bytes:
        """Return the line of a manifest that names it as a job over the directory does."""
        written = self.name if Location.of_uri(self.uri).is_local else encode_name(self.name)
        root = self.uri[: -len(written)]
        return reference_line(Reference(f"{root}./{written}"))


def is_unfinished(name: str) -> bool:
    """Return whether a file may be one that is still being copied, by its name.

    Parameters
    ----------
    name : str
        Relative to the directory that is watched.

    Returns
    -------
    bool
        Whether it may be.

    Examples
    --------
    >>> is_unfinished("ct/.1.dcm.x7Rq2a"), is_unfinished("ct/1.dcm._COPYING_")
    (True, True)
    >>> is_unfinished(".rsync-partial/1.dcm"), is_unfinished("ct/1.part.dcm")
    (True, False)
    """
    parts = name.split("/")
    hidden = any(part.startswith(".") or part == "_temporary" for part in parts)  # Hadoop's, too
    return hidden or name.lower().endswith(_UNFINISHED)


def files_in(directory: str) -> Iterator[File]:
    """Iterate over the files of a directory that are not being copied, on this machine or on HDFS.

    Raises
    ------
    UsageError
        It is no directory, or cannot be listed.
    """
    with usage_errors(directory):
        location = Location.of(directory)
        if not location.entry().is_directory:
            raise UsageError(f"{directory}: is not a directory")
    for found in walk(location):
        if _is_meant(found.name):
            uri = location.beneath(found.name).uri
            # A float of whole milliseconds may lie just below them.
            yield File(found.name, uri, found.size, int(found.modified * 1000 + 1e-3))


def _is_meant(name: str) -> bool:
    return not is_by_product_of_jobs(name) and not is_unfinished(name)
