"""The cluster of containers: up, down, status, what survives, and who may use it."""

import contextlib
import doctest
import json
import os
import re
import shutil
import subprocess
import sys
import time
import urllib.parse
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import requests

from hdfs_tools.errors import HdfsToolsError
from hdfs_tools.user import user_name
from hdfs_tools.webhdfs.client import connect_to
from tests.cluster.support import CLUSTER, cluster, unavailable
from tests.hdfs_tools.shell.test_docs import SCANS
from tests.support import ROOT, Ran, run, write_tree
from tests.test_docs import commands as commands_of
from tests.test_docs import section

Job = Callable[..., Ran]

HDFS = "http://localhost:9870"
PROJECT = "label=com.docker.compose.project=mapreduce-imaging"
HADOOP = ["docker", "exec", "-i", "-e", "HADOOP_USER_NAME"]
HADOOP += ["mapreduce-imaging-resourcemanager", "hadoop"]
STREAMING = "/opt/hadoop/lib/hadoop-streaming-3.4.2.jar"
FOLDER = "/user/radiology-tests"


def containers(what: str, *options: str) -> list[str]:
    """Say something of each container of the cluster, or of each that runs."""
    ran = run("docker", "ps", "--filter", PROJECT, "--format", what, *options)
    return ran.stdout.decode().splitlines()


def webhdfs(method: str, path: str, data: bytes | None = None, **query: str) -> requests.Response:
    """Talk to HDFS as a user whom no container knows, by published ports only."""
    query = {"user.name": "radiology", **query}
    url = f"{HDFS}/webhdfs/v1{path}"
    answer = requests.request(method, url, params=query, allow_redirects=False, timeout=30)
    if answer.status_code == 307:
        target = urllib.parse.urlsplit(answer.headers["Location"])
        here = target._replace(netloc=f"localhost:{target.port}").geturl()
        answer = requests.request(method, here, data=data, timeout=30)
    answer.raise_for_status()
    return answer


