# Copyright (c) 2026 The localsgd authors
# SPDX-License-Identifier: BSL-1.0
"""The systems that are compared, and the configurations of each that are tried.

A system is a name and a list of chains. A chain is a list of configurations of ascending work, a
configuration a name and a function without arguments that trains once, from scratch, and returns a
list of points (seconds of training, value): the smaller the value, the better.
"""

import gzip
import json
import subprocess
import time
import warnings
from typing import Callable, NamedTuple

import numpy as np
import scipy.sparse
import sklearn
import sklearn.linear_model

warnings.filterwarnings("ignore", category=sklearn.exceptions.ConvergenceWarning)
warnings.filterwarnings("ignore", module="sklearn")
warnings.filterwarnings("ignore", module="scipy")


VERSION = tuple(int(v) for v in sklearn.__version__.split(".")[:2])
# From 1.5 on it is what these solvers do anyway, and saying so is deprecated.
MULTINOMIAL = {"multi_class": "multinomial"} if VERSION < (1, 5) else {}


CLOCK = "wall"  # of all times: "wall", or "cpu", the seconds of all threads


def now():
    return time.process_time() if CLOCK == "cpu" else time.perf_counter()


def seconds_of(answer):
    """Of a program's answer."""
    return answer["cpu" if CLOCK == "cpu" else "seconds"]


class Config(NamedTuple):
    name: str
    run: Callable[[], list]


class System(NamedTuple):
    name: str
    chains: list
    ours: bool = False


class Server:
    """A C++ program that answers lines with lines of JSON, and waits in between."""

    def __init__(self, *command):
        self.command = command
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
        )

    def __call__(self, *words):
        self.process.stdin.write(" ".join(map(str, words)) + "\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline()
        if not answer:
            raise RuntimeError(f"{self.command[0]} ended at '{words}'")
        return json.loads(answer)

    def close(self):
        self.process.stdin.close()
        if self.process.wait() != 0:
            raise RuntimeError(f"{self.command[0]} failed")


class Problem:
    """What benchmark.compare.linear has written: problem.hpp describes the file."""

    def __init__(self, path):
        with open(path, "rb") as file:
            n, d, nonzeros = (int(v) for v in np.fromfile(file, np.uint64, 3))
            self.optimum = float(np.fromfile(file, np.float64, 1)[0])
            self.y = np.fromfile(file, np.float64, n)
            starts = np.fromfile(file, np.uint64, n + 1)
            indices = np.fromfile(file, np.uint32, nonzeros)
            values = np.fromfile(file, np.float32, nonzeros)
        # scikit-learn's own form: double values, 32-bit indices.
        self.a = scipy.sparse.csr_matrix(
            (values.astype(np.float64), indices.astype(np.int32), starts.astype(np.int32)),
            shape=(n, d),
        )
        self.penalty = 1 / n

    def objective(self, x):
        x = np.ravel(x)
        loss = np.logaddexp(0, -self.y * (self.a @ x)).mean()
        return float(loss + self.penalty / 2 * (x @ x))


def fit(model, a, y, judge):
    """Trains a scikit-learn model; only `fit` is timed."""
    start = now()
    model.fit(a, y)
    seconds = now() - start
    return [(seconds, judge(model))]


def chain(name, make, values, a, y, judge):
    """One configuration for each of the values, which ascend in work; make(value) is a model."""
    return [
        Config(name.format(v), lambda v=v: fit(make(v), a, y, judge)) for v in values
    ]


# --- linear models -----------------------------------------------------------------------------

ITERATIONS = [1, 2, 3, 5, 8, 12, 18, 25, 35, 50, 75, 100, 150, 250, 400, 700, 1000,
              1600, 2500, 4000, 6300, 10000]
NEWTON_STEPS = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 15, 20, 30, 50]
PASSES = [1, 2, 3, 5, 8, 12, 20, 30, 50]


