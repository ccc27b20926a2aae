"""The base of every job: how it is run, how its input reaches it and how it ends."""

import argparse
import io
import logging
import os
import re
import sys
import time
import traceback
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain
from tempfile import SpooledTemporaryFile
from typing import IO, Any, ClassVar, cast

from hdfs_tools.encoding import use_utf8
from hdfs_tools.ending import run
from mapreduce_jobs.core.inputs.input_sums import GROUP, SUM_UP, InputSums
from mapreduce_jobs.core.inputs.splits import PREVIOUS, spans_expected
from mapreduce_jobs.core.inputs.task_files import TaskFiles
from mapreduce_jobs.core.job_errors import JobError, UsageError
from mapreduce_jobs.core.jobs.provenance import Record, add_options, check_target
from mapreduce_jobs.core.results.kinds import Declared
from mapreduce_jobs.core.results.protocols import JSONLineProtocol, TaskLineProtocol
from mapreduce_jobs.core.runners.cores import blas_on_one_core
from mapreduce_jobs.core.runners.launcher import end_with_launcher
from mapreduce_jobs.core.runners.mrjob_compat import (
    MRJob,
    as_paths,
    log_to_null,
    log_to_stream,
    without,
)
from mapreduce_jobs.core.runners.printing import printed_aside, reserved_output
from mapreduce_jobs.core.runners.progress import progress, status_of
from mapreduce_jobs.imaging.errors import StrippedDocstrings

__all__ = ["Job"]

_KEPT = 1 << 20  # bytes of a previous result that a task holds in memory
_STATUS_INTERVAL = 1.0  # seconds


