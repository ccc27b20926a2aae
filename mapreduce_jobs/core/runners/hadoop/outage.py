"""Outages of a cluster while a job runs on it, and the messages that say so."""

import re
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from hdfs_tools.errors import HdfsToolsError, Unreachable
from hdfs_tools.webhdfs.client import WebHDFS

__all__ = ["RETRIES", "Outage", "patient", "silent_server"]

RETRIES = {
    "dfs.client.retry.policy.enabled": "true",
    "dfs.client.retry.policy.spec": "2000,30,10000,54",  # milliseconds, times, …: ten minutes
}
"""Settings with which client, application master and tasks wait for a NameNode that is away."""

_LONG = 600.0  # seconds
_INTERVAL = 15.0  # seconds between two looks at HDFS
_SAID_EVERY = 30.0  # seconds
_TIMEOUT = (5, 10)  # seconds to connect, and for an answer
_RETRIED = re.compile(
    r"(?:Retrying connect to server: |Failed to connect to server: |, while invoking \S+ over )"
    r"([^\s/]+)(?:/[^\s:]*)?:(\d+)"
)
_REFUSED = re.compile(r"Call From \S+ to (\S+) failed on (?:connection|socket) exception")


class Outage:
    """Says what a job waits for, no more than twice a minute.

    Parameters
    ----------
    storage : WebHDFS or None
        A connection to HDFS for this purpose alone, where there is one.
    say : callable
        Called with each sentence.
    """

    def __init__(self, storage: WebHDFS | None, say: Callable[[str], object]) -> None:
        self._storage = storage
        if storage is not None:
            storage.rest.timeout = _TIMEOUT
        self._say = say
        self._said = -_SAID_EVERY
        self._turn = threading.Lock()

    def heard(self, line: str) -> None:
        """Take in a line of the Hadoop client's."""
        if found := _RETRIED.search(line):
            self._warn(f"{found[1]}:{found[2]} does not answer Hadoop's client")

    def look(self) -> None:
        """Ask whether HDFS answers."""
        try:
            if self._storage is not None:
                self._storage.check()
        except Unreachable as error:
            self._warn(f"HDFS: {error}")
        except HdfsToolsError:
            pass  # it answers

    @contextmanager
    def watched(self, first: Callable[[], object]) -> Iterator[None]:
        """Look again and again for as long as a block runs; call `first` before the first time."""
        ended = threading.Event()

        def watch() -> None:
            if not ended.wait(_INTERVAL):
                first()
            while not ended.is_set():
                self.look()
                ended.wait(_INTERVAL)

        threading.Thread(target=watch, daemon=True).start()
        try:
            yield
        finally:
            ended.set()

    def _warn(self, what: str) -> None:
        now = time.monotonic()
        with self._turn:
            if now - self._said < _SAID_EVERY:
                return
            self._said = now
        self._say(f"{what}; waiting for it")


@contextmanager
def patient(storage: WebHDFS | None, seconds: float | None = None) -> Iterator[None]:
    """Have HDFS be waited for, for ten minutes or so many seconds, also while it starts."""
    if storage is None:
        yield
        return
    before = storage.patience, storage.waits_in_safe_mode
    storage.patience = _LONG if seconds is None else seconds
    storage.waits_in_safe_mode = True
    try:
        yield
    finally:
        storage.patience, storage.waits_in_safe_mode = before


def silent_server(text: str) -> str | None:
    """Return the address that, by the words of a task, did not answer it.

    >>> silent_server("Call From n7/10.0.0.7 to nn:8020 failed on connection exception: x")
    'nn:8020'
    """
    found = _REFUSED.search(text)
    return found and found[1]
