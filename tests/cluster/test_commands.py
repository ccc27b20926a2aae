"""What hdfs-tools prints and does is what Hadoop's own client prints and does."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support import Ran, run

FOLDER = "/compared"


@pytest.fixture(scope="module")
def ours(running):
    """Run hdfs-tools as a process."""

    def tools(*words, **kwargs):
        env = {**running.environment, **kwargs.pop("env", {})}
        return run(sys.executable, "-m", "hdfs_tools", *words, env=env, **kwargs)

    return tools


@pytest.fixture(scope="module")
def theirs(running):
    """Run ``hadoop fs``, in one JVM for all."""
    shells = Path(__file__).with_name("FsShells.java")
    command = [running.description["hadoop"], shells]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:

        def number():
            return int.from_bytes(process.stdout.read(4), signed=True)

        def run_one(*words):
            arguments = [os.fsencode(word) for word in words]
            process.stdin.write(len(arguments).to_bytes(4))
            for argument in arguments:
                process.stdin.write(len(argument).to_bytes(4) + argument)
            process.stdin.flush()
            status = number()
            output, errors = (process.stdout.read(number()) for _ in range(2))
            return Ran(status, output, errors.decode())

        yield run_one
        process.stdin.close()


@pytest.fixture(scope="module")
def folder(hdfs, ours):
    """A folder with some of everything."""
    hdfs.write(f"{FOLDER}/small", b"twelve bytes", replication=1)
    hdfs.write(f"{FOLDER}/kilobytes", b"0123456789" * 777)
    hdfs.write(f"{FOLDER}/megabytes", bytes(3_333_333))
    hdfs.write(f"{FOLDER}/deep/er/empty", b"")
    hdfs.write(f"{FOLDER}/deep/with space", b"x")
    hdfs.write(f"{FOLDER}/deep/胸部.png", b"\x89PNG")
    hdfs.mkdir(f"{FOLDER}/sticky", 0o1777)
    hdfs.mkdir(f"{FOLDER}/nothing")
    hdfs.chown(f"{FOLDER}/kilobytes", "a-rather-long-name", "radiology")
    hdfs.chmod(f"{FOLDER}/small", 0o751)
    hdfs.set_times(f"{FOLDER}/small", 1_600_000_000, 1_600_000_500)
    hdfs.set_times(f"{FOLDER}/megabytes", 1_500_000_000, 1_500_000_500)
    hdfs.modify_acl(f"{FOLDER}/deep", ["user:bob:rwx", "group:radiology:r-x", "mask::r-x"])
    hdfs.modify_acl(f"{FOLDER}/deep", ["default:user:bob:rwx", "default:mask::r--"])
    hdfs.modify_acl(f"{FOLDER}/nothing", ["default:group:radiology:r-x"])
    hdfs.set_xattr(f"{FOLDER}/small", "user.site", b"berlin")
    hdfs.set_xattr(f"{FOLDER}/small", "user.empty", b"")
    hdfs.set_quota(f"{FOLDER}/deep", 100, 2**31)
    hdfs.set_storage_policy(f"{FOLDER}/nothing", "COLD")
    home = hdfs.home()
    hdfs.write(f"{home}/at home/file", b"here")
    return FOLDER


SHOWN = [
    "-ls {0}",
    "-ls -h {0}",
    "-ls -R {0}",
    "-ls -R -h {0}/deep {0}/small",
    "-ls -t {0}",
    "-ls -S -r {0}",
    "-ls -r {0}",
    "-ls -d {0} {0}/small",
    "-ls -C {0}",
    "-ls -u {0}",
    "-ls {0}/*e* {0}/{{small,nothing}}",
    "-ls",
    "-ls {0}/{{deep/er,sticky}}/*",
    "-ls {0}/sm\\all",
    "-ls -d {0}/deep/../small {0}/*/../small",
    "-ls -R at*",
    "-ls {0}/nothing",
    "-ls {0}/nowhere {0}/small {0}/no*where",
    "-du {0}",
    "-du -h {0} {0}/small",
    "-du -s -h -v {0}",
    "-du -s {0}/*",
    "-count {0} {0}/deep",
    "-count -q -h -v {0} {0}/deep",
    "-count -u -v {0}/deep",
    "-stat {0} {0}/small",
    "-stat %a|%A|%b|%F|%g|%n|%o|%r|%u|%y|%Y|%% {0} {0}/small {0}/sticky",
    "-stat %x|%X {0}/small",
    "-cat {0}/small {0}/deep/with?space",
    "-cat {0}/deep",
    "-head {0}/kilobytes",
    "-tail {0}/kilobytes",
    "-tail {0}/small",
    "-checksum {0}/kilobytes {0}/deep/er/empty",
    "-checksum -v {0}/megabytes",
    "-checksum {0}/deep",
    "-getfacl {0}/deep",
    "-getfacl {0}/sticky",
    "-getfacl -R {0}/deep",
    "-getfacl {0}/nothing",
    "-getfattr -d {0}/small",
    "-getfattr -d -e hex {0}/small",
    "-getfattr -n user.site -e base64 {0}/small",
    "-find {0} -name *e*",
    "-find {0}/deep -iname WITH*",
    "-test -e {0}/small",
    "-test -d {0}/small",
    "-test -z {0}/deep/er/empty",
    "-test -s {0}/nothing",
    "-test -f {0}/nowhere",
]


def told(ran):
    """What was said on standard error, without quotes and without Hadoop's log."""
    lines = [line.removeprefix("hdfs-tools ") for line in ran.stderr.splitlines()]
    lines = [line for line in lines if not re.match(r"\d{4}-\d\d-\d\d |\d\d/\d\d/\d\d ", line)]
    return [re.sub(r"[`']", "", line) for line in lines]


