// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <vector>

/// @file
/// @brief The table that the iterates of variance-reduced steps read, with given numbers.

namespace support {

/// @brief Two numbers of each of d coordinates, the first of its common step and its step size η, laid out
///        as the iterates expect them.
template <bool Sparse, std::size_t d>
struct step_table {
  static constexpr bool sparse = Sparse;
  std::vector<double> numbers = std::vector<double>(2 * d);

  double const* table() const { return numbers.data(); }
  std::size_t common_step_at(std::size_t j) const { return sparse ? 2 * j : j; }
  std::size_t eta_at(std::size_t j) const { return sparse ? 2 * j + 1 : d + j; }

  void take(std::vector<double> const& common_step, std::vector<double> const& eta) {
    for (std::size_t j = 0; j != d; ++j) {
      numbers[common_step_at(j)] = common_step[j];
      numbers[eta_at(j)] = eta[j];
    }
  }
};

}  // namespace support
