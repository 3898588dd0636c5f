// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>
#include <cstddef>

/// @file
/// @brief Ranges of consecutive numbers, and how they are split.

namespace localsgd {

/// @brief A half-open range of consecutive numbers: of workers, parts or coordinates.
struct index_range {
  std::size_t first = 0, last = 0;
  constexpr std::size_t size() const noexcept { return last - first; }
};

namespace detail {

/// @brief Part `i` of `n` items split evenly into `parts` consecutive ranges.
constexpr index_range even_split(std::size_t n, std::size_t parts, std::size_t i) noexcept {
  auto const edge = [&](std::size_t j) { return n / parts * j + n % parts * j / parts; };
  return {edge(i), edge(i + 1)};
}

/// @brief The coordinates of member `i`: whole cache lines, so that no coordinate's arithmetic
///        depends on where the split falls.
template <class Scalar>
constexpr index_range coordinates_of(std::size_t dimension, std::size_t members,
                                     std::size_t i) noexcept {
  constexpr std::size_t line = 64 / sizeof(Scalar);
  index_range const lines = even_split((dimension + line - 1) / line, members, i);
  return {std::min(lines.first * line, dimension), std::min(lines.last * line, dimension)};
}

}  // namespace detail

}  // namespace localsgd
