// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0

#include "select.hpp"

#include <localsgd/loss/gamma.hpp>

namespace train {
std::vector<path_model> path_gamma(problem const& p) {
  return walk(p, linear_maker(p, localsgd::gamma_loss{}));
}
selected select_gamma(problem const& p) {
  return select(p, linear_maker(p, localsgd::gamma_loss{}));
}
}  // namespace train
