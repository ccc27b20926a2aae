"""mrjob's inline runner, and what it shares with the local one.

What differs from mrjob's own:

- Input is assigned to map tasks by the job (see `inputs`), evenly by bytes, without copying it.
- ``-D mapreduce.job.maps=N`` and ``-D mapreduce.job.reduces=N`` say how many tasks there are.
- ``--output-dir`` appears when the job is done, with ``_SUCCESS`` as on Hadoop, and must not exist.
- Sorting does not happen in memory, and temporary directories are removed after a failure too.
"""

import os
import shutil
import subprocess
from collections.abc import Callable
from glob import glob
from itertools import takewhile
from typing import IO, Any

from mrjob.inline import InlineMRJobRunner
from mrjob.sim import SimMRJobRunner

from hdfs_tools.ending import shortage
from mapreduce_jobs.core.inputs.splits import SPANS_VARIABLE
from mapreduce_jobs.core.inputs.task_files import TaskFiles
from mapreduce_jobs.core.job_errors import JobError
from mapreduce_jobs.core.runners.common import Plan, end_of, is_words, requested_tasks, whole_output
from mapreduce_jobs.core.runners.progress import LoggedCounters, Progress, phase_of
from mapreduce_jobs.core.runners.scratch import ScratchDirectory

__all__ = ["InlineRunner", "OneMachineRunner"]

_SMALL = 2 << 20  # bytes of reducer input that one reducer takes at once


class OneMachineRunner(ScratchDirectory, SimMRJobRunner):
    """What the inline and the local runner share."""

    plan: Plan
    items: str
    _output_dir: str | None
    task_files: TaskFiles | None = None
    """The input of its tasks; set when it runs."""

    @classmethod
    def _default_opts(cls) -> dict[str, Any]:
        return {**super()._default_opts(), "cleanup_on_failure": ["ALL"], "bootstrap_mrjob": False}

    def _check_input_paths(self) -> None:
        """Leave it to the plan, which says more."""

    def _run(self) -> None:
        directory = os.path.join(self._get_local_tmp_dir(), "input")
        os.makedirs(directory)
        with TaskFiles(directory, self._task_count("maps")) as files:
            self.plan(files)
        self.task_files = files
        self._task_files = files.paths()
        if self._output_dir is None:
            super()._run()
            files.check_unchanged()
            return
        final = os.path.abspath(os.path.expanduser(self._output_dir))
        with whole_output(final) as self._output_dir:
            super()._run()
            files.check_unchanged()
        self._output_dir = final

    def _task_count(self, kind: str) -> int:
        """Return the number of map or reduce tasks: as requested, else one a core."""
        return requested_tasks(self._opts["jobconf"], kind) or self._default_task_count()

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
        """Split the sorted input between keys; a small one, unless requested, not at all."""
        is_requested = "mapreduce.job.reduces" in self._opts["jobconf"]
        path = self._sorted_reducer_input_path(step_num)
        size = os.path.getsize(path)
        count = self._task_count("reduces") if is_requested or size > _SMALL else 1
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
        """Return what sorts: `sort`, or mrjob's own in memory where there is none."""
        if shutil.which("sort") is None:
            in_memory: Callable[..., None] = SimMRJobRunner._sort_input_func(self)
            return in_memory
        return self._sort

    def _sort(self, input_paths: list[str], output_path: str) -> None:
        """Sort lines by key, those of a key in their order."""
        directory = self._get_local_tmp_dir()
        with open(output_path, "wb") as output:
            sort = subprocess.run(
                ["sort", "-t", "\t", "-k", "1,1", "-s", *input_paths],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.PIPE,
                env={**os.environ, "LC_ALL": "C", "TMPDIR": directory},
            )
        if sort.returncode:
            words = sort.stderr.decode("utf-8", "replace").strip()
            raise JobError(words or end_of("sort", sort.returncode))

    def follow(self) -> Callable[[], Progress]:
        """Return a function that returns the job's progress."""
        logged = LoggedCounters(self._logs, self.items)

        def progress() -> Progress:
            task_files = self.task_files
            if task_files is None:
                return Progress("listing the input")
            read, failed, done = logged.now()
            phase, is_reading = self._phase()
            share = done / task_files.size if task_files.size else None
            return Progress(phase, read, failed, task_files.images, share, is_reading)

        return progress

    def _logs(self) -> list[str]:
        """Return the logs of all tasks, as far as they are there."""
        directory = os.path.join(self._get_local_tmp_dir(), "step")
        return sorted(glob(os.path.join(directory, "*", "*", "*", "stderr")))

    def _phase(self) -> tuple[str, bool]:
        """Return what is going on, and whether it is the reading of the input."""
        directory = os.path.join(self._get_local_tmp_dir(), "step")
        steps = self._num_steps()
        step = max(1, len(glob(os.path.join(directory, "*"))))
        reduces = os.path.isdir(os.path.join(directory, f"{step - 1:03d}", "reducer"))
        return phase_of(step, steps, "reduce" if reduces else "map"), step == 1 and not reduces

    def task_stderr_paths(self) -> list[str]:
        """Return the logs of the map tasks, as far as they are there."""
        directory = os.path.join(self._get_local_tmp_dir(), "step", "000", "mapper")
        return sorted(glob(os.path.join(directory, "*", "stderr")))

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


class InlineRunner(OneMachineRunner, InlineMRJobRunner):
    """Runs every task in this process, one after the other."""

    def _log_cause_of_error(self, ex: BaseException) -> None:
        """Name the file that a task was reading, unless the error is a sentence by itself."""
        if not isinstance(ex, JobError) and shortage(ex) is None:
            super()._log_cause_of_error(ex)
