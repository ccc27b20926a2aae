"""mrjob's classes that jobs use, without what takes long to import and what is for clouds.

mrjob takes two names from `distutils`, which left Python with 3.12 and which setuptools brings
back. To import it takes longer than all the rest of mrjob (85 of 145 ms), at the start of every
command and of every task. While mrjob is imported these two names therefore stand here.
"""

import argparse
import re
import shutil
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import total_ordering
from types import ModuleType

__all__ = [
    "RUNNERS",
    "BytesValueProtocol",
    "MRJob",
    "MRStep",
    "as_paths",
    "log_to_null",
    "log_to_stream",
    "without",
]


@contextmanager
def without(name: str) -> Iterator[None]:
    """Have what is imported meanwhile not find a module, unless it is imported already."""
    if name in sys.modules:
        yield
        return
    sys.modules[name] = None  # type: ignore[assignment]
    try:
        yield
    finally:
        del sys.modules[name]


@total_ordering
class _Version:
    """A version of Hadoop, by which mrjob looks up names of settings."""

    def __init__(self, text: str) -> None:
        self._key = [
            (part.isdigit(), int(part) if part.isdigit() else 0, part)
            for part in re.findall(r"\d+|[a-z]+", text)
        ]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Version) and self._key == other._key

    def __lt__(self, other: "_Version") -> bool:
        return self._key < other._key


@contextmanager
def _stand_in_for_distutils() -> Iterator[None]:
    if "distutils" in sys.modules:
        yield
        return
    stand_ins = {name: ModuleType(name) for name in ("distutils", "distutils.spawn")}
    stand_ins["distutils.version"] = ModuleType("distutils.version")
    vars(stand_ins["distutils.spawn"])["find_executable"] = shutil.which
    vars(stand_ins["distutils.version"])["LooseVersion"] = _Version
    sys.modules.update(stand_ins)
    try:
        yield
    finally:
        for name in stand_ins:
            del sys.modules[name]


with _stand_in_for_distutils():
    import mrjob.job
    from mrjob import options as mrjob_options
    from mrjob.protocol import BytesValueProtocol
    from mrjob.step import MRStep
    from mrjob.util import log_to_null, log_to_stream

RUNNERS = ("inline", "local", "hadoop", "spark")

_RUNNER_OPTIONS = (
    *("bootstrap_mrjob", "check_input_paths", "cleanup", "cleanup_on_failure", "cmdenv"),
    *("emulate_map_input_file", "hadoop_bin", "hadoop_extra_args", "hadoop_log_dirs"),
    *("hadoop_streaming_jar", "hadoop_tmp_dir", "hadoop_version", "jobconf", "label", "libjars"),
    *("local_tmp_dir", "max_output_files", "num_cores", "owner", "py_files", "python_bin"),
    *("read_logs", "setup", "sh_bin", "skip_internal_protocol", "sort_bin", "spark_args"),
    *("spark_deploy_mode", "spark_master", "spark_submit_bin", "spark_tmp_dir"),
    *("task_python_bin", "upload_archives", "upload_dirs", "upload_files"),
)
"""Options of these runners, by mrjob's names; those of its cloud runners are many more."""

_HELP = {
    "runner": f"where to run the job: {', '.join(RUNNERS)} (default: inline)",
    "output_dir": "a directory for the results, which must not exist: on HDFS with -r hadoop, else"
    " on this machine",
    "cleanup": "what to delete when a job succeeds: TMP, LOCAL_TMP, HADOOP_TMP, LOGS, ALL (the"
    " default) or NONE, several of them separated by commas",
    "cleanup_on_failure": "the same when it fails (default: ALL)",
    "hadoop_streaming_jar": "path of the jar of Hadoop streaming",
    "libjars": "paths of JARs to pass to Hadoop with -libjars, separated by commas",
}
"""What mrjob says of these options speaks of clouds."""


class MRJob(mrjob.job.MRJob):
    """mrjob's class, with the runners and options that there are here, and ``--`` before names."""

    def configure_args(self) -> None:
        """Add mrjob's options."""
        parser = self.arg_parser
        parser.add_argument(dest="args", nargs="*")
        mrjob_options._add_basic_args(parser)
        mrjob_options._add_job_args(parser, include_deprecated=False)
        mrjob_options._add_runner_args(parser, _RUNNER_OPTIONS)
        mrjob_options._add_step_args(parser)
        for action in parser._actions:
            action.help = _HELP.get(action.dest, action.help)
            if action.dest == "runner":
                action.choices, action.metavar = RUNNERS, "RUNNER"

    def load_args(self, args: list[str]) -> None:
        """Read the command line."""
        self._cl_args = as_paths(args)
        super().load_args(self._cl_args)

    def _print_help(self, options: argparse.Namespace) -> None:
        """Print what the job's options are, or a runner's."""
        usage = argparse.SUPPRESS if options.runner else self._usage()
        help_parser = argparse.ArgumentParser(usage=usage, add_help=False)
        of_runner = self._runner_opt_names_for_help() if options.runner else ()
        for action in self.arg_parser._actions:
            is_of_job = action.dest not in (*_RUNNER_OPTIONS, *mrjob_options._STEP_OPTS)
            if action.option_strings and (
                action.dest in of_runner if options.runner else is_of_job
            ):
                help_parser._add_action(action)
        help_parser.print_help()
        if not options.runner:
            sys.stdout.write(f"\nA runner's own options: --help -r {'|'.join(RUNNERS)}\n")


def as_paths(words: Sequence[str]) -> list[str]:
    """Return a command line without ``--``, and what looks like an option behind it as a path.

    So it stays a path wherever else the words are read.

    >>> as_paths(["--bins", "8", "--", "-dash.dcm", "--mapper", "-", "a.png"])
    ['--bins', '8', './-dash.dcm', './--mapper', '-', 'a.png']
    """
    if "--" not in words:
        return [*words]
    end = words.index("--")
    names = (
        f"./{name}" if name.startswith("-") and name != "-" else name for name in words[end + 1 :]
    )
    return [*words[:end], *names]
