"""The cluster of processes: up, down, status, and daemons that die."""

import json
import os
import shutil
import socket
import subprocess
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.cluster.support import CLUSTER, cluster, unavailable
from tests.support import Ran, run

STREAMING = CLUSTER.parent / ".hadoop/lib/hadoop-streaming-3.4.2.jar"


class Cluster:
    """A cluster in a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __call__(self, action: str, *arguments: object) -> Ran:
        return cluster(action, "processes", "--folder", self.folder, *arguments)

    def up(self) -> None:
        ran = self("up")
        assert ran.status == 0, ran.stderr

    @property
    def description(self) -> dict:
        return json.loads((self.folder / "cluster.json").read_bytes())

    def ask(self, daemon: str, path: str) -> dict:
        with urllib.request.urlopen(self.description[f"{daemon}_url"] + path) as answer:
            return json.load(answer)

    def hadoop(self, *arguments: object, user: str = "alice", stdin: bytes = b"") -> Ran:
        environment = {"HADOOP_USER_NAME": user}
        return run(self.description["hadoop"], *arguments, stdin=stdin, env=environment)

    def processes(self) -> list[int]:
        """Processes that work in the folder: daemons, and the tasks of jobs."""
        return [
            int(path.parent.name)
            for path in Path("/proc").glob("[0-9]*/cwd")
            if readlink(path).startswith(f"{self.folder}/")
        ]

    def listening(self) -> list[int]:
        ports = [p for ports in self.description["ports"].values() for p in ports.values()]
        return [port for port in ports if connects(port)]


def readlink(path: Path) -> str:
    try:
        return os.readlink(path)
    except OSError:
        return ""


def connects(port: int) -> bool:
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0


def within(seconds: float, condition: Callable[[], object]) -> bool:
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.2)
    return True


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    for command, package in ("java", "openjdk-17-jre-headless"), ("mvn", "maven"):
        if not shutil.which(command):
            unavailable("processes", f"there is no {command} (Debian: apt install {package})")
    shared = Cluster(tmp_path_factory.mktemp("with a space") / "and & signs, too")
    try:
        yield shared
    finally:
        assert shared("down", "--purge").stdout == b"The cluster is down.\n"
        assert not shared.processes()


@pytest.fixture
def running(shared: Cluster) -> Cluster:
    """A cluster that runs, whatever the test before has done to it."""
    shared.up()
    return shared


def test_a_job_runs_for_any_user(running: Cluster) -> None:
    running.hadoop("fs", "-put", "-f", "-", "/user/alice/in.txt", stdin=b"b\na\nc\n")
    ran = running.hadoop(
        *("jar", STREAMING, "-D", "mapreduce.job.maps=2", "-mapper", "/bin/cat"),
        *("-input", "/user/alice/in.txt", "-output", "/user/alice/out"),
    )
    assert ran.status == 0, ran.stderr
    assert running.hadoop("fs", "-cat", "/user/alice/out/part*").stdout == b"a\t\nb\t\nc\t\n"
    owner = running.hadoop("fs", "-stat", "%u", "/user/alice/out").stdout
    assert owner == b"alice\n"
    running.hadoop("fs", "-rm", "-r", "-skipTrash", "/user/alice/out")


def test_status_and_a_second_up(running: Cluster) -> None:
    pids = running.description["pids"]
    ran = running("status")
    assert ran.status == 0
    assert all(name in ran.stdout.decode() for name in pids)
    ran = running("up")
    assert (ran.status, b"is running already" in ran.stdout) == (0, True)
    assert running.description["pids"] == pids


@pytest.mark.parametrize("name", ["namenode", "datanode-2", "resourcemanager", "historyserver"])
def test_a_dead_daemon_is_named_and_brought_back(running: Cluster, name: str) -> None:
    others = {k: pid for k, pid in running.description["pids"].items() if k != name}
    os.kill(running.description["pids"][name], 9)
    ran = running("status")
    assert ran.status == 1
    assert f"No job can run: not running: {name}" in ran.stdout.decode()
    running.up()
    assert running("status").status == 0
    assert others.items() <= running.description["pids"].items()


def test_a_lost_node_is_noticed_soon(running: Cluster) -> None:
    for name in "nodemanager-1", "datanode-1":
        os.kill(running.description["pids"][name], 9)
    query = "/jmx?qry=Hadoop:service=NameNode,name=FSNamesystemState"
    assert within(30, lambda: running.ask("yarn", "/ws/v1/cluster/nodes?states=LOST")["nodes"])
    assert within(30, lambda: running.ask("hdfs", query)["beans"][0]["NumDeadDataNodes"])


def test_down_leaves_nothing_but_the_data(running: Cluster) -> None:
    running.hadoop("fs", "-put", "-f", "-", "/user/alice/kept.txt", stdin=b"kept")
    job = subprocess.Popen(
        [
            *(running.description["hadoop"], "jar", STREAMING, "-mapper", "/bin/sleep 600"),
            *("-input", "/user/alice/kept.txt", "-output", "/user/alice/never"),
        ],
        env={**os.environ, "HADOOP_USER_NAME": "alice"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )

    def sleeps() -> bool:
        lines = [read(f"/proc/{pid}/cmdline") for pid in running.processes()]
        return b"/bin/sleep\x00600\x00" in lines

    try:
        assert within(60, sleeps)
        # Nobody is left to end its tasks.
        os.kill(running.description["pids"]["nodemanager-1"], 9)
        ran = running("down")
        assert (ran.status, ran.stdout) == (0, b"The cluster is down.\n")
    finally:
        job.kill()
        job.wait()
    assert running.processes() == []
    assert running.listening() == []
    assert running("status").status == 1
    assert running("down").status == 0
    running.up()
    assert running.hadoop("fs", "-cat", "/user/alice/kept.txt").stdout == b"kept"


def read(path: str) -> bytes:
    try:
        return Path(path).read_bytes()
    except OSError:
        return b""


def test_only_shuffle_listens_beyond_this_machine(running: Cluster) -> None:
    # Hadoop has no setting for it; what is fetched there needs a job's token.
    ports = running.description["ports"]
    shuffle = {p["NODEMANAGER_SHUFFLE_PORT"] for n, p in ports.items() if n.startswith("node")}
    sockets = {
        readlink(path)[8:-1]
        for pid in running.description["pids"].values()
        for path in Path(f"/proc/{pid}/fd").iterdir()
        if readlink(path).startswith("socket:")
    }
    beyond = set()
    for table in "/proc/net/tcp", "/proc/net/tcp6":
        for fields in map(str.split, Path(table).read_text().splitlines()[1:]):
            address, port = fields[1].split(":")
            if fields[3] == "0A" and fields[9] in sockets and address != "0100007F":
                beyond.add(int(port, 16))
    assert beyond == shuffle


def test_nodes_are_added(running: Cluster) -> None:
    ran = running("up", "--nodemanagers", 1)
    assert (ran.status, "nodemanager-2 would be left over" in ran.stderr) == (1, True)
    assert running("up", "--datanodes", 3).status == 0
    assert "datanode-3" in running.description["pids"]
    query = "/jmx?qry=Hadoop:service=NameNode,name=FSNamesystemState"
    assert running.ask("hdfs", query)["beans"][0]["NumLiveDataNodes"] == 3


def test_a_daemon_that_cannot_start(shared: Cluster, tmp_path: Path) -> None:
    broken = Cluster(tmp_path / "broken")
    (broken.folder / "data" / "namenode" / "name").mkdir(parents=True)
    ran = broken("up")
    assert ran.status == 1
    assert "namenode has ended; the end of" in ran.stderr
    assert "NameNode is not formatted" in ran.stderr
    assert broken("down").status == 0
    assert broken.processes() == []


@pytest.mark.parametrize("action", ["up", "down", "status"])
def test_what_cannot_be_done_is_a_sentence(tmp_path: Path, action: str) -> None:
    file = tmp_path / "file"
    file.touch()
    ran = cluster(action, "processes", "--folder", file)
    assert ran.status == 1
    assert "Traceback" not in ran.stderr
    assert str(file) in ran.stderr + ran.stdout.decode()


def test_without_java(tmp_path: Path) -> None:
    ran = cluster("up", "processes", "--folder", tmp_path, env={"PATH": ""})
    assert ran.status == 1
    assert ran.stderr == (
        "cluster.py: there is no java (Debian: apt install openjdk-17-jre-headless)\n"
    )


@pytest.mark.parametrize("number", ["0", "-1", "two"])
def test_a_number_of_nodes(tmp_path: Path, number: str) -> None:
    ran = cluster("up", "processes", "--folder", tmp_path, f"--datanodes={number}")
    assert (ran.status, "is not a number of nodes" in ran.stderr) == (2, True)
