"""Commands that change files and folders in place, on a store of this machine."""

import base64
import json
import time

import pytest


def rows(ran):
    return [json.loads(line) for line in ran.stdout.decode().splitlines()]


class TestFolders:
    def test_mkdir(self, tools, store):
        assert tools("mkdir /a").status == 0
        assert tools("-mkdir -p /b/c/d /a").status == 0
        assert store.stat("/b/c/d").is_directory
        for line, reason in (
            ("mkdir /a", "/a: File exists"),
            ("mkdir /no/such", "/no: No such file or directory"),
        ):
            ran = tools(line)
            assert (ran.status, ran.stderr) == (1, f"hdfs-tools mkdir: {reason}\n")
        store.write("/file", b"")
        assert tools("mkdir -p /file").stderr == "hdfs-tools mkdir: /file: Not a directory\n"

    def test_rmdir(self, tools, store):
        store.write("/a/b/c", b"")
        store.mkdir("/empty")
        ran = tools("rmdir /a /empty /a/b/c")
        assert ran.status == 1
        assert len(ran.stderr.splitlines()) == 2
        assert not store.exists("/empty")
        assert tools("rmdir --ignore-fail-on-non-empty /a").status == 0
        assert store.exists("/a/b/c")


class TestMv:
    def test_to_a_name_or_into_a_folder(self, tools, store):
        store.write("/a", b"a")
        store.write("/b", b"b")
        store.mkdir("/folder")
        assert tools("mv /a /c").status == 0
        assert tools("mv /b /c /folder").status == 0
        assert [entry.path for entry in store.list("/folder")] == ["/folder/b", "/folder/c"]
        assert tools("mv /fold* /renamed").status == 0
        assert tools("mv hdfs:///renamed/b here").status == 0
        assert store.read("/user/alice/here") == b"b"

    def test_refusals(self, tools, store):
        store.write("/a", b"a")
        store.write("/b", b"b")
        store.mkdir("/folder")
        for line, reason in (
            ("/a /b", "/b: File exists"),
            ("/a /b /no", "/no: No such file or directory"),
            ("/folder /b /a", "/a: Not a directory"),
            ("/folder /folder/below", "/folder to /folder/below: is a subdirectory of itself"),
            ("/folder /folder", "/folder to /folder/folder: is a subdirectory of itself"),
            ("/nothing /c", "/nothing: No such file or directory"),
            ("/a /no/such", "/no/such: No such file or directory"),
        ):
            ran = tools(f"mv {line}")
            assert (ran.status, ran.stderr) == (1, f"hdfs-tools mv: {reason}\n")
        assert tools("mv /a").status == 2
        assert store.read("/b") == b"b"

    def test_dry_run(self, tools, store):
        store.write("/a", b"a")
        assert tools("mv --dry-run /a /b").stdout == b"Would move /a to /b\n"
        assert store.exists("/a")


class TestTouch:
    def test_makes_files_and_sets_times(self, tools, store):
        assert tools("touch /new").status == 0
        assert abs(store.stat("/new").modified - time.time()) < 30
        assert tools("touch -m -t 20200102:030405 /new").status == 0
        found = store.stat("/new")
        assert time.localtime(found.modified)[:6] == (2020, 1, 2, 3, 4, 5)
        assert abs(found.accessed - time.time()) < 30
        assert tools("touch -c /newer").status == 0
        assert not store.exists("/newer")
        assert tools("touch -t yesterday /new").status == 2
        assert tools("touch /no/such").status == 1

    def test_touchz(self, tools, store):
        store.write("/full", b"x")
        assert tools("touchz /empty").status == 0
        assert tools("touchz /empty").status == 0
        assert "Not a zero-length file" in tools("touchz /full").stderr
        assert store.read("/full") == b"x"


