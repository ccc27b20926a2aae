"""How a map task reads its images."""

import io
import threading
import time

import pytest

from hdfs_tools import connecting
from hdfs_tools.bundles.record import Record, Reference
from mapreduce_jobs.core.inputs import image_reader
from mapreduce_jobs.core.inputs.image_reader import Item, noted, read_ahead


class SlowStorage:
    """A file system whose reads take a while; knows how many went on at the same time at most."""

    def __init__(self):
        self._lock, self._now, self.most = threading.Lock(), 0, 0

    def read(self, path):
        with self._lock:
            self._now += 1
            self.most = max(self.most, self._now)
        time.sleep(0.02)
        with self._lock:
            self._now -= 1
        if "broken" in path:
            raise FileNotFoundError(2, "No such file or directory")
        return path.encode()

    def open(self, path):
        return io.BufferedReader(io.BytesIO(self.read(path)))


@pytest.fixture
def slow_storage(monkeypatch):
    storage = SlowStorage()
    monkeypatch.setattr(connecting, "locate", lambda uri: storage)
    monkeypatch.setattr("hdfs_tools.bundles.record.open_ranges", SlowStorage.open)
    return storage


def on_hdfs(*names):
    return [(name, Item(Reference(f"hdfs:///data/{name}"))) for name in names]


def opened(item):
    with item.open() as file:
        return file.read()


def whole(item):
    return item.read()


@pytest.mark.parametrize(("headers", "read"), [(False, whole), (False, opened), (True, opened)])
class TestAhead:
    def test_images_on_hdfs_are_read_at_the_same_time_and_stay_in_order(
        self, slow_storage, headers, read
    ):
        items = on_hdfs(*map(str, range(20)))
        items.insert(3, ("record", Item(Record("record", b"QUJD"))))
        found = [(name, read(item)) for name, item in read_ahead(items, headers)]
        assert [name for name, _ in found] == [name for name, _ in items]
        assert dict(found)["record"] == b"ABC"
        assert all(data == f"/data/{name}".encode() for name, data in found if name != "record")
        assert 2 <= slow_storage.most <= 4

    def test_an_image_that_cannot_be_read_raises_at_its_turn(self, slow_storage, headers, read):
        items = [item for _, item in read_ahead(on_hdfs("a", "broken", "c"), headers)]
        assert read(items[0]) == b"/data/a"
        with pytest.raises(FileNotFoundError):
            read(items[1])
        assert read(items[2]) == b"/data/c"


def test_large_images_are_read_one_at_a_time(slow_storage, monkeypatch):
    monkeypatch.setattr(image_reader, "_LARGE", 3)
    for number, (_, item) in enumerate(read_ahead(on_hdfs(*map(str, range(12))))):
        item.read()
        if number == 6:  # what had begun before the first was known to be large has ended
            slow_storage.most = 0
    assert slow_storage.most == 1


def test_what_has_been_read_is_not_read_again(slow_storage):
    (_, first), (_, second) = read_ahead(read_ahead(on_hdfs("a", "b")))
    assert (first.read(), second.read()) == (b"/data/a", b"/data/b")
    failed = Item(Reference("hdfs:///data/c"), error=ValueError("no header"))
    ((_, item),) = read_ahead([("c", failed)])
    for read in (whole, opened):
        with pytest.raises(ValueError, match="no header"):
            read(item)


def test_what_a_task_is_at_is_noted(tmp_path):
    items = [
        ("a\nlong name", Item(Record("a\nlong name", b""))),
        ("b", Item(Reference("hdfs:///data/./b"))),
    ]
    environ = {"LOG_DIRS": f"{tmp_path},/other", "mapreduce_map_input_file": "hdfs:///x.bundle"}
    notes = [(tmp_path / "image").read_text() for _ in noted(items, environ)]
    assert notes == ["a%0Along name\thdfs:///x.bundle", "b\thdfs:///data/./b"]
    assert (tmp_path / "image").read_text() == ""


def test_nothing_is_noted_where_there_is_no_yarn(tmp_path):
    items = [("a", Item(Reference("a")))]
    assert list(noted(items, {})) == items
