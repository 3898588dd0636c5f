// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/error.hpp"
#include "localsgd/schedule/concept.hpp"

#include <cmath>

/// @file
/// @brief Averaging less and less often.

namespace localsgd {

/// @brief Linearly growing gaps: the i-th gap (i = 0, 1, …) is `first` + i·`increment` local steps.
///
/// With η_t ∝ 1/t the number of rounds to reach the rate 1/(KT) then need not grow with T
/// \cite spiridonoff2021communication. `increment` = 0 is `every{first}`.
class growing {
 public:
  /// @param first     ≥ 1, the first gap
  /// @param increment ≥ 0, by how much each gap exceeds the one before. @throws invalid_settings
  explicit growing(std::uint64_t first = 1, std::uint64_t increment = 1)
      : first_(first), increment_(increment) {
    detail::require(first >= 1 && first <= largest, "growing.first", first, "1 to 2^31");
    detail::require(increment <= largest, "growing.increment", increment, "<= 2^31");
  }

  /// The i-th sync time is i·first + increment·i(i−1)/2; found by solving for i, so that it is a
  /// function of t alone.
  std::uint64_t next(std::uint64_t t) const noexcept {
    std::uint64_t i = guess(t);
    while (i > 0 && sync_time(i) > t) --i;
    while (sync_time(i) <= t) ++i;
    return sync_time(i);
  }

 private:
  static constexpr std::uint64_t largest = std::uint64_t{1} << 31;

  constexpr std::uint64_t sync_time(std::uint64_t i) const noexcept {
    return i * first_ + increment_ * (i * (i - 1) / 2);
  }
  std::uint64_t guess(std::uint64_t t) const noexcept {
    double const a = static_cast<double>(increment_) / 2;
    double const b = static_cast<double>(first_) - a;
    double const c = static_cast<double>(t);
    double const i = a == 0 ? c / b : (std::sqrt(b * b + 4 * a * c) - b) / (2 * a);
    return i < 1 ? 0 : static_cast<std::uint64_t>(i);
  }

  std::uint64_t first_, increment_;
};
static_assert(Schedule<growing>);

}  // namespace localsgd
