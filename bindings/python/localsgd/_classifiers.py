# Copyright (c) 2026 The localsgd authors
# SPDX-License-Identifier: BSL-1.0
"""Linear classifiers."""

import math

import numpy as np
from scipy.special import expit
from sklearn.base import ClassifierMixin
from sklearn.utils import compute_class_weight
from sklearn.utils.extmath import softmax
from sklearn.utils.metaestimators import available_if
from sklearn.utils.multiclass import check_classification_targets

from ._base import LinearModel, PlainSteps, check_choice, check_number, penalty_strengths


class LinearClassifier(ClassifierMixin, LinearModel):
    """Encodes labels and weights, and predicts the class with the largest score."""

    def _prepare(self, X, y, sample_weight):
        """X, the classes of the samples as 0, 1, ..., and their weights or None."""
        X, y = self._validate(X, y)
        check_classification_targets(y)
        self.classes_, codes = np.unique(y, return_inverse=True)
        if len(self.classes_) < 2:
            raise ValueError(
                "A classifier needs samples of at least 2 classes; the data contains only one "
                f"class: {self.classes_[0]!r}"
            )
        weights = self._weights(X, sample_weight)
        if self.class_weight is not None:
            of_classes = compute_class_weight(self.class_weight, classes=self.classes_, y=y)
            of_samples = np.asarray(of_classes, dtype=np.float64)[codes]
            weights = of_samples if weights is None else weights * of_samples
        if weights is not None:
            missing = np.bincount(codes, weights=weights, minlength=len(self.classes_)) <= 0
            if np.any(missing):
                raise ValueError(
                    f"The samples of class {self.classes_[np.argmax(missing)]!r} have a total "
                    "weight of 0; remove the class"
                )
        return X, codes, weights

    def _one_against_rest(self, X, codes, weights, *, intercept, start=None, **problem):
        """Fits a binary problem for each class, or one if there are two. Returns the results."""
        count = 1 if len(self.classes_) == 2 else len(self.classes_)
        seed = self._seed()
        coef, intercepts, results = np.empty((count, X.shape[1])), np.zeros(count), []
        for k in range(count):
            positive = codes == (1 if count == 1 else k)
            x, result = self._solve(
                X,
                np.where(positive, 1.0, -1.0),
                weights,
                intercept=intercept,
                seed=seed,
                start=None if start is None else np.ascontiguousarray(start[k]),
                **problem,
            )
            coef[k] = x[: X.shape[1]]
            if intercept:
                intercepts[k] = intercept * x[-1]
            results.append(result)
        self.coef_, self.intercept_ = coef, intercepts
        return results

    def _warm_start_rows(self, X, rows, intercept):
        """Rows of coefficients and intercept of the last fit, or None."""
        if not getattr(self, "warm_start", False) or not hasattr(self, "coef_"):
            return None
        if self.coef_.shape != (rows, X.shape[1]):
            return None
        if not intercept:
            return self.coef_
        return np.column_stack([self.coef_, self.intercept_ / intercept])

    def decision_function(self, X):
        """The score of each sample, or those of all classes if there are more than two."""
        scores = self._scores(X)
        return scores.ravel() if scores.shape[1] == 1 else scores

    def predict(self, X):
        """The class with the largest score."""
        scores = self.decision_function(X)
        if scores.ndim == 1:
            return self.classes_[(scores > 0).astype(int)]
        return self.classes_[np.argmax(scores, axis=1)]


