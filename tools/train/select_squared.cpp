// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0

#include "select.hpp"

#include <localsgd/loss/squared.hpp>

namespace train {
std::vector<path_model> path_squared(problem const& p) {
  return walk(p, linear_maker(p, localsgd::squared{}));
}
selected select_squared(problem const& p) { return select(p, linear_maker(p, localsgd::squared{})); }
}  // namespace train
