# Copyright (c) 2026 The localsgd authors
# SPDX-License-Identifier: BSL-1.0
"""What all estimators have in common."""

import math
import numbers
import warnings
from dataclasses import dataclass, field

import numpy as np
from joblib import effective_n_jobs
from scipy import sparse
from sklearn.base import BaseEstimator
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import check_random_state
from sklearn.utils.extmath import safe_sparse_dot
from sklearn.utils.validation import _check_sample_weight, check_is_fitted

from . import _core

try:  # scikit-learn 1.6 and later
    from sklearn.utils.validation import validate_data
except ImportError:

    def validate_data(estimator, *args, **kwargs):
        return estimator._validate_data(*args, **kwargs)


@dataclass(frozen=True)
class FitResult:
    """The run behind a fit. ``print(model.result_)`` shows a report.

    Attributes
    ----------
    objective : float
        F(x) = mean loss + penalty, at the answer. See the documentation of the estimator.
    certificate : float
        A proven upper bound on F(x) - min F; infinite if there is none.
    reason : str
        Why the run ended: ``tolerance_reached``, ``precision_reached`` (as good as double precision
        allows), ``steps_done`` (``max_iter`` was reached), ``stalled`` (F and its gradient no longer
        decrease: normal without a penalty) or ``diverged``.
    epochs : float
        Gradients of single samples, divided by the number of samples.
    rounds : int
        Averages of the workers' iterates.
    seconds : float
        Training time; evaluations are excluded.
    history : list of dict
        ``seconds``, ``gradients``, ``objective`` and ``certificate`` at each evaluation.
    """

    objective: float
    certificate: float
    reason: str
    epochs: float
    rounds: int
    seconds: float
    history: list = field(repr=False)
    report: str = field(repr=False)

    def __str__(self):
        return self.report


def check_number(name, value, *, at_least=None, above=None, at_most=None, integer=False):
    """Raises ValueError, or TypeError if `value` is not a number."""
    kind = numbers.Integral if integer else numbers.Real
    if not isinstance(value, kind) or isinstance(value, bool):
        raise TypeError(f"{name} must be {'an integer' if integer else 'a number'}; got {value!r}")
    in_range = (
        not math.isnan(value)
        and (at_least is None or value >= at_least)
        and (above is None or value > above)
        and (at_most is None or value <= at_most)
    )
    if not in_range:
        rules = []
        if at_least is not None:
            rules.append(f">= {at_least}")
        if above is not None:
            rules.append(f"> {above}")
        if at_most is not None:
            rules.append(f"<= {at_most}")
        raise ValueError(f"{name} must be {' and '.join(rules)}; got {value!r}")


def check_choice(name, value, choices):
    if value not in choices:
        raise ValueError(f"{name} must be one of {', '.join(map(repr, choices))}; got {value!r}")


def penalty_strengths(penalty, strength, l1_ratio):
    """l1 and l2 of l1*||w||_1 + (l2/2)*||w||^2."""
    check_choice("penalty", penalty, ("l2", "l1", "elasticnet", None))
    if penalty is None:
        return 0.0, 0.0
    if penalty == "l2":
        return 0.0, strength
    if penalty == "l1":
        return strength, 0.0
    if l1_ratio is None:
        raise ValueError("l1_ratio must be a number if penalty='elasticnet'; got None")
    check_number("l1_ratio", l1_ratio, at_least=0, at_most=1)
    return strength * l1_ratio, strength * (1 - l1_ratio)


def rows_of(X):
    """The features as the solver reads them: NumPy's and SciPy's arrays, not copies of them."""
    if not sparse.issparse(X):
        return np.require(X, requirements=["C", "A"])
    if not X.has_canonical_format:  # sorted, without duplicates; fit must not change its argument
        X = X.copy()
        X.sum_duplicates()
    indices, starts = X.indices, X.indptr
    if indices.dtype != np.int32:  # 64 bits, for more than 2^31 entries
        if X.shape[1] > np.iinfo(np.int32).max:
            raise ValueError("Sparse features with 2^31 columns or more are not supported")
        indices = indices.astype(np.int32)
    if starts.dtype not in (np.int32, np.int64):
        starts = starts.astype(np.int64)
    return X.data, indices, starts, X.shape[1]


