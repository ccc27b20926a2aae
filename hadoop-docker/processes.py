"""A cluster of processes of this machine, in a directory of its own, on free ports of loopback."""

import contextlib
import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import distribution
from common import HERE, ClusterError, ask, describe, missing, wait, write_hadoop
from machine import free_port, held_port, processes, start_time, working_directory

# The variables of conf/ that are ports, for each kind of daemon.
PORTS = {
    "resourcemanager": [
        f"RESOURCEMANAGER_{port}PORT" for port in ("", "SCHEDULER_", "TRACKER_", "ADMIN_", "HTTP_")
    ],
    "namenode": ["NAMENODE_RPC", "NAMENODE_HTTP"],
    "historyserver": ["HISTORYSERVER_RPC", "HISTORYSERVER_HTTP", "HISTORYSERVER_ADMIN"],
    "datanode": ["DATANODE_PORT", "DATANODE_HTTP_PORT", "DATANODE_IPC_PORT"],
    "nodemanager": [f"NODEMANAGER_{port}PORT" for port in ("", "LOCALIZER_", "HTTP_", "SHUFFLE_")],
}
SINGLE = ("resourcemanager", "namenode", "historyserver")


def up(directory: Path, datanodes: int | None, nodemanagers: int | None) -> None:
    """Start what is not running, and wait until a job can run."""
    start = time.monotonic()
    cluster = Cluster(directory)
    running = cluster.running()
    wanted = names(
        datanodes or cluster.number("datanode") or 2,
        nodemanagers or cluster.number("nodemanager") or 2,
    )
    if surplus := running.keys() - set(wanted):
        raise ClusterError(f"{', '.join(sorted(surplus))} would be left over: `down` first")
    distribution.build()
    with cluster.define(wanted):
        for name in wanted:
            if name not in running:
                cluster.start(name)
        wait(cluster.missing, 180)
    if len(running) == len(wanted):
        print("The cluster is running already.")
    else:
        print(f"The cluster is up after {time.monotonic() - start:.0f} s.")
    print(f"HDFS {cluster.state['hdfs_url']}   YARN {cluster.state['yarn_url']}")
    print(f"-c {shlex.quote(cluster.state['mrjob_conf'])} runs a job on it.")


def down(directory: Path, purge: bool) -> None:
    """Stop every process, tasks included."""
    cluster = Cluster(directory)
    cluster.stop()
    if purge:
        for name in "data", "logs", "conf", "hadoop", "mrjob.conf", "cluster.json":
            path = directory / name
            shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
    print("The cluster is down.")


def status(directory: Path) -> bool:
    """Print a line for each daemon; return whether a job can run."""
    cluster = Cluster(directory)
    if not cluster.state:
        print(f"{directory}: there is no cluster")
        return False
    running = cluster.running()
    if not running:
        print("The cluster is down.")
        return False
    for name in cluster.state["pids"]:
        state = f"running, process {running[name]}" if name in running else "not running"
        print(f"{name:16} {state}, log {directory / 'logs' / name}.log")
    reason = missing(cluster.state, cluster.number("datanode"), cluster.number("nodemanager"))
    if dead := cluster.state["pids"].keys() - running.keys():
        reason = f"not running: {', '.join(sorted(dead))}"
    print(f"No job can run: {reason}" if reason else "A job can run.")
    return not reason


def names(datanodes: int, nodemanagers: int) -> list[str]:
    """Return the names of a cluster's daemons, those first that others wait for."""
    return [
        *("resourcemanager", "namenode"),
        *(f"datanode-{n + 1}" for n in range(datanodes)),
        *(f"nodemanager-{n + 1}" for n in range(nodemanagers)),
        "historyserver",
    ]


