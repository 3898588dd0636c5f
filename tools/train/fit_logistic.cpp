// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0

#include "run.hpp"

#include <localsgd/loss/logistic.hpp>

namespace train {
fitted fit_logistic(problem const& p) { return fit_linear(p, localsgd::logistic{}); }
}  // namespace train
