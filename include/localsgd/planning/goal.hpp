// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/core/error.hpp"
#include "localsgd/core/local_steps.hpp"
#include "localsgd/settings.hpp"

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

/// @file
/// @brief The input and the output of advise().

namespace localsgd {

/// @brief The size of a problem.
struct problem_shape {
  std::size_t samples = 0;       ///< n ≥ 1
  std::size_t dimension = 0;     ///< d ≥ 1
  std::size_t scalar_bytes = 8;  ///< The size of a coordinate of x as it is sent, ≥ 1.

  /// @throws invalid_settings naming the member, its value and the violated rule.
  void validate() const {
    detail::require(samples >= 1, "problem_shape.samples", samples, ">= 1");
    detail::require(dimension >= 1, "problem_shape.dimension", dimension, ">= 1");
    detail::require(scalar_bytes >= 1, "problem_shape.scalar_bytes", scalar_bytes, ">= 1");
  }
};

/// @brief The goal. With an accuracy alone: as fast as possible. With a budget alone: as accurate
///        as possible. With both: as fast as possible within the budget.
struct goal {
  double accuracy = 0;   ///< ε: f(x) − f* ≤ ε, in the units of f; 0 = none
  double gradients = 0;  ///< The maximum number of component gradients, K·b·T; 0 = unlimited
  double seconds = 0;    ///< The maximum time in seconds; 0 = unlimited
  /// The certificate must prove that f(x) − f* is at most this; 0 = none. Only for advice on a
  /// cluster, instead of an accuracy.
  double tolerance = 0;

  /// @throws invalid_settings naming the member, its value and the violated rule.
  void validate() const {
    detail::require_nonnegative("goal.accuracy", accuracy);
    detail::require_nonnegative("goal.gradients", gradients);
    detail::require_nonnegative("goal.seconds", seconds);
    detail::require_nonnegative("goal.tolerance", tolerance);
    detail::require(accuracy > 0 || gradients > 0 || seconds > 0 || tolerance > 0, "goal.accuracy",
                    accuracy, "> 0 unless goal.gradients or goal.seconds is set");
  }
};

/// @brief The available choices.
struct choices {
  std::vector<std::size_t> workers = {1, 2, 4, 8};   ///< K, not empty; each 1 … 2²⁰
  std::vector<std::size_t> batch_sizes = {1, 4, 16};  ///< b, not empty; each 1 … n
  std::vector<std::uint64_t> local_steps = {};        ///< H, each ≥ 1; empty = any

  /// @throws invalid_settings naming the member, its value and the violated rule.
  void validate(std::size_t samples) const {
    detail::require(!workers.empty(), "choices.workers", "{}", "at least one number");
    detail::require(!batch_sizes.empty(), "choices.batch_sizes", "{}", "at least one number");
    for (std::size_t const k : workers)
      detail::require(k >= 1 && k <= settings::max_workers, "choices.workers", k, "from 1 to 2^20");
    for (std::size_t const b : batch_sizes)
      detail::require(b >= 1 && b <= samples, "choices.batch_sizes", b,
                      "from 1 to the number of samples, " + detail::shown(samples));
    for (std::uint64_t const h : local_steps)
      detail::require(h >= 1 && h <= settings::max_steps, "choices.local_steps", h,
                      "from 1 to 2^53");
  }
};

/// @brief The result of a rehearsal: the steps to an accuracy, T(K, b) = start + noise/(Kb).
struct rehearsal {
  double accuracy = 0;  ///< ε > 0
  double start = 0;     ///< Steps that more workers do not reduce, ≥ 0.
  double noise = 0;     ///< Gradients that are divided among the workers, ≥ 0.
  /// T(H)/T(4) for some H > 4, both ascending; empty = unknown.
  std::vector<detail::drift_cost> drift = {};
  /// The H for which a single round was sufficient in all runs; 0 = unknown.
  double one_shot = 0;
  std::size_t workers = 8;    ///< K of those runs; one_shot is valid only for this K and b.
  std::size_t batch_size = 1; ///< b
  bool extrapolated = false;  ///< Whether a run was ended before it reached the accuracy.

  /// @throws invalid_settings naming the member, its value and the violated rule.
  void validate() const {
    detail::require_positive("rehearsal.accuracy", accuracy);
    detail::require_nonnegative("rehearsal.start", start);
    detail::require_nonnegative("rehearsal.noise", noise);
    detail::require_nonnegative("rehearsal.one_shot", one_shot);
    detail::drift_cost before{4, 1};
    for (auto const& at : drift) {
      detail::require(std::isfinite(at.local_steps) && at.local_steps > before.local_steps,
                      "rehearsal.drift.local_steps", at.local_steps, "above 4 and increasing");
      detail::require(std::isfinite(at.times) && at.times >= before.times, "rehearsal.drift.times",
                      at.times, ">= 1 and not decreasing");
      before = at;
    }
  }
};

/// @brief One way to run, and its predicted cost.
struct candidate {
  std::size_t workers = 1;        ///< K
  std::size_t batch_size = 1;     ///< b
  std::uint64_t local_steps = 1;  ///< H
  double steps = 0;               ///< T
  double rounds = 0;              ///< ⌈T/H⌉
  double gradients = 0;           ///< K·b·T
  double bytes = 0;               ///< As in result::bytes: 2(K−1)·d·sizeof a round.
  double seconds = 0;             ///< According to the cost model.
  double accuracy = 0;            ///< f(x) − f*
  std::string why = {};           ///< Why it was chosen or rejected.
};

/// @brief The recommended run.
struct advice : candidate {
  std::string schedule = {};                ///< E.g. "every{64}".
  std::string step_size = {};               ///< The recommended StepSize or StepSizeRule.
  std::vector<candidate> rejected = {};     ///< Ordered by time, fastest first.
  std::vector<std::string> assumed = {};    ///< The assumptions of the advice.
  localsgd::settings settings = {};         ///< `minimize(f, advice.settings, …)` is the run.
};

}  // namespace localsgd
