// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0

#include "run.hpp"

#include <localsgd/loss/poisson.hpp>

namespace train {
fitted fit_poisson(problem const& p) { return fit_linear(p, localsgd::poisson{}); }
}  // namespace train
