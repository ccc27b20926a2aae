"""Copies to and from real HDFS, and what goes wrong on the way."""

import hashlib
import logging
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from contextlib import ExitStack, contextmanager
from urllib.parse import urlsplit

import pytest

from hdfs_tools import connect
from hdfs_tools.copying.checksum import FileChecksum
from hdfs_tools.copying.temporary import REMOTE_LEASE, is_temporary
from hdfs_tools.errors import Corrupt, QuotaExceeded, TransferFailed, Unreachable
from hdfs_tools.webhdfs import uploads
from tests.proxy import Fault, Proxy, sometimes
from tests.support import ROOT

SIZES = [0, 1, 511, 512, 513, 5_000, 70_000, 200_000]


def make_tree(folder, files=40, large=0, sizes=SIZES):
    """Write files of many sizes; return path and bytes of each."""
    rng = random.Random(1)
    contents = {}
    for number in range(files):
        name = f"{number % 3}/folder {number % 5}/{number}.png"
        contents[name] = rng.randbytes(rng.choice(sizes))
    if large:
        contents["large.bin"] = rng.randbytes(large)
    for name, data in contents.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    return contents


def read_tree(folder):
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def stored_tree(fs, folder):
    return {entry.path.removeprefix(f"{folder}/"): fs.read(entry.path) for entry in fs.walk(folder)}


@pytest.fixture
def there(hdfs, request):
    """A path on HDFS that no other test uses."""
    name = re.sub(r"\W", "_", request.node.name)
    path = f"/transfer/{name}"
    hdfs.delete(path, recursive=True)
    return path


@contextmanager
def through_proxies(running, plan, patience=60, namenode=False):
    """A client whose connections to DataNodes (and the NameNode) go through proxies."""
    ports = running.description["ports"]
    with ExitStack() as stack:
        proxies = []
        datanodes = {}
        for name in ("datanode-1", "datanode-2"):
            port = ports[name]["DATANODE_HTTP_PORT"]
            proxy = stack.enter_context(Proxy(port, plan))
            proxies.append(proxy)
            datanodes[f"localhost:{port}"] = f"localhost:{proxy.port}"
        url = running.description["hdfs_url"]
        if namenode:
            proxy = stack.enter_context(Proxy(urlsplit(url).port, plan))
            proxies.append(proxy)
            url = f"http://localhost:{proxy.port}"
        yield connect(url, patience=patience, datanodes=datanodes), proxies


class TestTrees:
    def test_go_there_and_come_back(self, hdfs, there, tmp_path):
        contents = make_tree(tmp_path / "scans")
        (tmp_path / "scans/empty folder").mkdir()
        sent = hdfs.copy_from_local(tmp_path / "scans", there)
        assert (sent.files, sent.bytes) == (40, sum(map(len, contents.values())))
        assert stored_tree(hdfs, there) == contents
        got = hdfs.copy_to_local(there, tmp_path / "copy")
        assert got.files == 40
        assert read_tree(tmp_path / "copy") == contents
        assert (tmp_path / "copy/empty folder").is_dir()
        assert hdfs.delete(there, recursive=True)

    def test_of_which_only_what_differs_is_sent_again(self, hdfs, there, tmp_path):
        contents = make_tree(tmp_path / "scans")
        hdfs.copy_from_local(tmp_path / "scans", there)
        changed = next(name for name, data in contents.items() if len(data) == 5_000)
        (tmp_path / "scans" / changed).write_bytes(b"x" * 5_000)  # of the same length
        again = hdfs.copy_from_local(tmp_path / "scans", there, sync=True)
        assert (again.files, again.unchanged) == (1, 39)
        back = hdfs.copy_to_local(there, tmp_path / "scans", sync=True)
        assert (back.files, back.unchanged) == (0, 40)

    def test_with_blocks_of_several_sizes(self, hdfs, there, tmp_path):
        data = random.Random(2).randbytes(3_500_000)
        hdfs.write(f"{there}/file", data, block_size=1 << 20)
        hdfs.copy_to_local(f"{there}/file", tmp_path / "file")
        assert (tmp_path / "file").read_bytes() == data
        assert hdfs.copy_from_local(tmp_path / "file", f"{there}/file", sync=True).unchanged == 1


