"""Clients of YARN, the running job and the history server: a job's state, counters and logs."""

import contextlib
import json
import re
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import requests

__all__ = ["Yarn"]

_NO_LOG = re.compile(r"\s*(Can not find|Cannot find|No logs available|Unable to)", re.IGNORECASE)
_TIMEOUT = 5  # seconds
_LOGS_APPEAR = 40  # seconds within which a job that has ended is in the history, and its logs
_SECTION = re.compile(
    r"^LogType:(\S+)$.*?^LogContents:\n(.*?)\n?End of LogType:\1", re.MULTILINE | re.DOTALL
)


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
        path = f"/proxy/{application}/ws/v1/mapreduce/jobs/{job}/counters"
        return _by_group((self._get(self.yarn_url, path) or {}).get("jobCounters", {}))

    def counters_afterwards(self, job: str) -> dict[str, dict[str, int]]:
        """Return the counters of a job that has ended, by the history server; none if silent."""
        path = f"/ws/v1/history/mapreduce/jobs/{job}/counters"
        for _ in _tries():
            found = (self._get(self.history_url, path) or {}).get("jobCounters")
            if found:
                return _by_group(found)
            if not self._answers(self.history_url):
                break
        return {}

    def attempt(self, application: str, job: str, attempt: str) -> dict[str, Any]:
        """Return what is known of an attempt at a task, by the history server or the job."""
        task = re.sub("^attempt_(.*)_[0-9]+$", r"task_\1", attempt)
        path = f"/jobs/{job}/tasks/{task}/attempts/{attempt}"
        for _ in _tries():
            for base, root in (
                (self.history_url, "/ws/v1/history/mapreduce"),
                (self.yarn_url, f"/proxy/{application}/ws/v1/mapreduce"),
            ):
                found = self._get(base, root + path)
                if found and "taskAttempt" in found:
                    return dict(found["taskAttempt"])
            if not self._answers(self.history_url):
                break
        return {}

    def task_logs(
        self, application: str, attempt: dict[str, Any], names: Sequence[str]
    ) -> dict[str, str]:
        """Return log files of a task attempt, wherever they are now.

        While a job runs, and where logs are not aggregated, they are on the nodes; afterwards in
        HDFS, where the history server and YARN's client read them.

        Parameters
        ----------
        application : str
            The application's id.
        attempt : dict
            What `attempt` returned.
        names : sequence of str
            Names of log files; the first is one that every task has.

        Returns
        -------
        dict
            From names to what the files hold, as far as they were found.
        """
        container = attempt.get("assignedContainerId")
        node = attempt.get("nodeHttpAddress")
        for tried in _tries() if container else ():
            for base, path in (
                (node and f"http://{node}", "/ws/v1/node/containerlogs"),
                (self.history_url, "/ws/v1/history/containerlogs"),
            ):
                texts = {name: self._text(base, f"{path}/{container}/{name}") for name in names}
                found = {name: _body(text) for name, text in texts.items() if text is not None}
                if found.get(names[0]) is not None:
                    return {name: text for name, text in found.items() if text is not None}
            if tried and not self._answers(self.history_url):
                break
        return self.all_logs(application, names, container)

    def all_logs(
        self, application: str, names: Sequence[str], container: str | None = None
    ) -> dict[str, str]:
        """Return log files of all containers, or of one, by YARN's client.

        Parameters
        ----------
        application : str
            The application's id.
        names : sequence of str
            Names of log files.
        container : str, optional
            The container's id.

        Returns
        -------
        dict
            From names to what the files hold, one after the other.
        """
        which = ["-containerId", container] if container else []
        for _ in _tries():
            with contextlib.suppress(OSError, subprocess.SubprocessError):
                said = self._hadoop(
                    "org.apache.hadoop.yarn.client.cli.LogsCLI",
                    "-applicationId", application, *which, "-log_files", ",".join(names),
                )  # fmt: skip
                found = _SECTION.findall(said)
                if found:
                    return {
                        name: "\n".join(text for other, text in found if other == name)
                        for name in {other for other, _ in found}
                    }
        return {}

    def _get(self, base: str | None, path: str) -> dict[str, Any] | None:
        text = self._text(base, path)
        try:
            return json.loads(text) if text else None
        except ValueError:
            return None

    def _answers(self, base: str | None) -> bool:
        return bool(base) and base not in self._silent

    def _text(self, base: str | None, path: str) -> str | None:
        if base is None or not self._answers(base):
            return None
        try:
            answer = self._session.get(
                base + path, timeout=_TIMEOUT, headers={"Accept": "application/json, text/plain"}
            )
        except requests.ConnectionError:
            self._silent.add(base)
            return None
        except requests.RequestException:
            return None
        return answer.content.decode("utf-8", "replace") if answer.ok else None


def _by_group(counters: dict[str, Any]) -> dict[str, dict[str, int]]:
    return {
        group["counterGroupName"]: {
            counter["name"]: counter["totalCounterValue"] for counter in group["counter"]
        }
        for group in counters.get("counterGroup", ())
    }


def _tries() -> Iterator[int]:
    """Iterate, with a second in between, for as long as logs may take to appear."""
    until = time.monotonic() + _LOGS_APPEAR
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
