"""Linear regression from sums that merge exactly: ŷ = Σ θⱼ xⱼ + b."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from mapreduce_jobs.estimation.exact import root

__all__ = ["Fit", "Singular", "fit"]

_LARGEST = Fraction(10) ** 300

Matrix = list[list[Fraction]]


class Singular(ValueError):
    """No one solution is the best: the sentence names the feature, and why."""


@dataclass(frozen=True)
class Fit:
    """A linear model.

    Attributes
    ----------
    rows : int
        n, the rows that it was made of.
    intercept : float
        b.
    coefficients : tuple of float
        θ, one a feature.
    intercept_error, standard_errors : float, tuple of float, or None
        Standard errors of b and of θ, √(s² · [(XᵀX)⁻¹]ⱼⱼ) with s² = residual sum of squares /
        (n − k − 1); None with a ridge, or without a degree of freedom.
    residual_sum : float
        Σ (y − ŷ)².
    r_squared : float or None
        R² = 1 − Σ (y − ŷ)² / Σ (y − ȳ)²; None if all targets are the same.
    """

    rows: int
    intercept: float
    coefficients: tuple[float, ...]
    intercept_error: float | None
    standard_errors: tuple[float, ...] | None
    residual_sum: float
    r_squared: float | None


def fit(gram: Matrix, names: Sequence[str], ridge: float = 0.0) -> Fit:
    """Return the linear model with the least squared error.

    θ solves (C + λ I) θ = c, where C and c are the centred sums Σ (x − x̄)(x − x̄)ᵀ and
    Σ (x − x̄)(y − ȳ), and b = ȳ − θ·x̄; so the ridge λ leaves b alone, as scikit-learn's Ridge
    does. All is computed in fractions of integers and rounded once, at the end: no condition of
    the matrix costs a digit.

    Parameters
    ----------
    gram : list of list of Fraction
        ZᵀZ of the rows Z = (1, x₁ … x_k, y), as `mapreduce_jobs.estimation.exact.gram` gives it;
        sums of several of them are the sum of all rows.
    names : sequence of str
        Of the features, for what is said of them.
    ridge : float, optional
        λ, 0 or more.

    Raises
    ------
    Singular
        There are fewer rows than unknowns, a feature is constant or a combination of others; with
        a ridge only if there is no row.

    Examples
    --------
    >>> from mapreduce_jobs.estimation.exact import gram
    >>> rows = [(1, 0, 1), (1, 1, 3), (1, 2, 4)]  # 1, x, y
    >>> fit(gram(rows), ["x"]).coefficients, round(fit(gram(rows), ["x"]).intercept, 9)
    ((1.5,), 1.166666667)
    """
    count = len(names)
    rows = int(gram[0][0])
    _check_rows(rows, count, ridge)
    means = [gram[0][j] / rows for j in range(1, count + 2)]
    centred = [
        [gram[i + 1][j + 1] - gram[0][i + 1] * means[j] for j in range(count + 1)]
        for i in range(count + 1)
    ]
    if not ridge:
        for j, name in enumerate(names):
            if not centred[j][j]:
                raise Singular(f"the feature {name} is the same in all rows: leave it out")
    matrix = [row[:count] for row in centred[:count]]
    for j in range(count):
        matrix[j][j] += Fraction(ridge)
    right = [[row[count]] for row in centred[:count]]
    freedom = 0 if ridge else rows - count - 1
    if freedom:  # the inverse, for the standard errors
        right = [[*row, *_unit(j, count)] for j, row in enumerate(right)]
    solved = _solved(matrix, right, names)
    coefficients = [row[0] for row in solved]
    total = centred[count][count]
    explained = _dot(coefficients, [row[count] for row in centred])
    quadratic = _dot(coefficients, [_dot(coefficients, row) for row in centred[:count]])
    residual = total - 2 * explained + quadratic
    errors: list[float] = []
    if freedom:
        inverse = [row[1:] for row in solved]
        variance = residual / freedom
        of_intercept = Fraction(1, rows) + _dot(means, [_dot(means, row) for row in inverse])
        errors = [root(variance * of_intercept)]
        errors += [root(variance * inverse[j][j]) for j in range(count)]
    if max(map(abs, coefficients)) > _LARGEST:
        raise Singular("a coefficient is beyond ±1e300: give features in other units")
    return Fit(
        rows,
        float(means[count] - _dot(coefficients, means)),
        tuple(map(float, coefficients)),
        errors[0] if errors else None,
        tuple(errors[1:]) if errors else None,
        float(residual),
        float(1 - residual / total) if total else None,
    )


def _check_rows(rows: int, count: int, ridge: float) -> None:
    if not rows:
        raise Singular("there are no rows")
    if not ridge and rows < count + 1:
        raise Singular(
            f"{rows} rows cannot determine {count + 1} unknowns, one of each feature and the"
            " intercept"
        )


def _dot(one: Sequence[Fraction], other: Sequence[Fraction]) -> Fraction:
    """Return the sum of products of as many pairs as the shorter one has."""
    return sum((a * b for a, b in zip(one, other, strict=False)), Fraction(0))


def _unit(position: int, count: int) -> list[Fraction]:
    return [Fraction(int(position == j)) for j in range(count)]


def _solved(matrix: Matrix, right: Matrix, names: Sequence[str]) -> Matrix:
    """Solve equations of a symmetric matrix without rounding.

    Fractions would double their length at each step; in integers, each step divides by the pivot
    before it without a remainder. (E. H. Bareiss: Sylvester's identity and multistep
    integer-preserving Gaussian elimination. Mathematics of Computation 22, 1968.)
    """
    count = len(matrix)
    work: list[list[int]] = []
    for ours, theirs in zip(matrix, right, strict=True):
        row = [*ours, *theirs]
        scale = math.lcm(*(value.denominator for value in row))
        work.append([int(value * scale) for value in row])
    before = 1
    for k in range(count):
        if not work[k][k]:
            others = ", ".join(names[:k])
            raise Singular(
                f"the feature {names[k]} is a combination of {others}: leave it out, or use a ridge"
            )
        pivot = work[k]
        work = [
            equation
            if equation is pivot
            else [
                (pivot[k] * a - equation[k] * b) // before
                for a, b in zip(equation, pivot, strict=True)
            ]
            for equation in work
        ]
        before = pivot[k]
    return [[Fraction(value, work[i][i]) for value in work[i][count:]] for i in range(count)]
