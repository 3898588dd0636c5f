// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/communicator/team.hpp"
#include "localsgd/core/cache_aligned.hpp"
#include "localsgd/kernels/combine.hpp"

#include <cstddef>
#include <span>
#include <vector>

/// @file
/// @brief x̂, the weighted average of all iterates of all workers.

namespace localsgd::detail {

/// @brief Rows for the workers' averages: their scratch memory or, if they have none, separate
///        vectors. One object for each process.
template <class Scalar>
struct average_rows {
  explicit average_rows(std::size_t workers) : rows(workers), own(workers) {}

  std::vector<std::span<Scalar>> rows;
  fixed_array<std::vector<Scalar>> own;
};

/// @brief Collective: out ← Σ_k w_k x̂_k. The workers' points do not change.
template <class T, class Workers, class Scalar>
void assemble_average(T& team, Workers& workers, average_rows<Scalar>& memory,
                      std::span<double const> weights, std::span<Scalar> out) {
  index_range const mine = team.workers();
  for (std::size_t k = mine.first; k != mine.last; ++k) {
    if constexpr (requires { workers[k].scratch(); }) {
      memory.rows[k] = workers[k].scratch();
    } else {
      memory.own[k].resize(out.size());
      memory.rows[k] = memory.own[k];
    }
    workers[k].average(memory.rows[k]);
  }
  std::span<std::span<Scalar> const> const rows(memory.rows);
  team.template start_reduce<Scalar>(rows, out.size());
  team.finish_reduce(rows, out,
                     [&](std::span<std::span<Scalar> const> all, std::size_t first,
                         std::size_t last, std::size_t, std::span<Scalar> slice) {
                       return weighted_average<Scalar>(all, weights, first, last, slice.data());
                     });
}

}  // namespace localsgd::detail
