// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/averager/concept.hpp"

#include <cstddef>
#include <span>
#include <vector>

/// @file
/// @brief Averagers as a user would write them.

namespace support {

/// @brief An outer optimiser with momentum: does not keep the mean, has a memory, and says what it
///        remembers.
///
/// v ← v/2 + (x̄ − x), x ← x + v, coordinate by coordinate, with plain weights.
template <class Scalar>
struct basic_outer_momentum {
  static constexpr bool keeps_mean = false;
  std::vector<Scalar> velocity;

  static double weight(std::size_t, std::span<std::size_t const> sizes) {
    return 1 / static_cast<double>(sizes.size());
  }
  void start(std::size_t d) { velocity.assign(d, Scalar{0}); }
  void apply(std::size_t first, std::span<Scalar const> previous, std::span<Scalar> mean) {
    for (std::size_t i = 0; i != mean.size(); ++i) {
      Scalar& v = velocity[first + i];
      v = v / 2 + (mean[i] - previous[i]);
      mean[i] = previous[i] + v;
    }
  }
  template <class Archive>
  void state(Archive& archive) {
    archive(velocity);
  }
};
using outer_momentum = basic_outer_momentum<double>;
static_assert(localsgd::Averager<outer_momentum>);

}  // namespace support