@pytest.mark.parametrize("line", SHOWN)
def test_shows_what_hadoop_shows(ours, theirs, folder, line):
    words = [word.replace("with?space", "with space") for word in line.format(folder).split()]
    one, other = ours(*words), theirs(*words)
    if "fattr" in line:  # the order of attributes is nobody's promise
        assert one.lines == other.lines
    else:
        assert one.stdout.decode() == other.stdout.decode()
    assert sorted(told(one)) == sorted(told(other))
    assert (one.status != 0) == (other.status != 0)


DONE = [
    "-mkdir {0}/a {0}/b",
    "-mkdir {0}/a",
    "-mkdir {0}/no/such",
    "-mkdir -p {0}/a {0}/deep/er",
    "-touchz {0}/a/empty {0}/no/empty",
    "-touchz {1}",
    "-put {2}/one {2}/two {0}/a",
    "-put {2}/one {0}/a",
    "-put {2}/two {0}/a/one",
    "-put -f {2}/two {0}/a/one",
    "-put {2}/one {0}/no/such",
    "-put {2}/one {0}/new/",
    "-put {2}/one {2}/two {0}/new",
    "-put {2}/one {2}/two {0}/a/one",
    "-put {2}/nothing {0}/a",
    "-put {2}/folder {0}/copy",
    "-put {2}/folder {0}/a",
    "-mkdir -p {0}/a/one",
    "-cp {0}/a/one {0}/a/two {0}/b",
    "-cp {0}/a/one {0}/b",
    "-cp -f {0}/a/two {0}/b/one",
    "-cp {0}/copy {0}/copied",
    "-cp {0}/copy {0}/copy/in",
    "-cp {0}/copy {0}/copy",
    "-mv {0}/b/one {0}/b/uno",
    "-mv {0}/b/uno {0}/b/two",
    "-mv {0}/b/uno {0}/no/such",
    "-mv {0}/b/nothing {0}/a",
    "-mv {0}/b/* {0}/b",
    "-mv {0}/b {0}/b/c",
    "-mv {0}/b {0}/copied",
    "-chmod 640 {0}/a/one",
    "-chmod -R u=rwX,g+w,o-rwx {0}/copied",
    "-chmod +t,a+x {0}/a",
    "-chmod 755 {0}/a",
    "-chmod -w {0}/a/two",
    "-chmod o+wt {0}/deep",
    "-chmod 640 {0}/nothing",
    "-chown alice:radiology {0}/a/one",
    "-chown :physics {0}/a/two {0}/nothing",
    "-chgrp -R staff {0}/copied",
    "-chown bob {0}/deep",
    "-setrep 1 {0}/a/one",
    "-setrep -R 3 {0}/copied",
    "-setfacl -m user:bob:r-x,default:group:staff:rwx {0}/deep",
    "-setfacl -R -m user:carol:rw-,default:user:carol:rw- {0}/copied",
    "-setfacl -x user:bob {0}/deep",
    "-setfacl --set user::rw-,user:dan:r--,group::r--,other::--- {0}/a/two",
    "-setfacl -b {0}/a/two",
    "-setfacl -k {0}/deep",
    "-setfacl -m user:bob:rw- {0}/nothing",
    "-setfattr -n user.site -v 0x00ff {0}/a/one",
    "-setfattr -n user.text -v plain {0}/a/one",
    "-setfattr -x user.text {0}/a/one",
    "-touch -t 20200102:030405 {0}/a/one",
    "-touch -m -t 20210102:030405 {0}/a/one",
    "-touch -c {0}/not made",
    "-touch {0}/no/such",
    "-rmdir {0}/a",
    "-rmdir --ignore-fail-on-non-empty {0}/a",
    "-rmdir {0}/deep/er {0}/a/one {0}/nothing",
    "-rm {0}/deep",
    "-rm {0}/nothing",
    "-rm -f {0}/nothing {0}/no*thing",
    "-rm -skipTrash {0}/a/empty",
    "-rm -r -skipTrash {0}/copied/folder {0}/copy",
]


