"""Batches of files of a directory that a job has been run on, each whole or not there.

::

    STATE/
      job.json          the directory, the job and its options
      result.txt        a link to the newest result, of a job whose results are merged
      batch-000001/
        files.tsv       what was new: size, time of change, name
        result.txt      what the job printed
        run.json        how it was run

A batch's directory gets its name when everything in it is on disk: a run that is stopped at any
moment, by a power cut too, has been, or has not been. What is then left to do, the next one does.
The newest of merged results is all that is known of the previous files, so it is merged only if it
is the one of which run.json has the checksum.
"""

import contextlib
import fcntl
import json
import os
import re
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from typing import Any, Self

from hdfs_tools.uri import decode_name, encode_name
from mapreduce_jobs.core.inputs.watched_files import File
from mapreduce_jobs.core.job_errors import JobError, UsageError
from mapreduce_jobs.core.jobs.provenance import SortedLines

__all__ = ["FILES", "RESULT", "RUN", "State", "write_lines"]

FILES, RESULT, RUN = "files.tsv", "result.txt", "run.json"
_JOB = "job.json"
_UNTIL_THEN = ".batch-"
_BATCH = re.compile(r"batch-(\d{6,})")
_ERRORS = "surrogateescape"  # names may be no UTF-8
_CHUNK = 1 << 20


class State:
    """The batches of one job over one directory.

    Parameters
    ----------
    path : str
        The directory of the batches, which is made.
    about : mapping
        The directory that is watched, the job and its options: the same for all batches.
    merged : bool
        Whether each batch's result holds those before, so that the newest alone is kept.

    Raises
    ------
    UsageError
        It is that of another job or directory, somebody else works with it, or it is damaged.
    """

    def __init__(self, path: str, about: dict[str, Any], merged: bool) -> None:
        self.path, self._merged = path, merged
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
            if merged and self.batches():
                self.previous_result()  # first: what is removed then may be all that is left of it
                self._keep_newest()
        except BaseException:
            os.close(self._lock)
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self._lock)

    def _check(self, about: dict[str, Any]) -> None:
        path = os.path.join(self.path, _JOB)
        try:
            with open(path, encoding="utf-8", errors=_ERRORS) as file:
                before = json.load(file)
        except FileNotFoundError:
            partial = f"{path}.partial"
            if {*os.listdir(self.path)} - {os.path.basename(partial)}:
                raise UsageError(
                    f"{self.path}: holds something else: name a new or an empty directory"
                ) from None
            text = json.dumps(about, ensure_ascii=False, indent=2)
            write_lines(partial, [text.encode("utf-8", _ERRORS)])
            os.replace(partial, path)
            _to_disk(self.path)
            _to_disk(os.path.dirname(self.path))
            return
        except (OSError, ValueError) as error:
            raise UsageError(f"{path}: cannot be read: {error}") from None
        if not isinstance(before, dict):
            raise UsageError(f"{path}: is not what a watcher wrote")
        for key, value in about.items():
            if before.get(key) != value:
                word = "directory" if key == "folder" else key  # states say folder
                raise UsageError(
                    f"{self.path}: is of {word} {_words(before.get(key))}, not {_words(value)}:"
                    " name another directory for it"
                )

    def batches(self) -> list[str]:
        """Return the paths of the batches, oldest first."""
        names = [name for name in os.listdir(self.path) if _BATCH.fullmatch(name)]
        return [os.path.join(self.path, name) for name in sorted(names, key=_number)]

    def previous_result(self) -> str | None:
        """Return the path of the newest result; None if there is none yet, or nothing in it.

        Raises
        ------
        UsageError
            It is not the one that the job wrote.
        """
        batches = self.batches()
        if not batches:
            return None
        path = os.path.join(batches[-1], RESULT)
        written, found = _written(batches[-1]), _found(path)
        if written["sha256"] is not None and written != found:
            lines, number = written["lines"], (found or {"lines": "no"})["lines"]
            how = f"{number} lines, not {lines}" if number != lines else "other lines"
            raise UsageError(
                f"{path}: is not the result that was written, it holds {how}: put that back from a"
                f" copy, or give another directory than {self.path}, to begin anew with all files"
            )
        return None if written["lines"] == 0 else path

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
        """Make the directory of a batch that is not there yet; return its path."""
        return tempfile.mkdtemp(prefix=_UNTIL_THEN, dir=self.path)

    def drop(self, batch: str) -> None:
        """Remove the directory of a batch that came to nothing."""
        shutil.rmtree(batch, ignore_errors=True)

    def commit(self, batch: str, files: list[File]) -> str:
        """Let a batch be there; of results that are merged, the newest alone is kept.

        Returns
        -------
        str
            The path of its result.

        Raises
        ------
        JobError
            Its result is not the one that the job wrote, or the disk does not take it.
        """
        if self._merged and _written(batch) != _found(os.path.join(batch, RESULT)):
            raise JobError(f"{batch}: its result is not the one that the job wrote: run it again")
        write_lines(os.path.join(batch, FILES), map(_line, files))
        _to_disk(os.path.join(batch, RESULT))
        _to_disk(os.path.join(batch, RUN))
        before = [_number(os.path.basename(batch)) for batch in self.batches()]
        final = os.path.join(self.path, f"batch-{max(before, default=0) + 1:06d}")
        os.chmod(batch, os.stat(self.path).st_mode & 0o777)
        _to_disk(batch)
        os.rename(batch, final)
        _to_disk(self.path)
        self._known.update((file.name, (file.size, file.modified)) for file in files)
        if self._merged:
            self._keep_newest()
        return os.path.join(final, RESULT)

    def _keep_newest(self) -> None:
        """Let the link name the newest result, and remove the others."""
        *others, newest = self.batches()
        link, target = os.path.join(self.path, RESULT), f"{os.path.basename(newest)}/{RESULT}"
        with contextlib.suppress(FileNotFoundError):
            os.unlink(f"{link}.new")
        if not os.path.islink(link) or os.readlink(link) != target:
            os.symlink(target, f"{link}.new")
            os.replace(f"{link}.new", link)
            _to_disk(self.path)
        for batch in others:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(os.path.join(batch, RESULT))


