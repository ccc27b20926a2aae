"""mrjob's inline and local runners, with this project's way of dealing input and of failing.

What differs from mrjob's own:

- Input is dealt to map tasks by the job (see `inputs`), evenly by bytes, without copying it.
- ``-D mapreduce.job.maps=N`` and ``-D mapreduce.job.reduces=N`` say how many tasks there are.
- A failed task's own last words are the error; its siblings are stopped.
- ``--output-dir`` appears when the job is done, with ``_SUCCESS`` as on Hadoop, and must not exist.
- Sorting does not happen in memory, and temporary folders are removed after a failure too.
"""

import os
import re
import shutil
import signal
import subprocess
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from contextlib import contextmanager
from functools import partial
from glob import glob
from itertools import takewhile
from typing import IO, Any

from mrjob.bin import MRJobBinRunner
from mrjob.inline import InlineMRJobRunner
from mrjob.local import LocalMRJobRunner, _sort_lines_with_sort_bin
from mrjob.sim import SimMRJobRunner

from mapreduce_jobs.core.errors import JobError, UsageError
from mapreduce_jobs.core.given import Given
from mapreduce_jobs.core.progress import LoggedCounters, Progress, phase_of
from mapreduce_jobs.core.shipping import write_package
from mapreduce_jobs.core.splits import SPANS_VARIABLE, TaskFiles

__all__ = [
    "InlineRunner",
    "LocalRunner",
    "Plan",
    "ShipsProject",
    "is_words",
    "told_tasks",
    "whole_output",
]

# Deals a job's input to its tasks; returns what was noted of it.
Plan = Callable[[TaskFiles], Given]

_SMALL = 2 << 20  # bytes of reducer input that one reducer deals with at once


def told_tasks(jobconf: dict[str, Any], kind: str) -> int | None:
    """Return the number of map or reduce tasks that the user asks for, if he does."""
    name = f"mapreduce.job.{kind}"
    told = jobconf.get(name)
    if told is None:
        return None
    if not re.fullmatch(r"[1-9]\d{0,2}", str(told)):
        raise UsageError(f"-D {name}={told}: must be a whole number from 1 to 999")
    return int(told)


@contextmanager
def whole_output(folder: str) -> Iterator[str]:
    """Give a folder of results its name when all is well, and remove it when not.

    Parameters
    ----------
    folder : str
        Absolute path; it must not exist.

    Yields
    ------
    str
        Where to write until then.
    """
    if os.path.lexists(folder):
        raise UsageError(f"{folder}: the output folder exists already")
    until_then = f"{folder}.partial-{os.getpid()}"
    os.makedirs(os.path.dirname(folder), exist_ok=True)
    try:
        yield until_then
        open(os.path.join(until_then, "_SUCCESS"), "wb").close()
        os.rename(until_then, folder)
    except BaseException:
        shutil.rmtree(until_then, ignore_errors=True)
        raise


