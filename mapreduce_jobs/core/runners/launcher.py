"""Lock of a job's launcher, by which tasks see whether it lives.

The launcher holds it on a file in the job's temporary directory, and the kernel gives it back
however the launcher ends. Who gets the lock therefore knows that the launcher is gone: a task,
which then ends, and the next job, which then removes the directory.
"""

import contextlib
import fcntl
import os
import re
import shutil
import signal
import socket
import stat
import threading
import time

from hdfs_tools.copying.temporary import lock

__all__ = ["VARIABLE", "end_with_launcher", "hold", "lock_path", "remove", "remove_abandoned"]

VARIABLE = "MAPREDUCE_IMAGING_LAUNCHER"
"""The environment variable with the path of the lock, for tasks."""

_LOCK = "lock"
_DIRECTORY = re.compile(r".+\.\d{8}\.\d{6}\.\d{6}\.[0-9a-f]{8}", re.DOTALL)
_GRACE = 5.0  # seconds for a task to end when it is asked to


def lock_path(directory: str) -> str:
    """Return the path of the lock's file in a job's temporary directory."""
    return os.path.join(os.path.abspath(directory), _LOCK)


def hold(directory: str) -> int | None:
    """Take the lock of a new directory; return its file, which holds it until it is closed.

    None where the file system has no such locks; then nobody takes it for abandoned, either.
    """
    path = lock_path(directory)
    until_held = f"{path}.new"  # under its name, it is held
    opened = os.open(until_held, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        if lock(opened):
            os.write(opened, _content())
            os.rename(until_held, path)
            return opened
    except OSError:
        pass
    os.close(opened)
    os.unlink(until_held)
    return None


def remove_abandoned(base: str) -> None:
    """Remove the temporary directories of this user's jobs whose launcher is gone.

    Parameters
    ----------
    base : str
        The directory that they lie in.
    """
    with contextlib.suppress(OSError), os.scandir(base) as entries:
        for entry in entries:
            if _DIRECTORY.fullmatch(entry.name):
                with contextlib.suppress(OSError):  # it is just being removed
                    _remove_if_abandoned(entry)


def _remove_if_abandoned(entry: "os.DirEntry[str]") -> None:
    found = entry.stat(follow_symlinks=False)
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid():
        return
    opened = os.open(lock_path(entry.path), os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK)
    try:
        content = _content()
        if lock(opened) and os.read(opened, len(content) + 1) == content:
            remove(entry.path)
    finally:
        os.close(opened)


def remove(directory: str) -> None:
    """Remove a directory as far as possible, the lock last: what is left is still known as ours."""
    with contextlib.suppress(OSError), os.scandir(directory) as entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                shutil.rmtree(entry.path, ignore_errors=True)
            elif entry.name != _LOCK:
                with contextlib.suppress(OSError):
                    os.unlink(entry.path)
    with contextlib.suppress(OSError):
        if os.listdir(directory) == [_LOCK]:
            os.unlink(lock_path(directory))
        os.rmdir(directory)


def _content() -> bytes:
    """Return what the lock's file holds: whose it is, and of which system.

    Some network file systems lock for one machine only, so on another it proves nothing.
    """
    try:
        with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as file:
            system = file.read().strip()
    except OSError:
        system = socket.gethostname()
    return f"mapreduce-imaging {system}\n".encode("utf-8", "surrogateescape")


def end_with_launcher() -> None:
    """Have this process, a task's, end when the launcher is gone: nobody else might notice."""
    path = os.environ.get(VARIABLE)
    if path:
        watch = threading.Thread(target=_end_when_free, args=[path], daemon=True)
        with contextlib.suppress(RuntimeError):  # no more threads: it ends when its input does
            watch.start()


def _end_when_free(path: str) -> None:
    signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())  # they are the main thread's
    try:
        opened = os.open(path, os.O_RDONLY)
        fcntl.flock(
            opened, fcntl.LOCK_SH
        )  # waits; and holds the directory until this task has ended
    except OSError:
        return
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(_GRACE)
    os._exit(128 + signal.SIGTERM)