def _written(batch: str) -> dict[str, Any]:
    """Return how many lines a job wrote, and their checksum."""
    path = os.path.join(batch, RUN)
    try:
        with open(path, "rb") as file:
            output = json.load(file)["provenance"]["output"]
            return {key: output[key] for key in ("lines", "sha256")}
    except (OSError, ValueError, KeyError, TypeError):
        raise _damaged(path) from None


def _found(path: str) -> dict[str, Any] | None:
    """Return how many lines a result holds, and their checksum; None if it is not there."""
    lines = SortedLines()
    try:
        with open(path, "rb") as file:
            for _ in lines.noted(iter(lambda: file.read(_CHUNK), b"")):
                pass
    except FileNotFoundError:
        return None
    if lines.found["sha256"] is None:
        raise JobError(f"{path}: its lines cannot be sorted, to compare them with what was written")
    return lines.found


def _damaged(path: str) -> UsageError:
    return UsageError(
        f"{path}: is not what a watcher wrote: put that back from a copy, or begin anew in another"
        " directory"
    )


def write_lines(path: str, lines: Iterable[bytes]) -> None:
    """Write a file to disk; JobError if it does not fit, or cannot be written."""
    try:
        with open(path, "wb") as file:
            file.writelines(lines)
    except OSError as error:
        raise JobError(f"{path}: {error.strerror}") from None
    _to_disk(path)


def _to_disk(path: str) -> None:
    """Let a file or directory survive a power cut; JobError if the disk does not take it."""
    try:
        number = os.open(path, os.O_RDONLY)
        try:
            os.fsync(number)
        finally:
            os.close(number)
    except OSError as error:
        raise JobError(f"{path}: {error.strerror}") from None


def _line(file: File) -> bytes:
    line = f"{file.size}\t{file.modified}\t{encode_name(file.name)}\n"
    return line.encode("utf-8", _ERRORS)


def _read(batch: str) -> Iterator[tuple[str, int, int]]:
    path = os.path.join(batch, FILES)
    line = ""
    try:
        with open(path, encoding="utf-8", errors=_ERRORS, newline="\n") as lines:
            for line in lines:
                size, modified, name = line.removesuffix("\n").split("\t")
                yield decode_name(name), int(size), int(modified)
    except (OSError, ValueError):
        raise _damaged(path) from None
    if not line.endswith("\n"):
        raise _damaged(path)


def _number(name: str) -> int:
    return int(name.removeprefix("batch-"))


def _words(value: Any) -> str:
    return (" ".join(value) or "without options") if isinstance(value, list) else str(value)
