// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/core/random.hpp"
#include "localsgd/settings.hpp"
#include "localsgd/worker/svrg/start.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>

/// @file
/// @brief The sync times at which the anchor of variance-reduced steps is renewed.

namespace localsgd::detail {

/// @brief When the anchor moves next: at the first sync time after m = ⌈n/(Kb)⌉ local steps, or
///        after a random number of them.
///
/// A coin that shows heads with probability q after each local step makes that number geometric. It
/// is a function of (seed, t), t the steps at the last anchor, so all workers and ranks know it.
class anchor_renewal {
 public:
  /// @brief Regular: a sync time that is an eighth early counts, too, if there are few.
  anchor_renewal(plan const& p, svrg_start start) noexcept
      : seed_(p.seed),
        period_(std::max<std::uint64_t>(
            1, (p.samples + p.workers * p.batch_size - 1) / (p.workers * p.batch_size))),
        slack_(8 * p.local_steps > period_ ? period_ / 8 : 0),
        next_(first_look(start, period_)) {}

  /// @brief Random, beginning at once. @param probability q, in (0, 1]
  anchor_renewal(plan const& p, double probability) noexcept
      : anchor_renewal(p, svrg_start::at_once) {
    probability_ = probability;
    double const h = static_cast<double>(p.local_steps);
    double const of_a_round = -std::expm1(h * std::log1p(-probability));
    double const most = static_cast<double>(p.steps > 0 ? p.steps : settings::max_steps);
    mean_ = std::min(h / of_a_round, most);
    stretch_ = std::min(h * (2 - of_a_round) / of_a_round, most) /
               (static_cast<double>(p.samples) / static_cast<double>(p.workers * p.batch_size));
  }

  /// @brief m.
  std::uint64_t period() const noexcept { return period_; }
  /// @brief By which factor the limit of the step size is that of more than n/(Kb) steps.
  ///
  /// Between anchors the gradient of the penalty is frozen: along a coordinate without data x
  /// becomes (1 − ηλτ)x in τ steps. E(1 − ηλτ)² is smallest for ηλ = E τ/E τ². A round of H steps
  /// ends with an anchor with probability p = 1 − (1−q)^H, so τ/H is geometric and E τ²/E τ =
  /// H(2−p)/p, if that is less than T.
  double stretch() const noexcept { return stretch_; }

  /// @brief The mean number of steps between two anchors, over `steps`: by how much an
  ///        extrapolation lengthens a change in so many. 1 if the number is fixed.
  double mean_over(std::uint64_t steps) const noexcept {
    return probability_ == 0 ? 1 : mean_ / static_cast<double>(steps);
  }

  bool due(std::uint64_t t) const noexcept { return t >= next_; }
  void renewed(std::uint64_t t) noexcept {
    next_ = t + (probability_ == 0 ? period_ - slack_
                                   : tosses_until_heads(
                                         probability_,
                                         random_words(seed_, random_stream::renewals, 0, t)[0]));
  }
  void look_again_after(std::uint64_t t) noexcept {
    next_ = t + std::max<std::uint64_t>(1, period_ / 4);
  }

  template <class Archive>
  void state(Archive& archive) {
    archive(next_);
  }

 private:
  std::uint64_t seed_, period_;
  std::uint64_t slack_;  // a sync time within it of the end of an epoch counts as its end
  std::uint64_t next_;
  double probability_ = 0, stretch_ = 1, mean_ = 0;
};

}  // namespace localsgd::detail
