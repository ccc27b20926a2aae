"""Disks that have no room, in three ways, each the system's own or as near to it as can be.

- a small tmpfs, where one may be mounted;
- a limit of the size of files (RLIMIT_FSIZE);
- writes that are cut short at random, and fail when so many bytes are written (cut_writes.c).
"""

import contextlib
import os
import resource
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from tests.small_disk import small_disk


@dataclass(frozen=True)
class Disk:
    """What a process needs to meet a fault."""

    environment: dict[str, str] = field(default_factory=dict)
    before: Callable[[], None] | None = None


@cache
def kinds() -> tuple[str, ...]:
    """Return the kinds of disks that can be had here."""
    found = ["limit"]
    if shutil.which("gcc"):
        found.append("cut")
    with tempfile.TemporaryDirectory() as folder:
        mounted = subprocess.run(["mount", "-t", "tmpfs", "x", folder], capture_output=True)
        if mounted.returncode == 0:
            subprocess.run(["umount", folder], check=True)
            found.append("tmpfs")
    return tuple(found)


@cache
def cut_writes() -> str:
    """Compile the library of short writes; return its path."""
    path = os.path.join(tempfile.mkdtemp(prefix="cut-writes-"), "cut.so")
    source = Path(__file__).parent / "cut_writes.c"
    command = ["gcc", "-shared", "-fPIC", "-O1", "-Wall", "-Werror", "-o", path, source, "-ldl"]
    subprocess.run(command, check=True)
    return path


@contextlib.contextmanager
def disk(kind: str, folder: Path, size: int, seed: int) -> Iterator[Disk]:
    """Make a folder with room for about `size` bytes, for the time of the block."""
    if kind == "tmpfs":
        pages = max(2, -(-size // 4096) + 2)  # two of them for folders
        with small_disk(folder, f"{pages * 4}k"):
            yield Disk()
        return
    folder.mkdir()
    if kind == "cut":
        yield Disk(
            {
                "LD_PRELOAD": cut_writes(),
                "CUT_DIRECTORY": str(folder),
                "CUT_BYTES": str(size),
                "CUT_SEED": str(seed),
            }
        )
    else:
        limit = max(1, size)
        yield Disk(before=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)))
