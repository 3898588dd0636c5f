// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/synchronizer/concept.hpp"

#include <cstddef>
#include <span>

/// @file
/// @brief x̂, the weighted average of all iterates of all workers.

namespace localsgd::detail {

/// @brief Collective: out ← Σ_k w_k x̂_k. Where the vector that local() returns is the worker's
///        point itself, and no copy, it is given its point back.
template <class T, class Workers, class Scalar>
void assemble_average(T& team, Workers& workers, iterates<Scalar>& x, std::span<Scalar> out) {
  index_range const mine = team.workers();
  for (std::size_t k = mine.first; k != mine.last; ++k) {
    x.local[k] = workers[k].local();
    workers[k].average(x.local[k]);
  }
  team.average(x, out);
  if constexpr (!requires { typename Workers::value_type::local_is_a_copy; })
    for (std::size_t k = mine.first; k != mine.last; ++k) workers[k].assign(team.point(x, k));
}

}  // namespace localsgd::detail
