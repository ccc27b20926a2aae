"""One JSON line a key."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hdfs_tools.bundles.failure import Failure
from mapreduce_jobs.core.job_errors import UnwritableResult
from mapreduce_jobs.core.results.protocols import JSONLineProtocol, TaskLineProtocol

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)  # fmt: skip


@pytest.mark.parametrize("protocol", [JSONLineProtocol(), TaskLineProtocol()])
@given(st.text(), values)
def test_what_is_written_is_read(protocol, key, value):
    line = protocol.write(key, value)
    assert b"\n" not in line
    assert line.count(b"\t") == 1
    assert protocol.read(line) == (key, value)


def test_a_name_that_is_not_utf_8_survives():
    line = JSONLineProtocol().write("a\udcff", 1)
    assert json.loads(line.split(b"\t")[0].decode()) == "a\udcff"


@pytest.mark.parametrize("number", [float("nan"), float("inf")])
def test_numbers_are_finite(number):
    with pytest.raises(UnwritableResult, match=r"^key: density: (nan|inf) is not finite$"):
        JSONLineProtocol().write("key", {"density": number})


@given(st.text(), st.text(), st.text())
def test_between_tasks_a_failure_is_told_from_a_measure_with_its_fields(key, error, message):
    protocol, failure = TaskLineProtocol(), Failure(error, message)
    lines = [protocol.write(key, failure), protocol.write(key, failure.to_json())]
    assert list(map(protocol.read, lines)) == [(key, failure), (key, failure.to_json())]
    assert JSONLineProtocol().write(key, failure) == lines[1]