class LogisticRegression(LinearClassifier):
    """Logistic regression: binary, or multinomial (softmax) for three classes or more.

    Minimises scikit-learn's objective, ``penalty(w) + C * sum_i s_i * loss_i``, as a mean::

        F(w, b) = (1/S) * sum_i s_i * loss_i + (1/(C*S)) * penalty(w),   S = sum_i s_i

    with ``penalty(w)`` = ``||w||^2/2`` (l2), ``||w||_1`` (l1) or ``l1_ratio*||w||_1 +
    (1 - l1_ratio)*||w||^2/2`` (elasticnet). The intercept is not penalised.

    Parameters
    ----------
    penalty : {'l2', 'l1', 'elasticnet', None}, default='l2'
    C : float, default=1.0
        Inverse of the regularization strength.
    l1_ratio : float, default=None
        Share of the l1 term, for ``penalty='elasticnet'``.
    fit_intercept : bool, default=True
    class_weight : dict or 'balanced', default=None
    tol : float, default=1e-10
        The fit ends when F is proven to be within ``tol * log(classes)`` of its minimum;
        ``log(classes)`` is F(0). For three classes or more, `tol` is at least 1e-8.
    max_iter : int, default=10000
        The largest number of epochs: local steps, in units of the number of samples.
    random_state : int, RandomState instance or None, default=None
        Chooses the samples of the local steps. The same value gives the same bits, for any number
        of threads.
    n_jobs : int, default=None
        Threads, in scikit-learn's convention: None is 1, -1 is one for each core. No more than
        `workers` are used.
    warm_start : bool, default=False
        Start from the coefficients of the last fit.
    workers : int, default=8
        Sequences of local steps. Unlike `n_jobs`, it affects the bits of the answer.

    Attributes
    ----------
    coef_ : ndarray of shape (1, n_features) or (n_classes, n_features)
    intercept_ : ndarray of shape (1,) or (n_classes,)
    classes_ : ndarray of shape (n_classes,)
    certificate_ : float
        A proven upper bound on F - min F.
    result_ : FitResult
    n_iter_ : int
        Epochs, with all gradients.
    n_features_in_, feature_names_in_
    """

    def __init__(
        self,
        penalty="l2",
        *,
        C=1.0,
        l1_ratio=None,
        fit_intercept=True,
        class_weight=None,
        tol=1e-10,
        max_iter=10000,
        random_state=None,
        n_jobs=None,
        warm_start=False,
        workers=8,
    ):
        self.penalty = penalty
        self.C = C
        self.l1_ratio = l1_ratio
        self.fit_intercept = fit_intercept
        self.class_weight = class_weight
        self.tol = tol
        self.max_iter = max_iter
        self.random_state = random_state
        self.n_jobs = n_jobs
        self.warm_start = warm_start
        self.workers = workers

    def fit(self, X, y, sample_weight=None):
        """Fits the model. Features of float64 or float32, row-major or CSR, are not copied."""
        self._check_common()
        check_number("C", self.C, above=0)
        X, codes, weights = self._prepare(X, y, sample_weight)
        total = X.shape[0] if weights is None else weights.sum()
        l1, l2 = penalty_strengths(self.penalty, 1 / (self.C * total), self.l1_ratio)
        problem = dict(l1=l1, l2=l2, intercept=float(bool(self.fit_intercept)))
        classes = len(self.classes_)
        rows = 1 if classes == 2 else classes
        start = self._warm_start_rows(X, rows, problem["intercept"])
        if classes == 2:
            results = self._one_against_rest(
                X, codes, weights, loss="logistic", scale=math.log(2), start=start,
                regularize_intercept=False, **problem,
            )
        else:
            if start is not None:  # all rows, then all intercepts
                columns = X.shape[1]
                start = np.concatenate([start[:, :columns].ravel(), start[:, columns:].ravel()])
            x, result = self._solve(
                X, codes.astype(np.float64), weights, loss="softmax", classes=classes,
                scale=math.log(classes), start=start, regularize_intercept=False,
                seed=self._seed(), **problem,
            )
            size = classes * X.shape[1]
            self.coef_ = x[:size].reshape(classes, X.shape[1])
            if self.fit_intercept:  # F does not change if all intercepts are shifted
                self.intercept_ = x[size:] - x[size:].mean()
            else:
                self.intercept_ = np.zeros(classes)
            if l1 == 0 and l2 == 0:
                self.coef_ = self.coef_ - self.coef_.mean(axis=0)
            results = [result]
        self._set_results(results, math.log(classes), penalised=l1 > 0 or l2 > 0)
        return self

    def predict_proba(self, X):
        """The probability of each class."""
        scores = self.decision_function(X)
        if scores.ndim == 1:
            return np.column_stack([expit(-scores), expit(scores)])
        return softmax(scores)

    def predict_log_proba(self, X):
        """The logarithm of the probability of each class."""
        return np.log(self.predict_proba(X))


