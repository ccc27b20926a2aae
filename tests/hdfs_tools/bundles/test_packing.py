"""pack and unpack: from archives, to parts, on HDFS (here: its embedded form), by an index."""

import io
import os
import tarfile
import zipfile

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hdfs_tools import connect
from hdfs_tools.bundles.bundle_index import members, read_member, splits
from hdfs_tools.bundles.packing import pack
from hdfs_tools.bundles.record import bundle_line
from hdfs_tools.bundles.unpacking import unpack
from hdfs_tools.cli import main
from hdfs_tools.errors import CorruptRecord, NotFound, TransferFailed, UnsafeName
from hdfs_tools.location import Location
from hdfs_tools.streams import pieces_of
from tests.support import write_tree

IMAGES = {"a.png": b"one", "ct/1.dcm": bytes(range(256)), "ct/胸 部.dcm": b"\n\t%", "empty": b""}


# Types of members of a TAR.
HARD_LINK, SYMBOLIC_LINK, DIRECTORY = "1", "2", "5"


@pytest.fixture
def scans(tmp_path, tree):
    tree(tmp_path / "scans", IMAGES)
    return tmp_path / "scans"


@pytest.fixture
def hdfs(tmp_path, monkeypatch):
    """What hdfs: URIs stand for."""
    monkeypatch.setenv("HDFS_URL", f"file://{tmp_path}/store")
    return connect()


def read(folder):
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def make_tar(path, entries, mode="w"):
    with tarfile.open(path, mode) as archive:
        for name, data in entries:
            info = tarfile.TarInfo(name)
            if isinstance(data, bytes):
                info.size = len(data)
                archive.addfile(info, io.BytesIO(data))
            else:
                info.type, info.linkname = data.encode(), "/etc/passwd"
                archive.addfile(info)


class TestOnHDFS:
    def test_a_folder_goes_there_and_comes_back(self, scans, hdfs, tmp_path):
        assert pack(scans, "hdfs:///data/scans.bundle") == 4
        assert unpack("hdfs:///data/scans.bundle", tmp_path / "copy") == 4
        assert read(tmp_path / "copy") == IMAGES

    def test_from_hdfs_to_hdfs(self, scans, hdfs):
        hdfs.copy_from_local(scans, "/scans")
        assert pack("hdfs:///scans", "hdfs:///all.bundle") == 4
        assert unpack("hdfs:///all.bundle", "hdfs:///copy") == 4
        stored = {found.path.removeprefix("/copy/"): hdfs.read(found.path)
                  for found in hdfs.walk("/copy")}  # fmt: skip
        assert stored == IMAGES

    def test_globs_and_several_sources(self, scans, hdfs, tmp_path):
        hdfs.copy_from_local(scans, "/scans")
        assert pack(["hdfs:///scans/c*", str(scans / "a*")], tmp_path / "x.bundle") == 3
        assert {member.name for member in members(Location.of(tmp_path / "x.bundle"))} == {
            "1.dcm",
            "胸 部.dcm",
            "a.png",
        }
        with pytest.raises(NotFound, match="nothing matches"):
            pack("hdfs:///scans/z*", tmp_path / "y.bundle")

    def test_nothing_is_left_of_one_that_fails(self, scans, hdfs):
        os.mkfifo(scans / "pipe")
        with pytest.raises(TransferFailed, match="scans/pipe: a pipe"):
            pack(scans, "hdfs:///data/scans.bundle")
        assert list(hdfs.walk("/")) == []


class TestParts:
    def test_hold_all_images_in_order(self, tmp_path, tree):
        images = {f"{number:03d}.png": os.urandom(1000) for number in range(100)}
        tree(tmp_path / "many", images)
        assert pack(tmp_path / "many", tmp_path / "parts", size=20_000) == 100
        parts = sorted(name for name in os.listdir(tmp_path / "parts") if name[0] != ".")
        assert parts == [f"part-{number:05d}.bundle" for number in range(len(parts))]
        sizes = [os.path.getsize(tmp_path / "parts" / part) for part in parts]
        assert all(20_000 <= size < 22_000 for size in sizes[:-1])
        for part in parts:
            unpack(tmp_path / "parts" / part, tmp_path / "copy")
        assert read(tmp_path / "copy") == images

    def test_appear_all_at_once_or_not_at_all(self, tmp_path, tree, hdfs):
        tree(tmp_path / "many", {f"{number}.png": os.urandom(100) for number in range(50)})
        (tmp_path / "many/zz").symlink_to("nowhere")
        for target in (str(tmp_path / "parts"), "hdfs:///parts"):
            with pytest.raises(TransferFailed):
                pack(tmp_path / "many", target, size=500)
        assert os.listdir(tmp_path / "many/..") == ["store", "many"] or not list(hdfs.walk("/"))
        assert not (tmp_path / "parts").exists()

    def test_of_nothing_are_one_that_is_empty(self, tmp_path):
        (tmp_path / "nothing").mkdir()
        assert pack(tmp_path / "nothing", tmp_path / "parts", size=1000) == 0
        assert (tmp_path / "parts/part-00000.bundle").read_bytes() == b""


