// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0

#include "run.hpp"

#include <localsgd/loss/smoothed_quantile.hpp>

namespace train {
fitted fit_smoothed_quantile(problem const& p) {
  return fit_linear(p, localsgd::smoothed_quantile{p.tau, p.delta});
}
}  // namespace train
