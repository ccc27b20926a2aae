"""mrjob's Hadoop runner, with this project's way of bringing input, of watching and of failing.

What differs from mrjob's own:

- Files go to HDFS and back over WebHDFS, in parallel, wherever an address is known; only the
  submission starts a JVM, and ``hadoop`` may be a command such as ``docker exec -i NAME hadoop``.
- Input is assigned by the job (see `inputs`): local images travel as bundle records, images on HDFS
  as references that tasks read, bundles on HDFS are read where their blocks are.
- A failed task's own last words are the error, with the image and how to try it again.
- An interrupt ends the job on the cluster too.
"""

import contextlib
import hashlib
import os
import posixpath
import re
import shutil
import subprocess
import uuid
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, cast

import mrjob.hadoop
from mrjob.fs.composite import CompositeFilesystem
from mrjob.fs.hadoop import HadoopFilesystem
from mrjob.fs.local import LocalFilesystem
from mrjob.hadoop import HadoopJobRunner, log

from hdfs_tools.connecting import connect
from hdfs_tools.errors import HdfsToolsError
from hdfs_tools.location import Location
from hdfs_tools.uri import is_uri, path_of
from hdfs_tools.user import user_name
from hdfs_tools.webhdfs.addresses import address_of, web_addresses
from hdfs_tools.webhdfs.client import WebHDFS
from mapreduce_jobs.core.inputs.input_sums import SUM_UP
from mapreduce_jobs.core.inputs.splits import SPANS_VARIABLE
from mapreduce_jobs.core.job_errors import JobError, UsageError
from mapreduce_jobs.core.runners.common import Plan, is_words, requested_tasks
from mapreduce_jobs.core.runners.hadoop.diagnosis import client_failure, task_failure
from mapreduce_jobs.core.runners.hadoop.fetching import read_parts
from mapreduce_jobs.core.runners.hadoop.outage import RETRIES, Outage, patient
from mapreduce_jobs.core.runners.hadoop.staging import ClusterFiles, HDFSFilesystem, upload_all
from mapreduce_jobs.core.runners.hadoop.submission import Submission
from mapreduce_jobs.core.runners.hadoop.yarn import Yarn
from mapreduce_jobs.core.runners.mrjob_compat import as_paths
from mapreduce_jobs.core.runners.processes import ShipsProject
from mapreduce_jobs.core.runners.progress import Progress, phase_of

__all__ = ["HadoopRunner"]

_CLIENT_TIME = 120  # seconds for a call of the client's
_CLEANUP_TIME = 60.0  # seconds that HDFS is waited for, only to remove something


def _on_hdfs(path: str) -> str:
    """Return the URI of a path on HDFS; mrjob knows the user only by the name that he has here."""
    if is_uri(path):
        return path
    return f"hdfs://{posixpath.join('/user', user_name(), path)}"


mrjob.hadoop.fully_qualify_hdfs_path = _on_hdfs


