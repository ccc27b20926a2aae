"""One JSON line a key."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mapreduce_jobs.core.protocols import JSONLineProtocol

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)  # fmt: skip


@given(st.text(), values)
def test_what_is_written_is_read(key, value):
    protocol = JSONLineProtocol()
    line = protocol.write(key, value)
    assert b"\n" not in line
    assert line.count(b"\t") == 1
    assert protocol.read(line) == (key, value)


def test_a_name_that_is_not_utf_8_survives():
    line = JSONLineProtocol().write("a\udcff", 1)
    assert json.loads(line.split(b"\t")[0].decode()) == "a\udcff"


@pytest.mark.parametrize("number", [float("nan"), float("inf")])
def test_numbers_are_finite(number):
    with pytest.raises(ValueError, match="JSON"):
        JSONLineProtocol().write("key", {"density": number})
