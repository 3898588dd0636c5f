// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/objective/sharded_concept.hpp"
#include "localsgd/settings.hpp"
#include "localsgd/worker/newton/hessian.hpp"

/// @file
/// @brief Whether Newton steps begin at the starting point.

namespace localsgd::detail {

/// @brief Whether Newton steps begin at the starting point, without local steps before them.
///
/// With a regularizer without a gradient they do if they exist, because their working set is smallest
/// at the start. Otherwise a few local steps save more Newton steps than they cost.
///
/// The answer depends only on the types and the regularizer, so it is the same on all ranks.
template <Objective F>
bool newton_begins_at_once([[maybe_unused]] F const& f, plan const& p) {
  if (!(p.tolerance > 0)) return false;
  if constexpr (has_group_newton_steps<stepped_objective<F>>) {
    return has_small_groups(f.regularizer());
  } else {
    return has_proximal_newton_steps<stepped_objective<F>>;
  }
}

}  // namespace localsgd::detail
