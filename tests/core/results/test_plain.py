"""What jobs return becomes what JSON holds, or an error that names the part that does not."""

import json
from collections import OrderedDict
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis.extra import numpy as arrays

from mapreduce_jobs.core.job_errors import UnwritableResult
from mapreduce_jobs.core.results.plain_values import plain, plain_result

NUMBERS = arrays.boolean_dtypes() | arrays.integer_dtypes() | arrays.unsigned_integer_dtypes()
FLOATS = arrays.floating_dtypes(sizes=(16, 32, 64))


@given(arrays.arrays(NUMBERS | FLOATS, arrays.array_shapes(min_dims=0, max_dims=3, max_side=3)))
def test_arrays_are_lists_of_the_same_numbers(values):
    finite = np.nan_to_num(values)
    found = json.loads(json.dumps(plain({"values": finite})))["values"]
    assert found == finite.tolist()
    assert plain([*finite.flat]) == finite.ravel().tolist()


def test_values_that_json_takes_stay_as_they_are():
    value = {"a": [1, 2.5, None, True, "x"], "b": {"c": (1, 2)}}
    assert plain(value) is value


def test_the_order_of_fields_stays():
    found = plain(OrderedDict(b=np.int8(1), a=np.int64(2)))
    assert list(found.items()) == [("b", 1), ("a", 2)]


def test_numbers_as_names_of_fields():
    assert json.dumps(plain({np.int64(3): np.float64(1)})) == '{"3": 1.0}'


def test_numbers_beyond_float64_of_extended_precision():
    assert plain([np.longdouble(0.25)]) == [0.25]
    with pytest.raises(UnwritableResult, match=r"^\[0\]: inf is not finite"):
        plain([np.longdouble("1e4000")])


def circle():
    value = {}
    value["itself"] = value
    return value


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ({"a": np.array([1, np.nan])}, r"a\[1\]: nan is not finite"),
        ({"a": {"b": [0, np.float32("-inf")]}}, r"a\.b\[1\]: -inf is not finite"),
        ({"a": {1, 2}}, "a: a set is nothing that JSON holds"),
        ({"a": b"bytes"}, "a: a bytes is nothing"),
        ({"a": 1j}, "a: a complex is nothing"),
        ({"a": np.array([1j])}, r"a\[0\]: a complex128 is nothing"),
        ({"a": np.datetime64("2026-01-01")}, "a: a datetime64 is nothing"),
        ({"a": Fraction(1, 3)}, "a: a Fraction is nothing"),
        ({"a": {(1, 2): 3}}, "a: a tuple cannot be the name of a field"),
        (circle(), "JSON cannot hold it: "),
        ({"a": [10**5000]}, "JSON cannot hold it: Exceeds the limit"),
    ],
)
def test_what_json_does_not_hold_is_named(value, message):
    with pytest.raises(UnwritableResult, match=f"^{message}"):
        plain(value)


def test_a_result_that_would_be_read_as_a_failure_is_refused():
    assert plain_result({"error": 2, "message": "any"}) == {"error": 2, "message": "any"}
    assert plain_result({"error": "any"}) == {"error": "any"}
    with pytest.raises(UnwritableResult, match="would be read as a failure"):
        plain_result({"message": "any", "error": "any"})
