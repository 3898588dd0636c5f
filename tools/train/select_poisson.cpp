// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0

#include "select.hpp"

#include <localsgd/loss/poisson.hpp>

#include <algorithm>

namespace train {

namespace {
auto maker(problem const& p) {
  // The largest rate that suits all samples: otherwise each fold would have another loss.
  double const largest = std::max(0.0, *std::ranges::max_element(p.targets));
  double const rate = localsgd::poisson{}.suited_to(largest).max_rate();
  return linear_maker(p, localsgd::poisson{rate});
}
}  // namespace

std::vector<path_model> path_poisson(problem const& p) { return walk(p, maker(p)); }
selected select_poisson(problem const& p) { return select(p, maker(p)); }

}  // namespace train
