"""The embedded store: what is its own, beside what every file system promises."""

import getpass
import json
import os
import shutil
import sqlite3
import stat
from pathlib import Path

import pytest

from hdfs_tools import connect
from hdfs_tools.connecting import locate
from hdfs_tools.embedded import EmbeddedStore
from hdfs_tools.errors import (
    InvalidPath,
    NoAddress,
    NotFound,
    PermissionDenied,
    Unsupported,
)
from tests.contracts.support import names, tree


@pytest.fixture
def place(tmp_path):
    """The store's folder."""
    return tmp_path / "store"


@pytest.fixture
def fs(place):
    return EmbeddedStore(str(place))


class TestAddress:
    def test_is_a_url(self, tmp_path):
        place = tmp_path / "100% ü"
        connect(f"file://{place}").write("/a", b"1")
        assert (place / "a").read_bytes() == b"1"
        again = connect(connect(f"file://{place}").url)
        assert again.read("/a") == b"1"
        assert again.user == (os.environ.get("HADOOP_USER_NAME") or getpass.getuser())

    def test_names_who_asks(self, fs, monkeypatch):
        assert connect(fs.url, user="alice").user == "alice"
        monkeypatch.setenv("HADOOP_USER_NAME", "bob")
        assert connect(fs.url).home() == "/user/bob"

    def test_is_also_that_of_hdfs_uris(self, fs, monkeypatch):
        monkeypatch.setenv("HDFS_URL", fs.url)
        fs.write("/a", b"1")
        assert locate("hdfs:///a").read("/a") == b"1"

    def test_that_changes_is_followed(self, tmp_path, monkeypatch):
        for name in ("one", "two"):
            monkeypatch.setenv("HDFS_URL", f"file://{tmp_path}/{name}")
            locate("hdfs:///a").write("/a", name.encode())
            assert locate("hdfs:///a") is locate("hdfs:///b")
        assert (tmp_path / "one" / "a").read_bytes() == b"one"

    def test_must_be_absolute(self):
        with pytest.raises(NoAddress, match="file:///PATH"):
            connect("file:store")

    def test_that_is_a_file(self, tmp_path):
        (tmp_path / "a").write_bytes(b"")
        with pytest.raises(OSError, match="/a"):
            connect(f"file://{tmp_path}/a")


class TestFolder:
    def test_holds_files_as_they_are(self, fs, place):
        fs.write("/scans/a.png", b"1", permission=0o600)
        assert (place / "scans" / "a.png").read_bytes() == b"1"

    def test_shows_what_came_by_other_means(self, fs, place):
        (place / "scans").mkdir()
        (place / "scans" / "a.png").write_bytes(b"123")
        found = fs.stat("/scans/a.png")
        assert (found.owner, found.group, found.permission) == (fs.user, "supergroup", 0o644)
        assert (found.size, found.replication, found.block_size) == (3, 1, 128 << 20)
        assert fs.stat("/scans").permission == 0o755
        fs.chmod("/scans/a.png", 0o600)
        fs.rename("/scans", "/moved")
        assert fs.stat("/moved/a.png").permission == 0o600

    def test_hides_what_it_knows(self, fs, place):
        assert (place / ".hdfs-tools").is_dir()
        assert names(fs, "/") == []
        assert [*fs.walk("/", directories=True)] == []
        assert fs.content_summary("/").files == 0
        assert not fs.exists("/.hdfs-tools")
        assert not fs.delete("/.hdfs-tools", recursive=True)
        with pytest.raises(NotFound):
            fs.read("/.hdfs-tools/store.sqlite")
        with pytest.raises(InvalidPath):
            fs.write("/.hdfs-tools/a", b"")
        fs.write("/a/.hdfs-tools/b", b"1")
        assert tree(fs, "/a") == {".hdfs-tools": None, ".hdfs-tools/b": b"1"}

    def test_lists_in_order_of_utf_8(self, fs):
        given = ["b", "a", "ä", "\U0001f4a1", "\uffe0", "~", "a b"]
        for name in given:
            fs.mkdir(f"/{name}")
        assert names(fs, "/") == sorted(given, key=str.encode)

    def test_keeps_what_is_known_when_it_is_copied(self, fs, place, tmp_path):
        fs.write("/a/b", b"1", permission=0o640)
        fs.modify_acl("/a", ["user:bob:rwx"])
        shutil.copytree(place, tmp_path / "copy")
        copy = EmbeddedStore(str(tmp_path / "copy"))
        assert copy.stat("/a/b").permission == 0o640
        assert copy.acl("/a") == fs.acl("/a")

    def test_names_that_hdfs_cannot_have_are_listed_but_not_read(self, fs, place):
        (place / "a:b").write_bytes(b"1")
        assert names(fs, "/") == ["a:b"]
        with pytest.raises(NotFound):
            fs.read("/a:b")

    def test_goes_away(self, fs, place):
        shutil.rmtree(place)
        with pytest.raises(OSError, match="/a"):
            fs.stat("/a")


