"""Evaluation of a classifier: folds, the confusion matrix, the area under the ROC curve."""

import hashlib
import math
from array import array
from collections.abc import Callable, Iterable, Mapping, Sequence
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt

from mapreduce_jobs.estimation.naive_bayes import CannotLearn, Model, Sums, log_odds

__all__ = [
    "FoldSums",
    "add_to",
    "area_under_curve",
    "by_class",
    "confusion",
    "cross_validate",
    "fold_of",
    "roc_curve",
]

_CURVE = 101  # points

FoldSums = dict[tuple[int, str], Sums]
"""Sums by fold and class."""


def fold_of(name: str, folds: int) -> int:
    """Return the fold of an image: SHA-256 of its name, as a number, modulo the number of folds.

    So it depends on nothing but the name: not on the order, nor on what other images there are.

    >>> [fold_of(name, 5) for name in ("a.png", "b.png", "c.png")]
    [2, 0, 1]
    """
    digest = hashlib.sha256(name.encode("utf-8", "surrogateescape")).digest()
    return int.from_bytes(digest, "big") % folds


def confusion(truth: Sequence[int], predicted: Sequence[int], classes: int) -> list[list[int]]:
    """Return how many of each class (rows) were taken for each class (columns).

    >>> confusion([0, 0, 1], [0, 1, 1], 2)
    [[1, 1], [0, 1]]
    """
    pairs = np.asarray(truth, np.int64) * classes + np.asarray(predicted, np.int64)
    table = np.bincount(pairs, minlength=classes * classes).reshape(classes, classes)
    return [list(map(int, row)) for row in table]


def area_under_curve(scores: npt.ArrayLike, positive: npt.ArrayLike) -> float | None:
    """Return the area under the ROC curve: P(score of a positive > score of a negative).

    Equal scores count one half: it is the statistic of Mann and Whitney over n₊ n₋ (Hanley and
    McNeil, Radiology 143, 1982).

    Parameters
    ----------
    scores : array_like of float
        Shape n.
    positive : array_like of bool
        Shape n.

    Returns
    -------
    float or None
        None where all, or none, are positive.

    Examples
    --------
    Of 4 pairs, 0.9 and 0.4 are above 0.1, 0.9 is above 0.4, and 0.4 is equal to 0.4.

    >>> area_under_curve([0.9, 0.4, 0.4, 0.1], [True, True, False, False])
    0.875
    """
    values = np.asarray(scores, np.float64)
    is_positive = np.asarray(positive, np.bool_)
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    ends = np.cumsum(counts)
    doubled = 2 * ends - counts + 1  # twice the mean rank of equal scores, a whole number
    positives = int(np.count_nonzero(is_positive))
    negatives = len(values) - positives
    if not positives or not negatives:
        return None
    ranks = int(doubled[inverse.ravel()][is_positive].sum())
    return float(Fraction(ranks - positives * (positives + 1), 2 * positives * negatives))


def roc_curve(
    scores: npt.ArrayLike, positive: npt.ArrayLike, most: int = _CURVE
) -> dict[str, list[float]] | None:
    """Return the ROC curve: true and false positives as the threshold falls.

    Parameters
    ----------
    scores : array_like of float
        Shape n.
    positive : array_like of bool
        Shape n.
    most : int, optional
        Points; of more thresholds, this number at even distances by rank.

    Returns
    -------
    dict of list of float, or None
        ``false_positive_rate`` and ``true_positive_rate``, from 0 to 1 each; None where all, or
        none, are positive.

    Examples
    --------
    >>> roc_curve([0.9, 0.4, 0.4, 0.1], [True, True, False, False])
    {'false_positive_rate': [0.0, 0.0, 0.5, 1.0], 'true_positive_rate': [0.0, 0.5, 1.0, 1.0]}
    """
    values = np.asarray(scores, np.float64)
    is_positive = np.asarray(positive, np.bool_)
    levels, inverse = np.unique(-values, return_inverse=True)
    rates = {}
    for name, counted in (("false", ~is_positive), ("true", is_positive)):
        total = int(np.count_nonzero(counted))
        if not total:
            return None
        found = np.bincount(inverse.ravel()[counted], minlength=len(levels)).cumsum()
        rates[f"{name}_positive_rate"] = np.concatenate([[0.0], found / total])
    kept = np.unique(np.linspace(0, len(levels), most).round().astype(np.int64))
    return {name: rate[kept].tolist() for name, rate in rates.items()}


