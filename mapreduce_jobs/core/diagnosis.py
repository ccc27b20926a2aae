"""Why a job on a cluster failed, in a sentence or in the task's own words."""

import os
import re
import shlex
from collections.abc import Iterable, Sequence

from mapreduce_jobs.core.runners import is_words
from mapreduce_jobs.core.submission import Submission
from mapreduce_jobs.core.yarn import Yarn

__all__ = ["client_failure", "task_failure"]

_SENTENCES = (
    (r"Output directory (\S+) already exists", "{0}: the output folder exists already"),
    (r"Input path does not exist: (\S+)", "{0}: no such file or folder"),
    (r"Input Pattern (\S+) matches 0 files", "{0}: no file matches this pattern"),
    (r"SafeModeException", "HDFS is in safe mode and takes no changes; wait until it has left it"),
    (r"Failed to submit application_\S+ to YARN ?: ?(.*)", "YARN does not take the job: {0}"),
    (
        r"Call From \S+ to (\S+) failed on connection exception",
        "{0}: no answer; is the cluster up, and is this its address?",
    ),
    (r"UnknownHostException: (\S+)", "{0}: no host of this name is known"),
    (r"AccessControlException: (.*)", "not permitted: {0}"),
    (r"Error response from daemon: (.*)", "docker: {0}"),
    (r"Cannot connect to the Docker daemon", "docker: its engine does not answer"),
)
_NOISE = re.compile(r"log4j:|SLF4J:|WARNING: |.*\bWARN\b")
_LAST_LINES = 20
_MISSING = re.compile(r"ModuleNotFoundError: No module named '([\w.]+)'")
_NO_COMMAND = re.compile(r"(\S+): (?:not found|No such file or directory)$", re.MULTILINE)


def client_failure(tail: Iterable[str]) -> str:
    """Return why a job was not taken, from the last lines of the hadoop client.

    >>> client_failure(["x ERROR y: Output directory hdfs://n/out already exists"])
    'hdfs://n/out: the output folder exists already'
    """
    lines = [line for line in tail if line.strip()]
    for pattern, sentence in _SENTENCES:
        for line in lines:
            if found := re.search(pattern, line):
                return sentence.format(*found.groups())
    said = [line for line in lines if not line.startswith(("\t", " ")) and " INFO " not in line]
    words = "\n".join((said or lines)[-_LAST_LINES:])
    return f"hadoop failed:\n{words}" if words else "hadoop failed without a word"


def task_failure(submission: Submission, yarn: Yarn, script: str, options: Sequence[str]) -> str:
    """Return why a job's tasks failed.

    Parameters
    ----------
    submission : Submission
        The job, which has ended.
    yarn : Yarn
        Where to find its logs.
    script : str
        The job's file.
    options : sequence of str
        The job's own options.
    """
    failure = submission.failures[0]
    application, job = str(submission.application), str(submission.job)
    attempt = yarn.attempt(application, job, failure.attempt)
    log = yarn.task_log(application, attempt, "stderr") or ""
    image = (yarn.task_log(application, attempt, "image") or "").strip("\n") if attempt else ""
    words = _last_words(log)
    node = str(attempt.get("nodeHttpAddress") or "").partition(":")[0]
    text = [f"a {failure.kind} task failed{f' on {node}' if node else ''} ({failure.attempt}):"]
    text += [words or "\n".join(failure.words) or "(its log could not be found)"]
    killed = next((line for line in failure.words if "running beyond" in line), None)
    if killed:
        text += [
            f"YARN ended it for its use of memory: {killed}",
            "Give tasks more: -D mapreduce.map.memory.mb=2048 (or mapreduce.reduce.memory.mb)",
        ]
    elif not words.strip() and failure.words:
        text += [f"yarn logs -applicationId {application} may say more"]
    if found := _MISSING.search(words):
        text += [
            f"The Python of the nodes has no {found[1].partition('.')[0]}: name one that has, with"
            " --python-bin or python_bin in mrjob.conf"
        ]
    elif not words.startswith("Traceback") and (found := _NO_COMMAND.search(words)):
        text += [f"There is no {found[1]} on the node: name its Python with --python-bin"]
    if image:
        name, _, place = image.partition("\t")
        text += [f"It was at image {name}. To try it again here:", _again(script, options, place)]
    return "\n".join(text)


def _last_words(log: str) -> str:
    lines = [line for line in log.splitlines() if is_words(line) and not _NOISE.match(line)]
    starts = [number for number, line in enumerate(lines) if line.startswith("Traceback ")]
    return "\n".join(lines[starts[-1] :] if starts else lines[-_LAST_LINES:])


def _again(script: str, options: Sequence[str], place: str) -> str:
    job = ["python", os.path.relpath(script), *options, "--on-error", "fail", place]
    return "  " + " ".join(map(shlex.quote, job))
