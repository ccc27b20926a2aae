"""Distribution that the processes run: Hadoop's jars, a virtual environment for the tasks."""

import contextlib
import fcntl
import hashlib
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from common import HERE, ClusterError

HOME = HERE / ".hadoop"
PYTHON = HOME / "venv" / "bin" / "python"
STREAMING_JAR = "lib/hadoop-streaming-3.4.2.jar"


def build() -> None:
    """Make what is missing, or defined anew."""
    if not shutil.which("java"):
        raise ClusterError("there is no java (Debian: apt install openjdk-17-jre-headless)")
    if not re.fullmatch(r"[\w./+-]+", str(HOME), re.ASCII):
        raise ClusterError(f"Hadoop streaming cannot be in {HOME}: give the project a plain path")
    HOME.mkdir(exist_ok=True)
    with open(HOME / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        definition = (HERE / "pom.xml").read_bytes() + (HERE / "jars.sha256").read_bytes()
        with made_of(definition, "jars") as wanted:
            if wanted:
                build_jars()
        requirements = subprocess.check_output(
            [sys.executable, str(HERE / "requirements.py"), str(HERE.parent / "setup.cfg")]
        )
        with made_of(requirements, "venv") as wanted:
            if wanted:
                build_venv(requirements)


@contextlib.contextmanager
def made_of(definition: bytes, name: str) -> Iterator[bool]:
    """Say whether a thing has to be made, and note of what it was made."""
    note, digest = HOME / f"{name}.sha256", hashlib.sha256(definition).hexdigest()
    wanted = not note.exists() or note.read_text() != digest
    if wanted:
        note.unlink(missing_ok=True)
    yield wanted
    note.write_text(digest)


def build_jars() -> None:
    """Fetch Hadoop, and verify it."""
    if not shutil.which("mvn"):
        raise ClusterError("there is no mvn to fetch Hadoop with (Debian: apt install maven)")
    print("Hadoop: fetching it from Maven Central (93 MB)", flush=True)
    run("Hadoop was not built", HERE / "build")


def build_venv(requirements: bytes) -> None:
    """Make the virtual environment of the tasks."""
    print("Python of the tasks: installing what this project requires", flush=True)
    venv = HOME / "venv"
    shutil.rmtree(venv, ignore_errors=True)
    run(
        "no virtual environment was made (Debian: apt install python3-venv)",
        *(sys.executable, "-m", "venv", venv),
    )
    (HOME / "requirements.txt").write_bytes(requirements)
    run(
        "what the tasks require was not installed",
        *(PYTHON, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"),
        *("--requirement", HOME / "requirements.txt"),
    )


def run(failure: str, *command: str | Path) -> None:
    """Run a command; of one that fails, show the end of what it says."""
    ended = subprocess.run(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    if ended.returncode:
        lines = ended.stdout.decode(errors="replace").splitlines()[-15:]
        raise ClusterError("\n".join([f"{failure}:", *lines]))