class HadoopRunner(ShipsProject, HadoopJobRunner):
    """Runs a job on a Hadoop cluster."""

    OPT_NAMES = HadoopJobRunner.OPT_NAMES | {"hdfs_url", "yarn_url", "history_url"}

    plan: Plan
    _hadoop_tmp_dir: str
    _output_dir: str
    _fs: Any
    items: str
    task_files: ClusterFiles | None = None
    """The input of its tasks; set when it runs."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.user = user_name()
        self._storage: WebHDFS | None = None
        self._outage = Outage(None, log.warning)
        self._submissions: list[Submission] = []
        self._inputs: list[str] = []
        self._bringing = self._finished = False
        self._known_yarn: Yarn | None = None

    @classmethod
    def _default_opts(cls) -> dict[str, Any]:
        return {**super()._default_opts(), "cleanup_on_failure": ["ALL"], "bootstrap_mrjob": False}

    # Where things are

    def get_hadoop_version(self) -> str:
        """Return what mrjob chooses the names of settings by; asking Hadoop would take a JVM."""
        return "3.0.0"

    def hadoop(self, *arguments: str) -> str:
        """Run the hadoop client; return what it prints."""
        return subprocess.run(
            [*self.get_hadoop_bin(), *arguments],
            env=self._client_environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            check=True,
            timeout=_CLIENT_TIME,
        ).stdout.decode("utf-8", "replace")

    def _client_environment(self) -> dict[str, str]:
        return {**os.environ, "HADOOP_USER_NAME": self.user}

    @property
    def fs(self) -> CompositeFilesystem:
        """The file system as mrjob sees it: WebHDFS, other URIs by the client, local files."""
        if self._fs is None:
            self._fs = CompositeFilesystem()
            if self._storage is not None:
                self._fs.add_fs("hdfs", HDFSFilesystem(self._storage))
            self._fs.add_fs("hadoop", HadoopFilesystem(self._opts["hadoop_bin"] or None))
            self._fs.add_fs("local", LocalFilesystem())
        return self._fs

    def _connect(self) -> None:
        """Find out how HDFS is reached over HTTP; if not at all, by one JVM a call."""
        address, source = self._opts["hdfs_url"], "hdfs_url in mrjob.conf"
        if address is None:
            address, source = address_of(), "HDFS_URL, ~/.hdfscli.cfg or HADOOP_CONF_DIR"
        asked = address is None
        if asked:
            address = self._address_by_client()
        if address is None:
            return
        try:
            storage = connect(address or None)
            if not isinstance(storage, WebHDFS):
                raise JobError(f"{address} is not HDFS, where Hadoop's jobs read and write")
            storage.check()
            probe = connect(address or None)
        except HdfsToolsError as error:
            if asked:
                log.warning(f"{error}: Hadoop's client is used for files, which is slower")
                return
            raise JobError(f"HDFS: {error}; the address comes from {source}") from None
        self._storage, self._fs = storage, None
        self._outage = Outage(cast(WebHDFS, probe), log.warning)
        if address:
            # Whatever else in this process reads from HDFS finds it there.
            os.environ["HDFS_URL"] = address
            os.environ.setdefault("HADOOP_USER_NAME", self.user)

    def _address_by_client(self) -> str | None:
        settings = {}
        for name in ("fs.defaultFS", "dfs.namenode.http-address"):
            try:
                value = self.hadoop("org.apache.hadoop.hdfs.tools.GetConf", "-confKey", name)
            except (OSError, subprocess.SubprocessError):
                return None
            settings[name] = value.strip()
        return web_addresses(settings.get)

    def _check_client(self) -> None:
        if not re.fullmatch(r"[\w.+=@-]+", os.path.basename(self._script_path), re.ASCII):
            raise UsageError(
                f"{self._script_path}: Hadoop takes a job's file only under a plain name: of"
                " letters, digits, _ and -"
            )
        (command, *_) = self.get_hadoop_bin()
        if shutil.which(command) is None:
            raise UsageError(
                f"{command}: no such command; -r hadoop submits jobs with Hadoop's client, or with"
                " one in a container: -c hadoop-docker/mrjob.conf (or --hadoop-bin)"
            )
        if not self.get_hadoop_streaming_jar():
            raise UsageError(
                "the jar of Hadoop streaming is not found; name it with --hadoop-streaming-jar"
            )

    # Running

    def _check_input_paths(self) -> None:
        """Leave it to the plan, which says more."""

    def _add_input_files_for_upload(self) -> None:
        """Leave it to the plan."""

    def _run(self) -> None:
        self._check_client()
        if not self._hadoop_tmp_dir.startswith("hdfs:"):
            raise UsageError(f"--hadoop-tmp-dir {self._hadoop_tmp_dir}: must be on HDFS")
        self._connect()
        named = not self._is_ours(self._output_dir)
        if named and self.fs.exists(self._output_dir):
            raise UsageError(f"{self._output_dir}: the output directory exists already")
        directory = os.path.join(self._get_local_tmp_dir(), "input")
        os.makedirs(directory)
        count = requested_tasks(self._opts["jobconf"], "maps")
        with ClusterFiles(directory, count, self._hadoop_tmp_dir) as files:
            self.plan(files)
        self.task_files = files
        requested_tasks(self._opts["jobconf"], "reduces")
        self._create_setup_wrapper_scripts()
        try:
            self._bring(files)
        except PermissionError as error:
            raise JobError(
                f"{error.filename}: {self.user} may not write there; have a home directory made"
                f" on HDFS for {self.user}, or name another with --hadoop-tmp-dir"
            ) from None
        except HdfsToolsError as error:
            raise JobError(f"HDFS: {error}") from None
        try:
            self._run_job_in_hadoop()
            self._finished = False  # what is wrong from here on is its result
            files.check_unchanged()
        except BaseException:
            made = self._submissions and self._submissions[-1].job is not None  # by Hadoop
            if named and made and not self._finished:
                self._remove(self._output_dir)
            raise

    def _remove(self, uri: str) -> None:
        try:
            with patient(self._storage, _CLEANUP_TIME):
                if self.fs.exists(uri):
                    self.fs.rm(uri)
        except PermissionError:
            pass  # then nothing was brought there
        except (HdfsToolsError, OSError) as error:
            log.warning(f"{uri} is left behind: {error}")

    def _bring(self, files: ClusterFiles) -> None:
        """Write to HDFS what tasks need: their input, the job's file, the project."""
        working = self._working_dir_mgr.name_to_path("file").items()
        uploads: list[tuple[str, Any]] = [
            (uri, _contents(path))
            for uri, path in (
                *((self._dest_in_wd_mirror(path, name), path) for name, path in working),
                *((uri, path) for path, uri in self._upload_mgr.path_to_uri().items()),
            )
            if uri is not None
        ]
        inputs = [
            (posixpath.join(self._hadoop_tmp_dir, name), data)
            for name, data in files.uploads(self._store)
        ]
        uploads += [
            (posixpath.join(self._hadoop_tmp_dir, name), data) for name, data in files.tables()
        ]
        self._bringing = True
        if self._storage is not None:
            # Directories that come with a file are open to everybody where the one above is.
            self._storage.mkdir(path_of(self._hadoop_tmp_dir, raw=True), 0o700)  # images, and a key
        with patient(self._storage):  # safe mode that begins now is a start, and ends
            upload_all(uploads + inputs, self._put)
        directories = {posixpath.dirname(uri) for uri, _ in inputs}
        self._inputs = sorted(directories) + files.direct

    def _store(self, name: str, data: bytes) -> str:
        """Write a large image to a file of its own, which a task reads; return its URI."""
        file = hashlib.sha256(name.encode("utf-8", "surrogateescape") + b"\0" + data).hexdigest()
        uri = posixpath.join(self._hadoop_tmp_dir, "images", file)
        with contextlib.suppress(FileExistsError):  # the same again, after a node failed
            self._put(uri, data)
        return uri

    def _put(self, uri: str, source: Any) -> None:
        if self._storage is not None:
            self._storage.write(path_of(uri, raw=True), source)
            return
        path = os.path.join(self._get_local_tmp_dir(), f"put-{uuid.uuid4().hex}")
        with open(path, "wb") as file:
            file.writelines([source] if isinstance(source, bytes) else source())
        try:
            self.hadoop("fs", "-mkdir", "-p", posixpath.dirname(uri))
            self.hadoop("fs", "-put", path, uri)
        except subprocess.SubprocessError as error:
            raise JobError(f"{uri}: cannot be written by Hadoop's client: {error}") from None
        os.unlink(path)

    def _cleanup_hadoop_tmp(self) -> None:
        if self._bringing:
            self._remove(self._hadoop_tmp_dir)

    def _step_input_uris(self, step_num: int) -> list[str]:
        return self._inputs if step_num == 0 else list(super()._step_input_uris(step_num))

    def _cmdenv(self) -> dict[str, str]:
        spans = path_of(posixpath.join(self._hadoop_tmp_dir, "input/"), raw=True)
        return {**super()._cmdenv(), SPANS_VARIABLE: spans}

    def _jobconf_for_step(self, step_num: int) -> dict[str, Any]:
        defaults = {"mapreduce.job.name": self._label(), **RETRIES}
        settings = {**defaults, **super()._jobconf_for_step(step_num)}
        if self._is_ours(self._output_dir):  # and we print it, so a cluster's habits do not matter
            settings["mapreduce.output.fileoutputformat.compress"] = "false"
        return settings

    def _run_job_in_hadoop(self) -> None:
        for step_num in range(self._num_steps()):
            submission = Submission(self._args_for_step(step_num), self._client_environment())
            self._submissions.append(submission)
            with self._outage.watched(partial(self._say_if_queued, submission)):
                try:
                    status = submission.wait(self._heard)
                except BaseException:
                    submission.stop(self._kill)
                    raise
                if (status or not submission.counters) and not self._ended_well(submission):
                    raise JobError(self._why(submission))

    def _heard(self, line: str) -> None:
        log.debug(line)
        self._outage.heard(line)

    def _ended_well(self, submission: Submission) -> bool:
        """Return whether a job did whose client failed, as where HDFS is away at the end."""
        if submission.application is None or submission.job is None:
            return False
        if self._yarn.application(submission.application).get("finalStatus") != "SUCCEEDED":
            return False
        self._finished = len(self._submissions) == self._num_steps()
        if self._storage is not None:
            with self._fetching():
                self._storage.stat("/")
        submission.counters = self._yarn.counters_afterwards(submission.job)
        if not submission.counters:
            raise self._not_fetched("the history server does not report its counters")
        return True

    def _say_if_queued(self, submission: Submission) -> None:
        application = self._yarn.application(submission.application or "none")
        if application.get("state") == "ACCEPTED" and application.get("runningContainers", 0) < 1:
            words = " ".join(str(application.get("diagnostics", "")).split())
            log.warning(f"{application['id']} waits in queue {application['queue']}: {words}")

    def _kill(self, job: str) -> None:
        log.warning(f"ending {job} on the cluster")
        try:
            self.hadoop("org.apache.hadoop.mapred.JobClient", "-kill", job)
        except (OSError, subprocess.SubprocessError) as error:
            log.warning(f"{job} may still run: it could not be ended: {error}")

    def counters(self) -> list[dict[str, dict[str, int]]]:
        """Return the counters of each step."""
        return [submission.counters for submission in self._submissions]

    # Results

    @contextlib.contextmanager
    def _fetching(self) -> Iterator[None]:
        """Wait for HDFS for long; what cannot be fetched then is left where it is, and named."""
        try:
            with patient(self._storage):
                yield
        except HdfsToolsError as error:
            raise self._not_fetched(str(error)) from None

    def _not_fetched(self, why: str) -> JobError:
        if self._is_ours(self._output_dir):
            self._bringing = False  # what was brought stays, with the results
        return JobError(
            f"the job has ended well, but its results are not fetched: {why}; they are in"
            f" {self._output_dir}"
        )

    def cat_output(self) -> Iterator[bytes]:
        """Iterate over the job's output; HDFS may be away for a while."""
        with self._fetching():
            if self._storage is None:
                yield from super().cat_output()
                return
            directory = path_of(self._output_dir, raw=True)
            yield from read_parts(
                self._storage, directory, lambda path: self.fs._cat_file(f"hdfs://{path}")
            )

    # Watching

    @property
    def _yarn(self) -> Yarn:
        tracker = self._submissions[-1].tracker if self._submissions else None
        address = self._opts["yarn_url"] or tracker
        if self._known_yarn is None or self._known_yarn.yarn_url != address:
            self._known_yarn = Yarn(address, self._opts["history_url"], self.hadoop)
        return self._known_yarn

    def follow(self) -> Callable[[], Progress]:
        """Return a function that returns the job's progress."""
        state = Progress("listing the input")

        def progress() -> Progress:
            nonlocal state
            if self.task_files is None:
                return state
            if not self._submissions:
                return Progress("bringing the input to HDFS", is_reading=False)
            now = self._submissions[-1]
            mapped, reduced = now.percent
            step = len(self._submissions)
            phase = f"map {mapped} %, reduce {reduced} %"
            read, failed = state.read, state.failed
            if now.application and now.job:
                counters = self._yarn.counters(now.application, now.job).get(self.items, {})
                read, failed = counters.get("read", read), counters.get("failed", failed)
            state = Progress(
                phase_of(step, self._num_steps(), phase),
                read,
                failed,
                self.task_files.images,
                mapped / 100,
                is_reading=step == 1 and mapped < 100,
            )
            return state

        return progress

    # Failing

    def _why(self, submission: Submission) -> str:
        if submission.cause is None or submission.application is None:
            return client_failure(submission.tail)
        return task_failure(submission, self._yarn, self._again)

    def _again(self, name: str, location: str) -> list[str]:
        """Return the command that runs the job in one process over what a task was at."""
        inputs = [location] if location and not self._is_ours(location) else self._inputs_of(name)
        options = [option for option in self._mr_job_extra_args() if option != SUM_UP]
        if "--on-error" in options:
            at = options.index("--on-error")
            del options[at : at + 2]
        job = ["python", os.path.relpath(self._script_path), *options, "--on-error", "fail"]
        job += as_paths(["--", *inputs])
        is_remote = any(not Location.of(argument).is_local for argument in inputs)
        if is_remote and os.environ.get("HDFS_URL"):
            return ["env", f"HDFS_URL={os.environ['HDFS_URL']}", *job]
        return job

    def _is_ours(self, location: str) -> bool:
        return path_of(self._hadoop_tmp_dir) in location

    def _inputs_of(self, name: str) -> list[str]:
        """Return where an image is that came from this machine; else all of the input."""
        paths = [os.path.join(directory, name) for directory in self._input_paths]
        found = [path for path in [*paths, name, f"/{name}"] if os.path.isfile(path)]
        return found[:1] or list(self._input_paths)

    def first_traceback(self) -> str | None:
        """Return the first traceback that a task logged, with the line before it."""
        application = self._submissions[0].application
        logs = self._yarn.all_logs(application, ["stderr"]) if application else {}
        lines = logs.get("stderr", "").splitlines(keepends=True)
        for number, line in enumerate(lines):
            if line.startswith("Traceback "):
                end = next(
                    (n for n in range(number + 1, len(lines)) if not lines[n].startswith(" ")),
                    len(lines) - 1,
                )
                return "".join(filter(is_words, lines[max(0, number - 1) : end + 1]))
        return None


def _contents(path: str) -> bytes:
    with open(path, "rb") as file:
        return file.read()