def add_to(sums: FoldSums, key: tuple[int, str], added: Sums) -> None:
    """Add to the sums of a fold and class."""
    sums[key] = sums[key] + added if key in sums else added


def by_class(sums: FoldSums) -> dict[str, Sums]:
    """Return the sums of each class, all folds together."""
    found: dict[str, Sums] = {}
    for (_, label), of_fold in sums.items():
        found[label] = found[label] + of_fold if label in found else of_fold
    return found


def cross_validate(
    sums: FoldSums,
    rows: Iterable[Mapping[str, Any]],
    learn: Callable[[dict[str, Sums]], Model],
) -> dict[str, Any]:
    """Predict the class of each row by what is learnt without its fold: all sums less the fold's.

    Parameters
    ----------
    sums : FoldSums
        Of all rows.
    rows : iterable of mapping
        ``fold``, ``label`` and ``row``, the features, of each; read once, in any order. What is
        kept of one is a number a class.
    learn : callable
        Makes a model of the sums of each class.

    Returns
    -------
    dict
        ``images``; ``accuracy``, the share predicted right; ``auc_of_class``, the area under the
        ROC curve of each class against all others, by the log-odds of its posterior; ``auc``, their
        mean; ``roc_of_class``, the curves; ``confusion``, by true and then by predicted class.

    Raises
    ------
    CannotLearn
        Without some fold, there is no model.

    Examples
    --------
    >>> from mapreduce_jobs.estimation.naive_bayes import learn
    >>> rows = [(n % 2, "ab"[n // 4], [n]) for n in range(8)]  # a: 0 1 2 3, b: 4 5 6 7
    >>> sums = {}
    >>> for fold, label, row in rows:
    ...     add_to(sums, (fold, label), Sums.of(row))
    >>> named = (dict(zip(("fold", "label", "row"), row)) for row in rows)
    >>> found = cross_validate(sums, named, lambda sums: learn(sums, ["x"]))
    >>> found["confusion"]  # without fold 0, the means are 2 and 6: 4 is as near to either
    {'a': {'a': 4, 'b': 0}, 'b': {'a': 1, 'b': 3}}
    """
    models = {fold: _without(fold, sums, learn) for fold in sorted({fold for fold, _ in sums})}
    classes = sorted(by_class(sums))
    numbers = {name: number for number, name in enumerate(classes)}
    truth, predicted, odds = array("q"), array("q"), array("d")
    for row in rows:
        joint = models[row["fold"]].joint([row["row"]])
        truth.append(numbers[row["label"]])
        predicted.append(int(joint.argmax()))
        odds.extend(log_odds(joint)[0].tolist())
    table = confusion(truth, predicted, len(classes))
    scores = np.reshape(odds, (-1, len(classes)))
    against = {name: (scores[:, n], np.equal(truth, n)) for name, n in numbers.items()}
    areas = {name: area_under_curve(*both) for name, both in against.items()}
    known = [area for area in areas.values() if area is not None]
    return {
        "images": len(truth),
        "accuracy": sum(row[number] for number, row in enumerate(table)) / len(truth),
        "auc": math.fsum(known) / len(known),
        "auc_of_class": areas,
        "roc_of_class": {name: roc_curve(*both) for name, both in against.items()},
        "confusion": {
            name: dict(zip(classes, row, strict=True))
            for name, row in zip(classes, table, strict=True)
        },
    }


def _without(fold: int, sums: FoldSums, learn: Callable[[dict[str, Sums]], Model]) -> Model:
    left = by_class(sums)
    for (number, label), of_fold in sums.items():
        if number == fold:
            left[label] -= of_fold
    for label, remaining in left.items():
        if not remaining.count:
            raise CannotLearn(
                f"all images of the class {label} are in one fold, and none is left to learn from:"
                " use more folds, or more images"
            )
    try:
        return learn(left)
    except CannotLearn as error:
        raise CannotLearn(f"without fold {fold + 1}: {error}") from None
