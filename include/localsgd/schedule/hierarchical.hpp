// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/core/error.hpp"
#include "localsgd/schedule/concept.hpp"
#include "localsgd/schedule/every.hpp"
#include "localsgd/settings.hpp"

#include <cstddef>
#include <cstdint>
#include <string>

/// @file
/// @brief Averages within groups of workers and, less often, over all workers.

namespace localsgd {

/// @brief Hierarchical Local SGD \cite lin2020postlocal : the workers of a group average every H₁
///        steps, all workers every H₂ ≥ H₁ steps.
///
/// The K workers are split evenly, in order, into G groups, such as those of a host or a rack,
/// within which averages are cheap. Group g averages with the weights of the Averager, scaled to
/// sum to one. Rounds and sync times are those of all workers: evaluations, checkpoints, anchors
/// and the Averager's own update follow them, and result::exchanges and result::bytes count only
/// the averages over all workers.
///
/// Each group must be carried by one process: any number of groups on the threads of one process;
/// with `mpi` or `gloo_ranks`, as many groups as there are ranks, or a multiple of that. Averages
/// within groups then send no messages. Simulated clusters charge them to the links within groups.
///
/// Theorem: the bounds for Local SGD with mixing matrices \cite koloskova2020unified cover it for
/// convex objectives with H₂ as the gap; they do not show the benefit of the averages within
/// groups.
///
/// Measured (`benchmark/family`, eight shards in two groups, H₁ = H₂/8, the best parameters of a
/// grid): it takes 18 and 95 exchanges over all workers to 10⁻³ on noiseless quadratics with
/// heterogeneous shards and κ = 100 and 10⁴, where `sgd` without groups takes 79 and 390, and 94
/// and 285 on random shards of a9a and w8a, where `sgd` takes 621 and 569. On a9a sorted by label,
/// neither reaches 10⁻³ with H₂ > 1. It never beats `dane`, which needs 4 to 12.
///
/// It rejects `asynchronous` and `overlapped` synchronizers, averagers that act on each coordinate
/// separately, such as `coordinate_median`, and the workers `dane`, `scaffnew`, `fedac` and
/// `slowcal`.
class hierarchical {
 public:
  /// @param inside  H₁, 1 … 2⁵³
  /// @param between H₂, a multiple of H₁, at most 2⁵³
  /// @param groups  G, 1 … K, checked when a run starts
  /// @throws invalid_settings
  hierarchical(std::uint64_t inside, std::uint64_t between, std::size_t groups)
      : inside_(inside), between_(between), groups_(groups) {
    detail::require(inside >= 1 && inside <= settings::max_steps, "hierarchical.inside", inside,
                    "1 to 2^53");
    detail::require(between >= inside && between <= settings::max_steps && between % inside == 0,
                    "hierarchical.between", between,
                    "at most 2^53 and a multiple of the steps inside groups,", inside);
    detail::require(groups >= 1, "hierarchical.groups", groups, ">= 1");
  }

  std::uint64_t next(std::uint64_t t) const noexcept { return every(between_).next(t); }
  /// @brief The first time above t after which groups, or all workers, average.
  std::uint64_t next_inside(std::uint64_t t) const noexcept { return every(inside_).next(t); }
  std::size_t groups() const noexcept { return groups_; }

  std::string identity() const {
    return "hierarchical{" + std::to_string(inside_) + ", " + std::to_string(between_) + ", " +
           std::to_string(groups_) + "}";
  }

 private:
  std::uint64_t inside_, between_;
  std::size_t groups_;
};
static_assert(Schedule<hierarchical> && detail::averages_in_groups<hierarchical>);

}  // namespace localsgd
