"""A cluster of containers of this machine, driven by docker compose."""

import getpass
import json
import os
import re
import shutil
import subprocess
import time
from pathlib import Path
from typing import Any

from common import HERE, ClusterError, describe, missing, wait, write_hadoop

PROJECT = "mapreduce-imaging"
LABEL = f"label=com.docker.compose.project={PROJECT}"
MAX_DATANODES = 6  # their ports are 9864 and those after it; the NameNode's is 9870
DESCRIPTION = {
    "form": "containers",
    "hdfs_url": "http://localhost:9870",
    "fs": "hdfs://namenode:8020",
    "yarn_url": "http://localhost:8088",
    "history_url": "http://localhost:19888",
    "mrjob_conf": str(HERE / "mrjob.conf"),
    "conf_dir": str(HERE / "conf"),
    "pids": {},
}


def up(directory: Path, datanodes: int | None, nodemanagers: int | None) -> None:
    """Build the image, start what is not running, and wait until a job can run."""
    start = time.monotonic()
    compose = find_compose()
    old = read(directory)
    datanodes, nodemanagers = datanodes or old["datanodes"], nodemanagers or old["nodemanagers"]
    if datanodes > MAX_DATANODES:
        raise ClusterError(f"more than {MAX_DATANODES} DataNodes have no ports in containers")
    description: dict[str, Any] = {
        **DESCRIPTION,
        "hadoop": str(directory / "hadoop"),
        "datanodes": datanodes,
        "nodemanagers": nodemanagers,
    }
    write_hadoop(
        directory / "hadoop",
        {},
        f"docker exec -i -e HADOOP_USER_NAME {PROJECT}-resourcemanager hadoop".split(),
    )
    (directory / "compose.yaml").write_text(with_datanodes(datanodes))
    describe(directory, description)

    before = containers("{{.ID}} {{.Status}}", "--filter", "status=running")
    run(compose, directory, "the image was not built", "build")
    run(
        *(compose, directory, "the containers did not start", "up", "--detach", "--remove-orphans"),
        *("--scale", f"nodemanager={nodemanagers}"),
    )

    def what_is_missing() -> str:
        if ended := containers("{{.Names}}", "--filter", "status=exited"):
            log = docker("logs", "--tail", "20", ended[0])
            raise ClusterError(f"{ended[0]} has ended; the end of its log:\n{log}")
        return what_a_job_waits_for(description)

    wait(what_is_missing, 180)
    ids = [line.split()[0] for line in before]
    if ids and sorted(ids) == sorted(containers("{{.ID}}", "--filter", "status=running")):
        print("The cluster is running already.")
    else:
        print(f"The cluster is up after {time.monotonic() - start:.0f} s.")
    print(f"HDFS {DESCRIPTION['hdfs_url']}   YARN {DESCRIPTION['yarn_url']}")
    print(f"-c {DESCRIPTION['mrjob_conf']} runs a job on it.")


def down(directory: Path, purge: bool) -> None:
    """Remove the containers; their volumes only if asked to."""
    compose = find_compose()
    if not (directory / "compose.yaml").exists():
        (directory / "compose.yaml").write_text(with_datanodes(2))
    volumes = ["--volumes"] if purge else []
    run(compose, directory, "the containers were not removed", "down", "--remove-orphans", *volumes)
    if purge:
        for name in "compose.yaml", "cluster.json", "hadoop":
            (directory / name).unlink(missing_ok=True)
    print("The cluster is down.")


def status(directory: Path) -> bool:
    """Print a line for each container; return whether a job can run."""
    find_compose()
    lines = containers("{{.Names}}\t{{.Status}}")
    for line in sorted(lines):
        name, _, state = line.partition("\t")
        print(f"{name:36} {state}")
    if not lines:
        print("There are no containers of the cluster.")
        return False
    reason = what_a_job_waits_for(read(directory))
    print(f"No job can run: {reason}" if reason else "A job can run.")
    return not reason


def what_a_job_waits_for(description: dict[str, Any]) -> str:
    """Return what is missing, as the containers' health checks and the daemons say."""
    for line in containers("{{.Names}}\t{{.Status}}"):
        name, _, state = line.partition("\t")
        if "(healthy)" not in state:
            return f"{name} is not healthy"
    return missing(description, description["datanodes"], description["nodemanagers"])


def read(directory: Path) -> dict[str, Any]:
    """Return what is known of the cluster; it may have been started by compose alone."""
    try:
        return json.loads((directory / "cluster.json").read_bytes())
    except FileNotFoundError:
        return {**DESCRIPTION, "datanodes": 2, "nodemanagers": 2}


def with_datanodes(number: int) -> str:
    """Return compose.yaml with this many DataNodes, made like the second."""
    text = (HERE / "compose.yaml").read_text()
    second = re.search(r"^  datanode2:\n(?:    .*\n)+\n", text, re.MULTILINE)
    if not second:
        raise ClusterError(f"{HERE / 'compose.yaml'} has no service datanode2")
    others = [
        second[0].replace("datanode2", f"datanode{n}").replace("9865", str(9863 + n))
        for n in range(2, number + 1)
    ]
    volumes = "".join(f"  datanode{n}:\n" for n in range(3, number + 1))
    return text.replace(second[0], "".join(others)) + volumes


def find_compose() -> list[str]:
    """Return the command of compose, its second version or its first, if the engine answers."""
    if not shutil.which("docker"):
        raise ClusterError("there is no docker (Debian: apt install docker.io docker-compose)")
    ended = subprocess.run(
        ["docker", "version", "--format", "{{.Server.Version}}"], capture_output=True, text=True
    )
    if ended.returncode:
        raise ClusterError(f"Docker's engine does not answer: {ended.stderr.strip()}")
    if not subprocess.run(["docker", "compose", "version"], capture_output=True).returncode:
        return ["docker", "compose"]
    if shutil.which("docker-compose"):
        return ["docker-compose"]
    raise ClusterError("there is no docker compose (Debian: apt install docker-compose)")


def run(compose: list[str], directory: Path, failure: str, *command: str) -> None:
    """Run compose; if it fails, show the end of what it says."""
    files = ["--project-name", PROJECT, "--project-directory", str(HERE)]
    ended = subprocess.run(
        [*compose, *files, "--file", str(directory / "compose.yaml"), *command],
        env={**os.environ, "HDFS_ADMINISTRATOR": user_name()},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    )
    if taken := re.search(r"127\.0\.0\.1:(\d+).*already (in use|allocated)", ended.stdout):
        raise ClusterError(f"port {taken[1]} is in use (`ss -ltnp`, `docker ps` show by what)")
    if ended.returncode:
        lines = [line for line in ended.stdout.splitlines() if line.strip()][-15:]
        for name in containers("{{.Names}}", "--filter", "status=exited"):
            lines += [f"--- the end of the log of {name}", docker("logs", "--tail", "20", name)]
        raise ClusterError("\n".join([f"{failure}:", *lines]))


def user_name() -> str:
    """Return the name that clients of this user tell HDFS; see `hdfs_tools.user`."""
    try:
        return os.environ.get("HADOOP_USER_NAME") or getpass.getuser()
    except (KeyError, OSError):  # until Python 3.12, and since
        return str(os.geteuid())


def containers(what: str, *filters: str) -> list[str]:
    """Return something of each of the cluster's containers."""
    return docker("ps", "--all", "--filter", LABEL, *filters, "--format", what).splitlines()


def docker(*command: str) -> str:
    """Return what a command of docker says."""
    return subprocess.run(
        ["docker", *command],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        check=True,
    ).stdout
