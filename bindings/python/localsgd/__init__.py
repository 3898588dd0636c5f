# Copyright (c) 2026 The localsgd authors
# SPDX-License-Identifier: BSL-1.0
"""Linear models of certified accuracy, in scikit-learn's manner.

The estimators minimise the objectives of their namesakes in scikit-learn, by Local SGD with
variance-reduced steps. ``certificate_`` bounds the distance to the minimum.
"""

from ._core import __version__
from ._base import FitResult
from ._classifiers import LinearSVC, LocalSGDClassifier, LogisticRegression
from ._regressors import ElasticNet, Lasso, LocalSGDRegressor, Ridge

__all__ = [
    "ElasticNet",
    "FitResult",
    "Lasso",
    "LinearSVC",
    "LocalSGDClassifier",
    "LocalSGDRegressor",
    "LogisticRegression",
    "Ridge",
    "__version__",
]
