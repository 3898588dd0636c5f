// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/core/error.hpp"
#include "localsgd/schedule/concept.hpp"
#include "localsgd/settings.hpp"

#include <cmath>

/// @file
/// @brief Averages less and less often.

namespace localsgd {

/// @brief Linearly growing gaps: the i-th gap (i = 0, 1, …) is `first` + i·`increment` local steps.
///
/// With η_t ∝ 1/t, a small multiple of K rounds then suffices for the rate 1/(KT), regardless of T
/// \cite spiridonoff2021communication ; `in_rounds` chooses the gaps for a given number of rounds.
/// `increment` = 0 is `every{first}`.
class growing {
 public:
  /// @param first     1 … 2³¹, the first gap
  /// @param increment 0 … 2³¹, by how much each gap exceeds the previous one
  /// @throws invalid_settings
  explicit growing(std::uint64_t first = 1, std::uint64_t increment = 1)
      : growing(first, increment, 1) {
    detail::require(first >= 1 && first <= largest, "growing.first", first, "from 1 to 2^31");
    detail::require(increment <= largest, "growing.increment", increment, "<= 2^31");
  }

  /// @brief A run of T steps in exactly R rounds: the first gap is 1, and each gap grows by
  ///        2(T − R)/(R(R − 1)); sync times are rounded up to whole steps. R = T is `every{1}`.
  /// @param rounds R, 1 … 2³¹ and at most T; a multiple of K, such as 16K
  /// @param steps  T, the local steps of the run, 1 … 2⁵³. @throws invalid_settings
  static growing in_rounds(std::uint64_t rounds, std::uint64_t steps) {
    detail::require(steps >= 1 && steps <= settings::max_steps, "growing.steps", steps,
                    "from 1 to 2^53");
    detail::require(rounds >= 1 && rounds <= largest && rounds <= steps, "growing.rounds", rounds,
                    "from 1 to 2^31, and at most the number of steps, " + std::to_string(steps));
    if (rounds == 1) return {steps, 0, 1};
    return {1, steps - rounds, rounds * (rounds - 1) / 2};
  }

  /// The i-th sync time is i·first + increment·i(i−1)/2; this solves for i, so the result is a
  /// function of t alone.
  std::uint64_t next(std::uint64_t t) const noexcept {
    std::uint64_t i = guess(t);
    while (i > 0 && sync_time(i) > t) --i;
    while (sync_time(i) <= t) ++i;
    return sync_time(i);
  }

 private:
  static constexpr std::uint64_t largest = std::uint64_t{1} << 31;

  growing(std::uint64_t first, std::uint64_t numerator, std::uint64_t denominator)
      : first_(first), numerator_(numerator), denominator_(denominator) {}

  constexpr std::uint64_t sync_time(std::uint64_t i) const noexcept {
    __extension__ using wide = unsigned __int128;
    wide const grown = wide{i} * (i - 1) / 2 * numerator_ + (denominator_ - 1);
    return i == 0 ? 0 : i * first_ + static_cast<std::uint64_t>(grown / denominator_);
  }
  std::uint64_t guess(std::uint64_t t) const noexcept {
    double const a = static_cast<double>(numerator_) / static_cast<double>(denominator_) / 2;
    double const b = static_cast<double>(first_) - a, c = static_cast<double>(t);
    double const root = std::sqrt(b * b + 4 * a * c);
    double const i = b > 0 ? 2 * c / (root + b) : (root - b) / (2 * a);  // nothing cancels
    return i < 1 ? 0 : static_cast<std::uint64_t>(i);
  }

  // The increment as a fraction: an integer, or the one for which the number of rounds is exact.
  std::uint64_t first_, numerator_, denominator_;
};
static_assert(Schedule<growing>);

}  // namespace localsgd