class TestChecksums:
    def test_are_those_that_hadoop_prints(self, hdfs, running, there):
        block = 1 << 20
        files = {}
        for size in (0, 1, 511, 512, 513, block, block + 1, 3 * block + 7):
            data = random.Random(size).randbytes(size)
            computed = FileChecksum(block)
            computed.update(data)
            files[f"{there}/{size}"] = computed.result()
            hdfs.write(f"{there}/{size}", data, block_size=block)
        printed = running.hadoop("fs", "-checksum", *files).stdout.decode().splitlines()
        for (path, computed), line in zip(files.items(), printed, strict=True):
            assert line.split() == [path, computed.algorithm, computed.digest]
            assert hdfs.checksum(path) == computed


class TestBadConnections:
    def test_that_are_cut_at_any_byte(self, running, hdfs, there, tmp_path):
        contents = make_tree(tmp_path / "scans", large=5_000_000)

        def cut(rng):
            return Fault("cut", rng.random() < 0.5, rng.choice([0, rng.randrange(300_000)]))

        with through_proxies(running, sometimes(3, 0.3, cut), namenode=True) as (fs, proxies):
            fs.copy_from_local(tmp_path / "scans", there)
            fs.copy_to_local(there, tmp_path / "copy")
        assert sum(proxy.faults for proxy in proxies) > 10
        assert stored_tree(hdfs, there) == contents
        assert read_tree(tmp_path / "copy") == contents

    def test_on_which_a_bit_flips_now_and_then(self, running, hdfs, there, tmp_path):
        contents = make_tree(tmp_path / "scans", files=30, sizes=[70_000])

        def flip(rng):  # in the bytes of the file, behind the head of the request
            return Fault("flip", rng.random() < 0.5, rng.randrange(1000, 60_000))

        # One thread, so that each time it is the same connections, and never three in a row.
        with through_proxies(running, sometimes(4, 0.3, flip)) as (fs, proxies):
            fs.copy_from_local(tmp_path / "scans", there, threads=1)
            fs.copy_to_local(there, tmp_path / "copy", threads=1)
        assert sum(proxy.faults for proxy in proxies) > 3
        assert stored_tree(hdfs, there) == contents
        assert read_tree(tmp_path / "copy") == contents

    @pytest.mark.parametrize("upwards", [True, False])
    def test_on_which_a_bit_flips_always(self, running, hdfs, there, tmp_path, upwards):
        (tmp_path / "file").write_bytes(bytes(100_000))
        hdfs.write(f"{there}/stored", bytes(100_000))
        with through_proxies(running, lambda: Fault("flip", upwards, 50_000)) as (fs, _):
            ways = {
                True: lambda: fs.copy_from_local(tmp_path / "file", f"{there}/sent"),
                False: lambda: fs.copy_to_local(f"{there}/stored", tmp_path / "got"),
            }
            with pytest.raises(TransferFailed, match="checksum") as failure:
                ways[upwards]()
            assert isinstance(failure.value.failures[0][1], Corrupt)
        assert [entry.name for entry in hdfs.list(there)] == ["stored"]
        assert os.listdir(tmp_path) == ["file"]


