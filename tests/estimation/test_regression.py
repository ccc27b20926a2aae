"""Linear regression: beside scikit-learn, beside least squares by QR, and by hand."""

from fractions import Fraction

import numpy as np
import pytest
from sklearn.datasets import load_breast_cancer, load_diabetes
from sklearn.linear_model import LinearRegression, Ridge

from mapreduce_jobs.estimation.exact import gram
from mapreduce_jobs.estimation.regression import Fit, Singular, fit

DATA = {
    "diabetes": load_diabetes(return_X_y=True),
    "breast cancer, 12 features": (
        load_breast_cancer().data[:, :12],
        load_breast_cancer().target.astype(float),
    ),
}


def fitted(features: np.ndarray, targets: np.ndarray, ridge: float = 0.0) -> Fit:
    table = np.column_stack([np.ones(len(features)), features, targets])
    return fit(gram(table), [f"x{n}" for n in range(features.shape[1])], ridge)


@pytest.mark.parametrize("name", DATA)
class TestBesideOthers:
    def test_coefficients_and_r_squared(self, name):
        features, targets = DATA[name]
        ours, theirs = fitted(features, targets), LinearRegression().fit(features, targets)
        np.testing.assert_allclose(ours.coefficients, theirs.coef_, rtol=1e-9)
        assert ours.intercept == pytest.approx(theirs.intercept_, rel=1e-9)
        assert ours.r_squared == pytest.approx(theirs.score(features, targets), rel=1e-9)

    def test_ridge(self, name):
        features, targets = DATA[name]
        theirs = Ridge(alpha=0.7, solver="cholesky").fit(features, targets)
        ours = fitted(features, targets, 0.7)
        np.testing.assert_allclose(ours.coefficients, theirs.coef_, rtol=1e-9)
        assert ours.intercept == pytest.approx(theirs.intercept_, rel=1e-9)
        assert ours.standard_errors is None

    def test_standard_errors(self, name):
        features, targets = DATA[name]
        design = np.column_stack([np.ones(len(features)), features])
        theta, (residual,), *_ = np.linalg.lstsq(design, targets)
        inverse = np.linalg.inv(np.linalg.qr(design).R)
        freedom = len(design) - design.shape[1]
        expected = np.sqrt(residual / freedom * (inverse**2).sum(axis=1))
        ours = fitted(features, targets)
        np.testing.assert_allclose([ours.intercept_error, *ours.standard_errors], expected, 1e-8)
        assert ours.residual_sum == pytest.approx(residual, rel=1e-9)
        np.testing.assert_allclose([ours.intercept, *ours.coefficients], theta, rtol=1e-7)


class TestByHand:
    def test_a_line(self):
        ours = fitted(np.array([[0.0], [1], [2]]), np.array([1.0, 3, 4]))
        assert ours.coefficients == (1.5,)
        assert ours.intercept == float(Fraction(7, 6))
        assert ours.residual_sum == float(Fraction(1, 6))  # (−1/6)² + (2/6)² + (−1/6)²
        assert ours.r_squared == float(1 - Fraction(1, 6) / Fraction(14, 3))
        assert ours.standard_errors[0] == pytest.approx((1 / 12) ** 0.5)

    def test_far_from_zero(self):
        """Where XᵀX in floats has no correct digit left."""
        features = 1e9 + np.arange(6.0)[:, np.newaxis]
        ours = fitted(features, 2 * np.arange(6.0) + 1)
        assert ours.coefficients == (2,)
        assert ours.intercept == 1 - 2e9
        assert ours.residual_sum == 0

    def test_all_targets_the_same(self):
        ours = fitted(np.array([[0.0], [1], [3]]), np.array([5.0, 5, 5]))
        assert (ours.coefficients, ours.intercept, ours.r_squared) == ((0,), 5, None)


class TestSingular:
    @pytest.mark.parametrize(
        ("columns", "sentence"),
        [
            ([[1, 1, 1, 1]], "the feature x0 is the same in all rows: leave it out"),
            (
                [[1, 2, 3, 5], [2, 4, 6, 10]],
                "the feature x1 is a combination of x0: leave it out, or use a ridge",
            ),
            (
                [[1, 2, 3, 5], [0, 1, 0, 1], [1, 3, 3, 6]],
                "the feature x2 is a combination of x0, x1: leave it out, or use a ridge",
            ),
        ],
    )
    def test_it_is_named(self, columns, sentence):
        with pytest.raises(Singular, match=f"^{sentence}$"):
            fitted(np.array(columns, float).T, np.array([1.0, 2, 3, 5]))
        assert fitted(np.array(columns, float).T, np.array([1.0, 2, 3, 5]), ridge=0.1)

    def test_too_few_rows(self):
        with pytest.raises(Singular, match="1 rows cannot determine 2 unknowns"):
            fitted(np.array([[1.0]]), np.array([1.0]))
