# Copyright (c) 2026 The localsgd authors
# SPDX-License-Identifier: BSL-1.0
"""Linear regressors."""

import numpy as np
from sklearn.base import RegressorMixin

from ._base import LinearModel, PlainSteps, check_choice, check_number


class LinearRegressor(RegressorMixin, LinearModel):
    """Fits one vector of coefficients to real targets."""

    def _fit(self, X, y, sample_weight, strengths, loss="squared", loss_parameter=1.0):
        X, y = self._validate(X, y, y_numeric=True)
        y = np.ascontiguousarray(y, dtype=np.float64)
        weights = self._weights(X, sample_weight)
        total = X.shape[0] if weights is None else weights.sum()
        l1, l2 = strengths(total)
        intercept = float(bool(self.fit_intercept))
        # With a free intercept the coefficients depend on y - mean(y) only. Subtracting the mean
        # first also keeps digits.
        mean = np.average(y, weights=weights) if intercept else 0.0
        start = None
        if getattr(self, "warm_start", False) and getattr(self, "coef_", np.empty(0)).shape == (X.shape[1],):
            start = np.append(self.coef_, self.intercept_ - mean) if intercept else self.coef_.copy()
        centred = y - mean
        scale = np.average(centred**2, weights=weights) / 2  # F(0)
        x, result = self._solve(
            X, centred, weights, loss=loss, loss_parameter=loss_parameter, l1=l1, l2=l2,
            intercept=intercept, regularize_intercept=False, scale=scale, seed=self._seed(),
            start=start,
        )
        self.coef_ = x[: X.shape[1]].copy()
        self.intercept_ = float(mean + x[-1]) if intercept else 0.0
        self._set_results([result], scale, penalised=l1 > 0 or l2 > 0)
        return self

    def predict(self, X):
        """The prediction for each sample."""
        return self._scores(X)


class Ridge(LinearRegressor):
    """Least squares with an L2 penalty.

    Minimises scikit-learn's objective, ``sum_i s_i * (y_i - z_i)^2 + alpha * ||w||^2``, divided by
    2*S: F = (1/S) * sum_i s_i * (y_i - z_i)^2/2 + (alpha/S) * ||w||^2/2, S = sum_i s_i. The intercept
    is not penalised.

    Parameters
    ----------
    alpha : float, default=1.0
        Regularization strength; 0 is ordinary least squares.
    fit_intercept : bool, default=True
    tol : float, default=1e-10
        The fit ends when F is proven to be within ``tol * variance(y)/2`` of its minimum (with no
        intercept, the mean of y^2 in place of the variance).
    max_iter, random_state, n_jobs, warm_start, workers
        See LogisticRegression.

    Attributes
    ----------
    coef_ : ndarray of shape (n_features,)
    intercept_ : float
    certificate_, result_, n_iter_, n_features_in_, feature_names_in_
        See LogisticRegression.
    """

    def __init__(
        self,
        alpha=1.0,
        *,
        fit_intercept=True,
        tol=1e-10,
        max_iter=10000,
        random_state=None,
        n_jobs=None,
        warm_start=False,
        workers=8,
    ):
        self.alpha = alpha
        self.fit_intercept = fit_intercept
        self.tol = tol
        self.max_iter = max_iter
        self.random_state = random_state
        self.n_jobs = n_jobs
        self.warm_start = warm_start
        self.workers = workers

    def fit(self, X, y, sample_weight=None):
        """Fits the model. Features of float64 or float32, row-major or CSR, are not copied."""
        self._check_common()
        check_number("alpha", self.alpha, at_least=0)
        return self._fit(X, y, sample_weight, lambda total: (0.0, self.alpha / total))


