"""Files of jobs as processes that are forked from one which has imported what they need.

The local runner starts tasks so, and imports take most of the time of a small job. `run`
of tests.support does it for the file of a job, unless variables are set that Python reads at start.
"""

import atexit
import contextlib
import functools
import os
import signal
import sys
import tempfile
import threading
from collections.abc import Mapping, Sequence
from subprocess import TimeoutExpired

import mapreduce_jobs
from mapreduce_jobs.core.runners.task_server import TaskServer

_MODULES = (
    "mapreduce_jobs.core.jobs.image_job",
    "mapreduce_jobs.core.jobs.table_job",
    "mapreduce_jobs.imaging.decode",
    "mapreduce_jobs.imaging.dicom.image_of_file",
    "mapreduce_jobs.imaging.formats.nifti",
    "mapreduce_jobs.imaging.pipelines.registry",
)
_JOBS = os.path.dirname(mapreduce_jobs.__file__)
# Variables that Python and what it imports read when they start.
_EARLY = ("PYTHON", "LC_", "LANG", "LD_", "TZ", "OMP_", "OPENBLAS_", "COVERAGE_")


def can_fork(command: Sequence[str], environment: Mapping[str, str]) -> bool:
    """Tell whether a command is the file of a job that may as well be forked."""
    return (
        sys.platform == "linux"
        and command[0] == sys.executable
        and os.path.dirname(command[1]) == _JOBS
        and _early(environment) == _early(os.environ)
    )


def _early(environment: Mapping[str, str]) -> dict[str, str]:
    return {name: environment[name] for name in environment if name.startswith(_EARLY)}


@functools.cache
def _server() -> TaskServer:
    folder = tempfile.mkdtemp(prefix="tests-forked-")
    atexit.register(os.rmdir, folder)
    log = os.path.join(folder, "log")
    server = TaskServer(_MODULES, folder, os.environ, log)
    atexit.register(os.unlink, log)
    atexit.register(server.__exit__)
    return server


def fork(
    args: Sequence[str], stdin: bytes, folder: str, environment: Mapping[str, str], timeout: float
) -> tuple[int, bytes, bytes]:
    """Run a script to its end; return its exit status, its output and what it says."""
    reading, writing = os.pipe()
    with (
        open(reading, "rb") as given,
        tempfile.TemporaryFile() as stdout,
        tempfile.TemporaryFile() as stderr,
    ):
        task = _server().fork(args, (given, stdout, stderr), folder, environment)
        giving = threading.Thread(target=_give, args=(writing, stdin))
        giving.start()
        late = threading.Timer(timeout, task.send_signal, [signal.SIGKILL])
        late.start()
        status = task.wait()
        in_time = late.is_alive()
        late.cancel()
        given.close()  # nobody reads it any more
        giving.join()
        if not in_time:
            raise TimeoutExpired(args, timeout)
        stdout.seek(0)
        stderr.seek(0)
        return status, stdout.read(), stderr.read()


def _give(pipe: int, data: bytes) -> None:
    with contextlib.suppress(BrokenPipeError), open(pipe, "wb", buffering=0) as file:
        file.write(data)
