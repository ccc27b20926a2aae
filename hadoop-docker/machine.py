"""Ports and processes of this machine, which is a Linux one."""

import contextlib
import os
import random
import socket
from pathlib import Path


def free_port(held: contextlib.ExitStack) -> int:
    """Return a free port below those that the system gives to clients, and hold it."""
    while True:
        port = random.randint(20000, 32000)  # noqa: S311
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))  # fails if another cluster holds it, too
            probe.close()
            if held_port(held, port):
                return port


def held_port(held: contextlib.ExitStack, port: int) -> bool:
    """Hold a port unless somebody listens on it: a Java server still can, nobody chooses it."""
    holder = held.enter_context(socket.socket())
    holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        holder.bind(("127.0.0.1", port))
    except OSError:
        return False
    return True


def processes() -> list[int]:
    """Return the ids of this user's processes."""
    return [
        int(path.name)
        for path in Path("/proc").iterdir()
        if path.name.isdecimal() and int(path.name) != os.getpid()
    ]


def working_directory(pid: int) -> str:
    """Return the working directory of a process; an empty string if that cannot be known."""
    try:
        return os.readlink(f"/proc/{pid}/cwd")
    except OSError:
        return ""


def start_time(pid: int) -> str | None:
    """Return when a process was started, since process ids are used again; None if it has ended."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return None if fields[0] in "ZX" else fields[19]
