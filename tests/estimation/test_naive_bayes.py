"""Naive Bayes: beside scikit-learn on real data, by hand, and in any division of the rows."""

import json
import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.datasets import load_breast_cancer, load_digits
from sklearn.naive_bayes import GaussianNB, MultinomialNB

from mapreduce_jobs.estimation.naive_bayes import (
    CannotLearn,
    Model,
    Sums,
    learn,
    log_odds,
    log_posteriors,
)

DATA = {"digits": load_digits(), "breast cancer": load_breast_cancer()}


def sums_of(rows, labels):
    found = {}
    for row, label in zip(np.asarray(rows, float).tolist(), map(str, labels), strict=True):
        found[label] = found[label] + Sums.of(row) if label in found else Sums.of(row)
    return found


@pytest.fixture(scope="module")
def sums():
    """Those of every second row; the others are told."""
    return {name: sums_of(data.data[::2], data.target[::2]) for name, data in DATA.items()}


def learnt(sums, distribution="gaussian", smoothing=None, priors="frequency"):
    count = len(next(iter(sums.values())).total)
    return learn(sums, [f"x{n}" for n in range(count)], distribution, smoothing, priors)


@pytest.mark.parametrize("name", DATA)
class TestBesideScikitLearn:
    @pytest.mark.parametrize("smoothing", [1e-9, 1e-2])
    def test_gaussian(self, sums, name, smoothing):
        data = DATA[name]
        theirs = GaussianNB(var_smoothing=smoothing).fit(data.data[::2], data.target[::2])
        ours = learnt(sums[name], smoothing=smoothing)
        np.testing.assert_allclose(ours.tables["means"], theirs.theta_, rtol=1e-9, atol=1e-300)
        np.testing.assert_allclose(ours.tables["variances"], theirs.var_, rtol=1e-9)
        np.testing.assert_allclose(ours.priors, theirs.class_prior_, rtol=1e-12)
        told = log_posteriors(ours.joint(data.data[1::2]))
        expected = theirs.predict_log_proba(data.data[1::2])
        np.testing.assert_allclose(told, expected, rtol=1e-9, atol=1e-9)
        assert (told.argmax(axis=1) == theirs.predict(data.data[1::2])).all()

    @pytest.mark.parametrize("smoothing", [1.0, 0.1])
    def test_multinomial(self, sums, name, smoothing):
        data = DATA[name]
        theirs = MultinomialNB(alpha=smoothing).fit(data.data[::2], data.target[::2])
        ours = learnt(sums[name], "multinomial", smoothing)
        np.testing.assert_allclose(
            ours.tables["log_probabilities"], theirs.feature_log_prob_, rtol=1e-9
        )
        told = log_posteriors(ours.joint(data.data[1::2]))
        expected = theirs.predict_log_proba(data.data[1::2])
        np.testing.assert_allclose(told, expected, rtol=1e-9, atol=1e-9)

    def test_priors(self, sums, name):
        data, classes = DATA[name], len(sums[name])
        uniform = np.full(classes, 1 / classes)
        theirs = GaussianNB(priors=uniform).fit(data.data[::2], data.target[::2])
        ours = learnt(sums[name], priors="uniform")
        told = log_posteriors(ours.joint(data.data[1::2]))
        np.testing.assert_allclose(told, theirs.predict_log_proba(data.data[1::2]), 1e-9, 1e-9)

    def test_posteriors_add_up_to_one(self, sums, name):
        told = log_posteriors(learnt(sums[name]).joint(DATA[name].data[1::2]))
        np.testing.assert_allclose(np.exp(told).sum(axis=1), 1, rtol=1e-12)

    def test_through_json(self, sums, name):
        ours = learnt(sums[name])
        again = Model.from_json("gaussian", 1e-9, json.loads(json.dumps(ours.to_json())))
        rows = DATA[name].data[1::2]
        np.testing.assert_array_equal(again.joint(rows), ours.joint(rows))


