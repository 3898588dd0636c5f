// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>

/// @file
/// @brief How fast dual coordinate ascent approaches the optimum.

namespace localsgd::detail {

/// @brief Predicts the duality gap from the moves of the dual variables, which cost nothing to observe.
///
/// The weighted square of the moves of an epoch, S, falls at the rate of the gap. Their ratio is of
/// order 1 on well-conditioned data and is measured whenever a gap becomes known.
class ascent_pace {
 public:
  /// @param moved S ≥ 0 of the epoch that has ended
  void add(double moved) noexcept {
    double const ratio = moved > 0 && moved_ > 0 ? std::clamp(moved / moved_, 1e-3, 0.99) : 0.99;
    rate_ = epochs_ < 2 ? ratio : std::sqrt(rate_ * ratio);
    moved_ = moved;
    ++epochs_;
  }
  /// @param gap the duality gap after the last epoch
  void learn(double gap) noexcept {
    if (moved_ > 0 && std::isfinite(gap)) factor_ = gap / moved_;
  }

  std::uint64_t epochs() const noexcept { return epochs_; }
  /// @brief The predicted duality gap.
  double gap() const noexcept { return factor_ * moved_; }
  /// @brief The predicted number of further epochs until the gap is at most `goal` > 0.
  double epochs_to(double goal) const noexcept {
    if (!std::isfinite(gap())) return std::numeric_limits<double>::infinity();
    return gap() > goal ? std::log(gap() / goal) / -std::log(rate_) : 0;
  }

 private:
  double moved_ = 0, rate_ = 0.99, factor_ = 1;
  std::uint64_t epochs_ = 0;
};

}  // namespace localsgd::detail
