"""The local runner: each task is a process, as many at a time as there are cores.

Tasks find this project in a directory of links to it, and nothing else of where it is installed.
Where Python runs them on Linux, they are forked from a process that has imported what they need
(see `task_server`); with ``--setup``, ``--py-files`` or another Python, each is started by itself.
"""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterable
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from pathlib import Path
from typing import IO, Any

from mrjob.conf import combine_local_envs
from mrjob.local import LocalMRJobRunner

import hdfs_tools
import mapreduce_jobs
from mapreduce_jobs.core.job_errors import JobError
from mapreduce_jobs.core.runners.common import end_of, is_words
from mapreduce_jobs.core.runners.launcher import VARIABLE
from mapreduce_jobs.core.runners.one_machine import OneMachineRunner
from mapreduce_jobs.core.runners.printing import PRINTED, Printed
from mapreduce_jobs.core.runners.processes import ProcessRunner
from mapreduce_jobs.core.runners.task_server import ForkedTask, TaskServer

__all__ = ["LocalRunner"]

_GRACE = 10.0  # seconds for tasks to end when they are asked to


class LocalRunner(ProcessRunner, OneMachineRunner, LocalMRJobRunner):
    """Runs each task as a process, one a core at a time."""

    task_modules: list[str]
    """Modules that tasks import."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._tasks: set[ForkedTask | subprocess.Popen[bytes]] = set()
        self._stopping = False
        self._server: TaskServer | None = None

    def _run(self) -> None:
        self._project = os.path.join(self._get_local_tmp_dir(), "project")
        os.mkdir(self._project)
        for module in (hdfs_tools, mapreduce_jobs):
            package = Path(str(module.__file__)).parent
            os.symlink(package, os.path.join(self._project, package.name))
        self._printed = os.path.join(self._get_local_tmp_dir(), "printed")
        with Printed(self._printed):
            self._run_tasks()

    def _run_tasks(self) -> None:
        if not self._forks():
            super()._run()
            return
        log = os.path.join(self._get_local_tmp_dir(), "task-server")
        environment = self._with_project(combine_local_envs(os.environ, self._cmdenv()))
        with TaskServer(self.task_modules, self._get_local_tmp_dir(), environment, log) as server:
            self._server = server
            super()._run()

    def _forks(self) -> bool:
        """Return whether tasks may be forked: macOS's own libraries fail then."""
        is_plain = not self._setup and not self._py_files()
        return sys.platform == "linux" and is_plain and self._task_python_bin() == [sys.executable]

    def _with_project(self, environment: dict[str, str]) -> dict[str, str]:
        path = environment.get("PYTHONPATH")
        paths = f"{self._project}{os.pathsep}{path}" if path else self._project
        return {**environment, "PYTHONPATH": paths}

    def _env_for_task(self, *args: Any, **kwargs: Any) -> dict[str, str]:
        environment = self._with_project(super()._env_for_task(*args, **kwargs))
        return {**environment, VARIABLE: self.launcher_lock() or "", PRINTED: self._printed}

    def _default_task_count(self) -> int:
        return int(self._num_cores())

    def _run_multiple(
        self, funcs: Iterable[Callable[[], None]], num_processes: int | None = None
    ) -> None:
        running: list[Future[None]] = []
        with ThreadPoolExecutor(self._num_cores()) as pool:
            try:
                for func in funcs:
                    running.append(pool.submit(func))
                wait(running, return_when=FIRST_EXCEPTION)
            finally:
                failed = [task for task in running if task.done() and task.exception()]
                if failed or not all(task.done() for task in running):
                    pool.shutdown(wait=False, cancel_futures=True)
                    self._stop([task for task in running if not task.cancelled()])
            if failed:
                raise failed[0].exception()  # type: ignore[misc]

    def _stop(self, running: "list[Future[None]]") -> None:
        """Ask tasks to end, and end those that do not."""
        self._stopping = True
        for task in list(self._tasks):
            _ask_to_end(task)
        if self._server is not None:
            self._server.send_signal(signal.SIGCONT)  # it reports their end
        try:
            wait(running, _GRACE)
        finally:
            if not all(task.done() for task in running):
                for task in list(self._tasks):
                    task.send_signal(signal.SIGKILL)
                if self._server is not None:
                    self._server.send_signal(signal.SIGKILL)

    def _invoke_task_func(
        self, task_type: str, step_num: int, task_num: int
    ) -> Callable[..., None]:
        args = self._substep_args(step_num, task_type)
        stderr_path = self._task_stderr_path(task_type, step_num, task_num)

        def invoke(
            stdin: IO[bytes], stdout: IO[bytes], stderr: IO[bytes], wd: str, env: dict[str, str]
        ) -> None:
            task: ForkedTask | subprocess.Popen[bytes]
            if self._server is not None and args[0] == sys.executable:
                task = self._server.fork(args[1:], (stdin, stdout, stderr), wd, env)
            else:
                task = subprocess.Popen(
                    args, stdin=stdin, stdout=stdout, stderr=stderr, cwd=wd, env=env
                )
            self._tasks.add(task)
            try:
                if self._stopping:
                    _ask_to_end(task)
                status = task.wait()
            finally:
                self._tasks.discard(task)
            if status:
                raise JobError(_last_words(stderr_path) or end_of(task_type, status))

        return invoke

    def _log_cause_of_error(self, ex: BaseException) -> None:
        """Say nothing more: the error is the task's own."""


def _ask_to_end(task: ForkedTask | subprocess.Popen[bytes]) -> None:
    task.send_signal(signal.SIGTERM)
    task.send_signal(signal.SIGCONT)  # it may be stopped


def _last_words(stderr_path: str) -> str:
    """Return what a task wrote to standard error, without counters and the shell's echo."""
    with open(stderr_path, encoding="utf-8", errors="backslashreplace") as lines:
        return "".join(filter(is_words, lines)).strip()
