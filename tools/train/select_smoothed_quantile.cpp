// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0

#include "select.hpp"

#include <localsgd/loss/smoothed_quantile.hpp>

namespace train {

namespace {
auto maker(problem const& p) {
  return linear_maker(p, localsgd::smoothed_quantile{p.tau, p.delta});
}
}  // namespace

std::vector<path_model> path_smoothed_quantile(problem const& p) { return walk(p, maker(p)); }
selected select_smoothed_quantile(problem const& p) { return select(p, maker(p)); }

}  // namespace train
