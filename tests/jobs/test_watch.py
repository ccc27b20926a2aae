"""watch: a job is run on what is new in a folder, and its result is that of a run over all."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time

import pytest

from tests.small_disk import small_disk
from tests.support import ROOT, png, results, run, scan, write_tree

SUMMED = ["edge_density", "--group-by", "folder"]
KEPT = ["batch-000001", "batch-000002", "job.json", "result.txt"]
# Run a watcher that is killed before it does something to its state for the n-th time.
KILLED = """
import os, runpy, signal, sys
number, state, *sys.argv[1:] = sys.argv[1:]
left = int(number)
def look(event, arguments):
    global left
    changes = event in ("os.mkdir", "os.chmod", "os.rename", "os.symlink", "os.remove")
    changes |= event == "open" and arguments[1] is not None and "r" not in arguments[1]
    if changes and state in str(arguments[0]) + str(arguments[1]):
        left -= 1
        if not left:
            os.kill(os.getpid(), signal.SIGKILL)
sys.addaudithook(look)
runpy.run_module("mapreduce_jobs.watch", run_name="__main__")
"""


@pytest.fixture
def folder(tmp_path):
    return write_tree(tmp_path / "scans", {f"a/{n}.png": png(scan(n)) for n in range(3)})


@pytest.fixture
def state(tmp_path):
    return tmp_path / "state"


def words(*arguments):
    return [sys.executable, "-m", "mapreduce_jobs.watch", *map(str, arguments)]


def watch(*arguments, **kwargs):
    return run(*words("--once", "--settle", "0", *arguments), cwd=ROOT, **kwargs)


def job(name, *arguments):
    return run(sys.executable, "-m", f"mapreduce_jobs.{name}", *arguments, cwd=ROOT)


def result(state):
    return sorted((state / "result.txt").read_bytes().splitlines())


class TestWhatIsNew:
    def test_batches_give_the_result_of_one_run(self, folder, state):
        ran = watch(folder, state, *SUMMED)
        assert (ran.status, ran.stdout) == (0, b"")
        assert "3 new" in ran.stderr
        assert result(state) == job(*SUMMED, "--keep-sums", folder).lines
        write_tree(folder, {"a/tab\there.png": png(scan(7)), "胸部/4.png": png(scan(8))})
        (folder / "b.png").write_bytes(b"no image")
        ran = watch(folder, state, *SUMMED)
        assert ran.status == 1  # an image failed, and is in the result
        assert "3 new" in ran.stderr
        assert "1 of 3 images failed" in ran.stderr
        assert result(state) == job(*SUMMED, "--keep-sums", folder).lines

    def test_nothing_new(self, folder, state):
        watch(folder, state, *SUMMED)
        before = sorted(state.iterdir())
        ran = watch(folder, state, *SUMMED)
        assert (ran.status, ran.stderr) == (0, "")
        assert sorted(state.iterdir()) == before

    def test_only_the_newest_of_merged_results_is_kept(self, folder, state):
        for number in range(3):
            write_tree(folder, {f"more/{number}.png": png(scan(number))})
            watch(folder, state, *SUMMED)
        kept = [path.parent.name for path in state.glob("batch-*/result.txt")]
        assert kept == ["batch-000003"]
        assert len(list(state.glob("batch-*/files.tsv"))) == 3
        for record in state.glob("batch-*/run.json"):
            assert json.loads(record.read_text())["provenance"]["job"] == "edge_density"

    def test_results_of_images_by_themselves_stand_in_their_batches(self, folder, state):
        watch(folder, state, "edge_density")
        write_tree(folder, {"b/9.png": png(scan(9))})
        watch(folder, state, "edge_density")
        assert not (state / "result.txt").exists()
        lines = [
            line
            for path in state.glob("batch-*/result.txt")
            for line in path.read_bytes().splitlines()
        ]
        assert sorted(lines) == job("edge_density", folder).lines

    def test_bundles_and_texts(self, folder, state, tmp_path):
        packed = run(sys.executable, "-m", "hdfs_tools", "pack", folder, tmp_path / "p.bundle")
        assert packed.status == 0, packed.stderr
        (tmp_path / "in").mkdir()
        (tmp_path / "p.bundle").rename(tmp_path / "in/p.bundle")
        write_tree(tmp_path / "in", {"x.png": png(scan(5))})
        watch(tmp_path / "in", state, *SUMMED)
        assert result(state) == job(*SUMMED, "--keep-sums", tmp_path / "in").lines
        texts = write_tree(tmp_path / "texts", {"1.txt": b"to be or\n"})
        watch(texts, tmp_path / "words", "word_count")
        write_tree(texts, {"2.txt": b"not to be\n"})
        watch(texts, tmp_path / "words", "word_count")
        assert result(tmp_path / "words") == job("word_count", texts).lines

    def test_a_folder_of_a_store(self, folder, state, tmp_path):
        env = {"HDFS_URL": f"file://{tmp_path}/store"}
        put = run(sys.executable, "-m", "hdfs_tools", "put", folder, "/scans", env=env, cwd=ROOT)
        assert put.status == 0, put.stderr
        ran = watch("hdfs:///scans", state, *SUMMED, env=env)
        assert ran.status == 0, ran.stderr
        assert result(state) == job(*SUMMED, "--keep-sums", folder).lines

    def test_what_still_changes_waits(self, folder, state):
        ran = run(*words("--once", "--settle", "3600", folder, state, *SUMMED), cwd=ROOT)
        assert (ran.status, ran.stderr) == (0, "")
        old = time.time() - 7200
        os.utime(folder / "a/0.png", (old, old))
        ran = run(*words("--once", "--settle", "3600", folder, state, *SUMMED), cwd=ROOT)
        assert "1 new" in ran.stderr

    def test_what_has_changed_since_is_named(self, folder, state):
        watch(folder, state, *SUMMED)
        before = result(state)
        (folder / "a/1.png").write_bytes(png(scan(50)) + b"more")
        ran = watch(folder, state, *SUMMED)
        assert ran.status == 1
        assert "a/1.png: has changed since it was taken" in ran.stderr
        assert result(state) == before

    def test_what_may_not_be_whole_is_left_alone(self, state, tmp_path):
        names = ["1.png._COPYING_", ".1.png.x7Rq2a", "1.PNG.part", "1.png.partial", "1.png.tmp"]
        names += ["1.png.filepart", "1.png.crdownload", ".rsync/1.png", "_temporary/0/1.png"]
        files = {f"a/{name}": b"half of it" for name in names}
        folder = write_tree(tmp_path / "scans", {"a/1.png": png(scan(1)), **files})
        store = {"HDFS_URL": f"file://{tmp_path}/store"}
        shutil.copytree(folder, tmp_path / "store/scans")
        for watched, env in ((folder, {}), ("hdfs:///scans", store)):
            ran = watch(watched, state, *SUMMED, env=env)
            assert (ran.status, "1 new" in ran.stderr) == (0, True), ran.stderr
            shutil.rmtree(state)

    def test_what_changed_in_the_future_is_named_once(self, folder, state):
        then = time.time() + 36_000
        os.utime(folder / "a/2.png", (then, then))
        ran = watch(folder, state, *SUMMED)
        assert ran.status == 1
        assert "2 new" in ran.stderr
        assert "a/2.png: its time of change, " in ran.stderr
        assert "lies in the future" in ran.stderr
        command = words("--every", "0.1", "--settle", "0", folder, state, *SUMMED)
        watcher = subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True)
        try:
            assert "a/2.png: its time of change" in watcher.stderr.readline()
            write_tree(folder, {"b/new.png": png(scan(9))})
            assert "1 new" in watcher.stderr.readline()
        finally:
            watcher.terminate()
            watcher.communicate(timeout=60)


class TestDamage:
    @pytest.mark.parametrize(
        ("content", "how"), [(b"", "0 lines, not 1"), (None, "no lines, not 1"), (b"x\n", "other")]
    )
    def test_a_result_that_is_not_the_one_written_is_not_merged(self, folder, state, content, how):
        watch(folder, state, *SUMMED)
        damaged = state / "batch-000001/result.txt"
        damaged.unlink() if content is None else damaged.write_bytes(content)
        write_tree(folder, {"a/9.png": png(scan(9))})
        before = sorted(state.rglob("*"))
        ran = watch(folder, state, *SUMMED)
        assert ran.status == 2
        assert f"watch: {damaged}: is not the result that was written, it holds {how}" in ran.stderr
        assert sorted(state.rglob("*")) == before

    def test_a_result_may_be_empty(self, state, tmp_path):
        texts = write_tree(tmp_path / "texts", {"1.txt": b"\n"})
        assert watch(texts, state, "word_count").status == 0
        assert result(state) == []
        write_tree(texts, {"2.txt": b"to be\n"})
        assert watch(texts, state, "word_count").status == 0
        assert result(state) == job("word_count", texts).lines

    def test_a_list_of_what_was_taken_that_is_cut_short(self, folder, state):
        watch(folder, state, *SUMMED)
        taken = state / "batch-000001/files.tsv"
        for length in (0, 9, taken.stat().st_size - 1):
            os.truncate(taken, length)
            ran = watch(folder, state, *SUMMED)
            assert (ran.status, "is not what a watcher wrote" in ran.stderr) == (2, True)
            assert "Traceback" not in ran.stderr

    def test_a_full_disk_takes_all_or_nothing(self, state, tmp_path):
        texts = write_tree(tmp_path / "texts", {"1.txt": b"to be or\n"})
        with small_disk(tmp_path / "disk", "512k") as disk:
            how = ["-m", "mapreduce_jobs.watch", "--once", "--settle", "0"]
            how += [texts, disk.path / "state", "word_count"]
            failed = 0
            for pages in range(20):
                disk.fill(but=4096 * pages)
                ran = disk.run(sys.executable, *how, cwd=ROOT)
                if ran.status == 0:
                    break
                failed += 1
                assert "No space left on device" in ran.stderr
                assert "Traceback" not in ran.stderr, ran.stderr
                assert not list(disk.seen.glob("state/batch-*"))
            assert failed > 2
            disk.empty()
            assert disk.run(sys.executable, *how, cwd=ROOT).status == 0
            assert result(disk.seen / "state") == job("word_count", texts).lines


class TestAgainAndAgain:
    def test_it_looks_until_it_is_told_to_end(self, folder, state):
        command = words("--every", "0.2", "--settle", "0", folder, state, *SUMMED)
        watcher = subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True)
        try:
            assert "3 new" in watcher.stderr.readline()
            write_tree(folder, {"b/new.png": png(scan(9))})
            assert "1 new" in watcher.stderr.readline()
        finally:
            watcher.send_signal(signal.SIGTERM)
            _, said = watcher.communicate(timeout=60)
        assert (watcher.returncode, said) == (128 + signal.SIGTERM, "")
        assert result(state) == job(*SUMMED, "--keep-sums", folder).lines

    def test_killed_at_any_moment_it_counts_everything_once(self, folder, state):
        expected = job(*SUMMED, "--keep-sums", folder).lines
        shown = run(*words("--once", "--settle", "0", folder, state.with_name("timed"), *SUMMED))
        assert shown.status == 0
        for hundredth in range(2, 160, 12):
            watcher = subprocess.Popen(
                words("--once", "--settle", "0", folder, state, *SUMMED),
                cwd=ROOT,
                stderr=subprocess.DEVNULL,
            )
            time.sleep(hundredth / 100)
            watcher.kill()
            watcher.wait()
        ran = watch(folder, state, *SUMMED)
        assert ran.status == 0, ran.stderr
        assert sorted((state / "batch-000001/result.txt").read_bytes().splitlines()) == expected
        assert not (state / "batch-000002").exists()
        assert not list(state.glob(".batch-*"))

    def test_killed_before_anything_that_it_changes_it_goes_on(self, state, tmp_path):
        texts = write_tree(tmp_path / "texts", {"1.txt": b"to be or\n"})
        watch(texts, state, "word_count")
        write_tree(texts, {"2.txt": b"not to be\n"})
        first, expected = shutil.copytree(state, tmp_path / "1", True), job("word_count", texts)
        killed = 0
        while True:
            shutil.rmtree(state)
            shutil.copytree(first, state, True)
            how = ["-c", KILLED, killed + 1, state, "--once", "--settle", "0"]
            ended = run(sys.executable, *how, texts, state, "word_count", cwd=ROOT)
            ran = watch(texts, state, "word_count")
            assert (ran.status, result(state)) == (0, expected.lines), killed
            assert sorted(path.name for path in state.glob("*")) == KEPT
            assert not list(state.glob(".*"))
            assert not (state / "batch-000001/result.txt").exists()
            if ended.status == 0:
                break
            assert ended.status == -signal.SIGKILL, ended.stderr
            killed += 1
        assert killed > 5

    def test_killed_before_the_first_batch_it_begins_again(self, folder, state):
        state.mkdir()
        (state / "job.json.partial").write_text('{"folder')
        assert watch(folder, state, *SUMMED).status == 0
        assert result(state) == job(*SUMMED, "--keep-sums", folder).lines

    def test_two_at_once(self, folder, state):
        command = words("--every", "60", "--settle", "0", folder, state, *SUMMED)
        watcher = subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True)
        try:
            assert "3 new" in watcher.stderr.readline()
            ran = watch(folder, state, *SUMMED)
            assert (ran.status, ran.stderr.strip()) == (
                2,
                f"watch: {state}: is in use by another watcher",
            )
        finally:
            watcher.terminate()
            watcher.communicate(timeout=60)


class TestRefusals:
    @pytest.mark.parametrize(
        ("arguments", "said"),
        [
            (["no_such_job"], "no_such_job: there is no such job"),
            (["imaging"], "imaging: is not a job"),
            (["edge_density", "--threshold", "-1"], "--threshold: must be a number"),
            (["edge_density", "--no-such-option"], "unrecognized arguments: --no-such-option"),
            (["edge_density", "other/"], "other/: the directory is the job's input"),
            (["edge_density", "-o", "out"], "--output-dir: is the watcher's to say"),
            (["edge_density", "--no-cat-output"], "--no-cat-output: the watcher keeps what"),
            (["edge_density", "--merge-into", "x"], "--merge-into: is the watcher's to say"),
        ],
    )
    def test_the_job(self, folder, state, arguments, said):
        ran = watch(folder, state, *arguments)
        assert (ran.status, ran.stdout) == (2, b"")
        assert said in ran.stderr
        assert "Traceback" not in ran.stderr
        assert not state.exists()

    def test_the_folders(self, folder, state, tmp_path):
        assert "no such file or directory" in watch(tmp_path / "nowhere", state, *SUMMED).stderr
        assert "is not a directory" in watch(folder / "a/0.png", state, *SUMMED).stderr
        inside = watch(folder, folder / "state", *SUMMED)
        assert "lies in the directory that is watched" in inside.stderr
        assert "holds something else" in watch(folder, tmp_path, *SUMMED).stderr

    def test_a_state_of_something_else(self, folder, state, tmp_path):
        watch(folder, state, *SUMMED)
        other = shutil.copytree(folder, tmp_path / "other")
        assert f"is of directory {folder}" in watch(other, state, *SUMMED).stderr
        assert "is of job edge_density" in watch(folder, state, "image_histogram").stderr
        ran = watch(folder, state, "edge_density", "--group-by", "all")
        assert "is of options --group-by folder, not --group-by all" in ran.stderr
        assert ran.status == 2

    def test_a_job_that_fails_takes_nothing(self, folder, state):
        (folder / "a/x.png").write_bytes(b"no image")
        stop = [*SUMMED, "--on-error", "fail"]
        ran = watch(folder, state, *stop)
        assert ran.status == 1
        assert "did not end well" in ran.stderr
        assert not list(state.glob("*batch*"))
        (folder / "a/x.png").unlink()
        assert watch(folder, state, *stop).status == 0
        assert len(results(job(*stop, folder))) == 1