def tolerances(quick):
    step = 10 if quick else 10**0.5
    count = 10 if quick else 19
    return [float(f"{step ** -k:.3g}") for k in range(count)]


PRECISION = 1e-9  # what localsgd is asked for: one run passes all levels


def localsgd(server, optimum, epochs, evaluations, cap):
    def run():
        enough = repr(optimum + PRECISION)
        answer = server("localsgd", epochs, PRECISION, evaluations, cap, enough)
        if answer["reason"] == "diverged":
            raise RuntimeError("localsgd diverged")
        return [tuple(point) for point in answer["history"]]

    return System("localsgd", [[Config(f"tolerance={PRECISION:g}", run)]], ours=True)


def liblinear(server, quick):
    def run(solver, eps):
        answer = server("liblinear", solver, eps)
        return [(answer["seconds"], answer["objective"])]

    return [
        System(
            f"LIBLINEAR {name}",
            [[Config(f"-s {s} -e {e}", lambda s=s, e=e: run(s, e)) for e in tolerances(quick)]],
        )
        for s, name in ((0, "L2R_LR"), (7, "L2R_LR_DUAL"))
    ]


def logistic_regressions(problem, quick, say):
    """LogisticRegression. Stopping by max_iter alone can stop at each point at which tol can; tol
    is tried too, in case a solver does something else with it."""

    def judge(model):
        return problem.objective(model.coef_)

    n, d = problem.a.shape

    def make(solver, max_iter, tol, **more):
        return sklearn.linear_model.LogisticRegression(
            C=1 / (problem.penalty * n),
            fit_intercept=False,
            solver=solver,
            max_iter=max_iter,
            tol=tol,
            random_state=0,
            **more,
        )

    systems = []
    for dual in (False, True):
        form = "dual" if dual else "primal"
        systems.append(
            System(
                f"sklearn liblinear {form}",
                [
                    chain(
                        f"liblinear {form} tol={{}}",
                        lambda tol, dual=dual: make("liblinear", 1000, tol, dual=dual),
                        tolerances(quick),
                        problem.a,
                        problem.y,
                        judge,
                    )
                ],
            )
        )
    for solver in ("lbfgs", "newton-cg", "newton-cholesky", "sag", "saga"):
        if solver == "newton-cholesky" and d > 5000:
            say(f"skipped: sklearn newton-cholesky, which needs a {d} x {d} matrix")
            continue
        values = NEWTON_STEPS if solver.startswith("newton") else ITERATIONS
        chains = [
            chain(
                solver + " max_iter={}",
                lambda m, solver=solver: make(solver, m, 0.0),
                values[:: 2 if quick else 1],
                problem.a,
                problem.y,
                judge,
            )
        ]
        if not quick:
            chains.append(
                chain(
                    solver + " tol={}",
                    lambda tol, solver=solver: make(solver, 10000, tol),
                    tolerances(quick),
                    problem.a,
                    problem.y,
                    judge,
                )
            )
        systems.append(System("sklearn " + solver, chains))
    return systems


def sgd_chains(a, y, judge, alpha, quick, intercept=False, n_jobs=None):
    """SGDClassifier with averaging. All rates but 'adaptive' run without tol, so through all
    passes; 'adaptive' lowers its rate only when a pass falls short of tol."""

    def make(passes, rate, eta0, tol=None):
        return sklearn.linear_model.SGDClassifier(
            loss="log_loss",
            alpha=alpha,
            average=True,
            fit_intercept=intercept,
            max_iter=passes,
            tol=tol,
            n_iter_no_change=1 if rate == "adaptive" else 5,
            learning_rate=rate,
            eta0=eta0,
            n_jobs=n_jobs,
            random_state=0,
        )

    rates = [("optimal", 0.0)]
    constant = (0.003, 0.03, 0.3) if quick else (0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1)
    rates += [("constant", eta0) for eta0 in constant]
    rates += [("invscaling", eta0) for eta0 in ((1, 10) if quick else (0.1, 1, 3, 10, 30))]
    rates += [("adaptive", eta0) for eta0 in ((0.3,) if quick else (0.01, 0.03, 0.1, 0.3, 1))]
    return [
        chain(
            f"{rate} eta0={eta0} max_iter={{}}",
            lambda p, rate=rate, eta0=eta0: make(
                p, rate, eta0, 1e-5 if rate == "adaptive" else None
            ),
            PASSES[:: 2 if quick else 1],
            a,
            y,
            judge,
        )
        for rate, eta0 in rates
    ]


