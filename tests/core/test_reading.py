"""How a map task reads its images."""

import threading
import time

import pytest

from hdfs_tools.record import Record, Reference
from mapreduce_jobs.core import reading
from mapreduce_jobs.core.reading import noted, read_ahead


@pytest.fixture
def slow_storage(monkeypatch):
    """HDFS whose reads take a while; returns how many went on at the same time at most."""
    lock, state = threading.Lock(), {"now": 0, "most": 0}

    def read(reference):
        with lock:
            state["now"] += 1
            state["most"] = max(state["most"], state["now"])
        time.sleep(0.02)
        with lock:
            state["now"] -= 1
        if "broken" in reference.location:
            raise FileNotFoundError(2, "No such file or directory")
        return reference.location.encode()

    monkeypatch.setattr(Reference, "_read_from_hdfs", read)
    return state


def test_images_on_hdfs_are_read_at_the_same_time_and_stay_in_order(slow_storage):
    names = [f"hdfs:///data/{i}" for i in range(20)]
    items = [(name, Reference(name)) for name in names]
    items.insert(3, ("record", Record("record", b"QUJD")))
    read = [(name, item.read()) for name, item in read_ahead(items)]
    assert [name for name, _ in read] == [name for name, _ in items]
    assert dict(read)["record"] == b"ABC"
    assert all(data == name.encode() for name, data in read if name != "record")
    assert 2 <= slow_storage["most"] <= 4


def test_large_images_are_read_one_at_a_time(slow_storage, monkeypatch):
    monkeypatch.setattr(reading, "_LARGE", 3)
    items = [(str(i), Reference(f"hdfs:///data/{i}")) for i in range(12)]
    for number, (_, item) in enumerate(read_ahead(items)):
        item.read()
        if number == 6:  # what had begun before the first was known to be large has ended
            slow_storage["most"] = 0
    assert slow_storage["most"] == 1


def test_an_image_that_cannot_be_read_raises_at_its_turn(slow_storage):
    items = [(n, Reference(f"hdfs:///data/{n}")) for n in ("a", "broken", "c")]
    read = list(read_ahead(items))
    assert read[0][1].read() == b"hdfs:///data/a"
    with pytest.raises(FileNotFoundError):
        read[1][1].read()
    assert read[2][1].read() == b"hdfs:///data/c"


def test_what_a_task_is_at_is_noted(tmp_path):
    items = [("a\nlong name", Record("a\nlong name", b"")), ("b", Reference("hdfs:///data/./b"))]
    environ = {"LOG_DIRS": f"{tmp_path},/other", "mapreduce_map_input_file": "hdfs:///x.bundle"}
    notes = [(tmp_path / "image").read_text() for _ in noted(items, environ)]
    assert notes == ["a%0Along name\thdfs:///x.bundle", "b\thdfs:///data/./b"]
    assert (tmp_path / "image").read_text() == ""


def test_nothing_is_noted_where_there_is_no_yarn(tmp_path):
    assert list(noted([("a", Reference("a"))], {})) == [("a", Reference("a"))]
