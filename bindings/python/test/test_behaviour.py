# Copyright (c) 2026 The localsgd authors
# SPDX-License-Identifier: BSL-1.0
"""Memory, threads, signals and errors."""

import os
import pickle
import resource
import signal
import subprocess
import sys
import threading
import time
import unittest
from unittest import mock

import numpy as np
from scipy import sparse
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import GridSearchCV, cross_val_score

import localsgd
from localsgd import _base, _core


def problem(n=500, d=10, seed=0):
    rng = np.random.RandomState(seed)
    X = rng.standard_normal((n, d))
    return X, X @ rng.standard_normal(d) + rng.standard_normal(n) > 0


class Memory(unittest.TestCase):
    def fitted_on(self, X, y):
        """What the solver received from a fit on X."""
        with mock.patch.object(_base._core, "solve", wraps=_core.solve) as solve:
            localsgd.LogisticRegression(max_iter=1, tol=1e-2).fit(X, y)
        return solve.call_args.args[0]

    def test_dense_features_are_not_copied(self):
        X, y = problem()
        for features in (X, X.astype(np.float32)):
            self.assertTrue(np.shares_memory(self.fitted_on(features, y), features))

    def test_sparse_features_are_not_copied(self):
        X, y = problem()
        for dtype in (np.float64, np.float32):
            features = sparse.csr_matrix(X.astype(dtype))
            values, indices, _, _ = self.fitted_on(features, y)
            self.assertTrue(np.shares_memory(values, features.data))
            self.assertTrue(np.shares_memory(indices, features.indices))

    def test_a_fit_needs_little_memory_besides_the_features(self):
        code = """
import resource, numpy as np, localsgd
n, d = 400000, 128  # 205 MB
X = np.random.default_rng(0).standard_normal((n, d), dtype=np.float32)
y = (X[:, 0] > 0).astype(float)
localsgd.LocalSGDClassifier(max_iter=1).fit(X[:1000], y[:1000])
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
localsgd.LocalSGDClassifier(max_iter=1).fit(X, y)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""
        grown = int(subprocess.check_output([sys.executable, "-c", code]))
        self.assertLess(grown, 60000, "kilobytes")


class ThreadsAndSignals(unittest.TestCase):
    def test_control_c_stops_a_fit(self):
        X, y = problem(20000, 50)
        for estimator in (
            localsgd.LocalSGDClassifier(max_iter=1000000),
            localsgd.LocalSGDClassifier(max_iter=1000000, n_jobs=2),
        ):
            threading.Timer(0.5, os.kill, (os.getpid(), signal.SIGINT)).start()
            start = time.monotonic()
            with self.assertRaises(KeyboardInterrupt):
                estimator.fit(X, y)
            self.assertLess(time.monotonic() - start, 5)
        estimator.set_params(max_iter=1).fit(X, y)  # still usable

    def test_other_threads_run_during_a_fit(self):
        X, y = problem(20000, 50)
        done = threading.Event()
        ticks = 0

        def fit():
            localsgd.LocalSGDClassifier(max_iter=100).fit(X, y)
            done.set()

        worker = threading.Thread(target=fit)
        worker.start()
        while not done.is_set():
            ticks += 1
            time.sleep(0.001)
        worker.join()
        self.assertGreater(ticks, 20)

    def test_several_fits_at_once(self):
        X, y = problem()
        scores = cross_val_score(localsgd.LogisticRegression(), X, y, n_jobs=2)
        self.assertGreater(scores.min(), 0.7)
        search = GridSearchCV(localsgd.LogisticRegression(), {"C": [0.1, 1]}).fit(X, y)
        self.assertIn(search.best_params_["C"], (0.1, 1))


class Errors(unittest.TestCase):
    def test_parameters_out_of_range(self):
        X, y = problem()
        for estimator, message in (
            (localsgd.LogisticRegression(C=0), "C must be > 0; got 0"),
            (localsgd.LogisticRegression(C=float("nan")), "C must be > 0; got nan"),
            (localsgd.LogisticRegression("l3"), "penalty must be one of"),
            (localsgd.LogisticRegression("elasticnet"), "l1_ratio must be a number"),
            (localsgd.LogisticRegression("elasticnet", l1_ratio=2), "l1_ratio must be >= 0 and <= 1"),
            (localsgd.LogisticRegression(tol=-1), "tol must be >= 0"),
            (localsgd.LogisticRegression(max_iter=0), "max_iter must be >= 1"),
            (localsgd.LogisticRegression(workers=0), "workers must be >= 1"),
            (localsgd.LinearSVC(loss="hinge"), "loss must be one of 'squared_hinge'"),
            (localsgd.Ridge(alpha=-1), "alpha must be >= 0"),
            (localsgd.LocalSGDClassifier(local_steps=0), "local_steps must be >= 1"),
        ):
            with self.subTest(message), self.assertRaisesRegex(ValueError, message):
                estimator.fit(X, y)
        with self.assertRaisesRegex(TypeError, "workers must be an integer"):
            localsgd.Ridge(workers=2.5).fit(X, y)

    def test_errors_of_the_library_are_value_errors(self):
        X, y = problem()
        with self.assertRaisesRegex(ValueError, "workers = 2097152, must be <= 1048576"):
            localsgd.LogisticRegression(workers=1 << 21).fit(X, y)

    def test_the_extension_module_checks_its_arrays(self):
        def solve(features, targets, **changed):
            parameters = dict(
                loss="squared", loss_parameter=1.0, classes=2, l1=0.0, l2=0.1, intercept=0.0,
                regularize_intercept=False, workers=1, local_steps=0, batch_size=1, epochs=1.0,
                steps=0, tolerance=0.0, seed=0, threads=1, start=None)
            return _core.solve(features, targets, None, **{**parameters, **changed})

        X, y = np.ones((4, 2)), np.ones(4)
        self.assertEqual(len(solve(X, y)["x"]), 2)
        data, indices, starts = np.ones(4), np.zeros(4, np.int32), np.arange(5, dtype=np.int32)
        self.assertEqual(len(solve((data, indices, starts, 2), y)["x"]), 2)
        for features, targets, changed, message in (
            (X.astype(int), y, {}, "features: found another array"),
            (np.asfortranarray(X), y, {}, "features: found another array"),
            (np.ones(4), y, {}, "features: found 1 dimensions"),
            (X, y[:3], {}, "targets: found 3 targets"),
            (X, y.astype(np.float32), {}, "targets: found another array"),
            (X, y, {"loss": "cubic"}, "loss = cubic, must be logistic"),
            (X, y, {"start": np.ones(3)}, "warm_start.x.*size.* = 3"),
            ((data, indices + 2, starts, 2), y, {}, r"indices\[0\]: found 2"),
            ((data, indices, starts[:-1], 2), y, {}, r"row_starts\[3\]: found 3"),
            ((data, indices), y, {}, "features: found another tuple"),
        ):
            with self.subTest(message), self.assertRaisesRegex(ValueError, message):
                solve(features, targets, **changed)

    def test_classes_without_samples(self):
        X, y = problem()
        with self.assertRaisesRegex(ValueError, "only one class"):
            localsgd.LogisticRegression().fit(X, np.ones(len(y)))
        with self.assertRaisesRegex(ValueError, "class True have a total weight of 0"):
            localsgd.LogisticRegression(class_weight={True: 0}).fit(X, y)
        with self.assertRaisesRegex(ValueError, "Negative values in sample_weight"):
            localsgd.LogisticRegression().fit(X, y, sample_weight=-np.ones(len(y)))
        with self.assertRaisesRegex(ValueError, "All sample weights are zero"):
            localsgd.Ridge().fit(X, y, sample_weight=np.zeros(len(y)))

    def test_a_fit_that_is_too_short_warns(self):
        X, y = problem()
        with self.assertWarnsRegex(ConvergenceWarning, "max_iter=1 was reached"):
            localsgd.LinearSVC(loss="smoothed_hinge", C=100, max_iter=1).fit(X, y)


class Results(unittest.TestCase):
    def test_the_result_reports_the_run(self):
        X, y = problem()
        model = localsgd.LogisticRegression().fit(X, y)
        self.assertEqual(model.result_.reason, "tolerance_reached")
        self.assertIn("certificate", str(model.result_))
        self.assertGreaterEqual(model.n_iter_, 1)
        z = model.decision_function(X) * np.where(y, 1, -1)
        objective = np.mean(np.log1p(np.exp(-z))) + np.sum(model.coef_**2) / (2 * len(y))
        self.assertAlmostEqual(model.result_.objective, objective, places=12)
        self.assertLess(model.result_.history[-1]["objective"], np.log(2))
        again = pickle.loads(pickle.dumps(model))
        self.assertEqual(again.result_, model.result_)


if __name__ == "__main__":
    unittest.main()
