"""Sums of products of floats without rounding, so that any order adds up to the same.

A column is cut into slices of few bits, each a float that is an integer times a power of two which
the column shares. Sums of products of slices are integers below 2^53: the machine's own matrix
product gives them without an error, and integers of any length add them up. (K. Ozaki, T. Ogita,
S. Oishi, S. M. Rump: Error-free transformations of matrix multiplication by using fast routines
of matrix multiplication and its applications. Numerical Algorithms 59, 2012.)
"""

import math
from collections.abc import Iterator
from fractions import Fraction

import numpy as np
import numpy.typing as npt

__all__ = ["gram", "root", "sums"]

Floats = npt.NDArray[np.float64]

_SLICE = 20  # bits
_PRECISION = 128  # bits of a square before its root is taken
_ROWS = 1 << 12  # of which a sum of products of slices stays below 2^53, and is exact in a float
_MOST_ROWS = 1 << 20  # of which it stays below 2^63


def gram(rows: npt.ArrayLike) -> list[list[Fraction]]:
    """Return XᵀX, the sums of products of every two columns, exactly.

    Parameters
    ----------
    rows : array_like of float
        X, shape n × k; finite numbers.

    Returns
    -------
    list of list of Fraction
        Shape k × k, symmetric.

    Examples
    --------
    >>> gram([[1, 0.5], [1, 1e16]])[0][1] - 10**16  # 1e16 + 0.5 is 1e16 in floats
    Fraction(1, 2)
    """
    table = np.asarray(rows, np.float64)
    count = table.shape[1]
    totals = [[Fraction(0)] * (i + 1) for i in range(count)]
    for first in range(0, len(table), _MOST_ROWS):
        slices = list(_slices(table[first : first + _MOST_ROWS]))
        for ours, our_exponents in slices:
            for theirs, their_exponents in slices:
                _add(totals, _product(ours, theirs), our_exponents, their_exponents)
    return [[totals[max(i, j)][min(i, j)] for j in range(count)] for i in range(count)]


def sums(rows: npt.ArrayLike) -> list[Fraction]:
    """Return the sum of every column, exactly.

    Parameters
    ----------
    rows : array_like of float
        Shape n × k; finite numbers.

    Returns
    -------
    list of Fraction

    Examples
    --------
    >>> sums([[0.1], [0.2], [-0.3]])[0] == Fraction(0.1) + Fraction(0.2) - Fraction(0.3)
    True
    """
    table = np.asarray(rows, np.float64)
    totals = [Fraction(0)] * table.shape[1]
    for first in range(0, len(table), _ROWS):
        for integers, exponents in _slices(table[first : first + _ROWS]):
            added = integers.sum(axis=0).tolist()
            totals = [
                total + _scaled(int(value), exponent)
                for total, value, exponent in zip(totals, added, exponents, strict=True)
            ]
    return totals


def root(value: Fraction) -> float:
    """Return the square root as a float; the square itself may be out of their range.

    >>> root(Fraction(1, 10**400)) == 1e-200, root(Fraction(0))
    (True, 0.0)
    """
    shift = _PRECISION + value.denominator.bit_length() - value.numerator.bit_length()
    shift = max(shift + shift % 2, 0)
    return math.ldexp(math.isqrt((value.numerator << shift) // value.denominator), -shift // 2)


def _slices(table: Floats) -> Iterator[tuple[Floats, list[int]]]:
    """Cut columns into integers of few bits, and the exponents of two that they are times of."""
    if not np.isfinite(table).all():
        raise ValueError("a number that is not finite has no exact sum")
    left = table
    while left.any():
        largest = np.abs(left).max(axis=0)
        exponents = np.frexp(largest)[1] - _SLICE
        exponents[largest == 0] = 0
        integers = np.trunc(np.ldexp(left, -exponents))
        yield integers, exponents.tolist()
        left = left - np.ldexp(integers, exponents)


def _product(ours: Floats, theirs: Floats) -> npt.NDArray[np.int64]:
    """Return the sums of products of integers, few rows by few."""
    total = np.zeros((ours.shape[1], theirs.shape[1]), np.int64)
    for first in range(0, len(ours), _ROWS):
        part = slice(first, first + _ROWS)
        total += (ours[part].T @ theirs[part]).astype(np.int64)
    return total


def _add(
    totals: list[list[Fraction]],
    product: npt.NDArray[np.int64],
    rows: list[int],
    columns: list[int],
) -> None:
    """Add the lower triangle of sums of products of slices."""
    for i, values in enumerate(product.tolist()):
        for j in range(i + 1):
            if values[j]:
                totals[i][j] += _scaled(values[j], rows[i] + columns[j])


def _scaled(integer: int, exponent: int) -> Fraction:
    return Fraction(integer << exponent) if exponent >= 0 else Fraction(integer, 1 << -exponent)
