"""Run a job on what is new in a directory, again and again."""

import argparse
import importlib
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Any

from hdfs_tools.location import Location
from mapreduce_jobs.core.inputs.watched_files import File, files_in
from mapreduce_jobs.core.job_errors import UsageError
from mapreduce_jobs.core.jobs.batches import RESULT, RUN, State, write_lines
from mapreduce_jobs.core.jobs.commands import run_command
from mapreduce_jobs.core.jobs.image_job import ImageJob
from mapreduce_jobs.core.jobs.job import Job

_ABOUT = """\
Run a job on what is new in a directory, again and again.

Each time, the files that have not been given to the job before are: its result is merged into the
one before, so that STATE/result.txt is what a run over the whole directory prints. Results of
images by themselves are not merged: each batch has its own, STATE/batch-*/result.txt. What was
taken, and how the job was run, stands beside them.

Left alone are files that may not be whole yet: hidden ones, those in hidden directories or
_temporary, and *.part, *.partial, *.filepart, *.crdownload, *.tmp and *._COPYING_; and those that
changed less than --settle seconds ago, by the clock of this machine, which has to agree with that
of HDFS. A file whose time of change lies in the future is named, and waits until then.

The exit status is 1 if an image failed, a file has changed since it was taken, or its time of
change lies in the future, and 2 if STATE cannot be used.
"""
_MAX_TEXTS = 1_000  # that one command line names


