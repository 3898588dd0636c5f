# Copyright (c) 2026 The localsgd authors
# SPDX-License-Identifier: BSL-1.0
"""The estimators have the answers of their namesakes in scikit-learn."""

import unittest
import warnings

import numpy as np
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse
from sklearn import linear_model, svm
from sklearn.datasets import load_breast_cancer, load_diabetes, load_iris, make_classification
from sklearn.exceptions import ConvergenceWarning
from sklearn.preprocessing import StandardScaler

import localsgd


def binary(n=300, d=12, seed=0):
    X, y = make_classification(n, d, n_informative=min(5, d), n_redundant=0, flip_y=0.1,
                               random_state=seed)
    return X, np.array(["no", "yes"])[y]


def regression(n=200, d=15, seed=0):
    rng = np.random.RandomState(seed)
    X = rng.standard_normal((n, d))
    w = np.where(rng.uniform(size=d) < 0.4, rng.standard_normal(d), 0)
    return X, X @ w + 7 + 0.3 * rng.standard_normal(n)


def converged(estimator, *data, **weights):
    """The fit, with a small tolerance; a ConvergenceWarning fails the test."""
    estimator.set_params(tol=1e-10)
    with warnings.catch_warnings():
        warnings.simplefilter("error", ConvergenceWarning)
        return estimator.fit(*data, **weights)


