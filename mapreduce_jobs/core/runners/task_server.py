"""The process that the local runner's tasks are forked from.

It imports once what tasks need, while the input is still being listed, and forks for every task,
which so begins within milliseconds. It has one thread, so that a fork is a whole process. Each task
then runs like ``python SCRIPT ARGUMENTS`` of its own: with its own standard streams, working
directory, environment, signals and exit status. When whoever started the server is gone, so are the
tasks and the server.
"""

import contextlib
import gc
import importlib
import json
import os
import select
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from types import FrameType, ModuleType, TracebackType
from typing import IO, NoReturn, Self

from hdfs_tools.ending import shortage
from mapreduce_jobs.core.job_errors import JobError
from mapreduce_jobs.core.runners.cores import blas_on_one_core

__all__ = ["ForkedTask", "TaskServer"]

_FILES = 5  # that come with a request: what to run, standard streams, and where to report its end
_GRACE = 10.0  # seconds for it to end when nobody needs it
_REQUEST = b"\n"
_HAS_DIRECTORY_IN_PATH = not sys.flags.safe_path


@dataclass(frozen=True, eq=False)
class ForkedTask:
    """A task that was forked.

    Attributes
    ----------
    pid : int
        Of its process.
    """

    pid: int
    _server: "TaskServer"
    _status_pipe: IO[bytes]

    def send_signal(self, number: int) -> None:
        """Send it a signal, if it has not ended."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, number)

    def wait(self) -> int:
        """Return its exit status once it has ended; of one that a signal ended, minus its number.

        Raises
        ------
        JobError
            The server has ended before.
        """
        with self._status_pipe:
            return self._server.read_number(self._status_pipe)


class TaskServer:
    """Starts the server, has it fork, and ends it.

    Parameters
    ----------
    modules : iterable of str
        What tasks import; names that cannot be imported are passed over, the tasks report them.
    directory : str
        Its working directory.
    environment : mapping
        Its environment variables.
    log : str
        Path of the file of its standard error.

    Attributes
    ----------
    pid : int
        Of its process.
    """

    def __init__(
        self, modules: Iterable[str], directory: str, environment: Mapping[str, str], log: str
    ) -> None:
        self._log = log
        self._connection, theirs = socket.socketpair()
        with theirs, open(log, "wb") as stderr:
            self._process = subprocess.Popen(
                [sys.executable, "-m", __name__, *modules],
                stdin=theirs.fileno(),
                stdout=subprocess.DEVNULL,
                stderr=stderr,
                cwd=directory,
                env=environment,
            )
        self.pid = self._process.pid

    def fork(
        self,
        args: Sequence[str],
        streams: Iterable[IO[bytes]],
        directory: str,
        environment: Mapping[str, str],
    ) -> ForkedTask:
        """Run a script of Python as a process.

        Parameters
        ----------
        args : sequence of str
            The script and its arguments.
        streams : iterable of binary file
            Its standard input, output and error.
        directory : str
            Its working directory.
        environment : mapping
            Its environment variables.

        Returns
        -------
        ForkedTask
            The process.

        Raises
        ------
        JobError
            The server has ended.
        """
        ours, theirs = os.pipe()
        status_pipe = os.fdopen(ours, "rb")
        with tempfile.TemporaryFile() as request, os.fdopen(theirs, "wb") as status:
            request.write(json.dumps([args, directory, dict(environment)]).encode())
            request.seek(0)
            files = [file.fileno() for file in (request, *streams, status)]
            with contextlib.suppress(BrokenPipeError):  # then nothing comes back
                socket.send_fds(self._connection, [_REQUEST], files)
        try:
            return ForkedTask(self.read_number(status_pipe), self, status_pipe)
        except JobError:
            status_pipe.close()
            raise

    def read_number(self, pipe: IO[bytes]) -> int:
        """Return the next number that the server wrote: a task's process, or its exit status.

        Raises
        ------
        JobError
            The server has ended; its last words say why.
        """
        line = pipe.readline()
        if line:
            return int(line)
        with open(self._log, encoding="utf-8", errors="backslashreplace") as log:
            words = [line.strip() for line in log if line.strip()]
        why = f": {words[-1]}" if words else ""
        raise JobError(f"the process that tasks are forked from has ended{why}")

    def __enter__(self) -> Self:
        return self

    def send_signal(self, number: int) -> None:
        """Send it a signal, if it has not ended."""
        self._process.send_signal(number)

    def __exit__(self, *_: object) -> None:
        self._connection.close()
        try:
            self._process.wait(_GRACE)
        except subprocess.TimeoutExpired:  # it is stopped
            self._process.kill()
            self._process.wait()


# In the server's process


@dataclass
class _Server:
    """What it knows of its tasks: for each process, the pipe that its end is written to."""

    connection: socket.socket
    tasks: dict[int, int] = field(default_factory=dict)

    def serve(self) -> int:
        """Serve; returns in the process of every task, with the file of its request."""
        ended, wake = os.pipe()
        os.set_blocking(wake, False)
        signal.set_wakeup_fd(wake)
        signal.signal(signal.SIGCHLD, _pass)
        on_interrupt = signal.signal(signal.SIGINT, signal.SIG_IGN)  # whoever started it decides
        while True:
            connection = self.connection.fileno()
            ready, _, _ = select.select([connection, ended], [], [])
            if ended in ready:
                os.read(ended, 512)
                self._report_ended_tasks()
            if connection not in ready:
                continue
            request, files, _, _ = socket.recv_fds(self.connection, len(_REQUEST), _FILES)
            if not request:
                self._end()
            pid = os.fork()
            if not pid:
                signal.set_wakeup_fd(-1)
                signal.signal(signal.SIGCHLD, signal.SIG_DFL)
                signal.signal(signal.SIGINT, on_interrupt)
                request_file, *streams, status_pipe = files
                for number, stream in enumerate(streams):
                    os.dup2(stream, number)
                self.connection.detach()  # it was standard input
                for file in (*streams, status_pipe, ended, wake, *self.tasks.values()):
                    os.close(file)
                return request_file
            *others, self.tasks[pid] = files
            for file in others:
                os.close(file)
            _write_number(self.tasks[pid], pid)

    def _report_ended_tasks(self) -> None:
        with contextlib.suppress(ChildProcessError):  # there are no more
            while True:
                pid, status = os.waitpid(-1, os.WNOHANG)
                if not pid:
                    return
                status_pipe = self.tasks.pop(pid)
                _write_number(status_pipe, os.waitstatus_to_exitcode(status))
                os.close(status_pipe)

    def _end(self) -> NoReturn:
        for pid in self.tasks:
            os.kill(pid, signal.SIGTERM)
            os.kill(pid, signal.SIGCONT)  # it may be stopped
        os._exit(0)


def _write_number(pipe: int, number: int) -> None:
    with contextlib.suppress(BrokenPipeError):
        os.write(pipe, b"%d\n" % number)


def _pass(_: int, __: FrameType | None) -> None:
    """Let the signal wake up `select`."""


def _import(modules: Iterable[str]) -> None:
    for name in modules:
        with contextlib.suppress(Exception):
            importlib.import_module(name)
    gc.collect()
    gc.freeze()  # so that tasks share the memory of what is there


def _run(request_file: int) -> None:
    """Run a script as Python does."""
    with os.fdopen(request_file, "rb") as request:
        args, directory, environment = json.load(request)
    os.chdir(directory)
    script = os.path.abspath(args[0])
    # It was a socket, and knows as such that one cannot seek there.
    encoding, errors = sys.stdin.encoding, sys.stdin.errors
    sys.stdin = open(0, encoding=encoding, errors=errors, closefd=False)  # noqa: SIM115
    if "numpy.random" in sys.modules:  # tasks draw numbers of their own
        sys.modules["numpy.random"].seed()
    os.environ.clear()
    os.environ.update(environment)
    sys.argv[:] = args
    sys.orig_argv[:] = [sys.executable, *args]
    if _HAS_DIRECTORY_IN_PATH:
        sys.path.insert(0, os.path.dirname(os.path.realpath(script)))

    def write_traceback(
        kind: type[BaseException], error: BaseException, trace: TracebackType | None
    ) -> None:
        """Write a traceback that begins in the script."""
        while trace is not None and trace.tb_frame.f_code.co_filename != script:
            trace = trace.tb_next
        sys.__excepthook__(kind, error.with_traceback(trace), trace)

    sys.excepthook = write_traceback
    module = ModuleType("__main__")
    module.__file__ = script
    sys.modules["__main__"] = module
    with open(script, "rb") as source:
        code = compile(source.read(), script, "exec")
    exec(code, vars(module))  # noqa: S102  (the job's own file)


def _main() -> None:
    if _HAS_DIRECTORY_IN_PATH:
        del sys.path[0]
    blas_on_one_core()
    _import(sys.argv[1:])
    try:
        request_file = _Server(socket.socket(fileno=0)).serve()
    except OSError as error:
        sys.exit(shortage(error) or f"{type(error).__name__}: {error}")
    _run(request_file)


if __name__ == "__main__":
    _main()
