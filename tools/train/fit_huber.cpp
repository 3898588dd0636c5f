// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0

#include "run.hpp"

#include <localsgd/loss/huber.hpp>

namespace train {
fitted fit_huber(problem const& p) { return fit_linear(p, localsgd::huber{p.delta}); }
}  // namespace train
