// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/core/index_range.hpp"
#include "localsgd/evaluation/full_gradient.hpp"
#include "localsgd/kernels/rows.hpp"
#include "localsgd/objective/linear_concept.hpp"
#include "localsgd/objective/regularized.hpp"

#include <cstddef>
#include <span>

/// @file
/// @brief What a free intercept adds to the gap that ‖∇f‖² suggests.

namespace localsgd::detail {

/// @brief Collective: ρ = 1 + (1/n) Σ s_i‖a_i‖²/c² for a linear model or softmax regression with the
///        free intercept feature c, otherwise 1. ρ‖∇f‖²/(2λ) estimates what detail::fenchel_gap proves.
/// @return ρ, to the leader; 1 to the others
template <class F, class T>
double intercept_reach(F const& f, full_gradient& pass, T& team) {
  if (!has_free_intercept(f)) return 1;
  pass.each_share(f, team, [](auto const& share, index_range samples, std::span<double> sum,
                              std::size_t) {
    for (std::size_t i = samples.first; i != samples.last; ++i)
      sum[0] += share.scale(i) * squared_norm_of(row_of(share.features(), i));
  });
  if (!team.leads()) return 1;
  double const n = static_cast<double>(f.samples()), c = f.intercept();
  return 1 + pass.totals()[0] / n / (c * c);
}

}  // namespace localsgd::detail