class LinearSVC(LinearClassifier):
    """Linear support vector classification with the squared hinge loss; one against the rest for
    three classes or more.

    Minimises scikit-learn's objective, ``penalty(w, b) + C * sum_i s_i * max(0, 1 - y_i z_i)^2``, as
    a mean, F = (1/S) * sum_i s_i * loss_i + (1/(C*S)) * penalty(w, b). As in scikit-learn, the
    intercept is the coefficient of a constant feature, ``intercept_scaling``, and is penalised.

    Parameters
    ----------
    penalty : {'l2', 'l1'}, default='l2'
    loss : {'squared_hinge', 'smoothed_hinge'}, default='squared_hinge'
        'smoothed_hinge' is the hinge loss with its kink rounded over a width of 0.1: it is at most
        0.05 below the hinge loss.
    C : float, default=1.0
    fit_intercept : bool, default=True
    intercept_scaling : float, default=1.0
    class_weight : dict or 'balanced', default=None
    tol : float, default=1e-10
        The fit ends when F is proven to be within `tol` of its minimum.
    max_iter, random_state, n_jobs, workers
        See LogisticRegression.

    Attributes
    ----------
    coef_, intercept_, classes_, certificate_, n_iter_, n_features_in_, feature_names_in_
        See LogisticRegression. `result_` is a list if there are more than two classes.
    """

    def __init__(
        self,
        penalty="l2",
        loss="squared_hinge",
        *,
        C=1.0,
        fit_intercept=True,
        intercept_scaling=1.0,
        class_weight=None,
        tol=1e-10,
        max_iter=10000,
        random_state=None,
        n_jobs=None,
        workers=8,
    ):
        self.penalty = penalty
        self.loss = loss
        self.C = C
        self.fit_intercept = fit_intercept
        self.intercept_scaling = intercept_scaling
        self.class_weight = class_weight
        self.tol = tol
        self.max_iter = max_iter
        self.random_state = random_state
        self.n_jobs = n_jobs
        self.workers = workers

    def fit(self, X, y, sample_weight=None):
        """Fits the model. Features of float64 or float32, row-major or CSR, are not copied."""
        self._check_common()
        check_number("C", self.C, above=0)
        check_number("intercept_scaling", self.intercept_scaling, above=0)
        check_choice("penalty", self.penalty, ("l2", "l1"))
        check_choice("loss", self.loss, ("squared_hinge", "smoothed_hinge"))
        X, codes, weights = self._prepare(X, y, sample_weight)
        total = X.shape[0] if weights is None else weights.sum()
        l1, l2 = penalty_strengths(self.penalty, 1 / (self.C * total), None)
        results = self._one_against_rest(
            X, codes, weights, loss=self.loss, loss_parameter=0.1, scale=1.0, l1=l1, l2=l2,
            intercept=float(self.intercept_scaling) if self.fit_intercept else 0.0,
            regularize_intercept=True,
        )
        self._set_results(results, 1.0)
        return self


class LocalSGDClassifier(PlainSteps, LinearClassifier):
    """Plain Local SGD for a fixed number of epochs, as a fast approximate fit; one against the rest
    for three classes or more.

    Every worker makes local steps with decreasing step sizes, and all iterates are averaged; the
    workers exchange their averages every `local_steps` steps. The objective is that of
    scikit-learn's SGDClassifier::

        F(w, b) = (1/S) * sum_i s_i * loss_i + alpha * ||w||^2/2

    Parameters
    ----------
    loss : {'log_loss', 'squared_hinge', 'smoothed_hinge'}, default='log_loss'
    alpha : float, default=1e-4
        Regularization strength.
    fit_intercept : bool, default=True
    max_iter : int, default=20
        Epochs.
    class_weight : dict or 'balanced', default=None
    random_state, n_jobs, warm_start, workers
        See LogisticRegression.
    local_steps : int, default=None
        H, the steps between two averages; None lets the library choose.

    Attributes
    ----------
    coef_, intercept_, classes_, certificate_, result_, n_iter_, n_features_in_, feature_names_in_
        See LogisticRegression.
    """

    def __init__(
        self,
        loss="log_loss",
        *,
        alpha=1e-4,
        fit_intercept=True,
        max_iter=20,
        class_weight=None,
        random_state=None,
        n_jobs=None,
        warm_start=False,
        workers=8,
        local_steps=None,
    ):
        self.loss = loss
        self.alpha = alpha
        self.fit_intercept = fit_intercept
        self.max_iter = max_iter
        self.class_weight = class_weight
        self.random_state = random_state
        self.n_jobs = n_jobs
        self.warm_start = warm_start
        self.workers = workers
        self.local_steps = local_steps

    def fit(self, X, y, sample_weight=None):
        """Fits the model. Features of float64 or float32, row-major or CSR, are not copied."""
        self._check_plain_steps()
        check_choice("loss", self.loss, ("log_loss", "squared_hinge", "smoothed_hinge"))
        X, codes, weights = self._prepare(X, y, sample_weight)
        intercept = float(bool(self.fit_intercept))
        rows = 1 if len(self.classes_) == 2 else len(self.classes_)
        results = self._one_against_rest(
            X, codes, weights, loss={"log_loss": "logistic"}.get(self.loss, self.loss),
            loss_parameter=0.1, scale=1.0, l1=0.0, l2=float(self.alpha), intercept=intercept,
            regularize_intercept=False, start=self._warm_start_rows(X, rows, intercept),
        )
        self._set_results(results, 1.0)
        return self

    def _has_probabilities(self):
        return self.loss == "log_loss"

    @available_if(_has_probabilities)
    def predict_proba(self, X):
        """The probability of each class, for ``loss='log_loss'``. For three classes or more, those
        of one against the rest, normalised."""
        scores = self.decision_function(X)
        if scores.ndim == 1:
            return np.column_stack([expit(-scores), expit(scores)])
        p = expit(scores)
        total = p.sum(axis=1, keepdims=True)
        return np.where(total > 0, p / np.where(total > 0, total, 1), 1 / p.shape[1])
