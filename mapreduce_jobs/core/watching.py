"""What of a folder a job has been run on: batches, each there as a whole or not at all.

::

    STATE/
      job.json          the folder, the job and its options
      result.txt        a link to the newest result, of a job whose results are merged
      batch-000001/
        files.tsv       what was new: size, time of change, name
        result.txt      what the job printed
        run.json        how it was run

A batch's folder gets its name when everything in it is written: a run that is stopped at any
moment has been, or has not been.
"""

import contextlib
import fcntl
import json
import os
import re
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from hdfs_tools.bundle import is_bundle_name
from hdfs_tools.record import Reference, reference_line
from hdfs_tools.uri import decode_name, encode_name, is_hdfs_uri
from mapreduce_jobs.core.errors import UsageError
from mapreduce_jobs.core.inputs import is_by_product_of_jobs
from mapreduce_jobs.core.places import named_on_hdfs, on_hdfs, uri_like, walk

if TYPE_CHECKING:
    from typing_extensions import Self

__all__ = ["FILES", "RESULT", "RUN", "File", "State", "files_in"]

FILES, RESULT, RUN = "files.tsv", "result.txt", "run.json"
_JOB = "job.json"
_UNTIL_THEN = ".batch-"
_BATCH = re.compile(r"batch-(\d{6,})")
_ERRORS = "surrogateescape"  # names may be no UTF-8


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


def files_in(folder: str) -> Iterator[File]:
    """Iterate over the files of a folder, on this machine or on HDFS.

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
                if not is_by_product_of_jobs(name):
                    place = uri_like(folder, found.path)
                    yield File(name, place, found.size, round(found.modified * 1000))
        return
    if not os.path.isdir(folder):
        raise UsageError(f"{folder}: is not a folder")
    root = os.path.abspath(folder)
    for name, size in walk(root):
        if not is_by_product_of_jobs(name):
            place = os.path.join(root, name)
            yield File(name, place, size, _modified(place))


def _modified(path: str) -> int:
    try:
        return os.stat(path).st_mtime_ns // 1_000_000
    except OSError:
        return 0  # the job says what is wrong with it


class State:
    """The batches of one job over one folder.

    Parameters
    ----------
    path : str
        The folder of the batches, which is made.
    about : mapping
        The folder that is watched, the job and its options: the same for all batches.

    Raises
    ------
    UsageError
        It is that of another job or folder, or somebody else works with it.
    """

    def __init__(self, path: str, about: dict[str, Any]) -> None:
        self.path = path
        try:
            os.makedirs(path, exist_ok=True)
            self._lock = os.open(path, os.O_RDONLY)
        except OSError as error:
            raise UsageError(f"{path}: {error.strerror}") from None
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(self._lock)
            raise UsageError(f"{path}: is in use by another watcher") from None
        try:
            self._check(about)
            for name in os.listdir(path):
                if name.startswith(_UNTIL_THEN):  # of a run that was killed, whose job may go on
                    shutil.rmtree(os.path.join(path, name), ignore_errors=True)
            self._known = {file[0]: file[1:] for batch in self.batches() for file in _read(batch)}
        except BaseException:
            os.close(self._lock)
            raise

    def __enter__(self) -> "Self":
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self._lock)

    def _check(self, about: dict[str, Any]) -> None:
        path = os.path.join(self.path, _JOB)
        try:
            with open(path, encoding="utf-8") as file:
                before = json.load(file)
        except FileNotFoundError:
            if os.listdir(self.path):
                raise UsageError(
                    f"{self.path}: holds something else: name a new or an empty folder"
                ) from None
            with open(f"{path}.partial", "w", encoding="utf-8") as file:
                json.dump(about, file, ensure_ascii=False, indent=2)
            os.replace(f"{path}.partial", path)
            return
        except (OSError, ValueError) as error:
            raise UsageError(f"{path}: cannot be read: {error}") from None
        for key, value in about.items():
            if before.get(key) != value:
                raise UsageError(
                    f"{self.path}: is of {key} {_words(before.get(key))}, not {_words(value)}: name"
                    " another folder for it"
                )

    def batches(self) -> list[str]:
        """Return the paths of the batches, oldest first."""
        names = [name for name in os.listdir(self.path) if _BATCH.fullmatch(name)]
        return [os.path.join(self.path, name) for name in sorted(names, key=_number)]

    @property
    def result(self) -> str | None:
        """The newest result; None if there is none yet."""
        batches = self.batches()
        return os.path.join(batches[-1], RESULT) if batches else None

    def compared(self, files: Iterable[File]) -> tuple[list[File], list[File]]:
        """Return which of some files are new, and which have changed since they were taken."""
        new, changed = [], []
        for file in files:
            known = self._known.get(file.name)
            if known is None:
                new.append(file)
            elif known != (file.size, file.modified):
                changed.append(file)
        return new, changed

    def begin(self) -> str:
        """Make the folder of a batch that is not there yet; return its path."""
        return tempfile.mkdtemp(prefix=_UNTIL_THEN, dir=self.path)

    def drop(self, batch: str) -> None:
        """Remove the folder of a batch that came to nothing."""
        shutil.rmtree(batch, ignore_errors=True)

    def commit(self, batch: str, files: list[File], merged: bool) -> str:
        """Let a batch be there; of results that were merged, the newest alone is kept.

        Returns
        -------
        str
            The path of its result.
        """
        with open(os.path.join(batch, FILES), "w", encoding="utf-8", errors=_ERRORS) as lines:
            for file in files:
                lines.write(f"{file.size}\t{file.modified}\t{encode_name(file.name)}\n")
            lines.flush()
            os.fsync(lines.fileno())
        before = [_number(os.path.basename(batch)) for batch in self.batches()]
        name = f"batch-{max(before, default=0) + 1:06d}"
        final = os.path.join(self.path, name)
        os.chmod(batch, os.stat(self.path).st_mode & 0o777)
        os.rename(batch, final)
        os.fsync(self._lock)
        self._known.update((file.name, (file.size, file.modified)) for file in files)
        if merged:
            self._keep_newest(name)
        return os.path.join(final, RESULT)

    def _keep_newest(self, name: str) -> None:
        link = os.path.join(self.path, RESULT)
        with contextlib.suppress(FileNotFoundError):
            os.unlink(f"{link}.new")
        os.symlink(os.path.join(name, RESULT), f"{link}.new")
        os.replace(f"{link}.new", link)
        for earlier in self.batches()[:-1]:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(os.path.join(earlier, RESULT))


def _read(batch: str) -> Iterator[tuple[str, int, int]]:
    with open(os.path.join(batch, FILES), encoding="utf-8", errors=_ERRORS) as lines:
        for line in lines:
            size, modified, name = line.rstrip("\n").split("\t")
            yield decode_name(name), int(size), int(modified)


def _number(name: str) -> int:
    return int(name.removeprefix("batch-"))


def _words(value: Any) -> str:
    return (" ".join(value) or "without options") if isinstance(value, list) else str(value)
