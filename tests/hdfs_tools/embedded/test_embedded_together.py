"""The embedded store under several threads and processes, and kills."""

import multiprocessing
import os
import random
import signal
import subprocess
import sys
import threading
import time
import warnings
from concurrent.futures import ThreadPoolExecutor

import pytest

from hdfs_tools.embedded import EmbeddedStore
from hdfs_tools.errors import Exists
from tests.contracts.support import names, tree
from tests.support import ROOT

# Writes files that tell their length, over and over; moves and deletes folders of them.
WORK = """
import itertools, sys
from hdfs_tools.embedded import EmbeddedStore
fs = EmbeddedStore(sys.argv[1])
print("ready", flush=True)
for number in itertools.count():
    folder = f"/desk/{sys.argv[2]}-{number % 3}"
    fs.mkdir(folder, 0o700)
    for length in (10, 100_000):
        pieces = [bytes([number % 256]) * (length // 10)] * 10
        fs.write(f"{folder}/{length}", lambda: pieces, overwrite=True, permission=0o600)
    fs.rename(folder, f"{folder}-moved-{number}")
    if number % 4:
        fs.delete(f"{folder}-moved-{number}", recursive=True)
"""


def worker(place, name):
    process = subprocess.Popen(
        [sys.executable, "-c", WORK, str(place), name], cwd=ROOT, stdout=subprocess.PIPE
    )
    assert process.stdout.readline() == b"ready\n"
    return process


def check(fs):
    """Check that all files are whole, and that of all the right things are known."""
    for entry in fs.walk("/desk", directories=True):
        if entry.is_directory:
            assert entry.permission == 0o700, entry
        else:
            data = fs.read(entry.path)
            assert len(data) == int(entry.name)
            assert data == data[:1] * len(data)
            assert entry.permission == 0o600, entry


@pytest.fixture
def place(tmp_path):
    EmbeddedStore(str(tmp_path / "store")).mkdir("/desk", 0o755)
    return tmp_path / "store"


def test_kills_leave_nothing_half(place):
    for seed in range(12):
        process = worker(place, "a")
        time.sleep(random.Random(seed).uniform(0.0, 0.25))
        process.send_signal(signal.SIGKILL)
        process.communicate()
        fs = EmbeddedStore(str(place))
        check(fs)
        assert os.listdir(place / ".hdfs-tools" / "staged") == []
        assert os.listdir(place / ".hdfs-tools" / "deleted") == []
    assert names(fs, "/desk")


def test_kills_beside_others(place):
    staying = worker(place, "staying")
    for seed in range(6):
        process = worker(place, "killed")
        time.sleep(random.Random(seed).uniform(0.0, 0.2))
        process.send_signal(signal.SIGKILL)
        process.communicate()
    assert staying.poll() is None
    staying.send_signal(signal.SIGKILL)
    staying.communicate()
    check(EmbeddedStore(str(place)))


def test_only_one_of_several_threads_writes_a_file(place):
    fs = EmbeddedStore(str(place))

    def write(number):
        try:
            fs.write("/desk/a", lambda: [str(number).encode()])
        except Exists:
            return None
        return str(number).encode()

    with ThreadPoolExecutor(8) as pool:
        written = [data for data in pool.map(write, range(40)) if data is not None]
    assert written == [fs.read("/desk/a")]


def _write_all(place, name):
    fs = EmbeddedStore(str(place), "alice")
    won = 0
    for number in range(30):
        try:
            fs.write(f"/desk/shared/{number}", name.encode())
            won += 1
        except Exists:
            continue
    return won


def test_only_one_of_several_processes_writes_a_file(place):
    EmbeddedStore(str(place)).mkdir("/desk/shared", 0o777)
    with multiprocessing.get_context("spawn").Pool(3) as pool:
        won = pool.starmap(_write_all, [(place, name) for name in "abc"])
    assert sum(won) == 30
    fs = EmbeddedStore(str(place))
    assert {entry.owner for entry in fs.list("/desk/shared")} == {"alice"}
    assert len(tree(fs, "/desk/shared")) == 30


def test_a_fork_goes_on(place):
    fs = EmbeddedStore(str(place))
    fs.write("/desk/a", b"1")
    child = os.fork()
    if not child:
        try:
            fs.write("/desk/b", fs.read("/desk/a"))
        finally:
            os._exit(0)
    os.waitpid(child, 0)
    assert tree(fs, "/desk") == {"a": b"1", "b": b"1"}


def test_forks_beside_threads_hold_nobody_up(place):
    fs = EmbeddedStore(str(place))
    done = threading.Event()

    def write():
        while not done.is_set():
            fs.write("/desk/a", b"1", overwrite=True)

    with ThreadPoolExecutor(2) as pool, warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # forks beside threads, from 3.12 on
        writers = [pool.submit(write) for _ in range(2)]
        children = []
        for number in range(10):
            child = os.fork()
            if not child:
                try:
                    fs.write(f"/desk/child-{number}", b"1")
                    time.sleep(60)  # with all files open that its parent had
                finally:
                    os._exit(0)
            children.append(child)
            time.sleep(0.02)
        try:
            until = time.monotonic() + 20
            while len(names(fs, "/desk")) < 11 and time.monotonic() < until:
                time.sleep(0.02)
            assert len(names(fs, "/desk")) == 11
        finally:
            for child in children:
                os.kill(child, signal.SIGKILL)
                os.waitpid(child, 0)
            done.set()
        assert [writer.result() for writer in writers] == [None, None]


def test_readers_let_a_writer_through(place):
    fs = EmbeddedStore(str(place))
    fs.write("/desk/a", b"1")
    until = time.monotonic() + 1.5

    def read():
        while time.monotonic() < until:
            fs.stat("/desk/a")

    with ThreadPoolExecutor(6) as pool:
        for _ in range(6):
            pool.submit(read)
        written = 0
        while time.monotonic() < until:
            fs.write("/desk/b", b"2", overwrite=True)
            written += 1
    assert written >= 5
