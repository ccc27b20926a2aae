"""Summaries of many numbers: exact, mergeable in any order, and right to one percent."""

import json
import math
import statistics

import numpy as np
import pytest
from ddsketch import DDSketch
from hypothesis import given
from hypothesis import strategies as st

from mapreduce_jobs.estimation.quantiles import RELATIVE_ERROR, Quantiles, Summary

SHARES = (0.0, 0.05, 0.25, 0.5, 0.75, 0.95, 1.0)
NUMBERS = st.lists(st.floats(-1e280, 1e280), max_size=30)


def text_of(summary):
    return json.dumps(summary.to_json(), allow_nan=False)


@pytest.fixture(params=["normal", "lognormal", "negative", "few"])
def numbers(request):
    rng = np.random.default_rng(5)
    made = {
        "normal": rng.normal(0, 30, 1000),
        "lognormal": rng.lognormal(0, 5, 1000),
        "negative": -rng.exponential(2, 501),
        "few": np.array([0.0, -3.0, 0.0, 7.5]),
    }
    return made[request.param].tolist()


class TestQuantiles:
    @pytest.mark.parametrize("share", SHARES)
    def test_those_of_numpy_within_the_relative_error(self, numbers, share):
        expected = np.quantile(numbers, share, method="lower")
        found = Summary.of(numbers).quantile(share)
        assert found == pytest.approx(expected, rel=RELATIVE_ERROR * (1 + 1e-9))
        assert min(numbers) <= found <= max(numbers)

    @pytest.mark.parametrize("share", SHARES)
    def test_those_of_the_library_itself(self, numbers, share):
        ours, theirs = Quantiles(), DDSketch(RELATIVE_ERROR)
        for number in numbers:
            ours.add(number)
            theirs.add(number)
        assert ours.quantile(share) == theirs.get_quantile_value(share)
        assert Quantiles.from_json(ours.to_json()).quantile(share) == ours.quantile(share)


@given(NUMBERS, st.randoms(use_true_random=False), st.integers(0, 30))
def test_the_same_bytes_in_any_order_and_through_any_merges(numbers, random, cut):
    expected = text_of(Summary.of(numbers))
    shuffled = random.sample(numbers, len(numbers))
    parts = [Summary.of(shuffled[:cut]), Summary.of(shuffled[cut:])]
    merged = parts[0] + parts[1]
    assert text_of(merged) == text_of(parts[1] + parts[0]) == expected
    assert text_of(Summary.from_json(json.loads(expected))) == expected
    one_by_one = sum((Summary.of([number]) for number in shuffled), Summary.of([]))
    assert text_of(one_by_one) == expected


# Before Python 3.11, statistics computes squares in floats.
@given(st.lists(st.floats(-1e150, 1e150), min_size=1, max_size=30))
def test_moments_are_those_of_the_standard_library(numbers):
    summary = Summary.of(numbers)
    assert summary.mean == statistics.mean(numbers)
    assert (summary.least, summary.greatest) == (min(numbers), max(numbers))
    deviation = summary.standard_deviation
    assert deviation == pytest.approx(statistics.pstdev(numbers), rel=1e-14, abs=1e-150)


def test_no_digit_is_lost_between_large_numbers():
    """In floats, the mean of the squares less the square of the mean would be 0."""
    summary = Summary.of([1e9, 1e9 + 1e-6])
    assert summary.standard_deviation == pytest.approx((1e9 + 1e-6 - 1e9) / 2, rel=1e-15)


def test_the_square_may_be_out_of_range():
    assert Summary.of([-1e280, 1e280]).standard_deviation == 1e280
    assert Summary.of([-1e-200, 1e-200]).standard_deviation == 1e-200


def test_of_nothing():
    nothing = Summary.of([])
    assert (nothing.mean, nothing.standard_deviation, nothing.quantile(0.5)) == (None,) * 3
    assert text_of(nothing + Summary.of([2.0])) == text_of(Summary.of([2.0]))


def test_the_size_does_not_grow_with_the_count():
    rng = np.random.default_rng(0)
    few, many = (len(text_of(Summary.of(rng.normal(100, 10, n).tolist()))) for n in (3000, 6000))
    assert many < few * 1.2
    assert math.isfinite(few)