class TestArchives:
    @pytest.mark.parametrize("name", ["x.zip", "x.tar", "x.tar.gz", "x.tgz", "x.tar.bz2", "x.TAR"])
    def test_are_read_as_folders_are(self, name, tmp_path, hdfs):
        path = tmp_path / name
        if name.endswith("zip"):
            with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
                archive.mkdir("ct") if hasattr(archive, "mkdir") else None
                for member, data in IMAGES.items():
                    archive.writestr(member, data)
        else:
            compression = {"gz": "gz", "tgz": "gz", "bz2": "bz2"}.get(name.rpartition(".")[2], "")
            make_tar(path, [("./ct", DIRECTORY), *IMAGES.items()], f"w:{compression}")
        hdfs.copy_from_local(path, f"/{name}")
        for source in (path, f"hdfs:///{name}"):
            (tmp_path / "y.bundle").unlink(missing_ok=True)
            assert pack(source, tmp_path / "y.bundle") == 4
        unpack(tmp_path / "y.bundle", tmp_path / "copy")
        assert read(tmp_path / "copy") == IMAGES

    def test_names_and_links_that_lead_out_are_refused_and_named(self, tmp_path):
        entries = [
            ("good.png", b"1"),
            ("../up.png", b"2"),
            ("/etc/cron", b"3"),
            ("C:\\x", b"4"),
            ("link", SYMBOLIC_LINK),
            ("hard", HARD_LINK),
        ]
        make_tar(tmp_path / "bad.tar", entries)
        with pytest.raises(TransferFailed) as failed:
            pack(tmp_path / "bad.tar", tmp_path / "y.bundle")
        assert [path.partition("bad.tar/")[2] for path, _ in failed.value.failures] == [
            name for name, _ in entries[1:]
        ]
        assert not (tmp_path / "y.bundle").exists()

    def test_that_are_damaged(self, tmp_path):
        make_tar(tmp_path / "x.tar", [("a", bytes(50_000)), ("b", bytes(50_000))])
        whole = (tmp_path / "x.tar").read_bytes()
        (tmp_path / "cut.tar").write_bytes(whole[:60_000])
        (tmp_path / "not.zip").write_bytes(b"no archive")
        (tmp_path / "not.tar").write_bytes(b"no archive")
        for name in ("cut.tar", "not.zip", "not.tar"):
            with pytest.raises(Exception, match=r"damaged|ends in it|unexpected end"):
                pack(tmp_path / name, tmp_path / "y.bundle")
            assert not (tmp_path / "y.bundle").exists()


