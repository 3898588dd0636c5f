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

/// @brief Whether other methods are to come before a Newton step with a factorized Hessian.
///
/// Not if, with rows of average length, it costs at most the four epochs of local steps that even
/// well-conditioned problems need. For least squares one step suffices, and conjugate gradients cost
/// half as much at most, so that nothing else can save much; but with fewer samples than coordinates
/// the dual problem is the smaller one.
/// @param entries the average number of entries of a row
template <class F>
bool newton_comes_later(F const& f, std::size_t dimension, std::size_t samples, double entries) {
  if (dimension > most_factored) return true;
  if (one_step_is_exact(f) && samples >= dimension) return false;
  pass_work const each =
      work_of_row(has_sparse_samples<F>, static_cast<std::size_t>(entries + 0.5), dimension);
  return newton_step_in_epochs(each, dimension, samples) > 4;
}

/// @brief Whether Newton steps begin at the starting point, without local steps before them.
///
/// With a nonsmooth regularizer they do if they exist, because their working set is smallest at the
/// start; for least squares unless newton_comes_later(). For other losses a few local steps save
/// more Newton steps than they cost.
///
/// The answer depends only on the types, the regularizer and sizes, so it is the same on all ranks.
template <Objective F>
bool newton_begins_at_once([[maybe_unused]] F const& f, plan const& p) {
  if (!(p.tolerance > 0)) return false;
  if constexpr (has_group_newton_steps<stepped_objective<F>>) {
    return has_small_groups(f.regularizer());
  } else if constexpr (linear_with_ridge<stepped_objective<F>> && !ShardedObjective<F>) {
    return one_step_is_exact(f) &&
           !newton_comes_later(f, p.dimension, p.samples, p.flops_per_sample);
  } else {
    return has_proximal_newton_steps<stepped_objective<F>>;
  }
}

}  // namespace localsgd::detail
