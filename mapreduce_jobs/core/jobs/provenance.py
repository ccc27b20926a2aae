"""``--provenance``: a file that says how a result came to be, to cite a run and to repeat it.

The file holds one JSON object, ``{"provenance": {…}}``, with these keys:

job, command, runner
    The job's name, the command as it was typed, how it was run.
options
    Every option of the job, with the value that it had, also by default.
files
    Of options that name a file of this machine, the SHA-256 of its bytes; null if it is elsewhere,
    or a directory.
versions
    Of this project, of Python, and of the packages that results may depend on, as they are on the
    machine that the command was typed on. The nodes of a cluster may have others.
input
    What was named on the command line; how many images or rows were read, or files; a checksum of
    it all, and what this is of. Of images, it is that of `core.inputs.input_sums`, by name
    and bytes, the same wherever they lie; of texts and tables, its sums are those of the files'
    bytes, whatever their names, where they lie on this machine.
counters
    What was counted, in all steps together.
started, seconds
    When the job began (UTC), and how long it took until its results were written.
kind, columns
    What a line of the result is, and its fields with their types, where the job declares it: see
    `mapreduce_jobs.core.results.kinds`.
output
    The lines of the result: how many, and the SHA-256 of all of them in the order of their bytes,
    which ``LC_ALL=C sort RESULT | sha256sum`` prints. null where the result stays on the cluster.

Values of options that are secrets are not in it; see `mapreduce_jobs.core.options.secrecy`.
"""

import contextlib
import hashlib
import json
import os
import platform
import re
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from typing import IO, Any, ClassVar, Protocol

from hdfs_tools import __version__
from hdfs_tools.copying.whole_files import WholeFile, write_whole
from hdfs_tools.location import Location
from hdfs_tools.uri import is_uri
from mapreduce_jobs.core.inputs.input_sums import GROUP, InputSums
from mapreduce_jobs.core.job_errors import UsageError
from mapreduce_jobs.core.jobs.commands import is_standard_output
from mapreduce_jobs.core.options.secrecy import (
    HIDDEN,
    is_secret,
    without_secrets,
    words_without_secrets,
)
from mapreduce_jobs.core.results.kinds import Declared

__all__ = ["PACKAGES", "Record", "SortedLines", "add_options", "check_target"]

PACKAGES = (
    "mrjob",
    "numpy",
    "pillow",
    "opencv-python-headless",
    "tifffile",
    "pydicom",
    "ddsketch",
    "imagecodecs",
    "nibabel",
    "rapidocr",
    "onnxruntime",
    "imagehash",
    "scikit-image",
    "PyWavelets",
    "SimpleITK",
    "pyspark",
)
"""What results may depend on, of the dependencies in setup.cfg."""

_CHUNK = 1 << 20


def add_options(add: Callable[..., Any]) -> None:
    """Add the option; `add` does what `argparse.ArgumentParser.add_argument` does."""
    add(
        "--provenance",
        metavar="FILE",
        help="write to a JSON file how the result came to be: the command, options, versions,"
        " checksums of input and output, counters",
    )


def check_target(path: str) -> None:
    """Raise `UsageError` if a file of provenance cannot be written there."""
    if is_uri(path):
        raise UsageError(f"--provenance: {path}: must be a file on this machine")
    real = os.path.realpath(path)
    directory = os.path.dirname(real)
    if os.path.isdir(real):
        raise UsageError(f"--provenance: {path}: is a directory; name a file in it")
    if not os.path.isdir(directory):
        raise UsageError(f"--provenance: {path}: there is no directory {directory}: make it first")
    if os.path.lexists(real) and not os.path.isfile(real):
        raise UsageError(f"--provenance: {path}: is not a file")
    try:
        WholeFile(real).close()
    except OSError as error:
        raise UsageError(
            f"--provenance: {path}: cannot be written in the directory {directory}:"
            f" {error.strerror}"
        ) from None
    if is_standard_output(real):
        raise UsageError(
            f"--provenance: {path}: standard output, and with it the result, goes to this very file"
        )


class RecordedJob(Protocol):
    """What is known of a job whose run is noted."""

    items: ClassVar[str]
    options: Any
    arg_parser: Any
    declared: Declared | None

    def job_name(self) -> str:
        """Return the job's name."""

    def own_options(self) -> list[Any]:
        """Return the options of the job."""


class Record:
    """What is noted of a run while it goes on.

    Parameters
    ----------
    job : RecordedJob
        The job, whose options ask for it.
    """

    def __init__(self, job: RecordedJob) -> None:
        self._job = job
        self._path = os.path.realpath(job.options.provenance)
        self._began, self._started = time.monotonic(), datetime.now(UTC)
        self._output = SortedLines()
        self._seconds = 0.0

    def noted(self, chunks: Iterable[bytes]) -> Iterator[bytes]:
        """Hand on the bytes of the result, and take their checksum as sorted lines."""
        return self._output.noted(chunks)

    def results_are_written(self) -> None:
        """Take the time."""
        self._seconds = round(time.monotonic() - self._began, 3)

    def write(self, runner: Any) -> None:
        """Write the file, which appears under its name when it is whole."""
        text = json.dumps(
            {"provenance": self._found(runner)}, ensure_ascii=False, indent=2, default=str
        )
        # Only bytes of a file name that are not UTF-8 are left for the error handler.
        write_whole(self._path, text.encode("utf-8", "backslashreplace") + b"\n")

    def _found(self, runner: Any) -> dict[str, Any]:
        job = self._job
        counters = _added(runner.counters())
        sums = InputSums.of_counters(counters.pop(GROUP, {}))
        return {
            "job": job.job_name(),
            "command": words_without_secrets(sys.orig_argv, job.arg_parser._option_string_actions),
            "runner": job.options.runner or "inline",
            "options": dict(_options(job)),
            "files": dict(_files(job)),
            "versions": _versions(),
            "input": {
                "arguments": without_secrets(list(job.options.args)),
                **_input(job, runner, counters, sums),
            },
            "counters": counters,
            "started": self._started.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "seconds": self._seconds,
            **_declared(job),
            "output": self._output.found,
        }