class TestPermissions:
    @pytest.mark.parametrize(
        ("before", "mode", "file", "folder"),
        [
            (0o644, "750", 0o750, 0o750),
            (0o644, "1750", 0o1750, 0o1750),
            (0o644, "u+x,go-r", 0o700, 0o700),
            (0o640, "a+X", 0o640, 0o751),
            (0o740, "+X", 0o751, 0o751),
            (0o777, "o=", 0o770, 0o770),
            (0o777, "-w", 0o555, 0o555),
            (0o755, "+t", 0o1755, 0o1755),
            (0o1777, "-t", 0o777, 0o777),
            (0o000, "u=rw,g=r", 0o640, 0o640),
            (0o700, "u+r,u+w,g+r", 0o740, 0o740),
        ],
    )
    def test_chmod(self, tools, store, before, mode, file, folder):
        store.write("/file", b"", permission=before)
        store.mkdir("/folder")
        store.chmod("/folder", before)
        assert tools("chmod", mode, "/file", "/folder").status == 0
        assert oct(store.stat("/file").permission & 0o777) == oct(file & 0o777)
        assert oct(store.stat("/folder").permission) == oct(folder)

    def test_chmod_below(self, tools, store):
        store.write("/a/b/c", b"")
        assert tools("-chmod -R u=rwX,go= /a").status == 0
        modes = [oct(entry.permission) for entry in store.walk("/a", directories=True)]
        assert modes == ["0o700", "0o600"]
        for wrong in ("u+s", "75", "rw", "888", "u+r,"):
            assert tools("chmod", wrong, "/a").status == 2

    def test_chown_and_chgrp(self, tools, store):
        store.write("/a/b", b"")
        assert tools("chown -R bob:radiology /a").status == 0
        assert tools("chgrp physics /a/b").status == 0
        assert tools("chown :staff /a").status == 0
        found = store.stat("/a/b")
        assert (found.owner, found.group) == ("bob", "physics")
        assert (store.stat("/a").owner, store.stat("/a").group) == ("bob", "staff")
        assert tools("chown : /a").status == 2
        assert tools("chown a:b:c /a").status == 2
        ran = tools("chown mallory /a", user="mallory")
        assert ran.status == 1
        assert "Traceback" not in ran.stderr

    def test_setrep(self, tools, store):
        store.write("/a/b", b"x")
        assert tools("setrep -R 2 /a").stdout == b"Replication 2 set: /a/b\n"
        assert store.stat("/a/b").replication == 2
        assert tools("setrep 0 /a").status == 2

    def test_acls(self, tools, store):
        store.write("/a/b", b"x")
        spec = "user:bob:rwx,group:staff:r-x,mask::r-x,default:user:bob:r--"
        assert tools("setfacl", "-m", spec, "/a").status == 0
        assert tools("getfacl /a").stdout.decode() == (
            "# file: /a\n# owner: alice\n# group: supergroup\n"
            "user::rwx\nuser:bob:rwx\t#effective:r-x\ngroup::r-x\ngroup:staff:r-x\nmask::r-x\n"
            "other::r-x\ndefault:user::rwx\ndefault:user:bob:r--\ndefault:group::r-x\n"
            "default:mask::r-x\ndefault:other::r-x\n\n"
        )
        (row,) = rows(tools("getfacl --json /a"))
        assert list(row) == ["path", "owner", "group", "permission", "entries"]
        assert "user:bob:rwx" in row["entries"]
        assert tools("setfacl -x user:bob,group:staff /a").status == 0
        assert tools("setfacl -k /a").status == 0
        assert tools("setfacl -R -m user:eve:r--,default:user:eve:r-- /a").status == 0
        assert "user:eve:r--" in store.acl("/a/b").entries
        assert tools("setfacl -R -b /a").status == 0
        assert store.acl("/a").entries == store.acl("/a/b").entries == ()
        for wrong in ("-m user:bob /a", "-m bob:rwx /a", "/a", "-b -k /a", "-m user:bob:rwz /a"):
            assert tools(f"setfacl {wrong}").status == 2

    def test_attributes(self, tools, store):
        store.write("/a", b"x")
        for value, kept in (
            ("berlin", b"berlin"),
            ('"0x00"', b"0x00"),
            ("0x00ff", b"\x00\xff"),
            ("0s" + base64.b64encode(b"\xfe").decode(), b"\xfe"),
            ("ü", "ü".encode()),
        ):
            assert tools("setfattr", "-n", "user.site", "-v", value, "/a").status == 0
            assert store.xattrs("/a") == {"user.site": kept}
        assert tools("getfattr -d /a").stdout.decode() == '# file: /a\nuser.site="ü"\n'
        assert tools("getfattr -n user.site -e hex /a").stdout == (
            b"# file: /a\nuser.site=0xc3bc\n"
        )
        assert rows(tools("getfattr -d --json /a")) == [
            {"path": "/a", "attributes": {"user.site": '"ü"'}}
        ]
        assert tools("getfattr -n user.none /a").stderr == (
            "hdfs-tools getfattr: /a: no attribute user.none\n"
        )
        assert tools("setfattr -x user.site /a").status == 0
        assert tools("setfattr -n user.site -v 0xf /a").status == 2
        assert store.xattrs("/a") == {}