class Job(MRJob):
    """An MRJob that assigns its own input to tasks, ships this project, and ends in a sentence.

    A subclass defines `assign` and `task_lines` beside mrjob's mapper, combiner and reducer.
    """

    items: ClassVar[str] = ""
    """What its input consists of, in the plural, and the group of their counters; empty for text.
    """

    task_modules: ClassVar[tuple[str, ...]] = ()
    """Modules that its tasks import when they need them, beside those of its base classes."""

    kind: ClassVar[str] = ""
    """What a line of its result is, in a word; see `mapreduce_jobs.core.results.kinds`."""

    columns: ClassVar[Mapping[str, str]] = {}
    """The fields of such a line, each with its type, in the order of a table."""

    declared: Declared | None = None
    """The two together, if the job declares them."""

    _previous: IO[bytes] | None = None  # lines of a previous result

    INTERNAL_PROTOCOL: type[Any] = TaskLineProtocol
    OUTPUT_PROTOCOL: type[Any] = JSONLineProtocol

    def assign(self, inputs: list[str], stdin: Iterable[bytes], files: TaskFiles) -> None:
        """Assign the input to map tasks; see `mapreduce_jobs.core.inputs.assignment`."""
        raise NotImplementedError

    def task_lines(self, spans: bool) -> Iterator[bytes]:
        """Iterate over the input of a map task, one mapper call each.

        Parameters
        ----------
        spans : bool
            Whether the lines of the task's input may stand for spans of files.
        """
        raise NotImplementedError

    @classmethod
    def is_incremental(cls) -> bool:
        """Return whether a previous result can be merged into the job's results."""
        return False

    def why_not_incremental(self) -> str | None:
        """Return why none can, with these options."""
        return None

    def previous_lines(self) -> Iterator[bytes]:
        """Iterate over the lines of a previous result that is to be merged."""
        return iter(())

    def pass_through(self, key: Any, value: Any) -> Iterator[tuple[Any, Any]]:
        """Return what the mapper passes through for a line of a previous result."""
        raise NotImplementedError

    def task_options(self) -> list[str]:
        """Return options that tasks get besides those of the command line."""
        return []

    # Options

    def configure_args(self) -> None:
        """Add the options of every job."""
        super().configure_args()
        self.arg_parser.add_argument(
            SUM_UP, dest="sum_up_input", action="store_true", help=argparse.SUPPRESS
        )
        add_options(self.arg_parser.add_argument)
        self._options_before = len(self.arg_parser._actions)

    def load_args(self, args: list[str]) -> None:
        """Check what the job declares, and where provenance is to be written."""
        super().load_args(args)
        if self.kind or self.columns:
            self.declared = Declared(self.kind, self.columns)
        if self.options.provenance is not None and not self.is_task():
            check_target(self.options.provenance)

    def own_options(self) -> list[argparse.Action]:
        """Return the options of this job, without those that every job has."""
        actions = self.arg_parser._actions[self._options_before :]
        return [action for action in actions if action.help != argparse.SUPPRESS]

    @classmethod
    def job_name(cls) -> str:
        """Return the job's name, like ``image_histogram``."""
        return re.sub("(?<!^)(?=[A-Z])", "_", cls.__name__).lower()

    # How it is run

    @classmethod
    def run(cls) -> None:
        """Run the job, or one task of it, as the command line says; exit if it fails."""
        sys.argv[1:] = as_paths(sys.argv[1:])
        is_task = any(word in sys.argv for word in ("--mapper", "--combiner", "--reducer"))
        if is_task:
            end_with_launcher()
        else:
            use_utf8()
        name = "" if is_task else os.path.basename(sys.argv[0]).removesuffix(".py")
        if status := run(name, cls._run_as_asked, verbose="--verbose" in sys.argv):
            sys.exit(status)

    @classmethod
    def _run_as_asked(cls) -> None:
        import yaml  # of mrjob

        if sys.flags.optimize > 1:
            raise UsageError(str(StrippedDocstrings()))
        sys.stdin = sys.stdin or open(os.devnull)  # noqa: SIM115
        if sys.stdout is None:
            raise JobError("standard output is closed")
        try:
            cls().execute()
        except yaml.YAMLError as error:
            raise UsageError(f"mrjob.conf: {' '.join(str(error).split())}") from None

    def execute(self) -> None:
        """Run what the options ask for: the job, or a task of it."""
        blas_on_one_core()
        binary: Any = sys.stderr
        if not self.is_task():
            super().execute()
            return
        if hasattr(binary, "buffer"):  # a process of its own
            self._stdout = reserved_output()
            super().execute()
            self._stdout.flush()
            return
        # mrjob's inline runner puts binary files there; Python's warnings, and prints, are text.
        text = io.TextIOWrapper(binary, "utf-8", "backslashreplace", write_through=True)
        self._stdout = cast(IO[bytes], sys.stdout)
        sys.stderr = text
        try:
            with printed_aside():
                super().execute()
        finally:
            sys.stderr = binary
            text.detach()

    def run_job(self) -> None:
        """Run the whole job; write its results to standard output."""
        self.set_up_logging(
            quiet=self.options.quiet, verbose=self.options.verbose, stream=sys.stderr
        )
        if not self.options.args and sys.stdin.isatty():
            self.say("no INPUT is given: reading standard input (see --help)")
        record = None if self.options.provenance is None else Record(self)
        self.prepare()
        with self.make_runner() as runner:
            self.run_with_progress(runner)
            self._write_results(runner, record)
            try:
                self.finished(runner)
            finally:
                if record is not None:
                    record.write(runner)

    def prepare(self) -> None:
        """Do what has to be done before; called once, when the options are good."""

    def run_with_progress(self, runner: Any) -> None:
        """Run a runner, and show its progress on a terminal."""
        with progress(runner, sys.stderr.isatty() and not self.options.quiet):
            runner.run()

    def _write_results(self, runner: Any, record: Record | None) -> None:
        """Write the results to standard output, if asked for, and let them be noted."""
        is_printed = self._should_cat_output()
        if is_printed or (record is not None and self.options.runner != "hadoop"):
            chunks = runner.cat_output()
            for chunk in chunks if record is None else record.noted(chunks):
                if is_printed:
                    self.stdout.write(chunk)
            self.stdout.flush()
        if record is not None:
            record.results_are_written()

    def finished(self, runner: Any) -> None:
        """Say how the job went; called once, when its results are written."""

    def say(self, text: str) -> None:
        """Write to standard error, unless ``--quiet``."""
        if not self.options.quiet:
            sys.stderr.write(f"{text}\n")

    @classmethod
    def set_up_logging(cls, quiet: bool = False, verbose: bool = False, stream: Any = None) -> None:
        """Log warnings; with ``--verbose`` everything that mrjob does, with ``--quiet`` nothing."""
        for name in ("mrjob", "hdfs_tools", "__main__"):
            if quiet:
                log_to_null(name=name)
            else:
                log_to_stream(name=name, debug=verbose, stream=stream)
                logging.getLogger(name).setLevel(logging.DEBUG if verbose else logging.WARNING)
        logging.getLogger("mrjob.conf").addFilter(_is_news)
        logging.getLogger("mrjob.runner").addFilter(_is_news)

    def make_runner(self) -> Any:
        """Make the runner that the options ask for."""
        runner = super().make_runner()
        runner.items, runner.plan = self.items, self._plan
        bases = [base.__module__ for base in type(self).__mro__[1:]]
        # Not those of somebody else, which may start threads.
        ours = [name for name in bases if name.startswith(("mapreduce_jobs.", "mrjob."))]
        runner.task_modules = [*ours, *self.task_modules]
        return runner

    def _plan(self, files: TaskFiles) -> None:
        for line in self.previous_lines():
            files.add(PREVIOUS + line, len(line))
        self.assign(list(self.options.args), self.stdin, files)

    def _non_option_kwargs(self) -> dict[str, Any]:
        kwargs = super()._non_option_kwargs()
        kwargs["extra_args"] += self.task_options()
        if self.options.provenance is not None:
            kwargs["extra_args"].append(SUM_UP)
        return dict(kwargs)

    def _runner_class(self) -> Any:
        alias = self.options.runner or "inline"
        # Each is slow to import, and tasks need none.
        if alias == "inline":
            from mapreduce_jobs.core.runners.one_machine import InlineRunner

            return InlineRunner
        if alias == "local":
            with without("pyspark"):  # mrjob imports it, for other runners
                from mapreduce_jobs.core.runners.local import LocalRunner

            return LocalRunner
        if alias == "hadoop":
            from mapreduce_jobs.core.runners.hadoop.hadoop_runner import HadoopRunner

            return HadoopRunner
        from mapreduce_jobs.core.runners.spark.spark_runner import SparkRunner

        return SparkRunner

    def _usage(self) -> str:
        text = (type(self).__doc__ or "").strip().partition("\n\n")[0]
        return f"%(prog)s [options] [INPUT ...]\n\n{text}"

    # How input reaches a task

    def _read_input(self) -> Iterator[bytes]:
        if self.options.run_mapper and self.options.step_num == 0 and not self.options.args:
            return self.first_lines(spans_expected())
        return iter(super()._read_input())

    def first_lines(self, spans: bool) -> Iterator[bytes]:
        """Iterate as `task_lines` does; lines of a previous result before it are kept apart."""
        if spans:
            lines = iter(self.stdin)
            first = next(lines, None)
            if first is not None and first.startswith(PREVIOUS):
                self._previous = SpooledTemporaryFile(_KEPT)  # noqa: SIM115  (see map_pairs)
                while first is not None and first.startswith(PREVIOUS):
                    self._previous.write(first.removeprefix(PREVIOUS))
                    first = next(lines, None)
            self._stdin = lines if first is None else chain([first], lines)
            return self._with_status(self.task_lines(spans))
        return self.task_lines(spans)

    def _with_status(self, lines: Iterable[bytes]) -> Iterator[bytes]:
        read, reported = 0, time.monotonic()
        for line in lines:
            yield line
            read += len(line)
            if (now := time.monotonic()) - reported > _STATUS_INTERVAL:
                self.set_status(status_of(read))
                reported = now
        self.set_status(status_of(read))

    def map_pairs(self, pairs: Iterable[tuple[Any, Any]], step_num: int = 0) -> Any:
        """Run the mapper on its input, then pass through the lines of a previous result."""
        sums = InputSums()
        if self.options.sum_up_input and self.items == "images" and not step_num:
            pairs = sums.of_items(pairs)
        try:
            yield from super().map_pairs(pairs, step_num)
            for counter, amount in sums.counters() if sums.number else ():
                self.increment_counter(GROUP, counter, amount)
            if self._previous is not None:
                self._previous.seek(0)
                for line in self._previous:
                    yield from self.pass_through(*JSONLineProtocol().read(line))
        finally:
            if self._previous is not None:
                self._previous.close()

    def log_traceback(self, about: str) -> None:
        """Write the traceback of the exception being handled to the task's log."""
        text = f"{about}:\n{traceback.format_exc()}"
        self.stderr.write(text.encode("utf-8", "backslashreplace"))
        self.stderr.flush()


def _is_news(entry: logging.LogRecord) -> bool:
    """Return whether a log entry is about this job: having no mrjob.conf is not."""
    return not entry.msg.startswith("No configs ")
