// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>
#include <cmath>
#include <limits>

/// @file
/// @brief A zero of a nondecreasing function of one variable.

namespace localsgd::detail {

/// @brief Finds a zero of a nondecreasing function from its values: the secant method, safeguarded
///        by the interval that encloses the zero.
class enclosed_zero {
 public:
  /// @param slope the derivative at 0, or 0
  void begin(double value, double slope) noexcept {
    *this = {};
    value_ = value;
    (value > 0 ? high_ : low_) = 0;
    slope_ = slope;
  }
  /// @brief The next point to evaluate.
  double next() const noexcept {
    double to = at_ - value_ / slope_;
    bool const inside = to > low_ && to < high_;
    if (inside) return to;
    if (std::isfinite(high_ - low_)) return low_ + (high_ - low_) / 2;
    return at_ + (value_ > 0 ? -1 : 1) * std::max(1.0, std::abs(at_));
  }
  void add(double at, double value) noexcept {
    slope_ = (value - value_) / (at - at_);
    at_ = at;
    value_ = value;
    (value > 0 ? high_ : low_) = at;
  }

 private:
  double at_ = 0, value_ = 0, slope_ = 0;
  double low_ = -std::numeric_limits<double>::infinity();
  double high_ = std::numeric_limits<double>::infinity();
};

/// @brief A point near a zero of value(·): evaluates it until `done(at, value)`, beginning with
///        what is known at 0, or `most` times.
/// @param slope the derivative at 0, or 0
template <class Value, class Done>
double near_zero(double value_at_0, double slope, int most, Value const& value, Done const& done) {
  enclosed_zero zero;
  zero.begin(value_at_0, slope);
  double at = 0, left = value_at_0;
  for (int i = 0; i != most && !done(at, left); ++i) {
    at = zero.next();
    left = value(at);
    zero.add(at, left);
  }
  return at;
}

}  // namespace localsgd::detail
