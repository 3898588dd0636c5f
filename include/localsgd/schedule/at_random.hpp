// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/core/error.hpp"
#include "localsgd/core/random.hpp"
#include "localsgd/schedule/concept.hpp"

#include <cstdint>
#include <limits>

/// @file
/// @brief Averages after each local step with the same probability.

namespace localsgd {

/// @brief The workers average after each local step with probability 1/H, independently: the gaps
///        are geometric with mean H.
///
/// These are the sync times of `scaffnew` \cite mishchenko2022proxskip . All workers know them
/// without communication: the gap after t is a function of (seed, t). Rounds have their mean length
/// H only over many rounds: a single gap exceeds 3H with a probability of 5 %.
class at_random {
 public:
  /// @param local_steps H, 1 … 2⁵³, not necessarily an integer. 1 averages after every step.
  /// @param seed        the seed of the gaps, which do not depend on settings::seed
  /// @throws invalid_settings
  explicit at_random(double local_steps, std::uint64_t seed = 0)
      : local_steps_(local_steps), seed_(seed) {
    detail::require(local_steps >= 1 && local_steps <= 0x1p53, "at_random.local_steps", local_steps,
                    "1 to 2^53");
  }

  std::uint64_t next(std::uint64_t t) const noexcept {
    std::uint64_t const steps = gap(t);
    return t > std::numeric_limits<std::uint64_t>::max() - steps
               ? std::numeric_limits<std::uint64_t>::max()
               : t + steps;
  }

 private:
  // At most about 38H.
  std::uint64_t gap(std::uint64_t t) const noexcept {
    return tosses_until_heads(1 / local_steps_,
                              random_words(seed_, random_stream::gaps, 0, t)[0]);
  }

  double local_steps_;
  std::uint64_t seed_;
};
static_assert(Schedule<at_random>);

}  // namespace localsgd
