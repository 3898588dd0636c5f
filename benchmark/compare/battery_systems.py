# Copyright (c) 2026 The localsgd authors
# SPDX-License-Identifier: BSL-1.0
"""The systems of the battery: for an objective all that minimise exactly it."""

import functools
import os
import select
import shutil
import subprocess

import numpy as np
import scipy.optimize
import scipy.sparse
import sklearn.linear_model
import sklearn.svm

import compare
import systems
from systems import Config, System, chain

HERE = os.path.dirname(os.path.abspath(__file__))


class Failed(Exception):
    """What a system that does not answer, or not in time, ends a run by."""


class PatientServer(systems.Server):
    """A server that is ended when an answer takes too long, and started again for the next."""

    def __init__(self, *command):
        self.process = None
        self.command = command

    LOADING = 60  # seconds that a program may take to read its data, before the first answer

    def ask(self, limit, *words):
        if self.process is None:
            super().__init__(*self.command)
            limit += self.LOADING
        self.process.stdin.write(" ".join(map(str, words)) + "\n")
        self.process.stdin.flush()
        if not select.select([self.process.stdout], [], [], limit)[0]:
            self.close()
            raise Failed
        answer = self.process.stdout.readline()
        if not answer:
            self.close()
            raise Failed
        return systems.json.loads(answer)

    def close(self):
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None


def nothing(limit):
    return [(limit, np.inf)]


class Programs:
    """The programs that hold one data set, and the file in which they leave x."""

    def __init__(self, program, data_file, folder):
        self.localsgd = systems.Server(program, data_file, "serve")
        self.liblinear = PatientServer(program, data_file, "serve")
        self.x_file = os.path.join(folder, "x")
        self.columns_file = os.path.join(folder, "columns")
        self.r = None

    def x(self):
        return np.fromfile(self.x_file)

    def glmnet(self, a, y):
        """The R program; None where there is no glmnet."""
        if self.r is None and have_glmnet():
            write_columns(self.columns_file, a, y)
            self.r = PatientServer("Rscript", "--vanilla", os.path.join(HERE, "glmnet.R"),
                                   self.columns_file)
        return self.r

    def close(self):
        self.localsgd.close()
        self.liblinear.close()
        if self.r is not None:
            self.r.close()


@functools.cache
def have_glmnet():
    return shutil.which("Rscript") is not None and subprocess.run(
        ["Rscript", "--vanilla", "-e", "library(glmnet)"], capture_output=True, check=False
    ).returncode == 0


def write_columns(path, a, y):
    """The file that glmnet.R describes. glmnet leaves out constant columns, so the first value of
    such a column gets a ten-millionth larger, which no level of accuracy here notices."""
    csc = scipy.sparse.csc_matrix(a)
    values = csc.data.copy()
    for j in np.flatnonzero(np.diff(csc.indptr) == len(y)):
        part = slice(csc.indptr[j], csc.indptr[j + 1])
        if np.ptp(values[part]) == 0:
            values[csc.indptr[j]] *= 1 + 1e-7
    dense = not scipy.sparse.issparse(a)
    with open(path, "wb") as file:
        for part in ([*csc.shape, csc.nnz, dense], csc.indptr, csc.indices):
            np.asarray(part, np.int32).tofile(file)
        values.tofile(file)
        np.asarray(y, np.float64).tofile(file)


def localsgd(programs, f, penalty, optimum, levels, limit, notes):
    """A run for each level. Its value is f* and the certificate: what is proven at its end."""
    scale = f.at_zero - optimum

    def run(level):
        answer = programs.localsgd(
            "localsgd", f.loss, repr(penalty), repr(level * scale), limit, programs.x_file)
        notes[f"tolerance={level:g}"] = f"{answer['epochs']:.1f} epochs, {answer['reason']}"
        x, objective = programs.x(), answer["objective"]
        if abs(f.value(x) - objective) > 1e-9 * max(abs(objective), scale):
            raise compare.Wrong(f"localsgd's f is {objective!r}, in truth {f.value(x)!r}")
        if not objective - answer["certificate"] <= optimum + 1e-8 * scale:
            raise compare.Wrong("localsgd's certificate is wrong, or f* is")
        proven = answer["certificate"]
        return [(systems.seconds_of(answer), optimum + proven)]

    # The harder level is run even if the easier one is not reached.
    return System(
        "localsgd",
        [[Config(f"tolerance={level:g}", lambda level=level: run(level))] for level in levels],
        ours=True,
    )


def liblinear(programs, f, limit, quick):
    kinds = {
        "logistic": ((0, "L2R_LR"), (7, "L2R_LR_DUAL")),
        "squared_hinge": ((2, "L2R_L2LOSS_SVC"), (1, "L2R_L2LOSS_SVC_DUAL")),
        "squared": ((11, "L2R_L2LOSS_SVR"), (12, "L2R_L2LOSS_SVR_DUAL")),
    }
    c = 1 / (f.penalty * f.n) / (2 if f.loss == "squared" else 1)

    def run(solver, eps):
        try:
            answer = programs.liblinear.ask(limit, "liblinear", solver, eps, repr(c),
                                            programs.x_file)
        except Failed:
            return nothing(limit)
        return [(systems.seconds_of(answer), f.value(programs.x()))]

    return [
        System(f"LIBLINEAR {name}", [[
            Config(f"-s {s} -e {e}", lambda s=s, e=e: run(s, e))
            for e in systems.tolerances(quick)
        ]])
        for s, name in kinds.get(f.loss, ())
    ]


