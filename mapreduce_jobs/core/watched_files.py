"""Files of a folder that is watched, on this machine or on HDFS."""

import os
from collections.abc import Iterator
from dataclasses import dataclass

from hdfs_tools.bundle import is_bundle_name
from hdfs_tools.record import Reference, reference_line
from hdfs_tools.uri import encode_name, is_hdfs_uri
from mapreduce_jobs.core.errors import UsageError
from mapreduce_jobs.core.inputs import is_by_product_of_jobs
from mapreduce_jobs.core.places import named_on_hdfs, on_hdfs, uri_like, walk

__all__ = ["File", "files_in", "is_unfinished"]

# How names end that copies have until they are whole.
_UNFINISHED = (".part", ".partial", ".filepart", ".crdownload", ".tmp", "._copying_")


@dataclass(frozen=True)
class File:
    """A file of a folder that is watched.

    Attributes
    ----------
    name : str
        Relative to the folder.
    place : str
        Its absolute path, or its URI.
    size : int
        In bytes.
    modified : int
        When it was changed, in milliseconds since 1970.
    """

    name: str
    place: str
    size: int
    modified: int

    @property
    def is_bundle(self) -> bool:
        """Whether it holds many images."""
        return is_bundle_name(self.name)

    def reference(self) -> bytes:
        """Return the line of a manifest that names it as a job over the folder does."""
        root = self.place[: -len(self._written)]
        return reference_line(Reference(f"{root}./{self._written}"))

    @property
    def _written(self) -> str:
        return encode_name(self.name) if is_hdfs_uri(self.place) else self.name


def is_unfinished(name: str) -> bool:
    """Tell by its name whether a file may be one that is still being copied.

    Parameters
    ----------
    name : str
        Relative to the folder that is watched.

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


def files_in(folder: str) -> Iterator[File]:
    """Iterate over the files of a folder that are not being copied, on this machine or on HDFS.

    Raises
    ------
    UsageError
        It is no folder, or cannot be listed.
    """
    if is_hdfs_uri(folder):
        with on_hdfs(folder):
            storage, (entry, *more) = named_on_hdfs(folder)
            if more or not entry.is_folder:
                raise UsageError(f"{folder}: is not a folder")
            root = entry.path.rstrip("/") + "/"
            for found in storage.walk(entry.path):
                name = found.path.removeprefix(root)
                if _is_meant(name):
                    place = uri_like(folder, found.path)
                    yield File(name, place, found.size, round(found.modified * 1000))
        return
    if not os.path.isdir(folder):
        raise UsageError(f"{folder}: is not a folder")
    root = os.path.abspath(folder)
    for name, size in walk(root):
        if _is_meant(name):
            place = os.path.join(root, name)
            yield File(name, place, size, _modified(place))


def _is_meant(name: str) -> bool:
    return not is_by_product_of_jobs(name) and not is_unfinished(name)


def _modified(path: str) -> int:
    try:
        return os.stat(path).st_mtime_ns // 1_000_000
    except OSError:
        return 0  # the job says what is wrong with it