def without_details(text, folder):
    """What was said of a folder, without its name and what Hadoop says on top of the reason."""
    text = re.sub(rf"(hdfs://[^/ ]+)?{folder}", "FOLDER", text)
    text = re.sub(r"(No such file or directory|File exists).*", r"\1", text)
    return text.replace("Is not a dir", "Not a dir").replace("Directory is not", "Directory not")


def test_does_what_hadoop_does(ours, theirs, hdfs, tmp_path):
    """Command by command in a folder of each; then the folders are the same."""
    (tmp_path / "folder/below").mkdir(parents=True)
    for name in ("one", "two", "folder/three", "folder/below/four"):
        (tmp_path / name).write_text(name)
    hdfs.write("/done/file", b"not empty")
    ends = {}
    for line in DONE:
        for folder, tools in (("/done/ours", ours), ("/done/theirs", theirs)):
            hdfs.mkdir(folder)
            words = line.format(folder, "/done/file", tmp_path).split(" ")
            if words[-1] == "made":
                words[-2:] = [" ".join(words[-2:])]
            ran = tools(*words)
            said = [without_details(text, folder) for text in sorted(told(ran))]
            output = without_details(ran.stdout.decode(), folder)
            ends[folder] = (ran.status != 0, output, said)
        assert ends["/done/ours"] == ends["/done/theirs"], line
    assert state(hdfs, "/done/ours") == state(hdfs, "/done/theirs")


def state(hdfs, folder):
    """What is in a folder, with all that is known of it and is not the time of the test."""
    found = {}
    for entry in hdfs.walk(folder, directories=True):
        then = entry.modified if entry.modified < 1_700_000_000 else None
        known = (entry.mode, entry.owner, entry.group, entry.size, entry.replication, then)
        data = None if entry.is_directory else hdfs.read(entry.path)
        path = entry.path.removeprefix(folder)
        found[path] = (*known, data, hdfs.acl(entry.path), hdfs.xattrs(entry.path))
    return found


class TestTheTrash:
    TRASH = ("-D", "fs.trash.interval=60")  # minutes; else Hadoop's client has none

    def test_of_hadoop_is_ours(self, ours, theirs, hdfs):
        home = hdfs.home()
        for name in ("one", "folder/two", "folder/three"):
            hdfs.write(f"/deleted/{name}", name.encode())
        assert theirs(*self.TRASH, "-rm", "-r", "/deleted/one", "/deleted/folder").status == 0
        hdfs.write("/deleted/one", b"another")
        assert theirs(*self.TRASH, "-rm", "/deleted/one").status == 0
        listed = ours("trash", "list", "--json").stdout.decode().splitlines()
        told = {item["original"]: item for item in map(json.loads, listed)}
        assert told["/deleted/one"]["path"] == f"{home}/.Trash/Current/deleted/one"
        assert told["/deleted/folder"]["size"] == len("folder/two" + "folder/three")
        (suffixed,) = [path for path in told if re.fullmatch(r"/deleted/one\d+", path)]
        ran = ours("trash", "restore", "/deleted/one", "/deleted/folder/two")
        assert ran.stdout == b"Restored /deleted/one\nRestored /deleted/folder/two\n"
        assert ours("trash", "restore", "--to", "/deleted/again", suffixed).status == 0
        found = {entry.path: hdfs.read(entry.path) for entry in hdfs.walk("/deleted")}
        assert found == {
            "/deleted/one": b"one",
            "/deleted/again": b"another",
            "/deleted/folder/two": b"folder/two",
        }
        assert ours("trash", "empty").stderr == "1 files deleted\n"
        assert list(hdfs.list(f"{home}/.Trash")) == []

    def test_of_ours_is_hadoops(self, ours, theirs, hdfs):
        root = f"{hdfs.home()}/.Trash"
        for text in (b"first", b"second", b"third"):
            hdfs.write("/deleted/file", text)
            assert ours("rm", "/deleted/file").status == 0
        listed = ours("trash", "list", "--json").stdout.decode().splitlines()
        originals = [json.loads(line)["original"] for line in listed]
        assert originals == ["/deleted/file"] * 3
        ambiguous = ours("trash", "restore", "/deleted/file")
        assert ambiguous.status == 1
        assert "/deleted/file: in the trash 3 times" in ambiguous.stderr
        assert theirs(*self.TRASH, "-expunge").status == 0  # Current becomes a checkpoint
        assert all(re.fullmatch(r"\d{12}(-\d)?", entry.name) for entry in hdfs.list(root))
        assert len(list(hdfs.list(root))) == 3
        assert theirs(*self.TRASH, "-expunge", "-immediate").status == 0
        assert list(hdfs.list(root)) == []


