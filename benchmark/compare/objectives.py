# Copyright (c) 2026 The localsgd authors
# SPDX-License-Identifier: BSL-1.0
"""The objectives of the battery, written out once more, and Newton's method to find their optima.

f(x) = (1/n) sum_i phi(<a_i, x>, y_i) + penalty/2 |x|^2. For softmax x has one row a class, in one
piece. All systems are judged by these functions.
"""

import time

import numpy as np
import scipy.linalg
import scipy.sparse
import scipy.special
import sklearn.datasets

LOSSES = {  # by task
    "binary": ("logistic", "squared_hinge", "smoothed_hinge"),
    "regression": ("squared", "huber"),
    "counts": ("poisson",),
    "classes": ("softmax",),
}
MAX_RATE = 100  # of localsgd::poisson, which continues exp(z) by a parabola from there on


def read(path, columns):
    """Features and targets of a LIBSVM file; dense where half of all entries or more are not 0.
    The values are rounded to float, as those of localsgd are, and held as double."""
    a, y = sklearn.datasets.load_svmlight_file(path, n_features=columns, zero_based=False)
    a.data = a.data.astype(np.float32).astype(np.float64)
    a.sort_indices()
    return (a.toarray() if 2 * a.nnz >= a.shape[0] * a.shape[1] else a), y


def losses(name, z, y):
    """phi, its slope and its curvature at each z."""
    if name == "logistic":
        p = scipy.special.expit(-y * z)
        return np.logaddexp(0, -y * z), -y * p, p * (1 - p)
    if name == "squared_hinge":
        gap = np.maximum(0, 1 - y * z)
        return gap**2, -2 * y * gap, 2.0 * (gap > 0)
    if name == "smoothed_hinge":
        gap = 1 - y * z
        inside = np.clip(gap, 0, 1)
        value = np.where(gap < 1, inside**2 / 2, gap - 0.5)
        return value, -y * inside, 1.0 * ((gap > 0) & (gap < 1))
    if name == "huber":
        r = z - y
        size = np.abs(r)
        value = np.where(size <= 1, r**2 / 2, size - 0.5)
        return value, np.clip(r, -1, 1), 1.0 * (size <= 1)
    if name == "squared":
        return (z - y) ** 2 / 2, z - y, np.ones_like(z)
    if name == "poisson":
        u = z - np.log(MAX_RATE)
        below = np.exp(np.minimum(z, np.log(MAX_RATE)))
        over = np.maximum(u, 0)
        value = below + MAX_RATE * (over + over**2 / 2) - y * z
        return value, below + MAX_RATE * over - y, below
    raise ValueError(name)


class Objective:
    """f, its gradient, and products with its Hessian."""

    def __init__(self, a, y, loss, penalty):
        self.a, self.y, self.loss, self.penalty = a, y, loss, penalty
        self.n, self.d = a.shape
        self.transposed = a.T.tocsr() if scipy.sparse.issparse(a) else a.T
        self.classes = int(y.max()) + 1 if loss == "softmax" else 1
        self.size = self.d * self.classes
        self.labels = y.astype(np.int64) if loss == "softmax" else None
        self.at_zero = self.value(np.zeros(self.size))

    def scores(self, x):
        return self.a @ (x if self.classes == 1 else x.reshape(self.classes, self.d).T)

    def pull_back(self, slopes):
        g = self.transposed @ slopes
        return g if self.classes == 1 else np.ravel(g.T)

    def objective(self, x):  # the name that systems.py knows
        return self.value(np.ravel(x))

    def value(self, x):
        return self.value_and_gradient(x, only_value=True)

    def value_and_gradient(self, x, only_value=False):
        z = self.scores(x)
        if self.classes == 1:
            values, slopes, self.bend = losses(self.loss, z, self.y)
        else:
            rows = np.arange(self.n)
            top = z.max(axis=1, keepdims=True)
            e = np.exp(z - top)
            total = e.sum(axis=1, keepdims=True)
            values = (top + np.log(total)).ravel() - z[rows, self.labels]
            slopes = self.bend = e / total
            if not only_value:
                slopes = slopes.copy()
                slopes[rows, self.labels] -= 1
        f = float(values.mean() + self.penalty / 2 * (x @ x))
        return f if only_value else (f, self.pull_back(slopes) / self.n + self.penalty * x)

    def times(self, v):
        """The product of v with the Hessian where value_and_gradient was called last."""
        s = self.scores(v)
        if self.classes == 1:
            s = self.bend * s
        else:
            s = self.bend * s
            s -= self.bend * s.sum(axis=1, keepdims=True)
        return self.pull_back(s) / self.n + self.penalty * v

    def diagonal(self):
        squares = self.transposed.multiply(self.transposed) if scipy.sparse.issparse(
            self.a) else self.transposed**2
        bend = self.bend if self.classes == 1 else self.bend * (1 - self.bend)
        h = squares @ bend
        return (h if self.classes == 1 else np.ravel(h.T)) / self.n + self.penalty

    def hessian(self):
        def block(weights):
            weighted = (scipy.sparse.diags(weights) @ self.a if scipy.sparse.issparse(self.a)
                        else weights[:, None] * self.a)
            h = self.transposed @ weighted
            return (h.toarray() if scipy.sparse.issparse(h) else h) / self.n

        if self.classes == 1:
            h = block(self.bend)
        else:
            p, c = self.bend, self.classes
            blocks = [[None] * c for _ in range(c)]
            for i in range(c):
                for j in range(i + 1):
                    blocks[i][j] = blocks[j][i] = block(p[:, i] * ((i == j) - p[:, j]))
            h = np.block(blocks)
        h[np.diag_indices(self.size)] += self.penalty
        return h

    def minimise(self, enough=1e-10, most=300, seconds=600):
        """x, f(x) and |grad f|^2/(2 penalty), a bound on f - f*, by Newton's method; exact steps up
        to 1500 coordinates, else conjugate gradients. `enough` is relative to f(0)."""
        start = time.monotonic()
        x = np.zeros(self.size)
        f, g = self.value_and_gradient(x)
        for _ in range(most):
            bound = g @ g / (2 * self.penalty)
            if bound <= enough * abs(self.at_zero) or time.monotonic() - start > seconds:
                break
            if self.size <= 1500:
                h = self.hessian()
                scale = 1 / np.sqrt(np.diag(h))
                step = -scale * scipy.linalg.solve(
                    h * scale[:, None] * scale, scale * g, assume_a="pos")
            else:
                step = self.conjugate_gradients(g)
            slope, length = g @ step, 1.0
            for _ in range(40):
                following = x + length * step
                f_next, g_next = self.value_and_gradient(following)
                if f_next <= f + 1e-4 * length * slope + 4e-16 * abs(f):
                    break
                length /= 2
            if not f_next < f and g_next @ g_next >= g @ g:
                break  # rounding
            x, f, g = following, f_next, g_next
        return x, f, g @ g / (2 * self.penalty)

    def conjugate_gradients(self, g):
        """About -(Hessian)^-1 g, the more exact the smaller g is."""
        diagonal = self.diagonal()
        step, r = np.zeros_like(g), -g
        z = r / diagonal
        p, rz = z, r @ z
        size = np.linalg.norm(g)
        for _ in range(1000):
            if np.linalg.norm(r) <= size * np.clip(np.sqrt(size), 1e-4, 0.1):
                break
            h = self.times(p)
            alpha = rz / (p @ h)
            step, r = step + alpha * p, r - alpha * h
            z = r / diagonal
            before, rz = rz, r @ z
            p = z + rz / before * p
        return step
