"""Prints of a task go to standard error: standard output is for record lines alone.

On one machine it goes to the standard error of the job at once, through a named pipe. The task's
own standard error is a file of the runner's, with counters in it; on a cluster, where there is no
pipe, what is printed is in that file, the task's log.
"""

import codecs
import contextlib
import os
import sys
import threading
from collections.abc import Iterator
from typing import IO

__all__ = ["PRINTED", "Printed", "print_to_standard_error", "printed_aside", "reserved_output"]

PRINTED = "MAPREDUCE_IMAGING_PRINTED"
"""Names the pipe, in the environment of tasks."""

_OUTPUT, _ERROR = 1, 2  # file descriptors
_CHUNK = 1 << 16
_PATIENCE = 5  # seconds, for processes that outlive their tasks and may still print


class Printed:
    """The pipe, and the thread that writes to standard error what comes out of it.

    Parameters
    ----------
    path : str
        Where to make it.
    """

    def __init__(self, path: str) -> None:
        self._path = path

    def __enter__(self) -> None:
        os.mkfifo(self._path)
        self._from = os.open(self._path, os.O_RDONLY | os.O_NONBLOCK)
        self._to = os.open(self._path, os.O_WRONLY)  # so that it does not end before the tasks
        os.set_blocking(self._from, True)
        self._thread = threading.Thread(target=self._show, daemon=True)
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        os.close(self._to)
        self._thread.join(_PATIENCE)
        os.unlink(self._path)

    def _show(self) -> None:
        decoder = codecs.getincrementaldecoder("utf-8")("backslashreplace")
        with open(self._from, "rb", buffering=0) as pipe:
            while chunk := pipe.read(_CHUNK):
                text = decoder.decode(chunk)
                with contextlib.suppress(AttributeError, OSError, ValueError):  # there is none
                    sys.stderr.write(text)  # else tasks would wait
                    sys.stderr.flush()


def print_to_standard_error() -> None:
    """Aim what this process prints, its libraries and its own processes, at standard error."""
    pipe = _pipe()
    with contextlib.suppress(OSError):  # standard error is closed
        os.dup2(_ERROR if pipe is None else pipe, _OUTPUT)
    if pipe is not None:
        os.close(pipe)
    # By lines, since counters may go to the same file.
    sys.stdout = open(  # noqa: SIM115
        _OUTPUT, "w", buffering=1, encoding="utf-8", errors="backslashreplace", closefd=False
    )


def _pipe() -> int | None:
    """Open the pipe, if there is one and somebody reads it."""
    path = os.environ.get(PRINTED)
    if path is None:
        return None
    try:
        pipe = os.open(path, os.O_WRONLY | os.O_NONBLOCK)
    except OSError:
        return None
    os.set_blocking(pipe, True)
    return pipe


def reserved_output() -> IO[bytes]:
    """Return what was standard output, for record lines; what is printed goes elsewhere."""
    sys.stdout.flush()
    records = open(os.dup(_OUTPUT), "wb")  # noqa: SIM115
    print_to_standard_error()
    return records


@contextlib.contextmanager
def printed_aside() -> Iterator[None]:
    """Aim what this process prints at standard error for a while."""
    python_output, output = sys.stdout, os.dup(_OUTPUT)
    try:
        print_to_standard_error()
        yield
        sys.stdout.flush()
    finally:
        import ctypes  # slow to import

        ctypes.CDLL(None).fflush(None)  # what libraries in C have printed
        os.dup2(output, _OUTPUT)
        os.close(output)
        sys.stdout = python_output