class TestIndex:
    def test_tells_what_is_in_a_bundle(self, scans, tmp_path):
        pack(scans, tmp_path / "x.bundle")
        index = tmp_path / ".x.bundle.index"
        assert index.read_bytes().startswith(b"bundle-index 2 ")
        listed = {
            member.name: member.size for member in members(Location.of(tmp_path / "x.bundle"))
        }
        assert listed == {name: len(data) for name, data in IMAGES.items()}
        for name, data in IMAGES.items():
            assert b"".join(read_member(Location.of(tmp_path / "x.bundle"), name)) == data
        with pytest.raises(NotFound, match=r"x\.bundle/nothing"):
            read_member(Location.of(tmp_path / "x.bundle"), "nothing")

    @pytest.mark.parametrize("state", ["absent", "of another bundle", "garbage"])
    def test_is_made_anew(self, scans, tmp_path, state):
        pack(scans, tmp_path / "x.bundle")
        index = tmp_path / ".x.bundle.index"
        whole = index.read_bytes()
        if state == "absent":
            index.unlink()
        else:
            index.write_bytes(b"bundle-index 2 7 0\n" if state != "garbage" else b"\0\xff")
        assert (
            b"".join(read_member(Location.of(tmp_path / "x.bundle"), "ct/1.dcm"))
            == IMAGES["ct/1.dcm"]
        )
        assert index.read_bytes() == whole

    def test_of_another_bundle_of_the_same_size(self, tmp_path):
        for folder, names in {"one": "ab", "other": "ba"}.items():
            write_tree(tmp_path / folder, {name: f"{name}'s".encode() * 9 for name in names})
        pack([tmp_path / "one/a", tmp_path / "one/b"], tmp_path / "x.bundle")
        pack([tmp_path / "other/b", tmp_path / "other/a"], tmp_path / "y.bundle")
        time = os.stat(tmp_path / "x.bundle").st_mtime_ns
        os.replace(tmp_path / "y.bundle", tmp_path / "x.bundle")
        assert unpack(tmp_path / "x.bundle", tmp_path / "copy", ["a"]) == 1
        assert read(tmp_path / "copy") == {"a": b"a's" * 9}
        # Also of the same time, it hands out no other image.
        os.unlink(tmp_path / ".x.bundle.index")
        pack([tmp_path / "one/a", tmp_path / "one/b"], tmp_path / "z.bundle")
        os.utime(tmp_path / "z.bundle", ns=(time, time))
        os.utime(tmp_path / "x.bundle", ns=(time, time))
        list(members(Location.of(tmp_path / "x.bundle")))
        os.replace(tmp_path / "z.bundle", tmp_path / "x.bundle")
        with pytest.raises(CorruptRecord, match=r"delete .*/\.x\.bundle\.index$"):
            b"".join(read_member(Location.of(tmp_path / "x.bundle"), "a"))
        with pytest.raises(TransferFailed, match=r"a: .*delete .*\.index$"):
            unpack(tmp_path / "x.bundle", tmp_path / "again", ["a"])
        assert read(tmp_path / "again") == {}

    def test_where_a_name_leaves_no_room_for_its_own(self, scans, tmp_path):
        bundle = tmp_path / ("胸" * 82 + ".bundle")  # of 253 bytes
        assert pack(scans, bundle) == len(IMAGES)
        assert sum(name.endswith(".index") for name in os.listdir(tmp_path)) == 1
        assert b"".join(read_member(Location.of(bundle), "a.png")) == IMAGES["a.png"]

    def test_reads_no_more_than_it_must(self, scans, hdfs, monkeypatch):
        pack(scans, "hdfs:///x.bundle")
        asked = []
        chunks = type(hdfs).chunks
        monkeypatch.setattr(
            type(hdfs),
            "chunks",
            lambda fs, path, *at: asked.append((path, *at)) or chunks(fs, path, *at),
        )
        assert b"".join(read_member(Location.of("hdfs:///x.bundle"), "empty")) == b""
        assert [path for path, *_ in asked] == ["/.x.bundle.index", "/x.bundle"]
        assert asked[1][1] > 300  # behind all others

    def test_paths_into_a_bundle(self):
        assert list(splits("/a.bundle")) == []
        assert list(splits("/a.bundles/x")) == []
        assert list(splits("/part-00000/x")) == [("/part-00000", "x")]
        assert list(splits("/b.bundle/a.bundle/c/d.png")) == [
            ("/b.bundle", "a.bundle/c/d.png"),
            ("/b.bundle/a.bundle", "c/d.png"),
        ]

    def test_ls_and_cat_look_into_a_bundle(self, scans, hdfs, capfdbinary):
        pack(scans, "hdfs:///data.bundle/scans.bundle")  # in a folder that is called so
        bundle = "/data.bundle/scans.bundle"
        assert main(["ls", "-C", f"{bundle}/"]) == 0
        listed = capfdbinary.readouterr().out.decode().splitlines()
        assert sorted(listed) == sorted(f"{bundle}/{name}" for name in IMAGES)
        assert main(["ls", f"{bundle}/ct"]) == 0
        assert capfdbinary.readouterr().out.count(b"\n") == 2
        assert main(["cat", f"{bundle}/a.png", f"hdfs://{bundle}/ct/1.dcm"]) == 0
        assert capfdbinary.readouterr().out == IMAGES["a.png"] + IMAGES["ct/1.dcm"]
        for command in ("ls", "cat"):
            assert main([command, f"{bundle}/nothing"]) == 1
            said = capfdbinary.readouterr().err.decode()
            assert said == f"hdfs-tools {command}: {bundle}/nothing: No such file or directory\n"

    def test_chosen_images_are_unpacked(self, scans, tmp_path):
        pack(scans, tmp_path / "x.bundle")
        with pytest.raises(TransferFailed, match="nothing: no image of"):
            unpack(tmp_path / "x.bundle", tmp_path / "copy", ["ct/1.dcm", "nothing"])
        assert read(tmp_path / "copy") == {"ct/1.dcm": IMAGES["ct/1.dcm"]}


