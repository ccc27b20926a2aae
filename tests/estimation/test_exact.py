"""Exact sums: equal to sums of fractions, in any order and any division."""

import math
from fractions import Fraction
from unittest import mock

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as tables

from mapreduce_jobs.estimation import exact
from mapreduce_jobs.estimation.exact import gram, sums

TABLES = tables.arrays(
    np.float64,
    st.tuples(st.integers(1, 12), st.integers(1, 3)),
    elements=st.floats(allow_nan=False, allow_infinity=False),
)


# How many are summed up at once, and before it is added to a fraction.
ROWS = st.tuples(st.integers(1, 12), st.integers(1, 12))


def by_fractions(table: np.ndarray) -> list[list[Fraction]]:
    columns = [[Fraction(value) for value in column] for column in table.T.tolist()]
    return [
        [sum((a * b for a, b in zip(one, other, strict=True)), Fraction(0)) for other in columns]
        for one in columns
    ]


@given(TABLES, ROWS)
def test_products_are_those_of_fractions(table, rows):
    with mock.patch.multiple(exact, _ROWS=rows[0], _MAX_ROWS=rows[1]):
        assert gram(table) == by_fractions(table)


@given(TABLES, ROWS)
def test_sums_are_those_of_fractions(table, rows):
    with mock.patch.multiple(exact, _ROWS=rows[0], _MAX_ROWS=rows[1]):
        found = sums(table)
    assert found == [sum(map(Fraction, column), Fraction(0)) for column in table.T.tolist()]


def test_a_sum_rounded_once_is_that_of_fsum():
    values = np.random.default_rng(1).standard_cauchy((20_000, 1)) * 1e8
    assert float(sums(values)[0]) == math.fsum(values[:, 0])


def test_any_division_of_the_rows_gives_the_same():
    rng = np.random.default_rng(2)
    table = rng.standard_normal((10_000, 4)) * 10.0 ** rng.integers(-9, 9, (10_000, 4))
    whole = gram(table)
    for parts in (2, 3, 7):
        pieces = [gram(part) for part in np.array_split(rng.permutation(table), parts)]
        added = [[sum(piece[i][j] for piece in pieces) for j in range(4)] for i in range(4)]
        assert added == whole


def test_what_floats_would_lose_is_there():
    table = [[1e16, 1], [1, 1], [-1e16, 1]]
    assert np.transpose(table)[0].sum() == 0  # 1e16 + 1 is 1e16
    assert sums(table) == [1, 3]
    assert gram(table)[0][1] == 1


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_what_is_not_finite_is_refused(value):
    with pytest.raises(ValueError, match="not finite"):
        gram([[value]])


def test_a_number_far_from_all_others_costs_a_slice_more():
    table = np.random.default_rng(3).normal(1e5, 1, (3000, 30))
    table[7, 3] = 1e-300
    table[9, 4] = 1e150
    integers, _ = exact._slices(table[:100])
    assert len(integers) <= 7
    assert gram(table)[3][4] == by_fractions(table[:, 3:5])[0][1]
