"""The checksum of a collection: of names and bytes, in any order, in any parts."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hdfs_tools.bundles.record import Record
from hdfs_tools.errors import ReadFailed
from mapreduce_jobs.core.inputs.image_reader import Item
from mapreduce_jobs.core.inputs.input_sums import InputSums

names = st.text(max_size=5)
images = st.lists(st.tuples(names, st.binary(max_size=5)), max_size=8)


def sums_of(pairs):
    sums = InputSums()
    for name, data in pairs:
        sums.add(name, data)
    return sums


def test_as_the_docstring_says():
    entries = [b"5 3\na.pngABC", b"6 error\n\xc3\xa9.pngEmptyFile"]
    words = []
    for entry in entries:
        digest = hashlib.sha256(entry).digest()
        words.append([int.from_bytes(digest[i : i + 4], "big") for i in range(0, 32, 4)])
    text = "2 " + " ".join(str(one + other) for one, other in zip(*words, strict=True))
    expected = hashlib.sha256(text.encode()).hexdigest()
    broken = ReadFailed("EmptyFile", "the file is empty")
    assert sums_of([("a.png", b"ABC"), ("é.png", broken)]).checksum() == expected


@given(images, st.randoms(use_true_random=False))
def test_neither_the_order_nor_the_parts_matter(pairs, random):
    whole = sums_of(pairs).checksum()
    shuffled = random.sample(pairs, len(pairs))
    cut = random.randint(0, len(pairs))
    counters: dict[str, int] = {}
    for part in (shuffled[:cut], shuffled[cut:]):  # as two tasks report
        for name, amount in sums_of(part).counters():
            counters[name] = counters.get(name, 0) + amount
    assert InputSums.of_counters(counters).checksum() == whole


@given(images, images)
def test_other_images_have_another_checksum(one, other):
    same = sorted(one) == sorted(other)
    assert (sums_of(one).checksum() == sums_of(other).checksum()) == same


def test_an_image_counts_once_however_often_it_is_read():
    sums = InputSums()
    for _, item in sums.of_items(
        [("a", Item(Record("a", b"QUJD"))), ("b", Item(Record("b", b"")))]
    ):
        if item.source.name == "a":
            assert item.read() == item.read() == b"ABC"
    assert sums.number == 1  # b was never read
    assert sums.checksum() == sums_of([("a", b"ABC")]).checksum()


def test_one_that_cannot_be_read_counts_by_its_error():
    sums = InputSums()
    for _, item in sums.of_items([("a", Item(Record("a", b"?")))]):
        with pytest.raises(Exception, match="base64") as raised:
            item.read()
    assert sums.checksum() == sums_of([("a", raised.value)]).checksum()
    assert sums.checksum() != sums_of([("a", ReadFailed("Other", ""))]).checksum()


def test_one_whose_header_is_broken_counts_by_its_bytes():
    sums = InputSums()
    broken = Item(Record("a", b"QUJD"), error=ValueError("no header"))
    for _, item in sums.of_items([("a", broken)]):
        with pytest.raises(ValueError, match="no header"):
            item.read()
    assert sums.checksum() == sums_of([("a", b"ABC")]).checksum()


def test_files_count_by_their_bytes_alone(tmp_path):
    checksums = set()
    for name in ("a.txt", "b.txt"):
        (tmp_path / name).write_bytes(b"words\n" * 400_000)
        sums = InputSums()
        sums.add_file(str(tmp_path / name))
        checksums.add(sums.checksum())
    assert len(checksums) == 1
