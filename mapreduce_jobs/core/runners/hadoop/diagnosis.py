"""Why a job on a cluster failed, in a sentence or in the task's own words."""

import re
import shlex
import signal
from collections.abc import Callable, Iterable, Sequence

from hdfs_tools.uri import decode_name
from mapreduce_jobs.core.runners.common import NAMELESS, is_words
from mapreduce_jobs.core.runners.hadoop.outage import silent_server
from mapreduce_jobs.core.runners.hadoop.submission import Submission
from mapreduce_jobs.core.runners.hadoop.yarn import Yarn

__all__ = ["client_failure", "task_failure"]

Again = Callable[[str, str], list[str]]

_SENTENCES = (
    NAMELESS,
    (r"Output directory (\S+) already exists", "{0}: the output directory exists already"),
    (r"Input path does not exist: (\S+)", "{0}: no such file or directory"),
    (r"Input Pattern (\S+) matches 0 files", "{0}: no file matches this pattern"),
    (r"SafeModeException", "HDFS is in safe mode and takes no changes; wait until it has left it"),
    (r"Failed to submit application_\S+ to YARN ?: ?(.*)", "YARN does not take the job: {0}"),
    (
        r"Call From \S+ to (\S+) failed on connection exception",
        "{0}: no answer; is the cluster up, and is this its address?",
    ),
    (r"UnknownHostException: (\S+)", "{0}: no host of this name is known"),
    (
        r"required (?:MAP|REDUCE) capability is more than .*max.*(<memory:\d+, vCores:\d+>)",
        "a task asks for more than a node of the cluster has, {0}",
    ),
    (r"AccessControlException: (.*)", "not permitted: {0}"),
    (r"Error response from daemon: (.*)", "docker: {0}"),
    (r"Cannot connect to the Docker daemon", "docker: its engine does not answer"),
    (r"failed with state KILLED due to: (.*)", "the job was ended: {0}"),
    (r"failed with state FAILED due to: (.*)", "the job failed: {0}"),
)
_NOISE = re.compile(r"log4j:|SLF4J:|WARNING: |.*\bWARN\b")
_LAST_LINES = 20
_MISSING = re.compile(r"ModuleNotFoundError: No module named '([\w.]+)'")
_NO_COMMAND = re.compile(
    r"^(?:\S*sh|\S*env): .*?(\S+): (?:not found|No such file or directory)$", re.MULTILINE
)


def client_failure(tail: Iterable[str]) -> str:
    """Return why a job was not taken, from the last lines of the hadoop client.

    >>> client_failure(["x ERROR y: Output directory hdfs://n/out already exists"])
    'hdfs://n/out: the output directory exists already'
    """
    lines = [line for line in tail if line.strip()]
    for pattern, sentence in _SENTENCES:
        for line in lines:
            if found := re.search(pattern, line):
                return sentence.format(*found.groups())
    said = [line for line in lines if not line.startswith(("\t", " ")) and " INFO " not in line]
    words = "\n".join((said or lines)[-_LAST_LINES:])
    return f"hadoop failed:\n{words}" if words else "hadoop failed without a word"


def task_failure(submission: Submission, yarn: Yarn, again: Again) -> str:
    """Return why a job's tasks failed: in the words of the one that ended it.

    Parameters
    ----------
    submission : Submission
        The job, which has ended.
    yarn : Yarn
        Where to find its logs.
    again : callable
        From an image's name and where a task had it from, to the command that tries it again.
    """
    failure = submission.cause
    assert failure is not None  # noqa: S101
    if address := silent_server("\n".join(failure.words)):  # and the logs may lie there
        return (
            f"a {failure.kind} task failed ({failure.attempt}): {address} did not answer it; run"
            " the job again when it does"
        )
    application, job = str(submission.application), str(submission.job)
    attempt = yarn.attempt(application, job, failure.attempt)
    logs = yarn.task_logs(application, attempt, ["stderr", "image"])
    words = _last_words(logs.get("stderr", ""))
    node = str(attempt.get("nodeHttpAddress") or "").partition(":")[0]
    text = [f"a {failure.kind} task failed{f' on {node}' if node else ''} ({failure.attempt}):"]
    lines = failure.words or str(attempt.get("diagnostics") or "").splitlines()
    text += [words] if words else []
    text += _reason(lines) or ([] if words else _without_stack(lines, application))
    if found := _MISSING.search(words):
        text += [
            f"The Python of the nodes has no {found[1].partition('.')[0]}: name one that has, with"
            " --python-bin or python_bin in mrjob.conf"
        ]
    elif not words.startswith("Traceback") and (found := _NO_COMMAND.search(words)):
        text += [f"There is no {found[1]} on the node: name its Python with --python-bin"]
    image = logs.get("image", "").strip("\n") if attempt else ""
    if image:
        name, _, location = image.partition("\t")
        text += [f"It was at image {name}. To try it again here:"]
        text += ["  " + shlex.join(again(decode_name(name), location))]
    return "\n".join(text)


def _reason(lines: Sequence[str]) -> list[str]:
    """Return what Hadoop did to a task, or saw of its end, where that is a reason by itself."""
    text = "\n".join(lines)
    if re.search(r"is running \S* ?beyond", text):
        usage = re.search(r"Current usage: (.*?) physical memory used", text)
        return [
            f"YARN ended it for its use of memory{f': {usage[1]}' if usage else ''}",
            "Give tasks more: -D mapreduce.map.memory.mb=2048 (or mapreduce.reduce.memory.mb)",
        ]
    if re.search("OutOfMemoryError|Java heap space|Requested array size exceeds", text):
        return [
            "Java's memory does not hold a line of the input. Keep large images as files, or give"
            " it more: -D mapreduce.map.java.opts=-Xmx1g -D mapreduce.map.memory.mb=1536"
        ]
    found = re.search(r"subprocess failed with code (\d+)", text)
    number = int(found[1]) - 128 if found else 0
    if number in {known.value for known in signal.Signals}:
        return [f"its process was ended by {signal.Signals(number).name}"]
    return []


def _without_stack(lines: Sequence[str], application: str) -> list[str]:
    said = [line for line in lines if not line.strip().startswith("at ")]
    if found := re.search(r"subprocess failed with code (\d+)", "\n".join(said)):
        return [f"its process ended with exit status {found[1]} and without a word"]
    return [*said, f"yarn logs -applicationId {application} may say more"]


def _last_words(log: str) -> str:
    lines = [line for line in log.splitlines() if is_words(line) and not _NOISE.match(line)]
    starts = [number for number, line in enumerate(lines) if line.startswith("Traceback ")]
    return "\n".join(lines[starts[-1] :] if starts else lines[-_LAST_LINES:]).strip()
