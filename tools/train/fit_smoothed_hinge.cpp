// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0

#include "run.hpp"

#include <localsgd/loss/smoothed_hinge.hpp>

namespace train {
fitted fit_smoothed_hinge(problem const& p) { return fit_linear(p, localsgd::smoothed_hinge{}); }
}  // namespace train
