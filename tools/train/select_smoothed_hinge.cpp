// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0

#include "select.hpp"

#include <localsgd/loss/smoothed_hinge.hpp>

namespace train {
std::vector<path_model> path_smoothed_hinge(problem const& p) {
  return walk(p, linear_maker(p, localsgd::smoothed_hinge{}));
}
selected select_smoothed_hinge(problem const& p) {
  return select(p, linear_maker(p, localsgd::smoothed_hinge{}));
}
}  // namespace train
