# Copyright (c) 2026 The localsgd authors
# SPDX-License-Identifier: BSL-1.0
"""Objectives with L1 and L2 penalties, intercepts and offsets, and the systems that minimise them.

F(x) = (1/n) sum_i phi(<a_i, w> + c + o_i, y_i) + l1 |w|_1 + l2/2 |w|^2. The intercept c is the last
number of x: none; free; or penalized, which is the coefficient of a feature that is always 1. Every
answer is judged by value(), which knows none of the systems.
"""

import os
import time

import numpy as np
import scipy.optimize
import scipy.sparse
import sklearn.linear_model

import battery_systems
import objectives
import systems
from battery_systems import Failed

FAMILIES = {"logistic": "binomial", "squared": "gaussian", "poisson": "poisson",
            "softmax": "multinomial"}  # of glmnet, by loss
LIBLINEAR = {  # by loss and penalty: the solvers, and whether they know -R
    ("logistic", "l2"): ((0, True), (7, False)),
    ("logistic", "l1"): ((6, True),),
    ("squared_hinge", "l1"): ((5, True),),
}


class Problem:
    def __init__(self, a, y, loss, intercept="none", offsets=None):
        self.a, self.y, self.loss, self.intercept = a, y, loss, intercept
        self.n, self.d = a.shape
        self.offsets = np.zeros(self.n) if offsets is None else offsets
        self.classes = int(y.max()) + 1 if loss == "softmax" else 1
        self.l1 = self.l2 = 0.0

    def set_penalty(self, strength, mix):
        self.l1, self.l2 = strength * mix, strength * (1 - mix)
        self.kind = {1: "l1", 0: "l2"}.get(mix, "elastic net")

    def losses(self, z):
        """The values and the slopes at the predictions z."""
        if self.loss == "softmax":
            top = z.max(axis=1, keepdims=True)
            e = np.exp(z - top)
            total = e.sum(axis=1, keepdims=True)
            own = np.arange(self.n), self.y.astype(int)
            slopes = e / total
            slopes[own] -= 1
            return (top + np.log(total)).ravel() - z[own], slopes
        if self.loss == "poisson":
            return np.exp(z) - self.y * z, np.exp(z) - self.y
        if self.loss.startswith("quantile"):
            tau, gamma = map(float, self.loss.split(":")[1:])
            return smoothed_quantile(z - self.y, tau, gamma), None
        return objectives.losses(self.loss, z, self.y)[:2]

    def value(self, x):
        """F(x); the sums in extended precision, where the machine has it."""
        if self.classes > 1:
            z = self.a @ x.reshape(self.classes, self.d).T
        else:
            z = self.a @ x[: self.d] + self.offsets + (0 if self.intercept == "none" else x[-1])
        w = (x[:-1] if self.intercept == "free" else x).astype(np.longdouble)
        mean = self.losses(z.astype(np.longdouble))[0].mean()
        return float(mean + self.l1 * np.abs(w).sum() + self.l2 / 2 * (w @ w))

    def null(self):
        """The best x without features."""
        x = np.zeros(self.d * self.classes + (self.intercept != "none"))
        if self.intercept == "free":
            def slope(c):
                return self.losses(c + self.offsets)[1].mean()

            x[-1] = scipy.optimize.brentq(slope, -60, max(60, self.y.max()), xtol=1e-14)
        return x

    def lambda_max(self):
        """The least l1 that keeps all coefficients 0."""
        z = self.offsets + (self.null()[-1] if self.intercept == "free" else 0)
        if self.classes > 1:
            z = np.zeros((self.n, self.classes))
        slopes = self.losses(z)[1]
        return float(np.abs(self.a.T @ slopes).max() / self.n)

    def coefficients(self, x):
        return x if self.intercept == "none" else x[:-1]


def smoothed_quantile(r, tau, gamma):
    """localsgd::smoothed_quantile; with gamma = 0 the pinball loss."""
    if gamma == 0:
        return np.maximum(-tau * r, (1 - tau) * r)
    slope = np.clip(r / gamma, -tau, 1 - tau)
    return slope * r - gamma / 2 * slope**2