class SortedLines:
    """How many lines there are, and the checksum of all of them in the order of their bytes.

    Attributes
    ----------
    found : dict
        ``lines`` and ``sha256``; both None until all lines have been noted, or if they cannot be
        sorted.
    """

    def __init__(self) -> None:
        self.found: dict[str, Any] = {"lines": None, "sha256": None}

    def noted(self, chunks: Iterable[bytes]) -> Iterator[bytes]:
        """Hand on the bytes of the lines, and take their checksum."""
        sort = subprocess.Popen(
            ["sort"],
            env={**os.environ, "LC_ALL": "C"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        assert sort.stdin is not None and sort.stdout is not None  # noqa: S101, PT018
        lines, digest = 0, hashlib.sha256()
        try:
            for chunk in chunks:
                yield chunk
                lines += chunk.count(b"\n")
                _feed(sort.stdin, chunk)
            _feed(sort.stdin, None)
            while chunk := sort.stdout.read(_CHUNK):
                digest.update(chunk)
        except BaseException:
            sort.kill()
            raise
        finally:
            _feed(sort.stdin, None)
            sort.stdout.close()
            sort.wait()
        if sort.returncode == 0:
            self.found = {"lines": lines, "sha256": digest.hexdigest()}


def _feed(pipe: IO[bytes], chunk: bytes | None) -> None:
    """Write to a process, or close its input; if it has ended, its exit status says so."""
    with contextlib.suppress(BrokenPipeError):
        if chunk is None:
            pipe.close()
        elif not pipe.closed:
            pipe.write(chunk)


def _added(steps: Iterable[dict[str, dict[str, int]]]) -> dict[str, dict[str, int]]:
    """Add up the counters of all steps."""
    added: dict[str, Counter[str]] = {}
    for step in steps:
        for group, counters in step.items():
            added.setdefault(group, Counter()).update(counters)
    return {group: dict(sorted(added[group].items())) for group in sorted(added)}


def _options(job: RecordedJob) -> Iterator[tuple[str, Any]]:
    """Iterate over the job's options: name, and the value to show."""
    for action in job.own_options():
        name, value = _name(action), getattr(job.options, action.dest)
        hidden = value is not None and is_secret(f"--{name}")
        yield name, HIDDEN if hidden else without_secrets(value)


def _files(job: RecordedJob) -> Iterator[tuple[str, str | None]]:
    """Iterate over options that name files: name, and the checksum of the file."""
    for action in job.own_options():
        name, value = _name(action), getattr(job.options, action.dest)
        kind = action.metavar if isinstance(action.metavar, str) else ""
        if not isinstance(value, str) or is_secret(f"--{name}"):
            continue
        if not re.search("FILE|RESULT", kind):
            continue
        if os.path.isfile(value):
            yield name, _sha256(value)
        elif is_uri(value) or (kind == "RESULT" and os.path.isdir(value)):
            yield name, None


def _name(action: Any) -> str:
    return str(action.option_strings[-1]).removeprefix("--")


def _sha256(path: str) -> str:
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def _declared(job: RecordedJob) -> dict[str, Any]:
    if job.declared is None:
        return {}
    return {"kind": job.declared.kind, "columns": dict(job.declared.columns)}


def _versions() -> dict[str, str]:
    from importlib import metadata  # slow to import

    found = {"mapreduce-imaging": __version__, "python": platform.python_version()}
    for name in PACKAGES:
        with contextlib.suppress(metadata.PackageNotFoundError):
            found[name] = metadata.version(name)
    return found


def _input(
    job: RecordedJob, runner: Any, counters: dict[str, dict[str, int]], sums: InputSums
) -> dict[str, Any]:
    """Return how much was read, and its checksum."""
    read = counters.get(job.items, {})
    number = read.get("read", 0)
    if job.items == "images":
        found = number - read.get("excluded", 0)
        if sums.number == found:
            about = f"names and bytes of images: {found}"
            return {"images": number, "checksum": sums.checksum(), "checksum_of": about}
        about = "nothing: the job does not read images whole"
        return {"images": number, "checksum": None, "checksum_of": about}
    counted = {job.items: number} if job.items else {}
    texts = runner.task_files.texts
    known = {"images": None, **counted, "files": len(texts)}
    if not all(Location.of_uri(path).is_local for path in texts):
        about = "nothing: files on HDFS are read by tasks, in parts"
        return {**known, "checksum": None, "checksum_of": about}
    for path in texts:
        sums.add_file(path)
    about = f"bytes of files: {len(texts)}"
    return {**known, "checksum": sums.checksum(), "checksum_of": about}