class SameAnswers(unittest.TestCase):
    def assert_same(self, ours, theirs, rtol=1e-5, atol=1e-6):
        assert_allclose(ours.coef_, theirs.coef_, rtol=rtol, atol=atol)
        assert_allclose(ours.intercept_, theirs.intercept_, rtol=rtol, atol=atol)

    def test_logistic_regression(self):
        X, y = binary()
        weights = np.random.RandomState(1).uniform(0, 3, len(y))
        for parameters in (dict(), dict(C=0.01), dict(C=30), dict(fit_intercept=False),
                           dict(class_weight="balanced"), dict(class_weight={"no": 3, "yes": 0.5})):
            for sample_weight in (None, weights):
                with self.subTest(parameters, weighted=sample_weight is not None):
                    ours = converged(localsgd.LogisticRegression(**parameters), X, y,
                                     sample_weight=sample_weight)
                    theirs = linear_model.LogisticRegression(
                        solver="newton-cholesky", tol=1e-12, max_iter=100, **parameters)
                    theirs.fit(X, y, sample_weight=sample_weight)
                    self.assert_same(ours, theirs)
                    assert_array_equal(ours.classes_, theirs.classes_)
                    assert_array_equal(ours.predict(X), theirs.predict(X))
                    assert_allclose(ours.predict_proba(X), theirs.predict_proba(X), rtol=1e-4)
                    self.assertLessEqual(ours.certificate_, 1e-10)

    def test_sparse_logistic_regression(self):
        X, y = binary()
        for C in (0.03, 1):
            ours = converged(localsgd.LogisticRegression("l1", C=C, fit_intercept=False), X, y)
            theirs = linear_model.LogisticRegression(
                penalty="l1", C=C, fit_intercept=False, solver="liblinear", tol=1e-8,
                max_iter=10000).fit(X, y)
            self.assert_same(ours, theirs, rtol=1e-4, atol=1e-5)
            assert_array_equal(ours.coef_ == 0, theirs.coef_ == 0)
        ours = converged(localsgd.LogisticRegression("elasticnet", C=0.1, l1_ratio=0.3), X, y)
        theirs = linear_model.LogisticRegression(penalty="elasticnet", C=0.1, l1_ratio=0.3,
                                                 solver="saga", tol=1e-8, max_iter=10000).fit(X, y)
        self.assert_same(ours, theirs, rtol=1e-4, atol=1e-5)

    def test_multinomial_logistic_regression(self):
        X, y = load_iris(return_X_y=True)
        X = StandardScaler().fit_transform(X)
        for parameters in (dict(), dict(C=0.1), dict(fit_intercept=False),
                           dict(class_weight={0: 1, 1: 2, 2: 3})):
            with self.subTest(parameters):
                ours = converged(localsgd.LogisticRegression(**parameters), X, y)
                theirs = linear_model.LogisticRegression(
                    solver="newton-cg", tol=1e-7, max_iter=1000, **parameters)
                theirs.fit(X, y)
                self.assert_same(ours, theirs, rtol=1e-4, atol=1e-4)
                assert_allclose(ours.predict_proba(X), theirs.predict_proba(X), atol=1e-4)
        # At the minimum, with l1, F is no larger than that of scikit-learn.
        ours = converged(localsgd.LogisticRegression("l1", C=0.5), X, y)
        theirs = linear_model.LogisticRegression(penalty="l1", C=0.5, solver="saga", tol=1e-8,
                                                 max_iter=10000).fit(X, y)
        assert_allclose(ours.predict_proba(X), theirs.predict_proba(X), atol=1e-4)

    def test_without_penalty(self):
        X, y = binary(d=4)
        ours = converged(localsgd.LogisticRegression(None), X, y)
        theirs = linear_model.LogisticRegression(
            penalty=None, solver="newton-cholesky", tol=1e-12, max_iter=100).fit(X, y)
        self.assert_same(ours, theirs, rtol=1e-4, atol=1e-5)
        X, y = regression()
        self.assert_same(converged(localsgd.Ridge(0), X, y), linear_model.LinearRegression().fit(X, y))

    def test_separable_classes_without_penalty(self):
        X, y = np.array([[-1.0], [-2.0], [1.0], [2.0]]), [0, 0, 1, 1]
        model = converged(localsgd.LogisticRegression(None), X, y)
        assert_array_equal(model.predict(X), y)
        self.assertLessEqual(model.certificate_, 1e-10)  # F is this close to its infimum, 0

    def test_linear_svc(self):
        X, y = binary()
        for parameters in (dict(), dict(C=0.05), dict(fit_intercept=False),
                           dict(intercept_scaling=10), dict(penalty="l1", C=0.1),
                           dict(class_weight="balanced")):
            with self.subTest(parameters):
                ours = converged(localsgd.LinearSVC(**parameters), X, y)
                theirs = svm.LinearSVC(dual=False, tol=1e-8, max_iter=10000, **parameters).fit(X, y)
                self.assert_same(ours, theirs, rtol=1e-4, atol=1e-5)
        X, y = load_iris(return_X_y=True)
        ours = converged(localsgd.LinearSVC(), X, y)
        theirs = svm.LinearSVC(dual=False, tol=1e-8, max_iter=10000).fit(X, y)
        self.assert_same(ours, theirs, rtol=1e-4, atol=1e-4)
        self.assertEqual(len(ours.result_), 3)

    def test_smoothed_hinge_is_close_to_the_hinge(self):
        X, y = binary()
        ours = converged(localsgd.LinearSVC(loss="smoothed_hinge"), X, y)
        theirs = svm.LinearSVC(loss="hinge", tol=1e-4, max_iter=100000).fit(X, y)
        agree = np.mean(ours.predict(X) == theirs.predict(X))
        self.assertGreater(agree, 0.97)

    def test_ridge(self):
        X, y = regression()
        weights = np.random.RandomState(1).uniform(0, 3, len(y))
        for parameters in (dict(), dict(alpha=100), dict(alpha=1e-3), dict(fit_intercept=False)):
            for sample_weight in (None, weights):
                with self.subTest(parameters, weighted=sample_weight is not None):
                    ours = converged(localsgd.Ridge(**parameters), X, y, sample_weight=sample_weight)
                    theirs = linear_model.Ridge(solver="cholesky", **parameters)
                    theirs.fit(X, y, sample_weight=sample_weight)
                    self.assert_same(ours, theirs)
                    assert_allclose(ours.predict(X), theirs.predict(X), rtol=1e-5, atol=1e-5)

    def test_lasso_and_elastic_net(self):
        X, y = load_diabetes(return_X_y=True)
        X = StandardScaler().fit_transform(X)
        weights = np.random.RandomState(1).uniform(0, 3, len(y))
        for sample_weight in (None, weights):
            for ours, theirs in (
                (localsgd.Lasso(0.5), linear_model.Lasso(0.5, tol=1e-12, max_iter=100000)),
                (localsgd.Lasso(20, fit_intercept=False),
                 linear_model.Lasso(20, fit_intercept=False, tol=1e-12, max_iter=100000)),
                (localsgd.ElasticNet(0.3, l1_ratio=0.7),
                 linear_model.ElasticNet(0.3, l1_ratio=0.7, tol=1e-12, max_iter=100000)),
            ):
                with self.subTest(ours, weighted=sample_weight is not None):
                    converged(ours, X, y, sample_weight=sample_weight)
                    theirs.fit(X, y, sample_weight=sample_weight)
                    self.assert_same(ours, theirs, rtol=1e-4, atol=1e-3)
                    assert_array_equal(ours.coef_ == 0, theirs.coef_ == 0)

    def test_features_that_are_not_scaled(self):
        X, y = load_breast_cancer(return_X_y=True)
        ours = converged(localsgd.LogisticRegression(), X, y)
        theirs = linear_model.LogisticRegression(solver="newton-cholesky", tol=1e-12, max_iter=100)
        theirs.fit(X, y)
        assert_allclose(ours.predict_proba(X), theirs.predict_proba(X), atol=1e-3)

    def test_plain_local_sgd_comes_near(self):
        X, y = binary(3000)
        ours = localsgd.LocalSGDClassifier(alpha=1e-2, random_state=0).fit(X, y)
        exact = linear_model.LogisticRegression(C=1 / (1e-2 * len(y))).fit(X, y)
        assert_allclose(ours.coef_, exact.coef_, atol=0.05)
        X, y = regression(3000)
        ours = localsgd.LocalSGDRegressor(alpha=1e-2, random_state=0).fit(X, y)
        exact = linear_model.Ridge(1e-2 * len(y)).fit(X, y)
        assert_allclose(ours.coef_, exact.coef_, atol=0.05)
        huber = localsgd.LocalSGDRegressor("huber", alpha=1e-2, random_state=0).fit(X, y)
        assert_allclose(huber.coef_, exact.coef_, atol=0.1)


