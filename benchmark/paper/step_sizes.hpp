// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>

/// @file
/// @brief The step sizes that are tried.

namespace paper {

enum class shape : std::size_t {
  decreasing,  ///< η_t = min(32, c n/(t+1))
  constant,    ///< η_t = 32 c
};
inline constexpr std::array shapes{shape::decreasing, shape::constant};
inline constexpr std::array<char const*, 2> shape_names{"min(32 cn/(t+1))", "32c"};

/// @brief One step size, with c = 2^power. Both shapes are min(cap, scaled/(t+1)).
struct step_rule {
  shape kind = shape::constant;
  int power = 0;

  double factor() const { return std::ldexp(1.0, power); }
  double cap() const { return kind == shape::constant ? 32 * factor() : 32; }
  double scaled(std::size_t n) const {
    return kind == shape::constant ? std::numeric_limits<double>::infinity()
                                   : factor() * static_cast<double>(n);
  }
  double operator()(std::uint64_t t, std::size_t n) const {
    return std::min(cap(), scaled(n) / (static_cast<double>(t) + 1));
  }
};

/// @brief The powers first … last of one shape.
struct window {
  int first = 0, last = -1;
};

/// @brief How many powers of each shape run side by side.
inline constexpr int half = 8;

/// @brief Where the best ones are likely to be. `search` goes on from there, so only time depends
///        on it.
inline std::array<window, 2> first_windows(std::size_t workers, double epsilon) {
  int const decreasing = epsilon > 1e-3 ? -7 : -4;
  int const constant = workers == 1 ? -9 : -6;
  return {window{decreasing, decreasing + half - 1}, window{constant, constant + half - 1}};
}

}  // namespace paper
