"""A disk that is soon full: a real file system of some kilobytes."""

import contextlib
import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support import Ran, run

_MOUNT = ["mount", "-t", "tmpfs", "-o"]


@dataclass
class SmallDisk:
    """A file system of its own.

    Attributes
    ----------
    path : Path
        Where commands find it.
    seen : Path
        Where this process finds it.
    within : list of str
        What commands begin with, to find it.
    """

    path: Path
    seen: Path
    within: list[str]

    def run(self, *command: object, **kwargs: object) -> Ran:
        """Run a command that finds it."""
        return run(*self.within, *command, **kwargs)

    def fill(self, but: int = 0) -> None:
        """Write to it until there is no room, or only for so many bytes."""
        self.empty()
        with open(self.seen / "filler", "wb", buffering=0) as file:
            for size in (1 << 16, 1 << 12, 1):
                with contextlib.suppress(OSError):
                    while True:
                        file.write(bytes(size))
            file.truncate(file.tell() - but)

    def make_read_only(self) -> None:
        """Let nothing be written to it any more."""
        remount = ["mount", "-o", "remount,ro", str(self.path)]
        subprocess.run([*self.within, *remount], check=True)

    def empty(self) -> None:
        """Take away what has filled it."""
        (self.seen / "filler").unlink(missing_ok=True)


@contextlib.contextmanager
def small_disk(folder: Path, size: str) -> Iterator[SmallDisk]:
    """Make a file system of a size such as ``1m`` in a folder, for as long as it is needed."""
    folder.mkdir()
    mount = [*_MOUNT, f"size={size},mode=777", "tmpfs", str(folder)]
    if subprocess.run(mount, capture_output=True).returncode == 0:
        try:
            yield SmallDisk(folder, folder, [])
        finally:
            subprocess.run(["umount", "--lazy", str(folder)], check=True)
        return
    # Who is not root may mount in a name space of their own, which lasts as long as a process.
    holder = subprocess.Popen(
        ["unshare", "-rm", "sh", "-c", '"$@" && echo mounted && exec cat', "sh", *mount],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert holder.stdin is not None
    assert holder.stdout is not None
    try:
        if holder.stdout.readline() != "mounted\n":
            pytest.skip("this machine lets nobody but root mount a file system")
        number = str(holder.pid)
        within = ["nsenter", "-t", number, "-U", "-m", "--preserve-credentials"]
        seen = Path(f"/proc/{number}/root{os.path.abspath(folder)}")
        yield SmallDisk(folder, seen, [*within, f"--wd={os.getcwd()}"])
    finally:
        holder.stdin.close()
        holder.stdout.close()
        holder.wait()