class Cluster:
    """The cluster that a directory describes, in cluster.json."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        try:
            self.state: dict[str, Any] = json.loads((directory / "cluster.json").read_bytes())
        except (FileNotFoundError, NotADirectoryError):
            self.state = {}

    def number(self, kind: str) -> int:
        """Return how many daemons there are of a kind."""
        return sum(name.startswith(f"{kind}-") for name in self.state.get("pids", ()))

    def running(self) -> dict[str, int]:
        """Return the names and process ids of the daemons that run."""
        pids, started = self.state.get("pids", {}), self.state.get("started", {})
        return {name: pid for name, pid in pids.items() if pid and start_time(pid) == started[name]}

    @contextlib.contextmanager
    def define(self, wanted: list[str]) -> Iterator[None]:
        """Choose ports and write the settings; what is settled stays as it is.

        The ports are held until all daemons listen, so that no other cluster chooses them.
        """
        old = self.state.get("ports", {})
        running = self.running()
        if not running:
            shutil.rmtree(self.directory / "conf", ignore_errors=True)
        with contextlib.ExitStack() as held:
            free = {
                name: all(held_port(held, port) for port in old[name].values())
                for name in wanted
                if name in old and name not in running
            }
            ports = {
                name: old[name]
                if name in running or (name in old and (running or all(free.values())))
                else {variable: free_port(held) for variable in PORTS[name.split("-")[0]]}
                for name in wanted
            }
            common: dict[str, str] = {"RESOURCEMANAGER_HOSTNAME": "localhost"}
            for name in SINGLE:
                for variable, port in ports[name].items():
                    host = "" if name == "resourcemanager" else "localhost:"
                    common[variable] = f"{host}{port}"
            location = self.state.get("place") if running else None
            self.state = {
                "form": "processes",
                "hdfs_url": f"http://localhost:{ports['namenode']['NAMENODE_HTTP']}",
                "fs": f"hdfs://localhost:{ports['namenode']['NAMENODE_RPC']}",
                "yarn_url": "http://localhost:"
                + str(ports["resourcemanager"]["RESOURCEMANAGER_HTTP_PORT"]),
                "history_url": f"http://localhost:{ports['historyserver']['HISTORYSERVER_HTTP']}",
                "mrjob_conf": str(self.directory / "mrjob.conf"),
                "hadoop": str(self.directory / "hadoop"),
                "conf_dir": str(self.directory / "conf"),
                "place": location or plain(self.directory),
                "pids": {name: self.state.get("pids", {}).get(name) for name in wanted},
                "started": {name: self.state.get("started", {}).get(name) for name in wanted},
                "ports": ports,
            }
            if not running:
                self.write_settings(common)
            describe(self.directory, self.state)
            yield

    def write_settings(self, common: dict[str, str]) -> None:
        """Write conf/, the command `hadoop` and mrjob.conf."""
        conf = self.directory / "conf"
        conf.mkdir()
        for source in (HERE / "conf").iterdir():
            # What holds for the whole cluster is written out: tasks do not have the variables.
            text = re.sub(
                r"\$\{env\.(\w+):-[^}]*\}",
                lambda match: common.get(match[1], match[0]),
                source.read_text(),
            )
            (conf / source.name).write_text(text)
        home = str(distribution.HOME)
        write_hadoop(
            self.directory / "hadoop",
            {"HADOOP_HOME": home, "HADOOP_CONF_DIR": str(conf)},
            [str(HERE / "hadoop")],
        )
        options = {
            "hadoop_bin": shlex.quote(self.state["hadoop"]),
            "hadoop_streaming_jar": f"{home}/{distribution.STREAMING_JAR}",
            "python_bin": shlex.quote(str(distribution.PYTHON)),
            **{name: self.state[name] for name in ("hdfs_url", "yarn_url", "history_url")},
        }
        lines = [f"    {name}: {json.dumps(value)}\n" for name, value in options.items()]
        (self.directory / "mrjob.conf").write_text("runners:\n  hadoop:\n" + "".join(lines))

    def start(self, name: str) -> None:
        """Start a daemon."""
        location = Path(self.state["place"])
        data = location / "data" / name
        data.mkdir(parents=True, exist_ok=True)
        logs = location / "logs"
        logs.mkdir(exist_ok=True)
        environment = {
            # Settings of another Hadoop, and a user name for it, are not for this one.
            **{k: v for k, v in os.environ.items() if not k.startswith(("HADOOP_", "YARN_"))},
            "HADOOP_HOME": str(distribution.HOME),
            "HADOOP_CONF_DIR": str(location / "conf"),
            "HADOOP_LOG_DIR": str(logs),
            "HADOOP_DATA_DIR": str(data),
            "BIND": "127.0.0.1",
            "DATANODE_HOSTNAME": "localhost",
            "NODEMANAGER_HOSTNAME": "localhost",
            "NAMENODE_HTTP": self.state["hdfs_url"].removeprefix("http://"),
            **{variable: str(port) for variable, port in self.state["ports"][name].items()},
        }
        with open(logs / f"{name}.log", "ab") as log:
            process = subprocess.Popen(
                [HERE / "daemon", name.split("-")[0]],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=data,
                env=environment,
                start_new_session=True,
            )
        self.state["pids"][name] = process.pid
        self.state["started"][name] = start_time(process.pid)
        describe(self.directory, self.state)

    def missing(self) -> str:
        """Return what a job would have to wait for; raise an error if that cannot come."""
        running = self.running()
        for name in self.state["pids"]:
            if name not in running:
                log = self.directory / "logs" / f"{name}.log"
                end = log.read_text(errors="replace").splitlines()[-20:]
                raise ClusterError("\n".join([f"{name} has ended; the end of {log}:", *end]))
        if reason := missing(self.state, self.number("datanode"), self.number("nodemanager")):
            return reason
        # For a while the others may still count on a daemon that has just been started again.
        for name, ports in self.state["ports"].items():
            if name.startswith("datanode"):
                query = "/jmx?qry=Hadoop:service=DataNode,name=DataNodeInfo"
                info = ask(f"http://localhost:{ports['DATANODE_HTTP_PORT']}{query}")
                if "RUNNING" not in json.dumps(info):
                    return f"{name} is not registered"
            elif name.startswith("nodemanager"):
                url = f"http://localhost:{ports['NODEMANAGER_HTTP_PORT']}/ws/v1/node/info"
                if ask(url) is None:
                    return f"{name} does not answer"
        return ""

    def stop(self) -> None:
        """End the daemons, and then what the NodeManagers may have left of their containers."""
        running = self.running()
        nodes = [name for name in running if name.startswith("nodemanager")]
        self.end(nodes)  # as long as they can say goodbye to the ResourceManager
        self.end([name for name in running if name not in nodes])
        tasks = str(self.directory / "data") + os.sep
        while left := [pid for pid in processes() if working_directory(pid).startswith(tasks)]:
            for pid in left:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            time.sleep(0.1)
        if self.state:
            if self.state["place"] != str(self.directory):
                Path(self.state["place"]).unlink(missing_ok=True)
            self.state["pids"] = dict.fromkeys(self.state["pids"])
            self.state["started"] = dict.fromkeys(self.state["pids"])
            describe(self.directory, self.state)

    def end(self, names: list[str]) -> None:
        """End some daemons, and kill those that do not."""
        for number in signal.SIGTERM, signal.SIGKILL:
            left = {name: pid for name, pid in self.running().items() if name in names}
            if left and number == signal.SIGKILL:
                print(f"After 15 s, these have to be killed: {', '.join(left)}.", flush=True)
            for pid in left.values():
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, number)
            end = time.monotonic() + 15
            while left.keys() & self.running().keys() and time.monotonic() < end:
                time.sleep(0.1)


def plain(directory: Path) -> str:
    """Return a path to a directory that YARN can put into shell commands unquoted."""
    if re.fullmatch(r"[\w./+-]+", str(directory), re.ASCII):
        return str(directory)
    link = Path(tempfile.mkdtemp(prefix="mapreduce-imaging-"))
    link.rmdir()
    link.symlink_to(directory)
    return str(link)
