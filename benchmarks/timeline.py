"""Timeline of a job on Hadoop, by YARN, the history server and the job's counters."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import requests

from benchmarks.cluster import Cluster
from benchmarks.declare import Contestant, Settings
from benchmarks.errors import BenchmarkError
from benchmarks.runner import run_round

__all__ = ["Timeline", "markdown", "timeline"]

_TIMEOUT = 5  # seconds
_APPEARS = 30  # seconds within which a job that has ended is in the history
_HISTORY = "/ws/v1/history/mapreduce/jobs"
_OF_JOB = (
    "Python and Hadoop's client start, input is looked at, files are brought",
    "YARN takes the job, its application master starts",
    "map tasks",
    "the application master ends the job",
    "the client hears of it, results are fetched, files are removed",
)
_OF_TASK = {
    "python start": "Python starts, imports",
    "input": "waiting for the next line",
    "reading": "waiting for the image's bytes; of a bundle, base64",
    "decoding": "decoding",
    "measuring": "measuring",
    "output": "writing the result",
}


@dataclass(frozen=True)
class Timeline:
    """One run of the timed job.

    Attributes
    ----------
    name : str
        As the table has it.
    tasks : int
        Number of map tasks.
    at_once : float
        How many of them there were at a time, in the mean.
    of_job : tuple of float
        Seconds of the phases of the job.
    of_task : dict
        Seconds of the phases of a task, in the mean.
    processor : float
        Seconds of processor time of the Python process of a task, in the mean.
    """

    name: str
    tasks: int
    at_once: float
    of_job: tuple[float, ...]
    of_task: dict[str, float]
    processor: float


def timeline(label: str, job: Contestant, cluster: Cluster, settings: Settings) -> Timeline:
    """Run the timed job, and ask where its time went."""
    start = time.time()
    seconds = run_round(label, [job], settings)[job.name].seconds
    url = f"{cluster.history_url}{_HISTORY}/{_last_job(cluster)}"
    reported = _get(url)["job"]
    maps = [task for task in _get(f"{url}/tasks")["tasks"]["task"] if task["type"] == "MAP"]
    groups = _get(f"{url}/counters")["jobCounters"]["counterGroup"]
    (counted,) = (
        group["counter"] for group in groups if group["counterGroupName"] == "milliseconds"
    )
    means = {entry["name"]: entry["mapCounterValue"] / 1000 / len(maps) for entry in counted}
    processor = means.pop("python processor time")
    elapsed = sum(task["elapsedTime"] for task in maps) / 1000
    marks = [
        start,
        reported["submitTime"] / 1000,
        min(task["startTime"] for task in maps) / 1000,
        max(task["finishTime"] for task in maps) / 1000,
        reported["finishTime"] / 1000,
        start + seconds,
    ]
    of_job = tuple(end - begin for begin, end in pairwise(marks))
    java = elapsed / len(maps) - sum(means.values())
    return Timeline(
        name=job.name,
        tasks=len(maps),
        at_once=elapsed / of_job[2],
        of_job=of_job,
        of_task={"java": java, **means},
        processor=processor,
    )


def _last_job(cluster: Cluster) -> str:
    applications = _get(f"{cluster.yarn_url}/ws/v1/cluster/apps")["apps"]["app"]
    last: str = max(applications, key=lambda entry: entry["startedTime"])["id"]
    return last.replace("application", "job")


def _get(url: str) -> Any:
    until = time.monotonic() + _APPEARS
    while True:
        answer = requests.get(url, timeout=_TIMEOUT, headers={"Accept": "application/json"})
        if answer.ok:
            return answer.json()
        if time.monotonic() > until:
            raise BenchmarkError(f"{url}: {answer.status_code} {answer.reason}")
        time.sleep(0.5)


def markdown(title: str, timelines: Sequence[Timeline]) -> str:
    """Return the heading and the table: seconds of the job, then of a task in the mean."""
    rows = [("**the job**", [sum(each.of_job) for each in timelines])]
    rows += [(words, [each.of_job[n] for each in timelines]) for n, words in enumerate(_OF_JOB)]
    rows.append(("**a map task**", [sum(each.of_task.values()) for each in timelines]))
    words_of = {"java": "a container, Java before and after Python", **_OF_TASK}
    for phase, words in words_of.items():
        rows.append((words, [each.of_task[phase] for each in timelines]))
    rows.append(("processor time of its Python process", [each.processor for each in timelines]))
    heads = [f"{each.name}: {each.tasks} tasks, {each.at_once:.1f} at once" for each in timelines]
    lines = [
        f"## {title}",
        "",
        f"| s | {' | '.join(heads)} |",
        f"|---|{'--:|' * len(timelines)}",
        *(f"| {what} | {' | '.join(f'{s:.2f}' for s in seconds)} |" for what, seconds in rows),
    ]
    return "\n".join(lines) + "\n"