class TestSuperuser:
    def test_is_who_came_first(self, place):
        EmbeddedStore(str(place), "alice").mkdir("/a", 0o700)
        bob, alice = EmbeddedStore(str(place), "bob"), EmbeddedStore(str(place), "alice")
        with pytest.raises(PermissionDenied):
            bob.mkdir("/b")
        with pytest.raises(PermissionDenied):
            bob.chmod("/a", 0o777)
        assert alice.stat("/").owner == "alice"
        alice.chown("/a", "bob")
        bob.chmod("/a", 0o777)
        alice.mkdir("/a/c")


class TestWhatIsTakenAwayByOtherMeans:
    def test_is_forgotten(self, fs, place):
        fs.write("/a/b", b"1", permission=0o600)
        fs.write("/a/c", b"1", permission=0o600)
        (place / "a" / "b").unlink()
        (place / "a" / "c").unlink()
        assert not fs.exists("/a/b")
        assert names(fs, "/a") == []
        for name in "bc":
            (place / "a" / name).write_bytes(b"2")
            assert fs.stat(f"/a/{name}").permission == 0o644

    def test_is_forgotten_with_what_was_below(self, fs, place):
        fs.write("/a/b/c", b"1", permission=0o600)
        shutil.rmtree(place / "a")
        fs.mkdir("/a/b")
        (place / "a" / "b" / "c").write_bytes(b"2")
        assert fs.stat("/a/b/c").permission == 0o644

    def test_and_comes_back_as_a_folder(self, fs, place):
        fs.write("/a", b"1", permission=0o600)
        (place / "a").unlink()
        (place / "a").mkdir()
        assert fs.stat("/a").permission == 0o755


class TestLinks:
    @pytest.fixture
    def secret(self, tmp_path):
        path = tmp_path / "outside"
        path.mkdir()
        (path / "secret").write_bytes(b"secret")
        return path

    @pytest.mark.parametrize("target", ["..", "../outside", ".", "real", "/", "nowhere"])
    def test_are_not_followed(self, fs, place, secret, target):
        fs.write("/real/secret", b"1")
        (place / "link").symlink_to(target)
        for act in (
            lambda: fs.stat("/link"),
            lambda: [*fs.list("/link")],
            lambda: fs.read("/link"),
            lambda: fs.read("/link/secret"),
            lambda: fs.stat("/link/outside"),
            lambda: fs.write("/link/new", b""),
            lambda: fs.write("/link", b"", overwrite=True),
            lambda: fs.mkdir("/link/new"),
            lambda: fs.delete("/link/secret"),
            lambda: fs.rename("/real/secret", "/link/secret"),
        ):
            with pytest.raises(Unsupported, match="/link: a symbolic link") as caught:
                act()
            assert caught.value.filename == "/link"
        assert [entry.path for entry in fs.walk("/")] == ["/link", "/real/secret"]
        assert fs.delete("/link")
        assert (secret / "secret").read_bytes() == b"secret"

    def test_are_deleted_not_what_they_lead_to(self, fs, place, secret):
        (place / "a").mkdir()
        (place / "a" / "link").symlink_to(secret)
        assert fs.delete("/a", recursive=True)
        assert (secret / "secret").exists()

    def test_pipes_are_not_waited_for(self, fs, place):
        os.mkfifo(place / "pipe")
        assert names(fs, "/") == ["pipe"]
        with pytest.raises(Unsupported, match="neither a file nor a directory"):
            fs.read("/pipe")


ONLY_ON_A_SERVER = {
    "snapshots": {
        "snapshot allow /a": lambda fs: fs.allow_snapshots("/a"),
        "snapshot disallow /a": lambda fs: fs.disallow_snapshots("/a"),
        "snapshot create /a s1": lambda fs: fs.create_snapshot("/a", "s1"),
        "snapshot rename /a s1 s2": lambda fs: fs.rename_snapshot("/a", "s1", "s2"),
        "snapshot delete /a s1": lambda fs: fs.delete_snapshot("/a", "s1"),
        "snapshot list /a": lambda fs: fs.snapshots("/a"),
        "snapshot diff /a s1": lambda fs: fs.snapshot_diff("/a", "s1"),
    },
    "quotas": {
        "quota show /a": lambda fs: fs.quota("/a"),
        "quota set --files 9 /a": lambda fs: fs.set_quota("/a", 9, None),
        "quota clear /a": lambda fs: fs.set_quota("/a", None, None),
        "count -u /a": lambda fs: fs.quota("/a"),
    },
    "storage policies": {
        "policy list": lambda fs: fs.storage_policies(),
        "policy get /a": lambda fs: fs.storage_policy("/a"),
        "policy set COLD /a": lambda fs: fs.set_storage_policy("/a", "COLD"),
        "policy unset /a": lambda fs: fs.set_storage_policy("/a", None),
    },
}


