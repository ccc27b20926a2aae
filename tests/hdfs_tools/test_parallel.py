"""Work in several threads, where there is too little room, memory, or threads."""

import errno
import sys
import threading

import pytest

from hdfs_tools.parallel import Pool, for_each

NO_THREADS = "ulimit -s 1000000; ulimit -v 900000"  # kilobytes: a thread's stack is larger than all
TWO_THREADS = "ulimit -s 1000000; ulimit -v 2800000"


class TestRoom:
    def test_that_others_took_is_there_when_they_are_done(self):
        lock, done, failed = threading.Lock(), [], []
        both = threading.Barrier(2)

        def work(item):
            if not lock.acquire(blocking=False):
                both.wait(10)
                raise OSError(errno.EDQUOT, "no room")
            try:
                if not done and not failed:
                    both.wait(10)  # until another has found no room
                done.append(item)
            finally:
                lock.release()

        for_each(2, work, range(2), failed=lambda *failure: failed.append(failure))
        assert (sorted(done), failed) == ([0, 1], [])

    def test_that_is_not_there_is_looked_for_from_the_smallest_on(self):
        tried, failed = [], []

        def work(item):
            tried.append(item)
            raise OSError(errno.ENOSPC, "no room")

        items = [*range(50, 0, -1)]
        for_each(4, work, items, failed=lambda item, _: failed.append(item), size=lambda item: item)
        assert failed == sorted(items)
        assert sorted(tried[:50]) == sorted(items)
        assert tried[50:] == [*range(1, 21)]  # and larger ones would be tried in vain

    def test_is_no_matter_of_other_errors(self):
        tried, failed = [], []

        def work(item):
            tried.append(item)
            raise ValueError(item)

        for_each(2, work, range(3), failed=lambda item, _: failed.append(item))
        assert sorted(tried) == sorted(failed) == [0, 1, 2]


CODE = """
import threading
from hdfs_tools.parallel import Pool, can_start_thread, for_each
done, threads = [], set()
def work(item):
    threads.add(threading.get_ident())
    done.append(item)
    return item
for_each(32, work, range(1000))
with Pool(8) as pool:
    results = [future.result() for future in [pool.submit(work, item) for item in range(1000)]]
assert results == [*range(1000)]
assert sorted(done) == sorted([*range(1000), *range(1000)])
print(can_start_thread(), threads == {threading.get_ident()})
"""


class TestTooFewThreads:
    @pytest.mark.parametrize(("limit", "told"), [(NO_THREADS, b"False True"), (TWO_THREADS, b"")])
    def test_everything_is_done_once(self, command, limit, told):
        ran = command("bash", "-c", f'{limit}; exec "$@"', "-", sys.executable, "-c", CODE)
        assert (ran.status, ran.stderr) == (0, "")
        assert told in ran.stdout

    @pytest.mark.parametrize("limit", [NO_THREADS, TWO_THREADS])
    def test_files_are_copied_and_packed(self, command, environment, store, tmp_path, tree, limit):
        files = {f"{number}.png": b"%d" % number for number in range(100)}
        tree(tmp_path / "scans", files)

        def tools(*words):
            limited = ("bash", "-c", f'{limit}; exec "$@"', "-", sys.executable, "-m", "hdfs_tools")
            ran = command(*limited, *words, cwd=tmp_path, env=environment)
            assert ran.status == 0, ran.stderr

        tools("put", "scans", "/scans")
        tools("get", "/scans", "copy")
        tools("pack", "copy", "scans.bundle")
        tools("unpack", "scans.bundle", "unpacked")
        for folder in ("copy", "unpacked"):
            there = {path.name: path.read_bytes() for path in (tmp_path / folder).iterdir()}
            assert there == files


TOO_LITTLE = """
import resource, sys
from hdfs_tools.cli import main
assert main(["pack", "small.png", "small.bundle"]) == 0  # what is needed has been imported
pages = int(open("/proc/self/statm").read().split()[0])
limit = pages * resource.getpagesize() + (4 << 20)
resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
sys.exit(main(["pack", "small.png", "large.png", "large.bundle"]))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="/proc tells how much memory is used")
def test_too_little_memory_is_a_sentence(command, tmp_path):
    (tmp_path / "small.png").write_bytes(b"small")
    (tmp_path / "large.png").write_bytes(bytes(15_000_000))
    ran = command(sys.executable, "-c", TOO_LITTLE, cwd=tmp_path)
    assert ran.status == 1
    assert "there is not enough memory (see ulimit -v)\n" in ran.stderr
    assert "Traceback" not in ran.stderr
    assert not [path for path in tmp_path.iterdir() if "large.bundle" in path.name]


def test_an_interrupt_in_the_callers_thread_ends_all(monkeypatch):
    done = []

    def refuse(_):
        raise RuntimeError("can't start new thread")

    def work(item):
        done.append(item)
        if item == 2:
            raise KeyboardInterrupt

    monkeypatch.setattr(threading.Thread, "start", refuse)
    with pytest.raises(KeyboardInterrupt):
        for_each(4, work, range(9), failed=lambda *_: None)
    assert (done, Pool(1).submit(len, "abc").result()) == ([0, 1, 2], 3)
