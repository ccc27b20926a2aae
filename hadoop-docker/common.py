"""Code of both forms of the cluster: the state of its daemons, and its description for others."""

import contextlib
import fcntl
import json
import shlex
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent

# Daemons are asked directly, whatever proxy there is to the world outside.
_open = urllib.request.build_opener(urllib.request.ProxyHandler({})).open


class ClusterError(Exception):
    """What a user can do something about, in a sentence."""


@contextlib.contextmanager
def locked(directory: Path) -> Iterator[None]:
    """Make a directory, and keep other runs from changing what is in it."""
    try:
        directory.mkdir(parents=True, exist_ok=True)
        with open(directory / "lock", "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
    except (FileExistsError, NotADirectoryError, PermissionError) as error:
        raise ClusterError(
            f"{error.filename}: {error.strerror}; choose another directory"
        ) from None


def ask(url: str) -> Any:
    """Return what a daemon answers, or None if it does not."""
    try:
        with _open(url, timeout=5) as answer:
            return json.load(answer)
    except (OSError, ValueError):
        return None


def missing(description: dict[str, Any], datanodes: int, nodemanagers: int) -> str:
    """Return what a job would still have to wait for; nothing if it can run."""
    query = "/jmx?qry=Hadoop:service=NameNode,name=FSNamesystemState"
    namenode = (ask(description["hdfs_url"] + query) or {}).get("beans")
    if not namenode:
        return "the NameNode does not answer"
    if namenode[0]["FSState"] != "Operational":
        return "HDFS is in safe mode"
    live = namenode[0]["NumLiveDataNodes"]
    if live < datanodes:
        return f"{live} of {datanodes} DataNodes are live"
    nodes = ask(description["yarn_url"] + "/ws/v1/cluster/nodes?states=RUNNING")
    if nodes is None:
        return "the ResourceManager does not answer"
    running = len((nodes["nodes"] or {}).get("node", []))
    if running < nodemanagers:
        return f"{running} of {nodemanagers} NodeManagers are running"
    if ask(description["history_url"] + "/ws/v1/history/info") is None:
        return "the history server does not answer"
    return ""


def wait(what_is_missing: Callable[[], str], seconds: float) -> None:
    """Wait until nothing is missing."""
    end = time.monotonic() + seconds
    while reason := what_is_missing():
        if time.monotonic() > end:
            raise ClusterError(f"no job can run after {seconds:.0f} s: {reason}")
        time.sleep(0.2)


def describe(directory: Path, description: dict[str, Any]) -> None:
    """Write cluster.json, which says where everything is, for programs."""
    new = directory / "cluster.json.new"
    new.write_text(json.dumps(description, indent=2) + "\n")
    new.replace(directory / "cluster.json")


def write_hadoop(path: Path, environment: dict[str, str], command: list[str]) -> None:
    """Write the command `hadoop` for a cluster."""
    exports = "".join(f"export {name}={shlex.quote(v)}\n" for name, v in environment.items())
    path.write_text(f'#!/bin/sh\n{exports}exec {shlex.join(command)} "$@"\n')
    path.chmod(0o755)
