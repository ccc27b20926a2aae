"""Distribution of numbers, sketched, so that neither their count nor their order matters."""

from mapreduce_jobs.estimation.quantiles import Quantiles
from mapreduce_jobs.viewing.report.number_formats import numeric

__all__ = ["SHARES", "Spread"]

SHARES = (0.05, 0.25, 0.5, 0.75, 0.95)
"""The quantiles that charts and tables show."""


class Spread:
    """The extremes of numbers, exact, and their quantiles, to 1 %.

    Examples
    --------
    >>> spread = Spread()
    >>> for number in (3, 1, 2):
    ...     spread.add(number)
    >>> spread.least, spread.greatest, round(spread.quantiles[2], 1)
    (1, 3, 2.0)
    """

    def __init__(self) -> None:
        self.count = 0
        self.least, self.greatest = float("inf"), float("-inf")
        self._sketch = Quantiles()

    def add(self, value: object) -> None:
        """Take a finite number; a ValueError says that it is none."""
        number = numeric(value)
        self._sketch.add(number)
        self.count += 1
        self.least, self.greatest = min(self.least, number), max(self.greatest, number)

    @property
    def quantiles(self) -> list[float]:
        """The quantiles of `SHARES`, within the extremes; there must be a number."""
        found = [self._sketch.quantile(share) or 0.0 for share in SHARES]
        return [min(max(value, self.least), self.greatest) for value in found]