class ElasticNet(LinearRegressor):
    """Least squares with the elastic net penalty.

    Minimises scikit-learn's objective::

        F(w, b) = (1/(2*S)) * sum_i s_i * (y_i - z_i)^2
                  + alpha * l1_ratio * ||w||_1 + alpha * (1 - l1_ratio) * ||w||^2/2,   S = sum_i s_i

    Parameters
    ----------
    alpha : float, default=1.0
    l1_ratio : float, default=0.5
    fit_intercept, tol, max_iter, random_state, n_jobs, warm_start, workers
        See Ridge.

    Attributes
    ----------
    coef_, intercept_, certificate_, result_, n_iter_, n_features_in_, feature_names_in_
        See Ridge. Coefficients that are 0 at the minimum are exactly 0.
    """

    def __init__(
        self,
        alpha=1.0,
        *,
        l1_ratio=0.5,
        fit_intercept=True,
        tol=1e-10,
        max_iter=10000,
        random_state=None,
        n_jobs=None,
        warm_start=False,
        workers=8,
    ):
        self.alpha = alpha
        self.l1_ratio = l1_ratio
        self.fit_intercept = fit_intercept
        self.tol = tol
        self.max_iter = max_iter
        self.random_state = random_state
        self.n_jobs = n_jobs
        self.warm_start = warm_start
        self.workers = workers

    def fit(self, X, y, sample_weight=None):
        """Fits the model. Features of float64 or float32, row-major or CSR, are not copied."""
        self._check_common()
        check_number("alpha", self.alpha, at_least=0)
        check_number("l1_ratio", self.l1_ratio, at_least=0, at_most=1)
        l1, l2 = self.alpha * self.l1_ratio, self.alpha * (1 - self.l1_ratio)
        return self._fit(X, y, sample_weight, lambda total: (float(l1), float(l2)))


class Lasso(ElasticNet):
    """Least squares with an L1 penalty: an ElasticNet with ``l1_ratio=1``.

    Parameters
    ----------
    alpha : float, default=1.0
    fit_intercept, tol, max_iter, random_state, n_jobs, warm_start, workers
        See Ridge.

    Attributes
    ----------
    coef_, intercept_, certificate_, result_, n_iter_, n_features_in_, feature_names_in_
        See ElasticNet.
    """

    def __init__(
        self,
        alpha=1.0,
        *,
        fit_intercept=True,
        tol=1e-10,
        max_iter=10000,
        random_state=None,
        n_jobs=None,
        warm_start=False,
        workers=8,
    ):
        super().__init__(
            alpha=alpha,
            l1_ratio=1.0,
            fit_intercept=fit_intercept,
            tol=tol,
            max_iter=max_iter,
            random_state=random_state,
            n_jobs=n_jobs,
            warm_start=warm_start,
            workers=workers,
        )


class LocalSGDRegressor(PlainSteps, LinearRegressor):
    """Plain Local SGD for a fixed number of epochs, as a fast approximate fit.

    See LocalSGDClassifier. The objective is that of scikit-learn's SGDRegressor::

        F(w, b) = (1/S) * sum_i s_i * loss_i + alpha * ||w||^2/2

    Parameters
    ----------
    loss : {'squared_error', 'huber'}, default='squared_error'
        'squared_error' is (y - z)^2/2.
    alpha : float, default=1e-4
    epsilon : float, default=1.35
        Where the Huber loss becomes linear, in the units of y.
    fit_intercept, max_iter, random_state, n_jobs, warm_start, workers, local_steps
        See LocalSGDClassifier.

    Attributes
    ----------
    coef_, intercept_, certificate_, result_, n_iter_, n_features_in_, feature_names_in_
        See Ridge.
    """

    def __init__(
        self,
        loss="squared_error",
        *,
        alpha=1e-4,
        epsilon=1.35,
        fit_intercept=True,
        max_iter=20,
        random_state=None,
        n_jobs=None,
        warm_start=False,
        workers=8,
        local_steps=None,
    ):
        self.loss = loss
        self.alpha = alpha
        self.epsilon = epsilon
        self.fit_intercept = fit_intercept
        self.max_iter = max_iter
        self.random_state = random_state
        self.n_jobs = n_jobs
        self.warm_start = warm_start
        self.workers = workers
        self.local_steps = local_steps

    def fit(self, X, y, sample_weight=None):
        """Fits the model. Features of float64 or float32, row-major or CSR, are not copied."""
        self._check_plain_steps()
        check_choice("loss", self.loss, ("squared_error", "huber"))
        check_number("epsilon", self.epsilon, above=0)
        return self._fit(
            X, y, sample_weight, lambda total: (0.0, float(self.alpha)),
            loss={"squared_error": "squared"}.get(self.loss, self.loss),
            loss_parameter=float(self.epsilon),
        )