def glmnet(programs, f, limit, quick):
    family = {"logistic": "binomial", "squared": "gaussian", "poisson": "poisson",
              "softmax": "multinomial"}.get(f.loss)
    server = family and programs.glmnet(f.a, f.y)
    if not server:
        return []
    # With a gaussian glmnet scales y to length sqrt(n) before it applies the penalty.
    penalty = f.penalty * (np.sqrt(np.mean(f.y**2)) if family == "gaussian" else 1)

    def run(threshold, steps):
        try:
            answer = server.ask(limit, family, 0, repr(float(penalty)), steps, 3, "none", threshold,
                                "last", programs.x_file)
        except Failed:
            return nothing(limit)
        if "seconds" not in answer:
            return nothing(limit)
        return [(systems.seconds_of(answer), f.value(programs.x()))]

    thresholds = [float(f"1e-{k}") for k in range(2, 21, 3 if quick else 1)]
    return [System("glmnet", [
        [Config(f"thresh={t} lambdas={steps}", lambda t=t, steps=steps: run(t, steps))
         for t in thresholds]
        for steps in (1, 10)
    ])]


def lbfgs(f, enough, limit):
    """SciPy's L-BFGS-B on f as written in objectives.py: for any loss."""

    def run(pairs):
        points = []
        start = systems.now()

        def watched(x):
            value, g = f.value_and_gradient(x)
            points.append((systems.now() - start, value))
            if value <= enough or points[-1][0] > limit:
                raise StopIteration
            return value, g

        try:
            scipy.optimize.minimize(
                watched, np.zeros(f.size), jac=True, method="L-BFGS-B",
                options={"maxcor": pairs, "maxiter": 10**6, "maxfun": 10**6, "ftol": 0, "gtol": 0})
        except StopIteration:
            pass
        return points

    return System("SciPy L-BFGS", [[Config(f"maxcor={p}", lambda p=p: run(p))] for p in (10, 30)])


def generic(name, make, values, f):
    def judge(model):
        return f.objective(model.coef_)

    return System(name, [chain(name.split()[-1] + " {}", make, values, f.a, f.y, judge)])


def scikit_learn(f, quick, say):
    iterations = systems.ITERATIONS[:: 2 if quick else 1]
    newton = systems.NEWTON_STEPS[:: 2 if quick else 1]
    tight = [float(f"1e-{k}") for k in range(1, 16, 2 if quick else 1)]
    model = sklearn.linear_model
    if f.loss == "logistic":
        found = systems.logistic_regressions(f, quick, say)
        return found + [systems.sgd_classifier(f, True)] if f.n >= 20000 else found
    if f.loss == "softmax":
        def make(solver, most):
            return model.LogisticRegression(
                C=1 / (f.penalty * f.n), fit_intercept=False, solver=solver, max_iter=most,
                tol=0.0, random_state=0, **systems.MULTINOMIAL)

        return [
            generic("sklearn " + solver, lambda m, solver=solver: make(solver, m),
                    newton if solver == "newton-cg" else iterations, f)
            for solver in ("lbfgs", "newton-cg", "sag", "saga")
        ]
    if f.loss == "squared":
        def ridge(solver, **more):
            return model.Ridge(alpha=f.penalty * f.n, fit_intercept=False, solver=solver,
                               random_state=0, **more)

        found = [
            generic("sklearn Ridge " + solver,
                    lambda tol, solver=solver: ridge(solver, tol=tol), tight, f)
            for solver in ("sparse_cg", "lsqr")
        ]
        found += [
            generic("sklearn Ridge " + solver,
                    lambda m, solver=solver: ridge(solver, tol=0.0, max_iter=m), iterations, f)
            for solver in ("sag", "saga")
        ]
        if f.d <= 5000:
            found.append(generic("sklearn Ridge cholesky", lambda _: ridge("cholesky"), [""], f))
        if f.d <= 5000 and not scipy.sparse.issparse(f.a):
            found.append(generic("sklearn Ridge svd", lambda _: ridge("svd"), [""], f))
        return found
    if f.loss == "poisson":
        return [
            generic("sklearn PoissonRegressor " + solver,
                    lambda m, solver=solver: model.PoissonRegressor(
                        alpha=f.penalty, fit_intercept=False, solver=solver, max_iter=m,
                        tol=1e-14),
                    newton if solver.startswith("newton") else iterations, f)
            for solver in ("lbfgs", "newton-cholesky")
            if solver == "lbfgs" or (f.d <= 5000 and systems.VERSION >= (1, 2))
        ]
    if f.loss == "squared_hinge":
        return [
            generic("sklearn LinearSVC " + form,
                    lambda tol, form=form: sklearn.svm.LinearSVC(
                        C=1 / (f.penalty * f.n), loss="squared_hinge", dual=form == "dual",
                        fit_intercept=False, tol=tol, random_state=0),
                    systems.tolerances(quick), f)
            for form in ("primal", "dual")
        ]
    return []


def everyone(programs, f, optimum, levels, limit, quick, say, notes):
    hardest = optimum + min(levels) * (f.at_zero - optimum)
    return [
        localsgd(programs, f, f.penalty, optimum, levels, limit, notes),
        *liblinear(programs, f, limit, quick),
        *scikit_learn(f, quick, say),
        *glmnet(programs, f, limit, quick),
        lbfgs(f, hardest, limit),
    ]
