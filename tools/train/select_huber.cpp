// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0

#include "select.hpp"

#include <localsgd/loss/huber.hpp>

namespace train {
std::vector<path_model> path_huber(problem const& p) {
  return walk(p, linear_maker(p, localsgd::huber{p.delta}));
}
selected select_huber(problem const& p) {
  return select(p, linear_maker(p, localsgd::huber{p.delta}));
}
}  // namespace train