class _OneMachine(SimMRJobRunner):
    """What the inline and the local runner share."""

    plan: Plan
    items: str
    _output_dir: str | None
    given: Given | None = None
    """What the job is given; set when it runs."""

    @classmethod
    def _default_opts(cls) -> dict[str, Any]:
        return {**super()._default_opts(), "cleanup_on_failure": ["ALL"], "bootstrap_mrjob": False}

    def _check_input_paths(self) -> None:
        """Leave it to the plan, which says more."""

    def _run(self) -> None:
        folder = os.path.join(self._get_local_tmp_dir(), "input")
        os.makedirs(folder)
        with TaskFiles(folder, self._task_count("maps")) as files:
            self.given = self.plan(files)
        self._task_files = files.paths()
        if self._output_dir is None:
            super()._run()
            return
        final = os.path.abspath(os.path.expanduser(self._output_dir))
        with whole_output(final) as self._output_dir:
            super()._run()
        self._output_dir = final

    def _task_count(self, kind: str) -> int:
        """Return the number of map or reduce tasks: as told, else one a core."""
        return told_tasks(self._opts["jobconf"], kind) or self._default_task_count()

    def _default_task_count(self) -> int:
        return 1

    def _input_paths_for_step(self, step_num: int) -> list[str]:
        return self._task_files if step_num == 0 else super()._input_paths_for_step(step_num)

    def _split_mapper_input(self, input_paths: list[str], step_num: int) -> list[dict[str, Any]]:
        if step_num:
            return super()._split_mapper_input(input_paths, step_num)
        splits = []
        for number, path in enumerate(input_paths):
            task_input = self._task_input_path("mapper", step_num, number)
            os.makedirs(os.path.dirname(task_input))
            os.symlink(path, task_input)
            splits.append({"file": path, "start": 0, "length": os.path.getsize(path)})
        return splits

    def _env_for_task(
        self, task_type: str, step_num: int, task_num: int, map_split: Any = None
    ) -> dict[str, str]:
        env = super()._env_for_task(task_type, step_num, task_num, map_split)
        if step_num == 0 and task_type == "mapper":
            env[SPANS_VARIABLE] = ""
        return env

    def _split_reducer_input(self, step_num: int) -> int:
        """Split the sorted input between keys; a small one, unless told, not at all."""
        told = "mapreduce.job.reduces" in self._opts["jobconf"]
        path = self._sorted_reducer_input_path(step_num)
        size = os.path.getsize(path)
        count = self._task_count("reduces") if told or size > _SMALL else 1
        number, written, last_key = -1, 0, None
        task_input: IO[bytes] | None = None
        with open(path, "rb") as lines:
            for line in lines:
                key = line.partition(b"\t")[0]
                if task_input is None or (
                    key != last_key and written >= size / count and number < count - 1
                ):
                    if task_input is not None:
                        task_input.close()
                    number, written = number + 1, 0
                    task_input = self._open_reducer_input(step_num, number)
                last_key = key
                task_input.write(line)
                written += len(line)
        if task_input is None:
            number = 0
            task_input = self._open_reducer_input(step_num, number)
        task_input.close()
        return number + 1

    def _open_reducer_input(self, step_num: int, number: int) -> IO[bytes]:
        path = self._task_input_path("reducer", step_num, number)
        os.makedirs(os.path.dirname(path))
        return open(path, "wb")

    def _sort_input_func(self) -> Callable[..., None]:
        return partial(
            _sort_lines_with_sort_bin,
            sort_bin=["sort", "-t", "\t", "-k", "1,1", "-s"],
            tmp_dir=self._get_local_tmp_dir(),
        )

    def follow(self) -> Callable[[], Progress]:
        """Return what tells how far the job is, each time it is called."""
        logged = LoggedCounters(self._logs, self.items)

        def progress() -> Progress:
            given = self.given
            if given is None:
                return Progress("listing the input")
            read, failed, done = logged.now()
            phase, is_reading = self._phase()
            share = done / given.size if given.size else None
            return Progress(phase, read, failed, given.images, share, is_reading)

        return progress

    def _logs(self) -> list[str]:
        """Return the logs of all tasks, as far as they are there."""
        folder = os.path.join(self._get_local_tmp_dir(), "step")
        return sorted(glob(os.path.join(folder, "*", "*", "*", "stderr")))

    def _phase(self) -> tuple[str, bool]:
        """Return what is going on, and whether it is the reading of the input."""
        folder = os.path.join(self._get_local_tmp_dir(), "step")
        steps = self._num_steps()
        step = max(1, len(glob(os.path.join(folder, "*"))))
        reduces = os.path.isdir(os.path.join(folder, f"{step - 1:03d}", "reducer"))
        return phase_of(step, steps, "reduce" if reduces else "map"), step == 1 and not reduces

    def task_stderr_paths(self) -> list[str]:
        """Return the logs of the map tasks, as far as they are there."""
        folder = os.path.join(self._get_local_tmp_dir(), "step", "000", "mapper")
        return sorted(glob(os.path.join(folder, "*", "stderr")))

    def first_traceback(self) -> str | None:
        """Return the first traceback that a map task logged, with the line before it."""
        for path in self.task_stderr_paths():
            with open(path, encoding="utf-8", errors="backslashreplace") as log:
                before = ""
                for line in log:
                    if line.startswith("Traceback "):
                        return before + line + "".join(takewhile(is_words, log))
                    before = line
        return None


