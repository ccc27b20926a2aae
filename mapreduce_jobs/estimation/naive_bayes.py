"""Naive Bayes from sums that merge exactly: P(c|x) ∝ P(c) Π P(xⱼ|c), in logarithms."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["SMOOTHING", "CannotLearn", "Model", "Sums", "learn", "log_odds", "log_posteriors"]

Floats = npt.NDArray[np.float64]

SMOOTHING = {"gaussian": 1e-9, "multinomial": 1.0}
"""The smoothing of each distribution where none is requested, as scikit-learn has it."""

_TABLES = {"gaussian": ("means", "variances"), "multinomial": ("log_probabilities",)}
_SUM = 1e-9  # how far from 1 requested priors may add up, for decimals such as 0.333


class CannotLearn(ValueError):
    """The rows give no model: the sentence says why, and what to do."""


@dataclass(frozen=True)
class Sums:
    """What is to be known of the rows of a class; those of two sets of rows add up.

    Attributes
    ----------
    count : int
        n.
    total, squares : tuple of Fraction
        Σx and Σx² of each feature, exactly.
    """

    count: int
    total: tuple[Fraction, ...]
    squares: tuple[Fraction, ...]

    @classmethod
    def of(cls, row: Sequence[float]) -> "Sums":
        """Return those of one row.

        >>> Sums.of([0.5, 3]) + Sums.of([0.5, 1])
        Sums(count=2, total=(Fraction(1, 1), Fraction(4, 1)), squares=(Fraction(1, 2), Fraction(10, 1)))
        """  # noqa: E501
        total = tuple(map(Fraction, row))
        return cls(1, total, tuple(value * value for value in total))

    def __add__(self, other: "Sums") -> "Sums":
        return Sums(
            self.count + other.count,
            tuple(a + b for a, b in zip(self.total, other.total, strict=True)),
            tuple(a + b for a, b in zip(self.squares, other.squares, strict=True)),
        )

    def __sub__(self, other: "Sums") -> "Sums":
        return Sums(
            self.count - other.count,
            tuple(a - b for a, b in zip(self.total, other.total, strict=True)),
            tuple(a - b for a, b in zip(self.squares, other.squares, strict=True)),
        )

    def variances(self) -> list[Fraction]:
        """Return (Σx² − (Σx)² / n) / n of each feature, that of the population."""
        return [
            (squares - total * total / self.count) / self.count
            for total, squares in zip(self.total, self.squares, strict=True)
        ]

    def to_json(self) -> list[Any]:
        """Return n, and fractions as text."""
        return [self.count, list(map(str, self.total)), list(map(str, self.squares))]

    @classmethod
    def from_json(cls, value: list[Any]) -> "Sums":
        """Return what `to_json` wrote."""
        count, total, squares = value
        return cls(count, tuple(map(Fraction, total)), tuple(map(Fraction, squares)))


@dataclass(frozen=True, eq=False)
class Model:
    """What a class is like.

    Attributes
    ----------
    distribution : {"gaussian", "multinomial"}
        Of a feature in a class: log N(x; mean, variance), or x · log_probability.
    classes : tuple of str
        In ascending order.
    counts : tuple of int
        Rows of each class.
    priors : tuple of float
        P(c).
    tables : mapping of str to ndarray of float64
        ``means`` and ``variances``, or ``log_probabilities``; each of shape classes × features.
    smoothing : float
        What it was made with; the tables have it in them.
    """

    distribution: str
    classes: tuple[str, ...]
    counts: tuple[int, ...]
    priors: tuple[float, ...]
    tables: Mapping[str, Floats]
    smoothing: float

    @property
    def features(self) -> int:
        """How many features a row has."""
        return int(self.tables[_TABLES[self.distribution][0]].shape[1])

    def joint(self, rows: npt.ArrayLike) -> Floats:
        """Return log P(c) + Σ log P(xⱼ|c), shape n × classes, of rows of shape n × features."""
        table = np.atleast_2d(np.asarray(rows, np.float64))
        priors = np.log(self.priors)
        if self.distribution == "multinomial":
            return np.asarray(priors + table @ self.tables["log_probabilities"].T)
        columns = []
        for means, variances in zip(self.tables["means"], self.tables["variances"], strict=True):
            away = (table - means) ** 2 / variances
            columns.append(-0.5 * (np.log(2 * math.pi * variances) + away).sum(axis=1))
        return np.asarray(priors + np.stack(columns, axis=1))

    def to_json(self) -> list[dict[str, Any]]:
        """Return one object a class."""
        return [
            {
                "class": name,
                "images": self.counts[number],
                "prior": self.priors[number],
                **{key: table[number].tolist() for key, table in self.tables.items()},
            }
            for number, name in enumerate(self.classes)
        ]

    @classmethod
    def from_json(
        cls, distribution: str, smoothing: float, classes: list[dict[str, Any]]
    ) -> "Model":
        """Return what `to_json` wrote.

        Raises
        ------
        ValueError
            It did not write this.
        """
        try:
            model = cls(
                distribution,
                tuple(str(one["class"]) for one in classes),
                tuple(int(one["images"]) for one in classes),
                tuple(float(one["prior"]) for one in classes),
                {
                    key: np.array([one[key] for one in classes], np.float64)
                    for key in _TABLES[distribution]
                },
                float(smoothing),
            )
        except (KeyError, TypeError, ValueError):
            raise ValueError("its classes are damaged") from None
        shapes = {table.shape for table in model.tables.values()}
        finite = all(np.isfinite(table).all() for table in model.tables.values())
        positive = min(model.priors, default=0) > 0 and (
            distribution != "gaussian" or bool((model.tables["variances"] > 0).all())
        )
        if len(shapes) != 1 or len(shapes.pop()) != 2 or not finite or not positive:
            raise ValueError("its classes are damaged")
        return model


def learn(
    sums: Mapping[str, Sums],
    names: Sequence[str],
    distribution: str = "gaussian",
    smoothing: float | None = None,
    priors: str | Mapping[str, float] = "frequency",
) -> Model:
    """Return the model of some classes.

    gaussian: mean Σx / n; variance (Σx² − (Σx)²/n) / n, to which the smoothing times the greatest
    variance of a feature over all rows is added. multinomial: P(j|c) = (Σxⱼ + a) / Σₖ (Σxₖ + a)
    with the smoothing a, by Lidstone. Both as in scikit-learn's GaussianNB and MultinomialNB, save
    that sums, means and variances are exact before they are rounded, once.

    Parameters
    ----------
    sums : mapping of str to Sums
        Of each class.
    names : sequence of str
        Of the features, for what is said of them.
    distribution : {"gaussian", "multinomial"}, optional
        Of a feature in a class.
    smoothing : float, optional
        0 or more; by default 1e-9 for gaussian, 1 for multinomial.
    priors : {"frequency", "uniform"} or mapping of str to float, optional
        n of the class / n; or all the same; or P(c) of every class.

    Raises
    ------
    CannotLearn
        There are fewer than two classes, a class has one row, nothing differs, a feature has no
        variance or no probability in a class and nothing smooths it, priors are not of the
        classes.

    Examples
    --------
    >>> sums = {"a": Sums.of([1]) + Sums.of([3]), "b": Sums.of([5]) + Sums.of([9])}
    >>> model = learn(sums, ["x"], smoothing=0)
    >>> model.tables["means"].tolist(), model.tables["variances"].tolist(), model.priors
    ([[2.0], [7.0]], [[1.0], [4.0]], (0.5, 0.5))
    """
    smoothing = SMOOTHING[distribution] if smoothing is None else smoothing
    classes = tuple(sorted(sums))
    if len(classes) < 2:
        raise CannotLearn(
            "there is nothing to learn from"
            if not classes
            else f"all have one label, {classes[0]}: two or more classes are needed"
        )
    counts = tuple(sums[name].count for name in classes)
    if distribution == "gaussian":
        tables = _gaussian(sums, classes, names, smoothing)
    else:
        tables = _multinomial(sums, classes, names, smoothing)
    return Model(distribution, classes, counts, _priors(classes, counts, priors), tables, smoothing)


def _priors(
    classes: Sequence[str], counts: Sequence[int], priors: str | Mapping[str, float]
) -> tuple[float, ...]:
    if priors == "frequency":
        return tuple(count / sum(counts) for count in counts)
    if isinstance(priors, str):
        return tuple(1 / len(classes) for _ in classes)
    if set(priors) != set(classes):
        raise CannotLearn(f"priors are needed of these classes: {', '.join(classes)}")
    total = math.fsum(priors.values())
    if min(priors.values()) <= 0 or abs(total - 1) > _SUM:
        raise CannotLearn(f"priors must be above 0 and add up to 1, and not to {total:g}")
    return tuple(priors[name] for name in classes)


def _gaussian(
    sums: Mapping[str, Sums], classes: Sequence[str], names: Sequence[str], smoothing: float
) -> dict[str, Floats]:
    whole = sums[classes[0]]
    for name in classes[1:]:
        whole += sums[name]
    for name in classes:
        if sums[name].count < 2:
            raise CannotLearn(
                f"the class {name} has one image, and a variance needs two or more: add some, or"
                " leave the class out"
            )
    greatest = float(max(whole.variances()))
    if not greatest:
        raise CannotLearn("all features are the same in all images: nothing tells classes apart")
    means, variances = [], []
    for name in classes:
        of_class = [float(value) + smoothing * greatest for value in sums[name].variances()]
        if not min(of_class) > 0:
            feature = names[of_class.index(min(of_class))]
            raise CannotLearn(
                f"the feature {feature} is the same in all images of the class {name}: it needs a"
                " smoothing above 0"
            )
        variances.append(of_class)
        means.append([float(value / sums[name].count) for value in sums[name].total])
    return {"means": np.array(means), "variances": np.array(variances)}


def _multinomial(
    sums: Mapping[str, Sums], classes: Sequence[str], names: Sequence[str], smoothing: float
) -> dict[str, Floats]:
    rows = []
    for name in classes:
        smoothed = [value + Fraction(smoothing) for value in sums[name].total]
        for feature, value in zip(names, smoothed, strict=True):
            if value <= 0:
                raise CannotLearn(
                    f"the feature {feature} adds up to 0 in the class {name}: it needs a smoothing"
                    " above 0"
                )
        total = sum(smoothed, Fraction(0))
        rows.append([math.log(value / total) for value in smoothed])
    return {"log_probabilities": np.array(rows)}


def log_posteriors(joint: Floats) -> Floats:
    """Return log P(c|x) = log P(c, x) − log Σ P(c, x).

    Parameters
    ----------
    joint : ndarray of float64
        Shape n × classes, as `Model.joint` gives it.

    Examples
    --------
    >>> log_posteriors(np.log([[0.01, 0.03]])).round(6).tolist()  # log 0.25 and log 0.75
    [[-1.386294, -0.287682]]
    """
    return np.asarray(joint - _log_sum(joint)[:, np.newaxis])


def log_odds(joint: Floats) -> Floats:
    """Return log P(c|x) − log (1 − P(c|x)), which also differs between posteriors that round to 1.

    Parameters
    ----------
    joint : ndarray of float64
        Shape n × classes, two or more.

    Examples
    --------
    >>> log_odds(np.array([[0.0, -800.0]])).tolist()  # P(c|x) is 1 − 10⁻³⁴⁷
    [[800.0, -800.0]]
    """
    classes = joint.shape[1]
    others = [_log_sum(np.delete(joint, number, axis=1)) for number in range(classes)]
    return np.asarray(joint - np.stack(others, axis=1))


def _log_sum(values: Floats) -> Floats:
    """Return log Σ exp x of each row; the greatest is taken out, so that it cannot overflow."""
    greatest = values.max(axis=1)
    return np.asarray(greatest + np.log(np.exp(values - greatest[:, np.newaxis]).sum(axis=1)))