def namespace() -> list[str]:
    """Return what formatting would make anew; not the comment, the time of the last checkpoint."""
    version = "/data/name/current/VERSION"
    ran = run("docker", "exec", "mapreduce-imaging-namenode", "cat", version)
    return [line for line in ran.stdout.decode().splitlines() if not line.startswith("#")]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The folder of a cluster; the cluster is down afterwards, and its data as before."""
    if not shutil.which("docker"):
        unavailable(
            "containers", "there is no docker (Debian: apt install docker.io docker-compose)"
        )
    if run("docker", "version").status:
        unavailable("containers", "Docker's engine does not answer (as root: service docker start)")
    if run("docker", "compose", "version").status and not shutil.which("docker-compose"):
        unavailable("containers", "there is no docker compose (Debian: apt install docker-compose)")
    if containers("{{.Names}}"):
        unavailable(
            "containers", "a cluster in containers is up, and not the tests' (make cluster-down)"
        )
    folder = tmp_path_factory.mktemp("containers")
    try:
        yield folder
    finally:
        try:
            up(folder)
            webhdfs("DELETE", FOLDER, op="DELETE", recursive="true")
        finally:
            ran = cluster("down", "containers", "--folder", folder)
        assert ran.status == 0, ran.stderr
        assert containers("{{.Names}}", "--all") == []


def up(folder: Path) -> Ran:
    ran = cluster("up", "containers", "--folder", folder)
    assert ran.status == 0, ran.stderr
    return ran


@pytest.fixture
def running(folder: Path) -> Path:
    """The folder of a cluster that runs."""
    up(folder)
    return folder


def test_status_and_a_second_up(running: Path) -> None:
    ran = cluster("status", "containers", "--folder", running)
    assert (ran.status, b"A job can run." in ran.stdout) == (0, True)
    assert ran.stdout.count(b"(healthy)") == 7
    before = containers("{{.ID}}")
    assert b"is running already" in up(running).stdout
    assert containers("{{.ID}}") == before


def test_a_foreign_user_writes_and_reads(running: Path) -> None:
    webhdfs("PUT", f"{FOLDER}/new.txt", b"\x00data\xff", op="CREATE", overwrite="true")
    status = webhdfs("GET", f"{FOLDER}/new.txt", op="GETFILESTATUS").json()["FileStatus"]
    assert (status["owner"], status["length"], status["replication"]) == ("radiology", 6, 2)
    assert webhdfs("GET", f"{FOLDER}/new.txt", op="OPEN").content == b"\x00data\xff"


def test_a_foreign_user_runs_a_job(running: Path) -> None:
    webhdfs("PUT", f"{FOLDER}/in.txt", b"b\na\nc\n", op="CREATE", overwrite="true")
    webhdfs("DELETE", f"{FOLDER}/out", op="DELETE", recursive="true")
    ran = run(
        *HADOOP,
        *("jar", STREAMING, "-D", "mapreduce.job.maps=2", "-mapper", "/bin/cat"),
        *("-input", f"{FOLDER}/in.txt", "-output", f"{FOLDER}/out"),
        env={"HADOOP_USER_NAME": "radiology"},
    )
    assert ran.status == 0, ran.stderr
    assert webhdfs("GET", f"{FOLDER}/out/part-00000", op="OPEN").content == b"a\t\nb\t\nc\t\n"
    status = webhdfs("GET", f"{FOLDER}/out", op="GETFILESTATUS").json()["FileStatus"]
    assert status["owner"] == "radiology"


class TestWhatThePagesSay:
    """Typed by the user who started the cluster, whom no container knows either."""

    @pytest.fixture
    def here(
        self, running: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> Iterator[Path]:
        write_tree(tmp_path / "scans", SCANS)
        monkeypatch.chdir(tmp_path)
        monkeypatch.setenv("HDFS_URL", HDFS)
        monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}:{os.environ['PATH']}")
        yield tmp_path
        storage = connect_to(HDFS, user_name())
        with contextlib.suppress(HdfsToolsError):  # of the README there are none
            for name in storage.snapshots("/data"):
                storage.delete_snapshot("/data", name)
        for path in "/data", "/archive", "/results", f"/user/{user_name()}/.Trash":
            storage.delete(path, recursive=True)

    @pytest.mark.parametrize("page", ["README.md", "docs/hdfs.md"])
    def test_every_command_and_example_of_files_on_hdfs(self, here: Path, page: str) -> None:
        text = (ROOT / page).read_text(encoding="utf-8")
        if page == "README.md":
            text = section("Files on HDFS")
        typed = [line for line in commands_of(text) if not line.startswith(("make ", "export "))]
        assert len(typed) > 5
        for line in typed:
            ran = run("bash", "-o", "pipefail", "-c", line)
            assert ran.status == 0, (line, ran.stderr)
        for block in re.findall(r"^```pycon\n(.*?)^```", text, re.MULTILINE | re.DOTALL):
            example = doctest.DocTestParser().get_doctest(block, {}, page, None, None)
            told: list[str] = []
            assert not doctest.DocTestRunner().run(example, out=told.append).failed, told


class TestJobsFromAHostWithoutJava:
    """With docker as the only command on the PATH."""

    OPTIONS = ("-r", "hadoop", "-c", CLUSTER.parent / "mrjob.conf")

    @pytest.fixture
    def host(self, running: Path, tmp_path: Path) -> dict[str, str]:
        """Environment variables of such a host, and of a user whom no container knows."""
        (tmp_path / "bin").mkdir()
        (tmp_path / "bin" / "docker").symlink_to(str(shutil.which("docker")))
        return {"PATH": str(tmp_path / "bin"), "HADOOP_USER_NAME": "radiology", "HDFS_URL": HDFS}

    def test_local_images(self, job: Job, host: dict[str, str], collection: Path) -> None:
        here = job("image_histogram", collection)
        there = job("image_histogram", *self.OPTIONS, collection, env=host)
        assert there.lines == here.lines, there.stderr
        assert (there.status, there.stderr) == (here.status, here.stderr)

    def test_images_on_hdfs_and_results_there(
        self, job: Job, host: dict[str, str], good_folder: Path
    ) -> None:
        """Tasks in containers read them over WebHDFS, by names that only containers know."""
        webhdfs("DELETE", f"{FOLDER}/out", op="DELETE", recursive="true")
        storage = connect_to(HDFS, "radiology")
        for path in good_folder.glob("[a-z][a-z]*/*"):
            if path.is_file() and not storage.exists(f"{FOLDER}/images/{path.name}"):
                storage.write(f"{FOLDER}/images/{path.name}", path.read_bytes())
        given = ["--group-by", "all", f"hdfs://{FOLDER}/images"]
        here = job("edge_density", *given, env=host)
        assert (here.status, len(here.lines)) == (0, 1)
        output = ["-o", f"hdfs://{FOLDER}/out"]
        there = job("edge_density", *self.OPTIONS, *output, *given, env=host)
        assert (there.status, there.stdout, there.stderr) == (0, b"", "")
        assert storage.read(f"{FOLDER}/out/part-00000").splitlines() == here.lines

    def test_words(self, job: Job, host: dict[str, str]) -> None:
        text = ROOT / "README.md"
        there = job("word_count", *self.OPTIONS, "-D", "mapreduce.job.reduces=3", text, env=host)
        assert there.lines == job("word_count", text).lines, there.stderr

    def test_a_failed_task_shows_its_traceback(self, job: Job, host: dict[str, str]) -> None:
        less = ["-D", "mapreduce.map.maxattempts=1", "--python-bin", "/usr/bin/python3"]
        there = job("word_count", *self.OPTIONS, *less, ROOT / "README.md", env=host)
        assert there.status == 1
        assert "No module named 'mrjob'" in there.stderr
        assert "The Python of the nodes has no mrjob" in there.stderr

    def test_an_interrupt_ends_the_job(
        self, host: dict[str, str], good_folder: Path, tmp_path: Path
    ) -> None:
        """Though what is interrupted here is docker, and not Hadoop's client."""
        script = tmp_path / "waits.py"
        script.write_text(
            "import time\nfrom mapreduce_jobs.core.jobs.image_job import ImageJob\n"
            "class Waits(ImageJob):\n    def measure(self, image):\n        time.sleep(600)\n"
            "if __name__ == '__main__':\n    Waits.run()\n"
        )

        def names(state: str) -> list[str]:
            url = f"http://localhost:8088/ws/v1/cluster/apps?states={state}"
            apps = requests.get(url, timeout=30).json()["apps"] or {"app": []}
            return [app["name"] for app in apps["app"]]

        command = [sys.executable, script, *map(str, self.OPTIONS), good_folder]
        with subprocess.Popen(
            command, env={**os.environ, **host}, stderr=subprocess.PIPE
        ) as process:
            while "waits" not in names("RUNNING"):
                assert process.poll() is None, process.communicate()
                time.sleep(0.5)
            process.terminate()
            said = process.communicate(timeout=60)[1].decode()
        assert (process.returncode, "ending job_" in said) == (143, True)
        assert "waits" not in names("RUNNING") + names("ACCEPTED")