class Programs:
    """The programs that hold one data set, and the files by which they exchange vectors."""

    def __init__(self, program, data_file, folder):
        self.program, self.data_file, self.folder = program, data_file, folder
        self.ours = battery_systems.PatientServer(program, data_file)
        self.liblinear = battery_systems.PatientServer(program, data_file)
        self.r = {}
        self.x_file = os.path.join(folder, "x")
        self.version = self.liblinear.ask(60, "version")["liblinear"]

    def x(self):
        return np.fromfile(self.x_file)

    def offsets_file(self, p):
        if not p.offsets.any():
            return "-"
        path = os.path.join(self.folder, "offsets")
        p.offsets.tofile(path)
        return path

    def glmnet(self, p):
        offsets = self.offsets_file(p)
        key = id(p.a), id(p.y), offsets
        if key not in self.r:
            columns = os.path.join(self.folder, "columns")
            battery_systems.write_columns(columns, p.a, p.y)
            files = [columns] + ([] if offsets == "-" else [offsets])
            self.r[key] = battery_systems.PatientServer(
                "Rscript", "--vanilla", os.path.join(battery_systems.HERE, "glmnet.R"), *files)
        return self.r[key]

    def close(self):
        for server in (self.ours, self.liblinear, *self.r.values()):
            server.close()

    # Each runs once and returns wall seconds, CPU seconds, x, and the whole answer.

    def localsgd(self, p, tolerance, limit):
        answer = self.ours.ask(
            2 * limit + 60, "localsgd", p.loss, repr(p.l1), repr(p.l2), p.intercept,
            self.offsets_file(p), repr(tolerance), limit, self.x_file)
        return answer["seconds"], answer["cpu"], self.x(), answer

    def run_liblinear(self, p, solver, eps, limit):
        strength = p.l1 or p.l2
        answer = self.liblinear.ask(limit, "liblinear", solver, eps, repr(1 / (strength * p.n)),
                                    p.intercept, self.x_file)
        return answer["seconds"], answer["cpu"], self.x(), answer

    def run_glmnet(self, p, threshold, steps, decades, limit):
        family = FAMILIES[p.loss]
        l2 = p.l2
        if family == "gaussian":  # glmnet scales y to deviation 1 before it applies the penalties
            shift = p.y.mean() if p.intercept == "free" else 0
            l2 *= np.sqrt(np.mean((p.y - shift) ** 2))
        strength = p.l1 + l2
        answer = self.glmnet(p).ask(
            limit, family, repr(float(p.l1 / strength)), repr(float(strength)), steps, decades,
            p.intercept, threshold, "last", self.x_file)
        if "seconds" not in answer:
            raise Failed
        return answer["seconds"], answer["cpu"], self.x(), answer


# --- scikit-learn --------------------------------------------------------------------------------


def estimators(p):
    """{name: make(iterations, tol)} of scikit-learn, for this problem."""
    free = p.intercept == "free"
    model = sklearn.linear_model
    strength, mix = p.l1 + p.l2, p.l1 / (p.l1 + p.l2)
    if p.intercept == "penalized" or (p.offsets.any() and p.loss != "poisson"):
        return {}
    if p.loss in ("logistic", "softmax"):
        more = dict(C=1 / (strength * p.n), fit_intercept=free, random_state=0,
                    **(systems.MULTINOMIAL if p.loss == "softmax" else {}))
        found = {"saga": lambda m, tol: model.LogisticRegression(
            solver="saga", penalty="elasticnet", l1_ratio=mix, max_iter=m, tol=tol, **more)}
        for solver in ("lbfgs", "newton-cg") if p.kind == "l2" else ():
            found[solver] = lambda m, tol, solver=solver: model.LogisticRegression(
                solver=solver, max_iter=m, tol=tol, **more)
        return found
    if p.loss == "squared" and p.kind == "l2":
        return {"Ridge": lambda m, tol: model.Ridge(
            alpha=strength * p.n, fit_intercept=free, solver="cholesky")}
    if p.loss == "squared":
        return {"Lasso" if mix == 1 else "ElasticNet": lambda m, tol: model.ElasticNet(
            alpha=strength, l1_ratio=mix, fit_intercept=free, max_iter=m, tol=tol)}
    if p.loss == "poisson" and p.kind == "l2" and not p.offsets.any():
        return {"PoissonRegressor": lambda m, tol: model.PoissonRegressor(
            alpha=strength, fit_intercept=free, max_iter=m, tol=tol,
            **({"solver": "newton-cholesky"} if systems.VERSION >= (1, 2) else {}))}
    if p.loss.startswith("quantile"):
        return {"QuantileRegressor": lambda m, tol: model.QuantileRegressor(
            quantile=float(p.loss.split(":")[1]), alpha=strength, fit_intercept=free,
            solver="highs")}
    return {}


def fit(p, estimator):
    """Wall seconds, CPU seconds, x."""
    a = p.a
    if p.kind == "l2" and p.loss == "squared" and scipy.sparse.issparse(a):
        a = a.toarray()  # Ridge's Cholesky solver with an intercept takes no sparse rows
    elif isinstance(estimator, sklearn.linear_model.ElasticNet):
        a = a.tocsc() if scipy.sparse.issparse(a) else np.asfortranarray(a)
    start = time.perf_counter(), time.process_time()
    estimator.fit(a, p.y)
    taken = time.perf_counter() - start[0], time.process_time() - start[1]
    coefficients = np.ravel(estimator.coef_)
    if p.intercept == "free":
        coefficients = np.append(coefficients, estimator.intercept_)
    return *taken, coefficients


def fit_within(p, make, tol, limit):
    """A fit with as many iterations as the limit has time for. The first ones tell the pace."""
    first = fit(p, make(10, tol))
    most = int(np.clip(10 * limit / max(first[0], 1e-6), 10, 100_000))
    return first if most == 10 else fit(p, make(most, tol))
