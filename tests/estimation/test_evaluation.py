"""Evaluation: beside scikit-learn, and by hand."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.datasets import load_breast_cancer, load_digits
from sklearn.metrics import accuracy_score, auc, confusion_matrix, roc_auc_score
from sklearn.metrics import roc_curve as curve_of_scikit_learn
from sklearn.naive_bayes import GaussianNB

from mapreduce_jobs.estimation.evaluation import (
    add_to,
    area_under_curve,
    by_class,
    confusion,
    cross_validate,
    fold_of,
    roc_curve,
)
from mapreduce_jobs.estimation.naive_bayes import CannotLearn, Sums, learn, log_odds

FOLDS = 5


class TestCurve:
    @given(st.lists(st.tuples(st.integers(-9, 9), st.booleans()), min_size=2, max_size=60))
    def test_is_that_of_scikit_learn(self, pairs):
        scores, positive = zip(*pairs, strict=True)
        found = roc_curve(scores, positive)
        if len(set(positive)) == 1:
            assert found is None
            return
        false, true, _ = curve_of_scikit_learn(positive, scores, drop_intermediate=False)
        np.testing.assert_allclose(found["false_positive_rate"], false, atol=1e-12)
        np.testing.assert_allclose(found["true_positive_rate"], true, atol=1e-12)

    def test_of_many_thresholds_some_are_kept_and_both_ends(self):
        rng = np.random.default_rng(5)
        positive = rng.random(5000) < 0.3
        found = roc_curve(rng.normal(positive, 1), positive)
        for rates in found.values():
            assert (len(rates), rates[0], rates[-1]) == (101, 0, 1)
            assert rates == sorted(rates)


class TestArea:
    @given(st.lists(st.tuples(st.integers(-3, 3), st.booleans()), min_size=1, max_size=40))
    def test_is_the_share_of_pairs_in_the_right_order(self, pairs):
        above = [score for score, positive in pairs if positive]
        below = [score for score, positive in pairs if not positive]
        order = [(a > b) + (a == b) / 2 for a in above for b in below]
        expected = np.mean(order) if order else None
        assert area_under_curve(*zip(*pairs, strict=True)) == pytest.approx(expected)

    def test_equals_scikit_learn(self):
        rng = np.random.default_rng(3)
        positive = rng.random(5000) < 0.2
        scores = np.round(rng.standard_normal(5000) + positive, 1)
        assert area_under_curve(scores, positive) == pytest.approx(
            roc_auc_score(positive, scores), rel=1e-12
        )


def test_confusion_equals_scikit_learn():
    truth, told = np.random.default_rng(4).integers(0, 4, (2, 300))
    assert confusion(truth, told, 4) == confusion_matrix(truth, told).tolist()


def test_folds_are_of_about_one_size_and_depend_on_names_alone():
    sizes = Counter(fold_of(f"scans/{n}.png", FOLDS) for n in range(5000))
    assert sorted(sizes) == list(range(FOLDS))
    assert min(sizes.values()) > 900
    assert fold_of("not-utf-8-\udcff.png", FOLDS) in range(FOLDS)


def learnt(sums):
    return learn(sums, [f"x{n}" for n in range(99)])


def rows_of(data):
    return [
        {"fold": fold_of(str(n), FOLDS), "label": str(label), "row": row}
        for n, (row, label) in enumerate(zip(data.data.tolist(), data.target.tolist(), strict=True))
    ]


def sums_of(rows):
    sums = {}
    for row in rows:
        add_to(sums, (row["fold"], row["label"]), Sums.of(row["row"]))
    return sums


@pytest.mark.parametrize("load", [load_breast_cancer, load_digits])
def test_cross_validation_equals_that_of_scikit_learn(load):
    data = load()
    rows = rows_of(data)
    folds = np.array([row["fold"] for row in rows])
    joint = np.empty((len(rows), len(data.target_names)))
    for fold in range(FOLDS):
        theirs = GaussianNB().fit(data.data[folds != fold], data.target[folds != fold])
        joint[folds == fold] = theirs.predict_joint_log_proba(data.data[folds == fold])
    told = joint.argmax(axis=1)
    found = cross_validate(sums_of(rows), iter(rows), learnt)
    assert found["images"] == len(rows)
    assert found["accuracy"] == accuracy_score(data.target, told)
    table = [list(row.values()) for row in found["confusion"].values()]
    assert table == confusion_matrix(data.target, told).tolist()
    areas = [
        roc_auc_score(data.target == number, odds) for number, odds in enumerate(log_odds(joint).T)
    ]
    np.testing.assert_allclose(list(found["auc_of_class"].values()), areas, rtol=1e-9)
    for name, curve in found["roc_of_class"].items():
        rates = curve["false_positive_rate"], curve["true_positive_rate"]
        assert len(rates[0]) <= 101
        # What the thinned curve leaves out is less than the steps between its points.
        assert auc(*rates) == pytest.approx(found["auc_of_class"][name], abs=0.02)
    assert found["auc"] == pytest.approx(np.mean(areas), rel=1e-9)


def test_any_order_of_the_rows_gives_the_same():
    rows = rows_of(load_breast_cancer())
    shuffled = [rows[n] for n in np.random.default_rng(5).permutation(len(rows))]
    assert by_class(sums_of(rows)) == by_class(sums_of(shuffled))
    one = cross_validate(sums_of(rows), iter(rows), learnt)
    assert cross_validate(sums_of(shuffled), iter(shuffled), learnt) == one


@pytest.mark.parametrize(
    ("folds", "sentence"),
    [
        ([0, 1, 0, 0], "all images of the class b are in one fold"),
        ([0, 1, 0, 1], "without fold 1: the class a has one image"),
    ],
)
def test_a_fold_without_which_there_is_no_model(folds, sentence):
    rows = [
        {"fold": fold, "label": label, "row": [number]}
        for number, (fold, label) in enumerate(zip(folds, "aabb", strict=True))
    ]
    with pytest.raises(CannotLearn, match=sentence):
        cross_validate(sums_of(rows), rows, learnt)