class TestWhatOnlyAServerHas:
    @pytest.mark.parametrize(
        ("what", "command"),
        [(what, command) for what, acts in ONLY_ON_A_SERVER.items() for command in acts],
    )
    def test_is_refused_in_a_sentence(self, store, tools, what, command):
        store.mkdir("/a")
        with pytest.raises(Unsupported, match=f"^/a?: only an HDFS server has {what}, and file:"):
            ONLY_ON_A_SERVER[what][command](store)
        ran = tools(command)
        assert (ran.status, ran.stdout) == (1, b"")
        (sentence,) = ran.stderr.splitlines()
        assert f"only an HDFS server has {what}" in sentence
        assert "--url" in sentence

    def test_keeps_its_name(self, fs):
        fs.write("/a/b", b"1")
        with pytest.raises(InvalidPath, match="reserved name"):
            fs.mkdir("/a/.snapshot")
        with pytest.raises(NotFound, match="only an HDFS server has snapshots"):
            fs.read("/a/.snapshot/s1/b")
        assert not fs.exists("/a/.snapshot")


class TestAStoreOfAnEarlierVersion:
    """Its database has columns of quotas, policies and snapshots, and a table of snapshots."""

    COLUMNS = (
        *("is_folder", "owner", "group", "permission", "replication", "block_size", "identity"),
        *("modified", "accessed", "acl", "xattrs"),
        *("quota", "space_quota", "policy", "snapshottable"),
    )
    FOLDER = (1, "alice", "staff", 0o750, 0, 0, 77, None, 0, "user:bob:r-x", "{}", 3, 9, "COLD", 1)
    FILE = (0, "alice", "staff", 0o640, 2, 1 << 20, 0, None, 0, "", '{"user.a": "31"}') + (
        None,
    ) * 4

    @pytest.fixture
    def fs(self, place):
        hidden = place / ".hdfs-tools"
        for path in ("staged", "deleted", "snapshots/1/sub"):
            (hidden / path).mkdir(parents=True)
        (place / "a").mkdir()
        (place / "a" / "b").write_bytes(b"1")
        (hidden / "snapshots/1/b").write_bytes(b"kept")
        columns = ", ".join(f'"{name}"' for name in self.COLUMNS)
        with sqlite3.connect(hidden / "store.sqlite") as connection:
            for statement in (
                "CREATE TABLE store (superuser TEXT NOT NULL)",
                f"CREATE TABLE node (parent TEXT NOT NULL, name TEXT NOT NULL, {columns},"
                " PRIMARY KEY (parent, name)) WITHOUT ROWID",
                "CREATE TABLE snapshot (id TEXT PRIMARY KEY, folder TEXT NOT NULL,"
                " name TEXT NOT NULL, made REAL NOT NULL, UNIQUE (folder, name))",
                "CREATE TABLE step (kind TEXT, source TEXT, target TEXT, node TEXT)",
                "INSERT INTO store VALUES ('alice')",
                "INSERT INTO snapshot VALUES ('1', '/a', 's1', 5)",
            ):
                connection.execute(statement)
            for row in (
                ("", "a", *self.FOLDER),
                ("/a", "b", *self.FILE),
                ("/.hdfs-tools/snapshots", "1", *self.FOLDER),
                ("/.hdfs-tools/snapshots/1", "b", *self.FILE),
            ):
                connection.execute(f"INSERT INTO node VALUES ({', '.join('?' * 17)})", row)
        connection.close()
        return EmbeddedStore(str(place), "alice")

    def test_opens_with_all_that_is_still_known(self, fs):
        folder, file = fs.stat("/a"), fs.stat("/a/b")
        assert (folder.owner, folder.group, folder.permission) == ("alice", "staff", 0o750)
        assert fs.acl("/a").entries == ("user:bob:r-x",)
        assert (file.replication, file.block_size, file.permission) == (2, 1 << 20, 0o640)
        assert fs.xattrs("/a/b") == {"user.a": b"1"}
        summary = fs.content_summary("/a")
        assert (summary.directories, summary.files, summary.space) == (1, 1, 2)
        assert summary.quota is None

    def test_is_changed(self, fs):
        for number in range(9):  # more than the quota was
            fs.write(f"/a/{number}", b"1")
        fs.chmod("/a/b", 0o600)
        fs.rename("/a", "/c")  # that it has a snapshot keeps it no longer
        assert fs.stat("/c/b").permission == 0o600
        assert fs.stat("/c").group == "staff"
        assert fs.delete("/c", recursive=True)

    def test_keeps_the_bytes_of_its_snapshots_out_of_sight(self, fs, place):
        assert names(fs, "/a") == ["b"]
        fs.delete("/a", recursive=True)
        EmbeddedStore(str(place), "alice")
        assert (place / ".hdfs-tools/snapshots/1/b").read_bytes() == b"kept"

    def test_with_half_a_snapshot(self, fs, place):
        (place / ".hdfs-tools/staged/2/sub").mkdir(parents=True)
        assert names(EmbeddedStore(str(place), "alice"), "/a") == ["b"]
        assert [*(place / ".hdfs-tools" / "staged").iterdir()] == []

    def test_that_was_killed_while_it_made_a_folder(self, fs, place):
        (place / "new").mkdir()
        with sqlite3.connect(place / ".hdfs-tools" / "store.sqlite") as connection:
            connection.execute(
                "INSERT INTO step VALUES ('make', '', '/new', ?)", (json.dumps(self.FOLDER),)
            )
        connection.close()
        found = EmbeddedStore(str(place), "alice").stat("/new")
        assert (found.group, found.permission) == ("staff", 0o750)


