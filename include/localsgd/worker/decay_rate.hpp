// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>

/// @file
/// @brief How fast a sequence falls.

namespace localsgd::detail {

/// @brief The factor r by which the numbers of a sequence fall, from those seen.
class decay_rate {
 public:
  /// @param least r is at least this, in (0, 0.99)
  explicit decay_rate(double least) noexcept : least_(least) {}

  /// @brief Appends a number. One that is not positive counts as the slowest rate, 0.99.
  void add(double value) noexcept {
    double const ratio = value > 0 && last_ > 0 ? std::clamp(value / last_, least_, 0.99) : 0.99;
    rate_ = count_ < 2 ? ratio : std::sqrt(rate_ * ratio);
    last_ = value;
    ++count_;
  }

  std::uint64_t count() const noexcept { return count_; }
  double last() const noexcept { return last_; }
  /// @brief The predicted sum of all further numbers, last·r/(1 − r).
  double rest() const noexcept { return last_ * rate_ / (1 - rate_); }
  /// @brief The number of further steps in which `from` falls to `to` > 0 at the rate r.
  double steps(double from, double to) const noexcept {
    return from > to ? std::log(from / to) / -std::log(rate_) : 0;
  }

  template <class Archive>
  void state(Archive& archive) {
    archive(last_, rate_, count_);
  }

 private:
  double least_, last_ = 0, rate_ = 0.99;
  std::uint64_t count_ = 0;
};

}  // namespace localsgd::detail
