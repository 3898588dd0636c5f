// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>

/// @file
/// @brief How fast f falls from anchor to anchor.

namespace localsgd::detail {

/// @brief The factor by which f − f* falls from one anchor to the next, from the decreases of f seen.
class anchor_rate {
 public:
  /// @brief Records the decrease of f from one anchor to the next.
  void watch(double drop) noexcept {
    double const ratio = drop > 0 && drop_ > 0 ? std::clamp(drop / drop_, 0.01, 0.99) : 0.99;
    rate_ = anchors_ < 2 ? ratio : std::sqrt(rate_ * ratio);
    drop_ = drop;
    ++anchors_;
  }

  /// @brief The number of decreases recorded.
  std::uint64_t anchors() const noexcept { return anchors_; }

  /// @brief The number of anchors until f − f* ≤ ε: log(left/ε)/log(1/r) at the rate r, where
  ///        left = drop·r/(1 − r) is f − f* at the last anchor.
  double anchors_to(double tolerance) const noexcept {
    double const left = drop_ * rate_ / (1 - rate_) / tolerance;
    return left > 1 ? std::log(left) / -std::log(rate_) : 0;
  }

  template <class Archive>
  void state(Archive& archive) {
    archive(drop_, rate_, anchors_);
  }

 private:
  double drop_ = 0, rate_ = 0.99;
  std::uint64_t anchors_ = 0;
};

}  // namespace localsgd::detail