class TestSnapshots:
    def test_as_hadoop_makes_them(self, ours, theirs, hdfs):
        hdfs.write("/snapped/kept", b"kept")
        hdfs.write("/snapped/moved", b"moved")
        hdfs.write("/snapped/gone", b"gone")
        allowed = ours("snapshot", "allow", "/snapped")
        assert allowed.stdout == b"Allowing snapshot on /snapped succeeded\n"
        made = ours("snapshot", "create", "/snapped", "one")
        assert made.stdout == b"Created snapshot /snapped/.snapshot/one\n"
        assert (
            made.stdout.replace(b"one", b"two")
            == theirs("-createSnapshot", "/snapped", "two").stdout
        )
        hdfs.rename("/snapped/moved", "/snapped/renamed")
        hdfs.delete("/snapped/gone")
        hdfs.write("/snapped/new", b"new")
        shown = ours("snapshot", "diff", "/snapped", "two", ".")
        first, *changes = shown.stdout.decode().splitlines()
        assert first == (
            "Difference between snapshot two and current directory under directory /snapped:"
        )
        assert sorted(changes) == ["+\t./new", "-\t./gone", "M\t.", "R\t./moved -> ./renamed"]
        shown = ours("snapshot", "diff", "--json", "/snapped", "two").stdout
        told = {"kind": "R", "path": "moved", "target": "renamed"}
        assert told in [json.loads(line) for line in shown.splitlines()]
        assert ours("snapshot", "list", "/snapped").stdout == b"one\ntwo\n"
        shown = ours("snapshot", "list", "--json", "/snapped").stdout.splitlines()[0]
        told = {"folder": "/snapped", "name": "one", "path": "/snapped/.snapshot/one"}
        assert json.loads(shown) == told
        assert ours("-renameSnapshot", "/snapped", "two", "three").status == 0
        refused = ours("snapshot", "disallow", "/snapped")
        assert refused.status == 1
        assert "snapshot" in refused.stderr
        for name in ("one", "three"):
            assert ours("snapshot", "delete", "/snapped", name).status == 0
        assert ours("snapshot", "disallow", "/snapped").status == 0


class TestRefusals:
    def test_what_may_not_be_seen_is_not_missing(self, ours, hdfs):
        hdfs.write("/secret/file", b"x")
        hdfs.chmod("/secret", 0o700)
        mallory = {"env": {"HADOOP_USER_NAME": "mallory"}}
        for words in (
            "test -e /secret/file",
            "ls /secret",
            "rm -f /secret/file",
            "cat /secret/*",
            "stat /secret/file",
            "du -s /secret",
            "get /secret/file /dev/null",
        ):
            ran = ours(*words.split(), **mallory)
            assert ran.status == (2 if words.startswith("test") else 1)
            assert "Permission denied: user=mallory" in ran.stderr
            assert "Traceback" not in ran.stderr

    def test_others_go_on(self, ours, hdfs):
        hdfs.write("/mixed/open", b"x")
        hdfs.mkdir("/mixed/closed", 0o700)
        ran = ours("ls", "-R", "-C", "/mixed", env={"HADOOP_USER_NAME": "mallory"})
        assert ran.lines == [b"/mixed/closed", b"/mixed/open"]
        assert ran.status == 1
        assert ran.stderr.startswith("hdfs-tools ls: /mixed/closed: Permission denied")

    def test_in_safe_mode(self, ours, running, hdfs):
        hdfs.mkdir("/safe")
        running.hadoop("dfsadmin", "-safemode", "enter")
        try:
            ran = ours("mkdir", "/safe/new")
        finally:
            running.hadoop("dfsadmin", "-safemode", "leave")
        assert ran.status == 1
        assert "safe mode" in ran.stderr


