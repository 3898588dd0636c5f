// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0

#include "select.hpp"

#include <localsgd/loss/logistic.hpp>

namespace train {
std::vector<path_model> path_logistic(problem const& p) {
  return walk(p, linear_maker(p, localsgd::logistic{}));
}
selected select_logistic(problem const& p) { return select(p, linear_maker(p, localsgd::logistic{})); }
}  // namespace train
