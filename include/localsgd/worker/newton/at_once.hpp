// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/kernels/rows.hpp"
#include "localsgd/objective/linear_concept.hpp"
#include "localsgd/objective/sharded_concept.hpp"
#include "localsgd/settings.hpp"
#include "localsgd/worker/newton/hessian.hpp"
#include "localsgd/worker/newton/hessian_work.hpp"

#include <cstddef>

/// @file
/// @brief Whether Newton steps begin at the starting point.

namespace localsgd::detail {

/// @brief Whether Newton steps begin at the starting point, without local steps before them.
///
/// With a nonsmooth regularizer they do if they exist, because their working set is smallest at the
/// start. For least squares one step is enough from any point. It is made at once if, with rows of
/// average length, it costs less than the four epochs of local steps that even well-conditioned
/// problems need. Otherwise a few local steps save more Newton steps than they cost.
///
/// The answer depends only on the types, the regularizer and sizes, so it is the same on all ranks.
template <Objective F>
bool newton_begins_at_once([[maybe_unused]] F const& f, plan const& p) {
  if (!(p.tolerance > 0)) return false;
  if constexpr (has_group_newton_steps<stepped_objective<F>>) {
    return has_small_groups(f.regularizer());
  } else if constexpr (linear_with_ridge<stepped_objective<F>> && !ShardedObjective<F>) {
    if (p.dimension > most_factored || !one_step_is_exact(f)) return false;
    auto const entries = static_cast<std::size_t>(p.flops_per_sample + 0.5);
    pass_work const each = work_of_row(has_sparse_samples<F>, entries, p.dimension);
    return newton_step_in_epochs(each, p.dimension, p.samples) <= 4;
  } else {
    return has_proximal_newton_steps<stepped_objective<F>>;
  }
}

}  // namespace localsgd::detail