def main() -> None:
    """Do what the command line says, and exit."""
    parser = argparse.ArgumentParser(
        prog="python -m mapreduce_jobs.watch",
        usage="%(prog)s [options] DIRECTORY STATE JOB [option ...]",
        description=_ABOUT,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("directory", metavar="DIRECTORY", help="what is watched, also on HDFS")
    parser.add_argument("state", metavar="STATE", help="a directory of the watcher's own, here")
    parser.add_argument("job", metavar="JOB", help="name of a job, as in edge_density")
    parser.add_argument(
        "options", metavar="option", nargs=argparse.REMAINDER, help="options of the job"
    )
    often = parser.add_mutually_exclusive_group()
    often.add_argument(
        "--every",
        type=float,
        default=60.0,
        metavar="SECONDS",
        help="how long to wait after each look at the directory (default: 60)",
    )
    often.add_argument("--once", action="store_true", help="look once, run the job, and end")
    parser.add_argument(
        "--settle",
        type=float,
        default=5.0,
        metavar="SECONDS",
        help="leave files until they have not changed for so long (default: 5)",
    )
    options = parser.parse_args()
    if not 0 < options.every < 1e9 or not 0 <= options.settle < 1e9:
        parser.error("--every and --settle: must be numbers of seconds")
    run_command("watch", lambda: _watch(options))


def _watch(options: argparse.Namespace) -> int:
    """Look at the directory as often as is asked for; return the exit status."""
    job = _job(options.job, options.options)
    watched, state_path = Location.of(options.directory), os.path.abspath(options.state)
    if watched.is_local:
        real = os.path.realpath(watched.path)
        if os.path.commonpath([real, os.path.realpath(state_path)]) == real:
            raise UsageError(f"{options.state}: lies in the directory that is watched")
    for _ in files_in(options.directory):
        break  # it can be listed
    about = {
        "folder": watched.path if watched.is_local else watched.text,
        "job": options.job,
        "options": options.options,
    }
    with State(state_path, about, _is_merged(job)) as state:
        reported: set[File] = set()
        while True:
            status = _look(options, job, state, reported)
            if options.once:
                return status
            time.sleep(options.every)


def _job(name: str, options: list[str]) -> Job:
    """Return a job with its options; UsageError if there is no such job, or it cannot be used."""
    try:
        if not name.isidentifier():
            raise ImportError
        module = importlib.import_module(f"mapreduce_jobs.{name}")
    except ImportError:
        raise UsageError(f"{name}: there is no such job") from None
    for found in vars(module).values():
        if (
            isinstance(found, type)
            and issubclass(found, Job)
            and found.__module__ == module.__name__
        ):
            break
    else:
        raise UsageError(f"{name}: is not a job")
    try:
        job = found(options)
    except ValueError as error:
        raise UsageError(f"{name}: {error}") from None
    for option in ("output_dir", "merge_into", "provenance"):
        if getattr(job.options, option, None) is not None:
            raise UsageError(f"--{option.replace('_', '-')}: is the watcher's to say")
    if job.options.cat_output is False:
        raise UsageError("--no-cat-output: the watcher keeps what the job prints")
    if job.options.args:
        raise UsageError(f"{job.options.args[0]}: the directory is the job's input")
    return job


def _is_merged(job: Job) -> bool:
    return job.is_incremental() and job.why_not_incremental() is None


def _look(options: argparse.Namespace, job: Job, state: State, reported: set[File]) -> int:
    """Run the job on what is new; return 1 if it failed, or a file did, or it is not as it was."""
    settled = (time.time() - options.settle) * 1000
    status = 0
    try:
        new, changed = state.compared(files_in(options.directory))
    except UsageError as error:
        if options.once:
            raise
        _say(str(error))  # it may be there again next time
        return 1
    now = time.time() * 1000  # after the listing: meanwhile is not the future
    odd = [(file, "has changed since it was taken; results hold what it was") for file in changed]
    odd += [(file, _is_of_the_future(file)) for file in new if file.modified > now]
    for file, what in odd:
        status = 1
        if file not in reported:
            reported.add(file)
            _say(f"{file.name}: {what}")
    new = [file for file in new if file.modified <= settled]
    most = len(new) if isinstance(job, ImageJob) else _MAX_TEXTS
    for start in range(0, len(new), most or 1):
        ended = _batch(options, job, state, new[start : start + most])
        if ended > 1:
            return 1
        status |= ended
    return status


def _batch(options: argparse.Namespace, job: Job, state: State, files: list[File]) -> int:
    """Run the job on some files; return its exit status, or 2 if nothing came of it."""
    merged = _is_merged(job)
    previous = state.previous_result() if merged else None
    batch = state.begin()
    try:
        words = [sys.executable, "-m", f"mapreduce_jobs.{options.job}"]
        words += [*_inputs(job, batch, files), "--provenance", os.path.join(batch, RUN)]
        if merged:
            words += ["--merge-into", previous] if previous else _keep_sums(job)
        words += options.options
        with open(os.path.join(batch, RESULT), "wb") as result:
            status = _run(words, result)
        if not os.path.exists(os.path.join(batch, RUN)):
            _say(f"the job did not end well (exit status {status}); its {len(files)} files are new")
            state.drop(batch)
            return 2
        path = state.commit(batch, files)
    except BaseException:
        state.drop(batch)  # if it is still there under this name
        raise
    _say(f"{len(files)} new: {os.path.relpath(path)}")
    return int(status != 0)


def _is_of_the_future(file: File) -> str:
    when = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(min(file.modified // 1000, 1 << 37)))
    return (
        f"its time of change, {when}, lies in the future, and it waits until then: set it with"
        " touch, or the clocks of the machines"
    )


def _keep_sums(job: Job) -> list[str]:
    return ["--keep-sums"] if hasattr(job.options, "keep_sums") else []


def _inputs(job: Job, batch: str, files: list[File]) -> Iterator[str]:
    """Iterate over the arguments by which a job is given files."""
    if not isinstance(job, ImageJob):
        yield from (file.uri for file in files)
        return
    manifest = os.path.join(batch, "images.manifest")
    write_lines(manifest, (file.reference() for file in files if not file.is_bundle))
    yield manifest
    yield from (file.uri for file in files if file.is_bundle)


def _run(words: list[str], result: Any) -> int:
    """Run the job, and end it if a signal ends this process."""
    process = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=result)
    try:
        return process.wait()
    finally:
        if process.poll() is None:
            process.terminate()
            process.wait()


def _say(text: str) -> None:
    sys.stderr.write(f"watch: {text}\n")
    sys.stderr.flush()


if __name__ == "__main__":
    main()
