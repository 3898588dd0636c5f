// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/iterate_weights/concept.hpp"

#include <cstdint>
#include <string>

/// @file
/// @brief The same weight for every iterate.

namespace localsgd {

/// @brief w_t = 1, S_T = T: the plain mean of all iterates \cite polyak1992acceleration .
///
/// Averages out the most noise but forgets the start most slowly: its share decreases like 1/T.
struct uniform_weights {
  constexpr double weight(std::uint64_t) const noexcept { return 1; }
  constexpr double sum(std::uint64_t steps) const noexcept { return static_cast<double>(steps); }
  std::string identity() const { return "uniform_weights"; }
};
static_assert(IterateWeights<uniform_weights>);

}  // namespace localsgd
