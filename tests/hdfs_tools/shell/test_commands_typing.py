"""hdfs-tools as it is typed: words, ends, and what goes wrong."""

import os
import re
import signal
import subprocess
import sys
import time

import pytest

from tests.support import ROOT

COMMANDS = sorted(path.stem for path in (ROOT / "hdfs_tools/commands").glob("[a-z]*.py"))


class TestHelp:
    @pytest.mark.parametrize("name", COMMANDS)
    def test_says_what_a_command_does_and_shows_it(self, tools, name):
        ran = tools(f"{name} --help")
        assert ran.status == 0
        shown = ran.stdout.decode()
        assert re.search(rf"^usage: hdfs-tools {name} ", shown)
        if "pack" not in name:
            assert re.search(rf"^  (.*\| )?hdfs-tools {name} ", shown, re.MULTILINE)

    @pytest.mark.parametrize("line", ["--help", "-help", "help", "-usage", "-h"])
    def test_of_all(self, tools, line):
        ran = tools(line)
        assert ran.status == 0
        for name in [*COMMANDS, "touchz", "chgrp", "copyFromLocal", "copyToLocal"]:
            assert re.search(rf"^    {name} |\({name}\)", ran.stdout.decode(), re.MULTILINE)

    def test_of_one_as_hadoop_has_it(self, tools):
        assert tools("-help ls").stdout == tools("ls --help").stdout

    def test_imports_nothing_heavy(self, process):
        code = (
            "import sys; from hdfs_tools.cli import main\n"
            "try: main(['--help'])\n"
            "except SystemExit: pass\n"
            "heavy = {'requests', 'hdfs', 'rich', 'sqlite3', 'numpy', 'google_crc32c'}\n"
            "sys.stderr.write(' '.join(heavy & set(sys.modules)))"
        )
        ran = subprocess.run([sys.executable, "-c", code], capture_output=True, cwd=ROOT)
        assert ran.stderr == b""


class TestWrongUsage:
    @pytest.mark.parametrize(
        "line",
        [
            "",
            "launder",
            "ls --no-such-option",
            "rm",
            "put",
            "mv /a",
            "cp /a",
            "test /a",
            "put -t 0 a b",
            "put --checksum maybe a b",
            "--patience soon ls",
            "--patience -1 ls",
            "snapshot",
            "quota set /a",
            "quota set --files 0 /a",
            "quota set --space much /a",
            "put - a /b",
            "find -size much",
        ],
    )
    def test_ends_with_2(self, tools, line):
        ran = tools(*line.split()) if line else tools(*[])
        assert ran.status == 2
        assert ran.stdout == b""
        assert "hdfs-tools" in ran.stderr


class TestWhereHdfsIs:
    def test_nowhere(self, process, tmp_path):
        nothing = {"HDFS_URL": "", "HADOOP_CONF_DIR": "", "HADOOP_HOME": "", "HOME": str(tmp_path)}
        ran = process("ls", env=nothing)
        assert ran.status == 1
        assert ran.stderr.startswith("hdfs-tools ls: nothing says where HDFS")

    def test_option_before_and_behind_the_command(self, process, store, tmp_path):
        store.write("/file", b"here")
        for words in (
            ("--url", store.url, "cat"),
            (f"--url={store.url}", "-cat"),
            ("cat", "--url", store.url),
        ):
            assert process(*words, "/file", env={"HDFS_URL": "http://nowhere:1"}).stdout == b"here"

    def test_does_not_answer(self, process):
        begun = time.monotonic()
        words = ("--url", "http://localhost:1", "--patience", "0.5", "-ls", "/a", "/b", "/c")
        ran = process(*words)
        assert (ran.status, ran.stdout) == (1, b"")
        assert ran.stderr == "hdfs-tools ls: localhost:1: no answer (connection refused)\n"
        assert time.monotonic() - begun < 10

    @pytest.mark.parametrize("uri", ["s3://bucket/x", "file:///x", "http://host/x"])
    def test_uris_of_other_things(self, tools, uri):
        ran = tools(f"ls {uri}")
        assert ran.status == 1
        assert ran.stderr.startswith(f"hdfs-tools ls: {uri}: not on HDFS")

    @pytest.mark.parametrize("url", ["nonsense", "file:relative", "http://", "ftp://host:1"])
    def test_addresses_that_are_none(self, process, url):
        ran = process("--url", url, "--patience", "0", "ls", "/")
        assert ran.status == 1
        assert ran.stderr.startswith("hdfs-tools ls: ")
        assert "Traceback" not in ran.stderr


def test_flags_in_one_word(tools, store):
    store.write("/a/b", bytes(2048))
    assert tools("ls -Rh /a").stdout.split()[4:6] == [b"2", b"K"]
    assert tools("du -sh /a").stdout.split() == b"2 K 2 K /a".split()
    assert tools("count -qh /a").status == 0
    assert tools("rm -rf /a /nothing").status == 0


def test_names_that_are_not_unicode(process, store):
    for words in (("ls",), ("mkdir",), ("rm",), ("put", "/dev/null")):
        ran = process(*words, "/not-utf-8-\udcff")
        assert ran.status == 1
        assert "Traceback" not in ran.stderr


