"""What YARN, the running job and the history server say of a job over HTTP, and its logs."""

import contextlib
import json
import re
import subprocess
import time
from collections.abc import Callable, Iterator
from typing import Any

import requests

__all__ = ["Yarn"]

_NO_LOG = re.compile(r"\s*(Can not find|Cannot find|No logs available|Unable to)", re.IGNORECASE)
_TIMEOUT = 5  # seconds
_LOGS_APPEAR = 40  # seconds within which a job that has ended is in the history, and its logs
_MOVING = 3  # seconds for a log that may be on its way, and need not be there


class Yarn:
    """YARN's web services, as far as they can be reached, and its client.

    Parameters
    ----------
    yarn_url : str or None
        Where the ResourceManager answers, like ``http://localhost:8088``.
    history_url : str or None
        Where the history server answers, like ``http://localhost:19888``.
    hadoop : callable
        Runs the hadoop client with arguments; returns what it printed.
    """

    def __init__(
        self, yarn_url: str | None, history_url: str | None, hadoop: Callable[..., str]
    ) -> None:
        self.yarn_url = yarn_url
        self.history_url = history_url
        self._hadoop = hadoop
        self._session = requests.Session()
        self._silent: set[str] = set()

    def application(self, application: str) -> dict[str, Any]:
        """Return what the ResourceManager knows of an application; nothing if it is silent."""
        found = self._get(self.yarn_url, f"/ws/v1/cluster/apps/{application}")
        return found.get("app", {}) if found else {}

    def counters(self, application: str, job: str) -> dict[str, dict[str, int]]:
        """Return the counters of a running job; none if its master is silent."""
        place = f"/proxy/{application}/ws/v1/mapreduce/jobs/{job}/counters"
        found = (self._get(self.yarn_url, place) or {}).get("jobCounters", {})
        return {
            group["counterGroupName"]: {
                counter["name"]: counter["totalCounterValue"] for counter in group["counter"]
            }
            for group in found.get("counterGroup", ())
        }

    def attempt(self, application: str, job: str, attempt: str) -> dict[str, Any]:
        """Return what is known of an attempt at a task, by the history server or the job."""
        task = re.sub("^attempt_(.*)_[0-9]+$", r"task_\1", attempt)
        place = f"/jobs/{job}/tasks/{task}/attempts/{attempt}"
        for _ in _tries():
            for base, root in (
                (self.history_url, "/ws/v1/history/mapreduce"),
                (self.yarn_url, f"/proxy/{application}/ws/v1/mapreduce"),
            ):
                found = self._get(base, root + place)
                if found and "taskAttempt" in found:
                    return dict(found["taskAttempt"])
            if not self._answers(self.history_url):
                break
        return {}

    def task_log(
        self, application: str, attempt: dict[str, Any], name: str, patient: bool = True
    ) -> str | None:
        """Return a log file of a task attempt, wherever it is now; None if it is nowhere.

        While a job runs, and where logs are not aggregated, they are on the nodes; afterwards in
        HDFS, where the history server and YARN's client read them.

        Parameters
        ----------
        application : str
            The application's id.
        attempt : dict
            What `attempt` returned.
        name : str
            Name of the log file.
        patient : bool
            Whether to wait for it, and to ask YARN's client: logs need some seconds to get from
            here to there.
        """
        container = attempt.get("assignedContainerId")
        if not container:
            return self.all_logs(application, name)
        node = attempt.get("nodeHttpAddress")
        for tried in _tries(_LOGS_APPEAR if patient else _MOVING):
            for base, place in (
                (node and f"http://{node}", f"/ws/v1/node/containerlogs/{container}/{name}"),
                (self.history_url, f"/ws/v1/history/containerlogs/{container}/{name}"),
            ):
                text = self._text(base, place)
                log = None if text is None else _body(text)
                if log is not None:
                    return log
            if tried and not self._answers(self.history_url):
                break
        return self.all_logs(application, name, container) if patient else None

    def all_logs(self, application: str, name: str, container: str | None = None) -> str | None:
        """Return a log file of all containers, or of one, by YARN's client; None if it has none."""
        which = ["-containerId", container] if container else []
        for _ in _tries():
            with contextlib.suppress(OSError, subprocess.SubprocessError):
                return self._hadoop(
                    "org.apache.hadoop.yarn.client.cli.LogsCLI",
                    "-applicationId", application, *which, "-log_files", name,
                )  # fmt: skip
        return None

    def _get(self, base: str | None, place: str) -> dict[str, Any] | None:
        text = self._text(base, place)
        try:
            return json.loads(text) if text else None
        except ValueError:
            return None

    def _answers(self, base: str | None) -> bool:
        return bool(base) and base not in self._silent

    def _text(self, base: str | None, place: str) -> str | None:
        if base is None or not self._answers(base):
            return None
        try:
            answer = self._session.get(
                base + place, timeout=_TIMEOUT, headers={"Accept": "application/json, text/plain"}
            )
        except requests.ConnectionError:
            self._silent.add(base)
            return None
        except requests.RequestException:
            return None
        return answer.content.decode("utf-8", "replace") if answer.ok else None


def _tries(seconds: float = _LOGS_APPEAR) -> Iterator[int]:
    """Iterate, with a second in between, for as long as logs may take to appear."""
    until = time.monotonic() + seconds
    tried = 0
    while True:
        yield tried
        tried += 1
        if time.monotonic() > until:
            return
        time.sleep(1)


def _body(text: str) -> str | None:
    """Return a log without the heading and the ending that YARN's services put around it."""
    _, marker, rest = text.partition("LogContents:\n")
    if not marker and _NO_LOG.match(text):
        return None
    return re.split(r"\n?End of LogType:", rest if marker else text)[0]
