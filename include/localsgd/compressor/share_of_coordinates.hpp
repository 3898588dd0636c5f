// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/core/error.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <string>

/// @file
/// @brief The number of coordinates that a fraction amounts to.

namespace localsgd::detail {

/// @brief fraction·d, rounded; at least 1.
/// @param compressor the name for error messages
/// @throws invalid_settings if the fraction is not in (0, 1], or rounds to no coordinate
inline std::size_t share_of_coordinates(char const* compressor, double fraction,
                                        std::size_t dimension) {
  std::string const field = std::string(compressor) + ".fraction";
  require(fraction > 0 && fraction <= 1, field, fraction, "in (0, 1]");
  require(dimension <= 0xffffffff, "objective.dimension()", dimension,
          std::string("at most 2^32 - 1 with ") + compressor);
  double const entries = std::round(fraction * static_cast<double>(dimension));
  require(entries >= 1, field, fraction,
          "at least " + shown(0.5 / static_cast<double>(dimension)) + " to send at least one of " +
              std::to_string(dimension) + " coordinates");
  return std::min(static_cast<std::size_t>(entries), dimension);
}

}  // namespace localsgd::detail