def test_names_are_utf_8_whatever_the_locale_is(process, store, tmp_path):
    (tmp_path / "胸部").mkdir()
    (tmp_path / "胸部/ü.png").write_bytes(b"x")
    for words in (
        ("mkdir", "/ä"),
        ("put", "胸部", "/ä"),
        ("get", "/ä/胸部", "ö"),
        ("pack", "ö", "é.bundle"),
        ("unpack", "é.bundle", "ñ"),
    ):
        ran = process(*words, env={"PYTHONUTF8": "0", "LC_ALL": "C"})
        assert ran.status == 0, ran.stderr
    assert store.read("/ä/胸部/ü.png") == b"x"
    assert (tmp_path / "ö/ü.png").read_bytes() == (tmp_path / "ñ/ü.png").read_bytes() == b"x"
    listed = process("ls", "-C", "/ä/胸部", env={"PYTHONUTF8": "0", "LC_ALL": "C"})
    assert listed.stdout.decode() == "/ä/胸部/ü.png\n"


def test_without_docstrings_and_assertions_it_is_the_same(process, store, tmp_path):
    (tmp_path / "1.png").write_bytes(b"1")
    for words in (
        ("--help",),
        ("put", "1.png", "/1.png"),
        ("get", "/1.png", "2.png"),
        ("put", "--sync", "2.png", "/1.png"),
        ("pack", "1.png", "2.png", "a.bundle"),
        ("unpack", "a.bundle", "a"),
        ("put", "--help"),
    ):
        ran = process(*words, env={"PYTHONOPTIMIZE": "2"})
        assert ran.status == 0, ran.stderr
        if "--help" in words:
            assert ran.stdout == process(*words).stdout
    assert (tmp_path / "a/2.png").read_bytes() == b"1"


def test_a_name_that_looks_like_an_option_stands_behind_two_dashes(process, store, tmp_path):
    (tmp_path / "-r.png").write_bytes(b"1")
    for words in (
        ("--", "mkdir", "-p", "--", "-dir"),
        ("put", "--", "-r.png", "-dir"),
        ("cp", "--", "-dir/-r.png", "-copy"),
        ("chmod", "-w", "--", "-copy"),
        ("chmod", "--", "-r", "-copy"),
        ("get", "--", "-dir/-r.png", "-got"),
        ("pack", "-q", "--", "-got", "-.bundle"),
        ("unpack", "-q", "--", "-.bundle", "-images"),
        ("rm", "-r", "--skip-trash", "--", "-dir"),
    ):
        ran = process(*words)
        assert ran.status == 0, (words, ran.stderr)
    assert (tmp_path / "-images/-got").read_bytes() == b"1"
    home = store.absolute(".")
    assert [entry.name for entry in store.list(home)] == ["-copy"]
    assert store.stat(f"{home}/-copy").permission & 0o666 == 0


class TestEnds:
    @pytest.fixture
    def many(self, store, tmp_path):
        """A store with more files than a pipe holds lines."""
        for number in range(3000):
            path = tmp_path / "the store/many" / f"{number:0100}"
            path.parent.mkdir(exist_ok=True)
            path.touch()
        store.write("/lines", b"line\n" * 1_000_000)
        return store

    @pytest.mark.parametrize(
        "words", ["ls -R /", "find /", "du /many", "ls -R --json /", "cat /lines", "get /lines -"]
    )
    def test_reader_that_goes(self, environment, many, words):
        line = f"{sys.executable} -m hdfs_tools {words} | head -1; exit ${{PIPESTATUS[0]}}"
        ran = subprocess.run(
            ["bash", "-c", line],
            capture_output=True,
            cwd=ROOT,
            env={**os.environ, **environment},
        )
        assert ran.stdout.count(b"\n") == 1
        assert (ran.stderr, ran.returncode) == (b"", 141)

    def test_output_that_is_full(self, environment, many):
        with open("/dev/full", "wb") as full:
            ran = subprocess.run(
                [sys.executable, "-m", "hdfs_tools", "ls", "-R", "/"],
                stdout=full,
                stderr=subprocess.PIPE,
                cwd=ROOT,
                env={**os.environ, **environment},
            )
        assert ran.returncode == 1
        assert ran.stderr == b"hdfs-tools ls: No space left on device\n"

    def test_output_that_is_closed(self, environment, store):
        for line in ("ls / >&-", "mkdir /new 2>&- >&-", "rm /nothing 2>&-"):
            ran = subprocess.run(
                ["bash", "-c", f"{sys.executable} -m hdfs_tools {line}"],
                capture_output=True,
                cwd=ROOT,
                env={**os.environ, **environment},
            )
            assert ran.returncode == ("nothing" in line)
            assert b"Traceback" not in ran.stderr

    def test_tail_follows_until_it_is_interrupted(self, environment, store):
        store.write("/log", b"first\n")
        with subprocess.Popen(
            [sys.executable, "-m", "hdfs_tools", "tail", "-f", "-s", "0.1", "/log"],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=ROOT,
            env={**os.environ, **environment},
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
        ) as tail:
            assert tail.stdout.readline() == b"first\n"
            store.write("/log", b"first\nsecond\n", overwrite=True)
            assert tail.stdout.readline() == b"second\n"
            store.write("/log", b"new\n", overwrite=True)
            assert tail.stdout.readline() == b"new\n"
            tail.send_signal(signal.SIGINT)
            assert tail.wait(20) == 130
            assert tail.stderr.read() == b"hdfs-tools tail: interrupted\n"