def test_quotas_are_hadoops(ours, theirs, hdfs):
    hdfs.mkdir("/limited")
    assert ours("quota", "set", "--files", "10", "/limited").status == 0
    assert ours("quota", "set", "--space", "2g", "/limited").status == 0
    shown = ours("quota", "show", "-v", "-h", "/limited").stdout
    assert shown == theirs("-count", "-u", "-v", "-h", "/limited").stdout
    assert b"10" in shown
    assert b"2 G" in shown
    told = {"path": "/limited", "quota": 10, "used": 1, "space_quota": 2**31, "space_used": 0}
    assert json.loads(ours("quota", "show", "--json", "/limited").stdout) == told
    assert ours("quota", "clear", "--files", "/limited").status == 0
    cleared = ours("-count", "-q", "/limited").stdout
    assert cleared == theirs("-count", "-q", "/limited").stdout
    assert b"none" in cleared
    assert ours("quota", "clear", "/limited").status == 0
    assert ours("quota", "show", "/limited").stdout.split()[:3:2] == [b"none", b"none"]


def test_storage_policies(ours, hdfs):
    hdfs.mkdir("/cold/old")
    names = ours("policy", "list").stdout.decode().split()
    assert {"HOT", "COLD", "ALL_SSD"} <= {*names}
    assert ours("policy", "set", "COLD", "/cold").stdout == b"Set storage policy COLD on /cold\n"
    assert ours("policy", "get", "/cold/old").stdout == b"COLD\t/cold/old\n"
    assert ours("policy", "unset", "/cold").status == 0
    assert ours("policy", "get", "/cold").stdout == b"HOT\t/cold\n"
    assert ours("policy", "set", "TEPID", "/cold").status == 1


def test_uris_of_the_cluster_and_of_another(ours, running, hdfs, tmp_path):
    address = running.description["hdfs_url"].removeprefix("http://")
    uri = f"webhdfs://{address}/by-uri"
    hdfs.write("/by-uri/file", b"by URI")
    listed = ours("ls", "-C", uri, env={"HDFS_URL": ""})
    assert listed.stdout.decode() == f"{uri}/file\n"
    store = f"file://{tmp_path}/store"
    copied = ours("cp", uri, "/copy", env={"HDFS_URL": store})
    assert copied.status == 0, copied.stderr
    assert ours("cat", "/copy/file", env={"HDFS_URL": store}).stdout == b"by URI"
    back = ours("cp", "--sync", "/copy", uri, env={"HDFS_URL": store})
    assert back.status == 0, back.stderr
    assert ours("mv", "/copy", uri, env={"HDFS_URL": store}).status == 1


def test_trees_there_and_back(ours, hdfs, good_folder, tmp_path):
    """Files with every name that HDFS takes; the second time nothing is copied."""
    refused = [path for path in good_folder.rglob("*") if not str(path).isprintable()]
    put = ours("put", "-t", "4", good_folder, "/there")
    assert (put.status != 0) == bool(refused)
    assert all("not-utf-8" in line for line in put.stderr.splitlines())
    before = {entry.path: entry.modified for entry in hdfs.walk("/there")}
    assert len(before) > 20
    ours("put", "--sync", good_folder, "/there")
    assert {entry.path: entry.modified for entry in hdfs.walk("/there")} == before
    assert ours("get", "/there", tmp_path / "back").status == 0
    for path in before:
        name = path.removeprefix("/there/")
        assert (tmp_path / "back" / name).read_bytes() == (good_folder / name).read_bytes()
    assert ours("put", "-", "/there/stdin", stdin=b"\x00\xff" * 20_000_000).status == 0
    assert hdfs.stat("/there/stdin").size == 40_000_000
