"""Sums of products of floats without rounding, so that any order adds up to the same.

A column is cut into slices of few bits, each a float that is an integer times a power of two which
the column shares. Sums of products of slices are integers below 2^53: the machine's own matrix
product gives them without an error, and integers of any length add them up. (K. Ozaki, T. Ogita,
S. Oishi, S. M. Rump: Error-free transformations of matrix multiplication by using fast routines
of matrix multiplication and its applications. Numerical Algorithms 59, 2012.)
"""

import math
from collections.abc import Callable, Iterator
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["gram", "root", "sums"]

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

_SLICE = 21  # bits
_PRECISION = 128  # bits of a square before its root is taken
_ROWS = 1 << 11  # of which a sum of products of slices stays below 2^53, and is exact in a float
_MAX_ROWS = 1 << 14  # whose sums are held as integers of 64 bits; 2^21 would not overflow
_TINY = -1000  # exponent of two from which on powers of two are too small to divide by


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
    totals = [[Fraction(0)] * count for _ in range(count)]
    for products, exponents in _sums_of_slices(table, _products):
        added = _total(products, exponents[:, :, np.newaxis, np.newaxis] + exponents, (0, 2))
        for i, row in enumerate(totals):
            for j in range(i + 1):
                row[j] += added[i][j]
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
    for of_slices, exponents in _sums_of_slices(table, _sums):
        added = _total(of_slices, exponents, (0,))
        totals = [total + more for total, more in zip(totals, added, strict=True)]
    return totals


def root(value: Fraction) -> float:
    """Return the square root as a float; the square itself may be out of their range.

    >>> root(Fraction(1, 10**400)) == 1e-200, root(Fraction(0))
    (True, 0.0)
    """
    shift = _PRECISION + value.denominator.bit_length() - value.numerator.bit_length()
    shift = max(shift + shift % 2, 0)
    return math.ldexp(math.isqrt((value.numerator << shift) // value.denominator), -shift // 2)


def _sums_of_slices(
    table: Floats, summed: Callable[[Floats], Floats]
) -> Iterator[tuple[Integers, Integers]]:
    """Cut numbers into integers of few bits, and sum these up, few rows at a time.

    Parameters
    ----------
    table : ndarray of float64
    summed : callable
        Given slices × columns × rows, returns sums over the rows, which are integers below 2^53.

    Yields
    ------
    sums : ndarray of int64
        As `summed` returns them, of all rows that were cut alike.
    exponents : ndarray of int64
        Of the powers of two that the integers are times of; shape slices × columns.
    """
    if not np.isfinite(table).all():
        raise ValueError("a number that is not finite has no exact sum")
    for first in range(0, len(table), _MAX_ROWS):
        found: dict[bytes, tuple[Integers, Integers]] = {}
        part = table[first : first + _MAX_ROWS]
        for start in range(0, len(part), _ROWS):
            integers, exponents = _slices(part[start : start + _ROWS])
            sums, key = summed(integers).astype(np.int64), exponents.tobytes()
            found[key] = (sums + found[key][0] if key in found else sums), exponents
        yield from found.values()


def _slices(table: Floats) -> tuple[Floats, Integers]:
    """Cut rows × columns into integers, slices × columns × rows, and their exponents.

    What is left of a column is never made smaller but by what was cut off, and so loses nothing.
    """
    left = np.array(table.T, order="C")
    shifts = np.zeros(len(left), np.int64)
    slices: list[Floats] = []
    exponents_of: list[Integers] = []
    while not slices or left.any():
        largest = np.maximum(left.max(axis=1), -left.min(axis=1))
        exponents = np.where(largest, np.frexp(largest)[1] - _SLICE, 0)
        if (tiny := exponents < _TINY).any():
            left[tiny] = np.ldexp(left[tiny], -_TINY)
            shifts[tiny] += _TINY
            exponents[tiny] -= _TINY
        integers = np.trunc(left * np.ldexp(1.0, -exponents)[:, np.newaxis])
        left -= integers * np.ldexp(1.0, exponents)[:, np.newaxis]
        slices.append(integers)
        exponents_of.append(exponents + shifts)
    return np.array(slices), np.array(exponents_of)


def _products(integers: Floats) -> Floats:
    """Return the sums of products of every two rows of slices."""
    flat = integers.reshape(-1, integers.shape[2])
    return (flat @ flat.T).reshape(2 * integers.shape[:2])


def _sums(integers: Floats) -> Floats:
    return integers.sum(axis=2)


def _total(integers: Integers, exponents: Integers, axes: tuple[int, ...]) -> Any:
    """Return sums over axes of integers times powers of two, as lists of Fraction."""
    least = int(exponents.min())
    aligned = integers.astype(object) << (exponents - least).astype(object)
    scale = Fraction(2) ** least
    return (aligned.sum(axis=axes) * scale).tolist()
