# Copyright (c) 2026 The localsgd authors
# SPDX-License-Identifier: BSL-1.0
"""scikit-learn's own checks of estimators."""

import unittest
import warnings
from unittest import SkipTest

from sklearn.exceptions import SkipTestWarning
from sklearn.utils.estimator_checks import check_estimator

import localsgd

# {estimator: {name of the check: why it fails}}
DRAWS = (
    "the steps draw samples by their positions, which change if samples of weight 0 are removed; "
    "SGDClassifier and SGDRegressor fail it, too"
)
EXPECTED_FAILURES = {
    "LocalSGDClassifier": {"check_sample_weights_invariance(kind=zeros)": DRAWS},
    "LocalSGDRegressor": {"check_sample_weights_invariance(kind=zeros)": DRAWS},
}

ESTIMATORS = [
    localsgd.LogisticRegression(),
    localsgd.LinearSVC(),
    localsgd.LocalSGDClassifier(),
    localsgd.Ridge(),
    localsgd.Lasso(),
    localsgd.ElasticNet(),
    localsgd.LocalSGDRegressor(),
]


def name_of(check):
    """The name of a check, with the arguments that distinguish it from others."""
    keywords = {}
    while hasattr(check, "func") or hasattr(check, "__wrapped__"):
        keywords.update(getattr(check, "keywords", {}))
        check = getattr(check, "func", None) or check.__wrapped__
    arguments = ", ".join(f"{k}={v}" for k, v in keywords.items())
    return check.__name__ + (f"({arguments})" if arguments else "")


class CheckEstimator(unittest.TestCase):
    pass


def add_test(estimator):
    def test(self):
        expected = EXPECTED_FAILURES.get(type(estimator).__name__, {})
        passed, failed = 0, {}
        for instance, check in check_estimator(estimator, generate_only=True):
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                warnings.simplefilter("ignore", SkipTestWarning)
                try:
                    check(instance)
                    passed += 1
                except SkipTest as skipped:  # for example because pandas is missing
                    if name_of(check) in expected:
                        failed[name_of(check)] = skipped
                except Exception as error:  # the list of all failures says more than the first
                    failed[name_of(check)] = error
        surprises = {name: error for name, error in failed.items() if name not in expected}
        print(f"{type(estimator).__name__}: {passed} passed, {len(failed)} failed", flush=True)
        for name, error in surprises.items():
            print(f"  {name}: {type(error).__name__}: {error}"[:1500], flush=True)
        self.assertFalse(surprises.keys(), "checks failed")
        self.assertEqual(set(expected), set(failed), "checks that passed are listed as failing")

    setattr(CheckEstimator, f"test_{type(estimator).__name__}", test)


for each in ESTIMATORS:
    add_test(each)


if __name__ == "__main__":
    unittest.main()