def test_pages_are_there_and_for_this_machine_only(running: Path) -> None:
    published = ", ".join(filter(None, containers("{{.Ports}}"))).split(", ")
    assert sorted(published) == [
        "127.0.0.1:19888->19888/tcp",
        "127.0.0.1:8088->8088/tcp",
        "127.0.0.1:9864->9864/tcp",
        "127.0.0.1:9865->9865/tcp",
        "127.0.0.1:9870->9870/tcp",
    ]
    for port in 9870, 9864, 9865, 8088, 19888:
        assert requests.get(f"http://localhost:{port}/", timeout=30).status_code == 200


def test_nothing_runs_as_root(running: Path) -> None:
    for name in containers("{{.Names}}"):
        assert run("docker", "exec", name, "id", "-u").stdout == b"10000\n"


def test_data_survives_a_stop(running: Path) -> None:
    webhdfs("PUT", f"{FOLDER}/kept.txt", b"kept", op="CREATE", overwrite="true")
    before = namespace()
    assert any(line.startswith("clusterID=") for line in before)
    run("docker", "stop", *containers("{{.Names}}"))
    assert cluster("status", "containers", "--folder", running).status == 1
    up(running)
    assert webhdfs("GET", f"{FOLDER}/kept.txt", op="OPEN").content == b"kept"
    assert namespace() == before