def damage(running, hdfs, path, replicas):
    """Flip a bit in the middle of a file's first block, on some DataNodes."""
    located = hdfs.get("GET_BLOCK_LOCATIONS", path)["LocatedBlocks"]["locatedBlocks"][0]["block"]
    found = [*running.folder.rglob(f"blk_{located['blockId']}")]
    assert len(found) == 2
    for block in found[:replicas]:
        data = bytearray(block.read_bytes())
        data[len(data) // 2] ^= 4
        block.write_bytes(data)


class TestDamagedBlocks:
    def test_of_one_replica_are_read_from_the_other(self, running, hdfs, there):
        data = random.Random(6).randbytes(300_000)
        hdfs.write(f"{there}/file", data)
        damage(running, hdfs, f"{there}/file", replicas=1)
        assert all(hdfs.read(f"{there}/file") == data for _ in range(4))
        assert b"".join(hdfs.chunks(f"{there}/file", 1000)) == data[1000:]

    def test_of_all_replicas_are_named_and_the_others_arrive(
        self, running, hdfs, there, tmp_path, command
    ):
        contents = make_tree(tmp_path / "scans", files=10, sizes=[100_000, 300_000])
        hdfs.copy_from_local(tmp_path / "scans", there)
        bad = next(iter(contents))
        damage(running, hdfs, f"{there}/{bad}", replicas=2)
        words = ("-m", "hdfs_tools", "--url", hdfs.url, "--patience", 600, "get")
        got = command(sys.executable, *words, there, tmp_path / "copy")
        assert (got.status, "Traceback" in got.stderr) == (1, False)
        assert f"{there}/{bad}: no replica of the block at byte " in got.stderr
        contents.pop(bad)
        assert read_tree(tmp_path / "copy") == contents

    def test_of_all_replicas_are_an_error_of_a_file_read_whole(self, running, there):
        fs = connect(running.description["hdfs_url"], patience=600)
        fs.write(f"{there}/file", bytes(70_000))
        damage(running, fs, f"{there}/file", replicas=2)
        with pytest.raises(Corrupt, match="the block at byte 0 can be read"):
            fs.read(f"{there}/file")


class TestNodes:
    def test_a_datanode_is_killed_on_the_way(self, running, hdfs, there, tmp_path):
        contents = make_tree(tmp_path / "scans", files=150, large=20_000_000)
        killing = threading.Timer(0.5, lambda: os.kill(running.pid("datanode-2"), signal.SIGKILL))
        killing.start()
        try:
            hdfs.copy_from_local(tmp_path / "scans", there)
            killing.join()
            hdfs.copy_to_local(there, tmp_path / "copy")
        finally:
            running.up()
        assert read_tree(tmp_path / "copy") == contents

    def test_the_namenode_is_restarted_on_the_way(self, running, hdfs, there, tmp_path, caplog):
        contents = make_tree(tmp_path / "scans", files=150)

        def restart():
            os.kill(running.pid("namenode"), signal.SIGKILL)
            running.up()

        restarting = threading.Timer(0.5, restart)
        restarting.start()
        fs = connect(hdfs.url, patience=120)
        fs.waits_in_safe_mode = True
        try:
            fs.copy_from_local(tmp_path / "scans", there)
        finally:
            restarting.join()
            running.up()
        assert stored_tree(hdfs, there) == contents

    def test_safe_mode_is_waited_for_with_a_message(self, running, hdfs, there, tmp_path, caplog):
        contents = make_tree(tmp_path / "scans", files=5)
        assert running.hadoop("dfsadmin", "-safemode", "enter").status == 0
        leaving = threading.Thread(target=lambda: running.hadoop("dfsadmin", "-safemode", "leave"))
        leaving.start()
        fs = connect(hdfs.url)
        fs.waits_in_safe_mode = True
        with caplog.at_level(logging.WARNING):
            fs.copy_from_local(tmp_path / "scans", there)
        leaving.join()
        assert "safe mode" in caplog.text
        assert "trying again for" in caplog.text
        assert stored_tree(hdfs, there) == contents

    def test_none_answers(self, tmp_path):
        (tmp_path / "file").write_bytes(b"x")
        with pytest.raises(Unreachable, match="no answer"):
            connect("http://localhost:1", patience=0.5).copy_from_local(tmp_path / "file", "/x")


def test_a_quota_that_is_too_small(hdfs, there, tmp_path):
    contents = make_tree(tmp_path / "scans", files=10)
    hdfs.mkdir(there)
    hdfs.set_quota(there, None, 0)
    with pytest.raises(TransferFailed) as failure:
        hdfs.copy_from_local(tmp_path / "scans", f"{there}/scans")
    failed = failure.value.failures
    assert all(isinstance(error, QuotaExceeded) for _, error in failed)
    assert all(path.startswith(f"{there}/scans/") for path, _ in failed)
    whole = stored_tree(hdfs, there)
    assert all(data == b"" for data in whole.values())  # takes no space
    assert len(failed) + len(whole) == len(contents)
    hdfs.set_quota(there, None, None)
    assert hdfs.copy_from_local(tmp_path / "scans", f"{there}/scans", sync=True).files == len(
        failed
    )


def test_a_temporary_file_is_renewed_while_it_is_written(hdfs, there, monkeypatch):
    monkeypatch.setattr(uploads, "RENEWAL", 0)
    assert abs(hdfs.now() - time.time()) < 5  # of one machine
    times = []

    def pieces():
        for _ in range(3):
            yield b"x" * 100_000
            while not (found := [*hdfs.list(there)]):
                time.sleep(0.01)  # the DataNode makes it while bytes arrive
            (temporary,) = found
            assert is_temporary(temporary.name)
            times.append(temporary.modified)
            hdfs.set_times(temporary.path, 1e9)  # long ago

    hdfs.mkdir(there)
    hdfs.write(f"{there}/slow", pieces)
    assert min(times) > 1.5e9
    assert hdfs.stat(f"{there}/slow").size == 300_000


def test_a_quota_in_which_files_fit_one_at_a_time(hdfs, there, tmp_path):
    contents = make_tree(tmp_path / "scans", files=40)
    hdfs.mkdir(there)
    hdfs.set_quota(there, None, 3 * hdfs.block_size)  # of which each file takes two, to be written
    sent = hdfs.copy_from_local(tmp_path / "scans", f"{there}/scans")
    assert sent.files == 40
    assert stored_tree(hdfs, f"{there}/scans") == contents
    hdfs.set_quota(there, None, None)


class TestKilledClients:
    """A client that is killed at any moment leaves nothing half, and the next one goes on."""

    KILLS = 50
    COPY = "import sys; from hdfs_tools import connect; fs = connect(sys.argv[1]);"
    UP = COPY + "fs.copy_from_local(sys.argv[2], sys.argv[3], sync=True)"
    DOWN = COPY + "fs.copy_to_local(sys.argv[3], sys.argv[2], sync=True)"

    @pytest.mark.parametrize("code", [UP, DOWN], ids=["upload", "download"])
    def test(self, running, hdfs, there, tmp_path, code):
        contents = make_tree(tmp_path / "scans", files=60, large=8_000_000)
        digests = {name: hashlib.md5(data).digest() for name, data in contents.items()}
        upload = code is self.UP
        local = tmp_path / ("scans" if upload else "copy")
        if not upload:
            hdfs.copy_from_local(tmp_path / "scans", there)
        command = [sys.executable, "-c", code, hdfs.url, str(local), there]
        rng = random.Random(5)

        def visible():
            if upload:
                return stored_tree(hdfs, there) if hdfs.exists(there) else {}
            return read_tree(local) if local.exists() else {}

        done = 0
        for number in range(self.KILLS):
            process = subprocess.Popen(command, cwd=ROOT)
            time.sleep(0.2 + rng.random() * 0.8)
            process.kill()
            process.wait()
            if number % 10 == 9:
                self.check(visible(), digests)
            if process.returncode == 0:  # it was done, so the next one begins anew
                done += 1
                if upload:
                    hdfs.delete(there, recursive=True)
                else:
                    shutil.rmtree(local)
        subprocess.run(command, cwd=ROOT, check=True)
        self.check(visible(), digests)
        if upload:  # a day goes by
            for found in hdfs.walk(there):
                if is_temporary(found.name):
                    hdfs.set_times(found.path, hdfs.now() - REMOTE_LEASE - 1)
        else:
            for path in local.rglob("*._COPYING_"):
                os.utime(path, (1e9, 1e9))
        subprocess.run(command, cwd=ROOT, check=True)
        last = visible()
        self.check(last, digests)
        assert {name for name in last if "_COPYING_" not in name} == set(contents)
        assert not any("_COPYING_" in name for name in last)
        assert done < self.KILLS  # some were killed on the way

    @staticmethod
    def check(visible, digests):
        for name, data in visible.items():
            if "_COPYING_" not in name:
                assert hashlib.md5(data).digest() == digests[name]
