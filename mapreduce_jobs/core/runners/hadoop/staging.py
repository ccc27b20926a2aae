"""Upload of a job's files to HDFS: over WebHDFS, in parallel, in place of one JVM a call."""

import os
import posixpath
import re
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from mrjob.fs.base import Filesystem

from hdfs_tools.bundles.compressed import is_compressed, uncompressed
from hdfs_tools.location import Location
from hdfs_tools.paths import has_magic
from hdfs_tools.uri import authority_of, path_of
from hdfs_tools.webhdfs.client import WebHDFS
from mapreduce_jobs.core.inputs.input_files import InputFile
from mapreduce_jobs.core.inputs.splits import Store, portable_lines
from mapreduce_jobs.core.inputs.task_files import TaskFiles

__all__ = ["ClusterFiles", "HDFSFilesystem", "upload_all"]

_THREADS = 8
_CHUNK = 1 << 20
# Paths that Hadoop takes as they are: it splits at commas, expands globs and skips hidden files.
_PLAIN = re.compile(r"(/[A-Za-z0-9=@+-][\w.=@+-]*)+", re.ASCII)
_BY_TASKS = (".lz4", ".lzo", ".snappy", ".zst")  # which Hadoop reads by libraries of its nodes
_MAX_DIRECT = 1000  # paths on Hadoop's command line

Source = bytes | Callable[[], Iterable[bytes]]


class ClusterFiles(TaskFiles):
    """Input of tasks on a cluster: what lies on HDFS stays there, the rest is to be brought.

    Bundles and texts on HDFS are left to Hadoop, which reads them where their blocks are. CSV
    files are not: it would cut them at line ends within cells.

    Parameters
    ----------
    directory, count : str, int or None
        As for `TaskFiles`.
    job_directory : str
        URI of the job's directory on HDFS.

    Attributes
    ----------
    direct : list of str
        URIs of what Hadoop reads itself.
    """

    def __init__(self, directory: str, count: int | None, job_directory: str) -> None:
        super().__init__(directory, count)
        self.direct: list[str] = []
        self._job_directory = job_directory
        self._local_texts: list[str] = []
        self._local_tables: list[str] = []

    def _assign_records(self, file: InputFile) -> None:
        """Leave a bundle to Hadoop if it can take it, else assign it in spans."""
        plain = file.location.startswith("hdfs:") and _PLAIN.fullmatch(
            path_of(file.location, raw=True)
        )
        if plain and len(self.direct) < _MAX_DIRECT:
            self.direct.append(file.location)
        else:
            super()._assign_records(file)

    def _assign_text(self, file: InputFile) -> None:
        """Leave a text to Hadoop, unless it may lack the library that it is compressed by."""
        if Location.of_uri(file.location).is_local:
            self._local_texts.append(file.location)
        elif os.path.splitext(file.location)[1] in _BY_TASKS:
            super()._assign_records(file)
        else:
            self._assign_records(file)

    def _within_reach(self, location: str) -> str:
        """Return where a table will lie on HDFS."""
        if not Location.of_uri(location).is_local:
            return location
        self._local_tables.append(location)
        name = _name("tables", len(self._local_tables) - 1, location)
        return posixpath.join(self._job_directory, name)

    def uploads(self, store: Store) -> Iterator[tuple[str, Source]]:
        """Iterate over the files to write: a name in the job's directory, and its bytes.

        Parameters
        ----------
        store : callable
            Writes an image that is too large for a line; see `portable_lines`.
        """
        paths = self.paths()
        if not (self.direct or self._local_texts) or any(os.path.getsize(path) for path in paths):
            for path in paths:
                yield f"input/{os.path.basename(path)}", partial(_portable, path, store)
        for number, path in enumerate(self._local_texts):
            yield _name("texts", number, path), partial(_whole, path)

    def tables(self) -> Iterator[tuple[str, Source]]:
        """Iterate likewise over tables, which are no input of Hadoop's."""
        for number, path in enumerate(self._local_tables):
            yield _name("tables", number, path), partial(_whole, path)


def _name(directory: str, number: int, path: str) -> str:
    # By its ending it is decompressed.
    ending = os.path.splitext(path)[1] if is_compressed(path) else ""
    return f"{directory}/{number:05d}{ending}"


def _portable(path: str, store: Store) -> Iterator[bytes]:
    with open(path, "rb") as lines:
        yield from portable_lines(lines, store)


def _whole(path: str) -> Iterator[bytes]:
    with open(path, "rb") as file:
        while chunk := file.read(_CHUNK):
            yield chunk


def upload_all(uploads: Iterable[tuple[str, Source]], put: Callable[[str, Source], object]) -> None:
    """Write files, several at a time; the first error ends it."""
    with ThreadPoolExecutor(_THREADS) as pool:
        pending = [pool.submit(put, uri, source) for uri, source in uploads]
        try:
            for upload in pending:
                upload.result()
        finally:
            pool.shutdown(cancel_futures=True)


class HDFSFilesystem(Filesystem):
    """mrjob's idea of a file system, over WebHDFS.

    Parameters
    ----------
    storage : WebHDFS
        The file system behind ``hdfs:`` URIs.
    """

    def __init__(self, storage: WebHDFS) -> None:
        self._storage = storage

    def can_handle_path(self, path: str) -> bool:
        """Return whether a path is for this file system."""
        return path.startswith("hdfs:")

    def ls(self, path_glob: str) -> Iterator[str]:
        """Iterate over the URIs of all files at and below what matches."""
        path = path_of(path_glob, raw=True)
        try:
            found = [self._storage.stat(path)]
        except FileNotFoundError:
            found = list(self._storage.glob(path)) if has_magic(path) else []
        for entry in found:
            for file in self._storage.walk(entry.path) if entry.is_directory else [entry]:
                yield authority_of(path_glob) + file.path

    def exists(self, path_glob: str) -> bool:
        """Return whether something matches."""
        path = path_of(path_glob, raw=True)
        return self._storage.exists(path) or (
            has_magic(path) and next(self._storage.glob(path), None) is not None
        )

    def mkdir(self, path: str) -> None:
        """Make a directory and those above it."""
        self._storage.mkdir(path_of(path, raw=True))

    def put(self, src: str, path: str) -> None:
        """Write a local file to HDFS."""
        self._storage.write(path_of(path, raw=True), partial(_whole, src))

    def rm(self, path_glob: str) -> None:
        """Delete a file or directory, if it is there."""
        self._storage.delete(path_of(path_glob, raw=True), recursive=True)

    def _cat_file(self, path: str) -> Iterator[bytes]:
        """Iterate over the bytes of a file, uncompressed if its name says that it is compressed."""
        location = Location(path, path_of(path, raw=True), filesystem=self._storage)
        if not is_compressed(path):
            yield from self._storage.chunks(location.path)
            return
        with uncompressed(location) as file:
            while chunk := file.read(_CHUNK):
                yield chunk