class TestLargeImages:
    """Of those that are not held in memory; here these are small."""

    @pytest.fixture(autouse=True)
    def small_memory(self, monkeypatch):
        for module in ("bundle_index", "packing", "unpacking"):
            monkeypatch.setattr(f"hdfs_tools.bundles.{module}.IN_MEMORY", 100)

    @given(st.lists(st.binary(max_size=400), max_size=6))
    @settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)
    def test_there_and_back(self, tmp_path_factory, contents):
        here = tmp_path_factory.mktemp("large")
        images = {str(number): data for number, data in enumerate(contents)}
        write_tree(here / "scans", images)
        (here / "scans").mkdir(exist_ok=True)
        assert pack(here / "scans", here / "x.bundle") == len(images)
        expected = b"".join(bundle_line(name, data) for name, data in sorted(images.items()))
        assert (here / "x.bundle").read_bytes() == expected
        assert unpack(here / "x.bundle", here / "copy") == len(images)
        assert read(here / "copy") == images
        index = here / ".x.bundle.index"
        written = index.read_bytes()
        index.unlink()
        assert {m.name: m.size for m in members(Location.of(here / "x.bundle"))} == {
            name: len(data) for name, data in images.items()
        }
        assert index.read_bytes() == written

    def test_that_are_damaged_are_named(self, tmp_path):
        good, bad = bundle_line("good", b"x" * 300), bytearray(bundle_line("bad", b"y" * 300))
        bad[250] = ord("!")
        (tmp_path / "x.bundle").write_bytes(bad + good)
        with pytest.raises(TransferFailed, match=r"bad: .*damaged"):
            unpack(tmp_path / "x.bundle", tmp_path / "copy")
        assert read(tmp_path / "copy") == {"good": b"x" * 300}

    def test_that_grow_while_they_are_packed(self, tmp_path, monkeypatch):
        (tmp_path / "growing").write_bytes(b"x" * 300)

        def grows(file, path):
            for piece in pieces_of(file, path):
                with open(path, "ab") as more:
                    more.write(b"y")
                yield piece

        monkeypatch.setattr("hdfs_tools.bundles.packing.pieces_of", grows)
        with pytest.raises(TransferFailed, match="growing: it changed while it was read"):
            pack(tmp_path / "growing", tmp_path / "x.bundle")
        assert os.listdir(tmp_path) == ["growing"]


def test_what_is_sent_again_is_in_a_bundle_once(hdfs, tmp_path, monkeypatch):
    images = {f"{number}": bytes([number]) * 500 for number in range(9)}
    write_tree(tmp_path / "scans", images)
    write = type(hdfs).write

    def breaks_off(fs, path, source, **options):
        if not isinstance(source, bytes):
            next(iter(source()))  # as much as was sent before the connection broke
        return write(fs, path, source, **options)

    monkeypatch.setattr(type(hdfs), "write", breaks_off)
    assert pack(tmp_path / "scans", "hdfs:///parts", size=1500) == len(images)
    parts = [part.path for part in hdfs.walk("/parts") if part.path.endswith(".bundle")]
    assert len(parts) > 2
    lines = b"".join(map(hdfs.read, parts)).splitlines()
    assert [line.partition(b"\t")[0].decode() for line in lines] == list(images)


def test_a_line_that_is_no_record_is_told_in_a_few_words(tmp_path):
    (tmp_path / "x.bundle").write_bytes(b"a" * 3_000_000 + b"\n" + bundle_line("b", b"B"))
    with pytest.raises(TransferFailed) as failed:
        unpack(tmp_path / "x.bundle", tmp_path / "copy")
    ((name, error),) = failed.value.failures
    assert (len(name), str(error)) == (80, "not a record: 3000000 bytes without a TAB")
    assert read(tmp_path / "copy") == {"b": b"B"}


def test_a_bundle_has_a_name_that_jobs_know(scans, tmp_path):
    with pytest.raises(UnsafeName, match=r"ends with \.bundle"):
        pack(scans, tmp_path / "more.zip")
    assert not (tmp_path / "more.zip").exists()


def test_one_bad_image_does_not_keep_the_others(tmp_path):
    (tmp_path / "x.bundle").write_bytes(b"a\tQQ==\nb\t!!!!\n../c\tQQ==\nd\tRA==\n")
    with pytest.raises(TransferFailed) as failed:
        unpack(tmp_path / "x.bundle", tmp_path / "copy")
    assert sorted(name for name, _ in failed.value.failures) == ["../c", "b"]
    assert read(tmp_path / "copy") == {"a": b"A", "d": b"D"}