class TestInterruptedSteps:
    """Each step as a kill leaves it: noted, and done in the tree or not."""

    @pytest.fixture
    def interrupted(self, fs, place):
        def step(kind, source, target, like=None):
            """Note a step; `like` is the path of a file whose row the new one gets."""
            with sqlite3.connect(place / ".hdfs-tools" / "store.sqlite") as connection:
                row = "null"
                if like is not None:
                    with fs._look(like) as view:
                        row = json.dumps(view.chain(like).existing().node.row())
                connection.execute(
                    "INSERT INTO step VALUES (?, ?, ?, ?)", (kind, source, target, row)
                )
            connection.close()

        return step

    def test_a_renaming_that_was_done(self, fs, place, interrupted):
        fs.write("/a/b", b"1", permission=0o600)
        interrupted("move", "/a", "/c")
        (place / "a").rename(place / "c")
        assert fs.stat("/c/b").permission == 0o600
        assert not fs.exists("/a")

    def test_a_renaming_that_was_not(self, fs, interrupted):
        fs.write("/a/b", b"1", permission=0o600)
        interrupted("move", "/a", "/c")
        assert fs.stat("/a/b").permission == 0o600
        assert not fs.exists("/c")

    def test_a_file_that_was_put_in_its_place(self, fs, place, interrupted):
        fs.write("/like", b"1", permission=0o600)
        (place / ".hdfs-tools" / "staged" / "x").write_bytes(b"new")
        interrupted("put", "/.hdfs-tools/staged/x", "/a", like="/like")
        os.link(place / ".hdfs-tools" / "staged" / "x", place / "a")
        assert fs.stat("/a").permission == 0o600
        assert fs.read("/a") == b"new"
        assert [*(place / ".hdfs-tools" / "staged").iterdir()] == []

    def test_a_file_that_was_not_put_in_its_place(self, fs, place, interrupted):
        fs.write("/like", b"1", permission=0o600)
        fs.write("/a", b"old", permission=0o640)
        (place / ".hdfs-tools" / "staged" / "x").write_bytes(b"new")
        interrupted("put", "/.hdfs-tools/staged/x", "/a", like="/like")
        assert fs.stat("/a").permission == 0o640
        assert fs.read("/a") == b"old"
        again = EmbeddedStore(str(place))
        assert [*(place / ".hdfs-tools" / "staged").iterdir()] == []
        assert again.read("/a") == b"old"

    def test_a_deletion_that_was_done(self, fs, place, interrupted):
        fs.write("/a/b", b"1", permission=0o600)
        interrupted("drop", "/a", "/.hdfs-tools/deleted/x")
        (place / "a").rename(place / ".hdfs-tools" / "deleted" / "x")
        (place / "a").mkdir()
        (place / "a" / "b").write_bytes(b"2")
        (place / "a").rename(place / "moved")
        assert not fs.exists("/a/b")
        EmbeddedStore(str(place))
        assert [*(place / ".hdfs-tools" / "deleted").iterdir()] == []

    def test_a_folder_that_was_made(self, fs, place, interrupted):
        fs.mkdir("/like", 0o700)
        interrupted("make", "", "/a", like="/like")
        (place / "a").mkdir()
        assert stat.filemode(stat.S_IFDIR | fs.stat("/a").permission) == "drwx------"


def test_what_is_known_lies_in_one_database(fs, place):
    fs.write("/a", b"1")
    hidden = Path(place, ".hdfs-tools")
    assert {path.name for path in hidden.iterdir()} - {"store.sqlite-wal", "store.sqlite-shm"} == {
        "deleted",
        "gate",
        "lock",
        "room",
        "staged",
        "store.sqlite",
    }