class TestSums:
    ROWS = np.random.default_rng(1).standard_normal((12, 2)) * 10.0 ** np.arange(-6, 6)[:, None]

    @given(order=st.permutations(range(12)), cut=st.integers(1, 11))
    def test_any_order_and_division(self, order, cut):
        whole = sums_of(self.ROWS, "a" * 12)["a"]
        rows = self.ROWS[order]
        one, other = (sums_of(part, "a" * len(part))["a"] for part in (rows[:cut], rows[cut:]))
        assert one + other == other + one == whole
        assert whole - other == one
        assert Sums.from_json(json.loads(json.dumps(whole.to_json()))) == whole

    def test_a_variance_far_from_zero(self):
        """Where Σx² − (Σx)²/n in floats has no correct digit left."""
        assert sums_of([[1e9], [1e9 + 1]], "aa")["a"].variances() == [Fraction(1, 4)]


class TestByHand:
    def test_two_classes(self):
        model = learnt(sums_of([[1], [3], [5], [9]], "aabb"), smoothing=0)
        (logs,) = log_posteriors(model.joint([[4]]))  # N(4; 2, 1) and N(4; 7, 4)
        a, b = math.exp(-2), math.exp(-9 / 8) / 2
        np.testing.assert_allclose(np.exp(logs), [a / (a + b), b / (a + b)], rtol=1e-12)

    def test_priors_that_are_told(self):
        sums = sums_of([[1], [3], [1], [3]], "aabb")
        model = learnt(sums, priors={"a": 0.9, "b": 0.1})
        np.testing.assert_allclose(np.exp(log_posteriors(model.joint([[7]]))), [[0.9, 0.1]])

    def test_a_feature_that_is_the_same_everywhere_tells_nothing(self):
        rows = np.array([[1.0, 5], [3, 5], [6, 5], [9, 5]])
        with_it, without = learnt(sums_of(rows, "aabb")), learnt(sums_of(rows[:, :1], "aabb"))
        told = log_posteriors(with_it.joint([[4, 8]]))
        np.testing.assert_allclose(told, log_posteriors(without.joint([[4]])), rtol=1e-6)

    def test_odds_of_three_classes(self):
        found = np.exp(log_odds(np.log([[0.2, 0.3, 0.5]])))
        np.testing.assert_allclose(found, [[0.25, 3 / 7, 1]])


@pytest.mark.parametrize(
    ("rows", "labels", "options", "sentence"),
    [
        ([], "", {}, "there is nothing to learn from"),
        ([[1], [2]], "aa", {}, "all have one label, a: two or more classes are needed"),
        ([[1], [2], [3]], "aab", {}, "the class b has one image, and a variance needs two or more"),
        ([[5], [5], [5], [5]], "aabb", {}, "all features are the same in all images"),
        (
            [[1, 1], [2, 1], [3, 1], [4, 2]],
            "aabb",
            {"smoothing": 0},
            "the feature x1 is the same in all images of the class a: it needs a smoothing above 0",
        ),
        (
            [[1, 0], [2, 1]],
            "ab",
            {"distribution": "multinomial", "smoothing": 0},
            "the feature x1 adds up to 0 in the class a: it needs a smoothing above 0",
        ),
        (
            [[1], [2], [3], [4]],
            "aabb",
            {"priors": {"a": 0.5, "c": 0.5}},
            "priors are needed of these classes: a, b",
        ),
        (
            [[1], [2], [3], [4]],
            "aabb",
            {"priors": {"a": 0.5, "b": 0.4}},
            "priors must be above 0 and add up to 1, and not to 0.9",
        ),
    ],
)
def test_what_cannot_be_learnt(rows, labels, options, sentence):
    sums = sums_of(rows, labels)
    with pytest.raises(CannotLearn, match=f"^{sentence}"):
        learn(sums, ["x0", "x1"], **options)


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_what_is_not_finite_has_no_sums(value):
    with pytest.raises((ValueError, OverflowError)):
        Sums.of([value])


@pytest.mark.parametrize(
    "damage",
    [
        lambda classes: classes.clear(),
        lambda classes: classes[0].pop("means"),
        lambda classes: classes[0]["means"].pop(),
        lambda classes: classes[0].update(variances=[0, 1]),
        lambda classes: classes[0].update(means=[math.nan, 1]),
        lambda classes: classes[1].update(prior=0),
        lambda classes: classes[1].update(prior="much"),
    ],
)
def test_a_damaged_model(damage):
    classes = learnt(sums_of([[1, 0], [3, 1], [5, 3], [9, 4]], "aabb")).to_json()
    damage(classes)
    with pytest.raises(ValueError, match=r"^its classes are damaged$"):
        Model.from_json("gaussian", 1e-9, classes)
