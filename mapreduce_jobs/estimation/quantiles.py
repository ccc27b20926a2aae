"""Statistics of many numbers that merge exactly: moments, extremes and quantiles."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from ddsketch.ddsketch import BaseDDSketch
from ddsketch.mapping import LogarithmicMapping
from ddsketch.store import DenseStore

from mapreduce_jobs.estimation.exact import gram, root

__all__ = ["RELATIVE_ERROR", "Quantiles", "Summary"]

RELATIVE_ERROR = 0.01
"""By how much a quantile may be off, in parts of itself."""

_FEW = 32  # numbers, of which sums of fractions are quicker than exact sums of columns


class Quantiles:
    """A sketch of the distribution of numbers, from which quantiles follow.

    DDSketch: it counts numbers in bins of a width of 2 % of themselves, so that a quantile is off
    by at most 1 % of itself. Bins are never put together, therefore sketches merge to the same
    whatever the order. (C. Masson, J. E. Rim, H. K. Lee: DDSketch: a fast and fully-mergeable
    quantile sketch with relative-error guarantees. PVLDB 12, 2019.)

    Examples
    --------
    >>> sketch = Quantiles()
    >>> for number in range(1, 101):
    ...     sketch.add(number)
    >>> abs(sketch.quantile(0.5) / 50 - 1) <= RELATIVE_ERROR
    True
    """

    def __init__(self) -> None:
        self._positive, self._negative = DenseStore(), DenseStore()
        self._zeros = 0
        self._sketch = self._made()

    def _made(self) -> BaseDDSketch:
        mapping = LogarithmicMapping(RELATIVE_ERROR)
        return BaseDDSketch(mapping, self._positive, self._negative, float(self._zeros))

    def add(self, number: float) -> None:
        """Count one finite number."""
        before = self._positive.count + self._negative.count
        self._sketch.add(number)
        self._zeros += self._positive.count + self._negative.count == before

    def merge(self, other: "Quantiles") -> None:
        """Count what another sketch has counted."""
        self._positive.merge(other._positive)
        self._negative.merge(other._negative)
        self._zeros += other._zeros
        self._sketch = self._made()

    def quantile(self, share: float) -> float | None:
        """Return the number that has this share of all below it, within `RELATIVE_ERROR` of itself.

        Parameters
        ----------
        share : float
            0 to 1. Of n numbers, that of rank ⌊share · (n − 1)⌋, counted from 0.

        Returns
        -------
        float or None
            None if nothing was counted.
        """
        found = self._sketch.get_quantile_value(share)
        return None if found is None else float(found)

    def to_json(self) -> dict[str, Any]:
        """Return the counts, as JSON has them: the same for the same numbers in any order.

        >>> sketch = Quantiles()
        >>> for number in (3.0, 0.0, 3.0):
        ...     sketch.add(number)
        >>> sketch.to_json()
        {'zeros': 1, 'positive': [[55, 2]], 'negative': []}
        """
        return {
            "zeros": self._zeros,
            "positive": _counts(self._positive),
            "negative": _counts(self._negative),
        }

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> "Quantiles":
        """Return the sketch that `to_json` described."""
        made = cls()
        for store, name in ((made._positive, "positive"), (made._negative, "negative")):
            for key, count in value[name]:
                store.add(key, float(count))
        made._zeros = value["zeros"]
        made._sketch = made._made()
        return made


def _counts(store: DenseStore) -> list[list[int]]:
    """Return the bins that hold something, in ascending order, each with its count."""
    pairs = enumerate(store.bins, store.offset)
    return [[key, int(count)] for key, count in pairs if count]


@dataclass(frozen=True, eq=False)
class Summary:
    """What is known of many numbers.

    Attributes
    ----------
    count : int
        How many.
    total, squares : Fraction
        Their sum, and that of their squares, without rounding.
    least, greatest : float or None
        The extremes; None if there are no numbers.
    quantiles : Quantiles
        Their distribution.
    """

    count: int
    total: Fraction
    squares: Fraction
    least: float | None
    greatest: float | None
    quantiles: Quantiles

    @classmethod
    def of(cls, numbers: Sequence[float]) -> "Summary":
        """Return what is known of finite numbers."""
        quantiles = Quantiles()
        for number in numbers:
            quantiles.add(number)
        if len(numbers) < _FEW:
            exact = [Fraction(number) for number in numbers]
            total = sum(exact, Fraction(0))
            squares = sum((number * number for number in exact), Fraction(0))
        else:
            (_, total), (_, squares) = gram([(1.0, number) for number in numbers])
        return cls(
            len(numbers),
            total,
            squares,
            min(numbers, default=None),
            max(numbers, default=None),
            quantiles,
        )

    def __add__(self, other: "Summary") -> "Summary":
        quantiles = Quantiles()
        quantiles.merge(self.quantiles)
        quantiles.merge(other.quantiles)
        least = [one.least for one in (self, other) if one.least is not None]
        greatest = [one.greatest for one in (self, other) if one.greatest is not None]
        return Summary(
            self.count + other.count,
            self.total + other.total,
            self.squares + other.squares,
            min(least, default=None),
            max(greatest, default=None),
            quantiles,
        )

    def to_json(self) -> dict[str, Any]:
        """Return it as JSON has it, without rounding, the same whatever the order of merging."""
        return {
            "count": self.count,
            "total": str(self.total),
            "squares": str(self.squares),
            "least": self.least,
            "greatest": self.greatest,
            **self.quantiles.to_json(),
        }

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> "Summary":
        """Return the object that `to_json` described."""
        return cls(
            value["count"],
            Fraction(value["total"]),
            Fraction(value["squares"]),
            value["least"],
            value["greatest"],
            Quantiles.from_json(value),
        )

    @property
    def mean(self) -> float | None:
        """Σ x / n, rounded once."""
        return float(self.total / self.count) if self.count else None

    @property
    def standard_deviation(self) -> float | None:
        """√(Σ (x − x̄)² / n), rounded once.

        >>> Summary.of([2, 4, 4, 4, 5, 5, 7, 9]).standard_deviation
        2.0
        """
        if not self.count:
            return None
        return root(self.squares / self.count - (self.total / self.count) ** 2)

    def quantile(self, share: float) -> float | None:
        """Return a quantile as `Quantiles.quantile` does, but never beyond the extremes."""
        found = self.quantiles.quantile(share)
        if found is None or self.least is None or self.greatest is None:
            return None
        return min(max(found, self.least), self.greatest)
