"""Commands that only look, on a store of this machine; on HDFS: tests/cluster/test_commands.py."""

import json

import pytest

FIRST = 1_600_000_000.0


@pytest.fixture
def data(store):
    """A folder with some files."""
    store.write("/data/ct/1.dcm", b"one")
    store.write("/data/ct/22.dcm", b"two two")
    store.write("/data/mr/3.png", b"\x00\xff\n" * 1000)
    store.write("/data/empty", b"")
    for number, entry in enumerate(store.walk("/data")):
        store.set_times(entry.path, FIRST + 60 * number, FIRST)
    return store


def rows(ran):
    return [json.loads(line) for line in ran.stdout.decode().splitlines()]


class TestLs:
    def test_lines(self, tools, data):
        ran = tools("-ls", "/data/ct")
        assert ran.stdout.decode() == (
            "Found 2 items\n"
            "-rw-r--r--   1 alice supergroup          3 2020-09-13 12:26 /data/ct/1.dcm\n"
            "-rw-r--r--   1 alice supergroup          7 2020-09-13 12:27 /data/ct/22.dcm\n"
        )

    def test_orders(self, tools, data):
        def names(line):
            ran = tools(line)
            return [path.rpartition("/")[2] for path in ran.stdout.decode().split()]

        assert names("ls -C /data/ct") == ["1.dcm", "22.dcm"]
        assert names("ls -C -r /data/ct") == ["22.dcm", "1.dcm"]
        assert names("ls -C -t /data/ct") == ["22.dcm", "1.dcm"]
        assert names("ls -C -S /data/ct /data/mr") == ["22.dcm", "1.dcm", "3.png"]
        assert names("ls -C -S -r /data/ct") == ["1.dcm", "22.dcm"]
        assert names("-lsr -C -t /data") == ["mr", "3.png", "ct", "22.dcm", "1.dcm", "empty"]

    def test_relative_paths_and_uris_stay_what_they_are(self, tools, store):
        store.write("/user/alice/scans/1", b"x")
        for typed, shown in (
            ("", "scans"),
            ("scans", "scans/1"),
            ("./scans/../sc*", "scans/1"),
            ("../alice/scans", "scans/1"),
            ("hdfs:///user/alice/scans", "hdfs:///user/alice/scans/1"),
            ("hdfs:/user/alice/scans", "hdfs:///user/alice/scans/1"),
            ("/user/alice/scans/", "/user/alice/scans/1"),
        ):
            assert tools(f"ls -C {typed}").stdout.decode() == f"{shown}\n"

    def test_json(self, tools, data):
        (row,) = rows(tools("ls --json -d /data/ct/1.dcm"))
        assert row == {
            "path": "/data/ct/1.dcm",
            "type": "file",
            "size": 3,
            "owner": "alice",
            "group": "supergroup",
            "permission": "0644",
            "modified": FIRST,
            "accessed": FIRST,
            "replication": 1,
            "block_size": 128 << 20,
            "has_acl": False,
        }
        assert len(rows(tools("ls -R --json /"))) == 9

    def test_what_is_missing_is_named_and_the_others_go_on(self, tools, data):
        ran = tools("ls -C /nowhere /data/ct/1.dcm /data/x* hdfs:///no")
        assert ran.stdout == b"/data/ct/1.dcm\n"
        assert ran.status == 1
        assert ran.stderr == (
            "hdfs-tools ls: /nowhere: No such file or directory\n"
            "hdfs-tools ls: /data/x*: No such file or directory\n"
            "hdfs-tools ls: hdfs:///no: No such file or directory\n"
        )

    def test_control_characters_of_names(self, tools, store):
        store.write("/odd/a\nb\x1b[2J", b"")
        assert tools("ls", "-q", "-C", "/odd").stdout == b"/odd/a?b?[2J\n"
        assert tools("ls", "-C", "/odd").stdout == b"/odd/a\nb\x1b[2J\n"
        assert rows(tools("ls", "--json", "/odd"))[0]["path"] == "/odd/a\nb\x1b[2J"
        assert tools("rm", "/odd/a\nc").stderr == (
            "hdfs-tools rm: /odd/a?c: No such file or directory\n"
        )


class TestBytes:
    def test_cat_is_binary(self, process, data):
        ran = process("cat", "/data/ct/1.dcm", "-", "/data/mr/*", stdin=b"\xfe\n")
        assert ran.stdout == b"one\xfe\n" + b"\x00\xff\n" * 1000

    def test_head_and_tail(self, tools, data):
        whole = b"\x00\xff\n" * 1000
        assert tools("head /data/mr/3.png").stdout == whole[:1024]
        assert tools("head -c 5 /data/mr/3.png").stdout == whole[:5]
        assert tools("tail /data/mr/3.png").stdout == whole[-1024:]
        assert tools("-tail -c 1k /data/ct/1.dcm").stdout == b"one"
        assert tools("tail -f /data/ct/*").status == 2
        assert tools("cat /data/ct").stderr == "hdfs-tools cat: /data/ct: Is a directory\n"


