// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0

#include "run.hpp"

#include <localsgd/loss/gamma.hpp>

namespace train {
fitted fit_gamma(problem const& p) { return fit_linear(p, localsgd::gamma_loss{}); }
}  // namespace train