def sgd_classifier(problem, quick):
    def judge(model):
        return problem.objective(model.coef_)

    return System(
        "sklearn SGDClassifier",
        sgd_chains(problem.a, problem.y, judge, problem.penalty, quick),
    )


# --- Fashion-MNIST -----------------------------------------------------------------------------


class Pictures:
    """Fashion-MNIST: pixels from 0 to 1, less the mean picture."""

    def __init__(self, folder):
        self.labels = self.read(f"{folder}/train-labels-idx1-ubyte.gz").ravel()
        self.test_labels = self.read(f"{folder}/t10k-labels-idx1-ubyte.gz").ravel()
        train = self.read(f"{folder}/train-images-idx3-ubyte.gz").astype(np.float32)
        test = self.read(f"{folder}/t10k-images-idx3-ubyte.gz").astype(np.float32)
        mean = train.mean(axis=0, dtype=np.float64).astype(np.float32)
        self.train = np.ascontiguousarray((train - mean) / np.float32(255))
        self.test = np.ascontiguousarray((test - mean) / np.float32(255))

    @staticmethod
    def read(path):
        with gzip.open(path) as file:
            data = file.read()
        sizes = [int.from_bytes(data[4 + 4 * k : 8 + 4 * k], "big") for k in range(data[3])]
        return np.frombuffer(data, np.uint8, offset=4 + 4 * data[3]).reshape(sizes[0], -1)

    def error(self, model):
        predicted = (self.test @ model.coef_.T + model.intercept_).argmax(axis=1)
        return float((predicted != self.test_labels).mean())


def pictures_systems(server, pictures, quick, cores):
    penalty = 1e-4
    n = len(pictures.train)

    def ours(epochs):
        answer = server(epochs)
        return [(answer["seconds"], 1 - answer["accuracy"])]

    budgets = [0.1, 0.2, 0.3, 0.5, 0.75, 1, 1.5, 2, 3, 5, 8, 12, 20]
    systems = [
        System(
            "localsgd",
            [[Config(f"epochs={e}", lambda e=e: ours(e)) for e in budgets]],
            ours=True,
        )
    ]

    def make(solver, max_iter):
        return sklearn.linear_model.LogisticRegression(
            C=1 / (penalty * n),
            fit_intercept=False,
            solver=solver,
            max_iter=max_iter,
            tol=0.0,
            random_state=0,
            **MULTINOMIAL,
        )

    double = pictures.train.astype(np.float64)
    for solver in ("lbfgs", "newton-cg", "sag", "saga"):
        values = NEWTON_STEPS if solver == "newton-cg" else ITERATIONS
        systems.append(
            System(
                "sklearn " + solver,
                [
                    chain(
                        solver + " max_iter={}",
                        lambda m, solver=solver: make(solver, m),
                        values[:: 2 if quick else 1],
                        double if solver == "lbfgs" else pictures.train,  # else it would convert
                        pictures.labels,
                        pictures.error,
                    )
                ],
            )
        )
    systems.append(
        System(
            "sklearn SGDClassifier",
            sgd_chains(
                double if VERSION < (1, 3) else pictures.train,
                pictures.labels,
                pictures.error,
                penalty,
                quick,
                intercept=True,  # one class against nine others: without it, it ends near 0.78
                n_jobs=cores,
            ),
        )
    )
    return systems
