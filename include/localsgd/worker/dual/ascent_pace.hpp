// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/worker/decay_rate.hpp"

#include <cmath>
#include <cstdint>
#include <limits>

/// @file
/// @brief How fast dual coordinate ascent approaches the optimum.

namespace localsgd::detail {

/// @brief Predicts the duality gap from the moves of the dual variables, which cost nothing to
///        observe.
///
/// The weighted square of the moves of an epoch, S, falls at the rate of the gap. Their ratio is of
/// order 1 on well-conditioned data and is measured whenever a gap becomes known.
class ascent_pace {
 public:
  /// @param moved S ≥ 0 of the epoch that has ended
  void add(double moved) noexcept { moves_.add(moved); }
  /// @param gap the duality gap after the last epoch
  void learn(double gap) noexcept {
    if (moves_.last() > 0 && std::isfinite(gap)) factor_ = gap / moves_.last();
  }

  std::uint64_t epochs() const noexcept { return moves_.count(); }
  /// @brief The predicted duality gap.
  double gap() const noexcept { return factor_ * moves_.last(); }
  /// @brief The predicted number of further epochs until the gap is at most `goal` > 0.
  double epochs_to(double goal) const noexcept {
    if (!std::isfinite(gap())) return std::numeric_limits<double>::infinity();
    return moves_.steps(gap(), goal);
  }

 private:
  decay_rate moves_{1e-3};
  double factor_ = 1;
};

}  // namespace localsgd::detail
