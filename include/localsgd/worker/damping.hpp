// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>

/// @file
/// @brief The damping of Newton steps.

namespace localsgd::detail {

/// @brief The ν ≥ 0 of Newton steps with H + νD in place of H, D the diagonal of H, after Levenberg
///        and Marquardt \cite more1978levenberg: 0 while f decreases as its second-order model
///        predicts.
class levenberg_damping {
 public:
  double value() const noexcept { return value_; }

  /// @brief A step, of full length or shortened, lowered f.
  /// @param ratio the actual decrease divided by that predicted for the full length
  void fell(double ratio) noexcept {
    if (ratio < 0.25)
      raise(least, 4);
    else if (ratio > 0.75)
      value_ = value_ > least ? value_ / (ratio > 0.9 ? 16 : 4) : 0;
  }
  /// @brief A step did not lower f.
  void failed() noexcept { raise(1e-3, 100); }

  template <class Archive>
  void state(Archive& archive) {
    archive(value_);
  }

 private:
  static constexpr double least = 1e-6;  // of those above 0
  void raise(double to, double factor) noexcept { value_ = std::max(to, value_ * factor); }

  double value_ = 0;
};

}  // namespace localsgd::detail
