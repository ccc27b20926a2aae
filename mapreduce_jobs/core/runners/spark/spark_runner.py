"""mrjob's Spark runner, with this project's way of assigning input and of failing.

What differs from mrjob's own:

- Input is assigned to map tasks by the job (see `inputs`), a partition a task, without copying it.
- Spark's own words are kept back, unless ``--verbose``; a failed task's last words are the error.
- ``--output-dir`` appears when the job is done.
- All that is temporary lies in one directory, which is removed, and an interrupt ends Spark.
"""

import contextlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from typing import Any, NoReturn

import mrjob.bin
from mrjob.spark.runner import SparkMRJobRunner, log

from hdfs_tools.errors import HdfsToolsError
from hdfs_tools.location import Location
from hdfs_tools.uri import is_uri
from mapreduce_jobs.core.inputs.task_files import TaskFiles
from mapreduce_jobs.core.job_errors import JobError, UsageError
from mapreduce_jobs.core.runners.common import NAMELESS, Plan, requested_tasks, whole_output
from mapreduce_jobs.core.runners.launcher import VARIABLE
from mapreduce_jobs.core.runners.printing import PRINTED, Printed
from mapreduce_jobs.core.runners.processes import ShipsProject
from mapreduce_jobs.core.runners.progress import Progress
from mapreduce_jobs.core.runners.spark import spark_driver

__all__ = ["SparkRunner"]

_MASTER = re.compile(r"local(?:\[([1-9]\d*|\*)(?:,\d+)?\])?")
_FINISHED = re.compile(r"Finished task .* in stage .*\((\d+)/(\d+)\)")
_SENTENCE = re.compile(rf'{spark_driver.FAILED}("(?:[^"\\]|\\.)*")')
_TRACEBACK = re.compile(
    r"PythonException: [^\n]*?(Traceback .*?)\s+(?:SQLSTATE: \w+\s+)?at org\.", re.DOTALL
)
_LOGGED_TRACEBACK = re.compile(r"^.*\nTraceback .*\n(?: .*\n)*.*\n", re.MULTILINE)
_KNOWN = (
    NAMELESS,
    (
        r"UnsupportedClassVersionError",
        "this Java is too old for this Spark: Spark 4 needs Java 17, see JAVA_HOME",
    ),
    (
        r"Python worker exited unexpectedly",
        "a task's Python process ended without a word: it crashed, or was ended for its use of"
        " memory; fewer at once, as with --spark-master 'local[1]', need less",
    ),
    (r"java\.lang\.OutOfMemoryError: (.*)", "Java ran out of memory ({0})"),
    (r"(?s)Py4JJavaError: .*\n(?:Caused by)?: ([^\n]*)", "Spark failed: {0}"),
)
_CHATTER = re.compile(r"^\tat |^WARNING: | (?:INFO|WARN) ")
_LAST_LINES = 20
_PATIENCE = 10  # seconds for Spark to end when it is asked to

with contextlib.suppress(ImportError):
    import pyspark

    mrjob.bin.pyspark = pyspark  # it may have been imported without, for the local runner