class Layouts(unittest.TestCase):
    def test_sparse_and_dense_features_have_the_same_answer(self):
        X, y = binary()
        X[np.abs(X) < 0.7] = 0
        labels = np.arange(len(y)) % 3
        for estimator, target in (
            (localsgd.LogisticRegression(), y),
            (localsgd.LogisticRegression("l1", C=0.3), y),
            (localsgd.LogisticRegression(), labels),
            (localsgd.LogisticRegression("l1", C=0.3), labels),
            (localsgd.LinearSVC(), y),
            (localsgd.Lasso(0.01), X[:, 0]),
        ):
            for dtype in (np.float64, np.float32):
                with self.subTest(estimator, dtype=dtype):
                    dense = converged(estimator, X.astype(dtype), target)
                    coef, p = dense.coef_.copy(), dense.predict(X[:50])
                    csr = converged(estimator, sparse.csr_matrix(X.astype(dtype)), target)
                    assert_allclose(csr.coef_, coef, rtol=1e-4, atol=1e-5)
                    if p.dtype.kind == "f":
                        assert_allclose(csr.predict(sparse.csr_matrix(X[:50])), p, atol=1e-5)
                    else:
                        assert_array_equal(csr.predict(sparse.csr_matrix(X[:50])), p)

    def test_other_layouts(self):
        X, y = binary()
        exact = converged(localsgd.LogisticRegression(), X, y).coef_.copy()
        unsorted = sparse.csr_matrix(X)
        for i in range(len(y)):
            part = slice(unsorted.indptr[i], unsorted.indptr[i + 1])
            unsorted.indices[part] = unsorted.indices[part][::-1].copy()
            unsorted.data[part] = unsorted.data[part][::-1].copy()
        unsorted.has_sorted_indices = False
        unsorted.has_canonical_format = False
        before = unsorted.indices.copy()
        wide = sparse.csr_matrix(X)
        wide.indices, wide.indptr = wide.indices.astype(np.int64), wide.indptr.astype(np.int64)
        for other in (np.asfortranarray(X), X.tolist(), X.astype(">f8"), unsorted, wide,
                      sparse.csc_matrix(X), sparse.coo_matrix(X)):
            with self.subTest(type(other)):
                assert_allclose(converged(localsgd.LogisticRegression(), other, y).coef_, exact,
                                rtol=1e-5, atol=1e-6)
        assert_array_equal(unsorted.indices, before)


class Determinism(unittest.TestCase):
    def test_the_bits_do_not_depend_on_the_number_of_threads(self):
        X, y = binary(2000, 30)
        one, two, again = (
            localsgd.LogisticRegression("l1", C=0.1, random_state=3, n_jobs=n).fit(X, y)
            for n in (None, 2, 2)
        )
        assert_array_equal(one.coef_, two.coef_)
        assert_array_equal(one.coef_, again.coef_)
        self.assertEqual(one.certificate_, two.certificate_)

    def test_the_seed_matters_for_plain_steps(self):
        X, y = binary()
        a, b = (localsgd.LocalSGDClassifier(max_iter=3, random_state=s).fit(X, y) for s in (0, 1))
        self.assertTrue(np.any(a.coef_ != b.coef_))
        c = localsgd.LocalSGDClassifier(max_iter=3, random_state=0).fit(X, y)
        assert_array_equal(a.coef_, c.coef_)

    def test_weights_of_one_have_the_bits_of_no_weights(self):
        X, y = binary()
        for estimator in (localsgd.LogisticRegression(random_state=0),
                          localsgd.LocalSGDClassifier(random_state=0)):
            without = estimator.fit(X, y).coef_.copy()
            assert_array_equal(estimator.fit(X, y, sample_weight=np.ones(len(y))).coef_, without)

    def test_a_warm_start_at_the_answer_ends_at_once(self):
        X, y = binary(2000)
        labels = np.arange(len(y)) % 3
        for estimator, target in (
            (localsgd.LogisticRegression(warm_start=True), y),
            (localsgd.LogisticRegression(warm_start=True), labels),
            (localsgd.Ridge(warm_start=True), X[:, 0] + X[:, 1] + 5),
        ):
            first = converged(estimator, X, target).coef_.copy()
            steps = estimator.n_iter_
            again = converged(estimator, X, target)
            self.assertLess(again.result_.rounds, max(1, steps))
            assert_allclose(again.coef_, first, rtol=1e-5, atol=1e-5)


if __name__ == "__main__":
    unittest.main()