def test_a_dead_container_is_named_and_brought_back(running: Path) -> None:
    run("docker", "kill", "mapreduce-imaging-datanode2")
    ran = cluster("status", "containers", "--folder", running)
    assert ran.status == 1
    assert b"No job can run: mapreduce-imaging-datanode2 is not healthy" in ran.stdout
    up(running)
    assert cluster("status", "containers", "--folder", running).status == 0


def test_down_ends_tasks_and_keeps_the_data(running: Path) -> None:
    before = namespace()
    webhdfs("PUT", f"{FOLDER}/in.txt", b"a\n", op="CREATE", overwrite="true")
    arguments = ["-input", f"{FOLDER}/in.txt", "-output", f"{FOLDER}/never"]
    job = subprocess.Popen(
        [*HADOOP, "jar", STREAMING, "-mapper", "/bin/sleep 600", *arguments],
        env={**os.environ, "HADOOP_USER_NAME": "radiology"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        end = time.monotonic() + 60
        while not any(b"sleep 600" in command for command in commands()):
            assert time.monotonic() < end
            time.sleep(0.5)
        assert cluster("down", "containers", "--folder", running).status == 0
        assert not any(b"sleep 600" in command for command in commands())
    finally:
        job.kill()
        job.wait()
    assert containers("{{.Names}}", "--all") == []
    assert cluster("status", "containers", "--folder", running).status == 1
    up(running)
    assert webhdfs("GET", f"{FOLDER}/in.txt", op="OPEN").content == b"a\n"
    assert namespace() == before


def commands() -> list[bytes]:
    """Return what runs in the containers."""
    return [
        run("docker", "top", name, "-eo", "pid,args").stdout for name in containers("{{.Names}}")
    ]


def test_nodes_are_added(running: Path) -> None:
    volume = "mapreduce-imaging_datanode3"
    there_was_a_third = run("docker", "volume", "inspect", volume).status == 0
    ran = cluster(
        *("up", "containers", "--folder", running),
        *("--datanodes", 3, "--nodemanagers", 3),
    )
    assert ran.status == 0, ran.stderr
    nodes = requests.get("http://localhost:8088/ws/v1/cluster/nodes?states=RUNNING", timeout=30)
    assert len(nodes.json()["nodes"]["node"]) == 3
    assert "127.0.0.1:9866->9866/tcp" in containers("{{.Ports}}")
    description = json.loads((running / "cluster.json").read_bytes())
    assert (description["datanodes"], description["nodemanagers"]) == (3, 3)
    ran = cluster("up", "containers", "--folder", running, "--datanodes", 2, "--nodemanagers", 2)
    assert ran.status == 0, ran.stderr
    assert len(containers("{{.Names}}")) == 7
    if not there_was_a_third:
        assert run("docker", "volume", "rm", volume).status == 0


def test_more_datanodes_than_ports(running: Path) -> None:
    ran = cluster("up", "containers", "--folder", running, "--datanodes", 7)
    assert (ran.status, "more than 6 DataNodes" in ran.stderr) == (1, True)


def test_without_docker(tmp_path: Path) -> None:
    ran = cluster("up", "containers", "--folder", tmp_path, env={"PATH": ""})
    assert (ran.status, ran.stderr) == (
        1,
        "cluster.py: there is no docker (Debian: apt install docker.io docker-compose)\n",
    )


def test_without_an_engine(tmp_path: Path) -> None:
    if not shutil.which("docker"):
        unavailable("containers", "there is no docker (Debian: apt install docker.io)")
    environment = {"DOCKER_HOST": f"unix://{tmp_path}/none"}
    ran = cluster("status", "containers", "--folder", tmp_path, env=environment)
    assert (ran.status, "Docker's engine does not answer" in ran.stderr) == (1, True)
    assert "Traceback" not in ran.stderr