class SparkRunner(ShipsProject, SparkMRJobRunner):
    """Runs a job on Spark, on the cores of this machine."""

    plan: Plan
    _output_dir: str
    items: str
    task_files: TaskFiles | None = None
    """The input of its tasks; set when it runs."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._tasks_done = "0"
        self._log_path = os.path.join(self._spark_tmp_dir, "log")

    @classmethod
    def _default_opts(cls) -> dict[str, Any]:
        return {**super()._default_opts(), "cleanup_on_failure": ["ALL"], "bootstrap_mrjob": False}

    # Where things are

    def _pick_spark_tmp_dir(self) -> str:
        """Return a directory in the one that is removed at the end; mrjob's own is left behind."""
        directory = os.path.join(self._get_local_tmp_dir(), "spark")
        os.makedirs(directory)
        return directory

    def _default_python_bin(self, local: bool = False) -> list[str]:
        return [sys.executable]

    def _spark_harness_path(self) -> str:
        return spark_driver.__file__

    def _spark_script_args(self, step_num: int, last_step_num: int | None = None) -> list[str]:
        args: list[str] = super()._spark_script_args(step_num, last_step_num)
        if "--job-args" in args:
            # In two words, a single option of the job's would be taken for one of mrjob's.
            at = args.index("--job-args")
            args[at : at + 2] = ["=".join(args[at : at + 2])]
        return args

    def _spark_cmdenv(self, step_num: int) -> dict[str, str]:
        env: dict[str, str] = super()._spark_cmdenv(step_num)
        # A variable of the user's that starts a notebook would else take the driver's place.
        return {"PYSPARK_DRIVER_PYTHON": env["PYSPARK_PYTHON"], **env}

    def _jobconf_for_step(self, step_num: int) -> dict[str, Any]:
        defaults = {
            "spark.ui.enabled": "false",
            "spark.driver.host": "localhost",
            "spark.driver.bindAddress": "127.0.0.1",
            # Most of what this Java does is to start: these halve it.
            "spark.driver.extraJavaOptions": "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC",
            "spark.local.dir": os.path.join(self._spark_tmp_dir, "scratch"),
            # One partition a task file.
            "spark.hadoop.mapreduce.input.fileinputformat.split.minsize": str((1 << 63) - 1),
        }
        return {**defaults, **super()._jobconf_for_step(step_num)}

    def _step_input_uris(self, step_num: int) -> list[str]:
        if step_num == 0:
            return [_file_uri(path) for path in self._task_files]
        return [_file_uri(self._intermediate_output_dir(step_num - 1))]

    def _step_output_uri(self, step_num: int) -> str:
        last = step_num == self._num_steps() - 1
        return _file_uri(self._output_dir if last else self._intermediate_output_dir(step_num))

    # Running

    def _check_input_paths(self) -> None:
        """Leave it to the plan, which says more."""

    def _check_spark(self) -> None:
        (command, *_) = self.get_spark_submit_bin()
        if shutil.which(command) is None:
            raise UsageError(
                "-r spark needs Spark, and there is none: pip install 'mapreduce-imaging[spark]'"
            )
        home = os.environ.get("JAVA_HOME")
        if shutil.which(f"{home}/bin/java" if home else "java") is None:
            where = f"in JAVA_HOME, {home}" if home else "here"
            raise UsageError(
                f"-r spark needs Java, and there is none {where}: install one (Spark 4 needs Java"
                " 17), or say with JAVA_HOME where it is"
            )

    def _cores(self) -> int:
        master = self._spark_master()
        match = _MASTER.fullmatch(master)
        if match is None:
            raise UsageError(
                f"--spark-master {master}: jobs run on Spark on one machine, local[N] or local[*];"
                " for a cluster there is -r hadoop"
            )
        return (os.cpu_count() or 1) if match[1] == "*" else int(match[1] or 1)

    def _run(self) -> None:
        self._check_spark()
        count = requested_tasks(self._opts["jobconf"], "maps") or self._cores()
        requested_tasks(self._opts["jobconf"], "reduces")
        directory = os.path.join(self._spark_tmp_dir, "input")
        os.makedirs(directory)
        with TaskFiles(directory, count) as files:
            self.plan(files)
        self.task_files = files
        self._task_files = files.paths()
        if is_uri(self._output_dir):
            self._run_steps_on_spark()
            try:
                files.check_unchanged()
            except JobError:
                _remove(self._output_dir)
                raise
            return
        final = self._output_dir = os.path.abspath(os.path.expanduser(self._output_dir))
        with whole_output(final) as self._output_dir:
            self._run_steps_on_spark()
            files.check_unchanged()
        self._output_dir = final

    def _run_spark_submit(
        self, spark_submit_args: list[str], env: dict[str, str], record_callback: Any
    ) -> tuple[int, dict[str, Any]]:
        """Run Spark, in a session of its own so that all of it can be stopped."""
        printed = os.path.join(self._spark_tmp_dir, "printed")
        with Printed(printed):
            spark = subprocess.Popen(
                spark_submit_args,
                env={**env, VARIABLE: self.launcher_lock() or "", PRINTED: printed},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
            try:
                self._listen(spark)
                status = spark.wait()
            except BaseException:
                _stop(spark)
                raise
        if status:
            self._fail(status)
        return status, {}

    def _listen(self, spark: "subprocess.Popen[bytes]") -> None:
        """Keep what Spark says until it ends."""
        assert spark.stdout is not None  # noqa: S101
        with open(self._log_path, "ab") as file:
            for raw in spark.stdout:
                file.write(raw)
                line = raw.decode("utf-8", "backslashreplace").rstrip()
                log.debug(line)
                if found := _FINISHED.search(line):
                    self._tasks_done = f"{found[1]} of {found[2]}"

    # Watching

    def follow(self) -> Callable[[], Progress]:
        """Return a function for the progress; Spark's counters come with the end of a task."""

        def progress() -> Progress:
            if self.task_files is None:
                return Progress("listing the input")
            return Progress(f"on Spark, tasks done: {self._tasks_done}", is_reading=False)

        return progress

    # Failing

    def _fail(self, status: int) -> NoReturn:
        with open(self._log_path, encoding="utf-8", errors="backslashreplace") as file:
            said = file.read()
        if found := _SENTENCE.search(said):
            raise JobError(json.loads(found[1]))
        if found := re.search(r"Output directory (\S+) already exists", said):
            raise UsageError(f"{found[1]}: the output directory exists already")
        if found := _TRACEBACK.search(said):
            raise JobError(f"a task failed:\n{found[1]}")
        for pattern, sentence in _KNOWN:
            if found := re.search(pattern, said):
                raise JobError(sentence.format(*found.groups()))
        words = [line for line in said.splitlines() if not _CHATTER.search(line)]
        last = "\n".join(words[-_LAST_LINES:])
        raise JobError(f"Spark ended with exit status {status}; its last words:\n{last}")

    def first_traceback(self) -> str | None:
        """Return the first traceback that a task logged, with the line before it."""
        with open(self._log_path, encoding="utf-8", errors="backslashreplace") as file:
            found = _LOGGED_TRACEBACK.search(file.read())
        return found and found[0]


def _remove(uri: str) -> None:
    """Remove a directory of results that are not kept."""
    location = Location.of(uri)
    try:
        if location.storage:
            location.storage.delete(location.path, recursive=True)
        else:
            shutil.rmtree(location.path)
    except (HdfsToolsError, OSError) as error:
        log.warning(f"{uri} is left behind: {error}")


def _file_uri(path: str) -> str:
    """Return the URI of a path as Hadoop reads it: not percent-encoded."""
    return path if is_uri(path) else f"file://{os.path.abspath(path)}"


def _stop(spark: "subprocess.Popen[bytes]") -> None:
    """End Spark and what it has started."""
    try:
        os.killpg(spark.pid, signal.SIGTERM)
        spark.wait(_PATIENCE)
    except subprocess.TimeoutExpired:
        os.killpg(spark.pid, signal.SIGKILL)
        spark.wait()
    except ProcessLookupError:
        spark.wait()