class TestSizes:
    def test_du(self, tools, data):
        assert tools("du /data").stdout.decode() == (
            "10    10    /data/ct\n0     0     /data/empty\n3000  3000  /data/mr\n"
        )
        assert tools("du -s -h -v /data").stdout.decode().splitlines() == [
            "SIZE   DISK_SPACE_CONSUMED_WITH_ALL_REPLICAS  FULL_PATH_NAME",
            "2.9 K  2.9 K                                  /data",
        ]
        (row,) = rows(tools("du -s --json /data"))
        assert row == {"path": "/data", "size": 3010, "space": 3010}

    def test_df(self, tools, store):
        header, row = tools("df").stdout.decode().splitlines()
        assert header.split() == ["Filesystem", "Size", "Used", "Available", "Use%"]
        assert row.startswith(store.url)
        (told,) = rows(tools("df --json"))
        assert list(told) == ["filesystem", "capacity", "used", "remaining"]

    def test_count(self, tools, data):
        assert tools("count /data").stdout.decode().split() == ["3", "4", "3010", "/data"]
        (row,) = rows(tools("count --json /data"))
        assert row == {
            "path": "/data",
            "folders": 3,
            "files": 4,
            "size": 3010,
            "space": 3010,
            "quota": None,
            "space_quota": None,
        }


class TestFind:
    @pytest.mark.parametrize(
        ("words", "found"),
        [
            ("/data -name *.dcm", "ct/1.dcm ct/22.dcm"),
            ("/data -name {1,3}.* -print", "ct/1.dcm mr/3.png"),
            ("/data -iname *.DCM -a -size +5", "ct/22.dcm"),
            ("/data -type d -name ?t", "ct"),
            ("/data -size -4 -type f", "ct/1.dcm empty"),
            ("/data -size +1k", "mr/3.png"),
            ("/data -maxdepth 1 -mindepth 1", "ct empty mr"),
            ("/data -empty", "empty"),
            ("/data -type f -mtime +365", "ct/1.dcm ct/22.dcm empty mr/3.png"),
            ("/data -type f -mmin -5", ""),
            ("/data -user bob", ""),
            ("/data -path */mr/*", "mr/3.png"),
        ],
    )
    def test_conditions(self, tools, data, words, found):
        ran = tools(f"find {words}")
        paths = [path.removeprefix("/data/") for path in ran.stdout.decode().splitlines()]
        assert sorted(paths) == found.split()

    def test_for_xargs(self, tools, data):
        assert tools("find /data/ct -print0").stdout.split(b"\0")[:2] == [
            b"/data/ct",
            b"/data/ct/1.dcm",
        ]

    def test_a_pattern_that_is_none(self, tools, data):
        ran = tools("find /data -name [z-a]")
        assert ran.status == 1
        assert "[z-a]" in ran.stderr


class TestStat:
    def test_formats(self, tools, data):
        assert tools("stat", "%b|%F|%n|%u:%g|%a|%A|%r|%Y|%%|%q", "/data/ct/1.dcm").stdout == (
            b"3|regular file|1.dcm|alice:supergroup|644|rw-r--r--|1|1600000000000|%|q\n"
        )
        assert tools("stat /data/ct/1.dcm").stdout == b"2020-09-13 12:26:40\n"
        assert tools("stat %y").status == 2

    @pytest.mark.parametrize(
        ("question", "yes"), [("-e", "dfez"), ("-d", "d"), ("-f", "fz"), ("-z", "z"), ("-s", "df")]
    )
    def test_questions(self, tools, data, question, yes):
        paths = {"d": "/data", "f": "/data/ct/1.dcm", "z": "/data/empty", "n": "/data/nothing"}
        for letter, path in paths.items():
            assert tools(f"test {question} {path}").status == (0 if letter in yes else 1)

    def test_what_may_not_be_told(self, tools, data):
        data.chmod("/data", 0o700)
        ran = tools("test -e /data/ct", user="mallory")
        assert ran.status == 2
        assert "/data" in ran.stderr
        assert tools("test -e /nothing", user="mallory").status == 1

    def test_checksum(self, tools, data):
        told = data.checksum("/data/ct/1.dcm")
        line = f"/data/ct/1.dcm\t{told.algorithm}\t{told.digest}\n"
        assert tools("checksum /data/ct/1.dcm").stdout.decode() == line
        assert len(rows(tools("checksum -R --json /data"))) == 4
        assert tools("checksum /data").status == 1
