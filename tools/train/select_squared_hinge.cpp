// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0

#include "select.hpp"

#include <localsgd/loss/squared_hinge.hpp>

namespace train {
std::vector<path_model> path_squared_hinge(problem const& p) {
  return walk(p, linear_maker(p, localsgd::squared_hinge{}));
}
selected select_squared_hinge(problem const& p) {
  return select(p, linear_maker(p, localsgd::squared_hinge{}));
}
}  // namespace train