class LinearModel(BaseEstimator):
    """Base of the estimators: `solve` fits one vector of coefficients, or those of all classes."""

    def _validate(self, X, y, **kwargs):
        return validate_data(
            self, X, y, accept_sparse="csr", dtype=[np.float64, np.float32], order="C", **kwargs
        )

    def _check_common(self):
        check_number("tol", self.tol, at_least=0)
        check_number("max_iter", self.max_iter, at_least=1)
        self._check_workers()

    def _check_workers(self):
        check_number("workers", self.workers, at_least=1, integer=True)

    def _weights(self, X, sample_weight):
        """float64, or None if all are equal."""
        if sample_weight is None:
            return None
        weights = _check_sample_weight(sample_weight, X, dtype=np.float64)
        if np.any(weights < 0):
            raise ValueError("Negative values in sample_weight are not allowed")
        if not np.any(weights > 0):
            raise ValueError("All sample weights are zero")
        return np.ascontiguousarray(weights)

    def _run_settings(self, n, loss, scale):
        """Variance-reduced steps until the certificate is at most tol*scale."""
        tol = self.tol
        if loss == "softmax":  # rounding keeps its bounds above smaller tolerances
            tol = max(tol, 1e-8)
        # 10 is the default of the library, which then makes as many epochs as needed.
        epochs = float(self.max_iter)
        return dict(
            local_steps=0,
            epochs=np.nextafter(10, 11) if epochs == 10 else epochs,
            steps=0,
            tolerance=max(tol * scale, np.finfo(float).tiny),
        )

    def _solve(self, X, targets, weights, *, scale, seed, start=None, **problem):
        values = _core.solve(
            rows_of(X),
            targets,
            weights,
            loss_parameter=problem.pop("loss_parameter", 1.0),
            classes=problem.pop("classes", 2),
            workers=int(self.workers),
            batch_size=1,
            seed=seed,
            threads=min(effective_n_jobs(self.n_jobs), 4096),
            start=start,
            **self._run_settings(X.shape[0], problem["loss"], scale),
            **problem,
        )
        x = values.pop("x")
        return x, FitResult(
            objective=values["objective"],
            certificate=values["certificate"],
            reason=values["reason"],
            epochs=values["gradients"] / X.shape[0],
            rounds=values["rounds"],
            seconds=values["seconds"],
            history=values["history"],
            report=values["report"],
        )

    def _seed(self):
        return int(check_random_state(self.random_state).randint(np.iinfo(np.int32).max))

    def _set_results(self, results, scale, penalised=True):
        """certificate_, result_ and n_iter_; warns if a run did not converge.

        F(0) is `scale`."""
        self.result_ = results[0] if len(results) == 1 else results
        self.certificate_ = max(r.certificate for r in results)
        self.n_iter_ = max(1, math.ceil(max(r.epochs for r in results)))
        for message in {self._complaint(r, scale if penalised else None) for r in results} - {None}:
            warnings.warn(message, ConvergenceWarning, stacklevel=3)

    def _complaint(self, result, scale):
        if result.reason == "steps_done":
            return (
                f"max_iter={self.max_iter} was reached before tol={self.tol}. Increase max_iter or "
                "tol, or scale the features to similar ranges."
            )
        if result.reason == "diverged":
            return "The objective overflowed. Scale the features to similar ranges."
        # F and its gradient no longer decrease. Rounding may keep the bound above a small tol, and
        # without a penalty there is no tight bound.
        if result.reason == "stalled" and scale and result.certificate > 1e-6 * scale:
            return (
                "The objective stopped decreasing before tol was reached; certificate_ says how good "
                "the answer is. Scale the features to similar ranges."
            )
        return None

    def _scores(self, X):
        check_is_fitted(self)
        X = validate_data(
            self, X, accept_sparse="csr", dtype=[np.float64, np.float32], reset=False
        )
        return safe_sparse_dot(X, self.coef_.T, dense_output=True) + self.intercept_

    def __sklearn_tags__(self):  # scikit-learn 1.6 and later
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags


class PlainSteps:
    """Mixin of the estimators that make plain steps for a number of epochs, without a tolerance."""

    def _check_plain_steps(self):
        check_number("alpha", self.alpha, above=0)
        check_number("max_iter", self.max_iter, at_least=1)
        self._check_workers()
        if self.local_steps is not None:
            check_number("local_steps", self.local_steps, at_least=1, integer=True)

    def _run_settings(self, n, loss, scale):
        return dict(
            local_steps=int(self.local_steps or 0),
            epochs=0.0,
            steps=math.ceil(self.max_iter * n / self.workers),
            tolerance=0.0,
        )

    def _complaint(self, result, scale):
        return None if result.reason == "steps_done" else super()._complaint(result, scale)

    def _more_tags(self):
        """What scikit-learn's checks cannot expect of plain steps (before version 1.6, where callers
        of check_estimator pass it)."""
        return {
            "_xfail_checks": {
                "check_sample_weights_invariance": "the steps draw samples by their positions, which "
                "change if samples of weight 0 are removed",
            }
        }