class InlineRunner(_OneMachine, InlineMRJobRunner):
    """Runs every task in this process, one after the other."""

    def _log_cause_of_error(self, ex: BaseException) -> None:
        """Name the file that a task was reading, unless the error is a sentence by itself."""
        if not isinstance(ex, JobError):
            super()._log_cause_of_error(ex)


class ShipsProject(MRJobBinRunner):
    """What runners share whose tasks are processes: the project travels with the job."""

    def _py_files(self) -> list[str]:
        path = os.path.join(self._get_local_tmp_dir(), "mapreduce_imaging.zip")
        if not os.path.exists(path):
            write_package(path)
        return [*super()._py_files(), path]

    def _setup_cmd_content(self, setup: Any) -> list[str]:
        """Set PYTHONPATH; with commands of the user's, as mrjob does it.

        mrjob takes a lock, for which it leaves a file in /tmp, and does not bear spaces in paths.
        """
        if self._setup:
            return list(super()._setup_cmd_content(setup))
        names = [self._working_dir_mgr.name(**path) for _, path, _ in setup]
        return [f'export PYTHONPATH="$PWD/{name}:$PYTHONPATH"' for name in names]

    def _setup_wrapper_script_content(self, *args: Any, **kwargs: Any) -> list[str]:
        # Without a shell in between, stopping the process stops the task.
        lines = super()._setup_wrapper_script_content(*args, **kwargs)
        return ['exec "$@"' if line == '"$@"' else line for line in lines]


class LocalRunner(ShipsProject, _OneMachine, LocalMRJobRunner):
    """Runs each task as a process, one a core at a time, shipped to it as on a cluster."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._processes: set[subprocess.Popen[bytes]] = set()
        self._stopping = False

    def _default_task_count(self) -> int:
        return int(self._num_cores())

    def _run_multiple(
        self, funcs: Iterable[Callable[[], None]], num_processes: int | None = None
    ) -> None:
        with ThreadPoolExecutor(self._num_cores()) as pool:
            running = [pool.submit(func) for func in funcs]
            try:
                wait(running, return_when=FIRST_EXCEPTION)
            finally:
                failed = [task for task in running if task.done() and task.exception()]
                if failed or not all(task.done() for task in running):
                    self._stop()
                    pool.shutdown(cancel_futures=True)
            if failed:
                raise failed[0].exception()  # type: ignore[misc]

    def _stop(self) -> None:
        self._stopping = True
        for process in list(self._processes):
            process.send_signal(signal.SIGTERM)

    def _invoke_task_func(
        self, task_type: str, step_num: int, task_num: int
    ) -> Callable[..., None]:
        args = self._substep_args(step_num, task_type)
        stderr_path = self._task_stderr_path(task_type, step_num, task_num)

        def invoke(
            stdin: IO[bytes], stdout: IO[bytes], stderr: IO[bytes], wd: str, env: dict[str, str]
        ) -> None:
            process = subprocess.Popen(
                args, stdin=stdin, stdout=stdout, stderr=stderr, cwd=wd, env=env
            )
            self._processes.add(process)
            if self._stopping:
                process.terminate()
            status = process.wait()
            self._processes.discard(process)
            if status:
                raise JobError(_last_words(stderr_path) or _end_of(task_type, status))

        return invoke

    def _log_cause_of_error(self, ex: BaseException) -> None:
        """Say nothing more: the error is the task's own."""


def _last_words(stderr_path: str) -> str:
    """Return what a task wrote to standard error, without counters and the shell's echo."""
    with open(stderr_path, encoding="utf-8", errors="backslashreplace") as lines:
        return "".join(filter(is_words, lines)).strip()


def is_words(line: str) -> bool:
    """Tell what a task says from its counters and from the shell's echo."""
    return not line.startswith(("reporter:", "+ "))


def _end_of(task_type: str, status: int) -> str:
    if status < 0:
        return f"a {task_type} was ended by {signal.Signals(-status).name}"
    return f"a {task_type} ended with exit status {status}"
